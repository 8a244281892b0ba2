"""A line of the loan register as it is shown (P05.10)."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from archive.loans.model import Loan, LoanState


class LoanLine(BaseModel):
    """A line of the loan register; struck out when the papers are back."""

    id: UUID
    dossier: str
    branch: str
    borrower: str
    items: list[str]
    copies: int
    state: LoanState
    overdue: bool
    struck_out: bool
    asked_at: datetime
    issued_at: datetime | None
    issued_by: str | None
    due_at: datetime | None
    returned_at: datetime | None
    received_by: str | None
    lacking: list[str]
    reason: str | None
    version: int


def line_of(loan: Loan, now: datetime, personal: dict[str, Any] | None = None) -> LoanLine:
    """The loan as it is shown."""
    return LoanLine(
        id=loan.id,
        dossier=f"/v1/dossiers/{loan.dossier_id}",
        branch=loan.branch,
        borrower=loan.borrower,
        items=loan.items,
        copies=loan.copies,
        state=loan.state,
        overdue=loan.overdue(now),
        struck_out=loan.state is LoanState.RETURNED,
        asked_at=loan.asked_at,
        issued_at=loan.issued_at,
        issued_by=loan.issued_by,
        due_at=loan.due_at,
        returned_at=loan.returned_at,
        received_by=loan.received_by,
        lacking=loan.lacking,
        reason=None if personal is None else personal["reason"],
        version=loan.version,
    )
