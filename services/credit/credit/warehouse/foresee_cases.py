"""Foretells which lines of a goods-issue list would be a case, before it is taken for good (P11.11).

The lines are compared by the code that compares them in earnest: an account's shipments one after the other in one
transaction, a slip's other lines in another, and all of it is undone. The account is locked so long.
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
from credit.warehouse.reconcile_issues import belongs, compare_account, compare_slip
from credit.warehouse.take_issue import IssueRow, take_issue

RULES = ("P11.11",)

#: how many rows are looked up in one transaction, and after how many slips the job says that it goes on
AT_ONCE = 200


class Foreseen(Foretold):
    """Also which case it would be, the same of all its lines, and for how much of it the line stands."""

    case: UUID
    slip: str
    lost: Decimal


async def foresee_cases(rows: Mapping[int, IssueRow], by: Principal, work: Work) -> dict[int, Foreseen]:
    """By row, what would be a case: `case_opened`, or `case_joined` where there is one; why, and of which shipment."""
    together: dict[UUID | tuple[str, ...], dict[int, IssueRow]] = defaultdict(dict)
    known: set[tuple[str, str, str, int]] = set()
    numbers = list(rows)
    for begun in range(0, len(numbers), AT_ONCE):
        some = {number: rows[number] for number in numbers[begun : begun + AT_ONCE]}
        async with undone(work.runtime, by.subject) as tx:
            for number, issue in (await _listed(tx, some, by)).items():
                slip = (issue.branch, issue.origin, issue.origin_ref)
                if (*slip, issue.line) not in known:
                    known.add((*slip, issue.line))
                    account = None if issue.shipment_id is None else issue.account_id
                    together[account or slip][number] = rows[number]
        await work.report()
    cases: dict[int, tuple[UUID, UUID, GoodsIssue, Finding, UUID | None]] = {}
    for n, (key, lines) in enumerate(together.items()):
        if isinstance(key, UUID) or n % AT_ONCE == 0:
            await work.report()
        async with undone(work.runtime, by.subject) as tx:
            issues = await _listed(tx, lines, by)
            # as the row names it: held goods of which a part has left are split, and of that nothing stays
            shipments = {number: issue.shipment_id for number, issue in issues.items()}
            if isinstance(key, UUID):
                while await compare_account(tx, key):
                    pass
            elif issues:
                await compare_slip(tx, next(iter(issues.values())).id)
            for number, issue in issues.items():
                if issue.loss_id is not None and issue.finding is not None:
                    # what is too much of two shipments on one slip is one case of the slip
                    case = (await tx.get(LOSSES, issue.loss_id)).about
                    cases[number] = issue.loss_id, case, issue, issue.finding, shipments[number]
    async with work.runtime.transaction() as tx:
        there = await tx.load(LOSSES, [loss for loss, *_ in cases.values()], lock=False)
    return {
        number: _foreseen(issue, finding, shipment, case, joined=loss in there)
        for number, (loss, case, issue, finding, shipment) in cases.items()
    }


def _foreseen(issue: GoodsIssue, finding: Finding, shipment: UUID | None, case: UUID, *, joined: bool) -> Foreseen:
    what, zh = ("case_joined", "将并入已有案件") if joined else ("case_opened", "将立案核查")
    about = None if shipment is None else str(shipment)
    said = {"because": finding.value, "zh": f"{zh}：{finding.zh}", "about": about, "rules": list(RULES)}
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
