import { useMemo } from "react";
import { useSpeech } from "../language";

/** Civil days in the language of the page, with the year where it is another one than this. */
export function useDays(): (day: string | null | undefined) => string {
  const { language } = useSpeech();
  return useMemo(() => {
    const locale = language === "zh" ? "zh-CN" : "en-GB";
    const near = new Intl.DateTimeFormat(locale, { timeZone: "UTC", month: language === "zh" ? "numeric" : "short", day: "numeric" });
    const far = new Intl.DateTimeFormat(locale, { timeZone: "UTC", year: "numeric", month: language === "zh" ? "numeric" : "short", day: "numeric" });
    const year = new Date().getFullYear().toString();
    const said = (format: Intl.DateTimeFormat, at: Date) =>
      language === "zh"
        ? format.formatToParts(at).map((part) => ({ year: `${part.value}年`, month: `${part.value.replace(/月$/, "")}月`, day: `${part.value.replace(/日$/, "")}日` })[part.type as string] ?? "").join("")
        : format.format(at);
    return (day) => {
      if (!day) return "";
      const at = new Date(`${day.slice(0, 10)}T00:00:00Z`);
      return said(day.startsWith(year) ? near : far, at);
    };
  }, [language]);
}

/** The civil day of an instant in Shanghai: 2026-11-28. */
export const civilDay = (at: Date): string => new Intl.DateTimeFormat("en-CA", { timeZone: "Asia/Shanghai" }).format(at);

export const today = (): string => civilDay(new Date());
