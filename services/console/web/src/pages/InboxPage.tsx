import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { Alert, Button, Skeleton, Tag } from "antd";
import { useState } from "react";
import { Link } from "react-router";
import { ask, Problem, type Notice, type Page } from "../api";
import { useSpeech } from "../language";
import { Due } from "../parts/Due";
import { Place } from "../parts/Place";
import { ProblemNote } from "../parts/ProblemNote";
import { listOf, screenOf } from "../parts/screen";
import { useDesk } from "../Shell";

export function InboxPage() {
  const { t } = useSpeech();
  const found = useInfiniteQuery({
    queryKey: ["inbox"],
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) =>
      ask<Page<Notice>>(`/api/notify/v1/inbox?limit=50${pageParam ? `&cursor=${encodeURIComponent(pageParam)}` : ""}`, { signal }),
    getNextPageParam: (last) => last.next ?? undefined,
    retry: false,
  });
  const away = found.error instanceof Problem && (found.error.status === 404 || found.error.status === 503);
  const items = found.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <section className="card" aria-labelledby="inbox-title">
      <h1 id="inbox-title">{t("inbox")}</h1>
      {found.isPending && <Skeleton active />}
      {away && <Alert type="info" showIcon title={t("inboxAway")} action={<Button size="small" onClick={() => void found.refetch()}>{t("retry")}</Button>} />}
      {found.isError && !away && <ProblemNote error={found.error} retry={() => void found.refetch()} />}
      {found.isSuccess && items.length === 0 && <p className="empty">{t("noNotices")}</p>}
      <ul className="lines" aria-label={t("inbox")}>
        {items.map((one) => <Entry key={one.id} notice={one} />)}
      </ul>
      {found.hasNextPage && <Button block onClick={() => void found.fetchNextPage()}>{t("more")}</Button>}
    </section>
  );
}

function Entry({ notice }: { notice: Notice }) {
  const { t, pick, when } = useSpeech();
  const { roleName } = useDesk();
  const queries = useQueryClient();
  const [opened, setOpened] = useState(false);
  const changed = () => {
    void queries.invalidateQueries({ queryKey: ["inbox"] });
    void queries.invalidateQueries({ queryKey: ["inbox-counts"] });
  };
  // opening is what tells the sender that it was read
  const open = useMutation({ mutationFn: () => ask(`/api/notify/v1/inbox/${notice.id}`), onSuccess: changed });
  const confirm = useMutation({
    mutationFn: () => ask(`/api/notify/v1/inbox/${notice.id}/confirm`, { method: "POST", key: `confirm-${notice.id}`, body: {} }),
    onSuccess: changed,
  });
  const to = screenOf(notice) ?? listOf(notice);
  const mustConfirm = notice.confirm_by !== null && notice.confirmed_at === null;
  return (
    <li className={notice.unread ? "notice is-unread" : "notice"}>
      <button
        type="button"
        className="line"
        aria-expanded={opened}
        onClick={() => {
          setOpened(!opened);
          if (!opened && notice.unread) open.mutate();
        }}
      >
        <span className="line-head">
          <b>{pick(notice.title, notice.title_en)}</b>
          {notice.unread && <Tag color="processing">{t("unread")}</Tag>}
          {notice.urgent && <Tag color="error">{t("urgent")}</Tag>}
          {mustConfirm && <Tag color="warning">{t("toConfirm")}</Tag>}
          <span className="push quiet">{when(notice.made_at)}</span>
        </span>
      </button>
      {opened && (
        <div className="notice-text">
          <p>{pick(notice.text, notice.text_en)}</p>
          <p className="quiet">
            {t("toldAs")} {roleName(notice.role)} · <Place of={notice.place} /> {pick(notice.because_zh, notice.because)}
            {notice.rules.length > 0 && ` · ${t("rules")} ${notice.rules.join(", ")}`}
          </p>
          {to && <Link className="as-button" to={to}>{t(to.startsWith("/cases/") ? "openCase" : "openIt")}</Link>}
        </div>
      )}
      {notice.confirmed_at && <p className="quiet">{t("confirmed")} {when(notice.confirmed_at)}</p>}
      {mustConfirm && (
        <p className="buttons">
          <Button type="primary" loading={confirm.isPending} onClick={() => confirm.mutate()}>{t("confirm")}</Button>
          <span>{t("confirmBy")} <Due at={notice.confirm_by} /></span>
        </p>
      )}
      {confirm.isError && <ProblemNote error={confirm.error} />}
    </li>
  );
}
