import { ClockCircleOutlined } from "@ant-design/icons";
import { useSpeech } from "../language";

/** A due date that says whether it is late, in words and not by colour alone. */
export function Due({ at, over }: { at: string | null; over?: boolean }) {
  const { t, when } = useSpeech();
  if (!at) return <span className="quiet">{t("noDue")}</span>;
  const late = !over && new Date(at) < new Date();
  const soon = !late && !over && new Date(at).getTime() - Date.now() < 24 * 3600_000;
  return (
    <time dateTime={at} className={late ? "due late" : soon ? "due soon" : "due"}>
      <ClockCircleOutlined aria-hidden /> {when(at)}
      {late && <strong> {t("late")}</strong>}
    </time>
  );
}
