import { useQuery } from "@tanstack/react-query";
import { Form, Input, InputNumber, Radio, Select } from "antd";
import { ask, type Page } from "../api";
import { useSpeech } from "../language";
import { may } from "../may";
import { CustomersField, type Customers } from "../parts/CustomersField";
import { useDesk } from "../Shell";
import { CREDIT, type Account, type DocumentLine } from "./api";
import { useNames, useSignatures } from "./asking";
import { shown } from "./money";
import { Signature } from "./Signature";
import { AmountField, Offers, Step, type Offer } from "./Step";
import { today, useDays } from "./useDays";

/** What may be done with an account: book, review, ask for a longer term, another contract, who shares it (P02.4, P11.1, P11.5). */
export function AccountSteps({ of }: { of: Account }) {
  const { t } = useSpeech();
  const { me } = useDesk();
  const asked = useSignatures(of.id);
  const offers: Offer[] = [];
  if (may(me, "credit.book")) offers.push({ key: "book", name: t("bookDocument"), form: (done) => <Book of={of} done={done} /> });
  if (may(me, "credit.open_account")) {
    offers.push({ key: "review", name: t("review"), form: (done) => <Review of={of} done={done} /> });
    offers.push({ key: "terms", name: t("askTerms"), form: (done) => <Terms of={of} done={done} /> });
    offers.push({ key: "contract", name: t("changeContract"), form: (done) => <Contract of={of} done={done} /> });
    offers.push({ key: "share", name: t("addCustomer"), form: (done) => <Sharer of={of} done={done} /> });
    if (of.customers.length > 1) offers.push({ key: "leave", name: t("removeCustomer"), form: (done) => <Leaver of={of} done={done} /> });
  }
  return (
    <>
      <Offers of={offers} />
      {asked.data?.items.map((one) => <Signature key={one.id} asked={one} />)}
    </>
  );
}

type Kind = "payment" | "invoice" | "credit_note" | "opening";

interface Booked {
  kind: Kind;
  customer_id?: string;
  amount: string;
  dated_on: string;
  origin_ref: string;
  issued_on?: string;
  corrects?: string;
  pays?: string[];
}

/** A document as it was made elsewhere: its reference makes it one, however often it is sent. */
function Book({ of, done }: { of: Account; done: () => void }) {
  const { t, code } = useSpeech();
  const days = useDays();
  const [form] = Form.useForm<Booked>();
  const kind = Form.useWatch("kind", form) ?? "payment";
  const customers = of.customers.map((one) => one.customer_id);
  const name = useNames(customers);
  const found = useQuery({
    queryKey: ["credit", "documents", of.id, kind === "payment" ? "open" : "any"], enabled: kind === "payment" || kind === "credit_note",
    queryFn: ({ signal }) => ask<Page<DocumentLine>>(`${CREDIT}/accounts/${of.id}/documents?limit=100${kind === "payment" ? "&open_only=true" : ""}`, { signal }),
  });
  const documents = (found.data?.items ?? [])
    .filter((one) => !one.reversed_by && (one.kind === "invoice" || (kind === "payment" && one.kind === "opening")))
    .map((one) => ({
      value: one.id,
      label: `${code(`document.${one.kind}`)} ${one.origin_ref} · ${days(one.dated_on)} · ¥ ${shown(kind === "payment" ? one.open : one.amount)}`,
    }));
  const kinds: Kind[] = ["payment", "invoice", "credit_note", "opening"];
  const needed = { required: true, whitespace: true, message: t("required") };
  return (
    <Step<Booked> name={t("bookDocument")} submit={t("record")} form={form} initial={{ kind: "payment", dated_on: today() }} done={done} rules={["P02.4", "P11.9"]}
      send={({ kind: chosen, amount, dated_on, ...said }, key) =>
        ask(`${CREDIT}/accounts/${of.id}/documents`, {
          method: "POST", key,
          body: {
            kind: chosen, amount, dated_on, customer_id: said.customer_id ?? customers[0], origin: chosen === "payment" ? "bank" : "erp", origin_ref: said.origin_ref.trim(),
            ...(chosen === "invoice" && said.issued_on ? { issued_on: said.issued_on } : {}),
            ...(chosen === "credit_note" ? { corrects: said.corrects } : {}),
            ...(chosen === "payment" && said.pays?.length ? { pays: said.pays.map((document_id) => ({ document_id })) } : {}),
          },
        })}>
      <Form.Item name="kind" label={t("kind")}>
        <Radio.Group aria-label={t("kind")} options={kinds.map((one) => ({ value: one, label: code(`document.${one}`) }))} />
      </Form.Item>
      <div className="row">
        <AmountField autoFocus />
        <Form.Item name="dated_on" label={kind === "payment" ? t("paidOn") : t("dated")} rules={[needed]}><Input type="date" max={today()} /></Form.Item>
        <Form.Item name="origin_ref" label={kind === "payment" ? t("bankRef") : t("erpRef")} rules={[needed]}><Input autoComplete="off" maxLength={100} /></Form.Item>
        {kind === "invoice" && <Form.Item name="issued_on" label={t("issuedOn")} extra={t("issuedOnHint")}><Input type="date" max={today()} /></Form.Item>}
      </div>
      {customers.length > 1 && (
        <Form.Item name="customer_id" label={t("customer")} rules={[needed]}>
          <Radio.Group options={customers.map((id) => ({ value: id, label: name(id) }))} />
        </Form.Item>
      )}
      {kind === "credit_note" && (
        <Form.Item name="corrects" label={t("corrects")} rules={[needed]}>
          <Select showSearch={{ optionFilterProp: "label" }} options={documents} loading={found.isPending} notFoundContent={t("nothingInPart")} />
        </Form.Item>
      )}
      {kind === "payment" && (
        <Form.Item name="pays" label={t("pays")} extra={t("paysHint")}>
          <Select mode="multiple" showSearch={{ optionFilterProp: "label" }} options={documents} loading={found.isPending} notFoundContent={t("nothingOpen")} />
        </Form.Item>
      )}
    </Step>
  );
}

function Review({ of, done }: { of: Account; done: () => void }) {
  const { t } = useSpeech();
  return (
    <>
      <p>{t("reviewMeans")}</p>
      <Step name={t("review")} submit={t("reviewYes")} done={done} rules={["P11.1"]} send={(_, key) => ask(`${CREDIT}/accounts/${of.id}/review`, { method: "POST", key })} />
    </>
  );
}

function Terms({ of, done }: { of: Account; done: () => void }) {
  const { t } = useSpeech();
  const required = { required: true, message: t("required") };
  return (
    <>
      <p>{t("termsMean")} ({of.term_days} {t("days")})</p>
      <Step<{ amount: string; until: string; term_days: number }> name={t("askTerms")} done={done} rules={["P11.5"]} initial={{ term_days: of.term_days }}
        send={(values, key) => ask(`${CREDIT}/accounts/${of.id}/terms`, { method: "POST", key, body: values })}>
        <div className="row">
          <AmountField label={t("termsAmount")} autoFocus />
          <Form.Item name="until" label={t("termsUntil")} rules={[required]}><Input type="date" min={today()} /></Form.Item>
          <Form.Item name="term_days" label={`${t("termDays")} (${t("days")})`} rules={[required]}><InputNumber min={1} max={365} precision={0} className="whole" /></Form.Item>
        </div>
      </Step>
    </>
  );
}

/** Another kind of contract, another term within the ordinary one; what is released is decided again. */
function Contract({ of, done }: { of: Account; done: () => void }) {
  const { t, code } = useSpeech();
  const required = { required: true, message: t("required") };
  return (
    <>
      <p>{t("contractMeans")}</p>
      <Step<{ contract: string; term_days: number }> name={t("changeContract")} submit={t("record")} done={done} rules={["P11.1", "P11.5"]}
        initial={{ contract: of.contract, term_days: of.term_days }}
        send={(values, key) => ask(`${CREDIT}/accounts/${of.id}/contract`, { method: "PUT", key, body: values })}>
        <Form.Item name="contract" label={t("contract")}>
          <Radio.Group aria-label={t("contract")} options={(["distribution", "direct"] as const).map((one) => ({ value: one, label: code(`contract.${one}`) }))} />
        </Form.Item>
        <Form.Item name="term_days" label={`${t("termDays")} (${t("days")})`} rules={[required]}><InputNumber min={0} max={365} precision={0} className="whole" /></Form.Item>
      </Step>
    </>
  );
}

/** One more customer who shares the account, found as where an account is opened. */
function Sharer({ of, done }: { of: Account; done: () => void }) {
  const { t } = useSpeech();
  const wrong = (why: "customerFirst" | "required" | "oneCustomer") => Promise.reject(new Error(t(why)));
  return (
    <>
      <p>{t("sharerMeans")}</p>
      <Step<{ customers: Customers }> name={t("addCustomer")} submit={t("record")} done={done} rules={["P11.1"]}
        send={({ customers: { ids } }, key) => ask(`${CREDIT}/accounts/${of.id}/customers`, { method: "POST", key, body: { customer_id: ids[0] } })}>
        <Form.Item name="customers" label={t("customer")} required
          rules={[{
            validateTrigger: "onSubmit",
            validator: (_, value?: Customers) => (value?.typed.trim() ? wrong("customerFirst") : !value?.ids.length ? wrong("required") : value.ids.length > 1 ? wrong("oneCustomer") : Promise.resolve()),
          }]}>
          <CustomersField autoFocus />
        </Form.Item>
      </Step>
    </>
  );
}

/** A customer for whom nothing was booked leaves the account. */
function Leaver({ of, done }: { of: Account; done: () => void }) {
  const { t } = useSpeech();
  const customers = of.customers.map((one) => one.customer_id);
  const name = useNames(customers);
  return (
    <>
      <p>{t("leaverMeans")}</p>
      <Step<{ customer_id: string }> name={t("removeCustomer")} submit={t("record")} done={done} rules={["P11.1"]}
        send={({ customer_id }, key) => ask(`${CREDIT}/accounts/${of.id}/customers/${customer_id}`, { method: "DELETE", key })}>
        <Form.Item name="customer_id" label={t("customer")} rules={[{ required: true, message: t("required") }]}>
          <Radio.Group options={customers.map((id) => ({ value: id, label: name(id) }))} />
        </Form.Item>
      </Step>
    </>
  );
}
