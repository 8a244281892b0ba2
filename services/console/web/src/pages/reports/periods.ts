import { useMemo } from "react";
import type { ReportLine } from "../../api";
import { useDays } from "../../credit/useDays";
import { useSpeech } from "../../language";

type Named = Pick<ReportLine, "kind" | "period" | "first_day" | "last_day">;

/** A period as people say it: a month by its name, a week by its number and its days. */
export function usePeriods(): { name: (of: Named) => string; span: (of: Named) => string; named: (period: string) => string } {
  const { language } = useSpeech();
  const days = useDays();
  return useMemo(() => {
    const month = new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", year: "numeric", month: "long" });
    const named = (period: string) => {
      const [year, rest] = period.split("-") as [string, string];
      if (rest.startsWith("W")) return language === "zh" ? `${year}年第${Number(rest.slice(1))}周` : `week ${Number(rest.slice(1))} of ${year}`;
      return language === "zh" ? `${year}年${Number(rest)}月` : month.format(new Date(`${period}-01T00:00:00Z`));
    };
    return { named, name: ({ period }) => named(period), span: ({ first_day, last_day }) => `${days(first_day)} – ${days(last_day)}` };
  }, [language, days]);
}

/** The first day of the week and of the month that follow a civil day. */
export function following(day: string): { week: string; month: string } {
  const at = new Date(`${day}T00:00:00Z`);
  const [year, month, date] = [at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate()];
  const said = (moment: number) => new Date(moment).toISOString().slice(0, 10);
  return { week: said(Date.UTC(year, month, date + ((8 - at.getUTCDay()) % 7 || 7))), month: said(Date.UTC(year, month + 1, 1)) };
}
