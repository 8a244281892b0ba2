import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Button, Skeleton } from "antd";
import { useEffect, useMemo, useRef, useState, type KeyboardEvent } from "react";
import { ask, type Page } from "../api";
import { useSpeech } from "../language";
import { ProblemNote } from "../parts/ProblemNote";
import { Amount } from "./Amount";
import { CREDIT, type LimitDay } from "./api";
import { LIVE_LIST } from "./asking";
import { roughly, shown } from "./money";
import { useDays } from "./useDays";

const HEIGHT = 230;
const TOP = 14, BOTTOM = 26, LEFT = 74, RIGHT = 12;

interface Point extends LimitDay {
  ahead: boolean;
}

/** The limit of every day so far and of those ahead, against today's exposure; each day opens into why it moved (P11.3). */
export function LimitChart({ account, exposure, today }: { account: string; exposure: string; today: string }) {
  const { t } = useSpeech();
  const past = useInfiniteQuery({
    queryKey: ["credit", "limits", account], initialPageParam: "", refetchInterval: LIVE_LIST,
    queryFn: ({ pageParam, signal }) =>
      ask<Page<LimitDay>>(`${CREDIT}/accounts/${account}/limits?limit=100${pageParam && `&cursor=${encodeURIComponent(pageParam)}`}`, { signal }),
    getNextPageParam: (last) => last.next ?? undefined,
  });
  const ahead = useQuery({
    queryKey: ["credit", "limits-ahead", account], refetchInterval: LIVE_LIST,
    queryFn: ({ signal }) => ask<{ on: string; days: LimitDay[] }>(`${CREDIT}/accounts/${account}/limits/ahead`, { signal }),
  });
  const points = useMemo(() => daily(past.data?.pages.flatMap((page) => page.items) ?? [], ahead.data?.days ?? []), [past.data, ahead.data]);
  const failed = [past, ahead].find((query) => query.isError);
  return (
    <section className="card" aria-labelledby="limit-title">
      <div className="title-row">
        <h2 id="limit-title">{t("limitByDay")}</h2>
        <p className="legend" aria-hidden>
          <span><i className="key past" /> {t("past")}</span><span><i className="key ahead" /> {t("ahead")}</span>
          <span><i className="key exposure" /> {t("exposure")} <Amount of={exposure} /></span>
        </p>
      </div>
      {failed ? <ProblemNote error={failed.error} retry={() => void failed.refetch()} />
        : past.isPending || ahead.isPending ? <Skeleton active /> : <Drawn points={points} exposure={exposure} today={today} />}
      {past.hasNextPage && <p><Button size="small" onClick={() => void past.fetchNextPage()} loading={past.isFetchingNextPage}>{t("more")}</Button></p>}
    </section>
  );
}

/** A point a day, oldest first; of several limits of one day the newest counts, and what moved it is all of them together. */
function daily(past: LimitDay[], ahead: LimitDay[]): Point[] {
  const found = new Map<string, Point>();
  for (const one of [...past].reverse()) {
    const earlier = found.get(one.day);
    found.set(one.day, { ...one, before: earlier?.before ?? one.before, why: [...(earlier?.why ?? []), ...one.why], ahead: false });
  }
  for (const one of ahead) if (!found.has(one.day)) found.set(one.day, { ...one, ahead: true });
  return [...found.values()].sort((a, b) => (a.day < b.day ? -1 : 1));
}

function Drawn({ points, exposure, today }: { points: Point[]; exposure: string; today: string }) {
  const { t } = useSpeech();
  const days = useDays();
  const frame = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(800);
  const [chosen, choose] = useState<string>(today);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => setWidth(Math.max(280, Math.floor(entry!.contentRect.width))));
    observer.observe(frame.current!);
    return () => observer.disconnect();
  }, []);
  const grid = round(Math.max(...points.map((one) => roughly(one.amount)), roughly(exposure), 1) / 4);
  const most = grid * Math.ceil(Math.max(...points.map((one) => roughly(one.amount)), roughly(exposure), 1) / grid + 0.05);
  const step = (width - LEFT - RIGHT) / Math.max(points.length, 1);
  const x = (n: number) => LEFT + n * step;
  const y = (amount: number) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - Math.max(amount, 0) / most);
  const at = Math.max(0, points.findIndex((one) => one.day === chosen));
  const now = points.findIndex((one) => one.day === today);
  const point = points[at];
  if (!point) return <p className="empty">{t("nothingInPart")}</p>;
  const turn = now + 1; // the first day ahead
  const stairs = (from: number, until: number) =>
    points.slice(from, until).map((one, n) => {
      const [left, right, level] = [x(from + n), x(from + n + 1), y(roughly(one.amount))];
      return `${n === 0 ? "M" : "L"}${left.toFixed(1)} ${level.toFixed(1)}L${right.toFixed(1)} ${level.toFixed(1)}`;
    }).join("");
  const soFar = stairs(0, turn);
  const later = points.length > turn ? `M${x(turn).toFixed(1)} ${y(roughly(points[Math.max(turn - 1, 0)]!.amount)).toFixed(1)}${stairs(turn, points.length).replace("M", "L")}` : "";
  const base = y(0).toFixed(1);
  const every = Math.max(1, Math.ceil(64 / step));
  const onKey = (event: KeyboardEvent) => {
    const wanted = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: points.length - 1, PageUp: at - 7, PageDown: at + 7 }[event.key];
    if (wanted === undefined) return;
    event.preventDefault();
    choose(points[Math.max(0, Math.min(points.length - 1, wanted))]!.day);
  };
  return (
    <>
      <div ref={frame} className="chart" role="slider" tabIndex={0} aria-label={t("limitByDay")} aria-valuemin={0} aria-valuemax={points.length - 1} aria-valuenow={at}
        aria-valuetext={`${days(point.day)} ${t("limit")} ${shown(point.amount)}`} onKeyDown={onKey}
        onPointerMove={(event) => {
          const n = Math.floor((event.clientX - event.currentTarget.getBoundingClientRect().left - LEFT) / step);
          if (points[n]) choose(points[n].day);
        }}>
        <svg width={width} height={HEIGHT} viewBox={`0 0 ${width} ${HEIGHT}`} aria-hidden>
          {Array.from({ length: Math.round(most / grid) + 1 }, (_, n) => n * grid).map((amount) => {
            return (
              <g key={amount}>
                <line className="grid" x1={LEFT} x2={width - RIGHT} y1={y(amount)} y2={y(amount)} />
                <text className="tick" x={LEFT - 8} y={y(amount) + 4} textAnchor="end">{Math.round(amount).toLocaleString("en-US")}</text>
              </g>
            );
          })}
          {soFar && <path className="area" d={`${soFar}L${x(turn).toFixed(1)} ${base}L${x(0).toFixed(1)} ${base}Z`} />}
          <path className="limit past" d={soFar} />
          <path className="limit ahead" d={later} />
          <line className="exposure" x1={LEFT} x2={width - RIGHT} y1={y(roughly(exposure))} y2={y(roughly(exposure))} />
          {now >= 0 && (
            <>
              <line className="now" x1={x(now) + step / 2} x2={x(now) + step / 2} y1={TOP} y2={HEIGHT - BOTTOM} />
              <text className="tick strong" x={Math.max(x(now) + step / 2, LEFT + 14)} y={HEIGHT - 6} textAnchor="middle">{t("todayIs")}</text>
            </>
          )}
          {points.map((one, n) => (n - Math.max(now, 0)) % every === 0 && n !== now && (
            <text key={one.day} className="tick" x={x(n) + step / 2} y={HEIGHT - 6} textAnchor={n > points.length - every / 2 ? "end" : "middle"}>{days(one.day)}</text>
          ))}
          <rect className="chosen" x={x(at)} width={Math.max(step, 2)} y={TOP} height={HEIGHT - TOP - BOTTOM} />
        </svg>
      </div>
      <p className="chart-said" role="status">
        <b>{days(point.day)}</b>{point.ahead && <span className="quiet"> {t("ahead")}</span>} · {t("limit")} <Amount of={point.amount} strong /> · <Moved of={point} />
        <span className="quiet push chart-hint"><kbd>←</kbd> <kbd>→</kbd> {t("chartHint")}</span>
      </p>
      <details className="later">
        <summary>{t("dayTable")} ({points.length})</summary>
        <div className="wide-table" tabIndex={0} role="region" aria-label={t("dayTable")}>
          <table className="table">
            <thead><tr><th scope="col">{t("day")}</th><th scope="col" className="num">{t("limit")}</th><th scope="col">{t("becauseOf")}</th></tr></thead>
            <tbody>
              {[...points].reverse().map((one) => (
                <tr key={one.day}><td>{days(one.day)} {one.ahead && <span className="quiet">{t("ahead")}</span>}</td><td className="num"><Amount of={one.amount} /></td><td><Moved of={one} /></td></tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </>
  );
}

/** The next round number: 1, 2, 2.5 or 5 and noughts. */
function round(amount: number): number {
  const noughts = 10 ** Math.floor(Math.log10(amount));
  return noughts * ([1, 2, 2.5, 5].find((one) => one * noughts >= amount) ?? 10);
}

/** What made the difference to the day before. */
function Moved({ of }: { of: LimitDay }) {
  const { t, code } = useSpeech();
  const days = useDays();
  if (of.why.length === 0) return <span className="quiet">{t("unchanged")}</span>;
  return (
    <>
      {of.why.map((one, n) => (
        <span key={n} className="moved">
          {code(`moved.${one.what}`)}{one.day && ` (${days(one.day)})`} <span className={one.amount.startsWith("-") ? "bad" : "good"}>{one.amount.startsWith("-") ? "−" : "+"}<Amount of={one.amount.replace("-", "")} /></span>
        </span>
      ))}
    </>
  );
}
