import { Button, Skeleton, Tag } from "antd";
import type { ImportView } from "../api";
import { LIVE_LIST } from "../credit/asking";
import { useSpeech } from "../language";
import { COLOURS, OFTEN } from "./FileIn";
import { ProblemNote } from "./ProblemNote";
import { outcomeOf, PATHS, type Table } from "./tables";
import { useParts } from "./useParts";

/** What the caller handed in before, tried or taken, and how far it has come. */
export function PastLists({ table, shown, show }: { table: Table; shown: string | null; show: (id: string) => void }) {
  const { t, code, when } = useSpeech();
  const found = useParts<ImportView>(["import", table, "past"], `${PATHS[table]}?limit=10`, (lists) => (lists.some((one) => one.state === "waiting") ? OFTEN : LIVE_LIST));
  const items = found.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <section className="card" aria-labelledby="lists-title">
      <h2 id="lists-title">{t("pastLists")}</h2>
      {found.isPending && <Skeleton active />}
      {found.isError && <ProblemNote error={found.error} retry={() => void found.refetch()} />}
      {found.isSuccess && items.length === 0 && <p className="empty">{t("noLists")}</p>}
      <ul className="lines" aria-labelledby="lists-title">
        {items.map((one) => (
          <li key={one.id} className="term">
            <span className="line-head">
              <b>{when(one.asked_at)}</b> <Tag>{one.dry_run ? t("wasTried") : t("wasTaken")}</Tag>
              <Tag color={one.state === "failed" ? "error" : one.state === "done" ? "success" : "processing"}>{code(`import.${one.state}`)}</Tag>
              <span className="quiet">{one.done} / {one.rows} {t("rows")}</span>
              {Object.entries(one.outcomes).map(([name, many]) => <Tag key={name} color={COLOURS[name] ?? "default"}>{code(outcomeOf(table, name))} {many}</Tag>)}
              <span className="push"><Button size="small" aria-pressed={one.id === shown} onClick={() => { show(one.id); window.scrollTo(0, 0); }}>{t("showRows")}</Button></span>
            </span>
          </li>
        ))}
      </ul>
      {found.hasNextPage && <p><Button block onClick={() => void found.fetchNextPage()} loading={found.isFetchingNextPage}>{t("more")}</Button></p>}
    </section>
  );
}
