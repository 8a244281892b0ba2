import { useMutation, useQueryClient } from "@tanstack/react-query";
import { App, Button, Checkbox, Form, Input, Radio, Rate } from "antd";
import { useRef } from "react";
import { ask, Problem } from "../api";
import { useSpeech } from "../language";
import type { Field } from "../pages/steps";
import { ProblemNote } from "./ProblemNote";
import { refresh } from "./refresh";

const AMOUNT = /^\d{1,12}(\.\d{1,2})?$/;

export interface Step {
  subject: string;
  name: string;
  /** the path of the complaint service */
  path: string;
  fields: Field[];
  rules: string[];
  version?: number;
  body: (values: Record<string, unknown>) => unknown;
  done: () => void;
}

/** One step as a form: sent once whatever the clerk or the network does, refused at the field that is wrong. */
export function StepForm({ subject, name, path, fields, rules, version, body, done }: Step) {
  const { t, pick } = useSpeech();
  const { message } = App.useApp();
  const queries = useQueryClient();
  const key = useRef(crypto.randomUUID());
  const [form] = Form.useForm<Record<string, unknown>>();
  const step = useMutation({
    mutationFn: (values: Record<string, unknown>) =>
      ask(`/api/complaint${path}`, {
        method: "POST", key: key.current,
        ...(version === undefined ? {} : { version }),
        body: body(values),
      }),
    onSuccess: () => {
      void message.success(`${name} · ${t("done")}`);
      void refresh(queries, subject);
      done();
    },
    onError: (error) => {
      if (error instanceof Problem && !error.passes) key.current = crypto.randomUUID();
      if (error instanceof Problem && error.status === 412) void refresh(queries, subject);
      if (error instanceof Problem) {
        form.setFields(error.errors.map((one) => ({ name: one.pointer.split("/")[1] ?? "", errors: [one.detail] })));
      }
    },
  });
  return (
    <Form form={form} layout="vertical" className="step" disabled={step.isPending}
      onFinish={(values) => { if (!step.isPending) step.mutate(values); }} scrollToFirstError={{ focus: true }}
      onValuesChange={() => { if (step.isError) { key.current = crypto.randomUUID(); step.reset(); } }}
      onKeyDown={(event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.submit(); if (event.key === "Escape") done(); }}>
      {fields.map((field, index) => (
        <Form.Item key={field.name} name={field.name} label={pick(field.zh, field.en)}
          rules={[
            ...(field.required ? [{ required: true, message: t("required") }] : []),
            ...(field.kind === "amount" ? [{ pattern: AMOUNT, message: t("amountHint") }] : []),
          ]}>
          {control(field, pick, t("yes"), t("no"), index === 0)}
        </Form.Item>
      ))}
      {step.isError && <ProblemNote error={step.error} />}
      <p className="buttons">
        <Button type="primary" htmlType="submit" loading={step.isPending}>{t("submit")}</Button>
        <Button onClick={done}>{t("cancel")}</Button>
        {rules.length > 0 && <span className="quiet">{t("rules")} {rules.join(", ")}</span>}
      </p>
    </Form>
  );
}

function control(field: Field, pick: (zh: string, en: string) => string, yes: string, no: string, first: boolean) {
  switch (field.kind) {
    case "yes":
      return <Radio.Group aria-label={pick(field.zh, field.en)} options={[{ value: true, label: yes }, { value: false, label: no }]} />;
    case "choice":
      return <Radio.Group aria-label={pick(field.zh, field.en)} options={(field.choices ?? []).map(([value, zh, en]) => ({ value, label: pick(zh, en) }))} />;
    case "several":
      return <Checkbox.Group aria-label={pick(field.zh, field.en)} options={(field.choices ?? []).map(([value, zh, en]) => ({ value, label: pick(zh, en) }))} />;
    case "amount":
      return <Input inputMode="decimal" autoComplete="off" maxLength={16} suffix="CNY" autoFocus={first} />;
    case "score":
      return <Rate />;
    case "line":
      return <Input autoComplete="off" maxLength={200} autoFocus={first} />;
    default:
      return <Input.TextArea rows={2} maxLength={2000} autoFocus={first} />;
  }
}
