import { DeleteOutlined, DownloadOutlined, EyeOutlined, InboxOutlined } from "@ant-design/icons";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { App, Button, Progress, Radio, Skeleton, Tag, Upload } from "antd";
import { useEffect, useId, useRef, useState } from "react";
import { ask, fetched, keep, Problem, upload, XLSX, type Attachment as Kept, type Attachments as Listed } from "../api";
import { useSpeech, type Word } from "../language";
import { Person } from "../parts/Person";
import { ProblemNote } from "../parts/ProblemNote";
import { refresh } from "../parts/refresh";
import { StepForm } from "../parts/StepForm";
import { useDesk } from "../Shell";
import { bodyOf, REMOVAL } from "./steps";

/** a file with what it was called where it came from; of old ones nobody knows */
type Attachment = Kept & { name: string | null };
type Found = Omit<Listed, "items"> & { items: Attachment[] };

/** the types that the service takes, by the ends of names: browsers name some of them otherwise, or not at all */
const TYPES: Record<string, string> = {
  jpg: "image/jpeg", jpeg: "image/jpeg", png: "image/png", webp: "image/webp", mp3: "audio/mpeg", m4a: "audio/mp4",
  wav: "audio/wav", amr: "audio/amr", mp4: "video/mp4", pdf: "application/pdf",
  xlsx: XLSX, txt: "text/plain", json: "application/json",
};
const ENDINGS = Object.keys(TYPES).filter((one) => one === ending(TYPES[one]!));
const KINDS = ["photo", "recording", "letter", "other"];
/** what a page can show; the rest is saved */
const SHOWN = /^(image|video)\/|^audio\/(?!amr)/;

function ending(type: string): string {
  return Object.entries(TYPES).find(([, one]) => one === type)?.[0] ?? "bin";
}

function kindOf(type: string): string {
  if (type.startsWith("image/")) return "photo";
  if (type.startsWith("audio/")) return "recording";
  return type === "application/pdf" ? "letter" : "other";
}

/** The type with the name of the file (RFC 8187): not in the address, which is logged. */
function typeAndName(type: string, name: string): string {
  const escaped = encodeURIComponent(name).replace(/['()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);
  return `${type}; name*=UTF-8''${escaped}`;
}

/** A size as people say it. */
function sizeOf(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  return bytes < 1024 ** 2 ? `${(bytes / 1024).toFixed(0)} KB` : `${(bytes / 1024 ** 2).toFixed(1)} MB`;
}

/** Photos, recordings and letters of a case; each reading of one is recorded (P05.4, P05.9). */
export function Attachments({ id, number }: { id: string; number: string }) {
  const { t, code } = useSpeech();
  const found = useQuery({
    queryKey: ["case-attachments", id],
    queryFn: ({ signal }) => ask<Found>(`/api/complaint/v1/complaints/${id}/attachments`, { signal }),
  });
  if (found.isPending) return <section className="card"><Skeleton active /></section>;
  if (found.isError) return <section className="card"><ProblemNote error={found.error} retry={() => void found.refetch()} /></section>;
  const { items, adds, removes } = found.data;
  const names = items.map((one, at) => `${code(one.kind)} ${items.slice(0, at + 1).filter((other) => other.kind === one.kind).length}`);
  return (
    <section className="card" aria-labelledby="attachments-title">
      <div className="title-row">
        <h2 id="attachments-title">{t("attachments")}</h2>
        <span className="quiet">{t("attachmentHint")} {t("rules")} P05.4, P05.9</span>
      </div>
      {items.length === 0 && <p className="empty">{t("noAttachments")}</p>}
      <ul className="lines files" aria-label={t("attachments")}>
        {items.map((one, at) => <File key={one.id} id={id} one={one} name={names[at]!} as={`${number}-${names[at]!.replace(" ", "")}`} removes={removes} />)}
      </ul>
      {adds ? <Adding id={id} found={found.data} /> : <p className="quiet">{t("noMoreFiles")}</p>}
    </section>
  );
}

function File({ id, one, name, as, removes }: { id: string; one: Attachment; name: string; as: string; removes: boolean }) {
  const { t, when } = useSpeech();
  const { me } = useDesk();
  const [removing, setRemoving] = useState(false);
  const [shown, setShown] = useState<{ file: Blob; address: string } | null>(null);
  const address = shown?.address;
  const saved = one.name ?? `${as}.${ending(one.media_type)}`;
  useEffect(() => (address ? () => URL.revokeObjectURL(address) : undefined), [address]);
  const read = useMutation({
    mutationFn: (_: "show" | "save") => fetched(`/api/complaint${one.path}`),
    onSuccess: (file, how) => {
      if (how === "show") setShown({ file, address: URL.createObjectURL(file) });
      else keep(file, saved);
    },
  });
  const there = one.path !== null;
  return (
    <li className="term">
      <span className="line-head">
        <b>{name}</b>
        {one.name !== null && <bdi className="told">{one.name}</bdi>}
        <span className="quiet">{ending(one.media_type).toUpperCase()} · {sizeOf(one.size)} · <Person of={one.added_by} /> · {when(one.added_at)}</span>
        {!there && <Tag>{t("removed")}</Tag>}
        {one.handed_over && <Tag color="success">{t("handedOver")}</Tag>}
        {there && (
          <span className="push buttons">
            {SHOWN.test(one.media_type) && (
              <Button size="small" icon={<EyeOutlined />} aria-label={`${t("open")} ${name}`} loading={read.isPending && read.variables === "show"} onClick={() => read.mutate("show")}>{t("open")}</Button>
            )}
            <Button size="small" icon={<DownloadOutlined />} aria-label={`${t("download")} ${name}`} loading={read.isPending && read.variables === "save"} onClick={() => read.mutate("save")}>{t("download")}</Button>
            {(removes || one.added_by === me.subject) && !one.handed_over && (
              <Button size="small" icon={<DeleteOutlined />} aria-label={`${t("removeFile")} ${name}`} aria-expanded={removing} onClick={() => setRemoving(!removing)}>{t("removeFile")}</Button>
            )}
          </span>
        )}
      </span>
      {!there && <span className="quiet"><Person of={one.removed_by} /> · {when(one.removed_at)}{one.reason && ` · ${one.reason}`}</span>}
      {read.isError && <ProblemNote error={read.error} retry={() => read.mutate(read.variables)} />}
      {removing && there && (
        <StepForm subject={id} name={t("removeFile")} path={`${one.path}/remove`} fields={REMOVAL} rules={["P04.8"]} body={bodyOf} done={() => setRemoving(false)} />
      )}
      {shown && (
        <Shown type={one.media_type} address={shown.address} name={name} close={() => setShown(null)}
          save={() => keep(shown.file, saved)} />
      )}
    </li>
  );
}

interface ShownProps {
  type: string;
  address: string;
  name: string;
  close: () => void;
  save: () => void;
}

/** A file as a page can show it; what was read once is saved from here without being read again. */
function Shown({ type, address, name, close, save }: ShownProps) {
  const { t } = useSpeech();
  const [broken, setBroken] = useState(false);
  // the browser's own dialog: that of the library writes a style without the nonce
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const more = { src: address, onError: () => setBroken(true), className: "shown" };
  return (
    <dialog ref={dialog} className="viewer" aria-label={name} onClose={close}>
      <div className="title-row">
        <h2>{name}</h2>
        <span className="push buttons">
          <Button size="small" icon={<DownloadOutlined />} onClick={save}>{t("download")}</Button>
          <Button size="small" onClick={() => dialog.current?.close()}>{t("close")}</Button>
        </span>
      </div>
      {broken ? <p>{t("notPlayable")}</p>
        : type.startsWith("image/") ? <img alt={name} {...more} />
        : type.startsWith("audio/") ? <audio controls aria-label={name} {...more} />
        : <video controls aria-label={name} {...more} />}
    </dialog>
  );
}

interface Sending {
  key: string;
  file: globalThis.File;
  type: string;
  kind: string;
  part: number;
  /** why it was not sent, or what came back */
  refused?: Word;
  problem?: unknown;
}

/** Choose or drop files: what cannot be taken is said before it is sent. */
function Adding({ id, found }: { id: string; found: Found }) {
  const { t, code, mark } = useSpeech();
  const { message } = App.useApp();
  const queries = useQueryClient();
  const label = useId();
  const [kind, setKind] = useState("");
  const [files, setFiles] = useState<Sending[]>([]);
  const under = files.some((one) => !one.refused && !one.problem);
  useEffect(() => {
    if (!under) return;
    const hold = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener("beforeunload", hold);
    return () => window.removeEventListener("beforeunload", hold);
  }, [under]);

  const change = (key: string, more: Partial<Sending>) => setFiles((all) => all.map((one) => (one.key === key ? { ...one, ...more } : one)));
  const drop = (key: string) => setFiles((all) => all.filter((one) => one.key !== key));

  async function send({ key, file, type, kind }: Sending): Promise<void> {
    change(key, { part: 0, problem: undefined });
    try {
      await upload(`/api/complaint/v1/complaints/${id}/attachments?kind=${kind}`, file, typeAndName(type, file.name), key, (part) => change(key, { part }));
      void message.success(`${t("attachments")} · ${t("done")}`);
      drop(key);
      void refresh(queries, id);
    } catch (problem) {
      change(key, { problem });
    }
  }

  function take(file: globalThis.File): void {
    const type = TYPES[file.name.split(".").pop()!.toLowerCase()] ?? file.type;
    const refused = !found.media_types.includes(type) ? "fileNotTaken" : file.size > found.largest ? "fileTooLarge" : file.size === 0 ? "fileEmpty" : undefined;
    const one: Sending = { key: crypto.randomUUID(), file, type, kind: kind || kindOf(type), part: 0, ...(refused ? { refused } : {}) };
    setFiles((all) => [...all, one]);
    if (!refused) void send(one);
  }

  const types = `${t("takenTypes")}${ENDINGS.filter((one) => found.media_types.includes(TYPES[one]!)).join(mark("list")).toUpperCase()}`;
  const limit = `${t("eachAtMost")} ${sizeOf(found.largest)}`;
  return (
    <div className="adding">
      <p id={label} className="quiet">{t("attachmentKind")}</p>
      <Radio.Group aria-labelledby={label} value={kind} onChange={(event) => setKind(String(event.target.value))}
        options={[{ value: "", label: t("byItsType") }, ...KINDS.map((value) => ({ value, label: code(value) }))]} />
      <Upload.Dragger multiple showUploadList={false} beforeUpload={(file) => { take(file); return false; }}>
        <p><InboxOutlined aria-hidden /> <b>{t("dropHere")}</b></p>
        <p className="quiet">{types} · {limit}</p>
      </Upload.Dragger>
      <ul className="lines" aria-live="polite">
        {files.map((one) => (
          <li key={one.key} className="term">
            <span className="line-head">
              <b>{one.file.name}</b> <span className="quiet">{code(one.kind)} · {sizeOf(one.file.size)}</span>
              {(one.refused || one.problem !== undefined) && <span className="push"><Button size="small" onClick={() => drop(one.key)}>{t("dismiss")}</Button></span>}
            </span>
            {one.refused ? <p role="alert" className="bad">{t(one.refused)} {one.refused === "fileTooLarge" ? limit : types}</p>
              : one.problem !== undefined ? <ProblemNote error={one.problem} {...(passes(one.problem) ? { retry: () => void send(one) } : {})} />
              : <Progress percent={Math.round(one.part * 100)} size="small" aria-label={`${t("uploading")} ${one.file.name}`} format={(percent) => (percent === 100 ? t("checking") : `${percent}%`)} />}
          </li>
        ))}
      </ul>
    </div>
  );
}

/** Whether the same file may be sent again under its key. */
const passes = (problem: unknown) => problem instanceof Problem && problem.passes;
