"""Counting and doubling, repeats and tiers; and a ledger that grows to the same balance in whatever order."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from contracts.staff import BreachStanding
from hypothesis import given
from hypothesis import strategies as st
from staff.conduct.ledger import Because, Entry, settle, standing_of
from staff.conduct.model import Breach, BreachState
from staff.conduct.reckoning import derive
from staff.conduct.tariff import NOTHING, Cost

from .conduct_cases import breach

KINDS = (
    "after_sales_file_late",
    "contact_not_verified",
    "staff_signature_missing",
    "new_car_file_late",
    "file_lost",
    "not_corrected",
    "misconduct_1",
    "misconduct_2",
    "misconduct_4",
)


def fines(*breaches: Breach) -> list[int]:
    found = derive(breaches)
    return [int(found[one.id].cost.fine) for one in breaches]


@pytest.mark.rule("P13.8")
def test_an_advisers_fine_is_doubled_from_the_third_breach_of_the_civil_month() -> None:
    four = [breach(n=n, hours=n) for n in range(4)]
    assert fines(*four) == [50, 50, 100, 100]
    assert [derive(four)[one.id].nth for one in four] == [1, 2, 3, 4]


@pytest.mark.rule("P13.8")
def test_a_consultants_fine_is_doubled_from_the_second() -> None:
    assert fines(*[breach("new_car_file_late", n=n, hours=n) for n in range(3)]) == [50, 100, 100]


@pytest.mark.rule("P13.8")
def test_the_month_ends_at_midnight_in_shanghai() -> None:
    # 2026-03-31 23:30 and 2026-04-01 00:30 there, both on the 31st by UTC
    last = [
        breach("new_car_file_late", n=1, hours=24 * 29 + 14.5),
        breach("new_car_file_late", n=2, hours=24 * 29 + 15.5),
    ]
    assert fines(*last) == [50, 50]


@pytest.mark.rule("P13.8")
def test_it_is_the_order_of_decision_that_counts_and_then_the_id() -> None:
    early, late = breach("new_car_file_late", n=1, hours=1), breach("new_car_file_late", n=2, hours=5)
    assert fines(late, early) == [100, 50]
    same = sorted((breach("new_car_file_late", n=n) for n in range(2)), key=lambda one: one.id)
    assert fines(*same) == [50, 100]


@pytest.mark.rule("P13.9")
def test_an_order_not_followed_costs_the_same_again_and_counts() -> None:
    first = breach("new_car_file_late", n=1, subject="car-1")
    again = breach("not_corrected", n=2, hours=24, subject="car-1")
    third = breach("new_car_file_late", n=3, hours=48)
    assert fines(first, again, third) == [50, 50, 100]


@pytest.mark.rule("P13.9")
def test_the_repeat_of_a_doubled_fine_is_the_same_amount_not_doubled_again() -> None:
    two = [breach("new_car_file_late", n=n, hours=n) for n in (1, 2)]
    again = breach("new_car_file_late", n=3, hours=30, repeats=two[1].id)
    once_more = breach("not_corrected", n=4, hours=60, repeats=again.id)
    assert fines(*two, again, once_more) == [50, 100, 100, 100]


@pytest.mark.rule("P13.9")
def test_when_the_order_falls_what_repeats_it_falls_and_counts_no_more() -> None:
    first = breach("new_car_file_late", n=1, subject="car-1", state=BreachState.WITHDRAWN)
    again = breach("not_corrected", n=2, hours=24, subject="car-1")
    later = breach("new_car_file_late", n=3, hours=48)
    found = derive([first, again, later])
    assert fines(first, again, later) == [0, 0, 50]
    assert found[again.id].standing is BreachStanding.WITHDRAWN


@pytest.mark.rule("P04.11")
def test_of_one_case_only_the_highest_tier_counts_and_each_case_by_itself() -> None:
    case = [breach(f"misconduct_{tier}", n=tier, hours=tier, subject="case-1") for tier in (2, 3, 4)]
    other = breach("misconduct_2", n=9, subject="case-2")
    found = derive([*case, other])
    assert fines(*case, other) == [0, 0, 1000, 200]
    assert [found[one.id].standing for one in case[:2]] == [BreachStanding.COVERED] * 2
    assert found[case[0].id].because_of == case[2].id


@pytest.mark.rule("P04.11")
def test_a_gravest_tier_covers_the_others_only_once_it_is_decided() -> None:
    lower, gravest = breach("misconduct_4", n=4, subject="case-1"), breach("misconduct_5", n=5, subject="case-1")
    assert fines(lower, gravest) == [1000, 0]
    ruling = {
        "fine": {"amount": "3000.00", "currency": "CNY"}, "share": {"amount": "0.00", "currency": "CNY"}, "points": 20,
        "performance_pay": 100, "sanction": None, "company_notice": True,
    }  # fmt: skip
    gravest.decide(ruling)
    assert fines(lower, gravest) == [0, 3000]


@pytest.mark.rule("P13.8")
def test_performance_pay_goes_only_while_the_fine_is_doubled() -> None:
    three = [breach(n=n, hours=n) for n in range(3)]
    three[2].cut_pay(20, "director-1", three[2].decided_at)
    assert derive(three)[three[2].id].cost.performance_pay == 20
    three[0].withdraw()
    assert derive(three)[three[2].id].cost == Cost(fine=Decimal(50))


# -- whatever arrives in whatever order ----------------------------------------------------------

HOURS = st.integers(0, 24 * 80)


@st.composite
def histories(draw: st.DrawFn) -> list[Breach]:
    """Breaches of one person over three months, some of them about the same files, some withdrawn."""
    made: list[Breach] = []
    for n in range(draw(st.integers(1, 9))):
        repeats = draw(st.sampled_from([None, *[one.id for one in made]])) if draw(st.booleans()) else None
        made.append(
            breach(
                draw(st.sampled_from(KINDS)),
                n=n,
                hours=draw(HOURS),
                subject=f"file-{draw(st.integers(1, 3))}",
                repeats=repeats,
                state=draw(st.sampled_from([None, None, None, BreachState.WITHDRAWN])),
            )
        )
    return made


def booked(arrivals: Sequence[Breach]) -> list[Entry]:
    """The ledger after these breaches have come one by one."""
    entries: list[Entry] = []
    for n in range(1, len(arrivals) + 1):
        wanted = derive(arrivals[:n])
        standing = standing_of(entries)
        for one in arrivals[:n]:
            entries += settle(one.id, standing.get(one.id), wanted[one.id], Because.RECOUNTED, uuid4)
    return entries


def balance(entries: Sequence[Entry]) -> dict[UUID, tuple[Decimal, Decimal, int, int]]:
    """Entries and counter-entries of each breach added up."""
    sums: dict[UUID, tuple[Decimal, Decimal, int, int]] = {}
    for entry in entries:
        fine, share, points, pay = sums.get(entry.breach_id, (Decimal(0), Decimal(0), 0, 0))
        cost = entry.cost
        sums[entry.breach_id] = (
            fine + cost.fine, share + cost.share, points + cost.points, pay + cost.performance_pay,
        )  # fmt: skip
    return sums


@pytest.mark.rule("P13.8")
@given(history=histories(), seed=st.integers())
def test_entries_and_counter_entries_add_up_to_a_fresh_reckoning_in_whatever_order(
    history: list[Breach], seed: int
) -> None:
    shuffled = random.Random(seed).sample(history, len(history))
    sums = balance(booked(shuffled))
    for one in history:
        cost = derive(history)[one.id].cost
        assert sums.get(one.id, (0, 0, 0, 0)) == (cost.fine, cost.share, cost.points, cost.performance_pay)


@given(history=histories(), seed=st.integers())
def test_what_is_in_the_ledger_is_taken_back_at_most_once_and_to_the_cent(history: list[Breach], seed: int) -> None:
    entries = booked(random.Random(seed).sample(history, len(history)))
    by_id = {entry.id: entry for entry in entries}
    counters = [entry for entry in entries if entry.counters is not None]
    assert len({entry.counters for entry in counters}) == len(counters)
    for entry in counters:
        assert entry.counters is not None
        assert replace(by_id[entry.counters].cost, fine=Decimal(0)) == replace(-entry.cost, fine=Decimal(0))
        assert by_id[entry.counters].cost.fine == -entry.cost.fine


@given(history=histories())
def test_a_fine_is_its_single_amount_or_twice_that_and_never_less(history: list[Breach]) -> None:
    found = derive(history)
    for one in history:
        if one.again or found[one.id].standing is not BreachStanding.BOOKED:
            continue
        single = one.terms.cost.fine
        assert found[one.id].cost.fine == (2 * single if found[one.id].doubled else single)


@given(history=histories())
def test_a_ledger_in_step_stays_as_it_is(history: list[Breach]) -> None:
    standing = standing_of(booked(history))
    wanted = derive(history)
    for one in history:
        assert settle(one.id, standing.get(one.id), wanted[one.id], Because.RECOUNTED, uuid4) == []
        assert standing.get(one.id) is not None or wanted[one.id].cost == NOTHING
