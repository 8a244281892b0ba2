import { useInfiniteQuery } from "@tanstack/react-query";
import { Button, Form, Input, Skeleton, Tag } from "antd";
import { ask, type Page } from "../api";
import { useSpeech } from "../language";
import { may } from "../may";
import { ProblemNote } from "../parts/ProblemNote";
import { useDesk } from "../Shell";
import { Amount } from "./Amount";
import { CREDIT, type Account, type Plan } from "./api";
import { LIVE_LIST } from "./asking";
import { amountOf, cents } from "./money";
import { AmountField, Offers, Step, type Offer } from "./Step";
import { today, useDays } from "./useDays";

/** The collection plan in force, what of it was kept, and those before it (P11.14). */
export function Plans({ of }: { of: Account }) {
  const { t, when } = useSpeech();
  const { me } = useDesk();
  const found = useInfiniteQuery({
    queryKey: ["credit", "plans", of.id], initialPageParam: "", refetchInterval: LIVE_LIST,
    queryFn: ({ pageParam, signal }) =>
      ask<Page<Plan>>(`${CREDIT}/accounts/${of.id}/plans?limit=10${pageParam && `&cursor=${encodeURIComponent(pageParam)}`}`, { signal }),
    getNextPageParam: (last) => last.next ?? undefined,
  });
  const plans = found.data?.pages.flatMap((page) => page.items) ?? [];
  const running = plans.find((one) => one.state === "running");
  const earlier = plans.filter((one) => one.state !== "running");
  const offers: Offer[] = may(me, "credit.request") ? [{ key: "plan", name: running ? t("newPlan") : t("makePlan"), form: (done) => <MakePlan of={of} replaces={running !== undefined} done={done} /> }] : [];
  return (
    <section className="card" aria-labelledby="plan-title">
      <h2 id="plan-title">{t("plan")} {running && running.broken > 0 && <Tag color="error">{t("brokenTimes")} {running.broken}</Tag>}</h2>
      {found.isPending && <Skeleton active paragraph={{ rows: 2 }} />}
      {found.isError && <ProblemNote error={found.error} retry={() => void found.refetch()} />}
      {found.isSuccess && !running && <p className="empty">{t("noPlan")}</p>}
      {running && <Instalments of={running} />}
      {earlier.length > 0 && (
        <details className="later">
          <summary>{t("earlierPlans")} ({earlier.length}{found.hasNextPage && "+"})</summary>
          {earlier.map((one) => (
            <div key={one.id}>
              <h3>{when(one.agreed_at)} {one.broken > 0 && <Tag color="error">{t("brokenTimes")} {one.broken}</Tag>}</h3>
              <Instalments of={one} />
            </div>
          ))}
          {found.hasNextPage && <Button size="small" onClick={() => void found.fetchNextPage()} loading={found.isFetchingNextPage}>{t("more")}</Button>}
        </details>
      )}
      <Offers of={offers} />
    </section>
  );
}

function Instalments({ of }: { of: Plan }) {
  const { t, when } = useSpeech();
  const days = useDays();
  const now = today();
  const stands = (one: Plan["instalments"][number]) => {
    if (one.met_on) return one.met_on > one.due_on ? <Tag color="warning">{t("keptLate")} {days(one.met_on)}</Tag> : <Tag color="success">{t("kept")} {days(one.met_on)}</Tag>;
    if (one.due_on < now) return <Tag color="error">{t("notKept")}</Tag>;
    return of.state === "running" ? <Tag color="processing">{t("notDueYet")}</Tag> : <Tag>{t("fellAway")}</Tag>;
  };
  return (
    <>
      <ol className="ledger instalments" aria-label={t("instalments")}>
        {of.instalments.map((one) => (
          <li key={one.due_on} className="ledger-line">
            <span>{days(one.due_on)}</span><b className="num"><Amount of={one.amount} /></b><span className="num">{stands(one)}</span>
          </li>
        ))}
      </ol>
      {of.state === "running" && <p className="quiet">{t("agreedOn")} {when(of.agreed_at)}</p>}
    </>
  );
}

interface Fields {
  instalments: { due_on?: string; amount?: string }[];
}

/** The customer's days and amounts: the sum as it is typed, and what is missing of all that is owed. */
function MakePlan({ of, replaces, done }: { of: Account; replaces: boolean; done: () => void }) {
  const { t } = useSpeech();
  const [form] = Form.useForm<Fields>();
  const instalments = Form.useWatch("instalments", form) ?? [];
  const owed = (cents(of.balance) ?? 0n) + (cents(of.reserved) ?? 0n);
  const promised = instalments.reduce<bigint>((sum, one) => sum + (cents(one?.amount ?? "") ?? 0n), 0n);
  const missing = owed - promised;
  const needed = { required: true, message: t("required") };
  const fill = () => {
    const last = instalments.length - 1;
    form.setFieldValue(["instalments", last, "amount"], amountOf((cents(instalments[last]?.amount ?? "") ?? 0n) + missing));
    void form.validateFields([["instalments", last, "amount"]]).catch(() => undefined); // what is wrong is said at the field
  };
  return (
    <Step<Fields> name={t("makePlan")} submit={t("notePlan")} form={form} done={done} initial={{ instalments: [{}] }} rules={["P11.14"]}
      held={missing > 0n ? `${t("planMissing")} ¥ ${amountOf(missing)}` : null}
      send={(values, key) => ask(`${CREDIT}/accounts/${of.id}/plans`, { method: "POST", key, body: values })}>
      {replaces && <p>{t("planReplaces")}</p>}
      <Form.List name="instalments">
        {(fields, { add, remove }) => (
          <div role="group" aria-label={t("instalments")}>
            {fields.map(({ key, name }) => (
              <div key={key} className="instalment">
                <Form.Item name={[name, "due_on"]} label={t("dueOnDay")} dependencies={name > 0 ? [["instalments", name - 1, "due_on"]] : []}
                  rules={[needed, {
                    validator: (_, value?: string) => {
                      const before = name > 0 ? (form.getFieldValue(["instalments", name - 1, "due_on"]) as string | undefined) : undefined;
                      return value && before && value <= before ? Promise.reject(new Error(t("afterTheOne"))) : Promise.resolve();
                    },
                  }]}>
                  <Input type="date" min={today()} autoFocus={name === 0 || name === fields.length - 1} />
                </Form.Item>
                <AmountField name={[name, "amount"]} />
                <Button type="text" danger disabled={fields.length === 1} aria-label={`${t("removeLine")} ${name + 1}`} onClick={() => remove(name)}>×</Button>
              </div>
            ))}
            <p className="buttons">
              <Button size="small" disabled={fields.length >= 60} onClick={() => add({})}>＋ {t("addInstalment")}</Button>
              {missing > 0n && <Button size="small" onClick={fill}>{t("fillMissing")} <Amount of={amountOf(missing)} /></Button>}
            </p>
          </div>
        )}
      </Form.List>
      <p className="figures-row" role="status">
        <span>{t("owed")} <Amount of={amountOf(owed)} /></span>
        <span>{t("promised")} <Amount of={amountOf(promised)} strong /></span>
        {missing > 0n ? <b className="bad">{t("planMissing")} <Amount of={amountOf(missing)} /></b> : <b className="good">✓ {t("planCovers")}</b>}
      </p>
    </Step>
  );
}
