"""A filled-in form, as it is printed and as a workbook: sections of facts, words and tables, in Chinese first."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime
from io import BytesIO
from itertools import zip_longest
from typing import Any, TypeAlias

import xlsxwriter
from policy.calendar import ZONE

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PDF = "application/pdf"

#: a value before it is written: an empty one shows as a dash
Value: TypeAlias = str | int | float | bool | date | datetime | None


@dataclass(frozen=True)
class Table:
    """Rows under headings; one without rows says that there are none."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Section:
    """A part of a form: short facts in pairs, words at length under a label, a table."""

    title: str
    facts: Sequence[tuple[str, str]] = ()
    words: Sequence[tuple[str, str]] = ()
    table: Table | None = None


@dataclass(frozen=True)
class Document:
    """A form with what was filled in. `signatures` are the names under the lines at its end."""

    title: str
    english: str
    number: str
    sections: Sequence[Section]
    signatures: Sequence[str] = field(default=())
    foot: str = ""

    def data(self) -> dict[str, Any]:
        """What `form.typ` is filled with: plain values, so that the same document is the same paper."""
        return asdict(self)

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Document:
        """The form that `data` came of."""
        sections = [
            Section(**{**one, "table": None if one["table"] is None else Table(**one["table"])})
            for one in data["sections"]
        ]
        return cls(**{**data, "sections": sections})


_DIGITS = "零一二三四五六七八九"


def numbered(sections: Sequence[Section]) -> list[Section]:
    """The sections with their numbers, up to 九十九, before their titles."""
    return [replace(one, title=f"{_numeral(n)}、{one.title}") for n, one in enumerate(sections, start=1)]


def _numeral(number: int) -> str:
    tens, ones = divmod(number, 10)
    ten = "" if tens == 0 else "十" if tens == 1 else f"{_DIGITS[tens]}十"
    return ten + ("" if ten and ones == 0 else _DIGITS[ones])


def shown(value: Value) -> str:
    """A value on paper: civil time, 是 or 否, a dash for nothing."""
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, datetime):
        return f"{value.astimezone(ZONE):%Y-%m-%d %H:%M}"
    return str(value)


def facts(pairs: Mapping[str, Value]) -> list[tuple[str, str]]:
    """Labels with their values as they are shown."""
    return [(label, shown(value)) for label, value in pairs.items()]


def words(pairs: Mapping[str, Value]) -> list[tuple[str, str]]:
    """The same for what stands at length; what is not there is left out."""
    return [(label, shown(value)) for label, value in pairs.items() if value not in (None, "")]


_WIDTHS = (22, 34, 22, 34, 18, 18)
#: how high a line is in points, and how many of them the highest row (409 points) shows
_LINE, _LINES = 15, 27
#: what is the same as a number: not 007, nor a digit of another script
_NUMBER = re.compile("0|[1-9][0-9]{0,8}")


def workbook_of(document: Document) -> bytes:
    """The document as XLSX; every text is written as text, so that none is taken for a formula."""
    into = BytesIO()
    book = xlsxwriter.Workbook(into, {"in_memory": True})
    # without a date of its own the same document is the same file
    book.set_properties({"title": document.title, "created": datetime(2000, 1, 1, tzinfo=UTC)})
    title = book.add_format({"bold": True, "font_size": 16})
    chapter = book.add_format({"bold": True, "font_color": "#1f4e79"})
    label = book.add_format({"bg_color": "#f2f2f2", "valign": "top", "border": 1})
    text = book.add_format({"text_wrap": True, "valign": "top", "border": 1})
    sheet = book.add_worksheet(document.title[:31])
    for column, width in enumerate(_WIDTHS):
        sheet.set_column(column, column, width)
    sheet.write_string(0, 0, f"{document.title} {document.english}", title)
    sheet.write_string(1, 0, document.number)
    row = 3
    for section in document.sections:
        sheet.write_string(row, 0, section.title, chapter)
        row += 1
        for n, (name, value) in enumerate(section.facts):
            column = n % 2 * 2
            sheet.write_string(row, column, name, label)
            sheet.write_string(row, column + 1, value, text)
            row += column // 2
        row += len(section.facts) % 2
        for name, value in section.words:
            for part in _parts(value, sum(_WIDTHS[1:4])):
                sheet.write_string(row, 0, name, label)
                sheet.merge_range(row, 1, row, 3, "", text)
                sheet.write_string(row, 1, "".join(part), text)
                sheet.set_row(row, _LINE * len(part))
                name, row = "", row + 1
        if section.table is not None:
            row = _write_table(sheet, row, section.table, label, text)
        row += 1
    for name in document.signatures:
        sheet.write_string(row, 0, name, label)
        sheet.write_string(row, 1, "", text)
        row += 1
    sheet.write_string(row + 1, 0, document.foot)
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    book.close()
    return into.getvalue()


def _write_table(sheet: Any, row: int, table: Table, label: Any, text: Any) -> int:
    for column, name in enumerate(table.head):
        sheet.write_string(row, column, name, label)
    for line in table.rows or [["无"]]:
        cells = [_parts(value, width) for value, width in zip(line, _WIDTHS, strict=False)]
        for parts in zip_longest(*cells, fillvalue=()):
            row += 1
            for column, part in enumerate(parts):
                value = "".join(part)
                if _NUMBER.fullmatch(value):
                    sheet.write_number(row, column, int(value), text)
                else:
                    sheet.write_string(row, column, value, text)
    return row + 1


def _parts(value: str, width: int) -> list[list[str]]:
    """The lines of a value in a cell so wide, as many together as one row shows: a row has its greatest height."""
    most = width // 2 - 1
    lines = [line[at : at + most] for line in value.splitlines(keepends=True) for at in range(0, len(line), most)]
    return [lines[at : at + _LINES] for at in range(0, len(lines), _LINES)] or [[""]]
