import { DownloadOutlined } from "@ant-design/icons";
import { useMutation, useQuery } from "@tanstack/react-query";
import { Alert, Button, Skeleton, Tag } from "antd";
import { useEffect, useRef } from "react";
import { Link, Navigate, useLocation, useParams } from "react-router";
import { ask, download, type Case, type CaseActions, type Entry, type Page, type Progress } from "../api";
import { useSpeech } from "../language";
import { Person, Persons } from "../parts/Person";
import { Place } from "../parts/Place";
import { ProblemNote } from "../parts/ProblemNote";
import { Actions } from "./Actions";
import { Approvals } from "./Approvals";
import { Arranging } from "./Arranging";
import { Attachments } from "./Attachments";
import { Compensations, useCompensations } from "./Compensations";
import { CrisisGroupCard } from "./CrisisGroup";
import { Ladder, useLadder } from "./Ladder";
import { filled, label, LABELS, plain } from "./labels";
import { Measures } from "./Measures";
import { Owed, Terms } from "./Terms";

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
  const { t, code, when, mark } = useSpeech();
  const base = `/api/complaint/v1/complaints/${encodeURIComponent(id)}`;
  const led = (useLocation().state as { led?: boolean } | null)?.led === true;
  const found = useQuery({ queryKey: ["case", id], queryFn: ({ signal }) => ask<Case>(base, { signal, follow: true }), staleTime: 60_000 });
  const here = found.data?.id === id;
  const actions = useQuery({
    queryKey: ["case-actions", id], enabled: here,
    queryFn: ({ signal }) => ask<CaseActions>(`${base}/actions`, { signal }),
  });
  const timeline = useQuery({
    queryKey: ["case-timeline", id], enabled: here,
    queryFn: ({ signal }) => everything(`${base}/timeline?limit=100`, signal),
  });
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), [found.isSuccess]);

  if (found.isPending) return <section className="card"><Skeleton active /></section>;
  if (found.isError) return <Told id={id} error={found.error} retry={() => void found.refetch()} />;
  // it was merged: what is done, is done at the case that it leads to
  if (!here) return <Navigate to={`/cases/${found.data.id}`} replace state={{ led: true }} />;
  const one = found.data;
  const progress = actions.data?.case;
  return (
    <>
      {led && <Alert type="info" showIcon role="status" title={t("ledHere")} className="led" />}
      <section className="card case-head" aria-labelledby="case-title">
        <h1 id="case-title" tabIndex={-1} ref={heading}>
          {t("case")} <span className="number">{one.number}</span>
        </h1>
        <p>
          <Tag color="processing">{code(progress?.state ?? one.state)}</Tag>
          {one.serious && <Tag color="error">{t("seriousTag")}: {one.serious_kinds.map(code).join(mark("list"))}</Tag>}
          {one.repeat_of && <Link to={`/cases/${one.repeat_of}`}>{t("repeatOf")}</Link>}
          <span className="quiet"> {code(one.channel)} · <Place of={one.branch} /> · {t("takenAt")} {when(one.taken_at)}</span>
        </p>
        {progress && <Gates progress={progress} />}
        <Owed subject={id} />
        <Papers id={id} number={one.number} reported={timeline.data?.some((entry) => entry.kind === "report") ?? false} />
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
              {progress?.handler && (
                <>
                  <dt>{t("handling")}</dt>
                  <dd>
                    {code(progress.department)} · {t("theHandler")} <b><Person of={progress.handler} /></b>
                    {progress.level && ` · ${t("level")} ${code(progress.level)}`}
                    {progress.participants.length > 0 && <> · {t("takesPart")} <Persons of={progress.participants} /></>}
                  </dd>
                </>
              )}
              {one.judgement && (
                <>
                  <dt>{t("judgement")}</dt>
                  <dd>
                    <b>{one.judgement.founded ? t("founded") : t("unfounded")}</b>{" "}
                    ({t("reasonHolds")}: {one.judgement.reason_holds ? t("yes") : t("no")}; {t("demandHolds")}: {one.judgement.demand_holds ? t("yes") : t("no")})
                    <span className="quiet"> <Person of={one.judgement.by} /> {when(one.judgement.at)}</span>
                    {one.opinion && <p>{one.opinion}</p>}
                  </dd>
                </>
              )}
            </dl>
            <p className="quiet">{t("recorded")}</p>
          </section>
          {timeline.isError && <ProblemNote error={timeline.error} retry={() => void timeline.refetch()} />}
          <Timeline entries={[...(timeline.data?.some((entry) => entry.id === one.id) ? [] : [beginning(one)]), ...(timeline.data ?? [])]} />
        </div>
        <div>
          {actions.isError && <ProblemNote error={actions.error} retry={() => void actions.refetch()} />}
          {actions.data && <Actions one={one} found={actions.data} />}
          <Approvals subject={id} />
          <Compensations id={id} />
          <Terms subject={id} />
        </div>
      </div>
      <Attachments id={id} number={one.number} />
      {actions.data && <Arranging one={one} actions={actions.data.actions} />}
      <Measures one={one} actions={actions.data?.actions ?? []} />
      <Ladder id={id} />
      <CrisisGroupCard id={id} branch={one.branch} serious={one.serious} />
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
      <Approvals subject={id} />
      <Compensations id={id} />
      <Ladder id={id} />
      <CrisisGroupCard id={id} serious={ladder.data?.serious ?? false} />
    </>
  );
}

/** The forms that are printed of a case: each printing is on record. */
function Papers({ id, number, reported }: { id: string; number: string; reported: boolean }) {
  const { t } = useSpeech();
  const print = useMutation({
    mutationFn: (paper: "record-form" | "investigation-report") =>
      download(`/api/complaint/v1/complaints/${id}/papers/${paper}`, "application/pdf", `${number}-${paper}.pdf`),
  });
  const busy = (paper: string) => print.isPending && print.variables === paper;
  return (
    <>
      <p className="buttons">
        <Button size="small" icon={<DownloadOutlined />} loading={busy("record-form")} onClick={() => print.mutate("record-form")}>{t("recordForm")}</Button>
        {reported && (
          <Button size="small" icon={<DownloadOutlined />} loading={busy("investigation-report")} onClick={() => print.mutate("investigation-report")}>{t("investigationReport")}</Button>
        )}
      </p>
      {print.isError && <ProblemNote error={print.error} />}
    </>
  );
}

/** What it must pass on its way, and what it has passed. */
function Gates({ progress }: { progress: Progress }) {
  const { t, code, when } = useSpeech();
  const gates = Object.entries(progress.gates);
  if (gates.length === 0) return null;
  const next = gates.find(([, at]) => at === null)?.[0];
  return (
    <ol className="gates" aria-label={t("way")}>
      {gates.map(([gate, at]) => (
        <li key={gate} className={at ? "passed" : gate === next ? "next" : ""} aria-current={gate === next ? "step" : undefined}>
          {code(`gate.${gate}`)} {at && <time dateTime={at}>{when(at)}</time>}
        </li>
      ))}
    </ol>
  );
}

/** The first thing that happened: the case itself says it, where nobody is noted as who took it. */
function beginning(one: Case): Entry {
  return { id: "taken", at: one.taken_at, kind: "taken", author: "", rules: ["P04.8"], facts: {}, words: {} };
}

/** facts that are accounts */
const WHO = ["handler", "participants", "source"];
const ID = /^[0-9a-f]{8}-[0-9a-f-]{27}$/;

/** What is known in codes and numbers: an order, a level, a yes; ids say nothing to people. */
function Said({ facts }: { facts: Record<string, unknown> }) {
  const { t, code, pick, mark } = useSpeech();
  const said = Object.entries(facts).filter(([name, value]) => name in LABELS && filled(value) && !ID.test(String(value)));
  if (said.length === 0) return null;
  const shown = (value: unknown): string =>
    typeof value === "boolean" ? (value ? t("yes") : t("no")) : Array.isArray(value) ? value.map(shown).join(mark("list")) : code(plain(value, mark));
  return (
    <p className="said">
      {said.map(([name, value]) => <span key={name}><span className="quiet">{label(name, pick)}{mark("colon")}</span>{WHO.includes(name) ? <Persons of={[value].flat().map(String)} /> : shown(value)}</span>)}
    </p>
  );
}


function Timeline({ entries }: { entries: Entry[] }) {
  const { t, code, pick, when, mark } = useSpeech();
  return (
    <section className="card" aria-labelledby="timeline-title">
      <h2 id="timeline-title">{t("timeline")}</h2>
      <ol className="timeline">
        {entries.map((one) => (
          <li key={one.id}>
            <time dateTime={one.at}>{when(one.at)}</time> <b>{code(one.kind)}</b> <span className="quiet"><Person of={one.author} /></span>
            {one.rules.length > 0 && <span className="quiet"> · {t("rules")} {one.rules.join(", ")}</span>}
            <Said facts={one.facts} />
            {Object.entries(one.words).map(([name, text]) => filled(text) ? (
              <p key={name}>{name !== "words" && <span className="quiet">{label(name, pick)}{mark("colon")}</span>}{plain(text, mark)}</p>
            ) : null)}
          </li>
        ))}
      </ol>
    </section>
  );
}
