"""Shows policy documents: which hold on a day, what one conflicts with, and its history (P01.18, P13.15)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

import sqlalchemy as sa
from chassis.auth import Principal
from chassis.fields import Slug
from chassis.http import Cursor, Limit, Page, get
from chassis.lists import newest_first
from chassis.problems import NotFound
from chassis.tx import Tx
from fastapi import Query
from policy.access import GROUP
from policy.calendar import civil
from pydantic import BaseModel

from staff.documents.in_force import conflicting, ends_of, in_force
from staff.documents.model import DOCUMENTS, Document, DocumentState
from staff.documents.permissions import READ_DOCUMENTS
from staff.documents.policy import TAKE_EFFECT
from staff.documents.tables import policy_documents

RULES = ("P01.18", "P13.15")

#: a document and all that it ended or was ended by, in both directions
_HISTORY = """WITH RECURSIVE before(id) AS (
    SELECT $1::uuid UNION SELECT e.older_id FROM document_endings e JOIN before b ON e.newer_id = b.id
), after(id) AS (
    SELECT $1::uuid UNION SELECT e.newer_id FROM document_endings e JOIN after a ON e.older_id = a.id
) SELECT id FROM before UNION SELECT id FROM after"""


class DocumentView(BaseModel):
    """A document with its block: who drafted, reviewed and approved it, each with the time (P13.15).

    `ends_on` is the first day on which it holds no more; `approval` is what it waits for.
    """

    id: UUID
    place: str
    matter: str
    title: str
    owner_department: str
    digest: str
    file: str | None
    amends: UUID | None
    supersedes: list[UUID]
    drafted_by: str
    drafted_at: datetime
    reviewed_by: str | None
    reviewed_at: datetime | None
    approved_by: str | None
    approved_at: datetime | None
    wanted_on: date | None
    effective_on: date | None
    ends_on: date | None
    state: DocumentState
    approval: UUID | None
    rules: list[str]
    version: int


def _shown(one: Document, ends_on: date | None) -> DocumentView:
    return DocumentView(
        id=one.id,
        place=one.place,
        matter=one.matter,
        title=one.title,
        owner_department=one.owner_department,
        digest=one.digest,
        file=one.file,
        amends=one.amends,
        supersedes=[UUID(older) for older in one.supersedes],
        drafted_by=one.drafted_by,
        drafted_at=one.drafted_at,
        reviewed_by=one.reviewed_by,
        reviewed_at=one.reviewed_at,
        approved_by=one.approved_by,
        approved_at=one.approved_at,
        wanted_on=one.wanted_on,
        effective_on=one.effective_on,
        ends_on=ends_on,
        state=one.state,
        approval=one.held.get(TAKE_EFFECT.name, {}).get("id"),
        rules=list(RULES),
        version=one.version,
    )


async def views_of(tx: Tx, documents: list[Document]) -> list[DocumentView]:
    """The documents, each with its end where one is known."""
    ends = await ends_of(tx, documents)
    return [_shown(one, ends.get(one.id)) for one in documents]


async def view_of(tx: Tx, one: Document) -> DocumentView:
    """One document."""
    return (await views_of(tx, [one]))[0]


def _seen(principal: Principal) -> sa.ColumnElement[bool]:
    """The group's documents concern everybody, a branch's its own people."""
    place = policy_documents.c.place
    return sa.or_(place == GROUP, READ_DOCUMENTS.reach(principal).condition(place))


async def _within(tx: Tx, document_id: UUID, principal: Principal) -> Document:
    one = await tx.get(DOCUMENTS, document_id, lock=False)
    if one.place != GROUP and not READ_DOCUMENTS.reach(principal).includes(one.place):
        raise NotFound("There is no such document, or none of a place of yours. Check the id.")
    return one


@get("/v1/policy-documents", needs=READ_DOCUMENTS)
async def list_documents(
    principal: Principal,
    tx: Tx,
    on: Annotated[date | None, Query(description="those in force on this day; else all, drafts too")] = None,
    place: Annotated[Slug | None, Query(description="of the group or one branch only")] = None,
    matter: Annotated[Slug | None, Query(description="of one matter only")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[DocumentView]:
    """The documents that concern you, newest first."""
    rows = policy_documents.c
    wanted = [_seen(principal), *([] if on is None else in_force(on))]
    if place is not None:
        wanted.append(rows.place == place)
    if matter is not None:
        wanted.append(rows.matter == matter)
    found, following = await newest_first(tx, DOCUMENTS, wanted, limit, cursor)
    return Page(items=await views_of(tx, found), next=following)


@get("/v1/policy-documents/{document_id}", needs=READ_DOCUMENTS)
async def read_document(document_id: UUID, principal: Principal, tx: Tx) -> DocumentView:
    """One document. 404 when there is none, or none of a place of yours."""
    return await view_of(tx, await _within(tx, document_id, principal))


@get("/v1/policy-documents/{document_id}/conflicts", needs=READ_DOCUMENTS)
async def list_conflicts(document_id: UUID, principal: Principal, tx: Tx) -> list[DocumentView]:
    """What of the same matter holds beside it and is not ended by it; the newer wins where they conflict (P13.15)."""
    one = await _within(tx, document_id, principal)
    today = civil(tx.now)
    found = await conflicting(tx, one, one.effective_on or max(one.wanted_on or today, today))
    reach = READ_DOCUMENTS.reach(principal)
    return await views_of(tx, [other for other in found if other.place == GROUP or reach.includes(other.place)])


@get("/v1/policy-documents/{document_id}/history", needs=READ_DOCUMENTS)
async def read_history(document_id: UUID, principal: Principal, tx: Tx) -> list[DocumentView]:
    """What it ended, what that had ended, and what ended it: in the order in which they took effect."""
    one = await _within(tx, document_id, principal)
    ids = [row[0] for row in await tx.driver.fetch(_HISTORY, one.id)]
    found = await DOCUMENTS.fetch(tx.driver, ids, lock=False)
    ordered = sorted(found, key=lambda other: (other.effective_on or date.max, other.id))
    return await views_of(tx, ordered)
