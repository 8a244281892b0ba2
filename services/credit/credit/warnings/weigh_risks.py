"""Weighs an account's risks every night, and at once after a bounced or late instalment (P02.4)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from chassis.ids import uuid7
from chassis.jobs import Work, job
from chassis.tx import Tx
from contracts.credit import RiskKind, WarningEnded, WarningRaised
from contracts.money import Money
from policy.calendar import civil
from policy.obligations import owe, waive

from credit.account import ACCOUNTS, ZERO, Account, sums_of
from credit.policy import WARNING, CreditPolicy
from credit.salespeople import responsible, tell
from credit.warnings.model import WARNINGS, RiskWarning
from credit.warnings.rules import MOST, RULES_BY_KIND, Evidence, Figures, OpenItem, Promise

RULES = ("P02.4",)

_OPEN = """SELECT id, dated_on, open FROM documents
    WHERE account_id = $1 AND open > 0 AND kind IN ('invoice', 'opening') ORDER BY dated_on, id"""
_PLANS = """SELECT id, instalments FROM plans WHERE account_id = $1 AND (state = 'running' OR agreed_at >= $2)
    ORDER BY id"""
_BRANCH = "SELECT coalesce(sum(balance), 0), count(*) FROM accounts WHERE branch = $1 AND balance > 0"
# the first one of a night gets it, the others wait here until it is added up
_BEGIN_NIGHT = """INSERT INTO branch_nights AS b (branch, day, owed, debtors) VALUES ($1, $2, 0, 0)
    ON CONFLICT (branch) DO UPDATE SET day = $2 WHERE b.day < $2 RETURNING true"""
_ADDED_UP = "UPDATE branch_nights SET owed = $2, debtors = $3 WHERE branch = $1"
_OF_NIGHT = "SELECT owed, debtors FROM branch_nights WHERE branch = $1 AND day >= $2"
_RUNNING = "SELECT id FROM risk_warnings WHERE account_id = $1 AND over_on IS NULL ORDER BY id"
_PAYMENTS = """SELECT id FROM documents WHERE account_id = $1 AND kind = 'payment' AND reversed_by IS NULL
    AND dated_on >= $2 ORDER BY amount DESC, id LIMIT $3"""
#: how far back a replaced plan still counts: its promises may have been broken within the window
_PLAN_DAYS = 365


@job(retry=("10s", "1m", "10m", "1h", "6h"))
async def weigh_risks(ref: str, work: Work) -> None:
    """Look at one account at once, beside what its branch is owed by now."""
    await _weigh(ref, work, _owed_now)


@job(retry=("10s", "1m", "10m", "1h", "6h"))
async def weigh_risks_of_night(ref: str, work: Work) -> None:
    """Look at one account as every night, beside what its branch was owed when the first one was looked at."""
    await _weigh(ref, work, _owed_that_night)


async def _owed_now(tx: Tx, branch: str) -> tuple[Decimal, int]:
    """What the accounts of a branch owe together, and how many owe anything."""
    return tuple(await tx.driver.fetchrow(_BRANCH, branch) or (ZERO, 0))


async def _owed_that_night(tx: Tx, branch: str) -> tuple[Decimal, int]:
    """The same, added up once a night for all accounts of the branch."""
    night = branch, civil(tx.now)
    found = await tx.driver.fetchrow(_OF_NIGHT, *night)
    if found is None:  # to begin it locks its row, so it is looked for first
        if await tx.driver.fetchval(_BEGIN_NIGHT, *night):
            await tx.driver.execute(_ADDED_UP, branch, *await _owed_now(tx, branch))
        found = await tx.driver.fetchrow(_OF_NIGHT, *night)
    return tuple(found or (ZERO, 0))


async def _weigh(ref: str, work: Work, owed_to: Callable[[Tx, str], Awaitable[tuple[Decimal, int]]]) -> None:
    """With the account's row locked: what is seen twice at once is raised once."""
    async with work.runtime.transaction() as tx:
        account = await tx.get(ACCOUNTS, UUID(ref))
        rules = account.policy(tx)
        figures = await _figures_of(tx, account, rules, await owed_to(tx, account.branch))
        running = await tx.load(WARNINGS, [row[0] for row in await tx.driver.fetch(_RUNNING, account.id)])
        by_kind = {one.kind: one for one in running.values()}
        for kind, rule in RULES_BY_KIND.items():
            await _follow(tx, account, rules, kind, rule(figures, rules), by_kind.get(kind))


async def _figures_of(tx: Tx, account: Account, rules: CreditPolicy, branch: tuple[Decimal, int]) -> Figures:
    """What the rules look at, of today."""
    today = civil(tx.now)
    shrinking = rules.warn_shrinking
    back = 0 if shrinking is None else shrinking.days * (shrinking.before + 1)
    sums = await sums_of(tx, account, today - timedelta(days=back))
    plans = await tx.driver.fetch(_PLANS, account.id, tx.now - timedelta(days=_PLAN_DAYS))
    return Figures(
        on=today,
        opened_on=civil(account.opened_at),
        balance=account.balance,
        open=tuple(
            OpenItem(row["id"], row["dated_on"] + timedelta(days=account.term_days), row["open"])
            for row in await tx.driver.fetch(_OPEN, account.id)
        ),
        promises=tuple(_promise(plan, one) for plan, said in plans for one in said if not one.get("dropped")),
        received={day: kinds["received"] for day, kinds in sums.items() if "received" in kinds},
        branch_owed=branch[0],
        debtors=branch[1],
    )


def _promise(plan: UUID, one: Mapping[str, Any]) -> Promise:
    met = one["met_on"]
    return Promise(
        id=UUID(one["id"]),
        plan_id=plan,
        due_on=date.fromisoformat(one["due_on"]),
        amount=Decimal(one["amount"]),
        met_on=None if met is None else date.fromisoformat(met),
        replaced=met is None and "dropped" in one,
    )


async def _follow(
    tx: Tx, account: Account, rules: CreditPolicy, kind: RiskKind, found: Evidence | None, running: RiskWarning | None
) -> None:
    """Raise, keep or end what one rule says."""
    today = civil(tx.now)
    if found is None:
        if running is not None and running.over(today, tx.now):
            ended(tx, account, running, closed=False)
            waive(tx, WARNING, running.id, at=tx.now, reason="the figures say it no more")
    elif running is not None:
        running.seen(today, found.amount, await _kept(tx, account, found))
    else:
        await _raise(tx, account, rules, kind, found)


async def _raise(tx: Tx, account: Account, rules: CreditPolicy, kind: RiskKind, found: Evidence) -> None:
    evidence, today = await _kept(tx, account, found), civil(tx.now)
    warning = RiskWarning(
        id=uuid7(),
        account_id=account.id,
        branch=account.branch,
        kind=kind,
        amount=found.amount,
        raised_on=today,
        raised_at=tx.now,
        evidence=evidence,
        latest=evidence,
        seen_on=today,
    )
    tx.add(warning)
    path = f"/v1/risk-warnings/{warning.id}"
    person = await responsible(tx, account)
    deadline = rules.warning_within
    owe(
        tx, WARNING, warning.id, deadline, branch=account.branch, since=tx.now, path=path, person=person,
        about=account.id,
    )  # fmt: skip
    told = rules.warning_told if person is not None else (deadline.role, *rules.warning_told)
    tell(
        tx, account, person, told, template="fund_risk_warning", number=kind.value, subject=warning.id, path=path,
        rules=RULES,
    )  # fmt: skip
    tx.publish(
        account,
        WarningRaised(
            warning_id=warning.id,
            account_id=account.id,
            branch=account.branch,
            kind=kind,
            amount=Money(amount=found.amount),
            documents=[UUID(one) for one in evidence["documents"]],
            rules=list(RULES),
            raised_at=tx.now,
        ),
    )


async def _kept(tx: Tx, account: Account, found: Evidence) -> dict[str, Any]:
    """The evidence as it is recorded; what rests on payments names the largest of them."""
    kept = found.kept()
    if found.since is not None:
        rows = await tx.driver.fetch(_PAYMENTS, account.id, found.since, MOST)
        kept["documents"] = [str(row[0]) for row in rows]
    return kept


def ended(tx: Tx, account: Account, warning: RiskWarning, *, closed: bool) -> None:
    """Tell that a warning stands no more."""
    tx.publish(
        account,
        WarningEnded(warning_id=warning.id, account_id=account.id, kind=warning.kind, closed=closed, ended_at=tx.now),
    )
