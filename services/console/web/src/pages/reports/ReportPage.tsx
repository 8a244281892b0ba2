import { DownloadOutlined } from "@ant-design/icons";
import { useMutation, useQuery } from "@tanstack/react-query";
import { Alert, Button, Skeleton, Tag } from "antd";
import { useEffect, useRef, useState } from "react";
import { Link, useParams } from "react-router";
import { ask, download, XLSX, type Page, type Report, type ReportLine } from "../../api";
import { useSpeech } from "../../language";
import { may, ROLES } from "../../may";
import { Person } from "../../parts/Person";
import { Place } from "../../parts/Place";
import { ProblemNote } from "../../parts/ProblemNote";
import { StepForm } from "../../parts/StepForm";
import { useDesk } from "../../Shell";
import { Approvals } from "../Approvals";
import type { Field } from "../steps";
import { Owed } from "../Terms";
import { Corrections, Overview, Parts, TermsEnded, Trend } from "./Figures";
import { usePeriods } from "./periods";
import { ReportState } from "./ReportState";

const REPORTS = "/v1/complaints/reports";
/** how many periods the trend shows */
const TREND = 12;

export function ReportPage() {
  const { id } = useParams<{ id: string }>();
  return <Opened key={id} id={id!} />;
}

function Opened({ id }: { id: string }) {
  const { t, code, when } = useSpeech();
  const periods = usePeriods();
  const heading = useRef<HTMLHeadingElement>(null);
  const found = useQuery({
    queryKey: ["report", id], staleTime: 60_000, queryFn: ({ signal }) => ask<Report>(`/api/complaint${REPORTS}/${encodeURIComponent(id)}`, { signal }),
  });
  const lines = useBefore(found.data);
  useEffect(() => heading.current?.focus(), [found.isSuccess]);
  if (found.isPending) return <section className="card"><Skeleton active /></section>;
  if (found.isError) return <section className="card"><ProblemNote error={found.error} retry={() => void found.refetch()} /></section>;
  const one = found.data;
  const dayBefore = new Date(Date.parse(one.first_day) - 86_400_000).toISOString().slice(0, 10);
  return (
    <>
      <section className="card case-head" aria-labelledby="report-title">
        <h1 id="report-title" tabIndex={-1} ref={heading}>{t("statisticsForm")} <span className="number">{periods.name(one)}</span></h1>
        <p>
          <Tag>{code(`report.${one.kind}`)}</Tag> <ReportState of={one} />{" "}
          <b><Place of={one.branch} /></b> <span className="quiet">{periods.span(one)} · {t("frozenFigures")} {when(one.frozen_at)}</span>
        </p>
        <Owed subject={id} />
        <Papers of={one} />
        <Readers of={one} />
      </section>
      <Overview of={one} before={lines.find((line) => line.last_day === dayBefore)} />
      <div className="two case">
        <div>
          <Remarks of={one} />
          <Trend of={one} lines={lines} />
        </div>
        <Approvals subject={id} />
      </div>
      <Parts of={one} />
      <TermsEnded of={one} />
      <Corrections of={one} />
      <p className="quiet">{t("digestOfFigures")} <code title={one.digest}>{one.digest.slice(0, 16)}…</code> · <Link to="/reports">{t("reports")}</Link></p>
    </>
  );
}

/** This report and those of the same branch and kind before it, the newest first. */
function useBefore(of: Report | undefined): ReportLine[] {
  const wanted = of && new URLSearchParams({ branch: of.branch, kind: of.kind, limit: "100" });
  const found = useQuery({
    queryKey: ["work", "reports", "before", of?.branch, of?.kind], enabled: of !== undefined, retry: false,
    queryFn: ({ signal }) => ask<Page<ReportLine>>(`/api/complaint${REPORTS}?${wanted}`, { signal }),
  });
  return (found.data?.items ?? []).filter((one) => of && one.first_day <= of.first_day).slice(0, TREND);
}

/** The paper and the workbook: each giving is on record. */
function Papers({ of }: { of: Report }) {
  const { t } = useSpeech();
  const save = useMutation({
    mutationFn: (format: "pdf" | "xlsx") =>
      download(`/api/complaint${REPORTS}/${of.id}?format=${format}`, format === "pdf" ? "application/pdf" : XLSX, `statistics-${of.period}-${of.branch}.${format}`),
  });
  const busy = (format: string) => save.isPending && save.variables === format;
  return (
    <>
      <p className="buttons">
        <Button size="small" icon={<DownloadOutlined />} loading={busy("pdf")} onClick={() => save.mutate("pdf")}>{t("savePdf")}</Button>
        <Button size="small" icon={<DownloadOutlined />} loading={busy("xlsx")} onClick={() => save.mutate("xlsx")}>{t("saveWorkbook")}</Button>
      </p>
      {save.isError && <ProblemNote error={save.error} />}
    </>
  );
}

function Readers({ of }: { of: Report }) {
  const { t, mark } = useSpeech();
  const { roleName } = useDesk();
  const roles = ROLES["complaint.read_statistics"].map(roleName).join(mark("list"));
  return (
    <details className="later">
      <summary>{t("whoMayRead")}</summary>
      <p className="quiet">{t(of.branch === "group" ? "readersOfGroup" : "readersOfBranch")}{roles}</p>
    </details>
  );
}

/** What HR-admin says to the figures; who may, says it here, until it is reviewed or while it is not held for that (P17.10). */
function Remarks({ of }: { of: Report }) {
  const { t, when } = useSpeech();
  const { me } = useDesk();
  const [opened, setOpened] = useState(false);
  const name = t(of.remarks === null ? "fillIn" : "fillInAnew");
  const held = Object.values(of.held).find((one) => one.actions.includes("fill_in"));
  const fills = may(me, "complaint.fill_in_statistics") && of.state !== "reviewed" && !held;
  const field: Field = { name: "remarks", zh: "说明", en: "remarks", kind: "words", required: true, most: 4000 };
  return (
    <section className="card" aria-labelledby="remarks-title">
      <h2 id="remarks-title">{t("remarks")}</h2>
      {of.remarks === null ? <p className="empty">{t("noRemarks")}</p> : <blockquote>{of.remarks}</blockquote>}
      {of.filled_at && <p className="quiet">{t("filledInBy")} <Person of={of.filled_by} /> {when(of.filled_at)}</p>}
      {of.reviewed_at && <p className="quiet">{t("reviewedBy")} <Person of={of.reviewed_by} /> {when(of.reviewed_at)}</p>}
      {held && <Alert type="info" showIcon title={t("heldForReview")} description={`${t("rules")} ${held.rules.join(", ")}`} />}
      {of.state === "reviewed" && may(me, "complaint.fill_in_statistics") && <p className="quiet">{t("reviewedStays")}</p>}
      {fills && <Button type={of.state === "frozen" && of.kind === "month" ? "primary" : "default"} aria-expanded={opened} onClick={() => setOpened(!opened)}>{name}</Button>}
      {/* what somebody has written stays also when another was quicker */}
      {opened && (
        <StepForm subject={of.id} name={name} path={`${REPORTS}/${of.id}/fill-in`} fields={[field]} rules={["P17.10"]} version={of.version}
          initial={{ remarks: of.remarks ?? "" }} about={<p className="quiet">{t("fillInMeans")}</p>} body={(values) => values} done={() => setOpened(false)} />
      )}
    </section>
  );
}
