import { Tag } from "antd";
import type { ReportLine } from "../../api";
import { useSpeech } from "../../language";

const COLOURS: Record<ReportLine["state"], string> = { frozen: "default", filled_in: "processing", reviewed: "success" };

/** How far its filling in has come; nobody owes that of a week, or of the group. */
export function ReportState({ of }: { of: ReportLine }) {
  const { code } = useSpeech();
  const counted = of.state === "frozen" && (of.kind === "week" || of.branch === "group");
  return <Tag color={COLOURS[of.state]}>{code(counted ? "report.counted" : `report.${of.state}`)}</Tag>;
}
