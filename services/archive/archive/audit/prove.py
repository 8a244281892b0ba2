"""Serves the log to auditors: signed heads, entries, proofs, and a search (P05.9, P05.11, P15.1)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import orjson
from chassis.auth import Principal
from chassis.http import Cursor, Limit, Page, cursor_of, cursor_values, get
from chassis.problems import Forbidden, Invalid, NotFound
from chassis.tx import Tx
from contracts.archive import AccessRecorded
from fastapi import Query
from pydantic import AwareDatetime, BaseModel

from archive.audit.signer import Signer
from archive.audit.tree import Node, consistency, hash_of, inclusion, nodes_of
from archive.permissions import AUDIT

RULES = ("P05.9", "P05.11", "P15.1")

_NODES = """SELECT n.level, n.n, n.hash FROM unnest($1::smallint[], $2::bigint[]) AS u(level, n)
    JOIN log_nodes n ON n.level = u.level AND n.n = u.n"""

Size = Annotated[int | None, Query(ge=1, description="size of a signed head; without it the newest")]


class HeadView(BaseModel):
    """A signed head. `note` is what is signed; `verifier_key` checks it and is to be kept from the first day."""

    size: int
    root: str
    signed_at: datetime
    note: str
    verifier_key: str


class EntryView(BaseModel):
    """A record of the log: `leaf` is the text that was hashed."""

    index: int
    leaf: str
    leaf_hash: str


class InclusionView(EntryView):
    """A record with the proof that it stands at this index under the head `note`."""

    size: int
    proof: list[str]
    note: str


class ConsistencyView(BaseModel):
    """The proof that the second head's log is the first one's with records appended; both are signed heads."""

    first: str
    second: str
    proof: list[str]


class NotTheGroups(Forbidden):
    """The log is of the whole group."""

    title = "The audit log is read for the whole group"
    zh = "审计日志面向整个集团，只有集团岗位可以查看。"


def _auditor(principal: Principal) -> None:
    if not AUDIT.reach(principal).everywhere:
        raise NotTheGroups("Your role holds at a branch; the log is read by who holds it for the group.")


@get("/v1/audit/head", needs=AUDIT)
async def read_head(principal: Principal, tx: Tx, size: Size = None) -> HeadView:
    """The newest signed head, or an older one. Keep it: against it every later one is checked."""
    _auditor(principal)
    row = await _head(tx, size)
    return HeadView(
        size=row["size"],
        root=row["root"].hex(),
        signed_at=row["signed_at"],
        note=row["note"],
        verifier_key=Signer.of(tx.runtime).verifier_key,
    )


@get("/v1/audit/entries", needs=AUDIT)
async def list_entries(
    principal: Principal, tx: Tx, start: Annotated[int, Query(ge=0)] = 0, limit: Limit = 100
) -> Page[EntryView]:
    """Records by their index in the log, so that an auditor can build the tree anew."""
    _auditor(principal)
    rows = await tx.driver.fetch(
        "SELECT n, leaf, leaf_hash FROM log_leaves WHERE n >= $1 ORDER BY n LIMIT $2", start, limit
    )
    return Page(items=[_entry(row) for row in rows])


@get("/v1/audit/inclusion", needs=AUDIT)
async def prove_inclusion(
    principal: Principal,
    tx: Tx,
    record_id: UUID | None = None,
    leaf_hash: Annotated[str | None, Query(pattern="^[0-9a-f]{64}$")] = None,
    size: Size = None,
) -> InclusionView:
    """That a record, named by its id or its hash, is in the log under a signed head."""
    _auditor(principal)
    if (record_id is None) == (leaf_hash is None):
        raise Invalid("Name the record by exactly one of record_id and leaf_hash.")
    head = await _head(tx, size)
    row = await tx.driver.fetchrow(
        "SELECT n, leaf, leaf_hash FROM log_leaves WHERE record_id = $1 OR leaf_hash = $2 ORDER BY n LIMIT 1",
        record_id,
        None if leaf_hash is None else bytes.fromhex(leaf_hash),
    )
    if row is None or row["n"] >= head["size"]:
        raise NotFound("No such record stands under this head. A new one does within a second.")
    proof = await _hashes(tx, inclusion(row["n"], head["size"]))
    return InclusionView(**_entry(row).model_dump(), size=head["size"], proof=proof, note=head["note"])


@get("/v1/audit/consistency", needs=AUDIT)
async def prove_consistency(
    principal: Principal, tx: Tx, first: Annotated[int, Query(ge=1)], second: Size = None
) -> ConsistencyView:
    """That nothing was changed or taken away between two signed heads."""
    _auditor(principal)
    old, new = await _head(tx, first), await _head(tx, second)
    if old["size"] > new["size"]:
        raise Invalid("`first` must not be larger than `second`.")
    proof = await _hashes(tx, consistency(old["size"], new["size"]))
    return ConsistencyView(first=old["note"], second=new["note"], proof=proof)


class FoundView(BaseModel):
    """A record as it is read."""

    index: int
    record: dict[str, Any]


@get("/v1/audit/search", needs=AUDIT)
async def search_log(
    principal: Principal,
    tx: Tx,
    actor: Annotated[str | None, Query(max_length=200)] = None,
    about: Annotated[str | None, Query(max_length=100, description="id of what was read or decided")] = None,
    purpose: Annotated[str | None, Query(max_length=100)] = None,
    since: AwareDatetime | None = None,
    until: AwareDatetime | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[FoundView]:
    """Who did what to which data and why, newest first. The search is itself recorded."""
    _auditor(principal)
    wanted: list[tuple[str, Any]] = [
        ("actor = ${}", actor),
        ("ids @> ${}::jsonb", None if about is None else orjson.dumps([about]).decode()),
        ("purpose = ${}", purpose),
        ("at >= ${}", since),
        ("at < ${}", until),
        ("n < ${}", None if cursor is None else cursor_values(cursor, int)[0]),
    ]
    said = [(text, value) for text, value in wanted if value is not None]
    where = " AND ".join(text.format(k) for k, (text, _) in enumerate(said, start=2)) or "true"
    sql = f"SELECT n, leaf FROM log_leaves WHERE {where} ORDER BY n DESC LIMIT $1"  # noqa: S608
    rows = await tx.driver.fetch(sql, limit + 1, *[value for _, value in said])
    tx.record(
        AccessRecorded(
            service=tx.runtime.name,
            actor=principal.subject,
            action="search",
            table="log_leaves",
            ids=[one for one in (about,) if one is not None],
            purpose="audit",
            rules=list(RULES),
            at=tx.now,
            digests=[],
        )
    )
    items = [FoundView(index=row["n"], record=orjson.loads(row["leaf"])) for row in rows[:limit]]
    return Page(items=items, next=cursor_of(items[-1].index) if len(rows) > limit else None)


async def _head(tx: Tx, size: int | None) -> Any:
    """The head of this size, or the newest; `NotFound` when none was signed at it."""
    row = await tx.driver.fetchrow(
        "SELECT size, root, signed_at, note FROM log_heads WHERE size = $1 OR $1 IS NULL ORDER BY size DESC LIMIT 1",
        size,
    )
    if row is None:
        raise NotFound("No head of this size was signed. Read /v1/audit/head for the newest one.")
    return row


async def _hashes(tx: Tx, ranges: Sequence[tuple[int, int]]) -> list[str]:
    """The hashes of ranges of the tree, from the stored subtrees that they are made of."""
    wanted: list[Node] = sorted({node for begin, end in ranges for node in nodes_of(begin, end)})
    rows = await tx.driver.fetch(_NODES, [level for level, _ in wanted], [n for _, n in wanted])
    known = {(row["level"], row["n"]): row["hash"] for row in rows}
    return [hash_of(begin, end, known).hex() for begin, end in ranges]


def _entry(row: Any) -> EntryView:
    return EntryView(index=row["n"], leaf=row["leaf"], leaf_hash=row["leaf_hash"].hex())
