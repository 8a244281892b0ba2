import { useInfiniteQuery } from "@tanstack/react-query";
import { Button, Skeleton, Tag } from "antd";
import { Link } from "react-router";
import { ask, type Page } from "../../api";
import { Amount } from "../../credit/Amount";
import { CREDIT, numberOf, type Loss } from "../../credit/api";
import { LIVE_LIST } from "../../credit/asking";
import { useDays } from "../../credit/useDays";
import { Rules } from "../../credit/Why";
import { useSpeech } from "../../language";
import { Place } from "../../parts/Place";
import { ProblemNote } from "../../parts/ProblemNote";

export const LOSS_COLOURS: Record<Loss["state"], string> = { found: "warning", verified: "processing", approved: "processing", borne: "success", dismissed: "default" };

/** The losses within reach, the newest first: what was lost, and where it stands (P11.10–P11.13). */
export function Losses({ state }: { state?: string | undefined }) {
  const { t, code } = useSpeech();
  const days = useDays();
  const found = useInfiniteQuery({
    queryKey: ["credit", "losses", state], initialPageParam: "", refetchInterval: LIVE_LIST,
    queryFn: ({ pageParam, signal }) =>
      ask<Page<Loss>>(`${CREDIT}/losses?limit=30${state ? `&state=${state}` : ""}${pageParam && `&cursor=${encodeURIComponent(pageParam)}`}`, { signal }),
    getNextPageParam: (last) => last.next ?? undefined,
  });
  if (found.isPending) return <Skeleton active />;
  if (found.isError) return <ProblemNote error={found.error} retry={() => void found.refetch()} />;
  const items = found.data.pages.flatMap((page) => page.items);
  if (items.length === 0) return <p className="empty">{t("noLosses")}</p>;
  return (
    <>
      <ul className="lines" aria-label={t("losses")}>
        {items.map((one) => (
          <li key={one.id}>
            <Link className="line" to={`/credit/losses/${one.id}`}>
              <span className="line-head">
                <b>{code(`loss.${one.kind}`)}</b> <span className="number">{numberOf(one.id)}</span> <Tag color={LOSS_COLOURS[one.state]}>{code(`lossstate.${one.state}`)}</Tag>
                {one.approval && <Tag color="processing">{t("sharesAsked")}</Tag>}
                <span className="push"><Amount of={one.amount} strong /></span>
              </span>
              <span className="quiet"><Place of={one.branch} /> · {t("occurredOn")} {days(one.occurred_on)} {one.account_id && <>· {t("account")} {numberOf(one.account_id)}</>} <Rules of={[one.rule]} /></span>
            </Link>
          </li>
        ))}
      </ul>
      {found.hasNextPage && <p><Button block onClick={() => void found.fetchNextPage()} loading={found.isFetchingNextPage}>{t("more")}</Button></p>}
    </>
  );
}
