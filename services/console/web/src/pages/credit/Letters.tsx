import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { App, Button, Checkbox, Form, Input, Radio, Skeleton, Tag } from "antd";
import { useEffect, useRef, useState } from "react";
import { Link, useParams } from "react-router";
import { ask, download, Problem, XLSX, type Page } from "../../api";
import { Amount } from "../../credit/Amount";
import { CREDIT, numberOf, type Letter, type LetterLine } from "../../credit/api";
import { LIVE, LIVE_LIST, useNames, useSignatures } from "../../credit/asking";
import { Signature } from "../../credit/Signature";
import { Offers, Step, type Offer } from "../../credit/Step";
import { today, useDays } from "../../credit/useDays";
import { Rules } from "../../credit/Why";
import { useSpeech } from "../../language";
import { may } from "../../may";
import { Person } from "../../parts/Person";
import { Place } from "../../parts/Place";
import { ProblemNote } from "../../parts/ProblemNote";
import { refusal } from "../../refusals";
import { useDesk } from "../../Shell";

const COLOURS: Record<LetterLine["state"], string> = { made: "default", printed: "default", sent: "warning", handed_over: "success", void: "default" };
const WAYS = ["by_hand", "courier", "registered_post", "mail"] as const;

/** The dunning letters within reach, the newest first (P02.4). */
export function Letters({ branch }: { branch?: string | undefined }) {
  const { t, code } = useSpeech();
  const days = useDays();
  const [waiting, setWaiting] = useState(true);
  const found = useInfiniteQuery({
    queryKey: ["credit", "letters", branch, waiting], initialPageParam: "", refetchInterval: LIVE_LIST, placeholderData: keepPreviousData,
    queryFn: ({ pageParam, signal }) => {
      const query = new URLSearchParams({ limit: "30", waiting: String(waiting) });
      if (branch) query.set("branch", branch);
      if (pageParam) query.set("cursor", pageParam);
      return ask<Page<LetterLine>>(`${CREDIT}/dunning-letters?${query}`, { signal });
    },
    getNextPageParam: (last) => last.next ?? undefined,
  });
  const items = found.data?.pages.flatMap((page) => page.items) ?? [];
  const name = useNames(items.map((one) => one.customer_id));
  return (
    <>
      <p><Checkbox checked={waiting} onChange={(event) => setWaiting(event.target.checked)}>{t("onlyWaiting")}</Checkbox></p>
      {found.isPending && <Skeleton active />}
      {found.isError && <ProblemNote error={found.error} retry={() => void found.refetch()} />}
      {found.isSuccess && items.length === 0 && <p className="empty">{t("noLetters")}</p>}
      <ul className="lines" aria-label={t("letters")}>
        {items.map((one) => (
          <li key={one.id}>
            <Link className="line" to={`/credit/letters/${one.id}`}>
              <span className="line-head">
                <b>{t("letterLevel")} {one.level}</b> {name(one.customer_id)} <Tag color={COLOURS[one.state]}>{code(`letter.${one.state}`)}</Tag>
                <span className="push"><Amount of={one.total} strong /></span>
              </span>
              <span className="quiet">{t("account")} {numberOf(one.account_id)} · <Place of={one.branch} /> · {days(one.made_on)} · {t("overdueUpTo")} {one.days_over} {t("days")}{one.person && <> · {t("givenTo")} <Person of={one.person} /></>}</span>
            </Link>
          </li>
        ))}
      </ul>
      {found.hasNextPage && <p><Button block onClick={() => void found.fetchNextPage()} loading={found.isFetchingNextPage}>{t("more")}</Button></p>}
    </>
  );
}

export function LetterPage() {
  const { id } = useParams<{ id: string }>();
  return <Opened key={id} id={id!} />;
}

function Opened({ id }: { id: string }) {
  const { t, code, when } = useSpeech();
  const { me } = useDesk();
  const days = useDays();
  const heading = useRef<HTMLHeadingElement>(null);
  const found = useQuery({
    queryKey: ["credit", "letter", id], refetchInterval: LIVE,
    queryFn: ({ signal }) => ask<Letter>(`${CREDIT}/dunning-letters/${encodeURIComponent(id)}`, { signal }),
  });
  const asked = useSignatures(id);
  const name = useNames(found.data ? [found.data.customer_id] : []);
  useEffect(() => heading.current?.focus(), [found.isSuccess]);
  if (found.isPending) return <section className="card"><Skeleton active /></section>;
  if (found.isError) return <section className="card"><ProblemNote error={found.error} retry={() => void found.refetch()} /></section>;
  const one = found.data;
  const offers: Offer[] = [];
  if ((one.state === "sent" || (one.state === "void" && one.sent_at)) && may(me, "credit.act_on_warning")) offers.push({ key: "hand", name: t("handOver"), form: (done) => <HandOver of={one} done={done} /> });
  return (
    <>
      <section className="card case-head" aria-labelledby="letter-title">
        <h1 id="letter-title" tabIndex={-1} ref={heading}>{t("letterLevel")} {one.level} <Amount of={one.total} /></h1>
        <p role="status" className="tags"><Tag color={COLOURS[one.state]}>{code(`letter.${one.state}`)}</Tag>{one.approval && <Tag color="processing">{t("waitsForSign")}</Tag>} <Rules of={one.rules} /></p>
        <p className="quiet">
          {name(one.customer_id)} · <Place of={one.branch} /> · <Link to={`/credit/accounts/${one.account_id}`}>{t("account")} <span className="number">{numberOf(one.account_id)}</span></Link> · {t("madeOn")} {days(one.made_on)}
          {one.person && <> · {t("givenTo")} <Person of={one.person} /> {when(one.sent_at)}</>}
          {one.handed_on && <> · {code("letter.handed_over")} {days(one.handed_on)} {code(`handed.${one.way}`)} <Person of={one.handed_by} /></>}
          {one.void_because && <> · {code("letter.void")}</>}
        </p>
        <Offers of={offers}>{may(me, "credit.read_letter") && <Papers of={one} />}</Offers>
      </section>
      {asked.data?.items.map((each) => <section key={each.id} className="card"><Signature asked={each} /></section>)}
      <section className="card" aria-labelledby="overdue-title">
        <h2 id="overdue-title">{t("asksFor")}</h2>
        <div className="wide-table" tabIndex={0} role="region" aria-labelledby="overdue-title">
          <table className="table">
            <thead><tr><th scope="col">{t("kind")}</th><th scope="col">{t("dated")}</th><th scope="col">{t("dueOn")}</th><th scope="col" className="num">{t("daysOver")}</th><th scope="col" className="num">{t("amount")}</th><th scope="col" className="num">{t("openAmount")}</th></tr></thead>
            <tbody>
              {one.lines.map((line) => (
                <tr key={line.document}><td>{code(`document.${line.kind}`)}</td><td>{days(line.dated_on)}</td><td>{days(line.due_on)}</td><td className="num">{line.days_over}</td><td className="num"><Amount of={line.amount} /></td><td className="num"><Amount of={line.open} strong /></td></tr>
              ))}
            </tbody>
          </table>
        </div>
      </section>
    </>
  );
}

const TYPES: Record<string, [string, string]> = { letter: ["application/pdf", "pdf"], statement: [XLSX, "xlsx"] };

/** Its papers name the customer: who takes one is on record. */
function Papers({ of }: { of: Letter }) {
  const { t, language } = useSpeech();
  const { message } = App.useApp();
  const [taking, setTaking] = useState<string | null>(null);
  const take = async (kind: string) => {
    const [type, ending] = TYPES[kind]!;
    setTaking(kind);
    try {
      await download(`${CREDIT}/dunning-letters/${of.id}/${kind}`, type, `${kind}-${numberOf(of.id)}.${ending}`);
    } catch (error) {
      void message.error((error instanceof Problem && (refusal(error.slug, language) ?? error.detail)) || t("notDownloaded"));
    } finally {
      setTaking(null);
    }
  };
  return (
    <>
      {Object.keys(TYPES).filter((kind) => of.papers[kind]).map((kind) => (
        <Button key={kind} loading={taking === kind} onClick={() => void take(kind)}>{kind === "letter" ? t("letterPdf") : t("statementXlsx")}</Button>
      ))}
    </>
  );
}

function HandOver({ of, done }: { of: Letter; done: () => void }) {
  const { t, code } = useSpeech();
  return (
    <Step<{ on: string; way: string }> name={t("handOver")} done={done} rules={of.rules} initial={{ on: today() }}
      send={(said, key) => ask(`${CREDIT}/dunning-letters/${of.id}/hand-over`, { method: "POST", key, body: said })}>
      <Form.Item name="on" label={t("handedOn")} rules={[{ required: true, message: t("required") }]}><Input type="date" min={of.made_on} max={today()} autoFocus /></Form.Item>
      <Form.Item name="way" label={t("handedWay")} rules={[{ required: true, message: t("required") }]}>
        <Radio.Group aria-label={t("handedWay")} options={WAYS.map((one) => ({ value: one, label: code(`handed.${one}`) }))} />
      </Form.Item>
    </Step>
  );
}
