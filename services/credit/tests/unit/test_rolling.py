"""The rolling limit: thirty civil days before, the day itself not counted, net of what came back (P11.2, P11.3)."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from credit.limit.rolling import DaySums, limit_on, limits_after, moved, window
from credit.policy import CreditPolicy
from hypothesis import given
from hypothesis import strategies as st

DAY = date(2026, 3, 31)
LONG_AGO = date(2020, 1, 1)
KINDS = ("invoiced", "shipped", "returned", "credited", "returned_invoiced", "credited_invoiced", "received")


def rules(**values: Any) -> CreditPolicy:
    return CreditPolicy.model_validate(values)


def limit(sums: DaySums, day: date = DAY, opened: date = LONG_AGO, **values: Any) -> Decimal:
    return limit_on(day, sums, rules(**values), opened)


def shipped(*days: tuple[date, str]) -> DaySums:
    return {day: {"shipped": Decimal(amount)} for day, amount in days}


@pytest.mark.rule("P11.2")
def test_the_thirty_days_before_count_and_the_day_itself_does_not() -> None:
    assert window(DAY, rules()) == (date(2026, 3, 1), date(2026, 3, 30))
    sums = shipped((date(2026, 2, 28), "1.00"), (date(2026, 3, 1), "10.00"), (date(2026, 3, 30), "100.00"))
    assert limit(sums | shipped((DAY, "1000.00"))) == Decimal("110.00")


@pytest.mark.rule("P11.2")
def test_what_came_back_or_was_credited_counts_against_it_and_never_below_zero() -> None:
    sums: DaySums = {date(2026, 3, 5): {"shipped": Decimal(90), "returned": Decimal(30), "credited": Decimal(5)}}
    assert limit(sums) == Decimal(55)
    assert limit(sums, net_of=("returned",)) == Decimal(60)
    assert limit(sums, net_of=()) == Decimal(90)
    assert limit({date(2026, 3, 5): {"returned": Decimal(30)}}) == 0
    # each basis nets its own day
    sums = {date(2026, 3, 5): {"invoiced": Decimal(90), "credited_invoiced": Decimal(5), "credited": Decimal(7)}}
    assert limit(sums, basis="invoiced") == Decimal(85)
    assert limit({date(2026, 3, 5): {"shipped": Decimal(90), "credited_invoiced": Decimal(5)}}) == Decimal(90)


@pytest.mark.rule("P11.2")
@pytest.mark.rule("P11.4")
def test_without_goods_there_is_no_limit_but_for_what_policy_gives_at_the_start() -> None:
    assert limit({}) == 0
    assert limit({}, opened=DAY - timedelta(days=30), opening_limit="500.00") == 500
    assert limit({}, opened=DAY - timedelta(days=31), opening_limit="500.00") == 0
    assert limit(shipped((date(2026, 3, 5), "900.00")), opened=DAY, opening_limit="500.00") == 900


@pytest.mark.rule("P11.2")
def test_policy_sets_basis_window_and_cap() -> None:
    sums: DaySums = {
        date(2026, 3, 20): {"invoiced": Decimal(7), "shipped": Decimal(5), "received": Decimal(3)},
        DAY: {"invoiced": Decimal(70), "shipped": Decimal(50), "received": Decimal(30)},
    }
    assert [limit(sums, basis=basis) for basis in ("invoiced", "shipped", "received")] == [7, 5, 3]
    assert limit(sums, day_included=True) == 55
    assert limit(sums, window_days=10) == 0
    assert limit(sums, window_days=11) == 5
    assert limit(sums, cap="4.50") == Decimal("4.50")


amounts = st.integers(0, 100_000).map(lambda cents: Decimal(cents) / 100)
days = st.integers(0, 60).map(lambda n: DAY - timedelta(days=n))
histories = st.dictionaries(days, st.dictionaries(st.sampled_from(KINDS), amounts), max_size=20)


@pytest.mark.rule("P11.3")
@given(histories, st.integers(0, 40), st.booleans())
def test_every_night_says_to_the_cent_why_the_limit_moved(sums: DaySums, nights: int, included: bool) -> None:
    policy = rules(day_included=included, cap="1500.00")
    since = DAY - timedelta(days=nights)
    moves = list(moved(since, Decimal("0.00"), DAY, sums, policy, LONG_AGO))
    current = Decimal(0)
    for move in moves:
        assert move.before == current
        current += sum((Decimal(reason["amount"]) for reason in move.why), Decimal(0))
        assert move.amount == current == limit_on(move.day, sums, policy, LONG_AGO)
    assert current == limit_on(DAY, sums, policy, LONG_AGO)


@pytest.mark.rule("P11.3")
@given(histories, st.integers(0, 40), st.booleans())
def test_the_days_to_come_are_told_as_each_will_find_them(sums: DaySums, ago: int, included: bool) -> None:
    policy = rules(day_included=included, cap="1500.00", opening_limit="300.00")
    opened = DAY - timedelta(days=ago)
    told = list(limits_after(DAY - timedelta(days=10), 20, sums, policy, opened))
    coming = [DAY + timedelta(days=n) for n in range(-9, 11)]
    assert told == [(day, limit_on(day, sums, policy, opened)) for day in coming]


@pytest.mark.rule("P11.3")
@given(histories, st.integers(1, 30))
def test_many_nights_at_once_come_to_the_same_as_one_by_one(sums: DaySums, nights: int) -> None:
    policy = rules()
    since = DAY - timedelta(days=nights)
    start = limit_on(since, sums, policy, LONG_AGO)
    at_once = list(moved(since, start, DAY, sums, policy, LONG_AGO))
    singly, current = [], start
    for n in range(nights):
        day = since + timedelta(days=n)
        (move,) = moved(day, current, day + timedelta(days=1), sums, policy, LONG_AGO)
        singly.append(move)
        current = move.amount
    assert at_once == singly


@pytest.mark.rule("P11.2")
@given(
    st.lists(st.tuples(st.integers(1, 60), st.integers(1, 10_000)), max_size=15),
    st.integers(0, 600_000),
)
def test_being_within_it_is_to_owe_nothing_older_than_thirty_days(bought: list[tuple[int, int]], paid: int) -> None:
    """Reading A34: with oldest-first allocation the limit says just this."""
    invoices = sorted(((DAY - timedelta(days=ago), Decimal(cents) / 100) for ago, cents in bought), key=lambda i: i[0])
    sums: DaySums = {}
    for day, amount in invoices:
        sums.setdefault(day, {"shipped": Decimal(0)})["shipped"] += amount
    left = min(Decimal(paid) / 100, sum((amount for _, amount in invoices), Decimal(0)))
    balance = sum((amount for _, amount in invoices), Decimal(0)) - left
    old_open = Decimal(0)
    for day, amount in invoices:
        part = min(amount, left)
        left -= part
        if day < window(DAY, rules())[0]:
            old_open += amount - part
    assert (balance <= limit(sums)) == (old_open == 0)
