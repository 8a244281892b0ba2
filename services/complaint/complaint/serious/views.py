"""The ladder as its readers see it: who was to be told by when and why, who was, what is still owed; no caller."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from chassis.tx import Tx
from policy.directory import Directory
from policy.obligations import OBLIGATIONS, Owed
from pydantic import BaseModel

from complaint.serious.climbing import Climb
from complaint.serious.ladder import SeriousStep
from complaint.serious.policy import DUTY_OF

_OWED = "SELECT id FROM kehu.obligations WHERE subject = ANY($1::uuid[]) ORDER BY id"
_REPEATS = """SELECT r.earlier_case_id, c.number, r.by, r.evidence, r.found_at, r.overruled_by, r.overruled_at
    FROM found_repeats r JOIN cases c ON c.id = r.earlier_case_id WHERE r.case_id = $1 ORDER BY r.found_at"""


class NoticeView(BaseModel):
    """A notice: to whom, as holder of which role, on which channel, when it left, was read, was confirmed."""

    notice: UUID
    person: str
    role: str
    place: str
    channel: str
    sent_at: datetime
    because: str | None
    read_at: datetime | None = None
    confirmed_at: datetime | None = None


class StepView(BaseModel):
    """A step: whom it addresses, whose duty it is, by when and why, what was done; `met_by` says what ends it."""

    id: UUID
    kind: str
    title: str
    title_zh: str
    rules: list[str]
    role: str
    place: str
    answers: str
    answers_at: str
    met_by: str
    since: datetime
    due_at: datetime | None
    why_due: str | None
    why_due_zh: str | None
    state: str
    late: bool
    ended_at: datetime | None
    confirmed_by: str | None
    told: list[NoticeView]
    tried: list[str]
    by_hand: dict[str, Any] | None
    missing: list[str]


class RepeatView(BaseModel):
    """Why the system took the case for a repeat: the tokens that agree, how alike the words are."""

    earlier_case_id: UUID
    number: str
    by: list[str]
    evidence: dict[str, Any]
    found_at: datetime
    overruled_by: str | None
    overruled_at: datetime | None


class LadderView(BaseModel):
    """The whole ladder of a case; `marks` is how it came to be serious, and what was overruled."""

    case_id: UUID
    number: str
    serious: bool
    kinds: list[str]
    serious_at: datetime | None
    marks: list[dict[str, Any]]
    steps: list[StepView]
    repeats: list[RepeatView]


def is_late(step: SeriousStep, now: datetime) -> bool:
    """Whether it was done after its term, or is still not done after it."""
    return step.late or (step.ended_at is None and step.due_at is not None and step.due_at < now)


async def ladder_view(tx: Tx, climb: Climb) -> LadderView:
    """The ladder with the reckoning of each term."""
    ids = [step.id for step in climb.all_steps]
    owed = await OBLIGATIONS.fetch(tx.driver, [row[0] for row in await tx.driver.fetch(_OWED, ids)], lock=False)
    by_step = {one.subject: one for one in owed}
    repeats = [RepeatView.model_validate(dict(row)) for row in await tx.driver.fetch(_REPEATS, climb.case.id)]
    return LadderView(
        case_id=climb.case.id,
        number=climb.case.number,
        serious=climb.case.serious,
        kinds=list(climb.case.serious_kinds),
        serious_at=climb.case.serious_at,
        marks=list(climb.ladder.marks) if climb.ladder else [],
        steps=[_step_view(tx, step, by_step.get(step.id)) for step in climb.all_steps],
        repeats=repeats,
    )


def _step_view(tx: Tx, step: SeriousStep, owed: Owed | None) -> StepView:
    duty, calendar = DUTY_OF[step.kind], Directory.of(tx.runtime).calendar(step.branch)
    why, why_zh = owed.why(calendar) if owed else (None, None)
    return StepView(
        id=step.id,
        kind=step.kind.value,
        title=duty.en,
        title_zh=duty.zh,
        rules=list(duty.rules),
        role=step.role,
        place=step.place,
        answers=step.answers.value,
        answers_at=step.answers_at,
        met_by=step.met_by,
        since=step.since,
        due_at=step.due_at,
        why_due=why,
        why_due_zh=why_zh,
        state=step.state.value,
        late=is_late(step, tx.now),
        ended_at=step.ended_at,
        confirmed_by=step.confirmed_by,
        told=[NoticeView.model_validate(notice) for notice in step.told],
        tried=list(step.tried),
        by_hand=step.by_hand,
        missing=list(step.missing),
    )
