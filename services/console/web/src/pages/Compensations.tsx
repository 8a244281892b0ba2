import { useQuery } from "@tanstack/react-query";
import { Button, Tag } from "antd";
import { useState } from "react";
import { ask, Problem, type Compensation, type Page } from "../api";
import { useSpeech } from "../language";
import { Person } from "../parts/Person";
import { ProblemNote } from "../parts/ProblemNote";
import { StepForm } from "../parts/StepForm";
import { useDesk } from "../Shell";
import { OFFER } from "./steps";

/** who may offer compensation (P12.10) */
const OFFERING = [
  "customer_relations", "relations_specialist", "relations_manager", "department_supervisor", "department_head",
  "operations_customer_service", "hr_admin_manager", "general_manager",
];

/** The compensation of a case; null for whom it is not. */
export function useCompensations(id: string) {
  return useQuery({
    queryKey: ["case-compensations", id],
    queryFn: async ({ signal }) => {
      try {
        return await ask<Page<Compensation>>(`/api/complaint/v1/compensations?case_id=${encodeURIComponent(id)}`, { signal });
      } catch (error) {
        if (error instanceof Problem && error.status === 403) return null;
        throw error;
      }
    },
  });
}

/** What was offered, granted and paid for a case; who signs it is among its approvals (P12.10). */
export function Compensations({ id }: { id: string }) {
  const { t, code, when, mark } = useSpeech();
  const { me } = useDesk();
  const found = useCompensations(id);
  const [offering, setOffering] = useState(false);
  const [changing, setChanging] = useState<string | null>(null);
  const [paying, setPaying] = useState<string | null>(null);
  if (found.isError) return <ProblemNote error={found.error} retry={() => void found.refetch()} />;
  if (!found.data) return null;
  const items = found.data.items;
  const pays = me.grants.some((grant) => grant.role === "finance");
  const offers = me.grants.some((grant) => OFFERING.includes(grant.role));
  const open = items.some((one) => one.state === "asked" || one.state === "granted");
  if (items.length === 0 && !offers) return null;
  return (
    <section className="card" aria-labelledby="compensation-title">
      <h2 id="compensation-title">{t("compensation")}</h2>
      <ul className="lines">
        {items.map((one) => (
          <li key={one.id} className="term">
            <span className="line-head">
              <b className="number">{one.amount.amount} {one.amount.currency}</b>
              <Tag color={one.state === "paid" || one.state === "granted" ? "success" : "warning"}>{code(one.state)}</Tag>
              <span className="push quiet"><Person of={one.offered_by} /> · {when(one.offered_at)}</span>
            </span>
            <span>{one.lines.map((line) => `${code(line.kind)} ${line.amount.amount}`).join(mark("list"))}</span>
            {one.paid_at && <span className="quiet">{code("paid")} <Person of={one.paid_by} /> {when(one.paid_at)}</span>}
            {offers && one.state !== "paid" && changing !== one.id && (
              <span><Button size="small" onClick={() => setChanging(one.id)}>{t("changeOffer")}</Button></span>
            )}
            {changing === one.id && (
              <StepForm subject={id} name={t("changeOffer")} path={`/v1/compensations/${one.id}/change`} fields={OFFER} rules={["P12.10"]}
                initial={{ lines: one.lines.map((line) => ({ kind: line.kind, amount: line.amount.amount })) }}
                body={offered} done={() => setChanging(null)} />
            )}
            {pays && one.state === "granted" && paying !== one.id && (
              <span><Button size="small" type="primary" onClick={() => setPaying(one.id)}>{t("recordPayment")}</Button></span>
            )}
            {paying === one.id && (
              <StepForm subject={id} name={t("recordPayment")} path={`/v1/compensations/${one.id}/pay`} fields={[]} rules={["P12.10"]}
                body={() => ({})} done={() => setPaying(null)} />
            )}
          </li>
        ))}
      </ul>
      {items.length === 0 && !offering && <p className="quiet">{t("noOffer")}</p>}
      {offers && !open && !offering && <Button onClick={() => setOffering(true)}>{t("offerCompensation")}</Button>}
      {offering && (
        <StepForm subject={id} name={t("offerCompensation")} path={`/v1/complaints/${id}/compensations`} fields={OFFER} rules={["P12.10"]}
          body={offered} done={() => setOffering(false)} />
      )}
    </section>
  );
}

function offered({ lines, reason }: Record<string, unknown>): unknown {
  const said = lines as { kind: string; amount: string }[];
  return { lines: said.map(({ kind, amount }) => ({ kind, amount: { amount, currency: "CNY" } })), reason };
}
