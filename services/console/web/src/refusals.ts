// What a refusal means and what to do next, in Chinese: by the type of the problem (RFC 9457), `/problems/<slug>`, and for
// each wrong field by its code. The services say it; `make docs` writes it into refusals.json.
import type { FieldError } from "./api";
import type { Language } from "./language";
import said from "./refusals.json";

const TYPES: Record<string, string> = said.types;
const CODES: Record<string, string> = said.codes;

/** The Chinese sentence of a refusal, by the type of the problem or its slug, where Chinese is asked for. */
export function refusal(type: string | null, language: Language): string | undefined {
  return language === "zh" && type !== null ? TYPES[type.replace("/problems/", "")] : undefined;
}

/** What is wrong at a place, by its code or the beginning of that; in English as the service says it. */
export function wrongHere({ code, limit, detail }: FieldError, language: Language): string {
  if (language !== "zh" || code === undefined) return detail;
  const known = CODES[code] ?? CODES[code.split("_")[0]!] ?? said.codes.value_error;
  return known.replace("{limit}", limit ?? "");
}
