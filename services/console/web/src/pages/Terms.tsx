import { useQuery } from "@tanstack/react-query";
import { Alert, Skeleton, Tag } from "antd";
import { ask, type Obligation, type Page } from "../api";
import { useSpeech } from "../language";
import { Due } from "../parts/Due";
import { Person } from "../parts/Person";
import { ProblemNote } from "../parts/ProblemNote";
import { useDesk } from "../Shell";

function useTerms(subject: string) {
  return useQuery({
    queryKey: ["case-terms", subject],
    queryFn: ({ signal }) => ask<Page<Obligation>>(`/api/complaint/v1/obligations?limit=100&subject=${encodeURIComponent(subject)}`, { signal }),
  });
}

/** Whose turn it is: what is owed now, by whom, until when. */
export function Owed({ subject }: { subject: string }) {
  const { t, pick, mark } = useSpeech();
  const { me, roleName } = useDesk();
  const found = useTerms(subject);
  const open = (found.data?.items ?? []).filter((one) => one.ended_at === null && !one.duty.includes("serious"));
  if (open.length === 0) return null;
  const mine = (one: Obligation) => (one.person ? one.person === me.subject : me.grants.some((grant) => grant.role === one.role));
  return (
    <ul className="owed" aria-label={t("owedNow")}>
      {open.map((one) => (
        <li key={one.id}>
          <span className="quiet">{t("owedNow")}{mark("colon")}</span><b>{pick(one.title_zh, one.title)}</b> · {roleName(one.role)} <Person of={one.person} />
          {mine(one) && <Tag color="processing">{t("yours")}</Tag>} <Due at={one.due_at} />
        </li>
      ))}
    </ul>
  );
}

/** Every clock of a case: what is still owed first, each with how it was reckoned. */
export function Terms({ subject }: { subject: string }) {
  const { t, pick, code } = useSpeech();
  const { roleName } = useDesk();
  const found = useTerms(subject);
  const items = [...(found.data?.items ?? [])].sort((a, b) => Number(a.ended_at !== null) - Number(b.ended_at !== null));
  return (
    <section className="card" aria-labelledby="terms-title">
      <h2 id="terms-title">{t("terms")}</h2>
      {found.isPending && <Skeleton active paragraph={{ rows: 2 }} />}
      {found.isError && <ProblemNote error={found.error} retry={() => void found.refetch()} />}
      <ul className="lines">
        {items.map((one) => (
          <li key={one.id} className="term">
            <span className="line-head">
              <b>{pick(one.title_zh, one.title)}</b>
              {one.ended_at ? <Tag color="success">{code(one.state)}</Tag> : null}
              <span className="push"><Due at={one.due_at} over={one.ended_at !== null} /></span>
            </span>
            <span className="line-text wrap">{pick(one.why_zh, one.why)}</span>
            <span className="quiet">{roleName(one.role)} <Person of={one.person} /></span>
          </li>
        ))}
      </ul>
      {found.isSuccess && items.length === 0 && <Alert type="info" title={t("noDue")} />}
    </section>
  );
}
