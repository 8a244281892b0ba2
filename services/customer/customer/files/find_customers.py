"""Lists files, newest first, and finds them by any number they are known under; lists show no persons (P05.15)."""

from __future__ import annotations

from typing import Annotated

import sqlalchemy as sa
from chassis.auth import Principal
from chassis.fields import IdNumber, Mail, Phone, Plate, Slug, Vin
from chassis.http import Cursor, Limit, Page, get, post
from chassis.lists import newest_first
from chassis.problems import Invalid
from chassis.tx import Tx
from contracts.customer import TokenKind
from fastapi import Query

from customer.customer import CUSTOMERS
from customer.files.form import Part, Vin6
from customer.files.views import CustomerLine, line_of
from customer.permissions import READ_CUSTOMER, SEARCH_CUSTOMER
from customer.tables import customer_tokens, customers

RULES = ("P05.15",)

#: a VIN that ends in what was asked for: the token of the last six is made from whole VINs
_ANY_VIN = "0" * 11


@get("/v1/customers", needs=READ_CUSTOMER)
async def list_customers(
    principal: Principal,
    tx: Tx,
    branch: Annotated[Slug | None, Query(description="of one branch only")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[CustomerLine]:
    """The files within your reach, newest first."""
    wanted = [READ_CUSTOMER.reach(principal).condition(customers.c.branch)]
    if branch is not None:
        wanted.append(customers.c.branch == branch)
    return await _page(tx, wanted, limit, cursor)


class Sought(Part):
    """What a customer can be asked for: exactly one of these."""

    phone: Phone | None = None
    plate: Plate | None = None
    vin: Vin | None = None
    vin6: Vin6 | None = None
    id_number: IdNumber | None = None
    mail: Mail | None = None


@post("/v1/customers/search", needs=SEARCH_CUSTOMER)
async def search_customers(
    sought: Sought, principal: Principal, tx: Tx, limit: Limit = 50, cursor: Cursor = None
) -> Page[CustomerLine]:
    """The files of a phone, plate, VIN, id number or mail, however written; in a body, since addresses are logged."""
    said = sought.model_dump(exclude_none=True)
    if len(said) != 1:
        raise Invalid("Search by exactly one of phone, plate, vin, vin6, id_number, mail.")
    ((name, value),) = said.items()
    kind = TokenKind(name)
    tokens = [token for _, token in tx.runtime.tokens.all(kind, _ANY_VIN + value if kind is TokenKind.VIN6 else value)]
    having = sa.select(customer_tokens.c.customer_id).where(
        customer_tokens.c.token.in_(tokens), customer_tokens.c.kind == name
    )
    wanted = [SEARCH_CUSTOMER.reach(principal).condition(customers.c.branch), customers.c.id.in_(having)]
    return await _page(tx, wanted, limit, cursor)


async def _page(tx: Tx, wanted: list[sa.ColumnElement[bool]], limit: int, cursor: str | None) -> Page[CustomerLine]:
    found, following = await newest_first(tx, CUSTOMERS, wanted, limit, cursor)
    return Page(items=[line_of(customer) for customer in found], next=following)
