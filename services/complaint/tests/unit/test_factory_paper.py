"""A factory's own paper is filled in as its rules say, whatever a line is made of (P12.8)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from complaint.serious.factory import BrandRules, FactoryLine
from contracts.complaint import ComplaintSerious, SeriousKind
from pydantic import ValidationError

WARNING = ComplaintSerious(
    case_id=uuid4(),
    number="20260302-0001042-8",
    brand="东风日产",
    series="轩逸",
    model=None,
    model_year=2017,
    fault_codes=["H93", "H15"],
    kinds=[SeriousKind.REPEAT, SeriousKind.NEGATIVE_MEDIA],
    branch="sh-pudong",
    region=None,
    taken_at=datetime(2026, 3, 2, 17, 30, tzinfo=UTC),
    serious_at=datetime(2026, 3, 2, 17, 45, tzinfo=UTC),
    summary="变速箱顿挫",
    detail="/v1/complaints/1/detail",
)


@pytest.mark.rule("P12.8")
@pytest.mark.parametrize(
    ("line", "filled"),
    [
        ({"text": "重大投诉预警"}, "重大投诉预警"),
        ({"field": "series"}, "轩逸"),
        ({"field": "series", "values": {"轩逸": "B17"}}, "B17"),
        ({"field": "model"}, None),
        ({"field": "model_year"}, 2017),
        ({"field": "model_year", "values": {"2017": "17款"}}, "17款"),
        ({"field": "taken_at"}, "2026-03-02T17:30:00Z"),
        ({"field": "taken_at", "written": "date"}, "2026-03-03"),
        ({"field": "serious_at", "written": "minute"}, "2026-03-03 01:45"),
        ({"field": "fault_codes"}, ["H93", "H15"]),
        ({"field": "fault_codes", "joined": "/"}, "H93/H15"),
        ({"field": "kinds", "values": {"repeat": "重复投诉"}}, ["重复投诉", "negative_media"]),
        ({"field": "kinds", "values": {"repeat": "重复投诉"}, "joined": "、"}, "重复投诉、negative_media"),
    ],
)
def test_a_line_is_written_as_the_factory_writes_it(line: dict[str, Any], filled: Any) -> None:
    assert FactoryLine.model_validate({"name": "一", **line}).fill(WARNING) == filled


@pytest.mark.rule("P12.8")
def test_a_paper_has_its_lines_in_their_order_each_name_once_and_none_where_none_is_stated() -> None:
    lines = [{"name": "车系", "field": "series"}, {"name": "品牌", "field": "brand"}]
    paper = BrandRules.model_validate({"format": "YJ-1", "paper": lines}).filled(WARNING)
    assert paper is not None
    assert (paper.format, list(paper.lines.items())) == ("YJ-1", [("车系", "轩逸"), ("品牌", "东风日产")])
    assert BrandRules().filled(WARNING) is None
    with pytest.raises(ValidationError, match="one name"):
        BrandRules.model_validate({"paper": [*lines, {"name": "车系", "text": "另"}]})
