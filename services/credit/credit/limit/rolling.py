"""Works out the limit of a day from the sums of the days before it: pure, for any day (P11.2, P11.3, A34)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from credit.policy import CreditPolicy

RULES = ("P11.2", "P11.3")

#: by day and kind of sum, what documents say
DaySums = dict[date, dict[str, Decimal]]

ZERO = Decimal("0.00")
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Move:
    """The limit of a day, what it was before, and what made the difference: the amounts in `why` add up to it."""

    day: date
    amount: Decimal
    before: Decimal
    why: tuple[Mapping[str, Any], ...]


def window(day: date, rules: CreditPolicy) -> tuple[date, date]:
    """The first and the last civil day whose goods count for a limit on `day`."""
    last = day if rules.day_included else day - _DAY
    return last - _DAY * (rules.window_days - 1), last


def net(sums: Mapping[str, Decimal], rules: CreditPolicy) -> Decimal:
    """What one day brings to the limit: its goods (or money), less what came back of these very goods."""
    if rules.basis == "received":
        return sums.get(rules.basis, ZERO)
    of = "_invoiced" if rules.basis == "invoiced" else ""
    gone = sum((sums.get(f"{kind}{of}", ZERO) for kind in rules.net_of), ZERO)
    return sums.get(rules.basis, ZERO) - gone


def limit_on(day: date, sums: DaySums, rules: CreditPolicy, opened_on: date) -> Decimal:
    """The limit of a day: the window's goods, never below zero; capped, and helped at the start, as policy says.

    A customer without any goods in the window has no limit, or within the first window after the opening of the
    account the opening limit where the policy sets one.
    """
    first, last = window(day, rules)
    inside = [net(found, rules) for on, found in sums.items() if first <= on <= last]
    return _bounded(day, sum(inside, ZERO), rules, opened_on)


def limits_after(
    day: date, count: int, sums: DaySums, rules: CreditPolicy, opened_on: date
) -> Iterator[tuple[date, Decimal]]:
    """`limit_on` each of the next days, from what is booked now; the window moves on instead of being added up anew."""
    nets = {on: net(found, rules) for on, found in sums.items()}
    first, last = window(day, rules)
    inside = sum((amount for on, amount in nets.items() if first <= on <= last), ZERO)
    for _ in range(count):
        inside -= nets.get(first, ZERO)
        day, first, last = day + _DAY, first + _DAY, last + _DAY
        inside += nets.get(last, ZERO)
        yield day, _bounded(day, inside, rules, opened_on)


def _bounded(day: date, inside: Decimal, rules: CreditPolicy, opened_on: date) -> Decimal:
    whole = max(inside, ZERO)
    if rules.opening_limit is not None and opened_on >= day - _DAY * rules.window_days:
        whole = max(whole, rules.opening_limit)
    return whole if rules.cap is None else min(whole, rules.cap)


def moved(
    day: date, amount: Decimal, until: date, sums: DaySums, rules: CreditPolicy, opened_on: date
) -> Iterator[Move]:
    """The limit's way from the day it was last worked out to `until`: a move a day, and one within the first if due.

    `sums` must reach back to the window of `day`.
    """
    current = limit_on(day, sums, rules, opened_on)
    if current != amount:
        yield Move(day, current, amount, ({"what": "worked_out_anew", "amount": str(current - amount)},))
    while day < until:
        day += _DAY
        before, current = current, limit_on(day, sums, rules, opened_on)
        yield Move(day, current, before, tuple(_why(day, current - before, sums, rules)))


def _why(day: date, change: Decimal, sums: DaySums, rules: CreditPolicy) -> Iterator[Mapping[str, Any]]:
    first, last = window(day, rules)
    came, fell = net(sums.get(last, {}), rules), net(sums.get(first - _DAY, {}), rules)
    if came:
        yield {"what": "came_in", "day": str(last), "amount": str(came)}
    if fell:
        yield {"what": "fell_out", "day": str(first - _DAY), "amount": str(-fell)}
    if change != came - fell:
        yield {"what": "bounds", "amount": str(change - came + fell)}
