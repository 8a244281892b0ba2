import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Alert, Button, Skeleton, Tag } from "antd";
import { useEffect, useRef, useState } from "react";
import { Link, useParams } from "react-router";
import { ask, type Page } from "../../api";
import { Amount } from "../../credit/Amount";
import { CREDIT, numberOf, type Ageing as Aged, type ExposureLine, type PartName, type Standing } from "../../credit/api";
import { LIVE_LIST, useAccount, useNames, useStanding } from "../../credit/asking";
import { LimitChart } from "../../credit/LimitChart";
import { Plans } from "../../credit/Plan";
import { useDays } from "../../credit/useDays";
import { Reasons, Rules } from "../../credit/Why";
import { AccountSteps } from "../../credit/AccountSteps";
import { Documents, OneDocument } from "../../credit/Documents";
import { useSpeech } from "../../language";
import { may } from "../../may";
import { Place } from "../../parts/Place";
import { ProblemNote } from "../../parts/ProblemNote";
import { useDesk } from "../../Shell";
import { Shipments } from "./CreditDesk";

export function AccountPage() {
  const { id } = useParams<{ id: string }>();
  return <Opened key={id} id={id!} />;
}

function Opened({ id }: { id: string }) {
  const { t, code, when, mark } = useSpeech();
  const { me } = useDesk();
  const days = useDays();
  const account = useAccount(id);
  const standing = useStanding(id);
  const name = useNames(account.data?.customers.map((one) => one.customer_id) ?? []);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), [account.isSuccess]);
  const failed = [account, standing].find((query) => query.isError);
  if (failed) return <section className="card"><ProblemNote error={failed.error} retry={() => void failed.refetch()} /></section>;
  if (!account.data || !standing.data) return <section className="card"><Skeleton active /></section>;
  const one = account.data;
  return (
    <>
      <section className="card case-head" aria-labelledby="account-title">
        <div className="title-row">
          <h1 id="account-title" tabIndex={-1} ref={heading}>{t("account")} <span className="number">{numberOf(one.id)}</span></h1>
          <span role="status" className="tags">
            {one.eligible ? <Tag color="success">{t("eligible")}</Tag> : <Tag color="error">{t("notEligible")}</Tag>}
            {one.eligible && <Tag color={standing.data.within ? "success" : "error"}>{standing.data.within ? t("within") : t("isOver")}</Tag>}
          </span>
          {may(me, "credit.request") && <Link className="as-button push" to={`/credit/request?account=${one.id}`}>{t("requestHere")}</Link>}
        </div>
        <p className="quiet">
          {one.customers.map((each) => name(each.customer_id)).join(mark("list"))} · <Place of={one.branch} /> · {code(`contract.${one.contract}`)} · {t("termDays")} {one.term_days} {t("days")}
        </p>
        <Figures of={standing.data} />
        <p className="quiet">
          {t("reviewedAt")} {when(one.reviewed_at)}
          {one.terms && <> · {t("termsHold")} <Amount of={one.terms.amount} /> {t("validUntil")} {days(one.terms.until)}{one.terms.until < standing.data.on && <b className="bad"> {t("notValid")}</b>}</>}
        </p>
        {!one.eligible && (
          <Alert type="error" showIcon title={t("missingTitle")}
            description={<Reasons label={false} of={one.missing.map((lack) => ({ ...lack, amount: null }))} />} />
        )}
        <AccountSteps of={one} />
      </section>
      <LimitChart account={id} exposure={standing.data.exposure} today={standing.data.on} />
      <div className="two account">
        <div>
          <Exposure account={id} of={standing.data} />
          <Documents account={id} />
        </div>
        <div>
          <Ageing account={id} />
          <Plans of={one} />
          <Overruns of={standing.data} />
        </div>
      </div>
      <section className="card" aria-labelledby="account-shipments">
        <h2 id="account-shipments">{t("shipments")}</h2>
        <Shipments account={id} empty={t("noShipments")} />
      </section>
    </>
  );
}

/** The figures that decide, and what would bring the account back. */
function Figures({ of }: { of: Standing }) {
  const { t } = useSpeech();
  const days = useDays();
  return (
    <>
      <dl className="figures-big">
        <span><dt>{t("limit")}</dt><dd><Amount of={of.limit} /></dd><dd className="quiet">{of.window ? <>{t("windowIs")} {days(of.window[0])} – {days(of.window[1])}</> : t("termsAre")}</dd></span>
        <span><dt>{t("exposure")}</dt><dd><Amount of={of.exposure} /></dd></span>
        <span className={of.within ? "good" : "bad"}>
          <dt>{of.within ? t("room") : t("over")}</dt><dd><Amount of={of.within ? of.room : of.over} /></dd>
          <dd className="quiet">{!of.within && (of.back_on ? `${t("backOn")} ${days(of.back_on)}` : of.window ? t("neverBack") : t("termsOrMoney"))}</dd>
        </span>
        <span><dt>{t("largestSigned")}</dt><dd><Amount of={of.largest_signed} /></dd><dd className="quiet">P11.7 P11.8</dd></span>
      </dl>
      {of.facts_as_of && <p className="quiet">{t("factsAsOf")} {days(of.facts_as_of)} <Rules of={of.rules} /></p>}
    </>
  );
}

const PARTS: PartName[] = ["receivable", "released", "reserved"];

/** Each part of the exposure opens into its documents or shipments, each document into its entries and what paid it. */
function Exposure({ account, of }: { account: string; of: Standing }) {
  const { t, code } = useSpeech();
  const [opened, setOpened] = useState<PartName | null>(null);
  return (
    <section className="card" aria-labelledby="exposure-title">
      <h2 id="exposure-title">{t("exposureOpened")} <Amount of={of.exposure} /></h2>
      <ul className="lines">
        {PARTS.map((part) => (
          <li key={part}>
            <button type="button" className="line part" aria-expanded={opened === part} onClick={() => setOpened(opened === part ? null : part)}>
              <span><b>{code(`part.${part}`)}</b> <span className="quiet">{code(`partwhy.${part}`)}</span></span>
              <Amount of={of.parts[part]} strong />
            </button>
            {opened === part && <Part account={account} part={part} />}
          </li>
        ))}
      </ul>
      <p className="quiet">{t("addsUp")}: <Amount of={of.exposure} /></p>
    </section>
  );
}

function Part({ account, part }: { account: string; part: PartName }) {
  const { t, code } = useSpeech();
  const days = useDays();
  const [opened, setOpened] = useState<string | null>(null);
  const found = useInfiniteQuery({
    queryKey: ["credit", "exposure", account, part], initialPageParam: "", refetchInterval: LIVE_LIST,
    queryFn: ({ pageParam, signal }) =>
      ask<Page<ExposureLine>>(`${CREDIT}/accounts/${account}/exposure?part=${part}&limit=50${pageParam && `&cursor=${encodeURIComponent(pageParam)}`}`, { signal }),
    getNextPageParam: (last) => last.next ?? undefined,
  });
  if (found.isPending) return <Skeleton active paragraph={{ rows: 2 }} />;
  if (found.isError) return <ProblemNote error={found.error} retry={() => void found.refetch()} />;
  const items = found.data.pages.flatMap((page) => page.items);
  if (items.length === 0) return <p className="empty">{t("nothingInPart")}</p>;
  return (
    <div className="opened">
      <ul className="ledger" aria-label={`${code(`part.${part}`)} ${t("consistsOf")}`}>
        {items.map((one) => (
          <li key={one.id}>
            {part === "receivable" ? (
              <button type="button" className="ledger-line" aria-expanded={opened === one.id} onClick={() => setOpened(opened === one.id ? null : one.id)}>
                <span>{code(`document.${one.what}`)}</span><span className="quiet">{days(one.dated_on)}</span><span className="quiet num"><Amount of={one.amount} /></span><Counts of={one} />
              </button>
            ) : (
              <Link className="ledger-line" to={`/credit/shipments/${one.id}`}>
                <span>{t("shipment")} <span className="number">{numberOf(one.id)}</span></span><span className="quiet">{code(`shipment.${one.what}`)} {days(one.dated_on)}</span><span className="quiet num"><Amount of={one.amount} /></span><Counts of={one} />
              </Link>
            )}
            {opened === one.id && <OneDocument id={one.id} />}
          </li>
        ))}
      </ul>
      {found.hasNextPage && <Button size="small" onClick={() => void found.fetchNextPage()} loading={found.isFetchingNextPage}>{t("more")}</Button>}
    </div>
  );
}

function Counts({ of }: { of: ExposureLine }) {
  const lowers = of.counts.startsWith("-");
  return <b className={lowers ? "num good" : "num"}>{lowers && "−"}<Amount of={of.counts.replace("-", "")} /></b>;
}

const BANDS = ["not_due", "1-30", "31-60", "61-90", "over_90"] as const;

/** How old what is open is; a band opens into its documents. */
function Ageing({ account }: { account: string }) {
  const { t, code } = useSpeech();
  const days = useDays();
  const [band, setBand] = useState<string | null>(null);
  const found = useQuery({
    queryKey: ["credit", "ageing", account], refetchInterval: LIVE_LIST,
    queryFn: ({ signal }) => ask<Aged>(`${CREDIT}/accounts/${account}/ageing`, { signal }),
  });
  const most = Math.max(1, ...BANDS.map((one) => Number(found.data?.bands[one] ?? 0)));
  const shown = found.data?.documents.filter((one) => one.band === band) ?? [];
  return (
    <section className="card" aria-labelledby="ageing-title">
      <h2 id="ageing-title">{t("ageing")}</h2>
      {found.isPending && <Skeleton active paragraph={{ rows: 4 }} />}
      {found.isError && <ProblemNote error={found.error} retry={() => void found.refetch()} />}
      {found.data && (
        <>
          <ul className="bands">
            {BANDS.map((one, n) => {
              const amount = found.data.bands[one] ?? "0.00";
              const none = Number(amount) === 0;
              return (
                <li key={one}>
                  <button type="button" className="band" aria-expanded={band === one} disabled={none} onClick={() => setBand(band === one ? null : one)}>
                    <span>{code(`band.${one}`)}</span>
                    <svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden><rect className={`band-${n}`} width={(100 * Number(amount)) / most} height="8" rx="1" /></svg>
                    <span className="num"><Amount of={amount} strong={!none} /></span>
                  </button>
                  {band === one && (
                    <ul className="ledger" aria-label={code(`band.${one}`)}>
                      {shown.map((each) => (
                        <li key={each.document_id} className="ledger-line">
                          <span>{code(`document.${each.kind}`)} <span className="quiet">{days(each.dated_on)}</span></span>
                          <span className="quiet">{t("dueOn")} {days(each.due_on)}</span>
                          <span className="quiet num">{each.days_over > 0 && `${each.days_over} ${t("days")}`}</span>
                          <b className="num"><Amount of={each.open} /></b>
                        </li>
                      ))}
                    </ul>
                  )}
                </li>
              );
            })}
          </ul>
          <dl className="pairs">
            <dt>{t("unused")}</dt><dd>{!/^[0.]*$/.test(found.data.unused) && "−"}<Amount of={found.data.unused} /></dd>
            <dt>{t("balance")}</dt><dd><Amount of={found.data.balance} strong /></dd>
          </dl>
        </>
      )}
    </section>
  );
}

/** Which shipments over the limit this episode has had, signed by whom. */
function Overruns({ of }: { of: Standing }) {
  const { t } = useSpeech();
  const days = useDays();
  return (
    <section className="card" aria-labelledby="overruns-title">
      <h2 id="overruns-title">{t("overrunsTitle")}</h2>
      {of.overruns.length === 0 && <p className="quiet">{t("noOverruns")}</p>}
      <ul className="lines">
        {of.overruns.map((one) => (
          <li key={one.shipment}>
            <Link className="line" to={`/credit/shipments/${one.shipment}`}>
              <span className="line-head"><b>{one.kind === "first" ? t("firstOverrun") : t("lastOverrun")}</b> <span className="number">{numberOf(one.shipment)}</span> <span className="push"><Amount of={one.amount} strong /></span></span>
              <span className="quiet">{days(one.on)} · {t("signedByWhom")} {one.signer}</span>
            </Link>
          </li>
        ))}
      </ul>
    </section>
  );
}
