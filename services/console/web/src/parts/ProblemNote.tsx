import { Alert, Button } from "antd";
import { Problem } from "../api";
import { useSpeech, type Word } from "../language";

const SAID: [(problem: Problem) => boolean, Word][] = [
  [(p) => p.status === 0, "errOffline"],
  [(p) => p.slug === "foreign-page", "errReload"],
  [(p) => p.status === 429 || p.status === 502 || p.status === 503, "errBusy"],
  [(p) => p.status === 412, "errStale"],
  [(p) => p.status === 403, "errForbidden"],
  [(p) => p.status === 404, "errNotFound"],
  [(p) => p.status === 422, "errInvalid"],
  [(p) => p.status === 409, "errRefused"],
];

/** What went wrong, what to do next, and what leads to it. */
export function ProblemNote({ error, retry }: { error: unknown; retry?: () => void }) {
  const { t } = useSpeech();
  const problem = error instanceof Problem ? error : new Problem(500, "unexpected", "", "");
  if (problem.status === 401) return null;
  const said = SAID.find(([fits]) => fits(problem))?.[1] ?? "errUnexpected";
  return (
    <Alert
      type={problem.passes ? "warning" : "error"}
      showIcon
      role="alert"
      title={t(said)}
      description={
        <div className="problem">
          {problem.detail && <p>{problem.detail}</p>}
          {problem.errors.length > 0 && (
            <ul>
              {problem.errors.map((one) => (
                <li key={one.pointer}>
                  <code>{one.pointer}</code> {one.detail}
                </li>
              ))}
            </ul>
          )}
          <p className="quiet">
            {problem.rules.length > 0 && `${t("rules")} ${problem.rules.join(", ")}  `}
            {problem.traceId && `${t("trace")} ${problem.traceId.slice(0, 16)}`}
          </p>
        </div>
      }
      action={retry && <Button size="small" onClick={retry}>{t("retry")}</Button>}
    />
  );
}
