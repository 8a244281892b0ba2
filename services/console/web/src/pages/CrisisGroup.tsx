import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Tag } from "antd";
import { useState } from "react";
import { ask, Problem, type CrisisGroup } from "../api";
import { useSpeech } from "../language";
import { Due } from "../parts/Due";
import { Person, Persons } from "../parts/Person";
import { ProblemNote } from "../parts/ProblemNote";
import { refresh } from "../parts/refresh";
import { StepForm } from "../parts/StepForm";
import { useDesk } from "../Shell";
import { bodyOf, CONVENE, MEETING } from "./steps";

/** The crisis group of a serious case, for its members and who convenes it: meetings, decisions, tasks (P12.7). */
export function CrisisGroupCard({ id, branch, serious }: { id: string; branch?: string; serious: boolean }) {
  const { t, when } = useSpeech();
  const { me } = useDesk();
  const [opened, setOpened] = useState<"convene" | "meeting" | null>(null);
  const path = `/v1/complaints/${id}/crisis-group`;
  const found = useQuery({
    queryKey: ["case-crisis", id],
    enabled: serious,
    queryFn: async ({ signal }) => {
      try {
        return await ask<CrisisGroup>(`/api/complaint${path}`, { signal });
      } catch (error) {
        if (error instanceof Problem && (error.status === 403 || error.status === 404)) return null;
        throw error;
      }
    },
  });
  if (!serious || found.isPending) return null;
  if (found.isError) return <section className="card"><ProblemNote error={found.error} retry={() => void found.refetch()} /></section>;
  const group = found.data;
  const convenes = branch !== undefined && me.grants.some((grant) => grant.role === "general_manager" && [branch, "group"].includes(grant.place));
  if (!group && !convenes) return null;
  const toggle = (which: "convene" | "meeting") => setOpened(opened === which ? null : which);
  return (
    <section className="card" aria-labelledby="crisis-title">
      <div className="title-row">
        <h2 id="crisis-title">{t("crisisGroup")}</h2>
        {group && <span className="quiet">{t("convenedBy")} <Person of={group.convened_by} /> {when(group.convened_at)} · {t("members")} <Persons of={group.members} /></span>}
        <span className="push buttons">
          {convenes && <Button size="small" aria-expanded={opened === "convene"} onClick={() => toggle("convene")}>{group ? t("addMembers") : t("convene")}</Button>}
          {group && <Button size="small" type="primary" aria-expanded={opened === "meeting"} onClick={() => toggle("meeting")}>{t("recordMeeting")}</Button>}
        </span>
      </div>
      {!group && opened === null && <p className="empty">{t("noGroup")}</p>}
      {opened === "convene" && (
        <StepForm subject={id} name={group ? t("addMembers") : t("convene")} path={path} fields={CONVENE} rules={["P12.7"]} {...(branch ? { branch } : {})}
          body={bodyOf} done={() => setOpened(null)} />
      )}
      {opened === "meeting" && group && (
        <StepForm subject={id} name={t("recordMeeting")} path={`${path}/meetings`} fields={MEETING} rules={["P12.7"]} {...(branch ? { branch } : {})}
          initial={{ present: group.members }} body={meetingOf} done={() => setOpened(null)} />
      )}
      {group && (
        <ul className="lines">
          {group.tasks.map((task) => <Task key={task.id} id={id} task={task} may={task.person === me.subject || group.convened_by === me.subject} />)}
        </ul>
      )}
      {group?.meetings.map((meeting) => (
        <article key={meeting.id} className="asked" aria-label={t("meeting")}>
          <p><b>{t("meeting")} {when(meeting.held_at)}</b> <span className="quiet">{t("present")} <Persons of={meeting.present} /> · {t("recordedBy")} <Person of={meeting.recorded_by} /></span></p>
          <blockquote>{meeting.minutes}</blockquote>
          {meeting.decisions.length > 0 && <><h3>{t("decisions")}</h3><ol className="seats">{meeting.decisions.map((one) => <li key={one}>{one}</li>)}</ol></>}
        </article>
      ))}
    </section>
  );
}

function Task({ id, task, may }: { id: string; task: CrisisGroup["tasks"][number]; may: boolean }) {
  const { t, when } = useSpeech();
  const queries = useQueryClient();
  const finish = useMutation({
    mutationFn: () => ask(`/api/complaint/v1/complaints/${id}/crisis-group/tasks/${task.id}/done`, { method: "POST", key: `done-${task.id}` }),
    onSuccess: () => refresh(queries, id),
  });
  return (
    <li className="term">
      <span className="line-head">
        <b>{task.what}</b> <span className="quiet"><Person of={task.person} /></span>
        {task.done_at ? <Tag color="success">{t("done")} {when(task.done_at)}</Tag> : <Due at={task.due_at} />}
        {may && !task.done_at && <span className="push"><Button size="small" loading={finish.isPending} onClick={() => finish.mutate()}>{t("finishTask")}</Button></span>}
      </span>
      {finish.isError && <ProblemNote error={finish.error} />}
    </li>
  );
}

/** The desk stands in China: its wall clock is that of the meeting. */
function meetingOf(values: Record<string, unknown>): Record<string, unknown> {
  const { held_at, decisions, ...rest } = values;
  return bodyOf({
    ...rest,
    held_at: `${String(held_at)}:00+08:00`,
    decisions: ((decisions as { words?: string }[] | undefined) ?? []).map((one) => one.words).filter(Boolean),
  });
}
