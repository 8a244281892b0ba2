"""What is offered to a customer for a complaint, until it is granted and paid (P12.10, P17.8)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from chassis.problems import Refused
from chassis.store import Store
from contracts.money import Money
from policy.approvals import Holdable, action, fact

from complaint.compensation import tables


class CompensationState(StrEnum):
    """Where an offer stands."""

    ASKED = "asked"
    GRANTED = "granted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    PAID = "paid"


class PaidAlready(Refused):
    """What has been paid is not changed and not paid again."""

    title = "It has been paid"
    zh = "赔偿已支付，不能更改或重复支付。如需追加，请另提方案。"


class NotGranted(Refused):
    """Nothing is paid that has not been granted."""

    title = "The compensation has not been granted"
    zh = "赔偿尚未批准，不能支付。请待审批完成后再支付。"


class CompensationOpen(Refused):
    """The case has an offer that is asked or waits to be paid."""

    title = "There is an open offer for this case"
    zh = "此投诉已有待审批或待支付的赔偿方案。请更改原方案，或待其办结后再提。"


@dataclass
class Compensation(Holdable):
    """An offer: kinds with their amounts, and the asking (`approval_id`) that its state comes from.

    `granted` is the most that was ever granted for it: so much of it counts in the totals of case and customer.
    """

    id: UUID
    case_id: UUID
    branch: str
    lines: tuple[dict[str, str], ...]
    amount: Decimal
    currency: str
    state: CompensationState
    offered_by: str
    offered_at: datetime
    subject_id: UUID
    sealed: bytes
    granted: Decimal = Decimal(0)
    approval_id: UUID | None = None
    decided_at: datetime | None = None
    paid_by: str | None = None
    paid_at: datetime | None = None
    held: dict[str, Any] = field(default_factory=dict)
    version: int = 1
    sequence: int = 0

    @property
    def money(self) -> Money:
        return Money(amount=self.amount, currency=self.currency)

    @property
    def kinds(self) -> list[str]:
        """The kinds it is made of, each once."""
        return list(dict.fromkeys(line["kind"] for line in self.lines))

    @property
    def further(self) -> Decimal:
        """What it adds to what was granted for it before."""
        return max(Decimal(0), self.amount - self.granted)

    @action("change")
    def change(self, lines: tuple[dict[str, str], ...], amount: Decimal, sealed: bytes, by: str, at: datetime) -> None:
        """Offer something else; it must be asked anew, whatever was signed."""
        if self.state is CompensationState.PAID:
            raise PaidAlready("It has been paid. Offer what is still due as a new compensation.")
        self.lines, self.amount, self.sealed = lines, amount, sealed
        self.offered_by, self.offered_at = by, at
        self.state, self.decided_at = CompensationState.ASKED, None

    @fact
    def asked(self, approval: UUID) -> None:
        """It waits for this asking."""
        self.approval_id = approval

    @fact
    def decided(self, approval: UUID, state: CompensationState, at: datetime) -> bool:
        """What came of the asking; False when another one has taken its place."""
        if self.approval_id != approval or self.state is not CompensationState.ASKED:
            return False
        self.state, self.decided_at = state, at
        if state is CompensationState.GRANTED:
            self.granted = max(self.granted, self.amount)
        return True

    @action("pay")
    def pay(self, by: str, at: datetime) -> None:
        """It was paid, or given; only what has been granted."""
        if self.state is CompensationState.PAID:
            raise PaidAlready("It has been paid before. Nothing is left to pay.")
        if self.state is not CompensationState.GRANTED:
            raise NotGranted("Have it granted first, or change the offer.", state=self.state.value)
        self.state, self.paid_by, self.paid_at = CompensationState.PAID, by, at


COMPENSATIONS = Store(tables.compensations, Compensation)
