import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Alert, App, Button, Progress, Select, Skeleton, Tabs, Tag } from "antd";
import { useState } from "react";
import { useSearchParams } from "react-router";
import { ask, download, type Page } from "../../api";
import { CREDIT, may, type ImportedRow, type ImportView } from "../../credit/api";
import { useStep } from "../../credit/asking";
import { Rules } from "../../credit/Why";
import { useSpeech } from "../../language";
import { ProblemNote } from "../../parts/ProblemNote";
import { refusal, wrongHere } from "../../refusals";
import { useDesk } from "../../Shell";

const KINDS = ["payments", "documents"] as const;
type Kind = (typeof KINDS)[number];
/** how often a file on its way in is asked after, in ms */
const OFTEN = 1_000;

/** Files of the bank and of the ERP: tried first, then taken, with what became of each row (P02.4). */
export function Imports() {
  const { t } = useSpeech();
  const { me } = useDesk();
  const [query, setQuery] = useSearchParams();
  const kind: Kind = KINDS.find((one) => one === query.get("kind")) ?? "payments";
  if (!may(me, "credit.book")) return <section className="card"><Alert type="warning" showIcon title={t("notYourFiles")} /></section>;
  const names = { payments: t("bankFile"), documents: t("erpFile") };
  return (
    <section className="card" aria-labelledby="imports-title">
      <h1 id="imports-title">{t("imports")}</h1>
      <Tabs activeKey={kind} onChange={(key) => setQuery({ kind: key }, { replace: true })} items={KINDS.map((one) => ({ key: one, label: names[one] }))} />
      <FileIn key={kind} kind={kind} shown={query.get("import")} show={(id) => setQuery({ kind, import: id }, { replace: true })} />
    </section>
  );
}

interface Handed {
  dry: boolean;
  name: string;
  size: number;
  changed: number;
}

function FileIn({ kind, shown, show }: { kind: Kind; shown: string | null; show: (id: string) => void }) {
  const { t } = useSpeech();
  const [file, choose] = useState<File | null>(null);
  const [tried, setTried] = useState<string | null>(null); // the dry run of the chosen file
  const found = useImport(kind, shown);
  const hand = useStep<Handed>(async ({ dry }, key) => {
    const view = await ask<ImportView>(`${CREDIT}/${kind}/imports${dry ? "?dry_run=true" : ""}`, { method: "POST", key, file: file! });
    setTried(dry ? view.id : null);
    show(view.id);
  });
  const send = (dry: boolean) => hand.mutate({ dry, name: file!.name, size: file!.size, changed: file!.lastModified });
  const ready = tried !== null && tried === shown && found.data?.state === "done";
  const takes = ready ? (found.data!.outcomes.made ?? 0) + (found.data!.outcomes.changed ?? 0) : 0;
  return (
    <>
      <p className="quiet">{kind === "payments" ? t("bankColumns") : t("erpColumns")}</p>
      <label htmlFor="file" className="file-label">{t("chooseFile")}</label>
      <input id="file" type="file" accept=".csv,.xlsx,text/csv" onChange={(event) => { choose(event.target.files?.[0] ?? null); setTried(null); hand.reset(); }} />
      <p className="buttons">
        <Button type={ready ? "default" : "primary"} disabled={!file} loading={hand.isPending && hand.variables.dry} onClick={() => send(true)}>{t("dryRun")}</Button>
        <Button type={ready ? "primary" : "default"} disabled={!file || !ready || takes === 0} loading={hand.isPending && !hand.variables.dry} onClick={() => send(false)}>
          {ready ? `${t("takeIn")} (${takes})` : t("takeIn")}
        </Button>
        <span className="quiet">{ready ? (takes > 0 ? t("refusedStay") : t("nothingToTake")) : t("dryFirst")}</span>
      </p>
      {hand.isError && <ProblemNote error={hand.error} />}
      {shown && (found.isError ? <ProblemNote error={found.error} retry={() => void found.refetch()} /> : found.data ? <Result kind={kind} of={found.data} /> : <Skeleton active />)}
    </>
  );
}

const useImport = (kind: Kind, id: string | null) =>
  useQuery<ImportView>({
    queryKey: ["credit", "import", kind, id], enabled: id !== null,
    refetchInterval: ({ state }) => (state.data && state.data.state !== "waiting" ? false : OFTEN),
    queryFn: ({ signal }) => ask<ImportView>(`${CREDIT}/${kind}/imports/${encodeURIComponent(id!)}`, { signal }),
  });

const COLOURS: Record<string, string> = { made: "success", changed: "success", unchanged: "default", refused: "error", failed: "error" };

/** How far it has come, and what became of each row. */
function Result({ kind, of }: { kind: Kind; of: ImportView }) {
  const { t, code, when, language } = useSpeech();
  const { message } = App.useApp();
  const [outcome, setOutcome] = useState<string>();
  const rows = useInfiniteQuery({
    queryKey: ["credit", "import-rows", of.id, outcome, of.done], initialPageParam: "", enabled: of.state !== "waiting",
    queryFn: ({ pageParam, signal }) => {
      const query = new URLSearchParams({ limit: "50" });
      if (outcome) query.set("outcome", outcome);
      if (pageParam) query.set("cursor", pageParam);
      return ask<Page<ImportedRow>>(`${CREDIT}/${kind}/imports/${of.id}/rows?${query}`, { signal });
    },
    getNextPageParam: (last) => last.next ?? undefined,
  });
  const items = rows.data?.pages.flatMap((page) => page.items) ?? [];
  const [saving, setSaving] = useState(false);
  const save = async () => {
    setSaving(true);
    try {
      await download(`${CREDIT}/${kind}/imports/${of.id}/rows.csv${outcome ? `?outcome=${outcome}` : ""}`, "text/csv", `${kind}-${of.id.slice(0, 13)}.csv`);
    } catch {
      void message.error(t("notDownloaded"));
    } finally {
      setSaving(false);
    }
  };
  return (
    <section aria-labelledby="result-title" className="imported">
      <h2 id="result-title">{of.dry_run ? t("dryResult") : t("takenResult")} <span className="quiet">{when(of.asked_at)}</span></h2>
      <Progress percent={of.rows === 0 ? 100 : Math.floor((100 * of.done) / of.rows)} status={of.state === "failed" ? "exception" : of.state === "done" ? "success" : "active"} aria-label={t("progress")} />
      <p role="status" className="tags">
        <b>{of.state === "waiting" ? t("underWay") : of.state === "failed" ? t("importFailed") : of.dry_run ? t("dryDone") : t("takenDone")}</b>
        <span>{of.done} / {of.rows} {t("rows")}</span>
        {Object.entries(of.outcomes).map(([name, many]) => <Tag key={name} color={COLOURS[name] ?? "default"}>{code(`outcome.${name}`)} {many}</Tag>)}
      </p>
      {of.state !== "waiting" && (
        <>
          <p className="filters">
            <Select allowClear aria-label={t("outcome")} placeholder={t("anyOutcome")} value={outcome} onChange={(value?: string) => setOutcome(value)}
              options={Object.keys(of.outcomes).map((one) => ({ value: one, label: code(`outcome.${one}`) }))} />
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
                    <td><Tag color={COLOURS[one.outcome] ?? "default"}>{code(`outcome.${one.outcome}`)}</Tag></td>
                    <td>
                      {refusal(one.type, language) ?? one.detail} {one.errors.map((error, n) => <span key={n} className="ledger-entry"><code>{error.pointer}</code> {wrongHere(error, language)}</span>)} <Rules of={one.rules} />
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
