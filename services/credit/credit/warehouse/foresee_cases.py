"""Foretells which lines of a goods-issue list would be a case, before it is taken for good (P11.11).

The lines are compared by the code that compares them in earnest, each shipment or slip with all its lines and by
itself, in transactions that are undone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from uuid import UUID

from chassis.auth import Principal
from chassis.imports import Foretold, Outcome, undone
from chassis.jobs import Work
from chassis.problems import Busy, Problem
from chassis.tx import Tx

from credit.losses.model import LOSSES
from credit.warehouse.model import GOODS_ISSUES, Finding, GoodsIssue
from credit.warehouse.reconcile_issues import belongs, compare_slip, compare_with_shipment
from credit.warehouse.take_issue import IssueRow, take_issue

RULES = ("P11.11",)

#: how many rows are looked up in one transaction, and after how many shipments and slips the job says that it goes on
AT_ONCE = 200


class Foreseen(Foretold):
    """Also which case it would be, the same of all its lines, and for how much of it the line stands."""

    case: UUID
    slip: str
    lost: Decimal


async def foresee_cases(rows: Mapping[int, IssueRow], by: Principal, work: Work) -> dict[int, Foreseen]:
    """By row, what would be a case: `case_opened`, or `case_joined` where there is one; why, and of which shipment."""
    goods: dict[UUID | tuple[str, ...], dict[int, IssueRow]] = defaultdict(dict)
    numbers = list(rows)
    for begun in range(0, len(numbers), AT_ONCE):
        some = {number: rows[number] for number in numbers[begun : begun + AT_ONCE]}
        async with undone(work.runtime, by.subject) as tx:
            for number, issue in (await _listed(tx, some, by)).items():
                slip = (issue.branch, issue.origin, issue.origin_ref)
                goods[issue.shipment_id or slip][number] = rows[number]
        await work.report()
    cases: dict[int, tuple[UUID, UUID, GoodsIssue, Finding, str | None]] = {}
    for n, (key, lines) in enumerate(goods.items()):
        if n % AT_ONCE == 0:
            await work.report()
        async with undone(work.runtime, by.subject) as tx:
            issues = await _listed(tx, lines, by)
            if isinstance(key, UUID):
                await compare_with_shipment(tx, key)
            elif issues:
                await compare_slip(tx, next(iter(issues.values())).id)
            for number, issue in issues.items():
                if issue.loss_id is not None and issue.finding is not None:
                    shipment = str(key) if isinstance(key, UUID) else None
                    # what is too much of two shipments on one slip is one case of the slip
                    case = (await tx.get(LOSSES, issue.loss_id)).about
                    cases[number] = issue.loss_id, case, issue, issue.finding, shipment
    async with work.runtime.transaction() as tx:
        there = await tx.load(LOSSES, [loss for loss, *_ in cases.values()], lock=False)
    return {
        number: _foreseen(issue, finding, shipment, case, joined=loss in there)
        for number, (loss, case, issue, finding, shipment) in cases.items()
    }


def _foreseen(issue: GoodsIssue, finding: Finding, shipment: str | None, case: UUID, *, joined: bool) -> Foreseen:
    what, zh = ("case_joined", "将并入已有案件") if joined else ("case_opened", "将立案核查")
    said = {"because": finding.value, "zh": f"{zh}：{finding.zh}", "about": shipment, "rules": list(RULES)}
    return Foreseen(what=what, **said, case=case, slip=issue.origin_ref, lost=issue.lost)


async def _listed(tx: Tx, rows: Mapping[int, IssueRow], by: Principal) -> dict[int, GoodsIssue]:
    """The new lines as they would be kept, each with what it belongs to; those that another row says are left out."""
    issues: dict[int, GoodsIssue] = {}
    for number, row in rows.items():
        try:
            taken = await take_issue(row, by, tx)
        except Busy:
            raise
        except Problem:
            continue
        if taken.outcome is Outcome.MADE and taken.ref is not None:
            issue = issues[number] = await tx.get(GOODS_ISSUES, UUID(taken.ref))
            shipment, document, account = await belongs(tx, vars(issue))
            issue.shipment_id, issue.document_id = shipment, document
            issue.account_id = account or issue.account_id
            await tx.flush()  # so that the next row finds it
    return issues
