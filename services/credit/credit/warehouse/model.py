"""A line of the warehouse's goods-issue list, and how much of it is goods of a shipment; pure (P11.11)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from uuid import UUID

from chassis.store import Store
from contracts.enums import Worded
from contracts.money import CENT
from pydantic import BaseModel

from credit import tables
from credit.account import ZERO
from credit.shipments.model import NONE


class IssueState(StrEnum):
    """What became of a line. Part: the rest of its shipment has not left yet; withdrawn: it was wrong."""

    LISTED = "listed"
    PART = "part"
    MATCHED = "matched"
    UNAUTHORISED = "unauthorised"
    WITHDRAWN = "withdrawn"


class Mistake(Worded):
    """What was wrong about a line that is withdrawn."""

    NOT_LEFT = "not_left", "货物并未出库"
    OTHER_SHIPMENT = "other_shipment", "发货单有误"
    OTHER_GOODS = "other_goods", "品种或批号有误"
    OTHER_QUANTITY = "other_quantity", "数量有误"
    OTHER_DAY = "other_day", "日期有误"


class Finding(Worded):
    """What was remarkable about it. The last three are no case."""

    NO_SHIPMENT = "no_shipment", "没有对应发货单"
    CANCELLED = "cancelled", "发货单已取消"
    NOT_RELEASED = "not_released", "未放行"
    BEFORE_RELEASE = "before_release", "先于放行出库"
    MORE_THAN_RELEASED = "more_than_released", "超出放行数量"
    OTHER_BATCH = "other_batch", "批次不同"
    OTHER_DAY = "other_day", "日期不同"
    PAID_BEFORE = "paid_before", "出库前已付款"


@dataclass
class GoodsIssue:
    """One line of a slip. `covered` of `quantity` is goods of the shipment; `lost` of `value` is in the loss."""

    id: UUID
    branch: str
    origin: str
    origin_ref: str
    line: int
    shipment_ref: str | None
    invoice_ref: str | None
    account_id: UUID | None
    product: str
    batch: str
    quantity: Decimal
    said_value: Decimal | None
    issued_on: date
    listed_at: datetime
    listed_by: str
    state: IssueState = IssueState.LISTED
    finding: Finding | None = None
    shipment_id: UUID | None = None
    document_id: UUID | None = None
    loss_id: UUID | None = None
    covered: Decimal = NONE
    value: Decimal = ZERO
    lost: Decimal = ZERO
    mistake: Mistake | None = None
    withdrawn_by: str | None = None
    withdrawn_at: datetime | None = None
    version: int = 1
    sequence: int = 0

    @property
    def covered_value(self) -> Decimal:
        """What the covered part of it is worth."""
        return in_cents(self.value * self.covered / self.quantity)

    @property
    def withdrawn(self) -> bool:
        return self.state is IssueState.WITHDRAWN

    def settled(self, state: IssueState, finding: Finding | None = None) -> None:
        """It was compared with the releases."""
        self.state, self.finding = state, finding or self.finding

    def at_fault(self, finding: Finding, lost: Decimal) -> None:
        """No release covers it, or this part of it."""
        self.settled(IssueState.UNAUTHORISED, finding)
        self.lost += lost

    def withdraw(self, mistake: Mistake, by: str, at: datetime) -> None:
        """It was wrong: nothing is covered or lost by it."""
        self.state, self.covered, self.lost = IssueState.WITHDRAWN, NONE, ZERO
        self.mistake, self.withdrawn_by, self.withdrawn_at = mistake, by, at

    def compare_anew(self) -> None:
        """What it was compared with has changed: it is as if it had just been listed."""
        self.state, self.finding, self.loss_id = IssueState.LISTED, None, None
        self.covered, self.value, self.lost = NONE, ZERO, ZERO


GOODS_ISSUES = Store(tables.goods_issues, GoodsIssue)


class IssueView(BaseModel):
    """A line as it is shown; a case has `loss_id`, one that was withdrawn the `mistake`."""

    id: UUID
    branch: str
    origin: str
    origin_ref: str
    line: int
    shipment_ref: str | None
    invoice_ref: str | None
    account_id: UUID | None
    product: str
    batch: str
    quantity: Decimal
    issued_on: date
    state: IssueState
    finding: Finding | None
    shipment_id: UUID | None
    document_id: UUID | None
    loss_id: UUID | None
    covered: Decimal
    value: Decimal
    lost: Decimal
    listed_at: datetime
    listed_by: str
    mistake: Mistake | None
    withdrawn_by: str | None
    withdrawn_at: datetime | None


def issue_view(issue: GoodsIssue) -> IssueView:
    """The line as it is shown."""
    return IssueView(**{name: getattr(issue, name) for name in IssueView.model_fields})


@dataclass
class _Kind:
    """Goods of one product and batch at one price, and how much of them has not left yet."""

    product: str
    batch: str
    price: Decimal
    left: Decimal


@dataclass
class Room:
    """What of a shipment has not left yet. Goods of another batch are goods of the product: credit is about money."""

    kinds: list[_Kind] = field(default_factory=list)

    @classmethod
    def of(cls, lines: Iterable[Mapping[str, str]]) -> Room:
        return cls([
            _Kind(line["product"], line["batch"], Decimal(line["price"]), Decimal(line["quantity"])) for line in lines
        ])  # fmt: skip

    @property
    def empty(self) -> bool:
        return all(kind.left == 0 for kind in self.kinds)

    @property
    def value(self) -> Decimal:
        """What that is worth."""
        return in_cents(sum((kind.left * kind.price for kind in self.kinds), ZERO))

    def take(self, product: str, batch: str, quantity: Decimal) -> list[tuple[int, Decimal]]:
        """How much of which lines leaves, the named batch first; less than asked where there is no more."""
        taken = []
        own = [n for n, kind in enumerate(self.kinds) if (kind.product, kind.batch) == (product, batch)]
        others = [n for n, kind in enumerate(self.kinds) if kind.product == product and n not in own]
        for n in (*own, *others):
            part = min(quantity, self.kinds[n].left)
            if part > 0:
                self.kinds[n].left -= part
                quantity -= part
                taken.append((n, part))
        return taken

    def cover(self, issue: GoodsIssue) -> list[tuple[int, Decimal]]:
        """Let a line's goods leave, and note what of them is covered and what they are worth."""
        taken = self.take(issue.product, issue.batch, issue.quantity)
        issue.covered = sum((part for _, part in taken), NONE)
        if any(self.kinds[n].batch != issue.batch for n, _ in taken):
            issue.finding = Finding.OTHER_BATCH
        value = sum((part * self.kinds[n].price for n, part in taken), ZERO)
        issue.value = in_cents(value) + self.worth(issue, issue.quantity - issue.covered)
        return taken

    def worth(self, issue: GoodsIssue, quantity: Decimal) -> Decimal:
        """What so much more of a line's goods is worth: by the shipment's price of the product, else as the slip says.

        Zero where neither says it.
        """
        prices = [kind.price for kind in self.kinds if kind.product == issue.product]
        if prices:
            return in_cents(quantity * prices[0])
        return in_cents((issue.said_value or ZERO) * quantity / issue.quantity)


def in_cents(amount: Decimal) -> Decimal:
    """To the nearest cent."""
    return amount.quantize(CENT, ROUND_HALF_UP)
