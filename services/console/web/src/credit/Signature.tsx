import { Button, Input, Tag } from "antd";
import { useState } from "react";
import { Link } from "react-router";
import { ask, type Approval } from "../api";
import { useSpeech } from "../language";
import { Person } from "../parts/Person";
import { Place } from "../parts/Place";
import { ProblemNote } from "../parts/ProblemNote";
import { useDesk } from "../Shell";
import { Amount } from "./Amount";
import { CREDIT, numberOf } from "./api";
import { useStep } from "./asking";
import { useDays } from "./useDays";
import { Balance, Rules } from "./Why";
import { amountOf, cents } from "./money";

/** What is asked of a signer: for which amount it holds, until when, what it does to the account; signed or refused here. */
export function Signature({ asked, linked }: { asked: Approval; linked?: boolean }) {
  const { t, pick, code, when } = useSpeech();
  const { roleName } = useDesk();
  const days = useDays();
  const [refusing, setRefusing] = useState(false);
  const [reason, setReason] = useState("");
  const decide = useStep<boolean>((grant, key) =>
    ask(`${CREDIT}/approvals/${asked.id}/decide`, {
      method: "POST", key, body: { grant, digest: asked.digest, ...(grant ? {} : { reason: reason.trim() }) },
    }),
  );
  const said = (name: string) => (typeof asked.offer[name] === "string" ? (asked.offer[name] as string) : undefined);
  const kind = said("kind"), until = said("until"), exposure = said("exposure"), limit = said("limit"), account = said("account");
  const workingDays = typeof asked.offer.working_days === "number" ? asked.offer.working_days : undefined;
  const term = asked.offer.term_days as number | undefined, termBefore = asked.offer.term_days_before as number | undefined;
  const noMore = said("overdue_no_more");
  const bearers = (asked.offer.bearers ?? []) as { part: string; person: string | null; weight: number }[];
  const open = asked.state === "open";
  const after = exposure !== undefined && asked.amount !== null ? sum(exposure, asked.amount) : undefined;
  return (
    <article className="asked signature" aria-label={pick(asked.title_zh, asked.title)}>
      <p className="line-head">
        <b>{pick(asked.title_zh, asked.title)}</b>
        {kind && <Tag color="error">{kind === "first" ? t("firstOverrun") : kind === "last" ? t("lastOverrun") : code(`loss.${kind}`)}</Tag>}
        <Tag color={open ? "warning" : asked.state === "granted" ? "success" : "default"}>{open ? t("waiting") : code(asked.state)}</Tag>
        {linked && asked.name === "credit.overrun" && <Link className="number" to={`/credit/shipments/${asked.subject}`}>{t("shipment")} {numberOf(asked.subject)}</Link>}
        {linked && asked.name === "credit.letter" && <Link className="number" to={`/credit/letters/${asked.subject}`}>{t("letter")} {numberOf(asked.subject)}</Link>}
        {linked && asked.name === "credit.share_loss" && <Link className="number" to={`/credit/losses/${asked.subject}`}>{t("loss")} {numberOf(asked.subject)}</Link>}
      </p>
      <p className="sign-for">
        {t("holdsFor")} <Amount of={asked.amount} strong />
        {until && <> · {t("validUntil")} <b>{days(until)}</b></>}
        {workingDays !== undefined && <> · {t("holdsWorkingDays")} <b>{workingDays}</b> {t("workingDays")}</>} <Rules of={asked.rules} />
      </p>
      <p className="quiet">{t("askedBy")} <Person of={asked.asked_by} /> · {when(asked.asked_at)} · <Place of={asked.branch} />{account && <> · <Link className="number" to={`/credit/accounts/${account}`}>{t("account")} {numberOf(account)}</Link></>}</p>
      {bearers.length > 0 && (
        <ul className="seats" aria-label={t("shares")}>
          {bearers.map((one) => <li key={one.part}>{one.part === "company" ? t("theCompany") : one.part === "signer" ? t("theSigner") : roleName(one.part)}{one.person && <>: <Person of={one.person} /></>} · {t("weight")} {one.weight}</li>)}
        </ul>
      )}
      {term !== undefined && (
        <p>{t("termBecomes")} <b>{termBefore} {t("days")}</b> {t("termTo")} <b>{term} {t("days")}</b>{noMore && (cents(noMore) ?? 0n) > 0n && <> · {t("overdueNoMore")} <Amount of={noMore} strong /></>}</p>
      )}
      {kind === "last" && <p>{t("lastMeans")}</p>}
      {open && exposure !== undefined && limit !== undefined && after !== undefined && <Balance exposure={exposure} after={after} limit={limit} />}
      <ul className="seats">
        {asked.stages.flat().map((seat, index) => (
          <li key={index}>{roleName(seat.role)} · <Place of={seat.place} />: {seat.signed_by ? <>{t("signedBy")} <Person of={seat.signed_by} /> {when(seat.signed_at)}{seat.reason && <> <q>{seat.reason}</q></>}</> : t("waiting")}</li>
        ))}
      </ul>
      {asked.reason && <blockquote>{asked.reason}</blockquote>}
      {asked.yours && open && (
        <>
          {refusing && (
            <Input.TextArea autoFocus aria-label={t("refuseReason")} placeholder={t("refuseReason")} value={reason} maxLength={500}
              onChange={(event) => setReason(event.target.value)} />
          )}
          <p className="buttons">
            {!refusing && (
              <Button type="primary" loading={decide.isPending} onClick={() => decide.mutate(true)}>
                <span>{t("sign")} <Amount of={asked.amount} /></span>
              </Button>
            )}
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

function sum(one: string, other: string): string | undefined {
  const [a, b] = [cents(one), cents(other)];
  return a === null || b === null ? undefined : amountOf(a + b);
}
