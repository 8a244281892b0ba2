"""What breaches cost one person beside each other, in the order they were decided.

Nothing here reads a clock or a database: the same breaches always cost the same, whatever order they arrived in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from contracts.money import Money
from contracts.staff import BreachStanding

from staff.conduct.model import Breach, BreachState
from staff.conduct.policy import Sanction
from staff.conduct.tariff import NOTHING, Cost


@dataclass(frozen=True)
class Consequence:
    """What a breach costs now, and why.

    `nth` of its family in the month, doubled or not. `because_of` is the graver breach that covers it, or the order
    that it repeats.
    """

    standing: BreachStanding
    cost: Cost = NOTHING
    nth: int | None = None
    doubled: bool = False
    because_of: UUID | None = None
    rules: tuple[str, ...] = ()


def derive(breaches: Iterable[Breach]) -> dict[UUID, Consequence]:
    """What each breach of one person costs, given all of them (P04.11, P13.8, P13.9).

    Counted in the order of decision (then id) within the civil month and family; undecided and withdrawn ones do not
    count. A repeat counts, and costs what the order it repeats costs. Of one case only the highest tier counts (A19).
    """
    ordered = sorted(breaches, key=lambda one: (one.decided_at, one.id))
    found: dict[UUID, Consequence] = {}
    counts: dict[tuple[str, date], int] = {}
    repeats = [(one, first_order(one, ordered)) for one in ordered if one.again]
    firsts = {one.id: first for one, first in repeats}
    for one in ordered:
        first = firsts.get(one.id)
        family = one.terms.family or (first.terms.family if first else None)
        fallen = first is not None and first.state is not BreachState.RECORDED
        found[one.id] = _alone(one)
        if family is None or fallen or one.state is not BreachState.RECORDED:
            continue
        nth = counts[family, one.month] = counts.get((family, one.month), 0) + 1
        found[one.id] = _counted(one, found[one.id], nth)
    for one, first in repeats:
        if one.state is BreachState.RECORDED and one.ruling is None:
            found[one.id] = _repeated(found[one.id], first, found)
    return found | _covered(ordered, found)


def first_order(one: Breach, ordered: Sequence[Breach]) -> Breach | None:
    """The breach that an uncorrected one repeats: as it was named, else the first of the person in the same file."""
    by_id = {other.id: other for other in ordered}
    seen, named = {one.id}, one.repeats
    while named is not None and named in by_id and named not in seen:
        first = by_id[named]
        if not first.again:
            return first
        seen.add(named)
        named = first.repeats
    return next((o for o in ordered if o.subject == one.subject and not o.again and o.terms.family), None)


def _alone(one: Breach) -> Consequence:
    """What it costs by itself: as decided where it was, else by its tariff."""
    rules = one.terms.rules
    if one.state is BreachState.WITHDRAWN:
        return Consequence(BreachStanding.WITHDRAWN, rules=rules)
    if one.state is BreachState.UNDECIDED:
        return Consequence(BreachStanding.UNDECIDED, rules=rules)
    if one.ruling is not None:
        return Consequence(BreachStanding.BOOKED, cost_of(one.ruling), rules=_and(rules, "P04.12"))
    return Consequence(BreachStanding.BOOKED, one.terms.cost, rules=rules)


def cost_of(ruling: Mapping[str, Any]) -> Cost:
    """What somebody decided, as it is kept."""
    return Cost.of(
        Money.model_validate(ruling["fine"]),
        Money.model_validate(ruling["share"]),
        points=ruling["points"],
        performance_pay=ruling["performance_pay"],
        sanction=None if ruling["sanction"] is None else Sanction(ruling["sanction"]),
        company_notice=ruling["company_notice"],
    )


def _counted(one: Breach, alone: Consequence, nth: int) -> Consequence:
    """The nth of its family: doubled from there on, unless it repeats another or its amount was decided."""
    terms = one.terms
    if terms.doubled_from is None or nth < terms.doubled_from or one.again or one.ruling is not None:
        return replace(alone, nth=nth)
    cut = one.pay_cut["percent"] if one.pay_cut is not None else 0
    cost = replace(alone.cost, fine=alone.cost.fine * terms.factor, performance_pay=alone.cost.performance_pay + cut)
    return replace(alone, nth=nth, doubled=True, cost=cost, rules=_and(alone.rules, "P13.8"))


def _repeated(alone: Consequence, first: Breach | None, found: Mapping[UUID, Consequence]) -> Consequence:
    """The amount of the order it repeats (P13.9); what became of the order where it fell, else to be decided."""
    rules = _and(alone.rules, "P13.9")
    if first is None:
        if alone.cost.nothing:
            return Consequence(BreachStanding.UNDECIDED, rules=rules)
        return replace(alone, rules=rules)
    order = found[first.id]
    if order.standing is not BreachStanding.BOOKED:
        return Consequence(order.standing, because_of=first.id, rules=rules)
    cost = Cost(fine=order.cost.fine, currency=order.cost.currency)
    return replace(alone, cost=cost, because_of=first.id, rules=rules)


def _covered(ordered: Sequence[Breach], found: Mapping[UUID, Consequence]) -> dict[UUID, Consequence]:
    """Of the tiers of one case only the highest whose cost is known; among equals the first decided (A19)."""
    gravest: dict[str, tuple[int, Breach]] = {}
    tiered = [
        (one.terms.tier, one)
        for one in ordered
        if one.terms.tier is not None and found[one.id].standing is BreachStanding.BOOKED
    ]
    for tier, one in tiered:
        if one.subject not in gravest or tier > gravest[one.subject][0]:
            gravest[one.subject] = (tier, one)
    return {
        one.id: Consequence(BreachStanding.COVERED, because_of=gravest[one.subject][1].id, rules=found[one.id].rules)
        for _, one in tiered
        if gravest[one.subject][1] is not one
    }


def _and(rules: tuple[str, ...], *more: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*rules, *more)))
