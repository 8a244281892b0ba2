import { useQuery } from "@tanstack/react-query";
import { Alert, Button } from "antd";
import { useState } from "react";
import { Link, useNavigate } from "react-router";
import { ask, type Action, type Case, type Links, type Progress } from "../api";
import { useSpeech } from "../language";
import { Person } from "../parts/Person";
import { ProblemNote } from "../parts/ProblemNote";
import { screenOf } from "../parts/screen";
import { StepForm } from "../parts/StepForm";
import { useDesk } from "../Shell";
import { useApprovals } from "./Approvals";
import { bodyOf, LINK, MERGE, SPLIT } from "./steps";

type Doing = "merge" | "link" | "split";

/** Which cases have to do with this one; merged, linked and split by who judges or names the department (P04.8, P04.9). */
export function Arranging({ one, actions }: { one: Case; actions: Action[] }) {
  const { t, code, when, mark } = useSpeech();
  const { roleName } = useDesk();
  const navigate = useNavigate();
  const [opened, setOpened] = useState<Doing | null>(null);
  const [part, setPart] = useState<Progress | null>(null);
  const found = useQuery({
    queryKey: ["case-links", one.id],
    queryFn: ({ signal }) => ask<Links>(`/api/complaint/v1/complaints/${one.id}/links`, { signal }),
  });
  const keeps = actions.filter((action) => ["judge", "hand_over"].includes(action.step));
  const mine = keeps.some((action) => action.yours);
  const roles = [...new Set(keeps.flatMap((action) => action.roles))];
  const form = { subject: one.id, branch: one.branch, body: bodyOf };
  const path = `/v1/complaints/${one.id}`;
  const toggle = (doing: Doing) => setOpened(opened === doing ? null : doing);
  const shut = one.state === "closed" || Object.keys(one.held).length > 0;
  return (
    <section className="card arranging" aria-labelledby="arrange-title">
      <div className="title-row">
        <h2 id="arrange-title">{t("arrange")}</h2>
        {mine && (
          <span className="push buttons">
            {(["link", "merge", "split"] as const).map((doing) => (
              <Button key={doing} size="small" aria-expanded={opened === doing} disabled={shut && doing !== "link"} onClick={() => toggle(doing)}>{t(doing)}</Button>
            ))}
          </span>
        )}
      </div>
      {mine && shut && <p className="quiet">{one.state === "closed" ? t("closedFirst") : <>{t("heldFirst")} <Holding one={one} /></>}</p>}
      {part && (
        <Alert type="success" showIcon role="status" closable={{ onClose: () => setPart(null) }}
          title={<>{t("split")} · {t("done")}{mark("colon")}{t("newCase")} <Link className="number" to={`/cases/${part.id}`}>{part.number}</Link></>} />
      )}
      {opened === "merge" && (
        <StepForm {...form} name={t("merge")} path={`${path}/merge`} fields={MERGE} rules={["P04.8", "P04.9"]} about={<p>{t("mergeMeans")}</p>}
          done={(answer) => { setOpened(null); if (answer) void navigate(`/cases/${(answer as Progress).id}`, { replace: true, state: { led: true } }); }} />
      )}
      {opened === "link" && (
        <StepForm {...form} name={t("link")} path={`${path}/links`} fields={LINK} rules={["P04.8"]} about={<p>{t("linkMeans")}</p>} done={() => setOpened(null)} />
      )}
      {opened === "split" && (
        <StepForm {...form} name={t("split")} path={`${path}/split`} fields={SPLIT} rules={["P04.8", "P04.9"]} about={<p>{t("splitMeans")}</p>}
          initial={{ kept: one.words }} done={(answer) => { setOpened(null); if (answer) setPart(answer as Progress); }} />
      )}
      {found.isError && <ProblemNote error={found.error} retry={() => void found.refetch()} />}
      {found.data && found.data.merged.length > 0 && <p>{t("mergedHere")} <b className="number">{found.data.merged.join(mark("list"))}</b></p>}
      {found.data?.links.length === 0 && opened === null && <p className="quiet">{t("noLinks")}</p>}
      {found.data && found.data.links.length > 0 && <ul className="lines" aria-label={t("arrange")}>
        {found.data.links.map((link, at) => {
          const to = link.path && screenOf({ service: "complaint", path: link.path });
          return (
            <li key={`${at} ${link.number}`} className="term">
              <span className="line-head">
                <b>{code(link.kind === "split" && !link.forward ? "split_from" : link.kind)}</b>
                {to ? <Link className="number" to={to}>{link.number}</Link> : <span className="quiet">{t("notShown")}</span>}
                {link.by && <span className="push quiet"><Person of={link.by} /> · {when(link.at)}</span>}
              </span>
            </li>
          );
        })}
      </ul>}
      {!mine && <p className="quiet">{t("arrangedBy")} {roles.map(roleName).join(" / ")}</p>}
    </section>
  );
}

/** Which approvals hold the case. */
function Holding({ one }: { one: Case }) {
  const { pick, mark } = useSpeech();
  const approvals = useApprovals(one.id);
  const names = Object.entries(one.held).map(([name, { id }]) => {
    const known = approvals.data?.items.find((approval) => approval.id === id);
    return known ? pick(known.title_zh, known.title) : name;
  });
  return <b>{names.join(mark("list"))}</b>;
}
