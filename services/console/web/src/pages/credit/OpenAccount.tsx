import { Alert, Form, Input, InputNumber, Radio, Select } from "antd";
import { useNavigate } from "react-router";
import { ask } from "../../api";
import { CREDIT, type Account } from "../../credit/api";
import { Step } from "../../credit/Step";
import { useSpeech, type Word } from "../../language";
import { may } from "../../may";
import { isMeant } from "../../parts/branches";
import { CustomersField, type Customers } from "../../parts/CustomersField";
import { useDesk } from "../../Shell";

interface Fields {
  branch: string;
  customer_ids: Customers;
  contract: "distribution" | "direct";
  term_days: number;
  code?: string;
}

const MOST = 100;

/** A new account: who ships on it, under which contract and term; what it lacks is said once it is open (P11.1). */
export function OpenAccount() {
  const { t, code } = useSpeech();
  const { branchOptions, me } = useDesk();
  const navigate = useNavigate();
  if (!may(me, "credit.open_account")) return <section className="card"><Alert type="warning" showIcon title={t("notYourAccount")} /></section>;
  const needed = { required: true, message: t("required") };
  const wrong = (why: Word) => Promise.reject(new Error(t(why)));
  const own = me.grants.map((grant) => grant.place).find((place) => branchOptions.some((one) => one.value === place));
  return (
    <section className="card result" aria-labelledby="open-title">
      <h1 id="open-title">{t("openAccountNew")}</h1>
      <p className="quiet">{t("openAccountHint")}</p>
      <Step<Fields> name={t("openAccountNew")} submit={t("openAccountYes")} initial={{ contract: "distribution", term_days: 30, ...(own ? { branch: own } : {}) }} rules={["P11.1"]}
        send={async ({ code: number, customer_ids: { ids }, ...said }, key) => {
          const opened = await ask<Account>(`${CREDIT}/accounts`, { method: "POST", key, body: { ...said, customer_ids: ids, ...(number?.trim() ? { code: number.trim() } : {}) } });
          void navigate(`/credit/accounts/${opened.id}`);
        }}>
        <Form.Item name="customer_ids" label={t("customersOfAccount")} extra={t("customersHint")} required
          rules={[{
            validateTrigger: "onSubmit", // not while one types
            validator: (_, value?: Customers) => (value?.typed.trim() ? wrong("customerFirst") : !value?.ids.length ? wrong("required") : value.ids.length > MOST ? wrong("tooManyCustomers") : Promise.resolve()),
          }]}>
          <CustomersField autoFocus />
        </Form.Item>
        <div className="row">
          <Form.Item name="branch" label={t("atBranch")} rules={[needed]}>
            <Select showSearch={{ filterOption: isMeant }} options={branchOptions} />
          </Form.Item>
          <Form.Item name="term_days" label={`${t("termDays")} (${t("days")})`} rules={[needed]}><InputNumber min={0} max={365} precision={0} className="whole" /></Form.Item>
          <Form.Item name="code" label={t("booksNumber")}><Input autoComplete="off" maxLength={50} /></Form.Item>
        </div>
        <Form.Item name="contract" label={t("contract")} rules={[needed]}>
          <Radio.Group aria-label={t("contract")} options={(["distribution", "direct"] as const).map((one) => ({ value: one, label: code(`contract.${one}`) }))} />
        </Form.Item>
      </Step>
    </section>
  );
}
