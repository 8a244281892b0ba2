"""Which days are worked, and at which hours: Chinese holidays and make-up days, and what a branch does otherwise.

One civil zone holds for the whole group. A year comes from the State Council's notice; until it is published, the
year is predicted (weekends and statutory days, without the swapped days) and whatever rests on it is provisional.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from chinese_calendar import constants as published

ZONE = ZoneInfo("Asia/Shanghai")

V = TypeVar("V")

#: a part of a day that is worked, from and until, in minutes after midnight
Span = tuple[int, int]
#: ours, the rules name no hours: a morning and an afternoon with a break between them
HOURS: tuple[Span, ...] = ((9 * 60, 12 * 60), (13 * 60 + 30, 18 * 60))
#: Monday to Friday
WEEK: tuple[tuple[Span, ...], ...] = (HOURS,) * 5 + ((),) * 2

_DAY = timedelta(days=1)
_CHINESE: dict[str, str] = {holiday.value: holiday.chinese for holiday in published.Holiday}
_NAMES = {
    "New Year's Day": "元旦",
    "Chinese New Year": "春节",
    "Tomb-Sweeping Day": "清明",
    "Labor Day": "劳动节",
    "Dragon Boat Festival": "端午",
    "Mid-Autumn Festival": "中秋",
    "National Day": "国庆节",
}


class NeverWorked(ValueError):
    """The calendar holds no working time for ten years on: a term in working days would never end."""


@dataclass(frozen=True)
class Swapped:
    """A day that is not as its weekday: off, or worked instead of another."""

    off: bool
    name: str


@dataclass(frozen=True)
class Year:
    """The days of a civil year that are not as their weekday; `published` when the decree is known."""

    year: int
    days: Mapping[date, Swapped]
    published: bool
    source: str

    @classmethod
    def of_rows(cls, year: int, rows: Iterable[Mapping[str, Any]], *, published: bool, source: str) -> Year:
        """A year from `{date, off, name}` rows; ValueError when one lies in another year or comes twice."""
        days: dict[date, Swapped] = {}
        for row in rows:
            day = date.fromisoformat(row["date"])
            if day.year != year or day in days:
                raise ValueError(f"{day} does not belong into {year}, or comes twice")
            days[day] = Swapped(bool(row["off"]), str(row["name"]))
        return cls(year, days, published, source)

    def rows(self) -> list[dict[str, Any]]:
        """The days as `of_rows` takes them, in order."""
        return [{"date": str(day), "off": e.off, "name": e.name} for day, e in sorted(self.days.items())]


@cache
def decreed(year: int) -> Year | None:
    """The year as the package of State Council notices has it; None when it does not know the notice."""
    days = {day: Swapped(True, _CHINESE[name]) for day, name in published.holidays.items() if day.year == year}
    days |= {day: Swapped(False, _CHINESE[name]) for day, name in published.workdays.items() if day.year == year}
    if not any(day.month > 6 for day in days):
        return None
    return Year(year, days, True, "chinesecalendar")


@cache
def predicted(year: int) -> Year:
    """The year before its notice: the statutory days by the law, no make-up days."""
    import holidays  # here: it is slow to import, and few processes meet a year without a notice

    days = {}
    for day, name in holidays.country_holidays("CN", years=year).items():
        zh = next((chinese for english, chinese in _NAMES.items() if english in name), name)
        days[day] = Swapped(True, zh)
    return Year(year, days, False, "holidays")


@dataclass(frozen=True)
class Overlay:
    """What a branch does otherwise: its hours by weekday (Monday first), days it closes, days it opens."""

    week: tuple[tuple[Span, ...], ...] = WEEK
    closed: frozenset[date] = frozenset()
    opened: frozenset[date] = frozenset()

    def __post_init__(self) -> None:
        if len(self.week) != 7 or not any(self.week):
            raise ValueError("a week has seven days, and at least one with hours")
        for spans in self.week:
            ends = [minute for span in spans for minute in span]
            if ends != sorted(set(ends)) or any(not 0 <= minute <= 1440 for minute in ends):
                raise ValueError("hours of a day follow each other, within the day")

    @property
    def usual(self) -> tuple[Span, ...]:
        """The hours of a day that is worked although its weekday has none."""
        return next(spans for spans in self.week if spans)


@dataclass(frozen=True)
class Day:
    """One civil day: its hours, empty when it is off, and why it is not as its weekday."""

    date: date
    spans: tuple[Span, ...]
    name: str | None
    provisional: bool

    @property
    def works(self) -> bool:
        return bool(self.spans)

    @property
    def length(self) -> int:
        """Worked microseconds of the day."""
        return sum(until - since for since, until in self.spans) * 60_000_000


@dataclass(frozen=True)
class Calendar:
    """The working time of one branch. Immutable: a changed year or overlay makes another calendar."""

    years: Mapping[int, Year] = field(default_factory=dict)
    overlay: Overlay = field(default_factory=Overlay)
    _days: dict[date, Day] = field(default_factory=dict, repr=False, compare=False)
    #: what was worked out on this calendar before, by its inputs
    known: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)

    def remember(self, key: Any, value: V) -> V:
        """Keep what follows from this calendar and the key alone."""
        if len(self.known) > 20_000:
            self.known.clear()
        self.known[key] = value
        return value

    def year(self, year: int) -> Year:
        """The year from the table, else as the package knows it, else predicted."""
        return self.years.get(year) or decreed(year) or predicted(year)

    def day(self, day: date) -> Day:
        """Whether and when the day is worked."""
        found = self._days.get(day)
        if found is None:
            found = self._days[day] = self._day(day)
        return found

    def _day(self, day: date) -> Day:
        year, overlay = self.year(day.year), self.overlay
        exception = year.days.get(day)
        spans, name = overlay.week[day.weekday()], None
        if exception is not None:
            spans, name = () if exception.off else spans or overlay.usual, exception.name
        if day in overlay.opened:
            spans, name = spans or overlay.usual, "营业"
        if day in overlay.closed:
            spans, name = (), "停业"
        return Day(day, spans, name, not year.published)

    def from_(self, day: date) -> Iterator[Day]:
        """The days on, this one first; `NeverWorked` after ten years in a row without working time."""
        idle = 0
        while idle < 3660:
            found = self.day(day)
            idle = 0 if found.works else idle + 1
            yield found
            day += _DAY
        raise NeverWorked("no working time for ten years: open the branch on some day of the week")


def midnight(day: date) -> datetime:
    """The instant at which a civil day begins, in UTC; it is also the end (24:00) of the day before."""
    return datetime.combine(day, time(), ZONE).astimezone(UTC)


def civil(instant: datetime) -> date:
    """The civil day of an instant."""
    return instant.astimezone(ZONE).date()


def at(day: date, minute: int) -> datetime:
    """The instant of a minute of a civil day (1440 is its end), in UTC."""
    return midnight(day) + timedelta(minutes=minute)


def spans_of(texts: Sequence[str]) -> tuple[Span, ...]:
    """`09:00-12:00` and the like as hours; ValueError for anything else."""
    spans = []
    for text in texts:
        since, _, until = text.partition("-")
        spans.append((_minute(since), _minute(until)))
    return tuple(spans)


def _minute(text: str) -> int:
    hours, _, minutes = text.partition(":")
    if not (hours.isdigit() and minutes.isdigit() and len(minutes) == 2 and int(minutes) < 60):
        raise ValueError("hours are written 09:00-12:00")
    return int(hours) * 60 + int(minutes)
