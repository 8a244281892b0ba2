import { Alert, Button } from "antd";
import { Problem } from "../api";
import { useSpeech, type Word } from "../language";
import { refusal, wrongHere } from "../refusals";

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

/** What went wrong, what to do next, and what leads to it; `names` knows fields by their pointers. */
export function ProblemNote({ error, retry, names }: { error: unknown; retry?: () => void; names?: (pointer: string) => string | undefined }) {
  const { t, language } = useSpeech();
  const problem = error instanceof Problem ? error : new Problem(500, "unexpected", "", "");
  if (problem.status === 401) return null;
  const chinese = language === "zh";
  const said = refusal(problem.slug, language) ?? t(SAID.find(([fits]) => fits(problem))?.[1] ?? "errUnexpected");
  return (
    <Alert
      type={problem.passes ? "warning" : "error"}
      showIcon
      role="alert"
      title={said}
      description={
        <div className="problem">
          {!chinese && problem.detail && <p>{problem.detail}</p>}
          {problem.errors.length > 0 && (
            <ul>
              {problem.errors.map((one, nth) => (
                <li key={nth}>
                  {names?.(one.pointer) ?? <code>{one.pointer}</code>} {wrongHere(one, language)}
                </li>
              ))}
            </ul>
          )}
          {chinese && problem.detail && <p className="quiet" lang="en">{problem.detail}</p>}
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
