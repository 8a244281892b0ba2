"""Cases that have to do with each other are linked; both show it, and what was merged into or split from them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from chassis.auth import Principal
from chassis.http import get, post
from chassis.ids import uuid7
from chassis.problems import Invalid, Refused
from chassis.tx import Tx
from chassis.wrong import Wrong
from contracts.complaint import ComplaintsLinked, LinkKind
from pydantic import BaseModel, Field

from complaint.case import CASES, Case
from complaint.keeping import reaches, within
from complaint.merging import tables
from complaint.merging.whose import arranged
from complaint.permissions import HANDLE_COMPLAINT, READ_COMPLAINT
from complaint.redirect import parts_of, survivors
from complaint.timeline import Said, WordsForm, write

RULES = ("P04.8", "P12.2")

#: how many links one case has at most
MOST = 50
LINKS = """SELECT id, case_id, other_id, kind, linked_by, linked_at FROM case_links
    WHERE case_id = ANY($1::uuid[]) OR other_id = ANY($1::uuid[]) ORDER BY id"""


class TooManyLinks(Refused):
    """A case has as many links as it may."""

    zh = "关联已达上限。属同一事项的，请改为并案。"


class LinkForm(WordsForm):
    """To which other case, how, and why."""

    other: UUID
    kind: Literal[LinkKind.RELATED, LinkKind.SAME_VEHICLE, LinkKind.SAME_CAUSE, LinkKind.FOLLOWS]
    words: Annotated[Said, Field(min_length=2, max_length=2000, description="kept sealed")] | None = None


class LinkView(BaseModel):
    """Another case and what it has to do with this one; `number` and `path` are null where it is not the reader's."""

    kind: str
    forward: bool
    number: str | None
    path: str | None
    by: str | None
    at: datetime | None


class LinksView(BaseModel):
    """What a case has to do with others; `merged` are the numbers that lead to it."""

    id: UUID
    number: str
    merged: list[str]
    links: list[LinkView]


@post("/v1/complaints/{case_id}/links", needs=HANDLE_COMPLAINT)
async def link_cases(case_id: UUID, form: LinkForm, principal: Principal, tx: Tx) -> LinksView:
    """Link two cases; the same link again changes nothing."""
    await survivors(tx, [case_id, form.other])
    case, other = (
        await arranged(tx, case_id, principal),
        await within(tx, form.other, READ_COMPLAINT, principal, lock=True),
    )
    if case.id == other.id:
        raise Invalid("They are one case.", errors=[Wrong.SAME.at("/other", "another case")])
    rows = await tx.driver.fetch(LINKS, [case.id])
    if any({row["case_id"], row["other_id"]} == {case.id, other.id} and row["kind"] == form.kind for row in rows):
        return await _shown(tx, case, principal)
    if len(rows) >= MOST:
        raise TooManyLinks(f"It has {MOST} links already. Merge what is one matter.", rules=RULES[:1])
    await joined(tx, case, other, form.kind)
    for one, its in ((case, other), (other, case)):
        await write(tx, one, "linked", RULES[:1], {"words": form.words}, number=its.number, how=form.kind.value)
    tx.publish(
        case,
        ComplaintsLinked(case_id=case.id, other=other.id, kind=form.kind, linked_at=tx.now, rules=list(RULES[:1])),
    )
    await tx.flush()
    return await _shown(tx, case, principal)


@get("/v1/complaints/{case_id}/links", needs=READ_COMPLAINT)
async def list_links(case_id: UUID, principal: Principal, tx: Tx) -> LinksView:
    """The cases that this one has to do with; at most fifty."""
    return await _shown(tx, await within(tx, case_id, READ_COMPLAINT, principal, lock=False), principal)


async def joined(tx: Tx, case: Case, other: Case, kind: LinkKind) -> None:
    """Keep that two cases have to do with each other."""
    tx.insert(
        tables.case_links,
        id=uuid7(),
        case_id=case.id,
        other_id=other.id,
        kind=kind.value,
        linked_by=tx.actor,
        linked_at=tx.now,
    )


async def _shown(tx: Tx, case: Case, principal: Principal) -> LinksView:
    parts = await parts_of(tx, case)
    merged = await tx.load(CASES, [one for one in parts if one != case.id], lock=False)
    rows = await tx.driver.fetch(LINKS, parts)
    ends = {end for row in rows for end in (row["case_id"], row["other_id"])}
    found = await survivors(tx, ends - set(parts), lock=False)
    links = []
    for row in rows:
        forward = row["case_id"] in parts
        other = found.get(row["other_id"] if forward else row["case_id"])
        if other is None or other.id == case.id:
            continue
        seen = await _seen(tx, other, principal)
        links.append(
            LinkView(
                kind=row["kind"],
                forward=forward,
                number=other.number if seen else None,
                path=f"/v1/complaints/{other.id}" if seen else None,
                by=row["linked_by"] if seen else None,
                at=row["linked_at"] if seen else None,
            )
        )
    return LinksView(id=case.id, number=case.number, merged=sorted(one.number for one in merged.values()), links=links)


async def _seen(tx: Tx, other: Case, principal: Principal) -> bool:
    return await reaches(tx, READ_COMPLAINT, principal, other)
