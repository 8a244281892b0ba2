"""The serious ladder of a case and its steps: who had to be told, who was, who confirmed (P12.5 to P12.8)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid5

from chassis.problems import Refused
from chassis.store import Store
from contracts.roles import Role

from complaint.serious import tables
from complaint.serious.policy import StepKind

#: a marking and what the system finds of the same case come together
JUST = timedelta(minutes=5)


def ladder_id(case_id: UUID) -> UUID:
    """The one ladder of a case."""
    return uuid5(case_id, "serious ladder")


class NotSerious(Refused):
    """The case is not marked in this way, or not serious at all."""

    title = "The case is not serious in this way"
    zh = "此投诉未认定为这类重大投诉。请先标为重大投诉，或核对情形。"


class StepEnded(Refused):
    """The step has been done or has fallen away."""

    title = "This step has ended"
    zh = "此告知步骤已完成或已取消，无须再登记。"


@dataclass
class SeriousLadder:
    """That a case is serious, since when; `marks` is how that came about and what was overruled, without words."""

    id: UUID
    case_id: UUID
    branch: str
    started_at: datetime
    ended_at: datetime | None = None
    marks: tuple[dict[str, Any], ...] = ()
    version: int = 1
    sequence: int = 0

    @property
    def climbing(self) -> bool:
        return self.ended_at is None

    def marked(self, kinds: list[str], by: str, at: datetime) -> None:
        """It became serious in further ways."""
        self.marks = (*self.marks, {"kinds": kinds, "by": by, "at": at.isoformat()})

    def joined(self, other: SeriousLadder, *, told: bool) -> None:
        """The ladder of a merged case goes on here, from the earlier start; with `told` its marks are known."""
        self.started_at = min(self.started_at, other.started_at)
        if told:
            self.marks = (*self.marks, *other.marks)

    def knows(self, kinds: list[str]) -> bool:
        """Whether whoever is told of the case has been told of all these kinds."""
        known: set[str] = set()
        for mark in self.marks:
            known = known - set(mark["kinds"]) if "overruled_by" in mark else known | set(mark["kinds"])
        return known.issuperset(kinds)

    def start_again(self, at: datetime) -> None:
        """It is serious anew, after it had been overruled."""
        self.started_at, self.ended_at = at, None

    def overruled(self, kinds: list[str], by: str, at: datetime, *, ends: bool) -> None:
        """A person found that it is not serious in these ways; with the last one the ladder ends."""
        self.marks = (*self.marks, {"kinds": kinds, "overruled_by": by, "at": at.isoformat()})
        if ends:
            self.ended_at = at


class StepState(StrEnum):
    """Where a step stands."""

    OPEN = "open"
    MET = "met"
    WAIVED = "waived"


@dataclass
class SeriousStep:
    """One step for one addressee: `told` are the notices that left for it, `tried` the posts where nobody was.

    `role` at `place` is to be told (of a factory: its brand), `answers` at `answers_at` owes it. `liable` are the
    roles that answer when it was late (P12.8), `missing` what the factory asks for and was not there.
    """

    id: UUID
    case_id: UUID
    number: str
    branch: str
    kind: StepKind
    role: str
    place: str
    answers: Role
    answers_at: str
    met_by: str
    since: datetime
    due_at: datetime | None
    otherwise: tuple[str, ...] = ()
    liable: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    told: tuple[dict[str, Any], ...] = ()
    tried: tuple[str, ...] = ()
    by_hand: dict[str, Any] | None = None
    state: StepState = StepState.OPEN
    late: bool = False
    ended_at: datetime | None = None
    confirmed_by: str | None = None
    asked: tuple[str, ...] = ()
    version: int = 1
    sequence: int = 0

    def left(self, notice: dict[str, Any]) -> None:
        """A notice left over a channel; the same one is kept once."""
        if all(known["notice"] != notice["notice"] for known in self.told):
            self.told = (*self.told, notice)

    def opened(self, notice: str, at: datetime, *, confirmed: bool) -> None:
        """Its receiver read it, or confirmed it."""
        word = "confirmed_at" if confirmed else "read_at"
        self.told = tuple(
            {**known, word: at.isoformat()} if known["notice"] == notice and word not in known else known
            for known in self.told
        )

    def nobody(self, tried: list[str]) -> None:
        """Nobody was there to be told."""
        self.tried = tuple(dict.fromkeys((*self.tried, *tried)))

    def meet(self, at: datetime, *, by: str | None = None) -> bool:
        """It was done at this instant; False when it had ended before."""
        if self.state is not StepState.OPEN:
            return False
        self.state, self.ended_at, self.confirmed_by = StepState.MET, at, by
        self.late = self.due_at is not None and at > self.due_at
        return True

    def record(self, at: datetime, entry: dict[str, Any]) -> None:
        """Somebody did it by hand; `StepEnded` when it has ended."""
        if self.state is not StepState.OPEN:
            raise StepEnded(f"It is {self.state.value} already: read the ladder.", state=self.state.value)
        self.by_hand = entry
        self.meet(at, by=entry["by"])

    def waive(self, at: datetime) -> bool:
        """It falls away; whether it was late by then stays."""
        if self.state is not StepState.OPEN:
            return False
        self.late = self.due_at is not None and at > self.due_at
        self.state, self.ended_at = StepState.WAIVED, at
        return True

    def is_past(self, at: datetime) -> bool:
        """Whether who was told for it no longer looks at the case because of that: what is found then is news.

        Who has yet to confirm will see it; so will whoever has only just been told. One that fell away says nothing.
        """
        if self.met_by == "confirmed":
            return self.state is StepState.MET
        return self.state is not StepState.WAIVED and at - self.since >= JUST

    def ask(self, to: list[str]) -> None:
        """A notice was asked to go there."""
        self.asked = tuple(dict.fromkeys((*self.asked, *to)))

    def lacks(self, names: list[str]) -> None:
        """What the factory asks for and the record does not hold."""
        self.missing = tuple(names)


LADDERS = Store(tables.serious_ladders, SeriousLadder)
STEPS = Store(tables.serious_steps, SeriousStep)
