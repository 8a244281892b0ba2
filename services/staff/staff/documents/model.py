"""A policy document: drafted, reviewed by another, approved by the general manager, in force from a day on."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from chassis.problems import Forbidden, Refused
from chassis.store import Store
from policy.approvals import Holdable, action

from staff.documents import tables


class DocumentState(StrEnum):
    """Where a document stands; whether an approved one is in force depends on the day."""

    DRAFT = "draft"
    REVIEWED = "reviewed"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class NotThere(Refused):
    """The document has not come so far, or is past it."""

    title = "The document is not there yet, or past it"
    zh = "尚未到这一步，或已办过这一步。请重新载入查看当前状态。"


class DrafterReviews(Forbidden):
    """Who drafted a document does not review it."""

    title = "Somebody else reviews it"
    zh = "起草人不能审核自己的文件。请由其他人审核。"


class NotTheOwner(Forbidden):
    """A document is drafted by the department that owns it."""

    title = "Another department owns it"
    zh = "制度由归口部门起草和修订。请由该部门办理。"


@dataclass
class Document(Holdable):
    """One document, or one amendment of one."""

    id: UUID
    place: str
    matter: str
    title: str
    owner_department: str
    digest: str
    file: str | None
    amends: UUID | None
    supersedes: list[str]
    wanted_on: date | None
    drafted_by: str
    drafted_at: datetime
    reviewed_by: str | None = None
    reviewed_at: datetime | None = None
    approved_by: str | None = None
    approved_at: datetime | None = None
    effective_on: date | None = None
    state: DocumentState = DocumentState.DRAFT
    held: dict[str, Any] = field(default_factory=dict)
    version: int = 1
    sequence: int = 0

    @property
    def path(self) -> str:
        return f"/v1/policy-documents/{self.id}"

    @action("review")
    def review(self, by: str, at: datetime) -> None:
        """Somebody other than the drafter has read it (P13.15)."""
        if self.state is not DocumentState.DRAFT:
            raise NotThere("It has been reviewed already. Read it.", rules=("P13.15",), state=self.state.value)
        if by == self.drafted_by:
            raise DrafterReviews("Who drafted it does not review it. Have somebody else do so.", rules=("P13.15",))
        self.state, self.reviewed_by, self.reviewed_at = DocumentState.REVIEWED, by, at

    @action("take_effect")
    def take_effect(self, by: str, at: datetime, today: date) -> date:
        """Approved: it holds from the stated day on, never from one that has passed (P01.18). From when."""
        wanted = self.wanted_on
        self.effective_on = today if wanted is None else max(wanted, today)
        self.state, self.approved_by, self.approved_at = DocumentState.APPROVED, by, at
        return self.effective_on

    @action("end")
    def end(self, state: DocumentState) -> None:
        """It was refused or taken back before it held."""
        if self.state not in (DocumentState.DRAFT, DocumentState.REVIEWED):
            raise NotThere("It was decided already. Amend it instead.", rules=("P01.18",), state=self.state.value)
        self.state = state


DOCUMENTS = Store(tables.policy_documents, Document)
