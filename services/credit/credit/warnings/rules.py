"""The rules by which a fund risk is seen: pure functions of an account's figures and the policy's thresholds (P02.4).

Each says what is at risk and on what that rests, or None. There is no score and nothing learnt.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from contracts.credit import RiskKind

from credit.account import ZERO
from credit.policy import CreditPolicy

#: how many documents one evidence names, the largest first
MOST = 100


@dataclass(frozen=True)
class OpenItem:
    """A document that is not paid, and the day on which it was due."""

    id: UUID
    due_on: date
    open: Decimal


@dataclass(frozen=True)
class Promise:
    """An instalment of a collection plan; `replaced`: it was broken, and another plan promises its amount anew."""

    id: UUID
    plan_id: UUID
    due_on: date
    amount: Decimal
    met_on: date | None
    replaced: bool = False

    def broken_late(self, since: date) -> bool:
        """Whether it was due since then and not kept, though nothing of it is unpaid under it now."""
        return self.due_on >= since and (self.replaced or (self.met_on is not None and self.met_on > self.due_on))


@dataclass(frozen=True)
class Figures:
    """What the rules look at. `received` is what each day brought, net of what bounced.

    `branch_owed` is what all accounts of the branch owe together, `debtors` how many of them owe anything.
    """

    on: date
    opened_on: date
    balance: Decimal
    open: tuple[OpenItem, ...] = ()
    promises: tuple[Promise, ...] = ()
    received: dict[date, Decimal] = field(default_factory=dict)
    branch_owed: Decimal = ZERO
    debtors: int = 0


@dataclass(frozen=True)
class Evidence:
    """Why a rule warns: what is at risk, the figures beside their thresholds, and what they rest on.

    `since` is set where it rests on the payments from that day on: they are named when the warning is raised.
    """

    amount: Decimal
    figures: dict[str, Any]
    thresholds: dict[str, Any]
    documents: tuple[UUID, ...] = ()
    plans: tuple[UUID, ...] = ()
    since: date | None = None

    def kept(self) -> dict[str, Any]:
        """As it is recorded."""
        return {
            "figures": {name: str(value) for name, value in self.figures.items()},
            "thresholds": self.thresholds,
            "documents": [str(one) for one in self.documents],
            "plans": [str(one) for one in self.plans],
        }


def ageing(figures: Figures, rules: CreditPolicy) -> Evidence | None:
    """A part of what is open has been due for long."""
    limits = rules.warn_ageing
    if limits is None:
        return None
    old = [one for one in figures.open if (figures.on - one.due_on).days >= limits.days_over]
    overdue, whole = sum((one.open for one in old), ZERO), sum((one.open for one in figures.open), ZERO)
    if not old or 100 * overdue < limits.percent * whole:
        return None
    oldest = max((figures.on - one.due_on).days for one in old)
    said = {"overdue": overdue, "open": whole, "oldest_days_over": oldest}
    return Evidence(overdue, said, limits.model_dump(), _largest(old))


def broken_promises(figures: Figures, rules: CreditPolicy) -> Evidence | None:
    """Promised instalments are past their day, or were paid late or promised anew again and again."""
    limits = rules.warn_promises
    if limits is None:
        return None
    since = figures.on - timedelta(days=limits.days)
    unpaid = [one for one in figures.promises if not one.replaced and one.met_on is None and one.due_on < figures.on]
    late = [one for one in figures.promises if one.broken_late(since)]
    if len(unpaid) < limits.unpaid and len(late) < limits.late:
        return None
    said = {"unpaid": len(unpaid), "late": len(late), "owed": figures.balance}
    amount = sum((one.amount for one in unpaid), ZERO) or max(figures.balance, ZERO)
    plans = tuple(dict.fromkeys(one.plan_id for one in (*unpaid, *late)))
    return Evidence(amount, said, limits.model_dump(), _largest(figures.open), plans)


def shrinking_payments(figures: Figures, rules: CreditPolicy) -> Evidence | None:
    """Much less was paid of late than in the stretches of the same length before, while something is owed."""
    limits = rules.warn_shrinking
    if limits is None or figures.balance <= 0:
        return None
    recent = figures.on - timedelta(days=limits.days)
    first = figures.on - timedelta(days=limits.days * (limits.before + 1))
    if figures.opened_on > recent:
        return None
    now = sum((amount for day, amount in figures.received.items() if recent <= day < figures.on), ZERO)
    before = sum((amount for day, amount in figures.received.items() if first <= day < recent), ZERO)
    # now < percent × before / stretches, without a division that rounds
    if before <= 0 or 100 * now * limits.before >= limits.percent * before:
        return None
    said = {"received": now, "received_before": before, "stretches_before": limits.before, "owed": figures.balance}
    return Evidence(figures.balance, said, limits.model_dump(), since=first)


def concentration(figures: Figures, rules: CreditPolicy) -> Evidence | None:
    """One account owes a large part of what the branch is owed."""
    limits = rules.warn_concentration
    if limits is None or figures.balance <= 0 or figures.debtors < limits.accounts:
        return None
    if 100 * figures.balance < limits.percent * figures.branch_owed:
        return None
    said = {"owed": figures.balance, "branch_owed": figures.branch_owed, "debtors": figures.debtors}
    return Evidence(figures.balance, said, limits.model_dump(), _largest(figures.open))


Rule = Callable[[Figures, CreditPolicy], Evidence | None]
RULES_BY_KIND: dict[RiskKind, Rule] = {
    RiskKind.AGEING: ageing,
    RiskKind.BROKEN_PROMISES: broken_promises,
    RiskKind.SHRINKING_PAYMENTS: shrinking_payments,
    RiskKind.CONCENTRATION: concentration,
}


def _largest(items: list[OpenItem] | tuple[OpenItem, ...]) -> tuple[UUID, ...]:
    return tuple(one.id for one in sorted(items, key=lambda one: (-one.open, one.id))[:MOST])
