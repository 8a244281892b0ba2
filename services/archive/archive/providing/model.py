"""A standing agreement to give data to an outside party, and its limits (P05.13)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from chassis.problems import Refused
from chassis.store import Store
from policy.approvals import Holdable, action, fact

from archive import tables


class AgreementState(StrEnum):
    """Where an agreement stands; an agreed one is in force on its days."""

    ASKED = "asked"
    AGREED = "agreed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    ENDED = "ended"


class NotInForce(Refused):
    """Nothing may be given under the agreement today."""

    title = "The agreement is not in force"
    zh = "协议当前不在有效期内，不能提供资料。请先确认或续签协议。"
    rules = ("P05.13",)


class NotAgreed(Refused):
    """The agreement does not cover this."""

    title = "This was not agreed"
    zh = "协议未包括此项内容，不能提供。请按协议范围申请，或先变更协议。"
    rules = ("P05.13",)


@dataclass
class Agreement(Holdable):
    """Which fields of whose data a party may be given for which brand and purpose, on which days."""

    id: UUID
    branch: str
    party: str
    brand: str
    purpose: str
    fields: list[str]
    from_on: date
    until_on: date
    state: AgreementState
    asked_by: str
    asked_at: datetime
    decided_at: datetime | None = None
    held: dict[str, Any] = field(default_factory=dict)
    version: int = 1
    sequence: int = 0

    @action("provide")
    def agree(self, at: datetime) -> None:
        """Both have signed."""
        self.state, self.decided_at = AgreementState.AGREED, at

    @fact
    def end(self, state: AgreementState, at: datetime) -> None:
        """It was refused or taken back, or holds no longer."""
        self.state, self.decided_at = state, at

    def in_force(self, on: date) -> bool:
        """Whether data may be given on this day, both days included."""
        return self.state is AgreementState.AGREED and self.from_on <= on <= self.until_on

    def refuse_unless_covers(self, given: set[str], on: date) -> None:
        """`NotInForce` or `NotAgreed` when these fields may not be given on this day."""
        self.refuse_while_held("provide")
        if not self.in_force(on):
            raise NotInForce("Nothing may be given under this agreement today. Have a new one approved.")
        if not given <= set(self.fields):
            raise NotAgreed("Only the fields of the agreement may be given. Leave the others out.")


AGREEMENTS = Store(tables.agreements, Agreement)
