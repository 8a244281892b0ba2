"""A credit account: its running figures in one row, what it may owe today, how often it went over (P11.1–P11.9).

Whoever decides or books locks this row first; everything of an account happens one after another.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from chassis.auth import Principal
from chassis.ids import uuid7
from chassis.problems import NotFound
from chassis.store import Store
from chassis.tx import Tx
from policy.access import Permission
from policy.approvals import Holdable, action, fact
from policy.calendar import civil
from policy.policies import policy

from credit import tables
from credit.limit.rolling import DaySums, Move, moved
from credit.policy import CreditPolicy

ZERO = Decimal(0).quantize(Decimal("0.01"))

Overrun = Literal["first", "last"]


@dataclass
class Account(Holdable):
    """What one or several customers owe together, and how much more they may.

    `balance` is below zero where more was paid than is owed. `overruns` are `{shipment, kind, amount, on, signer}`.
    `terms` is `{amount, until, approval}`. `code` is the number under which the books know it.
    """

    id: UUID
    branch: str
    contract: str
    term_days: int
    opened_at: datetime
    opened_by: str
    reviewed_at: datetime
    limit_on: date
    code: str | None = None
    balance: Decimal = ZERO
    released: Decimal = ZERO
    reserved: Decimal = ZERO
    limit_amount: Decimal = ZERO
    missing: tuple[str, ...] = ()
    overruns: tuple[dict[str, Any], ...] = ()
    terms: dict[str, Any] | None = None
    held: dict[str, Any] = field(default_factory=dict)
    version: int = 1
    sequence: int = 0

    @property
    def exposure(self) -> Decimal:
        """What is owed or on its way to be: receivables and releases; money paid for held goods frees nothing."""
        return self.balance + self.reserved + self.released

    @fact
    def known_as(self, code: str) -> None:
        """The books know it under this number."""
        self.code = code

    @fact
    def owes(self, change: Decimal) -> None:
        """The ledger says more (or less) is owed."""
        self.balance += change

    @fact
    def reserve(self, change: Decimal) -> None:
        """Money came for a shipment that is held, or was set free."""
        self.reserved += change

    @fact
    def release_goods(self, change: Decimal) -> None:
        """Goods were released and are not invoiced yet, or no longer."""
        self.released += change

    @fact
    def moved_to(self, move: Move) -> None:
        """The limit of another day, or of this one anew."""
        self.limit_on, self.limit_amount = move.day, move.amount

    @fact
    def lacks(self, missing: Iterable[str]) -> bool:
        """Note what eligibility lacks (P11.1); whether that is new."""
        before, self.missing = self.missing, tuple(sorted(missing))
        return before != self.missing

    @fact
    def reviewed(self, at: datetime) -> None:
        """Somebody has looked at customer and papers again (P11.1)."""
        self.reviewed_at = at

    def exposed(self, rules: CreditPolicy) -> Decimal:
        """The parts of what is owed or on its way that the policy counts (A35)."""
        exposure = self.balance + self.reserved if "receivable" in rules.exposure else ZERO
        return exposure + (self.released if "released" in rules.exposure else ZERO)

    def long_term(self, rules: CreditPolicy) -> bool:
        """Whether the contract's term is over the ordinary one: only what sales has approved counts (P11.5)."""
        return self.term_days > rules.ordinary_term_days

    def allowance(self, rules: CreditPolicy, on: date) -> Decimal:
        """What may be owed on a day for which the limit was worked out."""
        return (shown_terms(self.terms, on) or ZERO) if self.long_term(rules) else self.limit_amount

    def settle_episode(self, rules: CreditPolicy, on: date) -> None:
        """Back within what may be owed, the count of shipments over it begins anew (P11.7, A37)."""
        if rules.overrun_reset == "episode" and self.overruns and self.exposed(rules) <= self.allowance(rules, on):
            self.forget_overruns()

    @fact
    def forget_overruns(self) -> None:
        """The next one is the first again."""
        self.overruns = ()

    @fact
    def overran(self, shipment: UUID, kind: Overrun, amount: Decimal, on: date, signer: str) -> None:
        """A shipment went over the limit with a signature (P11.7, P11.8)."""
        entry = {"shipment": str(shipment), "kind": kind, "amount": str(amount), "on": str(on), "signer": signer}
        self.overruns = (*self.without(shipment), entry)

    @fact
    def not_overrun(self, shipment: UUID) -> None:
        """It went otherwise after all, or not at all."""
        self.overruns = self.without(shipment)

    def without(self, shipment: UUID) -> tuple[dict[str, Any], ...]:
        """The overruns of other shipments."""
        return tuple(one for one in self.overruns if one["shipment"] != str(shipment))

    @action("terms")
    def agree(self, contract: str, term_days: int) -> None:
        """Another contract holds (P11.1); what sales has approved was for the term that it had (P11.5)."""
        if term_days != self.term_days:
            self.terms = None
        self.contract, self.term_days = contract, term_days

    @action("terms")
    def grant_terms(self, term_days: int, amount: Decimal, until: date, approval: UUID) -> None:
        """Sales gives this much credit at this longer term, until then (P11.5)."""
        self.term_days = term_days
        self.terms = {"amount": str(amount), "until": str(until), "approval": str(approval)}

    def policy(self, tx: Tx) -> CreditPolicy:
        """What holds for its branch today."""
        return policy(tx, CreditPolicy, self.branch, tx.now)


ACCOUNTS = Store(tables.accounts, Account)

_SUMS = """SELECT s.account_id, s.day, s.kind, s.amount
    FROM unnest($1::uuid[], $2::date[]) AS wanted(account_id, since)
    JOIN day_sums s ON s.account_id = wanted.account_id AND s.day >= wanted.since"""
_CUSTOMERS = "SELECT customer_id FROM account_customers WHERE account_id = $1 ORDER BY customer_id"


async def account_of(
    tx: Tx, account_id: UUID, permission: Permission, principal: Principal, *, lock: bool = True
) -> Account:
    """The account, where it lies within the caller's reach; else 404. Locked, its limit is today's."""
    account = (await tx.load(ACCOUNTS, [account_id], lock=lock)).get(account_id)
    if account is None or not permission.reach(principal).includes(account.branch):
        raise no_such_account()
    if lock:
        await bring_to_today(tx, account)
    return account


def no_such_account() -> NotFound:
    """What is told of an account that is not there, or not within reach."""
    return NotFound("There is no such credit account, or none at a branch that you may see. Check the id.")


async def customers_of(tx: Tx, account_id: UUID) -> list[UUID]:
    """Who shares the account."""
    return [row[0] for row in await tx.driver.fetch(_CUSTOMERS, account_id)]


async def sums_of(tx: Tx, account: Account, since: date) -> DaySums:
    """What its documents say of each day from then on."""
    return (await sums_of_all(tx, {account.id: since}))[account.id]


async def sums_of_all(tx: Tx, since: Mapping[UUID, date]) -> dict[UUID, DaySums]:
    """What the documents of each account say of each day from its day on."""
    found: dict[UUID, DaySums] = {account_id: {} for account_id in since}
    for account_id, day, kind, amount in await tx.driver.fetch(_SUMS, list(since), list(since.values())):
        found[account_id].setdefault(day, {})[kind] = amount
    return found


async def bring_to_today(tx: Tx, account: Account) -> DaySums:
    """`move_to_today`, with the sums read now; they are returned."""
    sums = await sums_of(tx, account, rules_from(account.limit_on, account.policy(tx)))
    move_to_today(tx, account, sums)
    return sums


def move_to_today(tx: Tx, account: Account, sums: DaySums) -> None:
    """Move the limit over every midnight that has passed, and record why it moved.

    A midnight at which the account was back within its limit ends the episode (P11.7). `sums` reach back to
    `rules_from` of the day the limit was last worked out for.
    """
    rules, today = account.policy(tx), civil(tx.now)
    for move in moved(account.limit_on, account.limit_amount, today, sums, rules, civil(account.opened_at)):
        account.moved_to(move)
        note(tx, account, move)
        account.settle_episode(rules, move.day)


async def settle(tx: Tx, account: Account) -> None:
    """After a booking: the limit as it is now, and a new episode where the account is back within it."""
    await bring_to_today(tx, account)
    account.settle_episode(account.policy(tx), civil(tx.now))


def rules_from(day: date, rules: CreditPolicy) -> date:
    """The first day that the limits from `day` on can rest on."""
    return date.fromordinal(day.toordinal() - rules.window_days - 1)


def note(tx: Tx, account: Account, move: Move) -> None:
    """Keep the day's limit with why it changed (P11.3)."""
    tx.insert(
        tables.limits,
        id=uuid7(),
        account_id=account.id,
        day=move.day,
        amount=move.amount,
        before=move.before,
        why=[dict(reason) for reason in move.why],
        recorded_at=tx.now,
    )


def shown_terms(terms: Mapping[str, Any] | None, on: date) -> Decimal | None:
    """How much credit sales gives at the longer term on a day; None where nothing is granted then."""
    if terms is None or date.fromisoformat(terms["until"]) < on:
        return None
    return Decimal(terms["amount"])
