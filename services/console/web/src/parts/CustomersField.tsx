import { DeleteOutlined } from "@ant-design/icons";
import { Alert, Button, Input, type InputRef } from "antd";
import { useRef, useState } from "react";
import type { Resolved } from "../api";
import { useSpeech, type Word } from "../language";
import { kindOf } from "../pages/CasesPage";
import { Place } from "./Place";
import { customersOf, resolved, type SoughtBy } from "./customers";
import { ProblemNote } from "./ProblemNote";

/** The customers that are chosen, and what is typed and not sought yet: it is not to be lost unseen. */
export interface Customers {
  ids: string[];
  typed: string;
}

interface Props {
  id?: string;
  value?: Customers;
  onChange?: (value: Customers) => void;
  autoFocus?: boolean;
}

type Found = { several: Resolved[] } | { why: Word } | { error: unknown };

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** One or several customers, by phone, plate, VIN, id number or mail as far as one may search, or by the id; shown masked. */
export function CustomersField({ id, value = { ids: [], typed: "" }, onChange, autoFocus }: Props) {
  const { t, code } = useSpeech();
  const [known, setKnown] = useState<Record<string, Resolved>>({});
  const [found, setFound] = useState<Found | null>(null);
  const [busy, setBusy] = useState(false);
  const input = useRef<InputRef>(null);
  const { ids, typed } = value;
  const type = (text: string) => {
    setFound(null);
    onChange?.({ ids, typed: text });
  };
  const choose = (one: string, shown?: Resolved) => {
    if (shown) setKnown((before) => ({ ...before, [one]: shown }));
    setFound(ids.includes(one) ? { why: "chosenAlready" } : null);
    onChange?.({ ids: ids.includes(one) ? ids : [...ids, one], typed: "" });
    input.current?.focus();
  };
  async function seek() {
    const text = typed.trim();
    if (busy || text === "") return;
    const by = soughtBy(text);
    if (by === null) return setFound({ why: "customerHint" });
    setBusy(true);
    setFound(null);
    try {
      if (by === "id") choose(text.toLowerCase(), (await resolved([text]))[0]);
      else {
        const several = await customersOf({ [by]: text });
        if (several.length === 1) choose(several[0]!.id, several[0]!);
        else setFound(several.length === 0 ? { why: "noCustomer" } : { several });
      }
    } catch (error) {
      setFound({ error });
    } finally {
      setBusy(false);
    }
  }
  const said = (one: Resolved) => (
    <>
      <b>{one.name}</b> <span className="number">{one.phones.join(" / ")}</span>{" "}
      <span className="quiet">{one.customer_class && `${code(one.customer_class)} · `}<Place of={one.branch} /></span>
    </>
  );
  return (
    <>
      <Input.Search ref={input} id={id} autoComplete="off" maxLength={100} autoFocus={autoFocus === true} loading={busy} placeholder={t("findCustomer")} enterButton={t("find")}
        value={typed} readOnly={busy} onChange={(event) => type(event.target.value)} onSearch={() => void seek()} onPressEnter={(event) => event.preventDefault()} />
      <div aria-live="polite">
        {found && "several" in found && (
          <>
            <p className="quiet">{t("severalCustomers")}</p>
            <ul className="lines" aria-label={t("severalCustomers")}>
              {found.several.map((one, n) => (
                <li key={one.id}><Button block className="a-customer" autoFocus={n === 0} onClick={() => choose(one.id, one)}>{said(one)}</Button></li>
              ))}
            </ul>
          </>
        )}
        {found && "why" in found && <Alert type="warning" showIcon title={t(found.why)} />}
        {found && "error" in found && <ProblemNote error={found.error} retry={() => void seek()} />}
        {ids.length > 0 && (
          <ul className="lines" aria-label={t("chosenCustomers")}>
            {ids.map((one) => {
              const name = known[one] ? known[one].name : one.slice(0, 13);
              return (
                <li key={one} className="term chosen">
                  <span>{known[one] ? said(known[one]) : <><span className="number">{one}</span> <span className="quiet">{t("notResolved")}</span></>}</span>
                  <span className="push">
                    <Button type="text" size="small" icon={<DeleteOutlined />} disabled={busy} aria-label={`${t("remove")} ${name}`}
                      onClick={() => { onChange?.({ ids: ids.filter((other) => other !== one), typed }); input.current?.focus(); }} />
                  </span>
                </li>
              );
            })}
          </ul>
        )}
      </div>
    </>
  );
}

/** What a text looks like; nothing for a name: names lie sealed and are not searched. */
function soughtBy(text: string): SoughtBy | "id" | null {
  if (UUID.test(text)) return "id";
  if (text.includes("@")) return "mail";
  if (/^\d{17}[\dX]$/i.test(text)) return "id_number";
  const kind = kindOf(text);
  return kind === "phone" || kind === "plate" || kind === "vin" ? kind : null;
}
