import { keepPreviousData, useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { Alert, Button, Checkbox, Input, Select, Skeleton, Tabs, Tag } from "antd";
import { useState } from "react";
import { Link, useNavigate, useSearchParams } from "react-router";
import { ask, Problem, type CaseLine, type Counts, type Page, type Work } from "../api";
import { numberOf } from "../credit/api";
import { useSpeech } from "../language";
import { Place } from "../parts/Place";
import { isMeant } from "../parts/branches";
import { Due } from "../parts/Due";
import { ProblemNote } from "../parts/ProblemNote";
import { screenOf } from "../parts/screen";
import { useDesk } from "../Shell";

const LISTS = ["mine", "approvals", "board"] as const;
/** how many cases are asked for at a time */
const AT_ONCE = 50;
type List = (typeof LISTS)[number];

export function WorkPage() {
  const { t } = useSpeech();
  const { branchOptions } = useDesk();
  const [query, setQuery] = useSearchParams();
  const queries = useQueryClient();
  const counts = queries.getQueryData<Counts>(["counts"]);
  const list: List = LISTS.find((one) => one === query.get("list")) ?? "mine";
  const [late, setLate] = useState(false);
  const [branch, setBranch] = useState<string | undefined>();
  const name = { mine: t("mine"), approvals: t("approvals"), board: t("board") };
  const count = { mine: counts?.work, approvals: counts?.approvals, board: undefined };
  return (
    <section className="card" aria-labelledby="work-title">
      <div className="title-row">
        <h1 id="work-title">{t("work")}</h1>
        <p className="figures" role="status">
          {counts && counts.late > 0 && <Tag color="error">{counts.late} {t("late")}</Tag>}
          {counts && counts.today > 0 && <Tag color="warning">{counts.today} {t("today")}</Tag>}
        </p>
        <Find />
      </div>
      <Tabs
        activeKey={list}
        onChange={(key) => setQuery(key === "mine" ? {} : { list: key }, { replace: true })}
        items={LISTS.map((one) => ({ key: one, label: count[one] ? `${name[one]} ${count[one]}` : name[one] }))}
      />
      {list === "board" && (
        <p className="filters">
          <Select
            allowClear
            aria-label={t("branch")}
            placeholder={t("allBranches")}
            value={branch}
            onChange={(value: string | undefined) => setBranch(value)}
            options={branchOptions}
            showSearch={{ filterOption: isMeant }}
          />
          <Checkbox checked={late} onChange={(event) => setLate(event.target.checked)}>{t("onlyLate")}</Checkbox>
        </p>
      )}
      <Items list={list} late={late} branch={branch} label={name[list]} />
    </section>
  );
}

function Items({ list, late, branch, label }: { list: List; late: boolean; branch: string | undefined; label: string }) {
  const { t } = useSpeech();
  const found = useInfiniteQuery({
    queryKey: ["work", list, late, branch],
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) => ask<Page<Work>>(address(list, late, branch, pageParam), { signal }),
    getNextPageParam: (last) => last.next ?? undefined,
  });
  const items = found.data?.pages.flatMap((page) => page.items) ?? [];
  const cases = useCases(items);
  if (found.isPending) return <Skeleton active />;
  if (found.isError) return <ProblemNote error={found.error} retry={() => void found.refetch()} />;
  if (items.length === 0) return <p className="empty">{t("nothing")}</p>;
  return (
    <>
      {grouped(items).map(([name, group], nth, all) => (
        <div key={name} role="group" aria-label={`${label} · ${t(name)}`}>
          <h2 className="when">{t(name)} <span className="quiet">{group.length}{found.hasNextPage && nth === all.length - 1 && "+"}</span></h2>
          <ul className="lines">
            {group.map((one) => <Item key={one.id} work={one} about={cases.get(caseOf(one) ?? "")} />)}
          </ul>
        </div>
      ))}
      {found.hasNextPage && (
        <Button block onClick={() => void found.fetchNextPage()} loading={found.isFetchingNextPage}>{t("more")}</Button>
      )}
    </>
  );
}

/** By when it is due: late, today where the desk stands, later, without a date. */
function grouped(items: Work[]): ["overdue" | "dueToday" | "dueLater" | "noDue", Work[]][] {
  const day = new Intl.DateTimeFormat("en-CA", { timeZone: "Asia/Shanghai" });
  const now = new Date();
  const group = ({ due_at }: Work) => {
    if (!due_at) return "noDue";
    if (new Date(due_at) < now) return "overdue";
    return day.format(new Date(due_at)) === day.format(now) ? "dueToday" : "dueLater";
  };
  const names = ["overdue", "dueToday", "dueLater", "noDue"] as const;
  return names.map((name) => [name, items.filter((one) => group(one) === name)] as [typeof name, Work[]]).filter(([, found]) => found.length > 0);
}

/** Where it is done; what is signed for complaints has a path of its own, and is signed at the case or the report. */
function doneAt(work: Work): string | null {
  const at = work.kind === "approve.complaint.statistics" ? "/reports" : "/cases";
  return screenOf(work) ?? (work.service === "complaint" ? `${at}/${work.subject}` : null);
}

const caseOf = (work: Work): string | undefined => doneAt(work)?.match(/^\/cases\/(.+)$/)?.[1];

/** The cases that the work is about, as lists show them: number, brand, words without persons. */
function useCases(items: Work[]): Map<string, CaseLine> {
  const wanted = [...new Set(items.map(caseOf).filter((one) => one !== undefined))].sort();
  const found = useQuery<Map<string, CaseLine>>({
    queryKey: ["work", "cases", wanted],
    enabled: wanted.length > 0,
    placeholderData: keepPreviousData,
    retry: false,
    queryFn: async ({ signal }) => {
      const lines = new Map<string, CaseLine>();
      for (let at = 0; at < wanted.length; at += AT_ONCE) {
        const query = new URLSearchParams([["limit", String(AT_ONCE)], ...wanted.slice(at, at + AT_ONCE).map((id) => ["id", id])]);
        const page: Page<CaseLine> = await ask(`/api/complaint/v1/complaints?${query}`, { signal });
        for (const one of page.items) lines.set(one.id, one);
      }
      return lines;
    },
  });
  return found.data ?? new Map();
}

function Item({ work, about }: { work: Work; about: CaseLine | undefined }) {
  const { code, duty, pick, t } = useSpeech();
  const { roleName } = useDesk();
  const inside = (
    <>
      <span className="line-head">
        <b>{duty(work.kind)}</b>
        {about && <span className="number">{about.number}</span>}
        {work.service === "credit" && <span className="number">{numberOf(work.subject)}</span>}
        {about?.serious && <Tag color="error">{t("seriousTag")}</Tag>}
        <Tag>{code(work.service)}</Tag>
        <span className="quiet">{roleName(work.role)} · <Place of={work.place} /></span>
        <span className="push"><Due at={work.due_at} /></span>
      </span>
      {about && <span className="line-about">{about.brand} {about.series} · {about.text}</span>}
      <span className="line-text">
        {pick(work.why_due_zh, work.why_due)}
        {(work.reminders ?? 0) > 0 && ` · ${work.reminders} ${t("reminders")}`}
      </span>
    </>
  );
  const to = doneAt(work);
  return <li>{to ? <Link className={work.late ? "line is-late" : "line"} to={to}>{inside}</Link> : <div className="line">{inside}</div>}</li>;
}

function address(list: List, late: boolean, branch: string | undefined, cursor: string): string {
  const query = new URLSearchParams({ limit: "50" });
  if (list === "mine") query.set("approvals", "false");
  if (list === "approvals") query.set("approvals", "true");
  if (list === "board" && late) query.set("late", "true");
  if (list === "board" && branch) query.set("branch", branch);
  if (cursor) query.set("cursor", cursor);
  return `/api/console/v1/work${list === "board" ? "/board" : ""}?${query}`;
}

/** Finds a case by what a caller can say: in a body, never in an address. */
function Find() {
  const { t } = useSpeech();
  const navigate = useNavigate();
  const [problem, setProblem] = useState<unknown>(null);
  const [none, setNone] = useState(false);
  const [busy, setBusy] = useState(false);
  const find = async (text: string) => {
    if (!text.trim()) return;
    setBusy(true);
    setProblem(null);
    setNone(false);
    try {
      const found = await search(text.trim());
      if (found[0]) void navigate(`/cases/${found[0].id}`);
      else setNone(true);
    } catch (error) {
      if (error instanceof Problem && error.status === 422) setNone(true);
      else setProblem(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <div className="find" role="search">
      <Input.Search
        placeholder={t("findCase")}
        aria-label={t("findCase")}
        enterButton={t("find")}
        loading={busy}
        maxLength={40}
        autoComplete="off"
        onSearch={(text) => void find(text)}
      />
      {none && <Alert type="info" title={t("notFound")} role="status" />}
      {problem !== null && <ProblemNote error={problem} />}
    </div>
  );
}

async function search(text: string): Promise<CaseLine[]> {
  const digits = text.normalize("NFKC").replace(/[\s()-]/g, "");
  const ours = /^\d+$/.test(digits) ? (digits.length > 12 ? ["number"] : ["phone", "number"]) : null;
  const kinds = ours ?? (/^\+\d+$/.test(digits) ? ["phone"] : ["plate"]);
  for (const kind of kinds) {
    try {
      const body = { [kind]: kind === "number" ? digits : text };
      const page = await ask<Page<CaseLine>>("/api/complaint/v1/complaints/search?limit=1", { method: "POST", body });
      if (page.items.length > 0) return page.items;
    } catch (error) {
      if (!(error instanceof Problem && error.status === 422)) throw error;
    }
  }
  return [];
}
