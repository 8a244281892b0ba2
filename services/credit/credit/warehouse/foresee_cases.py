"""Foretells which lines of a goods-issue list would be a case, before it is taken for good (P11.11).

The lines are compared by the code that compares them in earnest, and undone. As in earnest an account's shipments are
compared one after the other, a portion in a transaction, so that who needs the account waits for one portion at most:
what a portion changed of the account is worked out before it is undone, and given to the account again for the next.
What others do to the shipments of the list meanwhile is not foreseen.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from chassis.auth import Principal
from chassis.dry_run import undone
from chassis.imports import Foretold, Outcome
from chassis.jobs import Work
from chassis.problems import Busy, Problem
from chassis.tx import Tx

from credit.account import ACCOUNTS, ZERO, Account, bring_to_today, rules_from, sums_of
from credit.ledger.booking import add_sums
from credit.losses.model import LOSSES
from credit.warehouse.model import GOODS_ISSUES, Finding, GoodsIssue
from credit.warehouse.reconcile_issues import AT_ONCE, belongs, compare_account, compare_slip, listed_shipments
from credit.warehouse.take_issue import IssueRow, take_issue

RULES = ("P11.11",)

#: how many rows are looked up in one transaction, and after how many slips the job says that it goes on
ROWS = 200


class Foreseen(Foretold):
    """Also which case it would be, the same of all its lines, and for how much of it the line stands."""

    case: UUID
    slip: str
    lost: Decimal


@dataclass(frozen=True)
class _Change:
    """What the shipments compared so far have changed of what their account is decided by."""

    balance: Decimal = ZERO
    reserved: Decimal = ZERO
    released: Decimal = ZERO
    gone: tuple[UUID, ...] = ()
    overruns: tuple[dict[str, Any], ...] = ()
    sums: tuple[tuple[date, str, Decimal], ...] = ()

    async def give_to(self, tx: Tx, account: Account) -> None:
        account.owes(self.balance)
        account.reserve(self.reserved)
        account.release_goods(self.released)
        for shipment in self.gone:
            account.not_overrun(shipment)
        for one in self.overruns:
            on = date.fromisoformat(one["on"])
            account.overran(UUID(one["shipment"]), one["kind"], Decimal(one["amount"]), on, one["signer"])
        await add_sums(tx, account.id, self.sums)


@dataclass(frozen=True)
class _Standing:
    """What an account is decided by, at one moment."""

    balance: Decimal
    reserved: Decimal
    released: Decimal
    overruns: tuple[dict[str, Any], ...]
    sums: Mapping[tuple[date, str], Decimal]

    @classmethod
    async def of(cls, tx: Tx, account: Account, since: date) -> _Standing:
        sums = await sums_of(tx, account, since)
        by_kind = {(day, kind): amount for day, kinds in sums.items() for kind, amount in kinds.items()}
        return cls(account.balance, account.reserved, account.released, account.overruns, by_kind)

    def less(self, before: _Standing) -> _Change:
        """What has changed since."""
        left = {one["shipment"] for one in self.overruns}
        added = {key: amount - before.sums.get(key, ZERO) for key, amount in self.sums.items()}
        return _Change(
            self.balance - before.balance,
            self.reserved - before.reserved,
            self.released - before.released,
            tuple(UUID(one["shipment"]) for one in before.overruns if one["shipment"] not in left),
            tuple(one for one in self.overruns if one not in before.overruns),
            tuple((*key, amount) for key, amount in added.items() if amount),
        )


@dataclass(frozen=True)
class _Case:
    """What became of a line that is a case: about what the case is, and the shipment as the row names it."""

    loss: UUID
    about: UUID
    issue: GoodsIssue
    finding: Finding
    shipment: UUID | None


async def foresee_cases(rows: Mapping[int, IssueRow], by: Principal, work: Work) -> dict[int, Foreseen]:
    """By row, what would be a case: `case_opened`, or `case_joined` where there is one; why, and of which shipment."""
    accounts: dict[UUID, dict[UUID, dict[int, IssueRow]]] = defaultdict(lambda: defaultdict(dict))
    slips: dict[tuple[str, ...], dict[int, IssueRow]] = defaultdict(dict)
    numbers = list(rows)
    for begun in range(0, len(numbers), ROWS):
        some = {number: rows[number] for number in numbers[begun : begun + ROWS]}
        async with undone(work.runtime, by.subject) as tx:
            for number, issue in (await _listed(tx, some, by)).items():
                slip = (issue.branch, issue.origin, issue.origin_ref)
                if issue.shipment_id is not None and issue.account_id is not None:
                    accounts[issue.account_id][issue.shipment_id][number] = rows[number]
                else:
                    slips[slip][number] = rows[number]
        await work.report()
    cases: dict[int, _Case] = {}
    for account, shipments in accounts.items():
        cases |= await _of_account(account, shipments, by, work)
    for n, lines in enumerate(slips.values()):
        if n % ROWS == 0:
            await work.report()
        async with undone(work.runtime, by.subject) as tx:
            issues = await _listed(tx, lines, by)
            if issues:
                await compare_slip(tx, next(iter(issues.values())).id)
            cases |= await _cases(tx, issues)
    async with work.runtime.transaction() as tx:
        there = await tx.load(LOSSES, [case.loss for case in cases.values()], lock=False)
    return {number: _foreseen(case, joined=case.loss in there) for number, case in cases.items()}


async def _of_account(
    account_id: UUID, lines: Mapping[UUID, Mapping[int, IssueRow]], by: Principal, work: Work
) -> dict[int, _Case]:
    """What would be a case of an account's shipments, those first of which an earlier list waits to be compared."""
    async with work.runtime.transaction() as tx:
        shipments = list(dict.fromkeys([*await listed_shipments(tx, account_id), *lines]))
    cases: dict[int, _Case] = {}
    change = _Change()
    for begun in range(0, len(shipments), AT_ONCE):
        some = shipments[begun : begun + AT_ONCE]
        await work.report()
        async with undone(work.runtime, by.subject) as tx:
            mine = {number: row for shipment in some for number, row in lines.get(shipment, {}).items()}
            issues = await _listed(tx, dict(sorted(mine.items())), by)
            named = {number: issue.shipment_id for number, issue in issues.items()}
            account = await tx.get(ACCOUNTS, account_id)
            since = rules_from(account.limit_on, account.policy(tx))
            await bring_to_today(tx, account)
            before = await _Standing.of(tx, account, since)
            await change.give_to(tx, account)
            while await compare_account(tx, account_id, some):
                pass
            cases |= await _cases(tx, issues, named)
            change = (await _Standing.of(tx, account, since)).less(before)
    return cases


async def _cases(
    tx: Tx, issues: Mapping[int, GoodsIssue], named: Mapping[int, UUID | None] | None = None
) -> dict[int, _Case]:
    """The lines that are a case now. `named` says the shipment of each as it was before held goods were split."""
    found = {}
    for number, issue in issues.items():
        if issue.loss_id is not None and issue.finding is not None:
            # what is too much of two shipments on one slip is one case of the slip
            about = (await tx.get(LOSSES, issue.loss_id)).about
            found[number] = _Case(issue.loss_id, about, issue, issue.finding, (named or {}).get(number))
    return found


def _foreseen(case: _Case, *, joined: bool) -> Foreseen:
    what, zh = ("case_joined", "将并入已有案件") if joined else ("case_opened", "将立案核查")
    return Foreseen(
        what=what,
        because=case.finding.value,
        about=None if case.shipment is None else str(case.shipment),
        zh=f"{zh}：{case.finding.zh}",
        rules=list(RULES),
        case=case.about,
        slip=case.issue.origin_ref,
        lost=case.issue.lost,
    )


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
