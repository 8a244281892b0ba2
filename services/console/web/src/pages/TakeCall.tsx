import { useQuery } from "@tanstack/react-query";
import { Alert, Button, Checkbox, Form, Input, Segmented, Tag, type InputRef } from "antd";
import { useCallback, useEffect, useRef, useState } from "react";
import { Link, useBlocker } from "react-router";
import { ask, Problem, type CaseLine, type Page, type Taken } from "../api";
import { useSpeech, type Word } from "../language";
import { may } from "../may";
import { Place } from "../parts/Place";
import { branchMeant, isMeant, type BranchOption } from "../parts/branches";
import { Cases } from "../parts/Cases";
import { customersOf } from "../parts/customers";
import { Due } from "../parts/Due";
import { chosenAs, usePeople } from "../parts/people";
import { ProblemNote } from "../parts/ProblemNote";
import { Suggest } from "../parts/Suggest";
import { useSettled } from "../parts/useSettled";
import { wrongHere } from "../refusals";
import { useDesk } from "../Shell";

interface Fields {
  phone?: string;
  plate?: string;
  name: string;
  branch: string;
  channel: string;
  brand: string;
  series?: string;
  model?: string;
  source?: string;
  respondent?: string;
  text: string;
  demand?: string;
  serious?: string[];
}

const CHANNELS = ["call_centre", "phone", "store", "sales_consultant", "relations_specialist", "follow_up_call", "manufacturer", "mailbox", "web"];
const SERIOUS = ["to_manufacturer", "blocked_door", "disturbance", "return_or_exchange", "negative_media", "wide_or_vicious"];
/** says only that a recording was under way: nothing of what was entered is kept */
const PENDING = "kehu.call.pending";
const AGAIN = 4_000;

const POINTERS: Record<string, keyof Fields> = {
  "/caller/name": "name", "/caller/phone": "phone", "/vehicle/plate": "plate", "/vehicle/brand": "brand",
  "/vehicle/series": "series", "/vehicle/model": "model", "/source": "source", "/respondent": "respondent", "/branch": "branch", "/text": "text", "/demand": "demand", "/channel": "channel",
};

const NAMES: Partial<Record<keyof Fields, Word>> = {
  name: "callerName", phone: "phone", plate: "plate", brand: "brand", series: "series", model: "model", source: "source", respondent: "complainedAbout", branch: "branch", text: "words",
  demand: "demand", channel: "channel",
};

/** What the form calls the field at a pointer. */
const wordAt = (pointer: string): Word | undefined => NAMES[POINTERS[pointer]!];

export function TakeCall() {
  const { t } = useSpeech();
  const { me } = useDesk();
  if (!may(me, "complaint.take")) return <section className="card"><Alert type="warning" showIcon title={t("notYourCalls")} /></section>;
  return <Call />;
}

function Call() {
  const { t, code, when, language, mark } = useSpeech();
  const { branchOptions, me, placeName, roleName } = useDesk();
  const [form] = Form.useForm<Fields>();
  const first = useRef<InputRef>(null);
  const key = useRef(crypto.randomUUID());
  const sending = useRef(false);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [taken, setTaken] = useState<Taken | null>(null);
  const [dirty, setDirty] = useState(false);
  const [maybeSaved, setMaybeSaved] = useState(() => sessionStorage.getItem(PENDING) !== null);
  const [sought, setSought] = useState<{ phone: string; plate: string }>({ phone: "", plate: "" });
  const people = usePeople(branchMeant(Form.useWatch("branch", form) ?? "", branchOptions) ?? undefined);
  const blocker = useBlocker(dirty && !taken);

  useEffect(() => {
    if (blocker.state === "blocked") {
      if (window.confirm(t("leave"))) blocker.proceed();
      else blocker.reset();
    }
  }, [blocker, t]);

  useEffect(() => {
    if (!dirty || taken) return;
    const hold = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener("beforeunload", hold);
    return () => window.removeEventListener("beforeunload", hold);
  }, [dirty, taken]);

  const send = useCallback(async (fields: Fields) => {
    if (sending.current) return; // a second click, or Enter and a click, is the same wish
    sending.current = true;
    setBusy(true);
    sessionStorage.setItem(PENDING, "1");
    try {
      const answer = await ask<Taken>("/api/complaint/v1/complaints", { method: "POST", key: key.current, body: bodyOf(fields, branchOptions) });
      setTaken(answer);
      setProblem(null);
      setMaybeSaved(false);
      sessionStorage.removeItem(PENDING);
    } catch (error) {
      const said = error instanceof Problem ? error : new Problem(500, "unexpected", "", "");
      setProblem(said);
      if (!said.passes) {
        sessionStorage.removeItem(PENDING);
        form.setFields(
          said.errors.flatMap((one) => {
            const name = POINTERS[one.pointer];
            return name ? [{ name, errors: [wrongHere(one, language)] }] : [];
          }),
        );
      }
    } finally {
      sending.current = false;
      setBusy(false);
    }
  }, [form, language, branchOptions]);

  // what did not reach the service is sent again under the same key, by itself
  const waiting = problem?.passes === true && !taken;
  useEffect(() => {
    if (!waiting || busy) return;
    const again = () => void send(form.getFieldsValue(true) as Fields);
    const timer = window.setTimeout(again, (problem?.retryAfter ?? 0) * 1000 || AGAIN);
    window.addEventListener("online", again);
    return () => {
      window.clearTimeout(timer);
      window.removeEventListener("online", again);
    };
  }, [waiting, busy, problem, send, form]);

  const next = () => {
    form.resetFields();
    key.current = crypto.randomUUID();
    setTaken(null);
    setProblem(null);
    setDirty(false);
    setSought({ phone: "", plate: "" });
    window.setTimeout(() => first.current?.focus());
  };

  const own = [...new Set(me.grants.map((grant) => grant.place.split("/")[0]!).filter((place) => place !== "group"))];
  const persons = (people?.people ?? []).map((one) => ({ value: one.subject, label: chosenAs(one, one.roles.map(roleName).join(mark("list"))) }));
  const holds = (text: string, option?: { label: string }) => (option?.label ?? "").includes(text);
  const titled = branchOptions.map((one) => ({ ...one, value: one.label, code: one.value }));

  if (taken) {
    return (
      <section className="card result" aria-live="assertive">
        <h1>{t("taken")}</h1>
        <output className="big-number" aria-label={t("taken")}>{spoken(taken.number)}</output>
        <p>
          {taken.match === "matched" ? t("matchMatched") : taken.match === "none" ? t("matchNone") : t("matchPending")}
          {taken.serious && <> <Tag color="error">{t("seriousTag")}</Tag></>}
          {" · "}{t("takenAt")} {when(taken.taken_at)}
        </p>
        {taken.judge_by && <p>{t("judgeBy")} <Due at={taken.judge_by} /></p>}
        <h2>{t("redacted")}</h2>
        <blockquote>{taken.text}</blockquote>
        <p className="quiet">{t("redactedHint")}</p>
        <p className="buttons">
          <Button type="primary" size="large" onClick={next} autoFocus>{t("next")}</Button>
          <Link className="as-button" to={`/cases/${taken.id}`}>{t("openCase")}</Link>
        </p>
      </section>
    );
  }

  return (
    <div className="two">
      <section className="card" aria-labelledby="take-title">
        <h1 id="take-title">{t("take")}</h1>
        {maybeSaved && !busy && !waiting && (
          <Alert type="warning" showIcon closable title={t("maybeSaved")} description={t("maybeSavedHint")}
            onClose={() => sessionStorage.removeItem(PENDING)} />
        )}
        {waiting ? (
          <Alert type="warning" showIcon role="alert" title={t("notSaved")} description={t("notSavedHint")}
            action={<Button onClick={() => form.submit()} loading={busy}>{t("retryNow")}</Button>} />
        ) : (
          problem && <ProblemNote error={problem} names={(pointer) => { const word = wordAt(pointer); return word && t(word); }} />
        )}
        <Form
          form={form}
          layout="vertical"
          requiredMark
          disabled={waiting}
          initialValues={{ channel: me.grants.some((grant) => grant.role === "call_centre") ? "call_centre" : "phone", branch: own.length === 1 ? placeName(own[0]!) : undefined }}
          onFinish={(fields) => void send(fields)}
          scrollToFirstError={{ focus: true }}
          onValuesChange={(changed: Partial<Fields>, all) => {
            setDirty(true);
            // other content is another request: its key is another one
            if (!sending.current && problem) {
              key.current = crypto.randomUUID();
              setProblem(null);
            }
            if ("phone" in changed || "plate" in changed) setSought({ phone: all.phone ?? "", plate: all.plate ?? "" });
          }}
          onKeyDown={(event) => {
            if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
              event.preventDefault();
              form.submit();
            }
          }}
        >
          <div className="row">
            <Form.Item name="phone" label={t("phone")}>
              <Input ref={first} autoFocus autoComplete="off" inputMode="tel" maxLength={40} />
            </Form.Item>
            <Form.Item name="plate" label={t("plate")}>
              <Input autoComplete="off" maxLength={20} />
            </Form.Item>
            <Form.Item name="name" label={t("callerName")} rules={[{ required: true, whitespace: true, message: t("required") }]}>
              <Input autoComplete="off" maxLength={100} />
            </Form.Item>
          </div>
          <div className="row">
            <Form.Item name="branch" label={t("branch")} rules={[
              { required: true, message: t("required") },
              { validator: (_, said?: string) => (!said || branchOptions.length === 0 || branchMeant(said, branchOptions) ? Promise.resolve() : Promise.reject(new Error(t("branchFromList")))) },
            ]} validateTrigger="onBlur">
              <Suggest
                options={titled}
                showSearch={{ filterOption: (text, option) => isMeant(text, option && { value: option.code, label: option.label }) }}
                onBlur={() => {
                  const meant = branchMeant(form.getFieldValue("branch") ?? "", branchOptions);
                  if (meant) form.setFieldValue("branch", placeName(meant));
                }}
                maxLength={150}
              />
            </Form.Item>
            <Form.Item name="brand" label={t("brand")} rules={[{ required: true, whitespace: true, message: t("required") }]}>
              <Input autoComplete="off" maxLength={100} />
            </Form.Item>
            <Form.Item name="series" label={t("series")}>
              <Input autoComplete="off" maxLength={100} />
            </Form.Item>
          </div>
          <Form.Item name="text" label={t("words")} rules={[{ required: true, whitespace: true, message: t("required") }]}>
            <Input.TextArea rows={3} maxLength={8000} />
          </Form.Item>
          <Form.Item name="demand" label={t("demand")}>
            <Input autoComplete="off" maxLength={1000} />
          </Form.Item>
          <div className="row">
            <Form.Item name="model" label={t("model")}>
              <Input autoComplete="off" maxLength={100} />
            </Form.Item>
            <Form.Item name="source" label={t("source")}>
              <Suggest options={persons} showSearch={{ filterOption: holds }} maxLength={100} popupMatchSelectWidth={false} />
            </Form.Item>
            <Form.Item name="respondent" label={t("complainedAbout")}>
              <Suggest options={persons} showSearch={{ filterOption: holds }} maxLength={100} popupMatchSelectWidth={false} />
            </Form.Item>
          </div>
          <div className="row">
            <Form.Item name="channel" label={t("channel")} className="narrow">
              <Segmented options={CHANNELS.map((value) => ({ value, label: code(value) }))} />
            </Form.Item>
          </div>
          <Form.Item name="serious" label={t("serious")}>
            <Checkbox.Group options={SERIOUS.map((value) => ({ value, label: code(value) }))} />
          </Form.Item>
          <p className="buttons">
            <Button type="primary" htmlType="submit" size="large" loading={busy} disabled={waiting} data-testid="save">
              {busy ? t("saving") : t("save")}
            </Button>
            <span className="quiet">{t("saveHint")}</span>
          </p>
        </Form>
      </section>
      <aside className="card" aria-labelledby="who-title" aria-live="polite">
        <h2 id="who-title">{t("whoCalls")}</h2>
        <Known sought={sought} pickBranch={(branch) => {
          // not under the hands of who is about to say it
          if (!form.getFieldValue("branch") && document.activeElement?.id !== "branch") form.setFieldValue("branch", placeName(branch));
        }} />
      </aside>
    </div>
  );
}

/** What is known by one thing that the caller said, once there is enough of it. */
function useKnown(by: "phone" | "plate", said: string, enough: boolean) {
  const { data: customers, ...ofCustomers } = useQuery({
    queryKey: ["known-customers", by, said],
    enabled: enough,
    gcTime: 0, // nothing of the caller before is shown, or kept
    staleTime: 0,
    retry: false,
    queryFn: ({ signal }) => customersOf({ [by]: said }, signal),
  });
  const { data: cases, ...ofCases } = useQuery({
    queryKey: ["known-cases", by, said],
    enabled: enough,
    gcTime: 0, // nothing of the caller before is shown, or kept
    staleTime: 0,
    retry: false,
    queryFn: ({ signal }) => ask<Page<CaseLine>>("/api/complaint/v1/complaints/search?limit=20", { method: "POST", body: { [by]: said }, signal }),
  });
  return { enough, customers, ofCustomers, cases: cases?.items, ofCases };
}

/** Each once, whatever it was found by. */
function unique<T extends { id: string }>(found: T[]): T[] {
  return [...new Map(found.map((one) => [one.id, one])).values()];
}

/** Who may be calling, and what is known of them by phone and by plate: at once, masked, recorded by the services. */
function Known({ sought, pickBranch }: { sought: { phone: string; plate: string }; pickBranch: (branch: string) => void }) {
  const { t, code } = useSpeech();
  const { phone, plate } = useSettled(sought, 250); // kept here: with the next call it begins anew
  const byPhone = useKnown("phone", phone, phone.replace(/\D/g, "").length >= 7);
  const byPlate = useKnown("plate", plate, plate.trim().length >= 6);
  const ways = [byPhone, byPlate].filter((one) => one.enough);
  const known = unique(ways.flatMap((one) => one.customers ?? []));
  const only = known.length === 1 ? known[0]!.branch : undefined;
  useEffect(() => {
    if (only) pickBranch(only);
  }, [only]);

  if (ways.length === 0) return <p className="quiet">{t("whoCallsHint")}</p>;
  const found = unique(ways.flatMap((one) => one.cases ?? [])).sort((a, b) => (a.taken_at < b.taken_at ? 1 : -1));
  const failure = ways.map((one) => one.ofCustomers.error).find((error) => error instanceof Problem && (error.status === 403 || error.passes));
  const casesAway = ways.some(({ ofCases: { error } }) => error instanceof Problem && error.passes);
  const open = found.filter((one) => one.state !== "closed");
  const earlier = found.filter((one) => one.state === "closed");
  return (
    <>
      {ways.every((one) => one.ofCustomers.isSuccess) && known.length === 0 && <p>{t("unknown")}</p>}
      {failure instanceof Problem && failure.status === 403 && <p className="quiet">{t("noFileRight")}</p>}
      {failure instanceof Problem && failure.passes && <ProblemNote error={failure} retry={() => ways.forEach((one) => void one.ofCustomers.refetch())} />}
      {casesAway && (
        <Alert type="warning" showIcon title={t("casesAway")} action={<Button size="small" onClick={() => ways.forEach((one) => void one.ofCases.refetch())}>{t("retry")}</Button>} />
      )}
      {known.length > 0 && (
        <ul className="lines" aria-label={t("known")}>
          {known.map((one) => (
            <li key={one.id} className="known">
              <b>{one.name}</b> <span className="number">{one.phones.join(" / ")}</span>
              <span className="quiet">{t("known")} · {one.customer_class ? code(one.customer_class) : ""} · <Place of={one.branch} /></span>
            </li>
          ))}
        </ul>
      )}
      {found.length > 0 && <Alert type="warning" showIcon title={`${t("repeat")} (${found.length})`} description={t("repeatHint")} />}
      {open.length > 0 && <><h3>{t("openCases")}</h3><Cases cases={open} label={t("openCases")} /></>}
      {earlier.length > 0 && <><h3>{t("earlierCases")}</h3><Cases cases={earlier} label={t("earlierCases")} /></>}
    </>
  );
}

function bodyOf(fields: Fields, branches: BranchOption[]): unknown {
  const said = (text: string | undefined) => text?.trim() || undefined;
  return {
    branch: branchMeant(fields.branch, branches) ?? fields.branch.trim(),
    channel: fields.channel,
    caller: { name: fields.name, phone: said(fields.phone) },
    vehicle: { brand: fields.brand, series: said(fields.series), model: said(fields.model), plate: said(fields.plate) },
    source: said(fields.source),
    respondent: said(fields.respondent),
    text: fields.text,
    demand: said(fields.demand),
    serious: fields.serious ?? [],
  };
}

/** In groups of four, as one reads it out. */
function spoken(number: string): string {
  return number.includes("-") ? number : number.replace(/(.{4})(?=.)/g, "$1 ");
}
