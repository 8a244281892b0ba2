"""A measure: what is done because of a complaint, tracked until it is done (P04.14, P17.12)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from chassis.auth import Principal
from chassis.ids import uuid7
from chassis.problems import Invalid, Refused
from chassis.store import Store
from chassis.tx import Tx
from chassis.wrong import Wrong
from contracts.complaint import MeasureTaken
from contracts.roles import Role
from policy.access import department_place
from policy.calendar import civil
from policy.directory import Directory
from policy.obligations import Deadline, owe
from policy.terms import Term
from pydantic import Field

from complaint import tables
from complaint.case import Case, NotNow
from complaint.keeping import handling_role, reaches
from complaint.permissions import HANDLE_COMPLAINT
from complaint.policy import MEASURE
from complaint.timeline import Person, Words, WordsForm, note

RULES = ("P04.14", "P17.12")

LONGEST = 366


class MeasureKind(StrEnum):
    """What a measure is for: this case, or that the like does not happen again (P17.4)."""

    MEASURE = "measure"
    COUNTERMEASURE = "countermeasure"
    PREVENTION = "prevention"


class MeasureState(StrEnum):
    """Where it stands."""

    OPEN = "open"
    DONE = "done"
    DROPPED = "dropped"


@dataclass
class Measure:
    """Something to be done by `owner` (or whoever handles the case), until `due_on` where a day is set."""

    id: UUID
    case_id: UUID
    branch: str
    kind: MeasureKind
    brand: str
    series: str | None
    due_on: date | None
    owner: str | None
    state: MeasureState
    taken_at: datetime
    ended_at: datetime | None
    subject_id: UUID
    sealed: bytes
    version: int = 1
    sequence: int = 0

    def end(self, *, done: bool, at: datetime) -> None:
        """It was carried through, or dropped; once."""
        if self.state is not MeasureState.OPEN:
            raise NotNow(f"The measure is {self.state} already.", rules=RULES, state=self.state.value)
        self.state, self.ended_at = MeasureState.DONE if done else MeasureState.DROPPED, at


MEASURES = Store(tables.measures, Measure)


class CannotOwn(Refused):
    """Whoever carries a measure through opens the case: it is not about them, and they reach it."""

    title = "They cannot carry a measure of this case through"
    zh = "落实人须能查阅本投诉，且非被投诉人或责任人。请改选，或先在移交时将其列为参与人。"


class MeasureForm(WordsForm):
    """What is to be done, by whom, until when."""

    words: Words
    due_on: Annotated[date | None, Field(description="its last day; later than today")] = None
    owner: Person | None = None


async def take(tx: Tx, case: Case, kind: MeasureKind, form: MeasureForm, *, report: UUID | None = None) -> Measure:
    """The measure is taken, by hand or by a report: owed until it is done, told, and on the timeline."""
    identifier = uuid7()
    owner = form.owner or case.handler
    if form.owner is not None and form.owner != case.handler:
        await _refuse_who_cannot_open(tx, case, form.owner)
    deadline = Deadline(within=_until(form.due_on, tx.now), role=handling_role(case, tx), then=(Role.GENERAL_MANAGER,))
    measure = Measure(
        id=identifier,
        case_id=case.id,
        branch=case.branch,
        kind=kind,
        brand=case.brand,
        series=case.facts.get("series"),
        due_on=form.due_on,
        owner=owner,
        state=MeasureState.OPEN,
        taken_at=tx.now,
        ended_at=None,
        subject_id=case.subject_id,
        sealed=await tx.seal(tables.measures, identifier, case.subject_id, {"words": form.words}),
    )
    tx.add(measure)
    owe(
        tx,
        MEASURE,
        measure.id,
        deadline,
        branch=case.branch,
        since=tx.now,
        path=f"/v1/complaints/{case.id}",
        person=owner,
        about=case.id,
        place=department_place(case.branch, case.department),
        excluded=case.concerned,
    )
    facts: dict[str, Any] = {
        "measure": str(measure.id),
        "kind_of_measure": kind.value,
        "due_on": form.due_on and str(form.due_on),
    }
    facts |= {} if report is None else {"report": str(report)}
    note(tx, case, "measure_taken", RULES, **facts)
    tx.publish(
        case,
        MeasureTaken(
            case_id=case.id, measure_id=measure.id, kind=kind.value, due_on=form.due_on, taken_at=tx.now,
            rules=list(RULES),
        ),
    )  # fmt: skip
    return measure


async def _refuse_who_cannot_open(tx: Tx, case: Case, owner: str) -> None:
    """What somebody owes who cannot open the case is never done; whom it is about is told nothing of it (P12.2)."""
    grants = Directory.of(tx.runtime).grants(owner, tx.now)
    their = Principal(owner, "", grants, frozenset(), 0)
    reached = HANDLE_COMPLAINT.allows(their) and await reaches(tx, HANDLE_COMPLAINT, their, case)
    if not reached:
        raise CannotOwn("Name somebody who may open the case and whom it is not about.", rules=(*RULES[:1], "P12.2"))


def _until(due_on: date | None, now: datetime) -> Term | None:
    """The term that ends with the day."""
    if due_on is None:
        return None
    days = (due_on - civil(now)).days
    if not 1 <= days <= LONGEST:
        first, last = civil(now) + timedelta(days=1), civil(now) + timedelta(days=LONGEST)
        raise Invalid(
            "The last day of a measure lies after today, within a year.",
            rules=RULES,
            errors=[Wrong.BETWEEN.at("/due_on", limit=f"{first} – {last}")],
        )
    return Term.parse(f"{days} days")
