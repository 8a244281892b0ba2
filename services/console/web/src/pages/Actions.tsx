import { Button } from "antd";
import { useState } from "react";
import type { Action, Case, CaseActions } from "../api";
import { useSpeech } from "../language";
import { Person } from "../parts/Person";
import { StepForm } from "../parts/StepForm";
import { useDesk } from "../Shell";
import { useApprovals } from "./Approvals";
import { bodyOf, fieldsOf, GO_ON, OTHERWISE, WAIT, type Field } from "./steps";

interface Doing {
  step: string;
  path: string;
  fields: Field[];
  rules: string[];
  version?: number;
}

/** What the caller may do now; whose the other steps are, and what holds them. */
export function Actions({ one, found }: { one: Case; found: CaseActions }) {
  const { t, code } = useSpeech();
  const { me } = useDesk();
  const [opened, setOpened] = useState<string | null>(null);
  const { actions, version } = found;
  const doing: Doing[] = actions
    .filter((action) => action.state === "possible" && action.yours)
    .flatMap((action) => {
      const fields = fieldsOf(action.step, one.profile);
      return fields ? [{ step: action.step, path: action.path, fields, rules: action.rules, version }] : [];
    });
  const waits = actions.some((action) => ["judge", "hand_over", "answer"].includes(action.step) && action.yours) || found.case.handler === me.subject;
  const running = found.case.state !== "closed" && one.profile !== "retail" && !found.case.gates["answer"];
  if (waits && running) {
    const base = `/v1/complaints/${one.id}`;
    doing.push(
      found.case.waiting_for_customer
        ? { step: "go_on", path: `${base}/go-on`, fields: GO_ON, rules: ["P04.9"] }
        : { step: "wait", path: `${base}/wait`, fields: WAIT, rules: ["P04.9"] },
    );
  }
  const mine = new Set(doing.map((action) => action.step));
  const other = actions.filter((action) => action.state === "held" || (action.state === "possible" && !mine.has(action.step)));
  const later = actions.filter((action) => action.state === "not_now");
  const usual = (step: string) => !["wait", "go_on", "hand_over", "reopen"].includes(step) || (step === "hand_over" && found.case.handler === null);
  return (
    <section className="card" aria-labelledby="actions-title">
      <h2 id="actions-title">{t("actions")}</h2>
      {doing.length === 0 && <p className="empty">{t("noActions")}</p>}
      {doing.map((action) => (
        <div key={action.step} className="action">
          <Button block type={opened === action.step || !usual(action.step) ? "default" : "primary"} aria-expanded={opened === action.step}
            onClick={() => setOpened(opened === action.step ? null : action.step)}>
            {code(action.step)}
          </Button>
          {opened === action.step && (
            <StepForm subject={one.id} name={code(action.step)} path={action.path} fields={action.fields} rules={action.rules} branch={one.branch}
              {...(action.step === "hand_over" ? { initial: { department: found.case.department ?? one.judgement?.respondent_department } } : {})}
              {...(action.version === undefined ? {} : { version: action.version })}
              body={(values) => (action.fields.length > 0 ? bodyOf(values) : undefined)} done={() => setOpened(null)} />
          )}
        </div>
      ))}
      {other.length > 0 && (
        <ul className="lines" aria-label={t("others")}>
          {other.map((action) => <Waiting key={action.step} action={action} subject={one.id} />)}
        </ul>
      )}
      {later.length > 0 && (
        <details className="later">
          <summary>{t("notNow")} ({later.length})</summary>
          <ul>
            {later.map((action) => <li key={action.step}><b>{code(action.step)}</b> <span className="quiet"><Because action={action} state={found.case.state} /></span></li>)}
          </ul>
        </details>
      )}
    </section>
  );
}

/** A step that is another's, or that an approval holds: of whom it waits. */
function Waiting({ action, subject }: { action: Action; subject: string }) {
  const { t, code, pick, mark } = useSpeech();
  const { placeName, roleName } = useDesk();
  const approvals = useApprovals(subject);
  const held = action.state === "held";
  const approval = approvals.data?.items.find((one) => action.approval?.endsWith(one.id));
  const seats = approval?.stages.flat().filter((seat) => !seat.signed_by) ?? [];
  const whose = [...(action.handler ? [t("theHandler")] : []), ...action.roles.map(roleName)].join(" / ");
  return (
    <li className="waiting">
      <b>{code(action.step)}</b>
      {held ? (
        <span>
          {t("heldBy")}{approval && `${mark("colon")}${pick(approval.title_zh, approval.title)}`}
          {seats.length > 0 && ` · ${t("waitsForSigner")} ${seats.map((seat) => `${roleName(seat.role)} ${placeName(seat.place)}`).join(mark("list"))}`}
        </span>
      ) : (
        <span>{t("awaits")} {whose} {action.person && <b><Person of={action.person} /></b>}</span>
      )}
      <span className="quiet">{t("rules")} {action.rules.join(", ")}</span>
    </li>
  );
}

/** Why a step is not possible now: what comes before it. */
function Because({ action, state }: { action: Action; state: string }) {
  const { t, code, pick, mark } = useSpeech();
  if (action.gates.length > 0) return <>{t("after")} {action.gates.map((gate) => code(`gate.${gate}`)).join(mark("list"))}</>;
  if (!action.since.includes(state)) return <>{t("when")} {action.since.map(code).join(" / ")}</>;
  const known = OTHERWISE[action.step];
  return <>{known ? pick(...known) : action.because}</>;
}
