import { Tag } from "antd";
import { useSpeech } from "../language";
import type { Shipment } from "./api";

const COLOURS: Record<Shipment["state"], string> = {
  held: "warning", released: "success", invoiced: "processing", issued: "processing", delivered: "default", cancelled: "default",
};

/** Where a shipment stands, and what about it stands out. */
export function State({ of }: { of: Shipment }) {
  const { t, code } = useSpeech();
  return (
    <>
      <Tag color={COLOURS[of.state]}>{code(`shipment.${of.state}`)}</Tag>
      {of.overrun && <Tag color="error">{of.overrun === "first" ? t("firstOverrun") : t("lastOverrun")}</Tag>}
      {of.unreleased && <Tag color="error">{t("unreleased")}</Tag>}
      {(of.state === "held" || of.state === "invoiced") && of.waits_for.length > 0 && <Tag color="processing">{t("waitsForSignature")}</Tag>}
    </>
  );
}
