"""Registers the draft of a policy document, or of an amendment, and has it reviewed (P01.18, P13.15)."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

from chassis.auth import Principal
from chassis.fields import Slug, no_nul
from chassis.http import post
from chassis.ids import uuid7
from chassis.problems import Invalid, NotFound
from chassis.tx import Tx
from chassis.wrong import Wrong
from policy.access import GROUP
from policy.calendar import civil
from policy.directory import Directory
from policy.obligations import owe, waive
from policy.policies import policy
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from staff.documents.model import DOCUMENTS, Document, DocumentState, NotTheOwner
from staff.documents.permissions import DRAFT_DOCUMENT
from staff.documents.policy import REVIEW, DocumentPolicy
from staff.documents.read_document import DocumentView, view_of

RULES = ("P01.18", "P13.15")


Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=200), AfterValidator(no_nul)]


class Draft(BaseModel):
    """A document to come: the digest of its text, where it shall hold, and what it shall end.

    An amendment names what it `amends`, and ends it.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "place": "sh-pudong",
                    "matter": "customer-files",
                    "title": "客户档案管理制度",
                    "owner_department": "customer_care",
                    "digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                    "effective_on": "2026-04-01",
                    "supersedes": [],
                }
            ]
        },
    )

    place: Slug = GROUP
    matter: Slug
    title: Title
    owner_department: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,49}$")]
    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of the text")]
    file: Annotated[str | None, Field(pattern=r"^[A-Za-z0-9:/._-]{1,200}$", description="where it is kept")] = None
    effective_on: Annotated[date | None, Field(description="from the day of approval, where none is stated")] = None
    supersedes: Annotated[list[UUID], Field(max_length=50)] = []
    amends: UUID | None = None


@post("/v1/policy-documents", needs=DRAFT_DOCUMENT, status=201)
async def draft_document(draft: Draft, principal: Principal, tx: Tx) -> DocumentView:
    """Register a draft. It holds once another has reviewed it and the general manager has approved it."""
    if not _may_draft(principal, draft.place):
        raise NotFound("There is no such place within your reach. A branch drafts its own documents.")
    if draft.effective_on is not None and draft.effective_on < civil(tx.now):
        raise Invalid(
            "A document never holds from a day that has passed.",
            errors=[Wrong.NOT_BEFORE.at("/effective_on", limit=civil(tx.now))],
            rules=RULES[:1],
        )
    _refuse_unless_owner(tx, principal, draft)
    older = list(dict.fromkeys([*draft.supersedes, *([draft.amends] if draft.amends is not None else [])]))
    await _refuse_unless_ended_by(tx, draft, older)
    one = Document(
        id=uuid7(),
        place=draft.place,
        matter=draft.matter,
        title=draft.title,
        owner_department=draft.owner_department,
        digest=draft.digest,
        file=draft.file,
        amends=draft.amends,
        supersedes=[str(identifier) for identifier in older],
        wanted_on=draft.effective_on,
        drafted_by=principal.subject,
        drafted_at=tx.now,
    )
    tx.add(one)
    owe(
        tx,
        REVIEW,
        one.id,
        policy(tx, DocumentPolicy, one.place, tx.now).review,
        branch=one.place,
        since=tx.now,
        path=one.path,
        place=None if one.place == GROUP else f"{one.place}/{one.owner_department}",
    )
    await tx.flush()
    return await view_of(tx, one)


def _may_draft(principal: Principal, place: str) -> bool:
    reach = DRAFT_DOCUMENT.reach(principal)
    return reach.everywhere if place == GROUP else reach.includes(place)


def _refuse_unless_owner(tx: Tx, principal: Principal, draft: Draft) -> None:
    """Who works in a department drafts what that department owns (P01.18)."""
    drafter = Directory.of(tx.runtime).people.get(principal.subject)
    theirs = None if drafter is None else drafter.department
    if theirs not in (None, draft.owner_department):
        raise NotTheOwner(f"You work in {theirs}. The department that owns a document drafts it.", rules=RULES[:1])


async def _refuse_unless_ended_by(tx: Tx, draft: Draft, older: list[UUID]) -> None:
    """What it ends is approved and holds at the same place; what it amends is of the same matter and owner too."""
    found = await tx.load(DOCUMENTS, older, lock=False)

    def can_end(identifier: UUID) -> bool:
        one = found.get(identifier)
        return one is not None and one.place == draft.place and one.state is DocumentState.APPROVED

    named = [(f"/supersedes/{n}", identifier) for n, identifier in enumerate(draft.supersedes)]
    named += [("/amends", draft.amends)] if draft.amends is not None else []
    wrong = [pointer for pointer, identifier in named if not can_end(identifier)]
    if wrong:
        raise Invalid(
            "It can only end documents that were approved for the same place.",
            errors=[Wrong.UNKNOWN.at(pointer, "no approved document of this place") for pointer in wrong],
            rules=RULES[1:],
        )
    if draft.amends is None:
        return
    amended = found[draft.amends]
    for name in ("matter", "owner_department"):
        if getattr(amended, name) != getattr(draft, name):
            raise Invalid(
                "An amendment is about the same matter, and by the department that owns what it amends.",
                errors=[Wrong.MUST_BE.at(f"/{name}", limit=getattr(amended, name))],
                rules=RULES[:1],
            )


@post("/v1/policy-documents/{document_id}/withdraw", needs=DRAFT_DOCUMENT)
async def withdraw_document(document_id: UUID, principal: Principal, tx: Tx) -> DocumentView:
    """Take one's own draft back, before it goes to the general manager."""
    one = await tx.get(DOCUMENTS, document_id)
    if one.drafted_by != principal.subject:
        raise NotFound("There is no such draft of yours. Check the id.")
    one.end(DocumentState.WITHDRAWN)
    waive(tx, REVIEW, one.id, at=tx.now, reason="the draft was taken back")
    await tx.flush()
    return await view_of(tx, one)
