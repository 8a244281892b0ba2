import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Alert, Button, Form, Input, Radio, Skeleton } from "antd";
import { useEffect, useRef, useState } from "react";
import { useBlocker, useNavigate, useParams, useSearchParams } from "react-router";
import { ask, Problem, type Page } from "../../api";
import { Amount } from "../../credit/Amount";
import { CREDIT, numberOf, type Account, type AccountLine, type Decision, type Shipment } from "../../credit/api";
import { useAccount, useNames, useShipment, useStep } from "../../credit/asking";
import { amountOf, lineCents } from "../../credit/money";
import { nameOf } from "../../credit/Step";
import { useDays } from "../../credit/useDays";
import { Balance, Reasons, Rules, WaysOut } from "../../credit/Why";
import { useSpeech } from "../../language";
import { may } from "../../may";
import { Place } from "../../parts/Place";
import { ProblemNote } from "../../parts/ProblemNote";
import { Suggest } from "../../parts/Suggest";
import { useSettled } from "../../parts/useSettled";
import { wrongHere } from "../../refusals";
import { useDesk } from "../../Shell";

interface Fields {
  account: string;
  customer_id?: string;
  destination: string;
  lines: { product: string; batch: string; quantity: string; price: string }[];
}

const EMPTY = { product: "", batch: "", quantity: "", price: "" };
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** A new request, or a copy of one: `?account=` and `?copy=` say for which account, and from what. */
export function RequestGoods() {
  const { t } = useSpeech();
  const { me } = useDesk();
  const [query] = useSearchParams();
  const copy = query.get("copy");
  if (!may(me, "credit.request")) return <section className="card"><Alert type="warning" showIcon title={t("notYourRequest")} /></section>;
  return copy ? <From key={copy} id={copy} /> : <RequestForm key={query.get("account")} account={query.get("account") ?? ""} />;
}

/** Other goods in the place of those that are not invoiced yet. */
export function ChangeGoods() {
  const { id } = useParams<{ id: string }>();
  return <From key={id} id={id!} change />;
}

function From({ id, change }: { id: string; change?: boolean }) {
  const found = useShipment(id);
  const [first, keep] = useState<Shipment>();
  useEffect(() => { if (found.data && !first) keep(found.data); }, [found.data, first]);
  if (found.isError) return <section className="card"><ProblemNote error={found.error} retry={() => void found.refetch()} /></section>;
  if (!first) return <section className="card"><Skeleton active /></section>;
  return <RequestForm account={first.account_id} from={first} changed={change ? first : undefined} />;
}

function RequestForm({ account, from, changed }: { account: string; from?: Shipment; changed?: Shipment | undefined }) {
  const { t, language } = useSpeech();
  const navigate = useNavigate();
  const [form] = Form.useForm<Fields>();
  const [chosen, choose] = useState<string>(account);
  const [dirty, setDirty] = useState(false);
  const lines = Form.useWatch("lines", form) as Partial<Fields["lines"][number]>[] | undefined;
  const facts = useAccount(UUID.test(chosen) ? chosen : undefined);
  const sent = useRef(false);
  const [unchosen, setUnchosen] = useState(false);
  const blocker = useBlocker(() => dirty && !sent.current);
  useEffect(() => {
    if (blocker.state !== "blocked") return;
    if (window.confirm(t("leaveGoods"))) blocker.proceed();
    else blocker.reset();
  }, [blocker, t]);
  useEffect(() => {
    if (!dirty) return;
    const hold = (event: BeforeUnloadEvent) => { if (!sent.current) event.preventDefault(); };
    window.addEventListener("beforeunload", hold);
    return () => window.removeEventListener("beforeunload", hold);
  }, [dirty]);

  const customers = facts.data?.customers ?? [];
  const only = customers.length === 1 ? customers[0]!.customer_id : undefined; // one needs no choosing

  const amounts = (lines ?? []).map((line) => lineCents(line?.quantity ?? "", line?.price ?? ""));
  const total = amounts.reduce<bigint>((whole, one) => (typeof one === "bigint" ? whole + one : whole), 0n);
  const amount = total > 0n ? amountOf(total) : null;

  const step = useStep<Fields>(async (fields, key) => {
    const goods = { destination: fields.destination.trim(), lines: fields.lines.map((line) => ({ product: line.product.trim(), batch: line.batch.trim(), quantity: line.quantity.trim(), price: line.price.trim() })) };
    const answer = changed
      ? await ask<Shipment>(`${CREDIT}/shipments/${changed.id}`, { method: "PUT", key, version: changed.version, body: goods })
      : await ask<Shipment>(`${CREDIT}/shipments`, {
          method: "POST", key, body: { ...goods, account_id: chosen, customer_id: fields.customer_id ?? only ?? from?.customer_id, ...(from ? { copy_of: from.id } : {}) },
        });
    sent.current = true;
    void navigate(`/credit/shipments/${answer.id}`);
  });
  useEffect(() => {
    if (!(step.error instanceof Problem)) return;
    form.setFields(step.error.errors.map((one) => ({ name: nameOf(one.pointer), errors: [wrongHere(one, language)] })) as never);
  }, [step.error, form, language]);

  const addLine = () => {
    const all = form.getFieldValue("lines") as Fields["lines"];
    form.setFieldValue("lines", [...all, { ...EMPTY }]);
    window.setTimeout(() => document.querySelector<HTMLInputElement>(`[data-line="${all.length}"]`)?.focus());
  };
  const needed = { required: true, whitespace: true, message: t("required") };
  return (
    <div className="two case">
      <section className="card" aria-labelledby="request-title">
        <h1 id="request-title">{changed ? <>{t("changing")} <span className="number">{numberOf(changed.id)}</span></> : t("requestGoods")}</h1>
        <Form form={form} layout="vertical" requiredMark disabled={step.isPending}
          initialValues={{
            account, customer_id: from?.customer_id, destination: from?.destination,
            lines: from?.lines.map(({ product, batch, quantity, price }) => ({ product, batch, quantity, price })) ?? [{ ...EMPTY }],
          }}
          onFinish={(fields) => {
            if (!UUID.test(chosen)) {
              setUnchosen(true);
              document.getElementById("for-account")?.focus();
            } else if (!step.isPending) step.mutate(fields);
          }}
          scrollToFirstError={{ focus: true }}
          onValuesChange={() => { setDirty(true); if (step.isError) step.reset(); }}
          onKeyDown={(event) => {
            if (event.altKey && event.code === "KeyL") {
              event.preventDefault();
              addLine();
            }
          }}
        >
          {!from && <ChooseAccount chosen={chosen} account={facts.data} choose={(id) => { choose(id); form.setFieldValue("customer_id", undefined); }} preset={account !== ""} missing={unchosen && !UUID.test(chosen)} />}
          {!changed && customers.length > 1 && <ChooseCustomer ids={customers.map((one) => one.customer_id)} />}
          {facts.isError && <ProblemNote error={facts.error} />}
          <Form.Item name="destination" label={t("destination")} rules={[needed, { pattern: /^[a-z0-9]+(-[a-z0-9]+)*$/, message: t("codeHint") }]}>
            <Input autoComplete="off" maxLength={50} autoFocus={account !== ""} />
          </Form.Item>
          <Form.List name="lines">
            {(fields, { remove }) => (
              <div className="goods-lines" role="group" aria-label={t("goods")}>
                {fields.map(({ key, name }) => (
                  <div key={key} className="goods-line">
                    <Form.Item name={[name, "product"]} label={t("product")} rules={[needed]}><Input autoComplete="off" maxLength={60} data-line={name} /></Form.Item>
                    <Form.Item name={[name, "batch"]} label={t("batch")} rules={[needed]}><Input autoComplete="off" maxLength={60} /></Form.Item>
                    <Form.Item name={[name, "quantity"]} label={t("quantity")} rules={[needed, { pattern: /^(?!0+(\.0+)?$)\d{1,9}(\.\d{1,3})?$/, message: t("quantityHint") }]}><Input inputMode="decimal" autoComplete="off" maxLength={13} /></Form.Item>
                    <Form.Item name={[name, "price"]} label={t("price")} rules={[needed, { pattern: /^\d{1,12}(\.\d{1,2})?$/, message: t("priceHint") }]}><Input inputMode="decimal" autoComplete="off" maxLength={15} prefix="¥" /></Form.Item>
                    <output className="line-total" aria-label={t("lineAmount")}>
                      {amounts[name] === "broken" ? <span className="bad">{t("notWholeCents")}</span> : typeof amounts[name] === "bigint" ? <Amount of={amountOf(amounts[name])} /> : <span className="quiet">¥ –</span>}
                    </output>
                    <Button type="text" danger disabled={fields.length === 1} aria-label={`${t("removeLine")} ${name + 1}`} onClick={() => remove(name)}>×</Button>
                  </div>
                ))}
              </div>
            )}
          </Form.List>
          <p className="goods-total">
            <Button onClick={addLine} disabled={(lines?.length ?? 0) >= 500} aria-keyshortcuts="Alt+L">＋ {t("addLine")}</Button>
            <span>{t("total")} <output className="total"><Amount of={amount ?? "0.00"} strong /></output></span>
          </p>
          {step.isError && <ProblemNote error={step.error} />}
          <p className="buttons">
            <Button type="primary" htmlType="submit" size="large" loading={step.isPending}>{changed ? t("sendChange") : t("sendRequest")}</Button>
            <span className="quiet">{t("requestKeys")}</span>
          </p>
        </Form>
      </section>
      <aside className="card" aria-labelledby="what-if-title">
        <h2 id="what-if-title">{t("whatIf")}</h2>
        <WhatIf account={facts.data} amount={amount} changed={changed?.id} />
      </aside>
    </div>
  );
}

/** The account by its number, or from those within reach. */
function ChooseAccount({ chosen, account, choose, preset, missing }: {
  chosen: string; account: Account | undefined; choose: (id: string) => void; preset: boolean; missing: boolean;
}) {
  const { t, mark } = useSpeech();
  const { placeName } = useDesk();
  const [text, setText] = useState(UUID.test(chosen) ? numberOf(chosen) : "");
  const asked = useSettled(text.trim(), 250);
  const byNumber = /^[0-9a-f]{8}(-?[0-9a-f]){0,24}$/i.test(asked);
  const found = useQuery({
    queryKey: ["credit", "accounts", "choose", byNumber ? asked : ""], placeholderData: keepPreviousData, enabled: byNumber || asked === "",
    queryFn: ({ signal }) => ask<Page<AccountLine>>(`${CREDIT}/accounts?limit=20${byNumber ? `&number=${encodeURIComponent(asked)}` : ""}`, { signal }),
  });
  const items = found.data?.items ?? [];
  const name = useNames(items.flatMap((one) => one.customer_ids));
  // a number that is typed in full and fits one account needs no choosing
  const one = byNumber && asked.length >= 13 && items.length === 1 && !found.isPlaceholderData ? items[0]!.id : null;
  useEffect(() => { if (one && one !== chosen) choose(one); }, [one, chosen, choose]);
  return (
    <Form.Item label={t("forAccount")} htmlFor="for-account" required validateStatus={missing ? "error" : ""}
      help={missing ? t("chooseAccount") : account ? `${placeName(account.branch)} · ${account.customers.map((each) => name(each.customer_id)).join(mark("list"))}` : t("accountHint")}>
      <Suggest id="for-account" value={text} autoFocus={!preset} maxLength={36}
        onChange={(value: string) => { setText(value ?? ""); if (chosen && value !== numberOf(chosen)) choose(""); }}
        onSelect={(id: string) => { setText(numberOf(id)); choose(id); }}
        options={items.map((each) => ({ value: each.id, label: <span><b className="number">{numberOf(each.id)}</b> {each.customer_ids.map(name).join(mark("list"))} <span className="quiet"><Place of={each.branch} /></span></span> }))} />
    </Form.Item>
  );
}

function ChooseCustomer({ ids }: { ids: string[] }) {
  const { t } = useSpeech();
  const name = useNames(ids);
  return (
    <Form.Item name="customer_id" label={t("customer")} rules={[{ required: true, message: t("required") }]}>
      <Radio.Group options={ids.map((id) => ({ value: id, label: name(id) }))} />
    </Form.Item>
  );
}

/** Could goods of this amount go today; if not, when, and what would free them: asked as one types, nothing is taken. */
function WhatIf({ account, amount, changed }: { account: Account | undefined; amount: string | null; changed: string | undefined }) {
  const { t, code } = useSpeech();
  const days = useDays();
  const asked = useSettled(amount, 250);
  const found = useQuery({
    queryKey: ["credit", "what-if", account?.id, asked, changed], enabled: account !== undefined && asked !== null, placeholderData: keepPreviousData,
    queryFn: ({ signal }) => ask<{ decision: Decision }>(`${CREDIT}/accounts/${account!.id}/what-if?amount=${asked}${changed ? `&shipment_id=${changed}` : ""}`, { signal }),
  });
  if (!account || amount === null) return <p className="quiet">{t("whatIfHint")}</p>;
  if (found.isError) return <ProblemNote error={found.error} retry={() => void found.refetch()} />;
  if (!found.data) return <Skeleton active paragraph={{ rows: 3 }} />;
  const decision = found.data.decision;
  const goes = decision.outcome === "released";
  const wait = decision.ways_out.find((one) => one.code === "wait");
  return (
    <div aria-live="polite" aria-busy={found.isFetching || asked !== amount} className="what-if">
      <p className={goes ? "verdict good" : "verdict bad"}>{goes ? `✓ ${t("canGo")}` : `✕ ${t("cannotGo")}`}</p>
      <p><Amount of={decision.amount} strong /> {goes && <>· {code(`by.${decision.way}`)} <Rules of={decision.rules} /></>}</p>
      {goes && decision.plan_wanted && <p><b>{t("planOwed")}</b></p>}
      {!goes && (
        <>
          <p>{wait ? <>{t("earliest")} <b>{days(wait.day)}</b> <span className="quiet">{t("earliestHint")}</span></> : t("notByWaiting")}</p>
          <h3>{t("why")}</h3>
          <Reasons of={decision.reasons} />
          <h3>{t("waysOut")}</h3>
          <WaysOut of={decision.ways_out} />
        </>
      )}
      <Balance exposure={decision.exposure} after={decision.after} limit={decision.limit} />
      <p className="quiet">{t("nothingTaken")}</p>
    </div>
  );
}
