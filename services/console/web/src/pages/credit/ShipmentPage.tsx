import { Button, Form, Input, Skeleton } from "antd";
import { useEffect, useRef, useState } from "react";
import { Link, useParams } from "react-router";
import { ask } from "../../api";
import { Amount } from "../../credit/Amount";
import { CREDIT, numberOf, type Shipment, type WayOut } from "../../credit/api";
import { useNames, useShipment, useSignatures, useStanding, useStep } from "../../credit/asking";
import { Signature } from "../../credit/Signature";
import { Return, Split } from "../../credit/PartOfGoods";
import { State } from "../../credit/State";
import { Offers, Step, type Offer } from "../../credit/Step";
import { today, useDays } from "../../credit/useDays";
import { Decided, Rules } from "../../credit/Why";
import { useSpeech } from "../../language";
import { may } from "../../may";
import { Person } from "../../parts/Person";
import { Place } from "../../parts/Place";
import { ProblemNote } from "../../parts/ProblemNote";
import { useDesk } from "../../Shell";

export function ShipmentPage() {
  const { id } = useParams<{ id: string }>();
  return <Opened key={id} id={id!} />;
}

function Opened({ id }: { id: string }) {
  const { t, when } = useSpeech();
  const { me } = useDesk();
  const found = useShipment(id);
  const heading = useRef<HTMLHeadingElement>(null);
  const name = useNames(found.data ? [found.data.customer_id] : []);
  useEffect(() => heading.current?.focus(), [found.isSuccess]);
  if (found.isPending) return <section className="card"><Skeleton active /></section>;
  if (found.isError) return <section className="card"><ProblemNote error={found.error} retry={() => void found.refetch()} /></section>;
  const one = found.data;
  return (
    <>
      <section className="card case-head" aria-labelledby="shipment-title">
        <h1 id="shipment-title" tabIndex={-1} ref={heading}>
          {t("shipment")} <span className="number">{numberOf(one.id)}</span> <Amount of={one.amount} />
        </h1>
        <p role="status" className="tags"><State of={one} /></p>
        <p className="quiet">
          {name(one.customer_id)} · <Place of={one.branch} /> · {one.destination} · {t("requestedAt")} {when(one.requested_at)} · <Person of={one.requested_by} />
          {one.part_of && <> · <Link to={`/credit/shipments/${one.part_of}`}>{t("partOf")} {numberOf(one.part_of)}</Link></>}
          {one.copy_of && <> · <Link to={`/credit/shipments/${one.copy_of}`}>{t("copyOf")} {numberOf(one.copy_of)}</Link></>}
        </p>
      </section>
      <div className="two case">
        <div>
          <Verdict of={one} />
          <Goods of={one} />
        </div>
        <div>
          <Signatures of={one} />
          <Steps of={one} />
          {may(me, "credit.read") && <Account id={one.account_id} />}
        </div>
      </div>
    </>
  );
}

/** What was decided, why, and every way out with what can be done about it from here. */
function Verdict({ of }: { of: Shipment }) {
  const { t, mark } = useSpeech();
  const { me } = useDesk();
  const [paying, setPaying] = useState(false);
  const signing = useStep<void>((_, key) => ask(`${CREDIT}/shipments/${of.id}/ask-signature`, { method: "POST", key }));
  const again = useStep<void>((_, key) => ask(`${CREDIT}/shipments/${of.id}/release`, { method: "POST", key }));
  const held = of.state === "held";
  const stuck = of.state === "invoiced" && of.decision.outcome === "held"; // held again on its way out of the warehouse
  const requests = may(me, "credit.request");
  const act = (way: WayOut) => {
    if (/^(first|last)_overrun$/.test(way.code) && requests && of.waits_for.length === 0) {
      return <Button type="primary" size="small" loading={signing.isPending} onClick={() => signing.mutate()}>{t("askSignature")}</Button>;
    }
    if ((way.code === "remit_first" || way.code === "pay_cash") && may(me, "credit.book")) {
      return paying ? <Remittance of={of} amount={way.amount ?? of.amount} done={() => setPaying(false)} />
        : <Button size="small" onClick={() => setPaying(true)}>{t("recordRemittance")}</Button>;
    }
    if (way.code === "take_less" && held && requests && of.waits_for.length === 0) {
      return <Link className="as-button small" to={`/credit/shipments/${of.id}/change`}>{t("change")}</Link>;
    }
    return null;
  };
  if (!held && !stuck && of.decision.outcome === "held") return null; // it went another way since: what was decided then holds no more
  return (
    <section className="card" aria-label={t("why")}>
      <h2>{held || stuck ? t("held") : t("released")}{of.waits_for.length > 0 && <span className="quiet"> · {t("waitsForSignature")}{mark("comma")}{t("askSignatureHint")}</span>}</h2>
      <Decided decision={of.decision} act={held || stuck ? act : undefined} />
      {held && requests && (
        <p className="buttons"><Button loading={again.isPending} onClick={() => again.mutate()}>{t("decideAgain")}</Button></p>
      )}
      {signing.isError && <ProblemNote error={signing.error} />}
      {again.isError && <ProblemNote error={again.error} />}
    </section>
  );
}

/** Money that came for these very goods: it frees them and nothing else (P11.4, P11.9). */
function Remittance({ of, amount, done }: { of: Shipment; amount: string; done: () => void }) {
  const { t } = useSpeech();
  const [form] = Form.useForm<{ amount: string; dated_on: string; reference: string }>();
  const book = useStep<{ amount: string; dated_on: string; reference: string }>(
    ({ reference, ...said }, key) =>
      ask(`${CREDIT}/accounts/${of.account_id}/documents`, {
        method: "POST", key,
        body: { kind: "payment", customer_id: of.customer_id, shipment_id: of.id, origin: "bank", origin_ref: reference.trim(), ...said },
      }),
    done,
  );
  const needed = [{ required: true, whitespace: true, message: t("required") }];
  return (
    <Form form={form} layout="vertical" className="step remittance" disabled={book.isPending} initialValues={{ amount, dated_on: today() }}
      onFinish={(values) => { if (!book.isPending) book.mutate(values); }} onKeyDown={(event) => { if (event.key === "Escape") done(); }}>
      <Form.Item name="amount" label={t("amount")} rules={[...needed, { pattern: /^\d{1,12}(\.\d{1,2})?$/, message: t("priceHint") }]}>
        <Input inputMode="decimal" autoComplete="off" maxLength={16} prefix="¥" autoFocus />
      </Form.Item>
      <Form.Item name="dated_on" label={t("paidOn")} rules={needed}><Input type="date" max={today()} /></Form.Item>
      <Form.Item name="reference" label={t("bankRef")} rules={needed}><Input autoComplete="off" maxLength={100} /></Form.Item>
      {book.isError && <ProblemNote error={book.error} />}
      <p className="buttons">
        <Button type="primary" htmlType="submit" loading={book.isPending}>{t("record")}</Button>
        <Button onClick={done}>{t("cancel")}</Button>
      </p>
    </Form>
  );
}

/** The signature it has, with the amount it holds for; and every one that was asked. */
function Signatures({ of }: { of: Shipment }) {
  const { t } = useSpeech();
  const days = useDays();
  const found = useSignatures(of.id);
  const given = of.signature;
  const asked = found.data?.items ?? [];
  if (found.isError) return <section className="card"><ProblemNote error={found.error} retry={() => void found.refetch()} /></section>;
  if (!given && asked.length === 0) return null;
  return (
    <section className="card" aria-labelledby="sign-title">
      <h2 id="sign-title">{t("signature")}</h2>
      {given && (
        <p className="sign-for">
          {given.kind === "first" ? t("firstOverrun") : t("lastOverrun")} · {t("holdsFor")} <Amount of={given.amount} strong />
          {" · "}{t("validUntil")} <b>{days(given.until)}</b> · {t("signedByWhom")} <Person of={given.signer} />
          {given.until < today() && <b className="bad"> {t("notValid")}</b>}
          {Number(given.amount) !== Number(of.amount) && <b className="bad"> {t("otherAmount")}</b>}
        </p>
      )}
      {asked.map((one) => <Signature key={one.id} asked={one} />)}
    </section>
  );
}

/** Nothing of it goes: said once more, and done (P11.6). */
function Cancel({ of, done }: { of: Shipment; done: () => void }) {
  const { t } = useSpeech();
  return (
    <Step name={t("cancelGoods")} submit={t("cancelYes")} back={t("keep")} danger done={done} rules={["P11.6"]}
      send={(_, key) => ask(`${CREDIT}/shipments/${of.id}/cancel`, { method: "POST", key })}>
      <p>{t("cancelSure")}</p>
    </Step>
  );
}

/** How far it has come, and what comes next for whoever may do it. */
function Steps({ of }: { of: Shipment }) {
  const { t, code } = useSpeech();
  const { me } = useDesk();
  const days = useDays();
  const step = useStep<"invoice" | "issue" | "deliver">((verb, key) =>
    ask(`${CREDIT}/shipments/${of.id}/${verb}`, { method: "POST", key, ...(verb === "issue" ? { body: {} } : {}) }),
  );
  const requests = may(me, "credit.request");
  const early = of.state === "held" || of.state === "released";
  const next = (
    <>
      {of.state === "released" && may(me, "credit.invoice") && <Button type="primary" loading={step.isPending} onClick={() => step.mutate("invoice")}>{t("invoiceGoods")}</Button>}
      {of.state === "invoiced" && may(me, "credit.issue_goods") && <Button type="primary" loading={step.isPending} onClick={() => step.mutate("issue")}>{t("issueGoods")}</Button>}
      {of.state === "issued" && may(me, "credit.issue_goods") && <Button type="primary" loading={step.isPending} onClick={() => step.mutate("deliver")}>{t("deliverGoods")}</Button>}
      {early && requests && of.waits_for.length === 0 && <Link className="as-button" to={`/credit/shipments/${of.id}/change`}>{t("change")}</Link>}
      {requests && <Link className="as-button" to={`/credit/request?copy=${of.id}`}>{t("copy")}</Link>}
    </>
  );
  const offers: Offer[] = [];
  if (early && requests && of.waits_for.length === 0) offers.push({ key: "split", name: t("splitGoods"), form: (done) => <Split of={of} done={done} /> });
  const back = (of.state === "issued" || of.state === "delivered") && of.invoice_id !== null && of.returned !== of.amount && of.lines.some((line) => Number(line.returned) < Number(line.quantity));
  if (back && may(me, "credit.issue_goods")) offers.push({ key: "return", name: t("returnGoods"), form: (done) => <Return of={of} done={done} /> });
  if ((early || of.state === "invoiced") && requests) offers.push({ key: "cancel", name: t("cancelGoods"), form: (done) => <Cancel of={of} done={done} /> });
  const dates: [string, string | null][] = [["invoiced", of.invoiced_on], ["issued", of.issued_on], ["delivered", of.delivered_on]];
  return (
    <section className="card" aria-labelledby="course-title">
      <h2 id="course-title">{t("course")}</h2>
      <dl className="pairs">
        <dt>{t("state")}</dt><dd>{code(`shipment.${of.state}`)}</dd>
        {dates.filter(([, day]) => day).map(([name, day]) => [<dt key={name}>{code(`shipment.${name}`)}</dt>, <dd key={`${name}-on`}>{days(day)}</dd>])}
        {Number(of.prepaid) > 0 && <><dt>{t("prepaid")}</dt><dd><Amount of={of.prepaid} /></dd></>}
        {Number(of.returned) > 0 && <><dt>{code("document.return")}</dt><dd><Amount of={of.returned} /></dd></>}
      </dl>
      <Offers of={offers}>{next}</Offers>
      {step.isError && <ProblemNote error={step.error} />}
    </section>
  );
}

function Goods({ of }: { of: Shipment }) {
  const { t } = useSpeech();
  return (
    <section className="card" aria-labelledby="goods-title">
      <h2 id="goods-title">{t("goods")}</h2>
      <div className="wide-table" tabIndex={0} role="region" aria-labelledby="goods-title">
        <table className="table">
          <thead><tr><th scope="col">{t("product")}</th><th scope="col">{t("batch")}</th><th scope="col" className="num">{t("quantity")}</th><th scope="col" className="num">{t("price")}</th><th scope="col" className="num">{t("lineAmount")}</th></tr></thead>
          <tbody>
            {of.lines.map((line, n) => (
              <tr key={n}><td>{line.product}</td><td>{line.batch}</td><td className="num">{line.quantity}{Number(line.returned) > 0 && <span className="quiet"> · {t("returnedOf")} {line.returned}</span>}</td><td className="num"><Amount of={line.price} /></td><td className="num"><Amount of={line.amount} /></td></tr>
            ))}
          </tbody>
          <tfoot><tr><th scope="row" colSpan={4}>{t("total")}</th><td className="num"><Amount of={of.amount} strong /></td></tr></tfoot>
        </table>
      </div>
    </section>
  );
}

/** Where the account stands now, in short. */
function Account({ id }: { id: string }) {
  const { t } = useSpeech();
  const found = useStanding(id);
  return (
    <section className="card" aria-labelledby="stands-title">
      <h2 id="stands-title">{t("stands")}</h2>
      {found.isPending && <Skeleton active paragraph={{ rows: 2 }} />}
      {found.isError && <ProblemNote error={found.error} retry={() => void found.refetch()} />}
      {found.data && (
        <dl className="pairs">
          <dt>{t("limit")}</dt><dd><Amount of={found.data.limit} /></dd>
          <dt>{t("exposure")}</dt><dd><Amount of={found.data.exposure} /></dd>
          <dt>{found.data.within ? t("room") : t("over")}</dt>
          <dd className={found.data.within ? "good" : "bad"}><Amount of={found.data.within ? found.data.room : found.data.over} strong /> <Rules of={found.data.rules} /></dd>
        </dl>
      )}
      <p className="buttons"><Link className="as-button" to={`/credit/accounts/${id}`}>{t("openAccount")} {numberOf(id)}</Link></p>
    </section>
  );
}
