import { Alert, Button, Form, Input, type FormInstance } from "antd";
import { useEffect, useRef, useState, type ReactNode } from "react";
import { Problem } from "../api";
import { useSpeech } from "../language";
import { ProblemNote } from "../parts/ProblemNote";
import { wrongHere } from "../refusals";
import { useStep } from "./asking";

export interface Offer {
  key: string;
  name: string;
  form: (done: () => void) => ReactNode;
}

/** What may be done here as buttons; each opens its form below, and is where the focus comes back to. */
export function Offers({ of, children }: { of: Offer[]; children?: ReactNode }) {
  const [opened, open] = useState<string | null>(null);
  const buttons = useRef(new Map<string, HTMLElement>());
  const chosen = of.find((one) => one.key === opened);
  const close = () => {
    if (opened) buttons.current.get(opened)?.focus();
    open(null);
  };
  if (of.length === 0 && !children) return null;
  return (
    <>
      <p className="buttons">
        {children}
        {of.map((one) => (
          <Button key={one.key} aria-expanded={opened === one.key} ref={(button) => { if (button) buttons.current.set(one.key, button); }}
            onClick={() => (opened === one.key ? close() : open(one.key))}>{one.name}</Button>
        ))}
      </p>
      {chosen && <div key={chosen.key} className="opened-form">{chosen.form(close)}</div>}
    </>
  );
}

/** A step as a form: sent once whatever the clerk or the network does, refused at the field that is wrong. */
export function Step<V extends object>({ name, submit, back, form: given, initial, send, done, rules = [], danger, held, children }: {
  name: string;
  submit?: string;
  /** to leave it be, where "cancel" would be what is asked */
  back?: string;
  form?: FormInstance<V>;
  initial?: Partial<V>;
  send: (values: V, key: string) => Promise<unknown>;
  done?: (() => void) | undefined;
  rules?: string[];
  danger?: boolean;
  /** what is missing yet, beside fields that are wrong: nothing is sent before */
  held?: string | null | undefined;
  children?: ReactNode;
}) {
  const { t, language } = useSpeech();
  const [form] = Form.useForm<V>(given);
  const step = useStep<V>(send, done);
  const [tried, setTried] = useState(false);
  useEffect(() => {
    if (!(step.error instanceof Problem)) return;
    form.setFields(step.error.errors.map((one) => ({ name: nameOf(one.pointer), errors: [wrongHere(one, language)] })) as never);
  }, [step.error, form, language]);
  return (
    <Form form={form} layout="vertical" className="step" aria-label={name} disabled={step.isPending} initialValues={initial as object}
      scrollToFirstError={{ focus: true }} onFinish={(values) => { setTried(true); if (!step.isPending && !held) step.mutate(values); }}
      onValuesChange={() => { if (step.isError) step.reset(); }}
      onKeyDown={(event) => { if (event.key === "Escape" && !form.isFieldsTouched()) done?.(); }}>
      {children}
      {tried && held && <Alert type="error" showIcon role="alert" title={held} />}
      {step.isError && <ProblemNote error={step.error} />}
      <p className="buttons">
        <Button type="primary" danger={danger === true} htmlType="submit" loading={step.isPending} autoFocus={!children}>{submit ?? t("submit")}</Button>
        {done && <Button onClick={done}>{back ?? t("cancel")}</Button>}
        {rules.length > 0 && <span className="rule-ids">{rules.join(" ")}</span>}
      </p>
    </Form>
  );
}

/** An amount above nothing, to the cent. */
export function AmountField({ name = "amount", label, optional, autoFocus }: { name?: string | (string | number)[]; label?: string; optional?: boolean; autoFocus?: boolean }) {
  const { t } = useSpeech();
  return (
    <Form.Item name={name} label={label ?? t("amount")} rules={[...(optional ? [] : [{ required: true, message: t("required") }]), { pattern: /^(?!0+(\.0+)?$)\d{1,12}(\.\d{1,2})?$/, message: t("aboveNothing") }]}>
      <Input inputMode="decimal" autoComplete="off" maxLength={15} prefix="¥" autoFocus={autoFocus === true} />
    </Form.Item>
  );
}

/** Why, in a sentence; the service keeps it sealed. */
export function ReasonField({ label, autoFocus }: { label: string; autoFocus?: boolean }) {
  const { t } = useSpeech();
  return (
    <Form.Item name="reason" label={label} extra={t("noteSealed")} rules={[{ required: true, whitespace: true, min: 2, message: t("required") }]}>
      <Input.TextArea autoFocus={autoFocus === true} rows={2} maxLength={500} />
    </Form.Item>
  );
}

/** The field that a problem points at: /lines/0/price is lines, 0, price. */
export function nameOf(pointer: string): (string | number)[] {
  return pointer.split("/").slice(1).map((part) => (/^\d+$/.test(part) ? Number(part) : part));
}
