"""Finds cases by number, phone, plate, VIN or words, newest first; what is found shows no persons (P05.15)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

import sqlalchemy as sa
from chassis.auth import Principal
from chassis.fields import Phone, Plate, Slug, Vin
from chassis.http import Cursor, Limit, Page, cursor_of, cursor_values, post
from chassis.lists import newest_first
from chassis.problems import Invalid
from chassis.tx import Tx
from chassis.wrong import Wrong
from contracts.customer import TokenKind
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.dialects.postgresql import TSQUERY

from complaint.case import CASES, Case
from complaint.cases.list_complaints import STANDS_ALONE, in_state
from complaint.cases.seen import Seen, seen_by
from complaint.cases.views import CaseLine, line_of
from complaint.cases.words import query
from complaint.number import written
from complaint.permissions import READ_COMPLAINT
from complaint.redirect import survivors
from complaint.tables import case_words, cases
from complaint.way import CaseState

RULES = ("P04.8", "P05.15")

#: how many cases, the newest, are looked at one by one at a time, and at most
NEWEST = 500
MOST = 1500
#: after every id of version 7
END = UUID(int=2**128 - 1)
_FILTERS = {"branch", "state", "serious"}


class Sought(BaseModel):
    """What a caller can say of a case: exactly one of number, phone, plate, vin and words; the rest narrows it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    number: Annotated[str, Field(max_length=40)] | None = None
    phone: Phone | None = None
    plate: Plate | None = None
    vin: Vin | None = None
    words: (
        Annotated[str, Field(max_length=100, description="of the matter; of Chinese two characters at least")] | None
    ) = None
    branch: Slug | None = None
    state: CaseState | None = None
    serious: bool | None = None


@dataclass(frozen=True)
class Wanted:
    """What is sought by words: the condition on them, and those on the case."""

    words: sa.ColumnElement[bool]
    others: list[sa.ColumnElement[bool]]


@post("/v1/complaints/search", needs=READ_COMPLAINT)
async def search_complaints(
    sought: Sought, principal: Principal, tx: Tx, limit: Limit = 50, cursor: Cursor = None
) -> Page[CaseLine]:
    """The cases of a number, a phone, a plate, a VIN or words, however written; in a body: addresses are logged.

    Words are found in the redacted text and in what the vehicle is, each run of them in one piece. A case is found by
    its words a moment after it was taken.
    """
    if len(sought.model_dump(exclude_none=True, exclude=_FILTERS)) != 1:
        raise Invalid("Search by exactly one of number, phone, plate, vin, words.")
    seen = await seen_by(principal, tx)
    wanted = [*seen.conditions]
    if sought.branch is not None:
        wanted.append(cases.c.branch == sought.branch)
    if sought.state is not None:
        wanted += in_state(sought.state)
    if sought.serious is not None:
        wanted.append(cases.c.serious_at.is_not(None) if sought.serious else cases.c.serious_at.is_(None))
    if sought.words is not None:
        words = _asked(sought.words, sought.branch, seen)
        found, following = await _by_words(tx, Wanted(words, [*wanted, STANDS_ALONE]), limit, cursor)
    else:
        found, following = await newest_first(tx, CASES, [*wanted, await matches(tx, sought)], limit, cursor)
    return Page(items=[line_of(case) for case in found], next=following)


def _asked(words: str, branch: str | None, seen: Seen) -> sa.ColumnElement[bool]:
    """Has these words, and is of a branch that can be seen or asked for; 422 when there is nothing to seek by.

    The branch narrows within the index of the words: without it a frequent word of a small branch is looked for in all.
    """
    everywhere = query(words, None)
    if everywhere is None:
        raise Invalid(
            "Search by at least two characters.",
            errors=[Wrong.STRING_TOO_SHORT.at("/words", limit=2)],
        )
    if branch is not None:
        return _has(query(words, [branch]))
    if seen.branches is None:
        return _has(everywhere)
    near = _has(query(words, seen.branches)) if seen.branches else sa.false()
    return sa.or_(near, sa.and_(case_words.c.case_id.in_(seen.granted), _has(everywhere))) if seen.granted else near


def _has(asked: str | None) -> sa.ColumnElement[bool]:
    return case_words.c.words.op("@@")(sa.cast(sa.literal(asked, sa.Text), TSQUERY))


async def _by_words(tx: Tx, wanted: Wanted, limit: int, cursor: str | None) -> tuple[list[Case], str | None]:
    """The newest first: among the newest that meet the other conditions, then by the index of words, in spans of time.

    A frequent word fills the page from the newest; a word that does not is rare enough for the index of words. Without
    the first step a frequent one would be fetched for the whole year, without the second a rare one looked for in
    every case. How many of the first have it tells whether more of them would fill the page.
    """
    before = END if cursor is None else cursor_values(cursor, UUID)[0]
    found: list[Case] = []
    missing, looked = limit + 1, 0
    while missing and len(found) * (MOST - looked) >= missing * looked:
        newer = of_newest(before, wanted).limit(missing)
        found += [CASES.restore(row) for row in await tx.execute(newer)]
        missing, looked = limit + 1 - len(found), looked + NEWEST
        if missing:
            last: UUID | None = (await tx.execute(newest(before, wanted).offset(NEWEST - 1).limit(1))).scalar()
            if last is None:  # all of them have been looked at
                return found, None
            before = last
    if missing:
        for span in spans(tx.now, before):
            part = of_span(span, before, wanted).limit(limit + 1 - len(found))
            found += [CASES.restore(row) for row in await tx.execute(part)]
            if len(found) > limit:
                break
    return found[:limit], cursor_of(found[limit - 1].id) if len(found) > limit else None


def newest(before: UUID, wanted: Wanted) -> sa.Select[Any]:
    """The ids before one of the cases that meet the other conditions, whatever their words, the newest first."""
    return sa.select(cases.c.id).where(cases.c.id < before, *wanted.others).order_by(cases.c.id.desc())


def of_newest(before: UUID, wanted: Wanted) -> sa.Select[Any]:
    """Those of the `NEWEST` before an id that have the words, the newest first; the words are looked up last."""
    candidates = newest(before, wanted).limit(NEWEST).cte("candidates").prefix_with("MATERIALIZED")
    words = sa.select(case_words.c.case_id).where(case_words.c.case_id == candidates.c.id, wanted.words).limit(1)
    hits = (
        sa.select(candidates.c.id)
        .join(words.lateral("with_words"), sa.true())
        .order_by(candidates.c.id.desc())
        .cte("hits")
        .prefix_with("MATERIALIZED")
    )
    return _one_by_one(hits, hits.c.id, [])


def of_span(span: Span, before: UUID, wanted: Wanted) -> sa.Select[Any]:
    """The cases with these words of a span and before an id, the newest first; the words are looked up first."""
    identifier = case_words.c.case_id
    bounds = [] if span.since is None else [identifier >= _written(span.since)]
    bounds += [] if span.until is None else [identifier < _written(span.until)]
    # as a condition that no index serves: the index of words is to be read, also by a plan for whatever words
    earlier = (identifier < before).is_(sa.true())
    hits = (
        sa.select(identifier)
        .where(*bounds, earlier, wanted.words)
        .order_by(identifier.desc())
        .cte("hits")
        .prefix_with("MATERIALIZED")
    )
    return _one_by_one(hits, hits.c.case_id, wanted.others)


def _one_by_one(ids: sa.FromClause, identifier: sa.ColumnElement[UUID], others: list[Any]) -> sa.Select[Any]:
    """The cases of these ids that meet the conditions, read one after the other, so that a full page ends the reading.

    However many ids the planner expects: of words it knows nothing, and a join may become one of all cases.
    """
    case = sa.select(*CASES.columns).where(cases.c.id == identifier, *others).limit(1).lateral("one")
    return sa.select(*case.c).select_from(ids.join(case, sa.true())).order_by(identifier.desc())


@dataclass(frozen=True)
class Span:
    """A time of intake, by the ids that bound it; None: without an end."""

    since: UUID | None
    until: UUID | None


def spans(now: datetime, before: UUID) -> Iterator[Span]:
    """This year and what comes after it, the year before, all earlier ones; those that begin before an id only.

    Each is one reading of the index: a word that fills no page from two years is rare enough to be read of all.
    """
    year = now.astimezone(UTC).year
    until = None
    for since in (_first_id(year), _first_id(year - 1), None):
        if since is None or since < before:
            yield Span(since, until)
        until = since


def _written(identifier: UUID) -> sa.ColumnElement[UUID]:
    """The id as a part of the statement: which parts of the table it reads, is known when it is planned."""
    return sa.literal_column(f"'{identifier}'::uuid", sa.Uuid)


def _first_id(year: int) -> UUID:
    """Where the ids of version 7 of a year begin."""
    millis = int(datetime(year, 1, 1, tzinfo=UTC).timestamp() * 1000)
    return UUID(int=millis << 80)


async def matches(tx: Tx, sought: Sought) -> sa.ColumnElement[bool]:
    """Has this number, or a token of this phone, plate or VIN; what was merged is found as the one it belongs to."""
    if sought.number is not None:
        number = written(sought.number)
        if number is None:
            raise Invalid(
                "This is no complaint number: its check digit does not fit. Ask for it again.",
                errors=[Wrong.CHECK_DIGIT.at("/number")],
            )
        return cases.c.number == number
    kinds: tuple[tuple[TokenKind, str | None, sa.Column[Any]], ...] = (
        (TokenKind.PHONE, sought.phone, cases.c.phone_token),
        (TokenKind.PLATE, sought.plate, cases.c.plate_token),
        (TokenKind.VIN, sought.vin, cases.c.vin_token),
    )
    kind, value, column = next(entry for entry in kinds if entry[1] is not None)
    assert value is not None
    tokens = [token for _, token in tx.runtime.tokens.all(kind, value)]
    known = sa.and_(column.in_(tokens), STANDS_ALONE)
    went = await tx.execute(
        sa.select(cases.c.id).where(column.in_(tokens), cases.c.merged_into.is_not(None)).limit(100)
    )
    merged = [row[0] for row in went]
    if not merged:
        return known
    into = await survivors(tx, merged, lock=False)
    return sa.or_(known, cases.c.id.in_(sorted({case.id for case in into.values()})))
