import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Alert, Button, Input, Skeleton, Tag } from "antd";
import { useEffect, useRef, useState } from "react";
import { Link, useParams } from "react-router";
import { ask, Problem, type Action, type Approval, type Case, type CaseActions, type Entry, type Obligation, type Page } from "../api";
import { useSpeech } from "../language";
import { Due } from "../parts/Due";
import { ProblemNote } from "../parts/ProblemNote";
import { useDesk } from "../Shell";
import { refresh } from "../parts/refresh";
import { StepForm } from "../parts/StepForm";
import { Compensations, useCompensations } from "./Compensations";
import { Ladder, useLadder } from "./Ladder";
import { bodyOf, STEPS } from "./steps";
import { LABELS } from "./labels";

/** all parts of a timeline, oldest first */
async function everything(path: string, signal: AbortSignal): Promise<Entry[]> {
  const found: Entry[] = [];
  for (let cursor: string | null = ""; cursor !== null; ) {
    const page: Page<Entry> = await ask(`${path}${cursor && `&cursor=${encodeURIComponent(cursor)}`}`, { signal });
    found.push(...page.items);
    cursor = page.next;
  }
  return found;
}

export function CasePage() {
  const { id } = useParams<{ id: string }>();
  return <Opened key={id} id={id!} />;
}

function Opened({ id }: { id: string }) {
  const { t, code, when } = useSpeech();
  const base = `/api/complaint/v1/complaints/${encodeURIComponent(id)}`;
  const found = useQuery({ queryKey: ["case", id], queryFn: ({ signal }) => ask<Case>(base, { signal }), staleTime: 60_000 });
  const actions = useQuery({
    queryKey: ["case-actions", id], enabled: found.isSuccess,
    queryFn: ({ signal }) => ask<CaseActions>(`${base}/actions`, { signal }),
  });
  const timeline = useQuery({
    queryKey: ["case-timeline", id], enabled: found.isSuccess,
    queryFn: ({ signal }) => everything(`${base}/timeline?limit=100`, signal),
  });
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), [found.isSuccess]);

  if (found.isPending) return <section className="card"><Skeleton active /></section>;
  if (found.isError) return <Told id={id} error={found.error} retry={() => void found.refetch()} />;
  const one = found.data;
  const progress = actions.data?.case;
  return (
    <>
      <section className="card case-head" aria-labelledby="case-title">
        <h1 id="case-title" tabIndex={-1} ref={heading}>
          {t("case")} <span className="number">{one.number}</span>
        </h1>
        <p>
          <Tag color="processing">{code(progress?.state ?? one.state)}</Tag>
          {one.serious && <Tag color="error">{t("seriousTag")}: {one.serious_kinds.map(code).join("、")}</Tag>}
          {one.repeat_of && <Link to={`/cases/${one.repeat_of}`}>{t("repeatOf")}</Link>}
          <span className="quiet"> {code(one.channel)} · {one.branch} · {t("takenAt")} {when(one.taken_at)}</span>
        </p>
      </section>
      <div className="two case">
        <div>
          <section className="card" aria-labelledby="words-title">
            <h2 id="words-title">{t("words")}</h2>
            <blockquote>{one.words}</blockquote>
            {one.demand && <><h3>{t("demand")}</h3><blockquote>{one.demand}</blockquote></>}
            <dl className="facts">
              <dt>{t("caller")}</dt><dd>{one.caller.name} <span className="number">{one.caller.phone}</span> {one.caller.address}</dd>
              <dt>{t("vehicle")}</dt><dd>{one.brand} {one.series} {one.model} <span className="number">{one.vehicle.plate}</span></dd>
              {one.judgement && (
                <>
                  <dt>{t("judgement")}</dt>
                  <dd>
                    <b>{one.judgement.founded ? t("founded") : t("unfounded")}</b>{" "}
                    ({t("reasonHolds")}: {one.judgement.reason_holds ? t("yes") : t("no")}; {t("demandHolds")}: {one.judgement.demand_holds ? t("yes") : t("no")})
                    <span className="quiet"> {one.judgement.by} {when(one.judgement.at)}</span>
                    {one.opinion && <p>{one.opinion}</p>}
                  </dd>
                </>
              )}
            </dl>
            <p className="quiet">{t("recorded")}</p>
          </section>
          {timeline.isError && <ProblemNote error={timeline.error} retry={() => void timeline.refetch()} />}
          <Timeline entries={[beginning(one), ...(timeline.data ?? [])]} />
        </div>
        <div>
          {actions.isError && <ProblemNote error={actions.error} retry={() => void actions.refetch()} />}
          {actions.data && <Actions id={id} actions={actions.data.actions} version={actions.data.version} />}
          <Approvals subject={id} />
          <Terms subject={id} />
          <Compensations id={id} />
        </div>
      </div>
      <Ladder id={id} />
    </>
  );
}

/** For whoever is told of a case or pays for it, but does not handle it: what is theirs, without the caller. */
function Told({ id, error, retry }: { id: string; error: unknown; retry: () => void }) {
  const { t } = useSpeech();
  const ladder = useLadder(id);
  const compensations = useCompensations(id);
  if (ladder.isPending || compensations.isPending) return <section className="card"><Skeleton active /></section>;
  if (!ladder.data && !compensations.data?.items.length) {
    return <section className="card"><ProblemNote error={error} retry={retry} /></section>;
  }
  return (
    <>
      <section className="card case-head" aria-labelledby="case-title">
        <h1 id="case-title">{t("case")} <span className="number">{ladder.data?.number}</span></h1>
        <p className="quiet">{t("withoutCaller")}</p>
      </section>
      <Ladder id={id} />
      <Compensations id={id} />
    </>
  );
}

/** The first thing that happened: the case itself says it. */
function beginning(one: Case): Entry {
  return { id: "taken", at: one.taken_at, kind: "taken", author: "", rules: ["P04.8"], facts: {}, words: {} };
}

/** What is known in codes and numbers: an order, a level, a yes. */
function Said({ facts }: { facts: Record<string, unknown> }) {
  const { t, code, pick } = useSpeech();
  const said = Object.entries(facts).filter(([name, value]) => name in LABELS && filled(value));
  if (said.length === 0) return null;
  const shown = (value: unknown): string =>
    typeof value === "boolean" ? (value ? t("yes") : t("no")) : Array.isArray(value) ? value.map(shown).join("、") : code(plain(value));
  return (
    <p className="said">
      {said.map(([name, value]) => <span key={name}><span className="quiet">{label(name, pick)}：</span>{shown(value)}</span>)}
    </p>
  );
}

const filled = (value: unknown) => value !== null && value !== undefined && value !== "" && !(Array.isArray(value) && value.length === 0);

function Timeline({ entries }: { entries: Entry[] }) {
  const { t, code, pick, when } = useSpeech();
  return (
    <section className="card" aria-labelledby="timeline-title">
      <h2 id="timeline-title">{t("timeline")}</h2>
      <ol className="timeline">
        {entries.map((one) => (
          <li key={one.id}>
            <time dateTime={one.at}>{when(one.at)}</time> <b>{code(one.kind)}</b> <span className="quiet">{one.author}</span>
            {one.rules.length > 0 && <span className="quiet"> · {t("rules")} {one.rules.join(", ")}</span>}
            <Said facts={one.facts} />
            {Object.entries(one.words).map(([name, text]) => filled(text) ? (
              <p key={name}>{name !== "words" && <span className="quiet">{label(name, pick)}：</span>}{plain(text)}</p>
            ) : null)}
          </li>
        ))}
      </ol>
    </section>
  );
}

function plain(value: unknown): string {
  if (Array.isArray(value)) return value.map(plain).join("；");
  return value !== null && typeof value === "object" ? Object.values(value).map(plain).join(" ") : String(value);
}

function Actions({ id, actions, version }: { id: string; actions: Action[]; version: number }) {
  const { t, code } = useSpeech();
  const { roleName } = useDesk();
  const [opened, setOpened] = useState<string | null>(null);
  const possible = actions.filter((one) => one.state === "possible" && one.yours && one.step in STEPS);
  const other = actions.filter((one) => one.state === "held" || (one.state === "possible" && !possible.includes(one)));
  const later = actions.filter((one) => one.state === "not_now");
  return (
    <section className="card" aria-labelledby="actions-title">
      <h2 id="actions-title">{t("actions")}</h2>
      {possible.length === 0 && <p className="empty">{t("noActions")}</p>}
      {possible.map((one) => (
        <div key={one.step} className="action">
          <Button block type={opened === one.step ? "default" : "primary"} aria-expanded={opened === one.step}
            onClick={() => setOpened(opened === one.step ? null : one.step)}>
            {code(one.step)}
          </Button>
          {opened === one.step && (
            <StepForm subject={id} name={code(one.step)} path={one.path} fields={STEPS[one.step]!} version={version} rules={one.rules}
              body={(values) => (STEPS[one.step]!.length > 0 ? bodyOf(one.step, values) : undefined)} done={() => setOpened(null)} />
          )}
        </div>
      ))}
      {other.length > 0 && (
        <ul className="lines">
          {other.map((one) => (
            <li key={one.step} className="waiting">
              <b>{code(one.step)}</b>{" "}
              <span className="quiet">
                {one.state === "held" ? t("heldBy") : `${t("awaits")} ${one.awaits.split(" or ").map((who) => (who === "the handler of the case" ? t("theHandler") : roleName(who))).join(" / ")} ${one.person ?? ""}`}
                {one.because && ` · ${one.because}`}
                {one.rules.length > 0 && ` · ${t("rules")} ${one.rules.join(", ")}`}
              </span>
            </li>
          ))}
        </ul>
      )}
      {later.length > 0 && (
        <details className="later">
          <summary>{t("notNow")} ({later.length})</summary>
          <ul>
            {later.map((one) => <li key={one.step}><b>{code(one.step)}</b> <span className="quiet">{one.because}</span></li>)}
          </ul>
        </details>
      )}
    </section>
  );
}

function Approvals({ subject }: { subject: string }) {
  const { t } = useSpeech();
  const found = useQuery({
    queryKey: ["case-approvals", subject],
    queryFn: ({ signal }) => ask<Page<Approval>>(`/api/complaint/v1/approvals?subject=${encodeURIComponent(subject)}`, { signal }),
  });
  if (found.isError) return <ProblemNote error={found.error} retry={() => void found.refetch()} />;
  const items = found.data?.items ?? [];
  if (items.length === 0) return null;
  return (
    <section className="card" aria-labelledby="approvals-title">
      <h2 id="approvals-title">{t("approvals")}</h2>
      {items.map((one) => <Asked key={one.id} asked={one} />)}
    </section>
  );
}

function Asked({ asked }: { asked: Approval }) {
  const { t, pick, code, when } = useSpeech();
  const { roleName } = useDesk();
  const queries = useQueryClient();
  const key = useRef(crypto.randomUUID());
  const [refusing, setRefusing] = useState(false);
  const [reason, setReason] = useState("");
  const decide = useMutation({
    mutationFn: (grant: boolean) =>
      ask(`/api/complaint/v1/approvals/${asked.id}/decide`, {
        method: "POST", key: `${key.current}-${grant}`, body: { grant, digest: asked.digest, ...(grant ? {} : { reason }) },
      }),
    onSuccess: () => refresh(queries, asked.subject),
    onError: (error) => { if (error instanceof Problem && !error.passes) key.current = crypto.randomUUID(); },
  });
  return (
    <article className="asked" aria-label={pick(asked.title_zh, asked.title)}>
      <p>
        <b>{pick(asked.title_zh, asked.title)}</b> <Tag color={asked.state === "open" ? "warning" : "default"}>{asked.state === "open" ? t("waiting") : code(asked.state)}</Tag>
        <span className="quiet">{t("askedBy")} {asked.asked_by} · {when(asked.asked_at)} · {t("rules")} {asked.rules.join(", ")}</span>
      </p>
      <dl className="facts">
        {Object.entries(asked.offer).filter(([name, value]) => filled(value) && !name.endsWith("_id")).map(([name, value]) => (
          <span key={name}>
            <dt>{label(name, pick)}</dt>
            <dd>{typeof value === "boolean" ? (value ? t("yes") : t("no")) : offered(value, code)}</dd>
          </span>
        ))}
        <span><dt>{t("digest")}</dt><dd><code title={asked.digest}>{asked.digest.slice(0, 16)}…</code></dd></span>
      </dl>
      <ol className="seats">
        {asked.stages.flat().map((seat, index) => (
          <li key={index}>
            {roleName(seat.role)} · {seat.place}: {seat.signed_by ? `${t("signedBy")} ${seat.signed_by} ${when(seat.signed_at)}` : t("waiting")}
          </li>
        ))}
      </ol>
      {asked.reason && <blockquote>{asked.reason}</blockquote>}
      {asked.yours && asked.state === "open" && (
        <>
          {refusing && (
            <Input.TextArea autoFocus aria-label={t("refuseReason")} placeholder={t("refuseReason")} value={reason}
              maxLength={500} onChange={(event) => setReason(event.target.value)} />
          )}
          <p className="buttons">
            {!refusing && <Button type="primary" loading={decide.isPending} onClick={() => decide.mutate(true)}>{t("grant")}</Button>}
            <Button danger loading={refusing && decide.isPending} disabled={refusing && reason.trim().length < 4}
              onClick={() => (refusing ? decide.mutate(false) : setRefusing(true))}>{t("refuse")}</Button>
            {refusing && <Button onClick={() => setRefusing(false)}>{t("cancel")}</Button>}
          </p>
        </>
      )}
      {decide.isError && <ProblemNote error={decide.error} />}
    </article>
  );
}

/** A value of an offer in words; lines of an offer one after the other. */
function offered(value: unknown, code: (value: string) => string): string {
  if (Array.isArray(value)) return value.map((one) => offered(one, code)).join("；");
  if (value !== null && typeof value === "object") return Object.values(value).map((one) => offered(one, code)).join(" ");
  return code(String(value));
}

function label(name: string, pick: (zh: string, en: string) => string): string {
  const known = LABELS[name];
  return known ? pick(...known) : name.replace(/_/g, " ");
}

function Terms({ subject }: { subject: string }) {
  const { t, pick, code } = useSpeech();
  const { roleName } = useDesk();
  const found = useQuery({
    queryKey: ["case-terms", subject],
    queryFn: ({ signal }) => ask<Page<Obligation>>(`/api/complaint/v1/obligations?limit=100&subject=${encodeURIComponent(subject)}`, { signal }),
  });
  return (
    <section className="card" aria-labelledby="terms-title">
      <h2 id="terms-title">{t("terms")}</h2>
      {found.isPending && <Skeleton active paragraph={{ rows: 2 }} />}
      {found.isError && <ProblemNote error={found.error} retry={() => void found.refetch()} />}
      <ul className="lines">
        {found.data?.items.map((one) => (
          <li key={one.id} className="term">
            <span className="line-head">
              <b>{pick(one.title_zh, one.title)}</b>
              {one.ended_at ? <Tag color="success">{code(one.state)}</Tag> : null}
              <span className="push"><Due at={one.due_at} over={one.ended_at !== null} /></span>
            </span>
            <span className="line-text wrap">{pick(one.why_zh, one.why)}</span>
            <span className="quiet">{roleName(one.role)} {one.person}</span>
          </li>
        ))}
      </ul>
      {found.isSuccess && found.data.items.length === 0 && <Alert type="info" title={t("noDue")} />}
    </section>
  );
}
