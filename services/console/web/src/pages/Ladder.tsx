import { DownloadOutlined } from "@ant-design/icons";
import { useMutation, useQuery } from "@tanstack/react-query";
import { Button, Tag } from "antd";
import { useState } from "react";
import { Link } from "react-router";
import { ask, download, Problem, type LadderStep, type SeriousLadder } from "../api";
import { useSpeech } from "../language";
import { Due } from "../parts/Due";
import { Person } from "../parts/Person";
import { Place } from "../parts/Place";
import { ProblemNote } from "../parts/ProblemNote";
import { StepForm } from "../parts/StepForm";
import { useDesk } from "../Shell";
import { BY_HAND, serious } from "./steps";

/** the roles that are told of a serious case and do not mark one (P12.6) */
const ONLY_TOLD = ["brand_division", "legal", "vp_operations", "ceo"];

/** The ladder of a case; null for whom it is not. */
export function useLadder(id: string) {
  return useQuery({
    queryKey: ["case-ladder", id],
    queryFn: async ({ signal }) => {
      try {
        return await ask<SeriousLadder>(`/api/complaint/v1/complaints/${encodeURIComponent(id)}/serious`, { signal });
      } catch (error) {
        if (error instanceof Problem && (error.status === 403 || error.status === 404)) return null;
        throw error;
      }
    },
  });
}

/** Who had to be told of a serious case, by when, and who was; marked and overruled here (P12.5, P12.6). */
export function Ladder({ id }: { id: string }) {
  const { t, code, when, mark } = useSpeech();
  const { me } = useDesk();
  const found = useLadder(id);
  const [opened, setOpened] = useState<"mark" | "overrule" | null>(null);
  const proof = useMutation({
    mutationFn: () => download(`/api/complaint/v1/complaints/${id}/serious/proof`, "application/pdf", `${found.data!.number}.pdf`),
  });
  if (found.isError) return <ProblemNote error={found.error} retry={() => void found.refetch()} />;
  const ladder = found.data;
  if (!ladder) return null;
  const marks = me.grants.some((grant) => !ONLY_TOLD.includes(grant.role));
  const path = `/v1/complaints/${id}/serious`;
  const toggle = (which: "mark" | "overrule") => setOpened(opened === which ? null : which);
  const is = (kind: string) => ladder.kinds.includes(kind);
  return (
    <section className="card" aria-labelledby="ladder-title">
      <div className="title-row">
        <h2 id="ladder-title">{t("ladder")}</h2>
        {ladder.kinds.map((kind) => <Tag key={kind} color="error">{code(kind)}</Tag>)}
        {ladder.serious_at && <span className="quiet">{t("since")} {when(ladder.serious_at)}</span>}
        <span className="push buttons">
          {marks && <Button size="small" aria-expanded={opened === "mark"} onClick={() => toggle("mark")}>{t("markSerious")}</Button>}
          {marks && ladder.serious && (
            <Button size="small" aria-expanded={opened === "overrule"} onClick={() => toggle("overrule")}>{t("overrule")}</Button>
          )}
          {ladder.marks.length > 0 && (
            <Button size="small" icon={<DownloadOutlined />} loading={proof.isPending} onClick={() => proof.mutate()}>{t("proof")}</Button>
          )}
        </span>
      </div>
      {proof.isError && <ProblemNote error={proof.error} retry={() => proof.mutate()} />}
      {opened === "mark" && (
        <StepForm subject={id} name={t("markSerious")} path={path} fields={serious((kind) => !is(kind))} rules={["P12.5"]}
          body={(values) => values} done={() => setOpened(null)} />
      )}
      {opened === "overrule" && (
        <StepForm subject={id} name={t("overrule")} path={`${path}/overrule`} fields={serious(is)} rules={["P12.5"]}
          body={(values) => values} done={() => setOpened(null)} />
      )}
      {ladder.marks.length === 0 && !ladder.serious && opened === null && <p className="quiet">{t("notSerious")}</p>}
      {ladder.marks.length > 0 && (
        <ul className="marks">
          {ladder.marks.map((one) => (
            <li key={`${one.at} ${one.kinds.join()}`} className="quiet">
              {when(one.at)} · {one.overruled_by ? <>{t("overruled")} <Person of={one.overruled_by} /></> : <>{t("marked")} {t(one.by === "system" ? "theSystem" : "byPerson")}</>}: {one.kinds.map(code).join(mark("list"))}
            </li>
          ))}
        </ul>
      )}
      {ladder.repeats.length > 0 && (
        <p>
          {t("repeatOf")}:{" "}
          {ladder.repeats.map((one) => <Link key={one.earlier_case_id} className="number" to={`/cases/${one.earlier_case_id}`}>{one.number} </Link>)}
        </p>
      )}
      <ol className="lines rungs">
        {ladder.steps.map((step) => <Rung key={step.id} id={id} step={step} />)}
      </ol>
    </section>
  );
}

/** The minute that it is in China, as a field for an instant has it. */
const civilNow = (): string => new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 16);

function Rung({ id, step }: { id: string; step: LadderStep }) {
  const { t, code, pick, when, mark } = useSpeech();
  const { me, roleName } = useDesk();
  const [recording, setRecording] = useState(false);
  const mine = step.ended_at === null && step.met_by !== "done" && step.state === "open" && me.grants.some((grant) => grant.role === step.answers);
  return (
    <li className={step.late ? "term is-late" : "term"}>
      <span className="line-head">
        <b>{roleName(step.role)}</b> <span className="quiet"><Place of={step.place} /> · {pick(step.title_zh, step.title)}</span>
        <Tag color={step.ended_at ? "success" : step.late ? "error" : "warning"}>{step.ended_at ? code(step.state) : t(step.met_by === "confirmed" ? "toConfirm" : "notYet")}</Tag>
        <span className="push"><Due at={step.due_at} over={step.ended_at !== null} /></span>
      </span>
      <span className="line-text wrap">{pick(step.why_due_zh, step.why_due)} · {t("answers")} {roleName(step.answers)} · {t("rules")} {step.rules.join(", ")}</span>
      {step.told.length > 0 && (
        <ul className="told">
          {step.told.map((one) => (
            <li key={one.notice}>
              <Person of={one.person} /> · {roleName(one.role)} · {code(one.channel)} {when(one.sent_at)}
              {one.read_at && ` · ${t("read")} ${when(one.read_at)}`}
              {one.confirmed_at && <b> · {t("confirmed")} {when(one.confirmed_at)}</b>}
            </li>
          ))}
        </ul>
      )}
      {step.by_hand && <span>{t("byHand")} <Person of={step.by_hand.by} /> · {code(step.by_hand.channel)} {when(step.by_hand.at)}</span>}
      {step.missing.length > 0 && <span className="quiet">{t("missing")} {step.missing.join(mark("list"))}</span>}
      {mine && !recording && <span><Button size="small" onClick={() => setRecording(true)}>{t("recordStep")}</Button></span>}
      {recording && (
        <StepForm subject={id} name={t("recordStep")} path={`/v1/complaints/${id}/serious/steps/${step.id}/record`} fields={BY_HAND}
          rules={step.rules} initial={{ at: civilNow() }} body={(values) => ({ ...values, at: `${String(values.at)}:00+08:00` })} done={() => setRecording(false)} />
      )}
    </li>
  );
}
