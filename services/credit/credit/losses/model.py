"""A loss: goods or money that somebody answers for, from finding it to the shares in it (P11.10–P11.13)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from chassis.problems import Refused
from chassis.store import Store
from contracts.money import Money
from policy.approvals import Holdable, action, fact

from credit import tables

#: the part that the company bears itself, and that of who signed the goods
COMPANY, SIGNER = "company", "signer"


class LossKind(StrEnum):
    """What was lost; by the names of the conduct ledger."""

    BAD_DEBT = "bad_debt"
    UNAUTHORISED_SHIPMENT = "unauthorised_shipment"
    LAST_OVERRUN_UNPAID = "last_overrun_unpaid"


class LossState(StrEnum):
    """Where it stands. Found: to be verified; approved: its shares go to the conduct ledger next."""

    FOUND = "found"
    VERIFIED = "verified"
    APPROVED = "approved"
    BORNE = "borne"
    DISMISSED = "dismissed"


class NotAtThisState(Refused):
    """The loss is not in a state in which this can be done."""

    title = "The loss is not there yet, or past it"
    zh = "损失处理尚未到这一步，或已办过这一步。请重新载入查看当前状态。"


@dataclass
class Loss(Holdable):
    """One loss, `about` an invoice, shipment or slip; each of `shares` has part, person (None: company) and amount.

    `legal_reserved`: the company keeps its legal remedies beside the shares (P11.13).
    """

    id: UUID
    kind: LossKind
    rule: str
    account_id: UUID | None
    branch: str
    about: UUID
    document_id: UUID | None
    shipment_id: UUID | None
    amount: Decimal
    occurred_on: date
    found_at: datetime
    found_by: str
    signer: str | None = None
    legal_reserved: bool = False
    state: LossState = LossState.FOUND
    shares: tuple[dict[str, Any], ...] = ()
    ended_at: datetime | None = None
    held: dict[str, Any] = field(default_factory=dict)
    version: int = 1
    sequence: int = 0

    def refuse_unless(self, *states: LossState) -> None:
        """`NotAtThisState`, saying where it stands."""
        if self.state not in states:
            raise NotAtThisState(
                f"The loss is {self.state.value}: this is done when it is {' or '.join(s.value for s in states)}.",
                rules=[self.rule],
                state=self.state.value,
            )

    @fact
    def grow(self, amount: Decimal) -> None:
        """More goods of the same kind were found before it was verified."""
        self.amount += amount

    @action("verify")
    def verify(self, amount: Decimal | None = None) -> None:
        """It is as it was found (经查实), or about this amount."""
        self.state, self.amount = LossState.VERIFIED, self.amount if amount is None else amount

    @action("dismiss")
    def dismiss(self, at: datetime) -> None:
        """It is not so, or paid by now: nobody bears anything."""
        self.state, self.ended_at = LossState.DISMISSED, at

    @action("approve")
    def approve(self, bearers: Iterable[Mapping[str, Any]]) -> None:
        """It is approved who bears which part."""
        self.state, self.shares = LossState.APPROVED, tuple(dict(one) for one in bearers)

    @action("bear")
    def bear(self, base: Decimal, at: datetime) -> None:
        """What is lost now is shared to the cent by the approved weights (largest remainder)."""
        parts = Money(amount=base).split([Decimal(one["weight"]) for one in self.shares])
        shared = zip(self.shares, parts, strict=True)
        self.shares = tuple({**one, "amount": str(part.amount)} for one, part in shared)
        self.amount, self.state, self.ended_at = base, LossState.BORNE, at


LOSSES = Store(tables.losses, Loss)
