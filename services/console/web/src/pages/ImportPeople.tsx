import { Alert } from "antd";
import { useSpeech } from "../language";
import { may } from "../may";
import { HandIn } from "../parts/HandIn";
import { useDesk } from "../Shell";

/** A table of people: who is new joins, who is there is brought up to date (P05.15). */
export function ImportPeople() {
  const { t } = useSpeech();
  const { me } = useDesk();
  if (!may(me, "staff.people")) return <section className="card"><Alert type="warning" showIcon title={t("notYourPeople")} /></section>;
  return <HandIn table="people" title={t("importPeople")} />;
}
