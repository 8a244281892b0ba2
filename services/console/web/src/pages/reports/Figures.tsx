import { Button, Skeleton } from "antd";
import { useState } from "react";
import { Link } from "react-router";
import type { CaseNumber, Report, ReportLine } from "../../api";
import { useSpeech, type Word } from "../../language";
import { Place } from "../../parts/Place";
import { ProblemNote } from "../../parts/ProblemNote";
import { screenOf } from "../../parts/screen";
import { useParts } from "../../parts/useParts";
import { nameOf, others, PARTS, SUMS, termsOf, valuesOf, type Division } from "./figures";
import { usePeriods } from "./periods";

/** What sums the report up, beside the period before where that is known; each figure opens into its cases. */
export function Overview({ of, before }: { of: Report; before: ReportLine | undefined }) {
  const { t } = useSpeech();
  const [opened, setOpened] = useState<string | null>(null);
  const count = (figure: string) => [...of.figures, ...of.corrections].find((one) => one.figure === figure)?.count ?? 0;
  const shown = SUMS.filter(([figure]) => count(figure) > 0 || !["late.open", "open.serious"].includes(figure));
  const title = SUMS.find(([figure]) => figure === opened)?.[1];
  const known: Record<string, keyof Compared> = { taken: "taken", closed: "closed", open: "open", serious: "serious" };
  return (
    <section className="card" aria-labelledby="overview-title">
      <h2 id="overview-title">{t("overview")}</h2>
      <dl className="figures-big">
        {shown.map(([figure, name]) => {
          const many = figure === "open" ? of.open : count(figure);
          return (
            <div key={figure}>
              <dt>{t(name)}</dt>
              <dd>
                {many === null ? <span className="quiet">{t("notCounted")}</span> : many === 0 ? "0" : (
                  <button type="button" className="figure-button" aria-label={`${t(name)} ${many}`} aria-expanded={opened === figure} onClick={() => setOpened(opened === figure ? null : figure)}>{many}</button>
                )}
              </dd>
              {known[figure] && <Difference name={known[figure]} of={of} before={before} />}
            </div>
          );
        })}
        <div>
          <dt>{t("termsMissed")}</dt>
          <dd>{of.terms_missed > 0 ? <a href="#terms-title" className="figure-button">{of.terms_missed}</a> : 0}</dd>
          <Difference name="terms_missed" of={of} before={before} />
        </div>
        <div>
          <dt>{t("correctedNow")}</dt>
          <dd>{of.corrected > 0 ? <a href="#corrections-title" className="figure-button">{of.corrected}</a> : 0}</dd>
        </div>
      </dl>
      {opened && title && <CasesOf report={of} figure={opened} name={t(title)} />}
      <p className="quiet">{t("howItAddsUp")}</p>
    </section>
  );
}

type Compared = Pick<ReportLine, "taken" | "closed" | "open" | "serious" | "terms_missed">;

/** By how much it is more or less than in the period before. */
function Difference({ name, of, before }: { name: keyof Compared; of: Compared; before: Compared | undefined }) {
  const { t } = useSpeech();
  const [now, then] = [of[name], before?.[name]];
  if (now === null || then === null || then === undefined) return null;
  const more = now - then;
  return <dd className="quiet">{more === 0 ? t("sameAsBefore") : `${t("toBefore")} ${more > 0 ? "+" : "−"}${Math.abs(more)}`}</dd>;
}

/** What was counted, part by part, each divided in several ways; a part without cases is left out. */
export function Parts({ of }: { of: Report }) {
  const { t, mark } = useSpeech();
  const rest = others(of.figures);
  return (
    <>
      {PARTS.map((part) => {
        const counted = part.divisions.filter((one) => valuesOf(of.figures, one).length > 0);
        const divided = counted.filter((one) => valuesOf(of.figures, one).some(({ value }) => value !== "unset"));
        const unset = counted.filter((one) => !divided.includes(one));
        if (counted.length === 0) return null;
        return (
          <section key={part.title} className="card" aria-label={t(part.title)}>
            <h2>{t(part.title)}</h2>
            <div className="divisions">{divided.map((one) => <Divided key={one.key} report={of} by={one} of={t(part.title)} />)}</div>
            {unset.length > 0 && <p className="quiet">{t("unsetInAll")}{unset.map((one) => t(one.title)).join(mark("list"))}</p>}
          </section>
        );
      })}
      {rest.length > 0 && (
        <section className="card" aria-label={t("otherFigures")}>
          <h2>{t("otherFigures")}</h2>
          <Bars report={of} label={t("otherFigures")} rows={rest.map((one) => ({ ...one, name: one.figure }))} />
        </section>
      )}
    </>
  );
}

function Divided({ report, by, of }: { report: Report; by: Division; of: string }) {
  const { t, code } = useSpeech();
  const rows = valuesOf(report.figures, by).map((one) => ({ ...one, name: nameOf(one.value, by, code) }));
  return (
    <div>
      <h3>{t(by.title)}</h3>
      <Bars report={report} label={`${of} ${t(by.title)}`} rows={rows} />
    </div>
  );
}

interface Row {
  figure: string;
  name: string;
  count: number;
}

/** Figures beside each other, each as long as it is large. */
function Bars({ report, label, rows }: { report: Report; label: string; rows: Row[] }) {
  const most = Math.max(1, ...rows.map((one) => one.count));
  return <ul className="bands" aria-label={label}>{rows.map((one) => <Bar key={one.figure} report={report} row={one} most={most} />)}</ul>;
}

function Bar({ report, row, most }: { report: Report; row: Row; most: number }) {
  const [opened, setOpened] = useState(false);
  return (
    <li>
      <button type="button" className="band counted" aria-expanded={opened} onClick={() => setOpened(!opened)}>
        <span>{row.name}</span>
        <svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden><rect className="band-0" width={(100 * row.count) / most} height="8" rx="1" /></svg>
        <b className="num">{row.count}</b>
      </button>
      {opened && <CasesOf report={report} figure={row.figure} name={row.name} />}
    </li>
  );
}

/** How many cases met the term of each duty and how many missed it. */
export function TermsEnded({ of }: { of: Report }) {
  const { t, duty } = useSpeech();
  const [opened, setOpened] = useState<string | null>(null);
  const found = termsOf(of.figures);
  const most = Math.max(1, ...found.map(({ met, missed }) => met + missed));
  const cell = (figure: string, count: number, name: string) => count === 0 ? <span className="quiet">0</span> : (
    <button type="button" className="figure-button" aria-label={`${name} ${count}`} aria-expanded={opened === figure} onClick={() => setOpened(opened === figure ? null : figure)}>{count}</button>
  );
  return (
    <section className="card" aria-labelledby="terms-title">
      <h2 id="terms-title">{t("termsEnded")}</h2>
      {found.length === 0 ? <p className="empty">{t("nothingCounted")}</p> : (
        <table className="table terms">
          <thead><tr><th scope="col">{t("duty")}</th><th scope="col" aria-hidden /><th scope="col" className="num"><i className="key after" aria-hidden />{t("inTime")}</th><th scope="col" className="num"><i className="key over" aria-hidden />{t("tooLate")}</th></tr></thead>
          {found.map((one) => {
            const figures = [`term.met=${one.duty}`, `term.missed=${one.duty}`] as const;
            const name = duty(one.duty);
            return (
              <tbody key={one.duty}>
                <tr>
                  <th scope="row">{name}</th>
                  <td aria-hidden>
                    <svg viewBox="0 0 100 8" preserveAspectRatio="none">
                      <rect className="bar-after" width={(100 * one.met) / most} height="8" />
                      <rect className="bar-after is-over" x={(100 * one.met) / most} width={(100 * one.missed) / most} height="8" />
                    </svg>
                  </td>
                  <td className="num">{cell(figures[0], one.met, `${name} ${t("inTime")}`)}</td>
                  <td className="num">{cell(figures[1], one.missed, `${name} ${t("tooLate")}`)}</td>
                </tr>
                {figures.map((figure, nth) => opened === figure && (
                  <tr key={figure}><td colSpan={4}><CasesOf report={of} figure={figure} name={`${name} ${t(nth === 0 ? "inTime" : "tooLate")}`} /></td></tr>
                ))}
              </tbody>
            );
          })}
        </table>
      )}
    </section>
  );
}

const COMPARED: Record<string, Pick<Division, "key" | "codes">> = {
  judgement: { key: "", codes: "judgement" }, level: { key: "" }, department: { key: "" }, matter: { key: "", codes: "matter" }, serious: { key: "", codes: "whether" },
};

/** What became known of earlier periods after their reports were frozen. */
export function Corrections({ of }: { of: Report }) {
  const { t, code } = useSpeech();
  const { named } = usePeriods();
  // `late` and `changed` alone are the sums of the others, `late.open` is in the overview
  const rows = of.corrections.filter((one) => one.figure.includes("=")).map((one) => {
    const [key, value] = one.figure.split("=") as [string, string];
    if (key === "late.period") return { ...one, name: `${t("lateOfPeriod")} ${named(value)}` };
    const what = key.slice("changed.".length);
    const [then, now] = value.split("→").map((each) => nameOf(each, COMPARED[what] ?? { key }, code));
    return { ...one, name: `${t("changed")}${code(key)} ${then} → ${now}` };
  });
  if (rows.length === 0) return null;
  return (
    <section className="card" aria-labelledby="corrections-title">
      <h2 id="corrections-title">{t("corrections")}</h2>
      <p className="quiet">{t("correctionsMean")}</p>
      <div className="wide-names"><Bars report={of} label={t("corrections")} rows={rows} /></div>
    </section>
  );
}

/** The cases that a figure consists of: their numbers, as they were counted when it was frozen. */
function CasesOf({ report, figure, name }: { report: Report; figure: string; name: string }) {
  const { t } = useSpeech();
  const path = `/api/complaint/v1/complaints/reports/${report.id}/cases?limit=50&figure=${encodeURIComponent(figure)}`;
  const found = useParts<CaseNumber>(["report-cases", report.id, figure], path);
  if (found.isPending) return <Skeleton active title={false} paragraph={{ rows: 1 }} />;
  if (found.isError) return <ProblemNote error={found.error} retry={() => void found.refetch()} />;
  return (
    <div className="opened">
      <ul className="case-numbers" aria-label={`${name} ${t("cases_of")}`}>
        {found.data.pages.flatMap((page) => page.items).map((one) => (
          <li key={one.number}>
            <Link className="number" to={screenOf({ service: "complaint", path: one.path }) ?? "/cases"}>{one.number}</Link>
            {report.branch === "group" && <span className="quiet"> <Place of={one.branch} /></span>}
          </li>
        ))}
      </ul>
      {found.hasNextPage && <Button size="small" onClick={() => void found.fetchNextPage()} loading={found.isFetchingNextPage}>{t("more")}</Button>}
    </div>
  );
}

const COLUMNS: [keyof Compared, Word][] = [
  ["taken", "takenNow"], ["closed", "closedNow"], ["open", "leftOpen"], ["serious", "foundSerious"], ["terms_missed", "termsMissed"],
];

/** The same figures of the periods before, each as long as it is large. */
export function Trend({ of, lines }: { of: Report; lines: ReportLine[] }) {
  const { t } = useSpeech();
  const periods = usePeriods();
  if (lines.length < 2) return null;
  const most = Math.max(1, ...lines.flatMap((one) => COLUMNS.map(([name]) => one[name] ?? 0)));
  return (
    <section className="card" aria-labelledby="trend-title">
      <h2 id="trend-title">{t("trend")}</h2>
      <table className="table trend">
        <thead><tr><th scope="col">{t("period")}</th>{COLUMNS.map(([name, title]) => <th key={name} scope="col">{t(title)}</th>)}</tr></thead>
        <tbody>
          {lines.map((one) => (
            <tr key={one.id}>
              <th scope="row">{one.id === of.id ? <b>{periods.name(one)}</b> : <Link to={`/reports/${one.id}`}>{periods.name(one)}</Link>}</th>
              {COLUMNS.map(([name]) => (
                <td key={name}>
                  {one[name] ?? <span className="quiet">{t("notCounted")}</span>}
                  <svg viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden><rect className={one.id === of.id ? "bar-limit" : "band-0"} width={(100 * (one[name] ?? 0)) / most} height="6" /></svg>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
