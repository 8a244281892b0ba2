import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Input, Tag } from "antd";
import { useEffect, useRef, useState } from "react";
import { ask, Problem, type Approval, type Page } from "../api";
import { useSpeech, type Speech } from "../language";
import { Person } from "../parts/Person";
import { Place } from "../parts/Place";
import { ProblemNote } from "../parts/ProblemNote";
import { refresh } from "../parts/refresh";
import { useDesk } from "../Shell";
import { filled, inOrder, label } from "./labels";

/** how often one looks whether one's own request was signed (milliseconds) */
const OWN_REQUEST = 4000;

/** What was asked about a case or a report, newest first. */
export function useApprovals(subject: string) {
  const me = useDesk().me.subject;
  const found = useQuery({
    queryKey: ["case-approvals", subject],
    queryFn: ({ signal }) => ask<Page<Approval>>(`/api/complaint/v1/approvals?subject=${encodeURIComponent(subject)}`, { signal }),
    // who asked has no part in the signing, so the stream of work says nothing of it
    refetchInterval: (query) => (asksStill(query.state.data, me) > 0 ? OWN_REQUEST : false),
  });
  return found;
}

/** How many requests of the caller are undecided. */
function asksStill(found: Page<Approval> | undefined, me: string): number {
  return found?.items.filter((one) => one.state === "open" && one.asked_by === me).length ?? 0;
}

/** Who has to sign what, and who has. */
export function Approvals({ subject }: { subject: string }) {
  const { t } = useSpeech();
  const found = useApprovals(subject);
  const me = useDesk().me.subject;
  const queries = useQueryClient();
  const waiting = asksStill(found.data, me);
  const before = useRef(waiting);
  useEffect(() => {
    if (waiting < before.current) void refresh(queries, subject);
    before.current = waiting;
  }, [waiting, queries, subject]);
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
  const speech = useSpeech();
  const { t, pick, code, when } = speech;
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
        <span className="quiet">{t("askedBy")} <Person of={asked.asked_by} /> · {when(asked.asked_at)} · {t("rules")} {asked.rules.join(", ")}</span>
      </p>
      <dl className="facts">
        {Object.entries(asked.offer).filter(([name, value]) => filled(value) && !name.endsWith("_id")).sort(inOrder).map(([name, value]) => (
          <span key={name}>
            <dt>{label(name, pick)}</dt>
            <dd>{typeof value === "boolean" ? (value ? t("yes") : t("no")) : offered(value, speech)}</dd>
          </span>
        ))}
        <span><dt>{t("digest")}</dt><dd><code title={asked.digest}>{asked.digest.slice(0, 16)}…</code></dd></span>
      </dl>
      <ol className="seats">
        {asked.stages.flat().map((seat, index) => (
          <li key={index}>
            {roleName(seat.role)} · <Place of={seat.place} />: {seat.signed_by ? <>{t("signedBy")} <Person of={seat.signed_by} /> {when(seat.signed_at)}{seat.reason && <> <q>{seat.reason}</q></>}</> : t("waiting")}
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
function offered(value: unknown, speech: Speech): string {
  if (Array.isArray(value)) return value.map((one) => offered(one, speech)).join(speech.mark("parts"));
  if (value !== null && typeof value === "object") return Object.values(value).map((one) => offered(one, speech)).join(" ");
  const said = speech.code(String(value));
  return /^[0-9a-f]{64}$/.test(said) ? `${said.slice(0, 16)}…` : said;
}
