import { Alert, Tabs } from "antd";
import { useSearchParams } from "react-router";
import { useSpeech } from "../../language";
import { may } from "../../may";
import { HandIn } from "../../parts/HandIn";
import { useDesk } from "../../Shell";

const KINDS = ["payments", "documents"] as const;

/** Files of the bank and of the ERP: tried first, then taken, with what became of each row (P02.4). */
export function Imports() {
  const { t } = useSpeech();
  const { me } = useDesk();
  const [query, setQuery] = useSearchParams();
  const kind = KINDS.find((one) => one === query.get("kind")) ?? "payments";
  if (!may(me, "credit.book")) return <section className="card"><Alert type="warning" showIcon title={t("notYourFiles")} /></section>;
  const names = { payments: t("bankFile"), documents: t("erpFile") };
  const tabs = <Tabs activeKey={kind} onChange={(key) => setQuery({ kind: key }, { replace: true })} items={KINDS.map((one) => ({ key: one, label: names[one] }))} />;
  return <HandIn table={kind} title={t("imports")} head={tabs} />;
}
