"""Compares what has left the warehouse with what was released; goods without a release are a case (P11.11).

Goods that are in order are issued by the code that issues them one by one: it decides again (P11.6).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from chassis.jobs import Work, job
from chassis.tx import Tx
from contracts.credit import ReleaseStep

from credit.account import ACCOUNTS, ZERO, Account, bring_to_today
from credit.ledger.model import DOCUMENTS
from credit.limit.rolling import DaySums
from credit.losses.find_loss import Gone, found_unauthorised, known_loss
from credit.losses.model import LossKind
from credit.numbers import begins_with
from credit.shipments.decide_invoiced import decide_invoiced
from credit.shipments.deciding import decide_shipment
from credit.shipments.issue_goods import decide_issue, gone_of, note_issued
from credit.shipments.model import SHIPMENTS, Shipment, ShipmentState
from credit.shipments.split_shipment import can_be_split, split
from credit.warehouse.model import GOODS_ISSUES, Finding, GoodsIssue, IssueState, Room

RULES = ("P11.6", "P11.11")

#: how many lines are looked at in one transaction
MOST = 2000
#: how many shipments of an account are compared in one transaction: who needs the account waits that long
AT_ONCE = 50

_LISTED = """SELECT id, branch, origin, origin_ref, shipment_ref, invoice_ref, account_id FROM goods_issues
    WHERE state = 'listed' AND ($1::uuid IS NULL OR id > $1) ORDER BY id LIMIT $2"""
_SHIPMENT = """SELECT id, account_id FROM shipments WHERE branch = $1 AND origin_ref = $2
    UNION SELECT id, account_id FROM shipments WHERE branch = $1 AND id BETWEEN $3 AND $4 LIMIT 2"""
_INVOICE = """SELECT d.id, d.account_id, d.shipment_id FROM documents d JOIN accounts a ON a.id = d.account_id
    WHERE a.branch = $1 AND d.kind = 'invoice' AND d.reversed_by IS NULL
        AND (d.account_id = $2 AND d.origin_ref = $3 OR d.origin = 'erp' AND d.origin_ref = $3) LIMIT 2"""
_BELONGS = """UPDATE goods_issues i SET shipment_id = u.shipment, document_id = u.document,
        account_id = coalesce(u.account, i.account_id)
    FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[]) AS u(id, shipment, document, account)
    WHERE i.id = u.id AND i.state = 'listed'"""
_OF_ACCOUNT = """SELECT shipment_id FROM goods_issues
    WHERE account_id = $1 AND state = 'listed' AND shipment_id IS NOT NULL
        AND ($3::uuid[] IS NULL OR shipment_id = ANY($3)) GROUP BY 1 ORDER BY min(id::text) LIMIT $2"""
_OF_SHIPMENT = "SELECT id FROM goods_issues WHERE shipment_id = $1 AND state = 'listed' ORDER BY id LIMIT $2"
_OF_SLIP = """SELECT i.id FROM goods_issues i JOIN goods_issues o ON o.id = $1
        AND (i.branch, i.origin, i.origin_ref) = (o.branch, o.origin, o.origin_ref)
    WHERE i.state = 'listed' AND i.shipment_id IS NULL ORDER BY i.id LIMIT $2"""
_EARLIER = """SELECT product, batch, sum(covered) AS covered FROM goods_issues
    WHERE shipment_id = $1 AND covered > 0 GROUP BY product, batch ORDER BY product, batch"""
_OTHERS = """SELECT product, batch, covered FROM goods_issues
    WHERE shipment_id = $1 AND covered > 0 AND id <> ALL($2::uuid[]) ORDER BY id"""
_PAID_FOR = """SELECT coalesce(sum(amount), 0) FROM documents WHERE shipment_id = $1 AND kind = 'payment'
    AND reversed_by IS NULL AND dated_on <= $2"""
_PAID_OF = """SELECT coalesce(sum(a.amount), 0) FROM allocations a JOIN documents p ON p.id = a.credit_id
    WHERE a.debit_id = $1 AND p.kind = 'payment' AND p.dated_on <= $2"""


@job(retry=("1s", "10s", "1m", "10m", "1h"))
async def reconcile_issues(ref: str, work: Work) -> None:
    """Find the shipment of each line that was listed and not compared yet; those of one account or slip go together.

    It may run twice: lines that are compared are not listed any more.
    """
    after: UUID | None = None
    accounts: set[UUID] = set()
    slips: dict[tuple[str, str, str], UUID] = {}
    while True:
        async with work.runtime.transaction() as tx:
            rows = await tx.driver.fetch(_LISTED, after, MOST)
            found = [(row["id"], *await belongs(tx, row)) for row in rows]
            if found:
                await tx.driver.execute(_BELONGS, *(list(column) for column in zip(*found, strict=True)))
            for row, (_, shipment, _, account) in zip(rows, found, strict=True):
                slip = (row["branch"], row["origin"], row["origin_ref"])
                if shipment is not None and account is not None:
                    if account not in accounts:
                        accounts.add(account)
                        tx.later(reconcile_account, account)
                elif slip not in slips:
                    slips[slip] = row["id"]
                    tx.later(reconcile_slip, row["id"])
        if len(rows) < MOST:
            return
        after = rows[-1]["id"]


async def belongs(tx: Tx, row: Mapping[str, Any]) -> tuple[UUID | None, UUID | None, UUID | None]:
    """The shipment, the invoice and the account of a line, by the numbers that its slip names.

    Goods that went to another account than they were released for are not goods of that shipment.
    """
    for number in (row["shipment_ref"], row["invoice_ref"]):
        if number is not None:
            between = begins_with(number) or (None, None)
            found = await tx.driver.fetch(_SHIPMENT, row["branch"], number, *between)
            if len(found) == 1 and row["account_id"] in (None, found[0]["account_id"]):
                return found[0]["id"], None, found[0]["account_id"]
    if row["invoice_ref"] is not None:
        found = await tx.driver.fetch(_INVOICE, row["branch"], row["account_id"], row["invoice_ref"])
        if len(found) == 1 and row["account_id"] in (None, found[0]["account_id"]):
            return found[0]["shipment_id"], found[0]["id"], found[0]["account_id"]
    return None, None, None


# -- goods of shipments --------------------------------------------------------------------------


@job(retry=("1s", "10s", "1m", "10m", "1h", "6h"))
async def reconcile_account(ref: str, work: Work) -> None:
    """What was listed of an account's shipments: issued where it may go, a case where it might not have gone."""
    async with work.runtime.transaction() as tx:
        if await compare_account(tx, UUID(ref)):
            tx.later(reconcile_account, ref)


async def compare_account(tx: Tx, account_id: UUID, among: Sequence[UUID] | None = None) -> bool:
    """Compare what is listed of an account's next shipments, in this transaction; whether there was anything.

    One after the other, in the order in which they were listed: what left of one is owed, or widens the limit, when the
    next one is decided. The account is locked first.
    """
    account = await tx.get(ACCOUNTS, account_id)
    shipments = await listed_shipments(tx, account_id, AT_ONCE, among)
    for shipment in shipments:
        await _compare_with_shipment(tx, account, shipment)
        await tx.flush()  # so that the next one finds it
    return bool(shipments)


async def listed_shipments(
    tx: Tx, account_id: UUID, most: int | None = None, among: Sequence[UUID] | None = None
) -> list[UUID]:
    """The shipments of an account (`among` these) of which goods are listed and not compared, in the list's order."""
    return [row[0] for row in await tx.driver.fetch(_OF_ACCOUNT, account_id, most, among)]


async def _compare_with_shipment(tx: Tx, account: Account, shipment_id: UUID) -> None:
    shipment = await tx.get(SHIPMENTS, shipment_id)
    sums = await bring_to_today(tx, account)
    ids = [row[0] for row in await tx.driver.fetch(_OF_SHIPMENT, shipment.id, MOST)]
    issues = [issue for _, issue in sorted((await tx.load(GOODS_ISSUES, ids)).items())]
    issues = [issue for issue in issues if issue.state is IssueState.LISTED]
    if not issues:
        return
    room = Room.of(shipment.lines)
    if shipment.state is ShipmentState.CANCELLED:
        for issue in issues:
            issue.value = room.worth(issue, issue.quantity)
        await _without_release(tx, issues, Finding.CANCELLED)
        return
    for earlier in await tx.driver.fetch(_EARLIER, shipment.id):
        room.take(earlier["product"], earlier["batch"], earlier["covered"])
    taken = [part for issue in issues for part in room.cover(issue)]
    goods = [issue for issue in issues if issue.covered > 0]
    if goods:
        await _settle(tx, account, shipment, sums, goods, taken, room)
    for issue in issues:
        if issue.covered < issue.quantity:
            over = issue.value - issue.covered_value
            await _case(tx, issue, Finding.MORE_THAN_RELEASED, over, shipment)


async def _settle(
    tx: Tx,
    account: Account,
    shipment: Shipment,
    sums: DaySums,
    goods: list[GoodsIssue],
    taken: list[tuple[int, Decimal]],
    room: Room,
) -> None:
    """Goods of a shipment that are listed now: all that was left of it, or a part; `room` is left after them."""
    complete = room.empty
    if shipment.state in (ShipmentState.ISSUED, ShipmentState.DELIVERED):
        await _compare(tx, shipment, goods)
        return
    if not complete and shipment.state is ShipmentState.HELD and can_be_split(shipment, taken):
        part = await split(tx, account, shipment, taken, sums, by=goods[0].listed_by)
        for issue in goods:
            issue.shipment_id = part.id
        shipment, complete = part, True
    if complete:
        decision = await decide_issue(tx, account, shipment, sums)
    elif shipment.state is ShipmentState.INVOICED:
        decision = await decide_invoiced(tx, account, shipment, sums)
    else:
        decision = await decide_shipment(tx, account, shipment, ReleaseStep.ISSUE, sums)
    out = shipment.amount if complete else shipment.amount - room.value
    covering = await _paid_before(tx, shipment, goods, out)
    wrong: list[tuple[GoodsIssue, Finding]] = []
    for issue in goods:
        fault = _fault(shipment, issue, released=decision.released)
        excused = fault is not None and issue.id in covering
        issue.settled(IssueState.MATCHED if complete else IssueState.PART, Finding.PAID_BEFORE if excused else None)
        if fault is not None and not excused:
            wrong.append((issue, fault))
    lost = _lost(issue for issue, _ in wrong)
    loss: UUID | None = None
    if complete:
        last, whole = max(issue.issued_on for issue in goods), len(wrong) == len(goods)
        loss = await note_issued(
            tx, account, shipment, last, unreleased=bool(wrong), lost=None if whole else lost,
            went=await _batches(tx, shipment, goods),
        )  # fmt: skip
    elif wrong:
        loss = await found_unauthorised(tx, gone_of(shipment, lost, wrong[0][0].issued_on))
    for issue, fault in wrong:
        issue.loss_id = loss
        issue.at_fault(fault, issue.covered_value)


async def _batches(tx: Tx, shipment: Shipment, goods: Iterable[GoodsIssue]) -> list[dict[str, str]]:
    """What left of which batch, as the warehouse has listed it, now and before (P02.3)."""
    known = [one.id for one in goods]
    rows = await tx.driver.fetch(_OTHERS, shipment.id, known)
    listed = [(row["product"], row["batch"], row["covered"]) for row in rows]
    listed += [(one.product, one.batch, one.covered) for one in goods]
    return [{"product": product, "batch": batch, "quantity": str(covered)} for product, batch, covered in listed]


def _fault(shipment: Shipment, issue: GoodsIssue, *, released: bool) -> Finding | None:
    """Whether the goods left without a release, or before there was one; the list knows days, no hours."""
    if not released:
        return Finding.NOT_RELEASED
    if shipment.released_on is None or issue.issued_on < shipment.released_on:
        return Finding.BEFORE_RELEASE
    return None


async def _paid_before(tx: Tx, shipment: Shipment, goods: Iterable[GoodsIssue], out: Decimal) -> set[UUID]:
    """The lines that left when all that was out by then had been paid for: nobody answers for those (A36)."""
    paid: dict[date, Decimal] = {}
    for day in {issue.issued_on for issue in goods}:
        paid[day] = await tx.driver.fetchval(_PAID_FOR, shipment.id, day)
        if shipment.invoice_id is not None:
            paid[day] = max(paid[day], await tx.driver.fetchval(_PAID_OF, shipment.invoice_id, day))
    return {issue.id for issue in goods if paid[issue.issued_on] >= out}


def _lost(issues: Iterable[GoodsIssue]) -> Decimal:
    """What the covered goods of lines are worth."""
    return sum((issue.covered_value for issue in issues), ZERO)


async def _compare(tx: Tx, shipment: Shipment, goods: list[GoodsIssue]) -> None:
    """Goods that were issued one by one before the list came: it must say the same."""
    covering = await _paid_before(tx, shipment, goods, shipment.amount)
    known = await known_loss(tx, LossKind.UNAUTHORISED_SHIPMENT, shipment.id) if shipment.unreleased else None
    for issue in goods:
        fault = Finding.NOT_RELEASED if shipment.unreleased else _fault(shipment, issue, released=True)
        if fault is None or issue.id in covering:
            other_day = Finding.OTHER_DAY if issue.issued_on != shipment.issued_on else None
            issue.settled(IssueState.MATCHED, Finding.PAID_BEFORE if fault else other_day)
        elif shipment.unreleased:
            # the case was raised when they were issued, about all of them
            issue.loss_id = known
            issue.settled(IssueState.UNAUTHORISED if known else IssueState.MATCHED, fault)
        else:
            lost = _lost([issue])
            issue.loss_id = await found_unauthorised(tx, gone_of(shipment, lost, issue.issued_on))
            issue.at_fault(fault, lost)


# -- goods of no shipment ------------------------------------------------------------------------


@job(retry=("1s", "10s", "1m", "10m", "1h", "6h"))
async def reconcile_slip(ref: str, work: Work) -> None:
    """What was listed on one slip and belongs to no shipment: a hand-written invoice, or none (手工票, 不开票)."""
    async with work.runtime.transaction() as tx:
        await compare_slip(tx, UUID(ref))


async def compare_slip(tx: Tx, line: UUID) -> None:
    """Compare what is listed on the slip of this line and belongs to no shipment, in this transaction."""
    ids = [row[0] for row in await tx.driver.fetch(_OF_SLIP, line, MOST)]
    issues = [issue for _, issue in sorted((await tx.load(GOODS_ISSUES, ids)).items())]
    if len(ids) == MOST:
        tx.later(reconcile_slip, line)
    await _without_release(tx, [issue for issue in issues if issue.state is IssueState.LISTED], Finding.NO_SHIPMENT)


async def _without_release(tx: Tx, issues: Sequence[GoodsIssue], finding: Finding) -> None:
    for issue in issues:
        issue.value = issue.value or issue.said_value or ZERO
        if issue.document_id is not None and await _was_paid(tx, issue):
            issue.settled(IssueState.MATCHED, Finding.PAID_BEFORE)
        else:
            await _case(tx, issue, finding, issue.value)


async def _was_paid(tx: Tx, issue: GoodsIssue) -> bool:
    """Whether an invoice of the books, made without a shipment, had been paid when the goods left."""
    assert issue.document_id is not None
    invoice = (await tx.load(DOCUMENTS, [issue.document_id], lock=False))[issue.document_id]
    paid: Decimal = await tx.driver.fetchval(_PAID_OF, invoice.id, issue.issued_on)
    return paid >= invoice.amount


async def _case(tx: Tx, issue: GoodsIssue, finding: Finding, lost: Decimal, shipment: Shipment | None = None) -> None:
    """A case of the slip; of the shipment, where the rest of the line is in one already."""
    slip = Gone(
        about=uuid5(NAMESPACE_URL, "\n".join((issue.branch, issue.origin, issue.origin_ref))),
        branch=issue.branch,
        amount=lost,
        on=issue.issued_on,
        path=f"/v1/goods-issues/{issue.id}",
        account_id=issue.account_id,
        document_id=issue.document_id,
        shipment_id=None if shipment is None else shipment.id,
    )
    gone = gone_of(shipment, lost, issue.issued_on) if shipment is not None and issue.loss_id is not None else slip
    issue.loss_id = await found_unauthorised(tx, gone)
    issue.at_fault(finding, lost)
