import { Alert, Button, Form, Select, Skeleton, Tag } from "antd";
import { Link, useSearchParams } from "react-router";
import { ask } from "../../api";
import { Amount } from "../../credit/Amount";
import { CREDIT, numberOf, type ForeseenCase, type GoodsIssue } from "../../credit/api";
import { LIVE_LIST } from "../../credit/asking";
import { Offers, Step } from "../../credit/Step";
import { useDays } from "../../credit/useDays";
import { Rules } from "../../credit/Why";
import { useSpeech } from "../../language";
import { may } from "../../may";
import { OFTEN } from "../../parts/FileIn";
import { HandIn } from "../../parts/HandIn";
import { ProblemNote } from "../../parts/ProblemNote";
import { PATHS } from "../../parts/tables";
import { useParts } from "../../parts/useParts";
import { useDesk } from "../../Shell";

const STATES = ["listed", "part", "matched", "unauthorised", "withdrawn"] as const;
const MISTAKES = ["not_left", "other_shipment", "other_goods", "other_quantity", "other_day"] as const;
const STATE_COLOURS: Record<GoodsIssue["state"], string> = { listed: "default", part: "processing", matched: "success", unauthorised: "error", withdrawn: "default" };

/** The warehouse's lists of what has left it: the cases they would raise are known before they are taken (P11.11). */
export function GoodsIssues() {
  const { t } = useSpeech();
  const { me } = useDesk();
  const [query, setQuery] = useSearchParams();
  if (!may(me, "credit.list_issues")) return <section className="card"><Alert type="warning" showIcon title={t("notYourLists")} /></section>;
  const choose = (state: string | undefined) =>
    setQuery((before) => {
      if (state) before.set("state", state);
      else before.delete("state");
      return before;
    }, { replace: true });
  return (
    <>
      <HandIn table="goods-issues" title={t("goodsIssues")} foretold={(of) => <Foreseen id={of.id} />} />
      <Lines state={STATES.find((one) => one === query.get("state"))} choose={choose} />
    </>
  );
}

/** The cases that the list would raise, each with what it is worth and why: what they say is settled, and not asked again. */
function Foreseen({ id }: { id: string }) {
  const { t, code, mark } = useSpeech();
  const found = useParts<ForeseenCase>(["credit", "foreseen", id], `${PATHS["goods-issues"]}/${id}/cases?limit=50`);
  const items = found.data?.pages.flatMap((page) => page.items) ?? [];
  if (found.isPending) return <Skeleton active />;
  if (found.isError) return <ProblemNote error={found.error} retry={() => void found.refetch()} />;
  return (
    <section aria-labelledby="foreseen-title">
      <h3 id="foreseen-title">{t("foreseenCases")}</h3>
      {items.length === 0 ? <p className="empty">{t("noForeseen")}</p> : (
        <div className="wide-table" tabIndex={0} role="region" aria-labelledby="foreseen-title">
          <table className="table">
            <thead><tr><th scope="col">{t("caseTitle")}</th><th scope="col" className="num">{t("amount")}</th><th scope="col">{t("because")}</th><th scope="col">{t("rows")}</th></tr></thead>
            <tbody>
              {items.map((one) => (
                <tr key={one.first_row}>
                  <td>
                    <Tag color="warning">{code(`foretold.${one.what}`)}</Tag> {code("loss.unauthorised_shipment")} ·{" "}
                    {one.shipment_id && <Link className="number" to={`/credit/shipments/${one.shipment_id}`}>{t("shipment")} {numberOf(one.shipment_id)}</Link>}
                    <span className="quiet"> {t("ofSlip")} {one.slips.join(mark("list"))}</span>
                  </td>
                  <td className="num"><Amount of={one.amount} strong /></td>
                  <td>{one.because.map((finding) => code(`finding.${finding}`)).join(mark("list"))} <Rules of={one.rules} /></td>
                  <td>{one.rows} <span className="quiet">{t("fromRow")} {one.first_row}</span></td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {found.hasNextPage && <p><Button block onClick={() => void found.fetchNextPage()} loading={found.isFetchingNextPage}>{t("more")}</Button></p>}
    </section>
  );
}

/** Every line within reach: what it was compared with, and the case that it is in. */
function Lines({ state, choose }: { state: GoodsIssue["state"] | undefined; choose: (state: string | undefined) => void }) {
  const { t, code } = useSpeech();
  const { me } = useDesk();
  const days = useDays();
  const found = useParts<GoodsIssue>(["credit", "issue-lines", state], `${CREDIT}/goods-issues?limit=30${state ? `&state=${state}` : ""}`, (lines) => (lines.some((one) => one.state === "listed") ? OFTEN : LIVE_LIST));
  const items = found.data?.pages.flatMap((page) => page.items) ?? [];
  const opens = may(me, "credit.read_loss"), withdraws = may(me, "credit.book");
  return (
    <section className="card" aria-labelledby="lines-title">
      <h2 id="lines-title">{t("issueLines")}</h2>
      <p className="filters">
        <Select allowClear aria-label={t("state")} placeholder={t("anyState")} value={state} onChange={(value?: string) => choose(value)}
          options={STATES.map((one) => ({ value: one, label: code(`issue.${one}`) }))} />
      </p>
      {found.isPending && <Skeleton active />}
      {found.isError && <ProblemNote error={found.error} retry={() => void found.refetch()} />}
      {found.isSuccess && items.length === 0 && <p className="empty">{t("noIssueLines")}</p>}
      {items.length > 0 && (
        <div className="wide-table" tabIndex={0} role="region" aria-labelledby="lines-title">
          <table className="table">
            <thead><tr><th scope="col">{t("slip")}</th><th scope="col">{t("state")}</th><th scope="col">{t("shipment")}</th><th scope="col">{t("product")} / {t("batch")}</th><th scope="col" className="num">{t("quantity")}</th><th scope="col">{t("day")}</th><th scope="col" className="num">{t("lost")}</th></tr></thead>
            <tbody>
              {items.map((one) => (
                <tr key={one.id}>
                  <td className="number">{one.origin_ref} / {one.line}</td>
                  <td>
                    <Tag color={STATE_COLOURS[one.state]}>{code(`issue.${one.state}`)}</Tag> {one.finding && code(`finding.${one.finding}`)}{" "}
                    {one.loss_id && (opens ? <Link to={`/credit/losses/${one.loss_id}`}>{t("openLoss")}</Link> : <span className="quiet">{t("inACase")}</span>)}
                    {one.mistake && <span className="quiet">{code(`mistake.${one.mistake}`)}</span>}
                    {withdraws && one.state !== "withdrawn" && <Withdraw line={one} />}
                  </td>
                  <td>{one.shipment_id ? <Link className="number" to={`/credit/shipments/${one.shipment_id}`}>{numberOf(one.shipment_id)}</Link> : one.shipment_ref}</td>
                  <td>{one.product} / {one.batch}</td>
                  <td className="num">{one.quantity}</td>
                  <td>{days(one.issued_on)}</td>
                  <td className="num">{Number(one.lost) > 0 && <Amount of={one.lost} />}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {found.hasNextPage && <p><Button block onClick={() => void found.fetchNextPage()} loading={found.isFetchingNextPage}>{t("more")}</Button></p>}
    </section>
  );
}

/** A wrong line is taken back by who books: what it booked and found is undone, and the right one may be listed (P11.11). */
function Withdraw({ line }: { line: GoodsIssue }) {
  const { t, code } = useSpeech();
  return (
    <Offers of={[{
      key: "withdraw", name: t("withdrawLine"),
      form: (done) => (
        <Step<{ mistake: string }> name={t("withdrawLine")} danger done={done} rules={["P11.11"]}
          send={(body, key) => ask(`${CREDIT}/goods-issues/${line.id}/withdraw`, { method: "POST", body, key })}>
          <Form.Item name="mistake" label={t("mistake")} extra={t("withdrawMeans")} rules={[{ required: true, message: t("required") }]}>
            <Select autoFocus options={MISTAKES.map((one) => ({ value: one, label: code(`mistake.${one}`) }))} />
          </Form.Item>
        </Step>
      ),
    }]} />
  );
}
