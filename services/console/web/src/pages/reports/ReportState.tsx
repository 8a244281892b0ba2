import { Tag } from "antd";
import type { ReportLine } from "../../api";
import { useSpeech } from "../../language";

const COLOURS: Record<ReportLine["state"], string> = { frozen: "default", filled_in: "processing", reviewed: "success" };

/** How far its filling in has come; where nobody owes that, its figures are frozen and it is done. */
export function ReportState({ of }: { of: ReportLine }) {
  const { code } = useSpeech();
  const counted = of.state === "frozen" && !of.owed;
  return <Tag color={COLOURS[of.state]}>{code(counted ? "report.counted" : `report.${of.state}`)}</Tag>;
}
