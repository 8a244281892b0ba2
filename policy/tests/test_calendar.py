"""The calendar: every day of the decreed years is as the State Council's notices say."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from policy.calendar import Calendar, Year, decreed, predicted

#: the State Council's notices as published data; newer ones that lie beside the checkout count too
DECREES = [
    *sorted((Path(__file__).parent / "decrees").glob("*.json")),
    *sorted((Path(__file__).parents[3] / "shared" / "data").glob("holiday-cn-*.json")),
]


@pytest.mark.parametrize("path", DECREES, ids=lambda path: path.stem)
def test_a_year_is_worked_as_its_decree_says(path: Path) -> None:
    decree = json.loads(path.read_text())
    year = int(decree["year"])
    off = {date.fromisoformat(day["date"]): day["isOffDay"] for day in decree["days"]}
    calendar = Calendar()
    assert calendar.year(year).published
    day = date(year, 1, 1)
    while day.year == year:
        assert calendar.day(day).works == (not off[day] if day in off else day.weekday() < 5), day
        day += timedelta(days=1)


@pytest.mark.parametrize(
    ("day", "works"),
    [
        ("2026-02-14", True),  # a Saturday, worked for the Spring Festival
        ("2026-02-16", False),
        ("2026-02-23", False),
        ("2026-02-24", True),
        ("2025-10-08", False),
        ("2025-10-11", True),
        ("2024-05-01", False),
        ("2024-05-11", True),
    ],
)
def test_swapped_days_are_known(day: str, works: bool) -> None:
    assert Calendar().day(date.fromisoformat(day)).works == works


def test_a_year_before_its_decree_has_the_statutory_days_and_no_swapped_ones() -> None:
    assert decreed(2027) is None
    year = predicted(2027)
    assert not year.published
    assert year.days[date(2027, 10, 1)].name == "国庆节"
    assert all(day.off for day in year.days.values())


@pytest.mark.parametrize(
    "rows",
    [
        [{"date": "2026-10-01", "off": True, "name": "国庆节"}],
        [{"date": "2027-10-01", "off": True, "name": "国庆节"}, {"date": "2027-10-01", "off": False, "name": "国庆节"}],
    ],
)
def test_days_of_another_year_or_twice_the_same_are_refused(rows: list[dict[str, object]]) -> None:
    with pytest.raises(ValueError, match="does not belong"):
        Year.of_rows(2027, rows, published=True, source="test")
