"""Terms: counted on the Chinese calendar, paused with credit, explained; no pause or closing day brings one forward."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from policy.calendar import HOURS, WEEK, ZONE, Calendar, NeverWorked, Overlay, Year, civil, spans_of
from policy.terms import Due, Pause, Term, Unit, merged, reckon
from pydantic import BaseModel, ValidationError

NATIONAL = Calendar()


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


def due(term: str, since: str, *pauses: tuple[str, str | None], calendar: Calendar = NATIONAL) -> str:
    found = reckon(
        Term.parse(term), local(since), calendar, [Pause(local(a), None if b is None else local(b)) for a, b in pauses]
    )
    return "paused" if found.at is None else f"{found.at.astimezone(ZONE):%Y-%m-%d %H:%M}"


@pytest.mark.parametrize(
    ("term", "since", "until"),
    [
        # the oracle: 02-14 is a working Saturday, 02-15 to 02-23 are off
        ("5 working days", "2026-02-13 17:50", "2026-02-27 18:00"),
        ("1 working day", "2026-02-13 17:50", "2026-02-14 18:00"),
        ("1 working day", "2026-02-14 09:00", "2026-02-24 18:00"),
        ("2 working days", "2026-03-02 00:00", "2026-03-04 18:00"),
        ("2 working days", "2026-03-01 23:59", "2026-03-03 18:00"),
        # in civil days every day counts, and the last one to its end
        ("3 days", "2026-02-13 17:50", "2026-02-17 00:00"),
        ("7 days", "2026-02-28 08:00", "2026-03-08 00:00"),
        ("24 hours", "2026-02-13 17:50", "2026-02-14 17:50"),
        ("30 minutes", "2026-02-13 23:50", "2026-02-14 00:20"),
        # hours that are worked, over a lunch break and a weekend
        ("4 working hours", "2026-03-06 11:00", "2026-03-06 16:30"),
        ("4 working hours", "2026-03-06 17:00", "2026-03-09 12:00"),
        ("3 working hours", "2026-03-07 12:00", "2026-03-09 12:00"),
        ("month end", "2026-02-13 17:50", "2026-03-01 00:00"),
        ("month end", "2026-12-31 23:59", "2027-01-01 00:00"),
        ("by the 10th", "2026-02-10 12:00", "2026-02-11 00:00"),
        ("by the 10th", "2026-02-11 00:00", "2026-03-11 00:00"),
        ("by the 31st", "2026-02-11 00:00", "2026-03-01 00:00"),
    ],
)
def test_a_term_ends_where_the_rules_say(term: str, since: str, until: str) -> None:
    assert due(term, since) == until


@pytest.mark.parametrize(
    "bad", ["", "0 days", "2 weeks", "-1 days", "99999 days", "by the 32nd", "by the 0th", "1.5 days"]
)
def test_what_is_no_term_is_refused_with_the_ways_to_write_one(bad: str) -> None:
    with pytest.raises(ValueError):
        Term.parse(bad)


TERMS = st.one_of(
    st.builds(Term, st.sampled_from([Unit.MINUTES, Unit.HOURS, Unit.DAYS, Unit.WORKING_HOURS, Unit.WORKING_DAYS]),
              st.integers(1, 30)),
    st.just(Term(Unit.MONTH_END)),
    st.builds(Term, st.just(Unit.BY_THE), st.integers(1, 31)),
)  # fmt: skip
INSTANTS = st.integers(0, 900 * 24 * 60).map(
    lambda minutes: datetime(2025, 1, 1, tzinfo=UTC) + timedelta(0, 60 * minutes)
)
MOMENTS = st.integers(-3 * 24 * 60, 40 * 24 * 60)
PAUSES = st.lists(st.tuples(MOMENTS, st.integers(1, 5 * 24 * 60)), max_size=5)
DAYS = st.dates(date(2025, 1, 1), date(2027, 12, 31))
WEEKS = st.sampled_from([
    WEEK,
    (HOURS,) * 7,
    (spans_of(["08:00-12:00", "14:00-20:00"]),) * 4 + (spans_of(["08:00-12:00"]),) + (spans_of(["10:00-11:00"]), ()),
    ((), (), (), spans_of(["00:00-24:00"]), (), (), ()),
])  # fmt: skip
OVERLAYS = st.builds(Overlay, WEEKS, st.frozensets(DAYS, max_size=6), st.frozensets(DAYS, max_size=3))


def stretches(since: datetime, drawn: list[tuple[int, int]]) -> list[Pause]:
    begins = [(since + timedelta(minutes=begin), timedelta(minutes=length)) for begin, length in drawn]
    return [Pause(begin, begin + length) for begin, length in begins]


@given(TERMS)
def test_a_term_reads_back_as_it_is_written(term: Term) -> None:
    assert Term.parse(str(term)) == term
    assert term.zh


@given(TERMS, INSTANTS, PAUSES, OVERLAYS)
def test_what_explains_a_due_date_recomputes_it(
    term: Term, since: datetime, drawn: list[tuple[int, int]], overlay: Overlay
) -> None:
    calendar = Calendar(overlay=overlay)
    found = reckon(term, since, calendar, stretches(since, drawn))
    assert found.at is not None
    again = reckon(Term.parse(str(found.term)), found.since, calendar, found.pauses)
    assert again == found
    if term.unit is Unit.WORKING_DAYS and not found.credit:
        # counted on the fingers: the days after day 0 that are worked
        day, left = civil(since), term.amount
        while left:
            day += timedelta(days=1)
            left -= calendar.day(day).works
        assert civil(found.at - timedelta(microseconds=1)) == day
    for language in ("en", "zh"):
        assert found.why(["P04.9"], language=language)


@given(TERMS, INSTANTS, PAUSES, st.tuples(MOMENTS, st.integers(1, 5 * 24 * 60)), OVERLAYS)
def test_pausing_and_resuming_never_shortens(
    term: Term, since: datetime, drawn: list[tuple[int, int]], more: tuple[int, int], overlay: Overlay
) -> None:
    calendar = Calendar(overlay=overlay)
    before = reckon(term, since, calendar, stretches(since, drawn)).at
    after = reckon(term, since, calendar, stretches(since, [*drawn, more])).at
    assert before is not None
    assert after is not None
    assert after >= before


@given(TERMS, INSTANTS, PAUSES, OVERLAYS, st.integers(0, 45))
def test_a_closing_day_never_brings_a_due_date_forward(
    term: Term, since: datetime, drawn: list[tuple[int, int]], overlay: Overlay, ahead: int
) -> None:
    closing = civil(since) + timedelta(days=ahead)
    closed = replace(overlay, closed=overlay.closed | {closing})
    before = reckon(term, since, Calendar(overlay=overlay), stretches(since, drawn)).at
    after = reckon(term, since, Calendar(overlay=closed), stretches(since, drawn)).at
    assert before is not None
    assert after is not None
    assert after >= before


@given(TERMS, INSTANTS, st.integers(0, 40 * 24 * 60), st.integers(1, 24 * 60))
def test_a_pause_that_goes_on_has_no_due_date_until_it_ends(
    term: Term, since: datetime, begin: int, length: int
) -> None:
    bare = reckon(term, since, NATIONAL).at
    assert bare is not None
    at = since + timedelta(minutes=begin)
    assert (reckon(term, since, NATIONAL, [Pause(at, None)]).at is None) == (at < bare)
    ended = reckon(term, since, NATIONAL, [Pause(at, at + timedelta(minutes=length))]).at
    assert ended is not None
    assert ended >= bare


def test_a_pause_gives_back_what_it_took() -> None:
    monday = "2026-03-02 09:15"
    assert due("2 working days", monday) == "2026-03-04 18:00"
    # 14:00 to 18:00 is four of the seven and a half hours of a day
    assert due("2 working days", monday, ("2026-03-03 14:00", "2026-03-03 18:00")) == "2026-03-05 14:30"
    # a night takes nothing
    assert due("2 working days", monday, ("2026-03-03 18:00", "2026-03-04 09:00")) == "2026-03-04 18:00"
    # day 0 is not counted, so a pause in it gives nothing back
    assert due("2 working days", monday, ("2026-03-02 10:00", "2026-03-02 18:00")) == "2026-03-04 18:00"
    # a whole working day is one day
    assert due("2 working days", monday, ("2026-03-03 00:00", "2026-03-04 00:00")) == "2026-03-05 18:00"
    assert due("24 hours", monday, ("2026-03-02 10:15", "2026-03-02 14:15")) == "2026-03-03 13:15"
    assert due("24 hours", monday, ("2026-03-02 10:15", None)) == "paused"
    assert due("24 hours", monday, ("2026-03-04 10:15", None)) == "2026-03-03 09:15"


def test_overlapping_pauses_count_once() -> None:
    def pause(begin: int, end: int | None) -> Pause:
        return Pause(datetime(2026, 3, begin, tzinfo=UTC), None if end is None else datetime(2026, 3, end, tzinfo=UTC))

    assert merged([pause(5, 7), pause(1, 3), pause(2, 4), pause(7, 8)]) == (pause(1, 4), pause(5, 8))
    assert merged([pause(1, None), pause(2, 3)]) == (pause(1, None),)
    assert merged([pause(1, 3), pause(2, None)]) == (pause(1, None),)


def test_it_says_why_in_both_languages() -> None:
    found = reckon(Term.parse("5 working days"), local("2026-02-13 17:50"), NATIONAL)
    assert found.why(["P01.3"]) == (
        "5 working days from 2026-02-13 17:50, because P01.3, calendar 2026, off 02-15…02-23 春节, "
        "worked 02-14 春节: until 2026-02-27 18:00"
    )
    assert found.why(["P01.3"], language="zh") == (
        "自 2026-02-13 17:50 起 5 个工作日，依据 P01.3，按 2026 年日历，放假 02-15…02-23 春节，"
        "调休上班 02-14 春节：截止 2026-02-27 18:00"
    )
    paused = reckon(
        Term.parse("2 working days"),
        local("2026-03-02 09:15"),
        NATIONAL,
        [Pause(local("2026-03-03 14:00"), local("2026-03-03 18:00"))],
    )
    assert paused.why(["P04.9"]) == (
        "2 working days from 2026-03-02 09:15, because P04.9, calendar 2026, 4 h pause: until 2026-03-05 14:30"
    )
    waiting = reckon(
        Term.parse("7 days"), local("2026-03-02 09:15"), NATIONAL, [Pause(local("2026-03-04 09:00"), None)]
    )
    assert waiting.why().endswith("paused, it goes on when the pause ends")


def test_what_starts_on_one_day_ends_together_and_each_says_its_own_start() -> None:
    term, morning, noon = Term.parse("2 working days"), local("2026-03-02 09:15"), local("2026-03-02 12:30")
    first, second = reckon(term, morning, NATIONAL), reckon(term, noon, NATIONAL)
    assert (first.since, second.since, first.at) == (morning, noon, second.at)
    assert second.why().startswith("2 working days from 2026-03-02 12:30")


def test_a_year_without_a_decree_is_provisional_and_a_decree_replans() -> None:
    term, since = Term.parse("3 working days"), local("2027-02-05 10:00")
    guessed = reckon(term, since, NATIONAL)
    assert guessed.provisional == (2027,)
    assert "provisional" in guessed.why()
    assert "暂定" in guessed.why(language="zh")
    rows = [{"date": f"2027-02-{day:02}", "off": True, "name": "春节"} for day in range(5, 13)]
    rows.append({"date": "2027-02-13", "off": False, "name": "春节"})
    decree = Year.of_rows(2027, rows, published=True, source="国务院办公厅")
    found = reckon(term, since, Calendar({2027: decree}))
    assert found.provisional == ()
    assert due_day(found) == date(2027, 2, 16)
    assert decree.rows() == rows


def due_day(found: Due) -> date:
    assert found.at is not None
    return civil(found.at - timedelta(microseconds=1))


def test_a_branch_closes_opens_and_has_hours_of_its_own() -> None:
    late = Overlay(
        week=(spans_of(["10:00-14:00", "15:00-21:00"]),) * 7,
        closed=frozenset({date(2026, 3, 4)}),
        opened=frozenset({date(2026, 2, 17)}),
    )
    branch = Calendar(overlay=late)
    assert due("2 working days", "2026-03-02 09:00", calendar=branch) == "2026-03-05 21:00"
    assert due("1 working day", "2026-02-16 09:00", calendar=branch) == "2026-02-17 21:00"
    # a branch open on Sundays counts them, except where the decree says off
    assert due("1 working day", "2026-03-07 09:00", calendar=branch) == "2026-03-08 21:00"


def test_a_calendar_without_working_time_says_so_instead_of_counting_for_ever() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Overlay(week=((),) * 7)
    years = {
        year: Year.of_rows(
            year,
            [
                {"date": str(date(year, 1, 1) + timedelta(days=n)), "off": True, "name": "停"}
                for n in range(366 if year % 4 == 0 else 365)
            ],
            published=True,
            source="test",
        )
        for year in range(2026, 2038)
    }
    with pytest.raises(NeverWorked):
        due("1 working day", "2026-01-05 09:00", calendar=Calendar(years))


@pytest.mark.parametrize("bad", ["9-12", "09:00", "09:60-10:00", "12:00-09:00", "09:00-25:00"])
def test_hours_that_are_none_are_refused(bad: str) -> None:
    with pytest.raises(ValueError):
        Overlay(week=(spans_of([bad]),) * 7)


def test_a_term_is_a_field_like_any_other() -> None:
    class Rule(BaseModel):
        within: Term

    rule = Rule.model_validate_json('{"within": "2 working days"}')
    assert rule == Rule(within=Term(Unit.WORKING_DAYS, 2))
    assert rule.model_dump_json() == '{"within":"2 working days"}'
    with pytest.raises(ValidationError, match="a term is written"):
        Rule.model_validate({"within": "soon"})
