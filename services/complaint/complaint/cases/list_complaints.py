"""Lists cases, newest first, and finds them by number, phone, plate or VIN; lists show no persons (P05.15)."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import sqlalchemy as sa
from chassis.auth import Principal
from chassis.fields import Phone, Plate, Slug, Vin
from chassis.http import Cursor, Limit, Page, get, post
from chassis.lists import newest_first
from chassis.problems import Invalid
from chassis.tx import Tx
from contracts.customer import TokenKind
from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from complaint.case import CASES
from complaint.cases.views import CaseLine, line_of
from complaint.number import written
from complaint.permissions import READ_COMPLAINT
from complaint.tables import cases

RULES = ("P04.8", "P05.15")


@get("/v1/complaints", needs=READ_COMPLAINT)
async def list_complaints(
    principal: Principal,
    tx: Tx,
    branch: Annotated[Slug | None, Query(description="of one branch only")] = None,
    customer_id: Annotated[UUID | None, Query(description="of one customer only")] = None,
    serious: Annotated[bool | None, Query(description="serious ones only, or the others")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[CaseLine]:
    """The cases within your reach, newest first."""
    wanted = _seen_by(principal, tx)
    if branch is not None:
        wanted.append(cases.c.branch == branch)
    if customer_id is not None:
        wanted.append(cases.c.customer_id == customer_id)
    if serious is not None:
        wanted.append(cases.c.serious_at.is_not(None) if serious else cases.c.serious_at.is_(None))
    return await _page(tx, wanted, limit, cursor)


class Sought(BaseModel):
    """What a caller can say of a case: exactly one of these."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    number: Annotated[str, Field(max_length=40)] | None = None
    phone: Phone | None = None
    plate: Plate | None = None
    vin: Vin | None = None


@post("/v1/complaints/search", needs=READ_COMPLAINT)
async def search_complaints(
    sought: Sought, principal: Principal, tx: Tx, limit: Limit = 50, cursor: Cursor = None
) -> Page[CaseLine]:
    """The cases of a number, a phone, a plate or a VIN, however written; in a body, since addresses are logged."""
    said = sought.model_dump(exclude_none=True)
    if len(said) != 1:
        raise Invalid("Search by exactly one of number, phone, plate, vin.")
    wanted = [*_seen_by(principal, tx), _matches(tx, sought)]
    return await _page(tx, wanted, limit, cursor)


def _seen_by(principal: Principal, tx: Tx) -> list[sa.ColumnElement[bool]]:
    """Within reach, and not about the caller (P12.2)."""
    reach = READ_COMPLAINT.reach(principal)
    return [
        reach.condition(
            cases.c.branch, department=cases.c.department, owner=cases.c.handler, record=cases.c.id, now=tx.now
        ),
        cases.c.respondent.is_distinct_from(principal.subject),
    ]


def _matches(tx: Tx, sought: Sought) -> sa.ColumnElement[bool]:
    if sought.number is not None:
        number = written(sought.number)
        if number is None:
            raise Invalid(
                "This is no complaint number: its check digit does not fit. Ask for it again.",
                errors=[{"pointer": "/number", "detail": "one digit is wrong, or two are swapped"}],
            )
        return cases.c.number == number
    kinds: tuple[tuple[TokenKind, str | None, sa.Column[Any]], ...] = (
        (TokenKind.PHONE, sought.phone, cases.c.phone_token),
        (TokenKind.PLATE, sought.plate, cases.c.plate_token),
        (TokenKind.VIN, sought.vin, cases.c.vin_token),
    )
    kind, value, column = next(entry for entry in kinds if entry[1] is not None)
    assert value is not None
    return column.in_([token for _, token in tx.runtime.tokens.all(kind, value)])


async def _page(tx: Tx, wanted: list[sa.ColumnElement[bool]], limit: int, cursor: str | None) -> Page[CaseLine]:
    found, following = await newest_first(tx, CASES, wanted, limit, cursor)
    return Page(items=[line_of(case) for case in found], next=following)
