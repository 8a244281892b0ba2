"""Lists dunning letters, opens one, and hands out its papers: they name the customer, so each reading is recorded."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from chassis.auth import Principal
from chassis.fields import Slug
from chassis.http import Cursor, Limit, Page, get
from chassis.lists import newest_first
from chassis.problems import NotFound
from chassis.sheets import XLSX
from chassis.tx import Tx
from fastapi import Query, Response
from policy.access import Permission
from pydantic import BaseModel

from credit import tables
from credit.dunning.model import LETTERS, WAITING, Letter, LetterNotThere, LetterState
from credit.permissions import READ_ACCOUNT, READ_LETTER
from credit.policy import LETTER

RULES = ("P02.4", "P05.9")

_PAPER = "SELECT id, subject_id, sealed FROM dunning_papers WHERE letter_id = $1 AND kind = $2"


class LetterLine(BaseModel):
    """A letter in a list."""

    id: UUID
    episode_id: UUID
    account_id: UUID
    customer_id: UUID
    branch: str
    level: int
    made_on: date
    total: Decimal
    days_over: int
    state: LetterState
    person: str | None
    sent_at: datetime | None
    handed_on: date | None
    way: str | None
    void_because: str | None
    version: int


class OverdueView(BaseModel):
    """A document as it stood when the letter was made."""

    document: UUID
    kind: str
    dated_on: date
    due_on: date
    days_over: int
    amount: Decimal
    open: Decimal


class PaperView(BaseModel):
    """A paper: where it is read, its size, and the SHA-256 of its bytes."""

    path: str
    sha256: str
    size: int


class LetterView(LetterLine):
    """A letter opened: the documents that it asks for, its papers, and the approval that it waits for."""

    lines: list[OverdueView]
    papers: dict[str, PaperView]
    handed_by: str | None
    approval: str | None
    rules: list[str]


def line_of(letter: Letter) -> LetterLine:
    """The letter as a line."""
    return LetterLine(**{name: getattr(letter, name) for name in LetterLine.model_fields})


def view_of(letter: Letter) -> LetterView:
    """The letter opened; nothing in it names the customer."""
    held = letter.held.get(LETTER.name)
    return LetterView(
        **line_of(letter).model_dump(),
        lines=[OverdueView.model_validate(line) for line in letter.lines],
        papers={
            kind: PaperView(path=f"/v1/dunning-letters/{letter.id}/{kind}", **said)
            for kind, said in letter.papers.items()
        },
        handed_by=letter.handed_by,
        approval=None if held is None else f"/v1/approvals/{held['id']}",
        rules=["P02.4"],
    )


async def letter_of(
    tx: Tx, letter_id: UUID, permission: Permission, principal: Principal, *, lock: bool = True
) -> Letter:
    """The letter, where it lies within the caller's reach; else 404."""
    letter = (await tx.load(LETTERS, [letter_id], lock=lock)).get(letter_id)
    if letter is None or not permission.reach(principal).includes(letter.branch):
        raise NotFound("There is no such letter, or none at a branch that you may see. Check the id.")
    return letter


@get("/v1/dunning-letters/{letter_id}", needs=READ_ACCOUNT)
async def read_letter(letter_id: UUID, principal: Principal, tx: Tx) -> LetterView:
    """Open a letter. 404 when there is none within your reach."""
    return view_of(await letter_of(tx, letter_id, READ_ACCOUNT, principal, lock=False))


@get("/v1/dunning-letters", needs=READ_ACCOUNT)
async def list_letters(
    principal: Principal,
    tx: Tx,
    waiting: Annotated[bool, Query(description="only those that the customer does not have yet")] = False,
    account_id: Annotated[UUID | None, Query(description="of one account only: its whole history")] = None,
    branch: Annotated[Slug | None, Query(description="of one branch only")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[LetterLine]:
    """The letters within your reach, newest first."""
    column = tables.dunning_letters.c
    wanted = [READ_ACCOUNT.reach(principal).condition(column.branch)]
    if waiting:
        wanted.append(column.state.in_([state.value for state in WAITING]))
    if account_id is not None:
        wanted.append(column.account_id == account_id)
    if branch is not None:
        wanted.append(column.branch == branch)
    found, following = await newest_first(tx, LETTERS, wanted, limit, cursor)
    return Page(items=[line_of(one) for one in found], next=following)


@get("/v1/dunning-letters/{letter_id}/letter", needs=READ_LETTER)
async def read_letter_paper(letter_id: UUID, principal: Principal, tx: Tx) -> Response:
    """The letter itself, as PDF; that it was read is recorded."""
    return await _paper(tx, letter_id, "letter", "application/pdf", "pdf", principal)


@get("/v1/dunning-letters/{letter_id}/statement", needs=READ_LETTER)
async def read_statement(letter_id: UUID, principal: Principal, tx: Tx) -> Response:
    """The statement that goes with it, as XLSX; that it was read is recorded."""
    return await _paper(tx, letter_id, "statement", XLSX, "xlsx", principal)


@dataclass
class _Row:
    id: UUID
    subject_id: UUID
    sealed: bytes


async def _paper(tx: Tx, letter_id: UUID, kind: str, media_type: str, ending: str, principal: Principal) -> Response:
    letter = await letter_of(tx, letter_id, READ_LETTER, principal, lock=False)
    row = await tx.driver.fetchrow(_PAPER, letter.id, kind)
    if row is None:
        raise LetterNotThere(f"The letter is {letter.state.value} and has no papers.", rules=RULES[:1])
    clear = await tx.unseal_row(tables.dunning_papers, _Row(*row), why="dunning letter", rules=RULES)
    content = base64.b64decode(clear["content"])
    digest = hashlib.sha256(content).digest()
    assert digest.hex() == letter.papers[kind]["sha256"], "the seal opens only for what was sealed"
    name = f"{letter.made_on}-{letter.level}-{letter.id}.{ending}"
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Content-Digest": f"sha-256=:{base64.b64encode(digest).decode()}:",
    }
    return Response(content, media_type=media_type, headers=headers)
