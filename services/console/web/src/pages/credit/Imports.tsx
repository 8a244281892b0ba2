import { Alert, Tabs } from "antd";
import { useSearchParams } from "react-router";
import { may } from "../../credit/api";
import { FileIn, type FileWords } from "../../credit/FileIn";
import { useSpeech } from "../../language";
import { useDesk } from "../../Shell";

const KINDS = ["payments", "documents"] as const;
type Kind = (typeof KINDS)[number];

const WORDS: FileWords = {
  dryFirst: "dryFirst", takeIn: "takeIn", refusedStay: "refusedStay", nothingToTake: "nothingToTake", takenResult: "takenResult",
  dryDone: "dryDone", takenDone: "takenDone",
};

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
      <FileIn key={kind} kind={kind} columns={kind === "payments" ? t("bankColumns") : t("erpColumns")} words={WORDS} outcome="outcome"
        shown={query.get("import")} show={(id) => setQuery({ kind, import: id }, { replace: true })} />
    </section>
  );
}
