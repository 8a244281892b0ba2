"""Shows a breach: what it costs, why, and every entry it made; reading about somebody else is recorded (P04.12)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import sqlalchemy as sa
from chassis.auth import Principal
from chassis.fields import Text
from chassis.http import Cursor, Limit, Page, get
from chassis.lists import newest_first
from chassis.problems import NotFound
from chassis.tx import Tx
from contracts.archive import AccessRecorded
from contracts.money import Money
from contracts.staff import BreachStanding
from fastapi import Query
from pydantic import BaseModel

from staff.conduct import tables
from staff.conduct.ledger import Because, Entry
from staff.conduct.model import BREACHES, Breach, BreachState, account_id_of
from staff.conduct.permissions import READ_CONDUCT, sees
from staff.conduct.policy import Sanction
from staff.conduct.reckoning import Consequence, derive
from staff.conduct.recount import breaches_of, entries_of
from staff.conduct.tariff import Cost

RULES = ("P04.11", "P04.12", "P13.11")


class CostView(BaseModel):
    """Money, points, performance pay in percent of the month's, and what is pronounced."""

    fine: Money
    share: Money
    points: int
    performance_pay: int
    sanction: Sanction | None
    company_notice: bool

    @classmethod
    def of(cls, cost: Cost) -> CostView:
        return cls(
            fine=Money(amount=cost.fine, currency=cost.currency),
            share=Money(amount=cost.share, currency=cost.currency),
            points=cost.points,
            performance_pay=cost.performance_pay,
            sanction=cost.sanction,
            company_notice=cost.company_notice,
        )


class ConsequenceView(BaseModel):
    """What a breach costs now: which of its family it is in the month, doubled or not, which other decides about it.

    `not_set` is the value that the policy lacks where somebody must decide; `rules` and `why` say what it rests on.
    """

    standing: BreachStanding
    cost: CostView
    count: int | None
    doubled: bool
    because_of: UUID | None
    not_set: str | None
    rules: list[str]
    why: str


class EntryView(BaseModel):
    """A line of the ledger; `counters` is the entry that it takes back."""

    id: UUID
    counters: UUID | None
    cost: CostView
    count: int | None
    doubled: bool
    because: Because
    rules: list[str]


class BreachLine(BaseModel):
    """A breach as lists show it."""

    id: UUID
    person: str
    branch: str
    department: str | None
    kind: str
    rule: str
    subject: str
    occurred_on: date
    decided_at: datetime
    state: BreachState
    held: list[str]
    version: int


class BreachView(BreachLine):
    """A breach with its consequence, its entries, and what deciders wrote."""

    items: list[list[Any]]
    measured: Decimal | None
    base: Money | None
    part: str | None
    repeats: UUID | None
    consequence: ConsequenceView
    entries: list[EntryView]
    texts: list[dict[str, str]]


@dataclass
class SealedBreach:
    """What deciders wrote, as it is kept."""

    id: UUID
    subject_id: UUID
    sealed: bytes


def consequence_of(one: Breach, found: Consequence) -> ConsequenceView:
    """What a breach costs, in words too."""
    return ConsequenceView(
        standing=found.standing,
        cost=CostView.of(found.cost),
        count=found.nth,
        doubled=found.doubled,
        because_of=found.because_of,
        not_set=one.terms.not_set if found.standing is BreachStanding.UNDECIDED else None,
        rules=list(found.rules or (one.rule,)),
        why=_why(one, found),
    )


def _why(one: Breach, found: Consequence) -> str:
    terms, rules = one.terms, ", ".join(found.rules or (one.rule,))
    month = f"{one.month:%Y-%m}"
    match found.standing:
        case BreachStanding.UNDECIDED:
            missing = terms.not_set or "the order it repeats"
            return f"to be decided: {missing} is not set ({rules})"
        case BreachStanding.COVERED:
            return f"a graver breach of the same case counts ({rules}; A19)"
        case BreachStanding.WITHDRAWN:
            return f"withdrawn ({rules})"
    if one.ruling is not None:
        return f"decided by a person ({rules})"
    if one.again:
        return f"not corrected: the same amount again, not doubled ({rules}; A40)"
    if found.nth is None:
        return f"as the policy sets it ({rules})"
    said = f"breach {found.nth} in {month} by order of decision"
    if found.doubled:
        return f"{said}, doubled from breach {terms.doubled_from} on, {terms.factor} times ({rules}; A40)"
    return f"{said}, not doubled ({rules}; A40)"


def line_of(one: Breach) -> BreachLine:
    """The breach as lists show it."""
    return BreachLine(**_line(one))


def _line(one: Breach) -> dict[str, Any]:
    return {
        "id": one.id,
        "person": one.person,
        "branch": one.branch,
        "department": one.department,
        "kind": one.kind,
        "rule": one.rule,
        "subject": one.subject,
        "occurred_on": one.occurred_on,
        "decided_at": one.decided_at,
        "state": one.state,
        "held": sorted(one.held),
        "version": one.version,
    }


def entry_of(entry: Entry) -> EntryView:
    """A line of the ledger as it is shown."""
    return EntryView(
        id=entry.id,
        counters=entry.counters,
        cost=CostView.of(entry.cost),
        count=entry.nth,
        doubled=entry.doubled,
        because=entry.because,
        rules=list(entry.rules),
    )


async def texts_of(tx: Tx, one: Breach) -> list[dict[str, str]] | None:
    """What deciders wrote, its reading recorded; None where there is nothing, or no longer anything."""
    if one.sealed is None or one.subject_id is None:
        return None
    try:
        row = SealedBreach(one.id, one.subject_id, one.sealed)
        found: list[dict[str, str]] = (await tx.unseal_row(tables.breaches, row, why="conduct", rules=RULES))["texts"]
    except NotFound:
        return None
    return found


async def view_of(tx: Tx, one: Breach) -> BreachView:
    """The breach as it stands in this transaction; the reading of what deciders wrote is recorded."""
    beside = (await breaches_of(tx, [one.account_id]))[one.account_id]
    entries = [entry for entry in await entries_of(tx, [one.account_id]) if entry.breach_id == one.id]
    return BreachView(
        **_line(one),
        items=one.items,
        measured=one.measured,
        base=None if one.base is None else Money.model_validate(one.base),
        part=one.part,
        repeats=one.repeats,
        consequence=consequence_of(one, derive(beside)[one.id]),
        entries=[entry_of(entry) for entry in entries],
        texts=await texts_of(tx, one) or [],
    )


def note_reading(tx: Tx, principal: Principal, people: Iterable[str], ids: Iterable[UUID], *, action: str) -> None:
    """That somebody looked at another's conduct goes into the audit log; one's own does not."""
    if set(people) <= {principal.subject}:
        return
    tx.record(
        AccessRecorded(
            service=tx.runtime.name,
            actor=principal.subject,
            action=action,
            table="conduct_entries",
            ids=[str(identifier) for identifier in ids],
            purpose="conduct",
            rules=list(RULES),
            at=tx.now,
            digests=[],
        )
    )


@get("/v1/conduct/breaches/{breach_id}", needs=READ_CONDUCT)
async def read_breach(breach_id: UUID, principal: Principal, tx: Tx) -> BreachView:
    """Open a breach. 404 when there is none, or none within your reach."""
    one = await tx.get(BREACHES, breach_id, lock=False)
    if not sees(READ_CONDUCT, principal, one.branch, one.department, one.person):
        raise NotFound("There is no such breach, or none at a place of yours. Check the id.")
    note_reading(tx, principal, [one.person], [one.id], action="read")
    return await view_of(tx, one)


@get("/v1/conduct/breaches", needs=READ_CONDUCT)
async def list_breaches(
    principal: Principal,
    tx: Tx,
    person: Annotated[Text | None, Query(max_length=200, description="of one person only, such as yourself")] = None,
    state: Annotated[BreachState | None, Query(description="`undecided`: what waits for a decision")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[BreachLine]:
    """The breaches within your reach, newest first; your own wherever you worked, where you answer for nobody."""
    rows = tables.breaches.c
    reach = READ_CONDUCT.reach(principal)
    if person is None and not (reach.everywhere or reach.places or reach.departments):
        person = principal.subject
    wanted: list[sa.ColumnElement[bool]] = []
    if person is not None:
        wanted.append(rows.account_id == account_id_of(person))
    if person != principal.subject:
        wanted.append(reach.condition(rows.branch, department=rows.department, owner=rows.person))
    if state is not None:
        wanted.append(rows.state == state.value)
    found, following = await newest_first(tx, BREACHES, wanted, limit, cursor)
    return Page(items=[line_of(one) for one in found], next=following)
