import { DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { App, Button, Checkbox, Form, Input, Radio, Rate, Select } from "antd";
import { useRef, type ReactNode } from "react";
import { ask, Problem, type People } from "../api";
import { useSpeech, type Speech } from "../language";
import type { Field } from "../pages/steps";
import { wrongHere } from "../refusals";
import { useDesk } from "../Shell";
import { CaseField } from "./CaseField";
import { chosenAs, usePeople } from "./people";
import { ProblemNote } from "./ProblemNote";
import { refresh } from "./refresh";
import { Suggest } from "./Suggest";

const AMOUNT = /^\d{1,12}(\.\d{1,2})?$/;
type Name = (string | number)[];

export interface Step {
  subject: string;
  name: string;
  /** the path of the complaint service */
  path: string;
  fields: Field[];
  rules: string[];
  /** of which branch people and departments are offered */
  branch?: string;
  /** of what is changed: that which was there when the form was opened, however much is told of meanwhile */
  version?: number;
  initial?: Record<string, unknown>;
  /** what the step means, before it is taken */
  about?: ReactNode;
  body: (values: Record<string, unknown>) => unknown;
  /** it was taken, with what the service answered, or given up, with nothing */
  done: (answer?: unknown) => void;
}

/** One step as a form: sent once whatever the clerk or the network does, refused at the field that is wrong. */
export function StepForm({ subject, name, path, fields, rules, branch, version, initial, about, body, done }: Step) {
  const { t, pick, language } = useSpeech();
  const { message } = App.useApp();
  const queries = useQueryClient();
  const key = useRef(crypto.randomUUID());
  const opened = useRef(version);
  const people = usePeople(fields.some(asksPeople) ? branch : undefined);
  const [form] = Form.useForm<Record<string, unknown>>();
  const step = useMutation({
    mutationFn: (values: Record<string, unknown>) =>
      ask(`/api/complaint${path}`, {
        method: "POST", key: key.current,
        ...(opened.current === undefined ? {} : { version: opened.current }),
        body: body(values),
      }),
    onSuccess: (answer) => {
      void message.success(`${name} · ${t("done")}`);
      void refresh(queries, subject);
      done(answer);
    },
    onError: (error) => {
      if (error instanceof Problem && !error.passes) key.current = crypto.randomUUID();
      if (error instanceof Problem && error.status === 412) void refresh(queries, subject);
      if (error instanceof Problem) {
        form.setFields(error.errors.map((one) => ({ name: nameOf(one.pointer), errors: [wrongHere(one, language)] })));
      }
    },
  });
  return (
    <Form form={form} layout="vertical" className="step" disabled={step.isPending} aria-label={name}
      initialValues={initial ?? Object.fromEntries(fields.filter((field) => field.least).map((field) => [field.name, [{}]]))}
      onFinish={(values) => { if (!step.isPending) step.mutate(values); }} scrollToFirstError={{ focus: true }}
      onValuesChange={() => { if (step.isError) { key.current = crypto.randomUUID(); step.reset(); } }}
      onKeyDown={(event) => {
        if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.submit();
        if (event.key === "Escape" && !form.isFieldsTouched()) done();
      }}>
      {about}
      {fields.map((field, index) => <Asked key={field.name} field={field} at={[field.name]} people={people} subject={subject} first={index === 0} />)}
      {step.isError && <ProblemNote error={step.error} names={(pointer) => labelOf(fields, nameOf(pointer), pick)} />}
      <p className="buttons">
        <Button type="primary" htmlType="submit" loading={step.isPending} autoFocus={fields.length === 0}>{t("submit")}</Button>
        <Button onClick={() => done()}>{t("cancel")}</Button>
        {rules.length > 0 && <span className="quiet">{t("rules")} {rules.join(", ")}</span>}
      </p>
    </Form>
  );
}

function asksPeople(field: Field): boolean {
  return ["person", "people", "department"].includes(field.kind) || (field.of ?? []).some(asksPeople);
}

/** Where the service says that something is wrong (a JSON pointer), as the form names it. */
function nameOf(pointer: string): Name {
  return pointer.split("/").slice(1).map((part) => (/^\d+$/.test(part) ? Number(part) : part));
}

/** What the form calls a field, in a list with its place there; nothing where it does not ask for it. */
function labelOf(fields: Field[], [name, ...rest]: Name, pick: Speech["pick"]): string | undefined {
  const field = fields.find((one) => one.name === name);
  if (!field) return undefined;
  const label = pick(field.zh, field.en);
  const [index, ...inside] = rest;
  if (typeof index !== "number") return label;
  const part = labelOf(field.of ?? [], inside, pick);
  return `${label} ${index + 1}${part ? ` · ${part}` : ""}`;
}

/** A field of the form; `at` leads there from the list that it is in. */
function Asked({ field, at, people, subject, first = false }: { field: Field; at: Name; people: People | undefined; subject: string; first?: boolean }) {
  const speech = useSpeech();
  const { roleName } = useDesk();
  const { t, pick } = speech;
  const label = pick(field.zh, field.en);
  if (field.kind === "list") return <Listed field={field} at={at} people={people} subject={subject} first={first} />;
  const rules = [
    ...(field.required ? [{ required: true, message: t("required") }] : []),
    ...(field.kind === "amount" ? [{ pattern: AMOUNT, message: t("amountHint") }] : []),
  ];
  if (field.kind === "case") {
    const missing = [{ required: true, message: t("caseFirst") }];
    return <Form.Item name={at} label={label} rules={missing}><CaseField not={subject} autoFocus={first} /></Form.Item>;
  }
  if (field.kind === "tick") {
    return <Form.Item name={at} valuePropName="checked"><Checkbox>{label}</Checkbox></Form.Item>;
  }
  return <Form.Item name={at} label={label} rules={rules} className={`is-${field.kind}`}>{control(field, label, people, first, speech, roleName)}</Form.Item>;
}

function Listed({ field, at, people, subject, first }: { field: Field; at: Name; people: People | undefined; subject: string; first: boolean }) {
  const { t, pick } = useSpeech();
  const least = field.least ?? 0;
  return (
    <Form.List name={at}>
      {(entries, { add, remove }, { errors }) => (
        <fieldset className="entries">
          <legend>{pick(field.zh, field.en)}</legend>
          {entries.map(({ key, name }, index) => (
            <div key={key} className="entry">
              {field.of!.map((part, which) => (
                <Asked key={part.name} field={part} at={[name, part.name]} people={people} subject={subject} first={first && index === 0 && which === 0} />
              ))}
              {entries.length > least && (
                <Button type="text" icon={<DeleteOutlined />} aria-label={`${t("remove")} ${pick(field.zh, field.en)} ${index + 1}`} onClick={() => remove(name)} />
              )}
            </div>
          ))}
          <Button size="small" icon={<PlusOutlined />} onClick={() => add({})}>{t("add")}{pick(field.zh, ` ${field.en}`)}</Button>
          <Form.ErrorList errors={errors} />
        </fieldset>
      )}
    </Form.List>
  );
}

function control(field: Field, label: string, people: People | undefined, first: boolean, { t, pick, code, mark }: Speech, roleName: (role: string) => string) {
  const choices = (field.choices ?? []).map(([value, zh, en]) => ({ value, label: pick(zh, en) }));
  const persons = (people?.people ?? []).map((one) => ({
    value: one.subject, label: chosenAs(one, one.roles.map((role) => roleName(role)).join(mark("list")), code(one.department)),
  }));
  const holds = (text: string, option?: { label: string }) => (option?.label ?? "").includes(text);
  switch (field.kind) {
    case "yes":
      return <Radio.Group aria-label={label} options={[{ value: true, label: t("yes") }, { value: false, label: t("no") }]} />;
    case "choice":
      return <Radio.Group aria-label={label} options={choices} />;
    case "pick":
      return <Select allowClear={!field.required} options={choices} autoFocus={first} />;
    case "several":
      return <Checkbox.Group aria-label={label} options={choices} />;
    case "amount":
      return <Input inputMode="decimal" autoComplete="off" maxLength={16} suffix="CNY" autoFocus={first} />;
    case "score":
      return <Rate />;
    case "person":
      return <Suggest options={persons} showSearch={{ filterOption: holds }} maxLength={200} autoFocus={first} placeholder={t("choosePerson")} popupMatchSelectWidth={false} />;
    case "people":
      return <Select mode="tags" options={persons} showSearch={{ filterOption: holds }} placeholder={t("choosePerson")} tokenSeparators={[",", "，", " "]} autoFocus={first} popupMatchSelectWidth={false} />;
    case "department":
      return <Suggest options={(people?.departments ?? []).map((value) => ({ value, label: code(value) === value ? value : `${code(value)} ${value}` }))} showSearch={{ filterOption: holds }} maxLength={100} autoFocus={first} />;
    case "day":
      return <Input type="date" />;
    case "instant":
      return <Input type="datetime-local" autoFocus={first} />;
    case "line":
      return <Input autoComplete="off" maxLength={200} autoFocus={first} />;
    default:
      return <Input.TextArea rows={2} maxLength={field.most ?? 2000} autoFocus={first} />;
  }
}
