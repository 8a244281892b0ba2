import { DownloadOutlined } from "@ant-design/icons";
import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { Button, Checkbox, Form, Input, Select, Skeleton, Tabs, Tag, type InputRef } from "antd";
import { useEffect, useRef, useState } from "react";
import { Link, useNavigationType, useSearchParams } from "react-router";
import { ask, download, XLSX, type CaseLine, type Compensation, type DueLine, type Page } from "../api";
import { useSpeech } from "../language";
import { may } from "../may";
import { Person } from "../parts/Person";
import { Place } from "../parts/Place";
import { isMeant } from "../parts/branches";
import { Cases } from "../parts/Cases";
import { Due } from "../parts/Due";
import { ProblemNote } from "../parts/ProblemNote";
import { useDesk } from "../Shell";

const STATES = ["taken", "judged", "investigating", "resolved", "approved", "answered", "called_back", "closed", "reopened"];
type By = "number" | "phone" | "plate" | "vin" | "words";
type List = "find" | "due" | "pay";

interface Sought {
  by: "any" | By;
  text?: string;
  branch?: string;
  state?: string;
  serious?: boolean;
}

/** Cases: found by what somebody says of them, what is due of them, what of them is to be paid. */
export function CasesPage() {
  const { t } = useSpeech();
  const { me } = useDesk();
  const [query, setQuery] = useSearchParams();
  const pays = me.grants.some((grant) => grant.role === "finance");
  const lists: List[] = ["find", "due", ...(pays ? ["pay" as const] : [])];
  const list = lists.find((one) => one === query.get("list")) ?? (pays ? "pay" : "find");
  const name = { find: t("findCases"), due: t("dueBoard"), pay: t("toPay") };
  return (
    <section className="card" aria-labelledby="cases-title">
      <div className="title-row">
        <h1 id="cases-title">{t("cases")}</h1>
        {may(me, "complaint.take") && <Link className="as-button push" to="/cases/imports">{t("importCases")}</Link>}
      </div>
      <Tabs activeKey={list} onChange={(key) => setQuery({ list: key }, { replace: true })} items={lists.map((one) => ({ key: one, label: name[one] }))} />
      {list === "find" && <Find />}
      {list === "due" && <DueBoard />}
      {list === "pay" && <ToPay />}
    </section>
  );
}

const SOUGHT = ["sought"];

/** What is sought goes in a body and stays in this page: addresses are logged. */
function Find() {
  const { t, code } = useSpeech();
  const { branchOptions } = useDesk();
  const [form] = Form.useForm<Sought>();
  const queries = useQueryClient();
  // who comes back from a case finds what was sought; it lives in this page and is gone with it
  const [sought, setSought] = useState<Sought>((useNavigationType() === "POP" && queries.getQueryData<Sought>(SOUGHT)) || { by: "any" });
  useEffect(() => { queries.setQueryData(SOUGHT, sought); }, [queries, sought]);
  const [times, setTimes] = useState(0); // asking once more is asking anew
  const first = useRef<InputRef>(null);
  useEffect(() => first.current?.focus(), []);
  const [path, body] = askedFor(sought);
  const found = useInfiniteQuery({
    queryKey: ["work", "found", sought, times],
    gcTime: 0,
    retry: false,
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) => {
      const cursor = pageParam ? `&cursor=${encodeURIComponent(pageParam)}` : "";
      return ask<Page<CaseLine>>(`${path}${cursor}`, { ...(body ? { method: "POST", body } : {}), signal });
    },
    getNextPageParam: (last) => last.next ?? undefined,
  });
  const items = found.data?.pages.flatMap((page) => page.items) ?? [];
  const keep = useMutation({
    mutationFn: () => download(`/api/complaint/v1/complaints/export?${new URLSearchParams(narrowedBy(sought))}`, XLSX, "complaints.xlsx"),
  });
  return (
    <>
      <Form form={form} layout="vertical" className="seek" role="search" initialValues={sought}
        onFinish={(values) => { setSought({ ...values }); setTimes(times + 1); }} onValuesChange={(changed: Partial<Sought>) => { if (!("text" in changed) && !("by" in changed)) form.submit(); }}>
        <Form.Item name="text" label={t("findWhat")} className="grow">
          <Input ref={first} allowClear autoComplete="off" maxLength={100} placeholder={t("findHint")} />
        </Form.Item>
        <Form.Item name="by" label={t("findBy")}>
          <Select options={(["any", "number", "phone", "plate", "vin", "words"] as const).map((value) => ({ value, label: t(`by_${value}`) }))} />
        </Form.Item>
        <Form.Item name="branch" label={t("branch")}>
          <Select allowClear showSearch={{ filterOption: isMeant }} placeholder={t("allBranches")} options={branchOptions} popupMatchSelectWidth={false} />
        </Form.Item>
        <Form.Item name="state" label={t("state")}>
          <Select allowClear placeholder={t("allStates")} options={STATES.map((value) => ({ value, label: code(value) }))} />
        </Form.Item>
        <Form.Item name="serious" valuePropName="checked" label=" " colon={false}><Checkbox>{t("onlySerious")}</Checkbox></Form.Item>
        <Form.Item label=" " colon={false}><Button type="primary" htmlType="submit" loading={found.isFetching}>{t("find")}</Button></Form.Item>
        {body === undefined && items.length > 0 && (
          <Form.Item label=" " colon={false}><Button icon={<DownloadOutlined />} loading={keep.isPending} onClick={() => keep.mutate()}>{t("exportCases")}</Button></Form.Item>
        )}
      </Form>
      <div aria-live="polite">
        {found.isPending && <Skeleton active />}
        {found.isError && <ProblemNote error={found.error} />}
        {found.isSuccess && items.length === 0 && <p className="empty">{t("notFound")}</p>}
        {items.length > 0 && <Cases cases={items} label={t("findCases")} />}
      </div>
      {keep.isError && <ProblemNote error={keep.error} />}
      {found.hasNextPage && <Button block onClick={() => void found.fetchNextPage()} loading={found.isFetchingNextPage}>{t("more")}</Button>}
    </>
  );
}

/** What narrows a list, beside what is said. */
function narrowedBy({ branch, state, serious }: Sought): Record<string, string> {
  return { ...(branch ? { branch } : {}), ...(state ? { state } : {}), ...(serious ? { serious: "true" } : {}) };
}

/** Where a search goes: without anything said, the newest within reach. */
function askedFor(sought: Sought): [path: string, body?: Record<string, unknown>] {
  const { by, text } = sought;
  const said = text?.trim();
  if (!said) return [`/api/complaint/v1/complaints?${new URLSearchParams({ limit: "50", ...narrowedBy(sought) })}`];
  const kind = by === "any" ? kindOf(said) : by;
  return ["/api/complaint/v1/complaints/search?limit=50", { [kind]: kind === "number" ? said.replace(/\s/g, "") : said, ...narrowedBy(sought), ...(sought.serious ? { serious: true } : {}) }];
}

/** What a text looks like: a number of ours, a phone, a plate, a VIN, or else words. */
export function kindOf(text: string): By {
  const bare = text.normalize("NFKC").replace(/[\s()-]/g, "");
  if (/^\+?\d+$/.test(bare)) return bare.replace(/^\+/, "").length > 13 || /^20\d{6}-/.test(text) ? "number" : "phone";
  if (/^[\u4e00-\u9fff][A-Za-z][A-Za-z0-9·.]{4,7}[\u4e00-\u9fff]?$/.test(bare)) return "plate";
  if (/^[A-HJ-NPR-Za-hj-npr-z0-9]{17}$/.test(bare)) return "vin";
  return "words";
}

/** Every running clock of the cases within reach, the earliest due first. */
function DueBoard() {
  const { t, code, duty } = useSpeech();
  const { branchOptions, roleName } = useDesk();
  const [branch, setBranch] = useState<string | undefined>();
  const [state, setState] = useState<string | undefined>();
  const [mine, setMine] = useState(false);
  const [missed, setMissed] = useState(false);
  const found = useInfiniteQuery({
    queryKey: ["work", "due", branch, state, mine, missed],
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) => {
      const query = new URLSearchParams({ limit: "50" });
      if (branch) query.set("branch", branch);
      if (state) query.set("state", state);
      if (mine) query.set("handler", "me");
      if (missed) query.set("missed", "true");
      if (pageParam) query.set("cursor", pageParam);
      return ask<Page<DueLine>>(`/api/complaint/v1/complaints/due?${query}`, { signal });
    },
    getNextPageParam: (last) => last.next ?? undefined,
  });
  const items = found.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <>
      <p className="filters">
        <Select allowClear showSearch={{ filterOption: isMeant }} aria-label={t("branch")} placeholder={t("allBranches")} value={branch} onChange={setBranch} options={branchOptions} />
        <Select allowClear aria-label={t("state")} placeholder={t("allStates")} value={state} onChange={setState}
          options={STATES.filter((value) => value !== "closed").map((value) => ({ value, label: code(value) }))} />
        <Checkbox checked={mine} onChange={(event) => setMine(event.target.checked)}>{t("iHandle")}</Checkbox>
        <Checkbox checked={missed} onChange={(event) => setMissed(event.target.checked)}>{t("onlyLate")}</Checkbox>
      </p>
      {found.isPending && <Skeleton active />}
      {found.isError && <ProblemNote error={found.error} retry={() => void found.refetch()} />}
      {found.isSuccess && items.length === 0 && <p className="empty">{t("nothing")}</p>}
      <ul className="lines" aria-label={t("dueBoard")}>
        {items.map((one) => (
          <li key={one.obligation}>
            <Link to={`/cases/${one.case.id}`} className={one.missed ? "line is-late" : "line"}>
              <span className="line-head">
                <b>{duty(one.duty)}</b>
                <span className="number">{one.case.number}</span>
                <Tag>{code(one.case.state)}</Tag>
                {one.case.serious && <Tag color="error">{t("seriousTag")}</Tag>}
                <span className="quiet">{roleName(one.role)} <Person of={one.person} /> · <Place of={one.case.branch} /></span>
                <span className="push"><Due at={one.due_at} /></span>
              </span>
              <span className="line-text">{one.case.brand} {one.case.series} · {one.case.text}</span>
            </Link>
          </li>
        ))}
      </ul>
      {found.hasNextPage && <Button block onClick={() => void found.fetchNextPage()} loading={found.isFetchingNextPage}>{t("more")}</Button>}
    </>
  );
}

/** Compensation that everybody has signed and nobody has paid. */
function ToPay() {
  const { t, code, when, mark } = useSpeech();
  const found = useInfiniteQuery({
    queryKey: ["work", "payments"],
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) =>
      ask<Page<Compensation>>(`/api/complaint/v1/compensations?state=granted&limit=50${pageParam && `&cursor=${encodeURIComponent(pageParam)}`}`, { signal }),
    getNextPageParam: (last) => last.next ?? undefined,
  });
  const items = found.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <>
      {found.isPending && <Skeleton active />}
      {found.isError && <ProblemNote error={found.error} retry={() => void found.refetch()} />}
      {found.isSuccess && items.length === 0 && <p className="empty">{t("nothing")}</p>}
      <ul className="lines" aria-label={t("toPay")}>
        {items.map((one) => (
          <li key={one.id}>
            <Link to={`/cases/${one.case_id}`} className="line">
              <span className="line-head">
                <b className="number">{one.amount.amount} {one.amount.currency}</b> <Tag color="success">{code(one.state)}</Tag>
                <span className="quiet"><Place of={one.branch} /> · <Person of={one.offered_by} /> · {when(one.decided_at)}</span>
              </span>
              <span className="line-text">{one.lines.map((line) => `${code(line.kind)} ${line.amount.amount}`).join(mark("list"))}</span>
            </Link>
          </li>
        ))}
      </ul>
      {found.hasNextPage && <Button block onClick={() => void found.fetchNextPage()} loading={found.isFetchingNextPage}>{t("more")}</Button>}
    </>
  );
}
