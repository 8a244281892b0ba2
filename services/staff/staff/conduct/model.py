"""A breach, the account of the person it is booked to, and the months of a branch."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from chassis.problems import Refused
from chassis.store import Store
from policy.approvals import Holdable, action, fact
from policy.calendar import civil

from staff.conduct import tables
from staff.conduct.tariff import Tariff


def month_of(at: datetime | date) -> date:
    """The first day of the civil month of an instant or a day."""
    day = civil(at) if isinstance(at, datetime) else at
    return day.replace(day=1)


def following(month: date) -> date:
    """The first day of the month after."""
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


class BreachState(StrEnum):
    """Where a breach stands by itself; what it costs beside others is reckoned."""

    RECORDED = "recorded"
    UNDECIDED = "undecided"
    WITHDRAWN = "withdrawn"


class NothingToDecide(Refused):
    """What it costs is set, or was decided before."""

    title = "There is nothing to decide"
    zh = "此违规的处罚已确定，无须再决定。"


class Withdrawn(Refused):
    """The breach was withdrawn: it costs nothing, and stays so."""

    title = "The breach was withdrawn"
    zh = "此违规记录已撤销，不再处罚。"


@dataclass
class Account:
    """The ledger of one person."""

    id: UUID
    person: str
    version: int = 1
    sequence: int = 0


def account_id_of(person: str) -> UUID:
    """The account of a person."""
    return uuid5(NAMESPACE_URL, f"conduct:{person}")


@dataclass
class Breach(Holdable):
    """One approved breach of one person. `ruling` holds amounts that were decided in place of the tariff's."""

    id: UUID
    account_id: UUID
    person: str
    branch: str
    department: str | None
    kind: str
    items: list[list[Any]]
    rule: str
    subject: str
    occurred_on: date
    decided_at: datetime
    measured: Decimal | None
    base: dict[str, Any] | None
    part: str | None
    repeats: UUID | None
    tariff: dict[str, Any]
    state: BreachState
    booked_at: datetime
    ruling: dict[str, Any] | None = None
    pay_cut: dict[str, Any] | None = None
    held: dict[str, Any] = field(default_factory=dict)
    subject_id: UUID | None = None
    sealed: bytes | None = None
    version: int = 1
    sequence: int = 0

    @property
    def month(self) -> date:
        """The civil month in which it was decided: the one it is counted in."""
        return month_of(self.decided_at)

    @property
    def terms(self) -> Tariff:
        """What the policy of its day set."""
        return Tariff.model_validate(self.tariff)

    @property
    def again(self) -> bool:
        """Whether it is an order to correct that was not followed (P13.9)."""
        return self.repeats is not None or self.terms.again

    @property
    def path(self) -> str:
        return f"/v1/conduct/breaches/{self.id}"

    @action("decide")
    def decide(self, ruling: dict[str, Any]) -> None:
        """What no policy sets was decided (P04.12)."""
        if self.state is not BreachState.UNDECIDED:
            raise NothingToDecide("What it costs is set or decided. Have it corrected instead.", rules=("P04.12",))
        self.state, self.ruling = BreachState.RECORDED, ruling

    @action("correct")
    def correct(self, ruling: dict[str, Any]) -> None:
        """It costs something else than was booked."""
        self.refuse_withdrawn()
        self.state, self.ruling = BreachState.RECORDED, ruling

    @action("cut_pay")
    def cut_pay(self, percent: int, by: str, at: datetime) -> None:
        """Performance pay goes besides its doubled fine (P13.8)."""
        self.refuse_withdrawn()
        self.pay_cut = {"percent": percent, "by": by, "at": at.isoformat()}

    @action("withdraw")
    def withdraw(self) -> None:
        """It did not happen, or not so that it counts."""
        self.refuse_withdrawn()
        self.state = BreachState.WITHDRAWN

    @fact
    def written(self, subject_id: UUID, sealed: bytes) -> None:
        """Keep what a decider wrote."""
        self.subject_id, self.sealed = subject_id, sealed

    def refuse_withdrawn(self) -> None:
        """`Withdrawn` when it was."""
        if self.state is BreachState.WITHDRAWN:
            raise Withdrawn("It costs nothing any more. A new breach is sent by the service that saw it.")


ACCOUNTS = Store(tables.conduct_accounts, Account)
BREACHES = Store(tables.breaches, Breach)


@dataclass
class Month:
    """A month of a branch's ledger."""

    id: UUID
    branch: str
    month: date
    closed_at: datetime | None = None
    closed_by: str | None = None
    version: int = 1
    sequence: int = 0

    def close(self, by: str, at: datetime) -> None:
        """Nothing more is booked into it."""
        self.closed_by, self.closed_at = by, at


def month_id_of(branch: str, month: date) -> UUID:
    """The id of a branch's month."""
    return uuid5(NAMESPACE_URL, f"conduct:{branch}:{month}")


MONTHS = Store(tables.conduct_months, Month)
