import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Alert, Button, Input, Select, Skeleton, Tabs } from "antd";
import { useState } from "react";
import { Link, useNavigate, useSearchParams } from "react-router";
import { ask, Problem, type Approval, type Page } from "../../api";
import { Amount } from "../../credit/Amount";
import { CREDIT, numberOf, type AccountLine, type Shipment } from "../../credit/api";
import { LIVE_LIST, useNames } from "../../credit/asking";
import { Signature } from "../../credit/Signature";
import { State } from "../../credit/State";
import { Reasons, Rules, WaysOut } from "../../credit/Why";
import { useSpeech } from "../../language";
import { may } from "../../may";
import { isMeant } from "../../parts/branches";
import { Person } from "../../parts/Person";
import { Place } from "../../parts/Place";
import { ProblemNote } from "../../parts/ProblemNote";
import { useDesk } from "../../Shell";
import { Letters } from "./Letters";
import { Losses } from "./Losses";
import { Warnings } from "./Warnings";

const LISTS = ["held", "sign", "shipments", "accounts", "warnings", "letters", "losses"] as const;
type List = (typeof LISTS)[number];
const LOSS_STATES = ["found", "verified", "approved", "borne", "dismissed"] as const;
const STATES = ["held", "released", "invoiced", "issued", "delivered", "cancelled"] as const;

/** What is held and why, what waits for a signature, every shipment by state, every account: one desk. */
export function CreditDesk() {
  const { t, code } = useSpeech();
  const { branchOptions, me } = useDesk();
  const [query, setQuery] = useSearchParams();
  const list: List = LISTS.find((one) => one === query.get("list")) ?? "held";
  const branch = query.get("branch") ?? undefined;
  const state = STATES.find((one) => one === query.get("state"));
  const lossState = LOSS_STATES.find((one) => one === query.get("state"));
  const reads = may(me, "credit.read");
  const toSign = useToSign(reads);
  if (!reads) return <section className="card"><Alert type="warning" showIcon title={t("notYourDesk")} /></section>;
  const go = (changes: Record<string, string | undefined>) => {
    const next = new URLSearchParams(query);
    for (const [name, value] of Object.entries(changes)) {
      if (value) next.set(name, value);
      else next.delete(name);
    }
    setQuery(next, { replace: true });
  };
  const waiting = toSign.data?.length ?? 0;
  const names = { held: t("heldGoods"), sign: waiting > 0 ? `${t("toSign")} ${waiting}` : t("toSign"), shipments: t("shipments"), accounts: t("accounts"), warnings: t("warnings"), letters: t("letters"), losses: t("losses") };
  const lists = LISTS.filter((one) => one !== "losses" || may(me, "credit.read_loss"));
  return (
    <section className="card" aria-labelledby="desk-title">
      <div className="title-row">
        <h1 id="desk-title">{t("creditDesk")}</h1>
        {may(me, "credit.request") && <Link className="as-button" to="/credit/request">{t("requestGoods")}</Link>}
        {may(me, "credit.open_account") && <Link className="as-button" to="/credit/accounts/new">{t("openAccountNew")}</Link>}
        {may(me, "credit.book") && <Link className="as-button" to="/credit/imports">{t("imports")}</Link>}
        {may(me, "credit.list_issues") && <Link className="as-button" to="/credit/issues">{t("goodsIssues")}</Link>}
        <FindNumber />
      </div>
      <Tabs activeKey={list} more={{ icon: t("moreLists") }} onChange={(key) => go({ list: key === "held" ? undefined : key, state: undefined })}
        items={lists.map((one) => ({ key: one, label: names[one] }))} />
      {list === "losses" && (
        <p className="filters">
          <Select allowClear aria-label={t("state")} placeholder={t("anyState")} value={lossState} onChange={(value?: string) => go({ state: value })}
            options={LOSS_STATES.map((one) => ({ value: one, label: code(`lossstate.${one}`) }))} />
        </p>
      )}
      {list !== "sign" && list !== "losses" && (
        <p className="filters">
          <Select allowClear showSearch={{ filterOption: isMeant }} aria-label={t("branch")} placeholder={t("allBranches")} value={branch} options={branchOptions}
            onChange={(value?: string) => go({ branch: value })} />
          {list === "shipments" && (
            <Select allowClear aria-label={t("state")} placeholder={t("anyState")} value={state} onChange={(value?: string) => go({ state: value })}
              options={STATES.map((one) => ({ value: one, label: code(`shipment.${one}`) }))} />
          )}
        </p>
      )}
      {list === "held" && <Shipments held branch={branch} empty={t("nothingHeld")} />}
      {list === "shipments" && <Shipments state={state} branch={branch} empty={t("noShipments")} />}
      {list === "warnings" && <Warnings branch={branch} />}
      {list === "letters" && <Letters branch={branch} />}
      {list === "losses" && <Losses state={lossState} />}
      {list === "accounts" && <Accounts branch={branch} />}
      {list === "sign" && (
        toSign.isPending ? <Skeleton active /> : toSign.isError ? <ProblemNote error={toSign.error} retry={() => void toSign.refetch()} />
          : waiting === 0 ? <p className="empty">{t("nothingToSign")}</p>
          : <div className="to-sign">{toSign.data.map((one) => <Signature key={one.id} asked={one} linked />)}</div>
      )}
    </section>
  );
}

/** What waits for the caller's own signature, all of it. */
function useToSign(enabled: boolean) {
  return useQuery({
    queryKey: ["credit", "approvals", "mine"], enabled, refetchInterval: LIVE_LIST,
    queryFn: async ({ signal }) => {
      const found: Approval[] = [];
      for (let cursor: string | null = ""; cursor !== null; ) {
        const more: string = cursor && `&cursor=${encodeURIComponent(cursor)}`;
        const page: Page<Approval> = await ask(`${CREDIT}/approvals?state=open&limit=100${more}`, { signal });
        found.push(...page.items.filter((one) => one.yours));
        cursor = page.next;
      }
      return found;
    },
  });
}

export function Shipments({ state, held, branch, account, empty }: { state?: string | undefined; held?: boolean; branch?: string | undefined; account?: string; empty: string }) {
  const { t } = useSpeech();
  const found = useInfiniteQuery({
    queryKey: ["credit", "shipments", state, held, branch, account],
    initialPageParam: "",
    refetchInterval: LIVE_LIST,
    placeholderData: keepPreviousData,
    queryFn: ({ pageParam, signal }) => {
      const query = new URLSearchParams({ limit: "30" });
      if (state) query.set("state", state);
      if (held) query.set("held", "true"); // also invoiced goods, held on their way out
      if (branch) query.set("branch", branch);
      if (account) query.set("account_id", account);
      if (pageParam) query.set("cursor", pageParam);
      return ask<Page<Shipment>>(`${CREDIT}/shipments?${query}`, { signal });
    },
    getNextPageParam: (last) => last.next ?? undefined,
  });
  const items = found.data?.pages.flatMap((page) => page.items) ?? [];
  const name = useNames(items.map((one) => one.customer_id));
  if (found.isPending) return <Skeleton active />;
  if (found.isError) return <ProblemNote error={found.error} retry={() => void found.refetch()} />;
  if (items.length === 0) return <p className="empty">{empty}</p>;
  return (
    <>
      <ul className="lines" aria-label={t("shipments")}>
        {items.map((one) => <Row key={one.id} of={one} customer={name(one.customer_id)} within={account} />)}
      </ul>
      {found.hasNextPage && (
        <p><Button block onClick={() => void found.fetchNextPage()} loading={found.isFetchingNextPage}>{t("more")}</Button></p>
      )}
    </>
  );
}

function Row({ of, customer, within }: { of: Shipment; customer: string; within: string | undefined }) {
  const { t, code, when } = useSpeech();
  const held = of.state === "held" || (of.state === "invoiced" && of.decision.outcome === "held"); // there, held on its way out
  return (
    <li className={held ? "line goods is-held" : "line goods"}>
      <div className="goods-head">
        <span className="line-head">
          <Link className="number" to={`/credit/shipments/${of.id}`}>{numberOf(of.id)}</Link> <State of={of} />
        </span>
        <Amount of={of.amount} strong />
        <span className="quiet">
          {customer} · <Place of={of.branch} /> · {of.destination}
          {!within && <> · <Link className="number" to={`/credit/accounts/${of.account_id}`}>{t("account")} {numberOf(of.account_id)}</Link></>}
        </span>
        <span className="quiet">{t("requestedAt")} {when(of.requested_at)} · <Person of={of.requested_by} /></span>
      </div>
      {held ? (
        <>
          <div><Reasons of={of.decision.reasons} /></div>
          <div><WaysOut of={of.decision.ways_out} /></div>
        </>
      ) : (
        <p className="goods-way">{of.decision.way && of.state !== "cancelled" && <>{code(`by.${of.decision.way}`)} <Rules of={of.decision.rules} /></>}</p>
      )}
    </li>
  );
}

function Accounts({ branch }: { branch: string | undefined }) {
  const { t, code, mark } = useSpeech();
  const found = useInfiniteQuery({
    queryKey: ["credit", "accounts", branch],
    initialPageParam: "",
    refetchInterval: LIVE_LIST,
    placeholderData: keepPreviousData,
    queryFn: ({ pageParam, signal }) => {
      const query = new URLSearchParams({ limit: "50" });
      if (branch) query.set("branch", branch);
      if (pageParam) query.set("cursor", pageParam);
      return ask<Page<AccountLine>>(`${CREDIT}/accounts?${query}`, { signal });
    },
    getNextPageParam: (last) => last.next ?? undefined,
  });
  const items = found.data?.pages.flatMap((page) => page.items) ?? [];
  const name = useNames(items.flatMap((one) => one.customer_ids));
  if (found.isPending) return <Skeleton active />;
  if (found.isError) return <ProblemNote error={found.error} retry={() => void found.refetch()} />;
  if (items.length === 0) return <p className="empty">{t("noAccounts")}</p>;
  return (
    <>
      <ul className="lines" aria-label={t("accounts")}>
        {items.map((one) => {
          const over = Number(one.exposure) > Number(one.limit);
          return (
            <li key={one.id}>
              <Link to={`/credit/accounts/${one.id}`} className={over ? "line account-line is-held" : "line account-line"}>
                <span><b className="number">{numberOf(one.id)}</b> <span>{one.customer_ids.map(name).join(mark("list"))}</span></span>
                <span className="quiet"><Place of={one.branch} /> · {code(`contract.${one.contract}`)} · {one.term_days} {t("days")}</span>
                <span>{t("limit")} <Amount of={one.limit} /></span>
                <span>{t("exposure")} <Amount of={one.exposure} />{over && <b className="bad"> {t("isOver")}</b>}</span>
              </Link>
            </li>
          );
        })}
      </ul>
      {found.hasNextPage && (
        <p><Button block onClick={() => void found.fetchNextPage()} loading={found.isFetchingNextPage}>{t("more")}</Button></p>
      )}
    </>
  );
}

type Found = { to: string; what: "account" | "shipment"; id: string };

/** Opens what has the number: an account, a shipment, or the account of a customer. */
function FindNumber() {
  const { t } = useSpeech();
  const navigate = useNavigate();
  const [several, setSeveral] = useState<Found[]>([]);
  const [said, setSaid] = useState<"numberHint" | "noneFound" | null>(null);
  const [problem, setProblem] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const find = async (text: string) => {
    const number = text.trim();
    setSeveral([]);
    setProblem(null);
    if (!number) return setSaid(null);
    if (!/^[0-9a-f]{8}(-?[0-9a-f]){0,24}$/i.test(number)) return setSaid("numberHint");
    setBusy(true);
    try {
      const found = await byNumber(number);
      setSaid(found.length === 0 ? "noneFound" : null);
      if (found.length === 1) void navigate(found[0]!.to);
      else setSeveral(found);
    } catch (error) {
      setProblem(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <div className="find" role="search">
      <Input.Search placeholder={t("findNumber")} aria-label={t("findNumber")} enterButton={t("find")} loading={busy} maxLength={36}
        autoComplete="off" onSearch={(text) => void find(text)} />
      {said && <Alert type="info" title={t(said)} role="status" />}
      {several.length > 0 && (
        <Alert type="info" role="status" title={t("severalFound")}
          description={several.map((one) => <div key={one.id}><Link className="number" to={one.to}>{t(one.what)} {one.id.slice(0, 23).toUpperCase()}</Link></div>)} />
      )}
      {problem !== null && <ProblemNote error={problem} />}
    </div>
  );
}

async function byNumber(number: string): Promise<Found[]> {
  const asked = encodeURIComponent(number);
  const whole = number.replace(/-/g, "").length === 32;
  const [accounts, shipments, shared] = await Promise.all([
    ask<Page<AccountLine>>(`${CREDIT}/accounts?limit=10&number=${asked}`),
    ask<Page<Shipment>>(`${CREDIT}/shipments?limit=10&number=${asked}`),
    whole ? ask<Page<AccountLine>>(`${CREDIT}/accounts?limit=1&customer_id=${asked}`) : null,
  ]).catch((error: unknown) => {
    if (error instanceof Problem && error.status === 422) return [null, null, null];
    throw error;
  });
  const found: Found[] = [...(accounts?.items ?? []), ...(shared?.items ?? [])].map(({ id }) => ({ to: `/credit/accounts/${id}`, what: "account" as const, id }));
  for (const { id } of shipments?.items ?? []) found.push({ to: `/credit/shipments/${id}`, what: "shipment", id });
  return found;
}
