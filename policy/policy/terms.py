"""Terms: how long something may take, and by when that is, on a calendar, with pauses, explained.

A term is data. It starts at the fact's own time; the day of the start is never counted (day 0). A pause gives back
what it took, in the measure of the term: clock time for hours and civil days, fractions of working days for working
days. So a due date is recomputed from its inputs at any time, and neither a pause nor a closing day brings it forward.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
from typing import Any

from chassis.wrong import Wrong
from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from policy.calendar import ZONE, Calendar, Day, at, civil, midnight

_MICRO = timedelta(microseconds=1)


class Unit(StrEnum):
    """In what a term is counted."""

    MINUTES = "minutes"
    HOURS = "hours"
    DAYS = "days"
    WORKING_HOURS = "working hours"
    WORKING_DAYS = "working days"
    MONTH_END = "month end"
    BY_THE = "by the"


_CHINESE = {
    Unit.MINUTES: "{n} 分钟",
    Unit.HOURS: "{n} 小时",
    Unit.DAYS: "{n} 天",
    Unit.WORKING_HOURS: "{n} 个工作小时",
    Unit.WORKING_DAYS: "{n} 个工作日",
    Unit.MONTH_END: "当月底",
    Unit.BY_THE: "每月 {n} 日前",
}
#: these begin with the next day: the hour of the start does not matter
_BY_DAY = (Unit.DAYS, Unit.WORKING_DAYS)
_COUNTED = re.compile(r"(\d{1,4}) (minute|hour|day|working hour|working day)s?")
_BY_THE = re.compile(r"by the (\d{1,2})(?:st|nd|rd|th)")


@dataclass(frozen=True, slots=True)
class Term:
    """How long: `30 minutes`, `24 hours`, `7 days`, `2 working days`, `4 working hours`, `month end`, `by the 10th`.

    Days (P05.10, P17.9; A23): until the end of the last civil day. Working days (P04.9): until the end of the
    last working hour of the last of them. `by the 10th`: until the end of the next 10th, that of the start
    included; in a shorter month its last day.
    """

    unit: Unit
    amount: int = 0

    @classmethod
    @lru_cache(1024)
    def parse(cls, text: str) -> Term:
        """A term as it is written in a policy; ValueError with the ways to write one."""
        if text == Unit.MONTH_END:
            return cls(Unit.MONTH_END)
        if found := _BY_THE.fullmatch(text):
            if not 1 <= int(found[1]) <= 31:
                raise Wrong.BETWEEN.error("a month has days 1 to 31", limit="1 – 31")
            return cls(Unit.BY_THE, int(found[1]))
        if (found := _COUNTED.fullmatch(text)) and int(found[1]) > 0:
            return cls(Unit(found[2] + "s"), int(found[1]))
        raise Wrong.LIKE.error(
            "a term is written `30 minutes`, `24 hours`, `7 days`, `2 working days`, `4 working hours`, `month end` "
            "or `by the 10th`",
            limit="30 minutes, 24 hours, 7 days, 2 working days, 4 working hours, month end, by the 10th",
        )

    def __str__(self) -> str:
        match self.unit:
            case Unit.MONTH_END:
                return "month end"
            case Unit.BY_THE:
                ending = {1: "st", 2: "nd", 3: "rd"}.get(self.amount if self.amount < 20 else self.amount % 10, "th")
                return f"by the {self.amount}{ending}"
            case unit:
                return f"{self.amount} {unit.value.removesuffix('s') if self.amount == 1 else unit.value}"

    @property
    def zh(self) -> str:
        """The term in Chinese."""
        return _CHINESE[self.unit].format(n=self.amount)

    @property
    def on_working_time(self) -> bool:
        """Whether the calendar decides when it ends."""
        return self.unit in (Unit.WORKING_DAYS, Unit.WORKING_HOURS)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        read = core_schema.no_info_after_validator_function(cls.parse, core_schema.str_schema(max_length=40))
        return core_schema.json_or_python_schema(
            json_schema=read,
            python_schema=core_schema.no_info_plain_validator_function(cls._read),
            serialization=core_schema.plain_serializer_function_ser_schema(str),
        )

    @classmethod
    def _read(cls, value: Any) -> Term:
        if isinstance(value, Term):
            return value
        return cls.parse(value if isinstance(value, str) else "")


@dataclass(frozen=True, slots=True)
class Pause:
    """A stretch in which the term does not run; without an end it is still going on."""

    begin: datetime
    end: datetime | None


@dataclass(frozen=True)
class Due:
    """By when, and what it was reckoned from. `at` is None while a pause goes on.

    `credit` is the clock time of the pauses that counted. `provisional` are years whose holidays are not
    decreed yet. `skipped` are the days off on the way that are not ordinary weekends, `made_up` the days
    worked although it is a weekend.
    """

    at: datetime | None
    term: Term
    since: datetime
    pauses: tuple[Pause, ...]
    credit: timedelta
    provisional: tuple[int, ...] = ()
    skipped: tuple[Day, ...] = ()
    made_up: tuple[Day, ...] = ()

    def why(self, rules: Iterable[str] = (), *, language: str = "en") -> str:
        """The reckoning in words, in English (`en`) or Chinese (`zh`)."""
        return (_why_zh if language == "zh" else _why_en)(self, list(rules))


def reckon(term: Term, since: datetime, calendar: Calendar, pauses: Iterable[Pause] = ()) -> Due:
    """By when a term that started at `since` ends; pauses may overlap, and only what lies after the start counts."""
    found = end_of(term, since, calendar, pauses)
    return found if found.since == since else replace(found, since=since)


def end_of(term: Term, since: datetime, calendar: Calendar, pauses: Iterable[Pause] = ()) -> Due:
    """`reckon`, where only the end is asked for: what it was reckoned from may be another instant of the same day."""
    counted = merged(pauses)
    if not counted and term.unit in _BY_DAY:
        # from one day to another: all that start on this day end at one instant
        key = (term, civil(since))
        return calendar.known.get(key) or calendar.remember(key, _reckon(term, since, calendar, ()))
    return _reckon(term, since, calendar, counted)


def _reckon(term: Term, since: datetime, calendar: Calendar, counted: tuple[Pause, ...]) -> Due:
    axis, origin, amount = _way(term, since.astimezone(UTC), calendar)
    end: datetime | None = axis.forward(origin, amount)
    credit, clock = Fraction(0), timedelta()
    for pause in counted:
        begin = max(pause.begin, origin)
        assert end is not None, "an open pause is the last one"
        if begin >= end:
            break
        if pause.end is None:
            end = None
            break
        if pause.end <= begin:
            continue
        credit += axis.between(begin, pause.end)
        clock += pause.end - begin
        end = axis.forward(origin, amount + credit)
    provisional, skipped, made_up = _days_on_the_way(term, since, end, calendar)
    return Due(end, term, since, counted, clock, provisional, skipped, made_up)


def merged(pauses: Iterable[Pause]) -> tuple[Pause, ...]:
    """The same stretches in order, none overlapping another."""
    if not pauses:
        return ()
    found: list[Pause] = []
    for pause in sorted(pauses, key=lambda p: p.begin):
        last = found[-1] if found else None
        if last is None or (last.end is not None and pause.begin > last.end):
            found.append(pause)
        elif last.end is not None and (pause.end is None or pause.end > last.end):
            found[-1] = Pause(last.begin, pause.end)
    return tuple(found)


# -- ways of counting ----------------------------------------------------------------------------


class _Clock:
    """Counts microseconds of clock time."""

    def forward(self, origin: datetime, amount: Fraction) -> datetime:
        return origin + timedelta(microseconds=-((-amount).__floor__()))

    def between(self, begin: datetime, end: datetime) -> Fraction:
        return Fraction((end - begin) // _MICRO)


class _Working:
    """Counts working time: in microseconds, or in days, where every working day counts as one however long it is."""

    def __init__(self, calendar: Calendar, *, days: bool) -> None:
        self._calendar = calendar
        self._days = days

    def forward(self, origin: datetime, amount: Fraction) -> datetime:
        left = amount + self._gone(origin)
        for day in self._calendar.from_(civil(origin)):
            if not day.works:
                continue
            size = self._size(day)
            if left > size:
                left -= size
                continue
            return _moment(day, left * day.length / size)
        raise AssertionError("the days of a calendar do not end")

    def between(self, begin: datetime, end: datetime) -> Fraction:
        whole = Fraction(0)
        last = civil(end)
        for day in self._calendar.from_(civil(begin)):
            if day.date >= last:
                break
            whole += self._size(day) if day.works else 0
        return whole - self._gone(begin) + self._gone(end)

    def _size(self, day: Day) -> Fraction:
        return Fraction(1) if self._days else Fraction(day.length)

    def _gone(self, instant: datetime) -> Fraction:
        """How much of its day's working time is gone at an instant."""
        day = self._calendar.day(civil(instant))
        if not day.works:
            return Fraction(0)
        gone = 0
        for since, until in day.spans:
            begin = at(day.date, since)
            gone += max(0, min((instant - begin) // _MICRO, (until - since) * 60_000_000))
        return Fraction(gone) * self._size(day) / day.length


def _moment(day: Day, worked: Fraction) -> datetime:
    """When so many microseconds of the day's working time are over; a whole day ends with its last hour."""
    left = -((-worked).__floor__())
    for since, until in day.spans:
        length = (until - since) * 60_000_000
        if left <= length:
            return at(day.date, since) + timedelta(microseconds=left)
        left -= length
    return at(day.date, day.spans[-1][1])


def _way(term: Term, since: datetime, calendar: Calendar) -> tuple[_Clock | _Working, datetime, Fraction]:
    """How a term is counted, from which instant, and how much of it there is."""
    today = civil(since)
    tomorrow = midnight(today + timedelta(days=1))
    match term.unit:
        case Unit.MINUTES:
            return _Clock(), since, Fraction(term.amount * 60_000_000)
        case Unit.HOURS:
            return _Clock(), since, Fraction(term.amount * 3_600_000_000)
        case Unit.DAYS:
            return _Clock(), tomorrow, Fraction(term.amount * 86_400_000_000)
        case Unit.WORKING_HOURS:
            return _Working(calendar, days=False), since, Fraction(term.amount * 3_600_000_000)
        case Unit.WORKING_DAYS:
            return _Working(calendar, days=True), tomorrow, Fraction(term.amount)
        case Unit.MONTH_END:
            until = midnight(_next_month(today))
        case Unit.BY_THE:
            last = _in_month(today, term.amount)
            until = midnight((last if last >= today else _in_month(_next_month(today), term.amount)) + timedelta(1))
    return _Clock(), since, Fraction((until - since) // _MICRO)


def _next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def _in_month(day: date, number: int) -> date:
    last = _next_month(day) - timedelta(days=1)
    return day.replace(day=min(number, last.day))


def _days_on_the_way(
    term: Term, since: datetime, end: datetime | None, calendar: Calendar
) -> tuple[tuple[int, ...], tuple[Day, ...], tuple[Day, ...]]:
    if not term.on_working_time:
        return (), (), ()
    provisional: set[int] = set()
    skipped: list[Day] = []
    made_up: list[Day] = []
    last = civil(end or since)
    for day in calendar.from_(civil(since)):
        if day.date > last:
            break
        if day.provisional:
            provisional.add(day.date.year)
        if day.name is not None:
            (made_up if day.works else skipped).append(day)
    return tuple(sorted(provisional)), tuple(skipped), tuple(made_up)


# -- in words ------------------------------------------------------------------------------------


def _local(instant: datetime) -> str:
    """An instant on the civil clock; midnight is the end of the day before."""
    local = instant.astimezone(ZONE)
    if local.time() == local.min.time():
        return f"{local.date() - timedelta(days=1)} 24:00"
    return f"{local:%Y-%m-%d %H:%M}"


def _length(duration: timedelta) -> tuple[int, int]:
    minutes = round(duration / timedelta(minutes=1))
    return minutes // 60, minutes % 60


def _calendar_years(due: Due) -> str:
    first, last = due.since.astimezone(ZONE).year, (due.at or due.since).astimezone(ZONE).year
    return str(first) if first == last else f"{first}-{last}"


def _why_en(due: Due, rules: list[str]) -> str:
    parts = [f"{due.term} from {_local(due.since)}"]
    if rules:
        parts.append(f"because {', '.join(rules)}")
    if due.term.on_working_time:
        parts.append(f"calendar {_calendar_years(due)}")
    parts += [f"off {_days(due.skipped)}"] if due.skipped else []
    parts += [f"worked {_days(due.made_up)}"] if due.made_up else []
    hours, minutes = _length(due.credit)
    if due.credit:
        parts.append(f"{hours} h {minutes} min pause" if minutes else f"{hours} h pause")
    parts += [f"holidays of {year} not decreed yet: provisional" for year in due.provisional]
    end = f"until {_local(due.at)}" if due.at else "paused, it goes on when the pause ends"
    return f"{', '.join(parts)}: {end}"


def _why_zh(due: Due, rules: list[str]) -> str:
    parts = [f"自 {_local(due.since)} 起 {due.term.zh}"]
    if rules:
        parts.append(f"依据 {'、'.join(rules)}")
    if due.term.on_working_time:
        parts.append(f"按 {_calendar_years(due)} 年日历")
    parts += [f"放假 {_days(due.skipped)}"] if due.skipped else []
    parts += [f"调休上班 {_days(due.made_up)}"] if due.made_up else []
    hours, minutes = _length(due.credit)
    if due.credit:
        parts.append(f"暂停 {hours} 小时 {minutes} 分" if minutes else f"暂停 {hours} 小时")
    parts += [f"{year} 年放假安排尚未公布，暂定" for year in due.provisional]
    end = f"截止 {_local(due.at)}" if due.at else "暂停中，恢复后继续计时"
    return f"{'，'.join(parts)}：{end}"


def _days(days: Sequence[Day]) -> str:
    """Days as month and day with their name, runs of one name drawn together."""
    runs: list[list[Day]] = []
    for day in days:
        last = runs[-1] if runs else None
        if last and last[-1].name == day.name and last[-1].date + timedelta(days=1) == day.date:
            last.append(day)
        else:
            runs.append([day])
    return "、".join(
        f"{run[0].date:%m-%d}" + (f"…{run[-1].date:%m-%d}" if len(run) > 1 else "") + f" {run[0].name}" for run in runs
    )
