import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Button, Skeleton } from "antd";
import { useState } from "react";
import { Link, useNavigate } from "react-router";
import { ask, type Page } from "../api";
import { useSpeech } from "../language";
import { may } from "../may";
import { ProblemNote } from "../parts/ProblemNote";
import { useDesk } from "../Shell";
import { Amount } from "./Amount";
import { CREDIT, numberOf, type Document, type DocumentLine, type Loss } from "./api";
import { LIVE_LIST } from "./asking";
import { Offers, ReasonField, Step, type Offer } from "./Step";
import { useDays } from "./useDays";

/** Everything that was booked on an account, the newest first; each opens into its entries. */
export function Documents({ account }: { account: string }) {
  const { t, code } = useSpeech();
  const days = useDays();
  const [opened, open] = useState<string | null>(null);
  const found = useInfiniteQuery({
    queryKey: ["credit", "documents", account], initialPageParam: "", refetchInterval: LIVE_LIST,
    queryFn: ({ pageParam, signal }) =>
      ask<Page<DocumentLine>>(`${CREDIT}/accounts/${account}/documents?limit=10${pageParam && `&cursor=${encodeURIComponent(pageParam)}`}`, { signal }),
    getNextPageParam: (last) => last.next ?? undefined,
  });
  const items = found.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <section className="card" aria-labelledby="documents-title">
      <h2 id="documents-title">{t("documents")}</h2>
      {found.isPending && <Skeleton active paragraph={{ rows: 3 }} />}
      {found.isError && <ProblemNote error={found.error} retry={() => void found.refetch()} />}
      {found.isSuccess && items.length === 0 && <p className="empty">{t("nothingInPart")}</p>}
      <ul className="ledger" aria-labelledby="documents-title">
        {items.map((one) => (
          <li key={one.id}>
            <button type="button" className="ledger-line" aria-expanded={opened === one.id} onClick={() => open(opened === one.id ? null : one.id)}>
              <span>{code(`document.${one.kind}`)} <span className="quiet">{one.origin !== "credit" && one.origin_ref.slice(0, 24)}</span></span>
              <span className="quiet">{days(one.dated_on)}{one.reversed_by && <> · {t("reversed")}</>}</span>
              <b className="num"><Amount of={one.amount} /></b>
              <span className="quiet num">{Number(one.open) > 0 && <>{t("openAmount")} <Amount of={one.open} /></>}</span>
            </button>
            {opened === one.id && <OneDocument id={one.id} />}
          </li>
        ))}
      </ul>
      {found.hasNextPage && <Button size="small" onClick={() => void found.fetchNextPage()} loading={found.isFetchingNextPage}>{t("more")}</Button>}
    </section>
  );
}

/** A document with its entries, and what settled what; finance may take it back, but where it is only `shown`. */
export function OneDocument({ id, shown }: { id: string; shown?: boolean }) {
  const { t, code, when } = useSpeech();
  const { me } = useDesk();
  const navigate = useNavigate();
  const found = useQuery({
    queryKey: ["credit", "document", id],
    queryFn: ({ signal }) => ask<Document>(`${CREDIT}/documents/${id}`, { signal }),
  });
  if (found.isPending) return <Skeleton active paragraph={{ rows: 1 }} />;
  if (found.isError) return <ProblemNote error={found.error} retry={() => void found.refetch()} />;
  const one = found.data;
  const ofShipment = one.shipment_id !== null && one.kind !== "payment"; // that one is cancelled, or its goods come back
  const finance = may(me, "credit.book") && !shown;
  const reversible = !one.reversed_by && !ofShipment && one.kind !== "reversal" && one.kind !== "write_off";
  const offers: Offer[] = [];
  if (reversible && finance) {
    offers.push({ key: "reverse", name: t("reverse"), form: (done) => (
      <Step<{ reason: string }> name={t("reverse")} submit={t("reverseYes")} danger done={done} rules={["P02.4"]}
        send={({ reason }, key) => ask(`${CREDIT}/documents/${id}/reverse`, { method: "POST", key, body: { reason: reason.trim() } })}>
        <p>{t("reverseSure")}</p>
        <ReasonField label={t("reverseReason")} autoFocus />
      </Step>
    ) });
  }
  if ((one.kind === "invoice" || one.kind === "opening") && !one.reversed_by && Number(one.open) > 0 && finance) {
    offers.push({ key: "badDebt", name: t("badDebt"), form: (done) => (
      <Step<object> name={t("badDebt")} submit={t("badDebtYes")} danger done={done} rules={["P11.10"]}
        send={async (_, key) => {
          const loss = await ask<Loss>(`${CREDIT}/losses`, { method: "POST", key, body: { document_id: id } });
          void navigate(`/credit/losses/${loss.id}`);
        }}>
        <p>{t("badDebtSure")}</p>
      </Step>
    ) });
  }
  return (
    <div className="document">
      <dl className="pairs">
        <dt>{t("reference")}</dt><dd>{one.origin} {one.origin_ref}</dd>
        <dt>{t("openAmount")}</dt><dd><Amount of={one.open} /></dd>
        {one.shipment_id && <><dt>{t("shipment")}</dt><dd><Link className="number" to={`/credit/shipments/${one.shipment_id}`}>{numberOf(one.shipment_id)}</Link></dd></>}
        <dt>{t("entries")}</dt>
        <dd>{one.entries.map((entry, n) => <span key={n} className="ledger-entry">{code(`ledger.${entry.ledger}`)} {entry.amount.startsWith("-") ? "−" : "+"}<Amount of={entry.amount.replace("-", "")} /></span>)}</dd>
        <dt>{t("paidBy")}</dt>
        <dd>
          {one.allocations.length === 0 && <span className="quiet">{t("noAllocations")}</span>}
          {one.allocations.map((each, n) => (
            <span key={n} className="ledger-entry"><span className="number">{numberOf(each.credit_id === one.id ? each.debit_id : each.credit_id)}</span> <Amount of={each.amount} /> <span className="quiet">{when(each.allocated_at)}</span></span>
          ))}
        </dd>
        {one.reversed_by && <><dt>{t("reversed")}</dt><dd className="number">{numberOf(one.reversed_by)}</dd></>}
        {one.lines.length > 0 && (
          <>
            <dt>{t("cameBack")}</dt>
            <dd>{one.lines.map((line) => <span key={line.line} className="ledger-entry">{line.product} <span className="quiet">{t("batch")} {line.batch}</span> {line.quantity} × <Amount of={line.price} /></span>)}</dd>
          </>
        )}
        {one.reason && <><dt>{one.kind === "return" ? t("lowerReason") : t("reverseReason")}</dt><dd>{one.reason}</dd></>}
      </dl>
      <Offers of={offers} />
    </div>
  );
}
