import { Alert, Input, Tag } from "antd";
import { useRef, useState } from "react";
import { ask, type CaseLine, type Page } from "../api";
import { useSpeech } from "../language";
import { Place } from "./Place";
import { ProblemNote } from "./ProblemNote";

interface Props {
  id?: string;
  value?: string;
  onChange?: (id: string | undefined) => void;
  autoFocus?: boolean;
  /** the case that is not meant */
  not: string;
}

type Found = { one: CaseLine } | { why: "notFound" | "sameCase" } | { error: unknown };

/** Another case, by its number: sought by Enter or on leaving the field, shown before it is chosen for good. */
export function CaseField({ id, onChange, autoFocus, not }: Props) {
  const { t, code, when } = useSpeech();
  const [found, setFound] = useState<Found | null>(null);
  const [busy, setBusy] = useState(false);
  const sought = useRef("");
  async function seek(text: string) {
    const number = text.replace(/[\s-]/g, "");
    if (number === sought.current) return;
    sought.current = number;
    onChange?.(undefined);
    setFound(null);
    if (number === "") return;
    setBusy(true);
    let next: Found;
    try {
      const page = await ask<Page<CaseLine>>("/api/complaint/v1/complaints/search?limit=1", { method: "POST", body: { number } });
      const one = page.items[0];
      next = !one ? { why: "notFound" } : one.id === not || one.merged_into === not ? { why: "sameCase" } : { one };
    } catch (error) {
      next = { error };
    }
    if (sought.current !== number) return; // another number was typed meanwhile
    setBusy(false);
    setFound(next);
    if ("one" in next) onChange?.(next.one.id);
    if ("error" in next) sought.current = "";
  }
  return (
    <>
      <Input.Search id={id} className="number" inputMode="numeric" autoComplete="off" maxLength={40} autoFocus={autoFocus} loading={busy}
        placeholder={t("by_number")} enterButton={t("find")} onSearch={(text) => void seek(text)} onBlur={(event) => void seek(event.target.value)}
        onPressEnter={(event) => event.preventDefault()} onChange={(event) => { if (event.target.value === "") void seek(""); }} />
      <div aria-live="polite">
        {found && "one" in found && (
          <div className="known">
            <b className="number">{found.one.number}</b> <Tag>{code(found.one.state)}</Tag>
            <span><Place of={found.one.branch} /> · {t("takenAt")} {when(found.one.taken_at)}</span>
            <span className="quiet">{found.one.brand} {found.one.series} · {found.one.text}</span>
          </div>
        )}
        {found && "why" in found && <Alert type="warning" showIcon title={t(found.why)} />}
        {found && "error" in found && <ProblemNote error={found.error} />}
      </div>
    </>
  );
}
