"""What a case counts as in a period: by the times of its facts; and the balance that follows."""

from __future__ import annotations

from datetime import date, datetime
from itertools import pairwise, product

import pytest
from complaint.reports.counting import Counted, Fact, Known, counted, stand_at
from complaint.reports.period import Period, PeriodKind
from policy.calendar import ZONE

FEBRUARY = Period(PeriodKind.MONTH, date(2026, 2, 1))
MARCH = FEBRUARY.following
JUDGED = {"founded": True, "matter": "efficiency", "demands": ["exchange", "damages"], "claimant": "agent"}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


def case(taken: str, *facts: tuple[str, str, dict[str, object]], **more: object) -> Known:
    return Known("phone", "东风日产", at(taken), [Fact(kind, at(when), said) for when, kind, said in facts], **more)  # type: ignore[arg-type]


def tags(known: Known, period: Period, **more: object) -> set[str]:
    found = counted(known, period, **more)  # type: ignore[arg-type]
    return set() if found is None else set(found.tags)


@pytest.mark.rule("P17.10")
def test_a_period_is_a_civil_month_or_a_week_from_monday() -> None:
    assert (MARCH.name, MARCH.before, MARCH.following.first) == ("2026-03", FEBRUARY, date(2026, 4, 1))
    assert MARCH.begins == at("2026-03-01 00:00")
    week = Period.of(PeriodKind.WEEK, at("2026-01-01 00:00"))
    assert (week.first, week.name, week.following.name) == (date(2025, 12, 29), "2026-W01", "2026-W02")
    assert Period.of(PeriodKind.MONTH, at("2026-02-28 23:59")) == FEBRUARY
    assert Period(PeriodKind.MONTH, date(2025, 12, 1)).following.first == date(2026, 1, 1)


@pytest.mark.rule("P12.9")
@pytest.mark.rule("P17.10")
def test_only_facts_from_before_the_end_count_so_that_a_later_count_is_the_same() -> None:
    until_march = [
        ("2026-02-20 10:00", "judgement", {**JUDGED, "counts": True}),
        ("2026-02-21 10:00", "handed_over", {"department": "quality", "level": "normal"}),
        ("2026-02-27 10:00", "answer", {"way": "oral"}),
    ]
    later = [
        ("2026-03-01 00:00", "reaction", {"accepted": False}),
        ("2026-03-03 10:00", "reopened", {}),
        ("2026-03-20 10:00", "call_back", {"satisfaction": 4}),
        ("2026-03-21 10:00", "closed", {}),
    ]
    first, second = case("2026-02-19 09:00", *until_march), case("2026-02-19 09:00", *until_march, *later)
    assert counted(first, FEBRUARY) == counted(second, FEBRUARY)
    assert tags(second, FEBRUARY) == {
        "taken", "taken.channel=phone", "taken.brand=东风日产", "taken.matter=efficiency", "taken.demand=damages",
        "taken.demand=exchange", "taken.claimant=agent", "taken.judgement=founded", "taken.department=quality",
        "taken.level=normal", "taken.serious=no", "open", "open.state=answered", "open.department=quality",
    }  # fmt: skip
    assert tags(second, MARCH) == {
        "opening", "closed", "closed.within=30_days", "closed.judgement=founded", "closed.reaction=unset",
        "closed.satisfaction=4", "called_back", "called_back.satisfaction=4",
    }  # fmt: skip
    assert tags(second, MARCH.following) == set()
    assert tags(second, FEBRUARY.before) == set() or second.taken_at >= FEBRUARY.begins


def test_a_judgement_that_waits_for_approval_does_not_count_yet() -> None:
    known = case(
        "2026-02-19 09:00",
        ("2026-02-20 10:00", "judgement", {**JUDGED, "counts": False}),
        ("2026-03-02 10:00", "judgement_approved", JUDGED),
    )
    assert stand_at(known, FEBRUARY.ends).state == "taken"
    assert {"open.state=taken", "taken.judgement=unset"} <= tags(known, FEBRUARY)
    assert stand_at(known, MARCH.ends).judgement == "founded"


@pytest.mark.rule("P12.9")
def test_what_becomes_known_after_the_freezing_is_a_correction_of_the_next_report() -> None:
    imported = case(
        "2026-02-10 09:00", ("2026-03-05 10:00", "imported", {"closed_at": at("2026-02-12 10:00").isoformat()})
    )
    assert "late" not in tags(imported, MARCH)
    assert tags(imported, MARCH, late=True) == {"late", "late.period=2026-02"}
    open_one = case("2026-02-10 09:00", ("2026-03-05 10:00", "imported", {"closed_at": None}))
    assert {"late", "late.open", "open"} <= tags(open_one, MARCH, late=True)
    assert "opening" not in tags(open_one, MARCH, late=True)
    before = {
        "judgement": "unfounded",
        "level": None,
        "department": "quality",
        "matter": "product",
        "serious": ["repeat"],
    }
    changed = case(
        "2026-02-10 09:00",
        ("2026-02-11 10:00", "handed_over", {"department": "quality", "level": "normal"}),
        ("2026-03-03 10:00", "reopened", {}),
    )
    assert {
        "changed",
        "changed.judgement=unfounded→founded",
        "changed.serious=yes→no",
        "changed.matter=product→unset",
    } <= (tags(changed, MARCH, earlier=before))
    assert not any(
        tag.startswith(("changed.level", "changed.department")) for tag in tags(changed, MARCH, earlier=before)
    )


def test_marks_count_by_their_times_and_overruled_ones_no_longer() -> None:
    marks = [
        {"kinds": ["repeat", "blocked_door"], "by": "person", "at": at("2026-02-10 10:00").isoformat()},
        {"kinds": ["repeat"], "overruled_by": "clerk", "at": at("2026-03-10 10:00").isoformat()},
    ]
    known = case("2026-02-10 09:00", marks=marks)
    assert {"serious", "serious.kind=repeat", "serious.kind=blocked_door", "open.serious"} <= tags(known, FEBRUARY)
    assert "serious" not in tags(known, MARCH)
    assert stand_at(known, MARCH.ends).serious == {"blocked_door"}


@pytest.mark.rule("P12.9")
def test_every_way_through_two_months_balances() -> None:
    """Opening + late + taken + returned − closed = open, for a case of any two closings and reopenings."""
    days = [f"2026-0{month}-{day:02} 10:00" for month in (1, 2, 3) for day in (5, 25)]
    for taken, ends in product(days, product([None, *days], repeat=3)):
        events = [one for one in ends if one is not None]
        if any(later <= earlier for earlier, later in pairwise([taken, *events])):
            continue
        kinds = ("closed", "reopened", "closed")
        known = case(taken, *[(when, kind, {}) for when, kind in zip(events, kinds, strict=False)])
        for period in (FEBRUARY, MARCH):
            found = tags(known, period)
            came = len(found & {"opening", "late.open", "taken", "returned"})
            assert came - len(found & {"closed"}) == len(found & {"open"}), (taken, ends, period, found)


@pytest.mark.rule("P12.9")
def test_a_merged_case_is_counted_in_the_survivor_alone_and_leaves_the_open_ones_where_it_was_counted() -> None:
    at_once = case("2026-02-10 09:00", merged_at=at("2026-02-11 10:00"))
    later = case("2026-02-10 09:00", merged_at=at("2026-03-11 10:00"))
    assert tags(at_once, FEBRUARY) == set()
    assert {"taken", "open"} <= tags(later, FEBRUARY)
    told = counted(later, FEBRUARY)
    assert told is not None
    assert tags(later, MARCH, earlier=told.about) == {"opening", "merged"}
    assert tags(later, MARCH, earlier=told.about, missed=["answer"]) == {"opening", "merged", "term.missed=answer"}
    assert tags(later, MARCH) == set(), "no report has counted it before"
    gone = counted(later, MARCH, earlier=told.about, missed=["answer"])
    assert gone is not None
    assert tags(later, MARCH.following, earlier=gone.about) == set(), "it leaves once"


@pytest.mark.rule("P12.9")
def test_what_was_closed_when_it_was_counted_last_leaves_no_open_ones_by_a_merge() -> None:
    known = case("2026-02-10 09:00", ("2026-02-20 10:00", "closed", {}), merged_at=at("2026-03-11 10:00"))
    told = counted(known, FEBRUARY)
    assert told is not None
    assert tags(known, MARCH, earlier=told.about) == set()


def test_the_terms_are_counted_by_duty() -> None:
    known = case("2026-02-10 09:00")
    assert {"term.met=judge", "term.missed=answer"} <= tags(known, FEBRUARY, met=["judge"], missed=["answer"])
    closed = case("2025-11-10 09:00", ("2025-12-01 10:00", "closed", {}))
    assert counted(closed, FEBRUARY, missed=["penalise"]) == Counted(
        ["term.missed=penalise"],
        {"judgement": None, "level": None, "department": None, "matter": None, "serious": [], "open": False},
    )
