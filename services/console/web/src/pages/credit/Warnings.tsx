import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Button, Checkbox, Form, Input, Radio, Skeleton, Tag } from "antd";
import { useEffect, useRef, useState } from "react";
import { Link, useParams } from "react-router";
import { ask, type Page } from "../../api";
import { Amount } from "../../credit/Amount";
import { CREDIT, numberOf, type RiskEvidence, type RiskWarning, type WarningLine } from "../../credit/api";
import { LIVE, LIVE_LIST } from "../../credit/asking";
import { OneDocument } from "../../credit/Documents";
import { Offers, Step, type Offer } from "../../credit/Step";
import { useDays } from "../../credit/useDays";
import { Rules } from "../../credit/Why";
import { useSpeech } from "../../language";
import { may } from "../../may";
import { Person } from "../../parts/Person";
import { Place } from "../../parts/Place";
import { ProblemNote } from "../../parts/ProblemNote";
import { useDesk } from "../../Shell";

const COLOURS: Record<WarningLine["state"], string> = { open: "error", acted: "warning", ended: "default", closed: "default" };
const MEASURES = ["spoken", "visited", "plan_agreed", "shipments_stopped", "legal_asked", "other"] as const;
const REASONS = ["paid_outside", "secured", "disputed", "booking_wrong", "accepted_risk"] as const;
/** figures that count something; the others are amounts */
const COUNTS = ["oldest_days_over", "unpaid", "late", "stretches_before", "debtors"];

/** The early warnings within reach, the newest first (P02.4). */
export function Warnings({ branch }: { branch?: string | undefined }) {
  const { t, code } = useSpeech();
  const days = useDays();
  const [running, setRunning] = useState(true);
  const found = useInfiniteQuery({
    queryKey: ["credit", "warnings", branch, running], initialPageParam: "", refetchInterval: LIVE_LIST, placeholderData: keepPreviousData,
    queryFn: ({ pageParam, signal }) => {
      const query = new URLSearchParams({ limit: "30", running: String(running) });
      if (branch) query.set("branch", branch);
      if (pageParam) query.set("cursor", pageParam);
      return ask<Page<WarningLine>>(`${CREDIT}/risk-warnings?${query}`, { signal });
    },
    getNextPageParam: (last) => last.next ?? undefined,
  });
  const items = found.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <>
      <p><Checkbox checked={running} onChange={(event) => setRunning(event.target.checked)}>{t("onlyRunning")}</Checkbox></p>
      {found.isPending && <Skeleton active />}
      {found.isError && <ProblemNote error={found.error} retry={() => void found.refetch()} />}
      {found.isSuccess && items.length === 0 && <p className="empty">{t("noWarnings")}</p>}
      <ul className="lines" aria-label={t("warnings")}>
        {items.map((one) => (
          <li key={one.id}>
            <Link className={one.state === "open" ? "line is-late" : "line"} to={`/credit/warnings/${one.id}`}>
              <span className="line-head">
                <b>{code(`risk.${one.kind}`)}</b> <Tag color={COLOURS[one.state]}>{code(`warning.${one.state}`)}</Tag>
                <span className="push">{t("atRisk")} <Amount of={one.amount} strong /></span>
              </span>
              <span className="quiet">{t("account")} {numberOf(one.account_id)} · <Place of={one.branch} /> · {t("raisedOn")} {days(one.raised_on)}</span>
            </Link>
          </li>
        ))}
      </ul>
      {found.hasNextPage && <p><Button block onClick={() => void found.fetchNextPage()} loading={found.isFetchingNextPage}>{t("more")}</Button></p>}
    </>
  );
}

export function WarningPage() {
  const { id } = useParams<{ id: string }>();
  return <Opened key={id} id={id!} />;
}

function Opened({ id }: { id: string }) {
  const { t, code, when } = useSpeech();
  const { me } = useDesk();
  const days = useDays();
  const heading = useRef<HTMLHeadingElement>(null);
  const found = useQuery({
    queryKey: ["credit", "warning", id], refetchInterval: LIVE,
    queryFn: ({ signal }) => ask<RiskWarning>(`${CREDIT}/risk-warnings/${encodeURIComponent(id)}`, { signal }),
  });
  useEffect(() => heading.current?.focus(), [found.isSuccess]);
  if (found.isPending) return <section className="card"><Skeleton active /></section>;
  if (found.isError) return <section className="card"><ProblemNote error={found.error} retry={() => void found.refetch()} /></section>;
  const one = found.data;
  const runs = one.state === "open" || one.state === "acted";
  const offers: Offer[] = [];
  if (runs && may(me, "credit.act_on_warning")) offers.push({ key: "act", name: t("act"), form: (done) => <Note of={one} step="act" done={done} /> });
  if (runs && may(me, "credit.close_warning")) offers.push({ key: "close", name: t("closeWarning"), form: (done) => <Note of={one} step="close" done={done} /> });
  return (
    <>
      <section className="card case-head" aria-labelledby="warning-title">
        <h1 id="warning-title" tabIndex={-1} ref={heading}>{code(`risk.${one.kind}`)} <Amount of={one.amount} /></h1>
        <p role="status" className="tags"><Tag color={COLOURS[one.state]}>{code(`warning.${one.state}`)}</Tag> <Rules of={one.rules} /></p>
        <p className="quiet">
          <Link to={`/credit/accounts/${one.account_id}`}>{t("account")} <span className="number">{numberOf(one.account_id)}</span></Link> · <Place of={one.branch} /> · {t("raisedOn")} {days(one.raised_on)}
          {one.ended_at && <> · {t("endedAt")} {when(one.ended_at)}</>}
        </p>
        <Offers of={offers} />
      </section>
      <div className="two case">
        <section className="card" aria-labelledby="seen-title">
          <h2 id="seen-title">{t("whySeen")}</h2>
          <p>{code(`riskwhy.${one.kind}`)}</p>
          <Evidence of={one.latest} raised={one.raised} />
        </section>
        <section className="card" aria-labelledby="steps-title">
          <h2 id="steps-title">{t("stepsTaken")}</h2>
          {one.steps.length === 0 && <p className="quiet">{t("noSteps")}</p>}
          <ol className="timeline">
            {one.steps.map((step, n) => (
              <li key={n}>
                <time dateTime={step.at}>{when(step.at)}</time> <Person of={step.by} /> · <b>{code(`step.${step.step}`)}</b> · {code(`${step.step}.${step.code}`)}
                {step.note && <blockquote>{step.note}</blockquote>}
              </li>
            ))}
          </ol>
        </section>
      </div>
    </>
  );
}

/** The figures as they are now and as they were, beside what the policy sets; each document opens. */
function Evidence({ of, raised }: { of: RiskEvidence; raised: RiskEvidence }) {
  const { t, code } = useSpeech();
  const [opened, open] = useState<string | null>(null);
  const figure = (name: string, value: string | undefined) => (value === undefined ? "–" : COUNTS.includes(name) ? value : <Amount of={value} />);
  return (
    <>
      <div className="wide-table" tabIndex={0} role="region" aria-labelledby="seen-title">
        <table className="table">
          <thead><tr><th scope="col">{t("figure")}</th><th scope="col" className="num">{t("whenRaised")}</th><th scope="col" className="num">{t("nowIs")}</th></tr></thead>
          <tbody>
            {Object.entries(of.figures).map(([name, value]) => (
              <tr key={name}><th scope="row">{code(`figure.${name}`)}</th><td className="num">{figure(name, raised.figures[name])}</td><td className="num">{figure(name, value)}</td></tr>
            ))}
          </tbody>
        </table>
      </div>
      <h3>{t("thresholds")}</h3>
      <dl className="pairs">{Object.entries(of.thresholds).map(([name, value]) => [<dt key={name}>{code(`threshold.${name}`)}</dt>, <dd key={`${name}-is`}>{value}{name === "percent" && "%"}</dd>])}</dl>
      {of.documents.length > 0 && (
        <>
          <h3>{t("restsOn")}</h3>
          <ul className="ledger" aria-label={t("restsOn")}>
            {of.documents.map((path) => {
              const id = path.split("/").pop()!;
              return (
                <li key={id}>
                  <button type="button" className="ledger-line" aria-expanded={opened === id} onClick={() => open(opened === id ? null : id)}><span className="number">{t("document")} {numberOf(id)}</span></button>
                  {opened === id && <OneDocument id={id} shown />}
                </li>
              );
            })}
          </ul>
        </>
      )}
    </>
  );
}

/** What was done, or why it is none: a code, and a note that is kept sealed. */
function Note({ of, step, done }: { of: RiskWarning; step: "act" | "close"; done: () => void }) {
  const { t, code } = useSpeech();
  const [field, of_, choices] = step === "act" ? (["measure", "acted", MEASURES] as const) : (["reason", "closed", REASONS] as const);
  return (
    <Step<{ code: string; note: string }> name={step === "act" ? t("act") : t("closeWarning")} done={done} rules={of.rules}
      send={(said, key) => ask(`${CREDIT}/risk-warnings/${of.id}/${step}`, { method: "POST", key, body: { [field]: said.code, note: said.note.trim() } })}>
      {step === "close" && <p>{t("closeMeans")}</p>}
      <Form.Item name="code" label={step === "act" ? t("measure") : t("reason")} rules={[{ required: true, message: t("required") }]}>
        <Radio.Group aria-label={step === "act" ? t("measure") : t("reason")} options={choices.map((one) => ({ value: one, label: code(`${of_}.${one}`) }))} />
      </Form.Item>
      <Form.Item name="note" label={t("note")} extra={t("noteSealed")} rules={[{ required: true, whitespace: true, min: 2, message: t("required") }]}>
        <Input.TextArea rows={2} maxLength={2000} />
      </Form.Item>
    </Step>
  );
}
