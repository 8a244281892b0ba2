import { Alert, Button, Select, Skeleton } from "antd";
import { Link, useSearchParams } from "react-router";
import type { ReportLine } from "../../api";
import { civilDay, today, useDays } from "../../credit/useDays";
import { useSpeech } from "../../language";
import { may } from "../../may";
import { isMeant } from "../../parts/branches";
import { Place } from "../../parts/Place";
import { ProblemNote } from "../../parts/ProblemNote";
import { useParts } from "../../parts/useParts";
import { useDesk } from "../../Shell";
import { following, usePeriods } from "./periods";
import { ReportState } from "./ReportState";

const KINDS = ["week", "month"] as const;

/** The weekly and monthly statistics within reach, the newest first (P12.9, P17.10). */
export function ReportsPage() {
  const { t, code } = useSpeech();
  const { me, branchOptions } = useDesk();
  const [query, setQuery] = useSearchParams();
  const kind = KINDS.find((one) => one === query.get("kind"));
  const branch = query.get("branch") ?? undefined;
  if (!may(me, "complaint.read_statistics")) return <section className="card"><Alert type="warning" showIcon title={t("notYourStatistics")} /></section>;
  const narrow = (name: string, value: string | undefined) => {
    const wanted = new URLSearchParams(query);
    if (value) wanted.set(name, value);
    else wanted.delete(name);
    setQuery(wanted, { replace: true });
  };
  return (
    <section className="card" aria-labelledby="reports-title">
      <h1 id="reports-title">{t("statisticsForm")}</h1>
      <p className="filters">
        <Select allowClear aria-label={t("reportKind")} placeholder={t("allKinds")} value={kind} onChange={(value: string | undefined) => narrow("kind", value)}
          options={KINDS.map((value) => ({ value, label: code(`report.${value}`) }))} />
        <Select allowClear showSearch={{ filterOption: isMeant }} aria-label={t("ofBranch")} placeholder={t("allBranches")} value={branch} onChange={(value: string | undefined) => narrow("branch", value)}
          options={[{ value: "group", label: t("wholeGroup") }, ...branchOptions]} />
      </p>
      <Listed kind={kind} branch={branch} />
    </section>
  );
}

function Listed({ kind, branch }: { kind: ReportLine["kind"] | undefined; branch: string | undefined }) {
  const { t } = useSpeech();
  const wanted = new URLSearchParams({ limit: "50", ...(kind ? { kind } : {}), ...(branch ? { branch } : {}) });
  const found = useParts<ReportLine>(["work", "reports", kind, branch], `/api/complaint/v1/complaints/reports?${wanted}`);
  if (found.isPending) return <Skeleton active />;
  if (found.isError) return <ProblemNote error={found.error} retry={() => void found.refetch()} />;
  const items = found.data.pages.flatMap((page) => page.items);
  if (items.length === 0) return branch ? <p className="empty">{t("noneOfThese")}</p> : <None kind={kind} />;
  return (
    <>
      <table className="table reports">
        <caption className="away">{t("reports")}</caption>
        <thead>
          <tr>
            <th scope="col">{t("period")}</th>
            <th scope="col">{t("ofBranch")}</th>
            {COLUMNS.map(([name, title]) => <th key={name} scope="col" className="num">{t(title)}</th>)}
            <th scope="col">{t("state")}</th>
          </tr>
        </thead>
        <tbody>{items.map((one) => <Line key={one.id} of={one} />)}</tbody>
      </table>
      {found.hasNextPage && <Button block onClick={() => void found.fetchNextPage()} loading={found.isFetchingNextPage}>{t("more")}</Button>}
    </>
  );
}

const COLUMNS = [
  ["taken", "takenNow"], ["closed", "closedNow"], ["open", "leftOpen"], ["serious", "foundSerious"], ["terms_missed", "termsMissed"], ["corrected", "correctedNow"],
] as const;

function Line({ of }: { of: ReportLine }) {
  const { t, code } = useSpeech();
  const periods = usePeriods();
  return (
    <tr>
      <th scope="row">
        <Link to={`/reports/${of.id}`}>{periods.name(of)}</Link> <span className="quiet">{of.kind === "week" ? periods.span(of) : code("report.month")}</span>
      </th>
      <td className="report-place"><Place of={of.branch} /></td>
      {COLUMNS.map(([name, title]) => <td key={name} className={of[name] ? "num" : "num none"} data-name={t(title)}>{of[name] ?? t("notCounted")}</td>)}
      <td className="report-state"><ReportState of={of} /> {of.owed && <FillInBy due={of.due_at} />}</td>
    </tr>
  );
}

/** The last day on which it is filled in in time, and whether that has passed: "by the 10th" ends at midnight after it. */
function FillInBy({ due }: { due: string | null }) {
  const { t } = useSpeech();
  const days = useDays();
  if (!due) return <span className="quiet">{t("noDue")}</span>;
  const late = new Date(due) < new Date();
  return (
    <time dateTime={due} className={late ? "due late" : "due"}>
      {t("fillInBy")} {days(civilDay(new Date(Date.parse(due) - 1)))}
      {late && <strong> {t("late")}</strong>}
    </time>
  );
}

/** When the first one will be there: ten minutes after the week or month that runs. */
function None({ kind }: { kind: ReportLine["kind"] | undefined }) {
  const { t, mark } = useSpeech();
  const days = useDays();
  const { week, month } = following(today());
  const firsts = [...(kind === "month" ? [] : [`${t("firstWeekly")} ${days(week)}`]), ...(kind === "week" ? [] : [`${t("firstMonthly")} ${days(month)}`])];
  return <p className="empty">{t("noReports")}{firsts.join(mark("comma"))} {t("afterSettled")}</p>;
}
