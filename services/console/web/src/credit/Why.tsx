import { Tag } from "antd";
import type { ReactNode } from "react";
import { useSpeech } from "../language";
import { useDesk } from "../Shell";
import { Amount } from "./Amount";
import type { Decision, Reason, WayOut } from "./api";
import { useDays } from "./useDays";

export function Rules({ of }: { of: string[] }) {
  return of.length > 0 ? <span className="rule-ids">{of.join(" ")}</span> : null;
}

/** Every reason why goods are held, each with its amount and rules. */
export function Reasons({ of, label }: { of: Reason[]; label?: boolean }) {
  const { t, code } = useSpeech();
  const days = useDays();
  return (
    <ul className="reasons" aria-label={label === false ? undefined : t("why")}>
      {of.map((one) => (
        <li key={`${one.code}${one.customer_id ?? ""}`}>
          <span>{code(`reason.${one.code}`)}</span> <Amount of={one.amount} strong />
          {one.as_of && <span className="quiet"> {t("factsAsOf")} {days(one.as_of)}</span>} <Rules of={one.rules} />
        </li>
      ))}
    </ul>
  );
}

/** What would free goods, each with its amount, whose it is, or the day; `act` puts what can be done at once beside it. */
export function WaysOut({ of, act }: { of: WayOut[]; act?: ((way: WayOut) => ReactNode) | undefined }) {
  const { t, code } = useSpeech();
  const { roleName } = useDesk();
  const days = useDays();
  return (
    <ul className="ways" aria-label={t("waysOut")}>
      {of.map((one) => (
        <li key={one.code}>
          <span className="way">
            <span>{code(`way.${one.code}`)}</span> <Amount of={one.amount} strong />
            {one.day && <b> {days(one.day)}</b>}
            {one.role && <span className="quiet"> {roleName(one.role)}</span>} <Rules of={one.rules} />
          </span>
          {act?.(one)}
        </li>
      ))}
    </ul>
  );
}

/** What was decided, by which figures. */
export function Decided({ decision, act }: { decision: Decision; act?: ((way: WayOut) => ReactNode) | undefined }) {
  const { t, code } = useSpeech();
  const days = useDays();
  const settled = decision.ways_out.some((one) => one.code.startsWith("settle_"));
  return (
    <>
      {decision.outcome === "released" ? (
        <p>
          <Tag color="success">{t("released")}</Tag> {code(`by.${decision.way}`)} <Rules of={decision.rules} />
          {decision.plan_owed && <> · <b>{t("planOwed")}</b></>}
        </p>
      ) : (
        <>
          <h3>{t("why")}</h3>
          <Reasons of={decision.reasons} />
          <h3>{t("waysOut")} <span className="quiet">{settled ? t("settleAll") : t("orElse")}</span></h3>
          <WaysOut of={decision.ways_out} act={act} />
        </>
      )}
      <Balance exposure={decision.exposure} after={decision.after} limit={decision.limit} />
      <p className="quiet">{t("decidedOn")} {days(decision.on)}</p>
    </>
  );
}

/** Exposure before and afterwards against the limit, in figures and as a bar. */
export function Balance({ exposure, after, limit }: { exposure: string; after: string; limit: string }) {
  const { t } = useSpeech();
  const most = Math.max(Number(after), Number(limit), Number(exposure), 1);
  const at = (amount: string) => Math.max(0, Math.min(100, (100 * Number(amount)) / most));
  const over = Number(after) > Number(limit);
  return (
    <div className="balance">
      <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden className="bar">
        <rect className="bar-ground" x="0" y="0" width="100" height="10" />
        <rect className={over ? "bar-after is-over" : "bar-after"} x="0" y="0" width={at(after)} height="10" />
        <rect className="bar-now" x="0" y="0" width={at(exposure)} height="10" />
        <rect className="bar-limit" x={Math.max(0, at(limit) - 0.4)} y="0" width="0.8" height="10" />
      </svg>
      <dl className="figures-row">
        <span><dt><i className="key now" aria-hidden />{t("exposure")}</dt><dd><Amount of={exposure} /></dd></span>
        <span><dt><i className={over ? "key over" : "key after"} aria-hidden />{t("afterwards")}</dt><dd><Amount of={after} /></dd></span>
        <span><dt><i className="key limit" aria-hidden />{t("limit")}</dt><dd><Amount of={limit} /></dd></span>
      </dl>
    </div>
  );
}
