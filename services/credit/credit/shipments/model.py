"""A shipment: what goes to whom, where it stands, what was decided about it and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
from credit.account import ZERO, Overrun
from credit.shipments.decision import Signature

#: no quantity
NONE = Decimal("0.000")


class ShipmentState(StrEnum):
    """Where a shipment stands."""

    HELD = "held"
    RELEASED = "released"
    INVOICED = "invoiced"
    ISSUED = "issued"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"


class NotAtThisStage(Refused):
    """The shipment is not in a state in which this can be done."""

    title = "The shipment is not there yet, or past it"
    zh = "发货尚未到这一步，或已办过这一步。请重新载入查看当前状态。"


@dataclass
class Shipment(Holdable):
    """Goods for one customer of an account.

    Each of `lines` has product, batch, quantity, price and amount as texts; `signature` kind, amount, until, signer.
    `returned` is what was booked for what came back, `back` the quantity of it by the line's number.
    """

    id: UUID
    account_id: UUID
    customer_id: UUID
    branch: str
    destination: str
    lines: tuple[dict[str, str], ...]
    amount: Decimal
    requested_by: str
    requested_at: datetime
    origin: str
    origin_ref: str
    state: ShipmentState = ShipmentState.HELD
    prepaid: Decimal = ZERO
    decision: dict[str, Any] = field(default_factory=dict)
    signature: dict[str, str] | None = None
    overrun: Overrun | None = None
    released_on: date | None = None
    invoice_id: UUID | None = None
    invoiced_on: date | None = None
    issued_on: date | None = None
    delivered_on: date | None = None
    unreleased: bool = False
    returned: Decimal = ZERO
    back: dict[str, str] = field(default_factory=dict)
    part_of: UUID | None = None
    copy_of: UUID | None = None
    held: dict[str, Any] = field(default_factory=dict)
    version: int = 1
    sequence: int = 0

    @property
    def stopped(self) -> bool:
        """Whether it is held now: as a request, or invoiced on its way out."""
        held_on_its_way = self.state is ShipmentState.INVOICED and self.decision.get("outcome") == "held"
        return self.state is ShipmentState.HELD or held_on_its_way

    @property
    def covered(self) -> Decimal:
        """How much of it is paid for before its invoice."""
        return min(self.prepaid, self.amount)

    @property
    def signed(self) -> Signature | None:
        """The area manager's signature, whatever it is worth by now."""
        found = self.signature
        if found is None:
            return None
        kind: Any = found["kind"]
        return Signature(kind, Decimal(found["amount"]), date.fromisoformat(found["until"]), found["signer"])

    def refuse_unless(self, *states: ShipmentState) -> None:
        """`NotAtThisStage`, saying where it stands."""
        if self.state not in states:
            raise NotAtThisStage(
                f"The shipment is {self.state.value}: this is done when it is {' or '.join(s.value for s in states)}.",
                state=self.state.value,
            )

    @fact
    def decided(self, decision: Mapping[str, Any], step: str, on: date) -> None:
        """What was decided about it last; released again and again, it may go since the first time."""
        self.decision = {**decision, "step": step}
        self.released_on = (self.released_on or on) if decision["outcome"] == "released" else None

    @action("release")
    def release_by(self, overrun: Overrun | None) -> None:
        """It may be invoiced."""
        self.state, self.overrun = ShipmentState.RELEASED, overrun

    @fact
    def take_back(self) -> None:
        """It may not go for now: it has to be decided anew."""
        self.state, self.overrun = ShipmentState.HELD, None

    @action("change")
    def change(self, lines: Sequence[Mapping[str, str]], amount: Decimal, destination: str) -> None:
        """Other goods, another amount: neither what was signed nor what was released covers them."""
        self.lines, self.amount, self.destination = tuple(dict(line) for line in lines), amount, destination
        self.signature, self.released_on = None, None

    @fact
    def leave_over(self, overrun: Overrun) -> None:
        """Invoiced goods leave over the limit; who signed them as the last answers for them as that."""
        if self.overrun != "last":
            self.overrun = overrun

    @fact
    def paid(self, change: Decimal) -> None:
        """Money came for this very shipment, or went back."""
        self.prepaid += change

    @action("sign")
    def sign(self, signature: dict[str, str]) -> None:
        """The area manager lets it go over the limit, for this amount until then (P11.7, P11.8)."""
        self.signature = signature

    @action("invoice")
    def invoice(self, invoice: UUID, on: date) -> None:
        """It is invoiced; goods that went out without it stay where they are."""
        self.invoice_id, self.invoiced_on = invoice, on
        if self.state is ShipmentState.RELEASED:
            self.state = ShipmentState.INVOICED

    @fact
    def issue(self, on: date, *, unreleased: bool) -> None:
        """The goods left the warehouse."""
        self.state, self.issued_on, self.unreleased = ShipmentState.ISSUED, on, unreleased

    @fact
    def not_issued(self, state: ShipmentState) -> None:
        """They have not left after all: it stands where it stood."""
        self.state, self.issued_on, self.unreleased = state, None, False

    @fact
    def deliver(self, on: date) -> None:
        """They arrived."""
        self.state, self.delivered_on = ShipmentState.DELIVERED, on

    @action("cancel")
    def cancel(self) -> None:
        """They will not go."""
        self.state, self.prepaid, self.overrun = ShipmentState.CANCELLED, ZERO, None

    def came_back_of(self, line: int) -> Decimal:
        """How much of a line was returned."""
        return Decimal(self.back.get(str(line), NONE))

    @fact
    def came_back(self, amount: Decimal, parts: Iterable[tuple[int, Decimal]]) -> None:
        """So much of these lines was returned, each once."""
        self.returned += amount
        self.back = {**self.back, **{str(n): str(self.came_back_of(n) + quantity) for n, quantity in parts}}


SHIPMENTS = Store(tables.shipments, Shipment)
