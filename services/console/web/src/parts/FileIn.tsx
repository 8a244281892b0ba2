// A file that is handed in: tried first, then taken, with how far it has come and what became of each row.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { App, Button, Progress, Select, Skeleton, Tag } from "antd";
import { useState, type ReactNode } from "react";
import { Link } from "react-router";
import { ask, download, type ImportedRow, type ImportView } from "../api";
import { numberOf } from "../credit/api";
import { useStep } from "../credit/asking";
import { Rules } from "../credit/Why";
import { useSpeech } from "../language";
import { refusal, wrongHere } from "../refusals";
import { ProblemNote } from "./ProblemNote";
import { columnAt, outcomeOf, PATHS, SAID, type Table } from "./tables";
import { useParts } from "./useParts";

/** how often a file on its way in is asked after, in ms */
export const OFTEN = 1_000;

interface Kind {
  table: Table;
  /** what a dry run foretells beyond its rows */
  foretold?: (of: ImportView) => ReactNode;
  /** leads to what a row has become, by its id, where that has a page */
  led?: (ref: string) => ReactNode;
}

interface Handed {
  dry: boolean;
  name: string;
  size: number;
  changed: number;
}

export function FileIn({ shown, show, template, ...of }: Kind & { shown: string | null; show: (id: string) => void; template?: ReactNode }) {
  const { t } = useSpeech();
  const queries = useQueryClient();
  const { table } = of;
  const words = SAID[table];
  const [file, choose] = useState<File | null>(null);
  const [tried, setTried] = useState<string | null>(null); // the dry run of the chosen file
  const found = useImport(table, shown);
  const hand = useStep<Handed>(async ({ dry }, key) => {
    const view = await ask<ImportView>(`${PATHS[table]}${dry ? "?dry_run=true" : ""}`, { method: "POST", key, file: file! });
    setTried(dry ? view.id : null);
    show(view.id);
  }, () => void queries.invalidateQueries({ queryKey: ["import", table, "past"] }));
  const send = (dry: boolean) => hand.mutate({ dry, name: file!.name, size: file!.size, changed: file!.lastModified });
  const ready = tried !== null && tried === shown && found.data?.state === "done";
  const takes = ready ? (found.data!.outcomes.made ?? 0) + (found.data!.outcomes.changed ?? 0) : 0;
  return (
    <>
      <p className="quiet">{t(words.columns)} {template}</p>
      <label htmlFor="file" className="file-label">{t("chooseFile")}</label>
      <input id="file" type="file" accept=".csv,.xlsx,text/csv" onChange={(event) => { choose(event.target.files?.[0] ?? null); setTried(null); hand.reset(); }} />
      <p className="buttons">
        <Button type={ready ? "default" : "primary"} disabled={!file} loading={hand.isPending && hand.variables.dry} onClick={() => send(true)}>{t("dryRun")}</Button>
        <Button type={ready ? "primary" : "default"} disabled={!file || !ready || takes === 0} loading={hand.isPending && !hand.variables.dry} onClick={() => send(false)}>
          {ready ? `${t(words.takeIn)} (${takes})` : t(words.takeIn)}
        </Button>
        <span className="quiet">{ready ? (takes > 0 ? t(words.refusedStay) : t(words.nothingToTake)) : t(words.dryFirst)}</span>
      </p>
      {hand.isError && <ProblemNote error={hand.error} />}
      {shown && (found.isError ? <ProblemNote error={found.error} retry={() => void found.refetch()} /> : found.data ? <Result {...of} of={found.data} /> : <Skeleton active />)}
    </>
  );
}

const useImport = (table: Table, id: string | null) =>
  useQuery<ImportView>({
    queryKey: ["import", table, "one", id], enabled: id !== null,
    refetchInterval: ({ state }) => (state.data && state.data.state !== "waiting" ? false : OFTEN),
    queryFn: ({ signal }) => ask<ImportView>(`${PATHS[table]}/${encodeURIComponent(id!)}`, { signal }),
  });

export const COLOURS: Record<string, string> = { made: "success", changed: "success", unchanged: "default", refused: "error", failed: "error" };

/** How far it has come, and what became of each row. */
function Result({ table, foretold, led, of }: Kind & { of: ImportView }) {
  const { t, code, when, language, mark } = useSpeech();
  const { message } = App.useApp();
  const words = SAID[table];
  const [outcome, setOutcome] = useState<string>();
  const narrowed = outcome ? `&outcome=${outcome}` : "";
  const decided = of.state !== "waiting";
  const rows = useParts<ImportedRow>(["import", table, "rows", of.id, outcome, of.done], `${PATHS[table]}/${of.id}/rows?limit=50${narrowed}`, undefined, decided);
  const items = rows.data?.pages.flatMap((page) => page.items) ?? [];
  const [saving, setSaving] = useState(false);
  const save = async () => {
    setSaving(true);
    try {
      await download(`${PATHS[table]}/${of.id}/rows.csv?${narrowed}`, "text/csv", `${table}-${of.id.slice(0, 13)}.csv`);
    } catch {
      void message.error(t("notDownloaded"));
    } finally {
      setSaving(false);
    }
  };
  return (
    <section aria-labelledby="result-title" className="imported">
      <h2 id="result-title">{of.dry_run ? t("dryResult") : t(words.takenResult)} <span className="quiet">{when(of.asked_at)}</span></h2>
      <Progress percent={of.rows === 0 ? 100 : Math.floor((100 * of.done) / of.rows)} status={of.state === "failed" ? "exception" : of.state === "done" ? "success" : "active"} aria-label={t("progress")} />
      <p role="status" className="tags">
        <b>{of.state === "waiting" ? t("underWay") : of.state === "failed" ? t("importFailed") : of.dry_run ? t(words.dryDone) : t(words.takenDone)}</b>
        <span>{of.done} / {of.rows} {t("rows")}</span>
        {Object.entries(of.outcomes).map(([name, many]) => <Tag key={name} color={COLOURS[name] ?? "default"}>{code(outcomeOf(table, name))} {many}</Tag>)}
      </p>
      {of.state === "done" && of.dry_run && foretold?.(of)}
      {decided && (
        <>
          <p className="filters">
            <Select allowClear aria-label={t("outcome")} placeholder={t("anyOutcome")} value={outcome} onChange={(value?: string) => setOutcome(value)}
              options={Object.keys(of.outcomes).map((one) => ({ value: one, label: code(outcomeOf(table, one)) }))} />
            <Button loading={saving} onClick={() => void save()}>{t("rowsAsCsv")}</Button>
          </p>
          {rows.isPending && <Skeleton active />}
          {rows.isError && <ProblemNote error={rows.error} retry={() => void rows.refetch()} />}
          <div className="wide-table" tabIndex={0} role="region" aria-labelledby="result-title">
            <table className="table">
              <thead><tr><th scope="col" className="num">{t("row")}</th><th scope="col">{t("outcome")}</th><th scope="col">{t("because")}</th></tr></thead>
              <tbody>
                {items.map((one) => (
                  <tr key={one.row}>
                    <td className="num">{one.row}</td>
                    <td><Tag color={COLOURS[one.outcome] ?? "default"}>{code(outcomeOf(table, one.outcome))}</Tag></td>
                    <td>
                      {refusal(one.type, language) ?? one.detail} {one.errors.map((error, n) => <span key={n} className="ledger-entry"><b>{columnAt(table, error.pointer, language)}</b> {wrongHere(error, language)}</span>)}
                      {one.foretold && (
                        <>
                          {code(`foretold.${one.foretold.what}`)}{mark("colon")}{code(`finding.${one.foretold.because}`)}{" "}
                          {one.foretold.about && <Link className="number" to={`/credit/shipments/${one.foretold.about}`}>{numberOf(one.foretold.about)}</Link>}
                        </>
                      )}
                      {one.ref && led?.(one.ref)} <Rules of={one.foretold?.rules ?? one.rules} />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
          {rows.hasNextPage && <p><Button block onClick={() => void rows.fetchNextPage()} loading={rows.isFetchingNextPage}>{t("more")}</Button></p>}
        </>
      )}
    </section>
  );
}
