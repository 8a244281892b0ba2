"""Brings a decision about: figures of the locked account, the pure rule, and what follows for account and shipment.

Every way in (request, change, copy, part, invoice, goods issue, payment, changed fact) ends here (P11.4–P11.9).
"""

from __future__ import annotations

from datetime import date, datetime
from typing import cast
from uuid import UUID

from chassis.auth import Principal
from chassis.http import Answer
from chassis.problems import NotFound, Refused
from chassis.tx import Tx
from contracts.credit import (
    EligibilityChanged,
    HoldReason,
    ReleaseStep,
    ReleaseWay,
    ShipmentHeld,
    ShipmentReleased,
)
from contracts.money import Money
from policy.access import Permission
from policy.calendar import civil
from policy.obligations import owe

from chassis import problems
from credit.account import ACCOUNTS, Account, Overrun, bring_to_today, rules_from, shown_terms, sums_of
from credit.accounts.eligibility import Facts, facts_of, lacks
from credit.limit.rolling import DaySums
from credit.policy import PLAN, CreditPolicy
from credit.shipments.decision import Batch, Decision, Figures, decide
from credit.shipments.model import SHIPMENTS, Shipment, ShipmentState
from credit.shipments.views import ShipmentView, view_of

_ACCOUNT_OF = "SELECT account_id FROM shipments WHERE id = $1"
_PARTLY_OUT = """SELECT EXISTS (SELECT FROM goods_issues WHERE shipment_id = $1
    AND (state = 'part' OR (state = 'unauthorised' AND covered > 0)))"""
#: the ways that need a signature, and as which of the two they count
OVERRUNS: dict[ReleaseWay, Overrun] = {
    ReleaseWay.FIRST_OVERRUN: "first",
    ReleaseWay.LAST_OVERRUN: "last",
}


class ShipmentNotReleased(Refused):
    """The rules hold the goods at this step; the answer names every reason and way out. The hold is recorded."""

    title = "The goods are held"
    zh = "货物按授信规则暂停放行，暂停已记录。请按所列办法处理后再办理。"


class PartlyOut(Refused):
    """A list of the warehouse says that some of the goods have left: they are neither changed nor cancelled."""

    title = "Some of the goods have left"
    zh = "仓库记录显示部分货物已出库，不能更改或取消。请对已出库部分办理退货。"


async def shipment_of(
    tx: Tx, shipment_id: UUID, permission: Permission, principal: Principal
) -> tuple[Account, Shipment, DaySums]:
    """A shipment within reach and its account, locked in this order; else 404. The limit is today's."""
    account_id = await tx.driver.fetchval(_ACCOUNT_OF, shipment_id)
    account = None if account_id is None else (await tx.load(ACCOUNTS, [account_id]))[account_id]
    if account is None or not permission.reach(principal).includes(account.branch):
        raise NotFound("There is no such shipment, or none at a branch that you may see. Check the id.")
    shipment = await tx.get(SHIPMENTS, shipment_id)
    return account, shipment, await bring_to_today(tx, account)


async def figures_of(
    tx: Tx, account: Account, shipment: Shipment | None, sums: DaySums | None = None
) -> tuple[Figures, Facts]:
    """Where the account stands today, without this shipment's own part; and the facts about its customers."""
    facts = await facts_of(tx, account)
    if sums is None:
        sums = await sums_of(tx, account, rules_from(civil(tx.now), account.policy(tx)))
    return figured(tx, account, shipment, sums, facts), facts


def figured(tx: Tx, account: Account, shipment: Shipment | None, sums: DaySums, facts: Facts) -> Figures:
    """The figures of an account, from what was read of it."""
    rules, today = account.policy(tx), civil(tx.now)
    others = account.overruns if shipment is None else account.without(shipment.id)
    return Figures(
        on=today,
        exposure=account.exposed(rules),
        limit=account.limit_amount,
        rules=rules,
        sums=sums,
        opened_on=civil(account.opened_at),
        lacking=tuple(lacks(facts, today, rules)),
        facts=facts,
        long_term=account.long_term(rules),
        terms=shown_terms(account.terms, today),
        used=frozenset(one["kind"] for one in others if _counts(one["on"], str(today), rules)),
    )


def _counts(on: str, today: str, rules: CreditPolicy) -> bool:
    """Whether an earlier shipment over the limit still counts: in its episode, month or year, or for ever (A37)."""
    length = {"month": 7, "year": 4}.get(rules.overrun_reset, 0)
    return on[:length] == today[:length]


async def decide_shipment(
    tx: Tx, account: Account, shipment: Shipment, step: ReleaseStep, sums: DaySums | None = None
) -> Decision:
    """`decide_on`, with what it rests on read now."""
    facts = await facts_of(tx, account)
    if sums is None:
        sums = await sums_of(tx, account, rules_from(civil(tx.now), account.policy(tx)))
    return decide_on(tx, account, shipment, step, sums, facts)


def decide_on(tx: Tx, account: Account, shipment: Shipment, step: ReleaseStep, sums: DaySums, facts: Facts) -> Decision:
    """Decide anew about goods that are not invoiced: what they took before is given back first, and taken if they may.

    The account is locked, so of what is left each part is taken once.
    """
    shipment.refuse_unless(ShipmentState.HELD, ShipmentState.RELEASED)
    before, counted = shipment.decision, shipment.overrun
    give_back(account, shipment)
    figures = figured(tx, account, shipment, sums, facts)
    decision = decide(figures, Batch(shipment.amount, shipment.prepaid, shipment.signed, counted))
    note_eligibility(tx, account, figures, facts.as_of)
    if decision.way is not None:
        take(account, shipment, decision, figures)
    finish(tx, account, shipment, decision, step, before=before)
    return decision


def give_back(account: Account, shipment: Shipment) -> None:
    """What a released shipment took of the account is free again; money paid for it waits with it."""
    if shipment.state is ShipmentState.RELEASED:
        account.release_goods(-shipment.amount)
        account.reserve(shipment.covered)
        account.not_overrun(shipment.id)
        shipment.take_back()


def take(account: Account, shipment: Shipment, decision: Decision, figures: Figures) -> None:
    """Released goods count as owed from now on."""
    assert decision.way is not None
    overrun = OVERRUNS.get(decision.way)
    shipment.release_by(overrun)
    account.reserve(-shipment.covered)
    account.release_goods(shipment.amount)
    if overrun is not None:
        count_over(account, shipment, overrun, figures.on)


def count_over(account: Account, shipment: Shipment, overrun: Overrun, on: date) -> None:
    """The account has had this one of the two over the limit (P11.7, P11.8)."""
    assert shipment.signature is not None
    account.overran(shipment.id, overrun, shipment.amount, on, shipment.signature["signer"])


def finish(
    tx: Tx,
    account: Account,
    shipment: Shipment,
    decision: Decision,
    step: ReleaseStep,
    *,
    before: dict[str, object] | None = None,
) -> None:
    """Keep the decision, tell it, and see whether the account is back within its limit."""
    before = before or {}
    planned = bool(before.get("plan_owed"))
    shipment.decided({**decision.kept(), "plan_owed": planned or decision.plan_wanted}, step.value, decision.on)
    account.settle_episode(account.policy(tx), decision.on)
    amount = Money(amount=shipment.amount)
    if decision.way is not None:
        if decision.plan_wanted and not planned:
            want_plan(tx, account, shipment)
        if step is ReleaseStep.RELEASE and not _same(before, shipment.decision):
            tx.publish(
                shipment,
                ShipmentReleased(
                    shipment_id=shipment.id,
                    account_id=account.id,
                    branch=shipment.branch,
                    amount=amount,
                    way=decision.way,
                    rules=decision.rules,
                    decided_at=tx.now,
                ),
            )
    elif not _same(before, shipment.decision):
        _tell_held(tx, shipment, decision, step, amount)


def _tell_held(tx: Tx, shipment: Shipment, decision: Decision, step: ReleaseStep, amount: Money) -> None:
    tx.publish(
        shipment,
        ShipmentHeld(
            shipment_id=shipment.id,
            account_id=shipment.account_id,
            branch=shipment.branch,
            amount=amount,
            step=step,
            reasons=[
                HoldReason(
                    code=reason.code,
                    rules=list(reason.rules),
                    amount=None if reason.amount is None else Money(amount=reason.amount),
                )
                for reason in decision.reasons
            ],
            ways_out=[way.code for way in decision.ways_out],
            rules=decision.rules,
            decided_at=tx.now,
        ),
    )


def _same(before: dict[str, object], now: dict[str, object]) -> bool:
    """The same answer at the same step: told once."""
    return all(before.get(name) == now[name] for name in ("outcome", "way", "step", "amount", "reasons", "ways_out"))


async def refuse_partly_out(tx: Tx, shipment: Shipment) -> None:
    """`PartlyOut` when the warehouse has told that some of the goods have left."""
    if await tx.driver.fetchval(_PARTLY_OUT, shipment.id):
        raise PartlyOut("Some of these goods have left the warehouse. Wait for the rest, or have it issued.")


def want_plan(tx: Tx, account: Account, shipment: Shipment) -> None:
    """Who pays first while old items are open says when the rest comes back (P11.4, P11.9, P11.14)."""
    owe(
        tx,
        PLAN,
        shipment.id,
        account.policy(tx).plan_within,
        branch=account.branch,
        since=tx.now,
        path=f"/v1/accounts/{account.id}/standing",
        about=account.id,
    )


def note_eligibility(tx: Tx, account: Account, figures: Figures, as_of: datetime | None) -> None:
    """Tell when the account has become eligible, or no more (P11.1)."""
    if account.lacks({lack.code for lack in figures.lacking}):
        tx.publish(
            account,
            EligibilityChanged(
                account_id=account.id,
                branch=account.branch,
                missing=list(account.missing),
                as_of=as_of,
                rules=["P11.1"],
            ),
        )


def refused(tx: Tx, shipment: Shipment) -> Answer[ShipmentView]:
    """The refusal of a step as a problem, in a transaction that is kept: the hold is a fact of its own."""
    reasons = [str(reason["code"]) for reason in shipment.decision["reasons"]]
    problem = ShipmentNotReleased(
        f"The rules hold these goods: {', '.join(reasons)}. Take one of the ways out, then ask again.",
        rules=shipment.decision["rules"],
        decision=shipment.decision,
    )
    answer = problems.response(problem, f"/v1/shipments/{shipment.id}")
    return Answer(cast("ShipmentView", answer))


async def answered(
    tx: Tx, shipment: Shipment, decision: Decision | None = None, *, status: int = 200
) -> Answer[ShipmentView]:
    """The shipment as it stands after a step, or the refusal of the step."""
    await tx.flush()
    if decision is not None and not decision.released:
        return refused(tx, shipment)
    return Answer(view_of(shipment), status=status)
