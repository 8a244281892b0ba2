"""The crisis group as its members see it; the minutes are clear text, and that they were read is recorded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chassis.auth import Principal
from chassis.problems import NotFound
from chassis.tx import Tx
from pydantic import BaseModel

from complaint.permissions import CONVENE_GROUP
from complaint.serious import tables
from complaint.serious.climbing import Climb, climbs_of
from complaint.serious.crisis import TASKS, CrisisGroup, group_of

RULES = ("P12.7",)

_MEETINGS = """SELECT id, held_at, present, recorded_by, subject_id, sealed FROM crisis_meetings
    WHERE group_id = $1 ORDER BY id"""
_TASKS = "SELECT id FROM crisis_tasks WHERE group_id = $1"


class TaskView(BaseModel):
    """Who does what by when."""

    id: UUID
    meeting_id: UUID
    person: str
    what: str
    due_at: datetime | None
    done_at: datetime | None


class MeetingView(BaseModel):
    """What was discussed and decided, by whom."""

    id: UUID
    held_at: datetime
    present: list[str]
    recorded_by: str
    minutes: str
    decisions: list[str]


class GroupView(BaseModel):
    """The group with its meetings and tasks."""

    case_id: UUID
    branch: str
    convened_by: str
    convened_at: datetime
    members: list[str]
    meetings: list[MeetingView]
    tasks: list[TaskView]
    version: int


@dataclass
class _Meeting:
    id: UUID
    subject_id: UUID
    sealed: bytes


async def group_within(tx: Tx, case_id: UUID, principal: Principal) -> tuple[Climb, CrisisGroup]:
    """The group of a case, for its members and for who convenes at the branch; an excluded person never; else 404."""
    climb = (await climbs_of(tx, [case_id])).get(case_id)
    group = None if climb is None else await group_of(tx, climb.case.id)
    if climb is None or group is None or principal.subject in climb.excluded:
        raise NotFound("There is no crisis group of such a complaint, or none that you belong to. Check the id.")
    convenes = CONVENE_GROUP.reach(principal).includes(group.branch, barred=climb.excluded)
    if principal.subject not in group.members and not convenes:
        raise NotFound("There is no crisis group of such a complaint, or none that you belong to. Check the id.")
    return climb, group


async def group_view(tx: Tx, group: CrisisGroup) -> GroupView:
    """The group with its minutes opened."""
    meetings = []
    for row in await tx.driver.fetch(_MEETINGS, group.id):
        kept = _Meeting(row["id"], row["subject_id"], row["sealed"])
        words = await tx.unseal_row(tables.crisis_meetings, kept, why="crisis group", rules=RULES)
        meetings.append(
            MeetingView(
                id=row["id"],
                held_at=row["held_at"],
                present=row["present"],
                recorded_by=row["recorded_by"],
                minutes=words["minutes"],
                decisions=words["decisions"],
            )
        )
    tasks = []
    for task in (await tx.load(TASKS, [row[0] for row in await tx.driver.fetch(_TASKS, group.id)])).values():
        words = await tx.unseal(task, why="crisis group", rules=RULES)
        tasks.append(
            TaskView(
                id=task.id,
                meeting_id=task.meeting_id,
                person=task.person,
                what=words["what"],
                due_at=task.due_at,
                done_at=task.done_at,
            )
        )
    return GroupView(
        case_id=group.case_id,
        branch=group.branch,
        convened_by=group.convened_by,
        convened_at=group.convened_at,
        members=list(group.members),
        meetings=meetings,
        tasks=tasks,
        version=group.version,
    )
