"""The crisis group's meetings are recorded: what was decided, and who does what by when (P12.7)."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from chassis.auth import Principal
from chassis.http import get, post
from chassis.ids import uuid7
from chassis.problems import Invalid, NotFound
from chassis.tx import Tx
from chassis.wrong import Wrong
from contracts.roles import Role
from policy.obligations import Deadline, met, owe
from policy.terms import Term
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from complaint.permissions import SIT_IN_GROUP
from complaint.serious import tables
from complaint.serious.convene_group import Subject
from complaint.serious.crisis import TASKS, CrisisTask, refuse_excluded
from complaint.serious.crisis_views import GroupView, group_view, group_within
from complaint.serious.policy import TASK
from complaint.timeline import Said

RULES = ("P12.7",)

Words = Annotated[Said, Field(min_length=1, max_length=2000, description="kept sealed")]


class Given(BaseModel):
    """A task: what a member does, within which term (such as `2 working days`) from the meeting."""

    model_config = ConfigDict(extra="forbid")

    person: Subject
    what: Words
    within: Term | None = None


class Minutes(BaseModel):
    """A meeting: when, who was there, what was discussed and decided, what was given to whom."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "held_at": "2026-03-02T02:00:00Z",
                    "present": ["gm-1", "head-1"],
                    "minutes": "讨论客户诉求与应对口径",
                    "decisions": ["免费更换变速箱"],
                    "tasks": [{"person": "head-1", "what": "当面致歉", "within": "1 working day"}],
                }
            ]
        },
    )

    held_at: AwareDatetime
    present: Annotated[list[Subject], Field(min_length=1, max_length=50)]
    minutes: Annotated[Said, Field(min_length=1, max_length=8000, description="kept sealed")]
    decisions: Annotated[list[Words], Field(max_length=50)] = []
    tasks: Annotated[list[Given], Field(max_length=50)] = []


@post("/v1/complaints/{case_id}/crisis-group/meetings", needs=SIT_IN_GROUP, status=201)
async def record_meeting(case_id: UUID, minutes: Minutes, principal: Principal, tx: Tx) -> GroupView:
    """Record a meeting with its decisions and tasks; each task is owed from the meeting on."""
    climb, group = await group_within(tx, case_id, principal)
    people = [*minutes.present, *(task.person for task in minutes.tasks)]
    refuse_excluded(people, climb.excluded)
    group.refuse_strangers(people)
    # a form knows minutes
    if not climb.case.taken_at.replace(second=0, microsecond=0) <= minutes.held_at <= tx.now:
        wrong = Wrong.IN_FUTURE if minutes.held_at > tx.now else Wrong.BEFORE_BEGIN
        raise Invalid(
            "A meeting is recorded when it has been held.",
            errors=[wrong.at("/held_at", "after the complaint was taken and not after now")],
        )
    subject, meeting = climb.case.subject_id, uuid7()
    words = {"minutes": minutes.minutes, "decisions": minutes.decisions}
    tx.insert(
        tables.crisis_meetings,
        id=meeting,
        group_id=group.id,
        held_at=minutes.held_at,
        present=list(dict.fromkeys(minutes.present)),
        recorded_by=principal.subject,
        recorded_at=tx.now,
        subject_id=subject,
        sealed=await tx.seal(tables.crisis_meetings, meeting, subject, words),
    )
    for given in minutes.tasks:
        identifier = uuid7()
        sealed = await tx.seal(tables.crisis_tasks, identifier, subject, {"what": given.what})
        task = CrisisTask(identifier, group.id, meeting, given.person, None, None, subject, sealed)
        tx.add(task)
        task.due_at = owe(
            tx,
            TASK,
            identifier,
            Deadline(within=given.within, role=Role.CRISIS_GROUP, then=(Role.GENERAL_MANAGER,)),
            branch=group.branch,
            since=minutes.held_at,
            path=f"/v1/complaints/{climb.case.id}/crisis-group",
            person=given.person,
            about=climb.case.id,
        ).due_at
    await tx.flush()
    return await group_view(tx, group)


@post("/v1/complaints/{case_id}/crisis-group/tasks/{task_id}/done", needs=SIT_IN_GROUP)
async def finish_task(case_id: UUID, task_id: UUID, principal: Principal, tx: Tx) -> GroupView:
    """Record that a task is done: by whom it was given to, or by who convened."""
    _, group = await group_within(tx, case_id, principal)
    task = (await tx.load(TASKS, [task_id])).get(task_id)
    if task is None or task.group_id != group.id or principal.subject not in (task.person, group.convened_by):
        raise NotFound("There is no such task of this group, or it is not yours. Read the group.")
    task.done(tx.now)
    met(tx, TASK, task.id, at=tx.now)
    await tx.flush()
    return await group_view(tx, group)


@get("/v1/complaints/{case_id}/crisis-group", needs=SIT_IN_GROUP)
async def read_group(case_id: UUID, principal: Principal, tx: Tx) -> GroupView:
    """The crisis group with its minutes, for its members; that it was read is recorded."""
    _, group = await group_within(tx, case_id, principal)
    return await group_view(tx, group)
