"""A dunning letter: frozen figures, papers by their digests, who handed it over (P02.4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from chassis.problems import Refused
from chassis.store import Store
from policy.approvals import Holdable, action, fact

from credit import tables
from credit.policy import LetterLevel


class LetterState(StrEnum):
    """Made: figures frozen; printed: papers are there; sent: given to who hands it over; void: not needed any more."""

    MADE = "made"
    PRINTED = "printed"
    SENT = "sent"
    HANDED_OVER = "handed_over"
    VOID = "void"


WAITING = (LetterState.MADE, LetterState.PRINTED, LetterState.SENT)


class LetterNotThere(Refused):
    """The letter is not in a state in which this can be done."""

    title = "The letter is not there yet, or past it"
    zh = "催款函尚未到这一步，或已办过这一步。请重新载入查看当前状态。"


@dataclass
class Letter(Holdable):
    """One letter. Each of `lines` has document, kind, dated_on, due_on, days_over, amount, open as texts.

    `papers` is `{letter | statement: {sha256, size}}`, of the clear text.
    """

    id: UUID
    episode_id: UUID
    account_id: UUID
    customer_id: UUID
    branch: str
    level: int
    made_on: date
    made_at: datetime
    total: Decimal
    days_over: int
    lines: tuple[dict[str, str], ...]
    state: LetterState = LetterState.MADE
    papers: dict[str, Any] = field(default_factory=dict)
    person: str | None = None
    sent_at: datetime | None = None
    handed_on: date | None = None
    handed_by: str | None = None
    way: str | None = None
    void_because: str | None = None
    held: dict[str, Any] = field(default_factory=dict)
    version: int = 1
    sequence: int = 0

    @fact
    def printed(self, papers: dict[str, Any]) -> None:
        """Its papers are there, sealed."""
        self.papers, self.state = papers, LetterState.PRINTED

    @action("send")
    def send(self, person: str | None, at: datetime) -> None:
        """It is given to who hands it over."""
        self._refuse_unless(LetterState.PRINTED)
        self.state, self.person, self.sent_at = LetterState.SENT, person, at

    @action("hand_over")
    def hand_over(self, on: date, by: str, way: str) -> None:
        """The customer has it; also where it was void by then, paid on the way."""
        if self.state is not LetterState.VOID or self.sent_at is None:
            self._refuse_unless(LetterState.SENT)
        self.void_because = None
        self.state, self.handed_on, self.handed_by, self.way = LetterState.HANDED_OVER, on, by, way

    @fact
    def void(self, because: str, *, given_out: bool = False) -> bool:
        """It is not needed, or not wanted: it was paid, refused, or the customer is not known; False: it is out.

        `given_out`: also where it is on its way to the customer.
        """
        if self.state not in (WAITING if given_out else WAITING[:2]):
            return False
        self.state, self.void_because = LetterState.VOID, because
        return True

    def _refuse_unless(self, state: LetterState) -> None:
        if self.state is not state:
            raise LetterNotThere(
                f"The letter is {self.state.value}: this is done when it is {state.value}.", rules=("P02.4",)
            )


LETTERS = Store(tables.dunning_letters, Letter)


def level_of(days_over: int, levels: Sequence[LetterLevel]) -> int:
    """The highest level that an item so many days past due has reached, counted from 1; 0: none yet."""
    return max((n for n, level in enumerate(levels, start=1) if days_over >= level.days_over), default=0)
