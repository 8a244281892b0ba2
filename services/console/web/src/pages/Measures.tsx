import { useQuery } from "@tanstack/react-query";
import { Button, Tag } from "antd";
import { useState } from "react";
import { Link } from "react-router";
import { ask, type Action, type Case, type Measure, type Page } from "../api";
import { useSpeech } from "../language";
import { Person } from "../parts/Person";
import { ProblemNote } from "../parts/ProblemNote";
import { StepForm } from "../parts/StepForm";
import { useDesk } from "../Shell";
import { bodyOf, MEASURE, MEASURE_END } from "./steps";

/** before these are over no measure is taken */
const BEFORE = ["taken", "judged", "reopened"];

/** What the case leads to, tracked until it is done; what earlier cases like it led to (P04.14). */
export function Measures({ one, actions }: { one: Case; actions: Action[] }) {
  const { t } = useSpeech();
  const { me } = useDesk();
  const [opened, setOpened] = useState(false);
  const base = `/v1/complaints/${one.id}`;
  const found = useQuery({
    queryKey: ["case-measures", one.id, "own"],
    queryFn: ({ signal }) => ask<Page<Measure>>(`/api/complaint${base}/measures`, { signal }),
  });
  const earlier = useQuery({
    queryKey: ["case-measures", one.id, "earlier"],
    queryFn: ({ signal }) => ask<Page<Measure>>(`/api/complaint${base}/earlier`, { signal }),
  });
  if (found.isError) return <section className="card"><ProblemNote error={found.error} retry={() => void found.refetch()} /></section>;
  const items = found.data?.items ?? [];
  const like = earlier.data?.items ?? [];
  const handles = actions.some((action) => ["report", "hand_over", "give_opinion"].includes(action.step) && action.yours);
  const takes = handles && !BEFORE.includes(one.state);
  if (items.length === 0 && like.length === 0 && !takes) return null;
  return (
    <section className="card" aria-labelledby="measures-title">
      <div className="title-row">
        <h2 id="measures-title">{t("measures")}</h2>
        {takes && <span className="push"><Button size="small" aria-expanded={opened} onClick={() => setOpened(!opened)}>{t("takeMeasure")}</Button></span>}
      </div>
      {opened && (
        <StepForm subject={one.id} name={t("takeMeasure")} path={`${base}/measures`} fields={MEASURE} rules={["P04.14"]} branch={one.branch}
          body={bodyOf} done={() => setOpened(false)} />
      )}
      {items.length === 0 && <p className="empty">{t("noMeasures")}</p>}
      <ul className="lines">
        {items.map((measure) => <Taken key={measure.id} measure={measure} may={handles || measure.owner === me.subject} />)}
      </ul>
      {like.length > 0 && (
        <details className="later">
          <summary>{t("likeMeasures")} ({like.length})</summary>
          <ul className="lines">
            {like.map((measure) => (
              <li key={measure.id} className="term">
                <span><Link to={`/cases/${measure.case_id}`}>{measure.words}</Link></span>
                {measure.outcome && <span className="quiet">{measure.outcome}</span>}
              </li>
            ))}
          </ul>
        </details>
      )}
    </section>
  );
}

/** Whether the day has ended where the desk stands. */
function isPast(day: string | null): boolean {
  return day !== null && day < new Intl.DateTimeFormat("en-CA", { timeZone: "Asia/Shanghai" }).format(new Date());
}

function Taken({ measure, may }: { measure: Measure; may: boolean }) {
  const { t, code, when } = useSpeech();
  const [ending, setEnding] = useState(false);
  return (
    <li className="term">
      <span className="line-head">
        <b>{code(measure.kind)}</b>
        <Tag color={measure.state === "open" ? "warning" : "success"}>{code(`measure.${measure.state}`)}</Tag>
        <span className="quiet"><Person of={measure.owner} /> {measure.due_on && `· ${t("due")} ${measure.due_on}`} {measure.state === "open" && isPast(measure.due_on) && <strong className="due late">{t("late")}</strong>} {measure.ended_at && `· ${when(measure.ended_at)}`}</span>
        {may && measure.state === "open" && !ending && <span className="push"><Button size="small" onClick={() => setEnding(true)}>{t("endMeasure")}</Button></span>}
      </span>
      <span>{measure.words}</span>
      {measure.outcome && <span className="quiet">{measure.outcome}</span>}
      {ending && (
        <StepForm subject={measure.case_id} name={t("endMeasure")} path={`/v1/complaints/${measure.case_id}/measures/${measure.id}/end`}
          fields={MEASURE_END} rules={["P04.14"]} body={bodyOf} done={() => setEnding(false)} />
      )}
    </li>
  );
}
