import { Alert, App, Button } from "antd";
import { Link } from "react-router";
import { download, XLSX } from "../api";
import { useSpeech } from "../language";
import { may } from "../may";
import { HandIn } from "../parts/HandIn";
import { PATHS } from "../parts/tables";
import { useDesk } from "../Shell";

/** Lists of complaints, of another system or of earlier years: each with its own dates, once (P04.3). */
export function ImportCases() {
  const { t } = useSpeech();
  const { me } = useDesk();
  const { message } = App.useApp();
  if (!may(me, "complaint.take")) return <section className="card"><Alert type="warning" showIcon title={t("notYourCaseLists")} /></section>;
  const template = () => void download(`${PATHS.complaints}/template`, XLSX, "complaints-template.xlsx").catch(() => message.error(t("notDownloaded")));
  return (
    <HandIn table="complaints" title={t("importCases")} led={(id) => <Link to={`/cases/${id}`}>{t("openCase")}</Link>}
      template={<Button size="small" onClick={template}>{t("template")}</Button>} />
  );
}
