"""Opens an exposure into what it consists of: open documents, released goods, money for held goods (P02.4)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from chassis.auth import Principal
from chassis.http import Cursor, Limit, Page, cursor_of, cursor_values, get
from chassis.tx import Tx
from fastapi import Query
from pydantic import BaseModel

from credit.account import account_of
from credit.permissions import READ_ACCOUNT

RULES = ("P02.4",)

Part = Literal["receivable", "released", "reserved"]

#: the same conditions by which `prove_figures` adds the three figures up
_PARTS: dict[Part, str] = {
    "receivable": """SELECT id, kind AS what, dated_on, amount,
        CASE WHEN kind IN ('invoice', 'opening') THEN open ELSE -open END AS counts
        FROM documents WHERE account_id = $1 AND open > 0""",
    "released": """SELECT id, state AS what, (requested_at AT TIME ZONE 'Asia/Shanghai')::date AS dated_on, amount,
        amount AS counts FROM shipments WHERE account_id = $1
        AND (state = 'released' OR (state IN ('issued', 'delivered') AND invoice_id IS NULL))""",
    "reserved": """SELECT id, state AS what, (requested_at AT TIME ZONE 'Asia/Shanghai')::date AS dated_on, amount,
        least(amount, prepaid) AS counts FROM shipments WHERE account_id = $1 AND state = 'held' AND prepaid > 0""",
}


class ExposureLine(BaseModel):
    """A document (`receivable`) or a shipment; `counts` is what it adds to the exposure, below zero where it lowers it.

    `what` is the kind of the document, or where the shipment stands.
    """

    id: UUID
    what: str
    dated_on: date
    amount: Decimal
    counts: Decimal


@get("/v1/accounts/{account_id}/exposure", needs=READ_ACCOUNT)
async def open_exposure(
    account_id: UUID,
    principal: Principal,
    tx: Tx,
    part: Annotated[Part, Query(description="which of the three figures")],
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[ExposureLine]:
    """What one part of the exposure consists of, newest first; all lines add up to the figure in `standing`."""
    await account_of(tx, account_id, READ_ACCOUNT, principal, lock=False)
    after: UUID | None = None
    if cursor is not None:
        (after,) = cursor_values(cursor, UUID)
    rows = await tx.driver.fetch(
        f"{_PARTS[part]} AND ($2::uuid IS NULL OR id < $2) ORDER BY id DESC LIMIT $3",
        account_id,
        after,
        limit + 1,
    )
    found = [ExposureLine(**dict(row)) for row in rows[:limit]]
    return Page(items=found, next=cursor_of(found[-1].id) if len(rows) > limit else None)
