"""A loan of papers, from the request to the line struck out (P05.10)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from chassis.problems import Refused
from chassis.store import Store
from policy.approvals import Holdable, action, fact

from archive import tables


class LoanState(StrEnum):
    """Where a loan stands; an issued one past its due date is overdue."""

    ASKED = "asked"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    ISSUED = "issued"
    RETURNED = "returned"


class NotThere(Refused):
    """The loan is not in a state in which this can be done; for a longer time a new one is asked for."""

    title = "The loan is not there yet, or past it"
    zh = "尚未到这一步，或已办过这一步。请重新载入查看当前状态。"
    rules = ("P05.10",)


class NotOfTheLoan(Refused):
    """Only what was lent can be lacking."""

    status = 422
    zh = "所列文件不在此次借阅之内。请只登记实际借出的文件。"
    rules = ("P05.10", "P13.13")


@dataclass
class Loan(Holdable):
    """Which papers of a dossier somebody borrows; `lacking` what did not come back whole. The reason is sealed."""

    id: UUID
    dossier_id: UUID
    branch: str
    borrower: str
    items: list[str]
    copies: int
    subject_id: UUID
    sealed: bytes
    state: LoanState
    asked_at: datetime
    issued_at: datetime | None = None
    issued_by: str | None = None
    due_at: datetime | None = None
    returned_at: datetime | None = None
    received_by: str | None = None
    lacking: list[str] = field(default_factory=list)
    held: dict[str, Any] = field(default_factory=dict)
    version: int = 1
    sequence: int = 0

    def overdue(self, now: datetime) -> bool:
        """Whether it should have come back."""
        return self.state is LoanState.ISSUED and self.due_at is not None and self.due_at < now

    @action("issue")
    def approve(self) -> None:
        """It may be issued."""
        self.state = LoanState.APPROVED

    @action("issue")
    def issue(self, by: str, at: datetime, due: datetime | None) -> None:
        """It has left the archive, both have signed; once for each request, so that nothing is renewed."""
        if self.state is not LoanState.APPROVED:
            raise NotThere("Only an approved loan is issued, and once. Ask for a new one.", state=self.state.value)
        self.state, self.issued_by, self.issued_at, self.due_at = LoanState.ISSUED, by, at, due

    @action("return")
    def give_back(self, by: str, at: datetime, lacking: Iterable[str]) -> None:
        """It is back, its completeness checked; the line is struck out."""
        if self.state is not LoanState.ISSUED:
            raise NotThere("Only an issued loan comes back.", state=self.state.value)
        missing = sorted(lacking)
        if not set(missing) <= set(self.items):
            raise NotOfTheLoan("Only papers of this loan can be lacking. Compare with its items.")
        self.state, self.received_by, self.returned_at, self.lacking = LoanState.RETURNED, by, at, missing

    @fact
    def end(self, state: LoanState) -> None:
        """It was refused or taken back."""
        self.state = state


LOANS_KEPT = Store(tables.loans, Loan)
