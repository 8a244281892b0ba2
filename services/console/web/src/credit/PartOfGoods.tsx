import { Form, Input } from "antd";
import { useNavigate } from "react-router";
import { ask } from "../api";
import { useSpeech } from "../language";
import { Amount } from "./Amount";
import { CREDIT, type Line, type Shipment } from "./api";
import { amountOf, cents, lineCents, quantityOf, thousandths } from "./money";
import { AmountField, ReasonField, Step } from "./Step";

interface Fields {
  quantities: (string | undefined)[];
  origin_ref?: string;
  amount?: string;
  reason?: string;
}

/** A part goes alone: both are decided (P11.6, P11.7). The page goes on to the part. */
export function Split({ of, done }: { of: Shipment; done: () => void }) {
  const { t } = useSpeech();
  const navigate = useNavigate();
  const [form] = Form.useForm<Fields>();
  const { whole, taken } = usePart(of.lines, Form.useWatch("quantities", form));
  const all = taken === cents(of.amount);
  return (
    <Step<Fields> name={t("splitGoods")} submit={t("splitYes")} form={form} done={done} rules={["P11.6", "P11.7"]} held={all ? t("leaveSome") : !whole || taken === 0n ? t("takeSome") : null}
      send={async ({ quantities }, key) => {
        const part = await ask<Shipment>(`${CREDIT}/shipments/${of.id}/split`, { method: "POST", key, body: { lines: chosen(quantities) } });
        void navigate(`/credit/shipments/${part.id}`);
      }}>
      <p>{t("splitGoodsMeans")}</p>
      <Quantities of={of.lines} label={t("partQuantity")} />
      <p className="figures-row">
        <span>{t("thePart")} <output className="part-total"><Amount of={amountOf(taken)} strong /></output></span>
        <span>{t("theRest")} <Amount of={amountOf((cents(of.amount) ?? 0n) - taken)} /></span>
      </p>
    </Step>
  );
}

/** Goods came back: their lines say what they are worth, which is booked, or less with a reason (P02.3, P11.2). */
export function Return({ of, done }: { of: Shipment; done: () => void }) {
  const { t } = useSpeech();
  const [form] = Form.useForm<Fields>();
  const { whole, taken } = usePart(of.lines, Form.useWatch("quantities", form));
  const left = (cents(of.amount) ?? 0n) - (cents(of.returned) ?? 0n);
  const said = Form.useWatch("amount", form)?.trim() ?? "";
  const booked = cents(said) ?? taken;
  return (
    <Step<Fields> name={t("returnGoods")} submit={t("returnYes")} form={form} done={done} rules={["P02.3", "P11.2"]}
      held={booked > left ? t("moreThanLeft") : !whole || taken === 0n ? t("takeSome") : booked > taken ? t("notMoreThanWorth") : null}
      send={({ quantities, origin_ref, reason }, key) =>
        ask(`${CREDIT}/shipments/${of.id}/return`, {
          method: "POST", key,
          body: { lines: chosen(quantities), origin: "warehouse", origin_ref: origin_ref!.trim(), ...(booked < taken ? { amount: said, reason: reason?.trim() } : {}) },
        })}>
      <p>{t("returnMeans")}</p>
      <Quantities of={of.lines} label={t("backQuantity")} />
      <Form.Item name="origin_ref" label={t("returnRef")} rules={[{ required: true, whitespace: true, message: t("required") }]}><Input autoComplete="off" maxLength={100} /></Form.Item>
      <p className="figures-row">
        <span>{t("worth")} <output className="part-total"><Amount of={amountOf(taken)} strong /></output></span>
        <span>{t("leftToReturn")} <Amount of={amountOf(left)} /></span>
      </p>
      <AmountField label={t("bookedLower")} optional />
      {booked < taken && <ReasonField label={t("lowerReason")} />}
    </Step>
  );
}

/** The lines of which something was entered, and how much. */
const chosen = (quantities: (string | undefined)[] | undefined): { line: number; quantity: string }[] =>
  (quantities ?? []).flatMap((one, line) => ((thousandths(one ?? "") ?? 0n) > 0n ? [{ line, quantity: one!.trim() }] : []));

/** What the entered quantities are worth together; not `whole` while one of them is no whole cent. */
function usePart(lines: Line[], quantities: (string | undefined)[] | undefined): { whole: boolean; taken: bigint } {
  const amounts = chosen(quantities).map(({ line, quantity }) => lineCents(quantity, lines[line]!.price));
  return {
    whole: amounts.every((one) => typeof one === "bigint"),
    taken: amounts.reduce<bigint>((sum, one) => (typeof one === "bigint" ? sum + one : sum), 0n),
  };
}

/** How much of each line, by product and batch; none is more than there is of it, less what came back. */
function Quantities({ of, label }: { of: Line[]; label: string }) {
  const { t } = useSpeech();
  return (
    <div className="part-lines" role="group" aria-label={label}>
      {of.map((line, n) => (
        <Form.Item key={n} name={["quantities", n]} label={<span>{line.product} <span className="quiet">{t("batch")} {line.batch} · {t("ofQuantity")} {line.quantity} × <Amount of={line.price} />{Number(line.returned) > 0 && <> · {t("returnedOf")} {line.returned}</>}</span></span>}
          rules={[{
            validator: (_, value?: string) => {
              if (!value?.trim()) return Promise.resolve();
              const many = thousandths(value);
              if (many === null) return Promise.reject(new Error(t("quantityHint")));
              const left = (thousandths(line.quantity) ?? 0n) - (thousandths(line.returned) ?? 0n);
              if (many > left) return Promise.reject(new Error(`${t("atMost")} ${quantityOf(left)}`));
              return lineCents(value, line.price) === "broken" ? Promise.reject(new Error(t("notWholeCents"))) : Promise.resolve();
            },
          }]}>
          <Input inputMode="decimal" autoComplete="off" maxLength={13} placeholder="0" autoFocus={n === 0} />
        </Form.Item>
      ))}
    </div>
  );
}
