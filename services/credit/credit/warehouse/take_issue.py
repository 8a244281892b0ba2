"""Takes a line of the warehouse's goods-issue list (发货清单): kept once, compared with the releases later (P11.11)."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Annotated

from chassis.auth import Principal
from chassis.fields import Slug
from chassis.ids import uuid7
from chassis.imports import Outcome, Taken
from chassis.problems import Forbidden, Invalid, NotFound
from chassis.tx import Tx
from chassis.wrong import Wrong
from policy.calendar import civil
from pydantic import Field

from credit.imports.cells import AccountNamed, WrittenAmount, WrittenDay, WrittenQuantity
from credit.imports.whose import account_named
from credit.permissions import LIST_ISSUES
from credit.shipments.form import Code, Reference
from credit.shipments.request_shipment import ReferenceUsed
from credit.warehouse.model import GOODS_ISSUES, GoodsIssue

RULES = ("P11.11",)

# two lists with the same line at once: the second one waits, and finds it
_ALONE = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"
_KNOWN = "SELECT id FROM goods_issues WHERE branch = $1 AND origin = $2 AND origin_ref = $3 AND line = $4 ORDER BY id"


class IssueRow(AccountNamed):
    """A row: goods of one product and batch that left with a slip, for which shipment or invoice as the slip says."""

    origin: Annotated[Slug, Field(title="来源")] = "wms"
    origin_ref: Annotated[Reference, Field(title="出库单号")]
    line: Annotated[int, Field(title="行号", ge=1, le=100_000)]
    issued_on: Annotated[WrittenDay, Field(title="出库日期")]
    shipment: Annotated[Reference | None, Field(title="发货单")] = None
    invoice: Annotated[Reference | None, Field(title="发票号", description="a hand-written one is in no book")] = None
    product: Annotated[Code, Field(title="品种")]
    batch: Annotated[Code, Field(title="批号")]
    quantity: Annotated[WrittenQuantity, Field(title="数量")]
    amount: Annotated[WrittenAmount | None, Field(title="金额", ge=0, description="what the line is worth")] = None


async def take_issue(row: IssueRow, by: Principal, tx: Tx) -> Taken:
    """Keep the line. One that is known changes nothing, also where it was withdrawn since; other content is refused.

    The right line may be listed under the number of one that was withdrawn.
    """
    branch = _branch(row, by)
    if row.issued_on > civil(tx.now):
        raise Invalid("The day lies in the future.", errors=[Wrong.IN_FUTURE.at("/issued_on")])
    said = {
        "shipment_ref": row.shipment,
        "invoice_ref": row.invoice,
        "account_id": await _account(tx, row.model_copy(update={"branch": branch}), by),
        "product": row.product,
        "batch": row.batch,
        "quantity": row.quantity,
        "said_value": row.amount,
        "issued_on": row.issued_on,
    }
    key = (branch, row.origin, row.origin_ref, row.line)
    await tx.driver.execute(_ALONE, "\n".join(map(str, key)))
    known = await tx.load(GOODS_ISSUES, [row[0] for row in await tx.driver.fetch(_KNOWN, *key)], lock=False)
    for earlier in known.values():
        if all(getattr(earlier, name) == said[name] for name in said.keys() - {"account_id"}):
            return Taken(Outcome.UNCHANGED, str(earlier.id))
    if not all(earlier.withdrawn for earlier in known.values()):
        raise ReferenceUsed(
            "This line of the slip was listed with other content. Correct the row, or have finance withdraw that line."
        )
    issue = GoodsIssue(
        id=uuid7(),
        branch=branch,
        origin=row.origin,
        origin_ref=row.origin_ref,
        line=row.line,
        listed_at=tx.now,
        listed_by=by.subject,
        **said,  # type: ignore[arg-type]
    )
    tx.add(issue)
    return Taken(Outcome.MADE, str(issue.id))


async def touched_by_issue(row: IssueRow, by: Principal, tx: Tx) -> Iterable[Hashable]:
    """The line of its slip: what the goods are compared with is foreseen from all lines."""
    return [(_branch(row, by), row.origin, row.origin_ref, row.line)]


def _branch(row: IssueRow, by: Principal) -> str:
    """The branch of the warehouse: the row's, else the only one of who hands the list in."""
    reach = LIST_ISSUES.reach(by)
    if row.branch is None and not reach.everywhere and len(reach.places) == 1:
        return next(iter(reach.places))
    if row.branch is None:
        raise Invalid("Name the branch.", errors=[Wrong.MISSING.at("/branch")])
    if not reach.includes(row.branch):
        raise Forbidden("You may not hand in lists of this branch. Ask for the role there.", rules=RULES)
    return row.branch


async def _account(tx: Tx, row: IssueRow, by: Principal) -> object:
    """The account that the slip names; goods of somebody without one are listed too, they are the worst case."""
    if row.account is None and row.customer is None:
        return None
    try:
        return await account_named(tx, row, LIST_ISSUES, by)
    except NotFound:
        return None
