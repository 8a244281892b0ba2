// How a report's figures are laid out: a figure is named `<counted>.<dimension>=<value>` or `<counted>`.
import type { Figure } from "../../api";
import type { Speech, Word } from "../../language";

/** One way of dividing what was counted; `codes` is the prefix under which its values have their names. */
export interface Division {
  title: Word;
  key: string;
  codes?: string;
  /** values in this order, not the largest first */
  order?: string[];
}

const SCORES = ["1", "2", "3", "4", "5", "declined", "not_reached"];

/** Every division of the statistics, in the order of the paper form. */
export const PARTS: { title: Word; divisions: Division[] }[] = [
  {
    title: "takenNow",
    divisions: [
      { title: "byChannel", key: "taken.channel" },
      { title: "byMatter", key: "taken.matter", codes: "matter" },
      { title: "byDemand", key: "taken.demand", codes: "demand" },
      { title: "byClaimant", key: "taken.claimant", codes: "claimant" },
      { title: "byJudgement", key: "taken.judgement", codes: "judgement" },
      { title: "byDepartment", key: "taken.department" },
      { title: "byLevel", key: "taken.level" },
      { title: "bySeriousness", key: "taken.serious", codes: "serious" },
      { title: "byBrand", key: "taken.brand" },
    ],
  },
  { title: "foundSerious", divisions: [{ title: "byKind", key: "serious.kind" }] },
  {
    title: "closedNow",
    divisions: [
      { title: "byJudgement", key: "closed.judgement", codes: "judgement" },
      { title: "byReaction", key: "closed.reaction", codes: "reaction" },
      { title: "byDays", key: "closed.within", codes: "within", order: ["2_days", "7_days", "30_days", "longer"] },
      { title: "bySatisfaction", key: "closed.satisfaction", codes: "satisfaction", order: SCORES },
    ],
  },
  { title: "calledBackNow", divisions: [{ title: "bySatisfaction", key: "called_back.satisfaction", codes: "satisfaction", order: SCORES }] },
  {
    title: "leftOpen",
    divisions: [
      { title: "byState", key: "open.state" },
      { title: "byDepartment", key: "open.department" },
    ],
  },
];

/** What sums a report up, by its figure. */
export const SUMS: [figure: string, title: Word][] = [
  ["opening", "openBefore"], ["late.open", "addedLate"], ["taken", "takenNow"], ["returned", "returnedNow"], ["closed", "closedNow"],
  ["merged", "mergedNow"], ["open", "leftOpen"], ["open.serious", "openSerious"], ["serious", "foundSerious"], ["called_back", "calledBackNow"],
];

const TERMS = ["term.met", "term.missed"];

/** The figures of one division by their values, the largest first or in the order of the division; what is not set comes last. */
export function valuesOf(figures: Figure[], { key, order }: Pick<Division, "key" | "order">): { figure: string; value: string; count: number }[] {
  const found = figures.filter((one) => one.figure.startsWith(`${key}=`)).map((one) => ({ ...one, value: one.figure.slice(key.length + 1) }));
  const last = ({ value }: { value: string }) => Number(value === "unset");
  return found.sort((a, b) => last(a) - last(b) || (order ? order.indexOf(a.value) - order.indexOf(b.value) : b.count - a.count || (a.value < b.value ? -1 : 1)));
}

/** What a value is called: under its division, else as everywhere; a brand as it was taken. */
export function nameOf(value: string, { key, codes }: Pick<Division, "key" | "codes">, code: Speech["code"]): string {
  if (key === "taken.brand" && value !== "unset") return value;
  const known = codes ? code(`${codes}.${value}`) : "";
  return known && known !== `${codes}.${value}`.replace(/_/g, " ") ? known : code(value);
}

/** Figures that no part of the page shows: of a service that counts more than this page knows. */
export function others(figures: Figure[]): Figure[] {
  const keys = [...TERMS, ...PARTS.flatMap((part) => part.divisions.map((one) => one.key))];
  const sums = SUMS.map(([figure]) => figure);
  return figures.filter(({ figure }) => !sums.includes(figure) && !keys.some((key) => figure.startsWith(`${key}=`)));
}

/** Each duty with how many cases met its term and how many missed it. */
export function termsOf(figures: Figure[]): { duty: string; met: number; missed: number }[] {
  const counted = new Map(figures.map(({ figure, count }) => [figure, count]));
  const duties = new Set(TERMS.flatMap((key) => valuesOf(figures, { key }).map((one) => one.value)));
  return [...duties].sort().map((duty) => ({ duty, met: counted.get(`term.met=${duty}`) ?? 0, missed: counted.get(`term.missed=${duty}`) ?? 0 }));
}
