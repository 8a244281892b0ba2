"""Compensation as those who handle it see it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from contracts.money import Money
from pydantic import BaseModel

from complaint.compensation.model import Compensation


class LineView(BaseModel):
    """A kind and its amount."""

    kind: str
    amount: Money


class CompensationView(BaseModel):
    """An offer with its state; `approval` leads to who signs."""

    id: UUID
    case_id: UUID
    branch: str
    lines: list[LineView]
    amount: Money
    state: str
    offered_by: str
    offered_at: datetime
    decided_at: datetime | None
    paid_by: str | None
    paid_at: datetime | None
    approval: str | None
    version: int


def view_of(found: Compensation) -> CompensationView:
    """The offer without the words."""
    currency = found.currency
    return CompensationView(
        id=found.id,
        case_id=found.case_id,
        branch=found.branch,
        lines=[LineView(kind=x["kind"], amount=Money(amount=x["amount"], currency=currency)) for x in found.lines],
        amount=found.money,
        state=found.state.value,
        offered_by=found.offered_by,
        offered_at=found.offered_at,
        decided_at=found.decided_at,
        paid_by=found.paid_by,
        paid_at=found.paid_at,
        approval=None if found.approval_id is None else f"/v1/approvals/{found.approval_id}",
        version=found.version,
    )
