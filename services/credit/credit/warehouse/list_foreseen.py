"""Shows which cases a goods-issue list would raise, after its dry run: each with its amount and why (P11.11)."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal
from uuid import UUID

from chassis.auth import Principal
from chassis.http import Cursor, Limit, Page, cursor_of, cursor_values, get
from chassis.tx import Tx
from pydantic import BaseModel

from credit.permissions import LIST_ISSUES
from credit.warehouse.import_issues import ISSUES_LIST
from credit.warehouse.model import Finding

RULES = ("P11.11",)

# by the row that each case begins with
_CASES = """SELECT min(row) AS first_row, count(*) AS rows, min(foretold->>'what') AS what,
        min(foretold->>'about')::uuid AS shipment_id, array_agg(DISTINCT foretold->>'slip') AS slips,
        array_agg(DISTINCT foretold->>'because') AS because, sum((foretold->>'lost')::numeric) AS amount
    FROM kehu.import_rows WHERE import_id = $1 AND foretold ? 'case'
    GROUP BY foretold->>'case' HAVING min(row) > $2 ORDER BY 1 LIMIT $3"""


class ForeseenCase(BaseModel):
    """A case of goods that left without a release, or what would come to one that is there.

    `rows` of the list are in it, from `first_row` on. Without `shipment_id` it is about the slip.
    """

    what: Literal["case_opened", "case_joined"]
    shipment_id: UUID | None
    slips: list[str]
    amount: Decimal
    because: list[Finding]
    first_row: int
    rows: int
    rules: list[str]


@get("/v1/goods-issues/imports/{import_id}/cases", needs=LIST_ISSUES)
async def list_foreseen(
    import_id: UUID, principal: Principal, tx: Tx, limit: Limit = 50, cursor: Cursor = None
) -> Page[ForeseenCase]:
    """The cases that the list would raise, in the order of its rows; none where it was no dry run."""
    await ISSUES_LIST.view(tx, import_id, principal)
    after = cursor_values(cursor, int)[0] if cursor is not None else 0
    found = [
        ForeseenCase(**dict(row), rules=list(RULES))
        for row in await tx.driver.fetch(_CASES, import_id, after, limit + 1)
    ]
    following = cursor_of(found[limit - 1].first_row) if len(found) > limit else None
    return Page(items=found[:limit], next=following)
