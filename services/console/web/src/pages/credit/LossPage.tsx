import { useQuery } from "@tanstack/react-query";
import { Alert, Form, Radio, Skeleton, Tag } from "antd";
import { useEffect, useRef } from "react";
import { Link, useParams } from "react-router";
import { ask } from "../../api";
import { Amount } from "../../credit/Amount";
import { CREDIT, numberOf, type Loss } from "../../credit/api";
import { LIVE, useSignatures } from "../../credit/asking";
import { OneDocument } from "../../credit/Documents";
import { Signature } from "../../credit/Signature";
import { AmountField, Offers, Step, type Offer } from "../../credit/Step";
import { useDays } from "../../credit/useDays";
import { Rules } from "../../credit/Why";
import { useSpeech } from "../../language";
import { may } from "../../may";
import { Person } from "../../parts/Person";
import { Place } from "../../parts/Place";
import { chosenAs, usePeople } from "../../parts/people";
import { ProblemNote } from "../../parts/ProblemNote";
import { Suggest } from "../../parts/Suggest";
import { useDesk } from "../../Shell";
import { LOSS_COLOURS } from "./Losses";

export function LossPage() {
  const { id } = useParams<{ id: string }>();
  return <Opened key={id} id={id!} />;
}

function Opened({ id }: { id: string }) {
  const { t, code, when } = useSpeech();
  const { me } = useDesk();
  const days = useDays();
  const heading = useRef<HTMLHeadingElement>(null);
  const found = useQuery({
    queryKey: ["credit", "loss", id], refetchInterval: LIVE,
    queryFn: ({ signal }) => ask<Loss>(`${CREDIT}/losses/${encodeURIComponent(id)}`, { signal }),
  });
  useEffect(() => heading.current?.focus(), [found.isSuccess]);
  if (found.isPending) return <section className="card"><Skeleton active /></section>;
  if (found.isError) return <section className="card"><ProblemNote error={found.error} retry={() => void found.refetch()} /></section>;
  const one = found.data;
  return (
    <>
      <section className="card case-head" aria-labelledby="loss-title">
        <h1 id="loss-title" tabIndex={-1} ref={heading}>{code(`loss.${one.kind}`)} <span className="number">{numberOf(one.id)}</span> <Amount of={one.amount} /></h1>
        <p role="status" className="tags">
          <Tag color={LOSS_COLOURS[one.state]}>{code(`lossstate.${one.state}`)}</Tag>
          {one.approval && <Tag color="processing">{t("sharesAsked")}</Tag>}
          {one.legal_reserved && <Tag color="error">{t("legalReserved")}</Tag>}
          <Rules of={[one.rule]} />
        </p>
        <p className="quiet">
          <Place of={one.branch} /> · {t("occurredOn")} {days(one.occurred_on)} · {t("foundAt")} {when(one.found_at)}
          {one.ended_at && <> · {t("endedAt")} {when(one.ended_at)}</>}
          {one.account_id && <> · <Link to={`/credit/accounts/${one.account_id}`}>{t("account")} <span className="number">{numberOf(one.account_id)}</span></Link></>}
          {one.shipment_id && <> · <Link to={`/credit/shipments/${one.shipment_id}`}>{t("shipment")} <span className="number">{numberOf(one.shipment_id)}</span></Link></>}
        </p>
        {may(me, "credit.book") && <Todo of={one} />}
      </section>
      <div className="two case">
        <Evidence of={one} />
        <div>
          <Shares of={one} />
          <Asked of={one} />
        </div>
      </div>
    </>
  );
}

/** What finance does next, and what holds it. */
function Todo({ of }: { of: Loss }) {
  const { t, code } = useSpeech();
  const asks = of.state === "verified" && !of.approval;
  const weights = useWeights(of, asks);
  const offers: Offer[] = [];
  if (of.state === "found") offers.push({ key: "verify", name: t("verify"), form: (done) => <Verify of={of} done={done} /> });
  if (asks && weights !== null) offers.push({ key: "ask", name: t("askShares"), form: (done) => <AskShares of={of} parts={Object.keys(weights ?? {})} done={done} /> });
  return (
    <>
      {asks && weights === null && <Alert type="warning" showIcon title={t("proportionsNotSet")} description={<>{code(`loss.${of.kind}`)}: {t("proportionsMean")} <Rules of={["P11.15"]} /></>} />}
      <Offers of={offers} />
    </>
  );
}

/** Each part's weight as the policy of the branch says; null while it says none, undefined while that is not known. */
function useWeights(of: Loss, enabled: boolean): Record<string, number> | null | undefined {
  const found = useQuery({
    queryKey: ["credit", "policies", of.branch], enabled, retry: false,
    queryFn: ({ signal }) => ask<{ values: { policy: string; name: string; value: unknown }[] }>(`${CREDIT}/policies/explain?branch=${encodeURIComponent(of.branch)}`, { signal }),
  });
  const said = found.data?.values.find((one) => one.policy === "credit" && one.name === "proportions");
  if (!said) return undefined;
  const weights = ((said.value ?? {}) as Record<string, Record<string, number> | null>)[of.kind];
  return weights && Object.values(weights).some((one) => one > 0) ? weights : null;
}

function Verify({ of, done }: { of: Loss; done: () => void }) {
  const { t } = useSpeech();
  const [form] = Form.useForm<{ founded: boolean; amount?: string }>();
  const founded = Form.useWatch("founded", form);
  return (
    <Step<{ founded: boolean; amount?: string }> name={t("verify")} form={form} done={done} rules={["P11.11"]}
      send={({ founded: is, amount }, key) => ask(`${CREDIT}/losses/${of.id}/verify`, { method: "POST", key, body: { founded: is, ...(is && amount ? { amount } : {}) } })}>
      <Form.Item name="founded" label={t("isFounded")} rules={[{ required: true, message: t("required") }]}>
        <Radio.Group aria-label={t("isFounded")} options={[{ value: true, label: t("foundedYes") }, { value: false, label: t("foundedNo") }]} />
      </Form.Item>
      {founded && <div className="row"><AmountField label={Number(of.amount) > 0 ? t("worthElse") : t("worthOf")} optional={Number(of.amount) > 0} /></div>}
    </Step>
  );
}

function AskShares({ of, parts, done }: { of: Loss; parts: string[]; done: () => void }) {
  const { t, mark } = useSpeech();
  const { roleName } = useDesk();
  const people = usePeople(of.branch);
  const named = parts.filter((part) => part !== "company");
  const options = (people?.people ?? []).map((one) => ({ value: one.subject, label: chosenAs(one, one.roles.map(roleName).join(mark("list"))) }));
  return (
    <Step<{ bearers?: Record<string, string | undefined> }> name={t("askShares")} done={done} rules={[of.rule, "P11.15"]}
      send={({ bearers }, key) =>
        ask(`${CREDIT}/losses/${of.id}/ask-shares`, {
          method: "POST", key,
          body: { bearers: Object.entries(bearers ?? {}).flatMap(([part, person]) => (person?.trim() ? [{ part, person: person.trim() }] : [])) },
        })}>
      <p>{t("bearersHint")}</p>
      <div className="row">
        {named.map((part, n) => (
          <Form.Item key={part} name={["bearers", part]} label={<Part of={part} />}>
            <Suggest options={options} maxLength={100} autoFocus={n === 0} placeholder={t("choosePerson")} popupMatchSelectWidth={false}
              showSearch={{ filterOption: (text, option) => (option?.label ?? "").includes(text) }} />
          </Form.Item>
        ))}
      </div>
    </Step>
  );
}

/** The name of a part: a post, who signed, or the company. */
function Part({ of }: { of: string }) {
  const { t } = useSpeech();
  const { roleName } = useDesk();
  return <>{of === "company" ? t("theCompany") : of === "signer" ? t("theSigner") : roleName(of)}</>;
}

/** Who bears what; the amounts stand once it is borne. */
function Shares({ of }: { of: Loss }) {
  const { t } = useSpeech();
  return (
    <section className="card" aria-labelledby="shares-title">
      <h2 id="shares-title">{t("shares")}</h2>
      {of.shares.length === 0 && <p className="quiet">{t("noShares")}</p>}
      <ul className="ledger" aria-labelledby="shares-title">
        {of.shares.map((one) => (
          <li key={one.part} className="ledger-line shares-line">
            <b><Part of={one.part} /></b><span>{one.person ? <Person of={one.person} /> : "–"}</span><span className="quiet num">{t("weight")} {one.weight}</span>
            <b className="num">{one.amount !== null ? <Amount of={one.amount} /> : <span className="quiet">{t("notBorneYet")}</span>}</b>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** The approval of the shares, signed by whom it waits for. */
function Asked({ of }: { of: Loss }) {
  const { t } = useSpeech();
  const found = useSignatures(of.id);
  if (found.isError) return <section className="card"><ProblemNote error={found.error} retry={() => void found.refetch()} /></section>;
  if (!found.data?.items.length) return null;
  return (
    <section className="card" aria-labelledby="asked-title">
      <h2 id="asked-title">{t("approvals")}</h2>
      {found.data.items.map((one) => <Signature key={one.id} asked={one} />)}
    </section>
  );
}

/** What it rests on: the lines of the warehouse's lists, the document. */
function Evidence({ of }: { of: Loss }) {
  const { t, code } = useSpeech();
  const days = useDays();
  return (
    <section className="card" aria-labelledby="evidence-title">
      <h2 id="evidence-title">{t("evidence")}</h2>
      <p>{code(`losswhy.${of.kind}`)}</p>
      {of.document_id && <OneDocument id={of.document_id} shown />}
      {of.evidence.length > 0 && (
        <div className="wide-table" tabIndex={0} role="region" aria-labelledby="evidence-title">
          <table className="table">
            <thead><tr><th scope="col">{t("slip")}</th><th scope="col">{t("product")}</th><th scope="col">{t("batch")}</th><th scope="col" className="num">{t("quantity")}</th><th scope="col">{t("issuedOn")}</th><th scope="col">{t("finding")}</th><th scope="col" className="num">{t("lost")}</th></tr></thead>
            <tbody>
              {of.evidence.map((line) => (
                <tr key={line.id}>
                  <td>{line.origin_ref} / {line.line}</td><td>{line.product}</td><td>{line.batch}</td><td className="num">{line.quantity}</td><td>{days(line.issued_on)}</td>
                  <td>{line.finding && code(`finding.${line.finding}`)}</td><td className="num"><Amount of={line.lost} /></td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
