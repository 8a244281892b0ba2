"""Tables as people have them (CSV in UTF-8 or GB18030, XLSX): read into rows by heading, or refused with the place."""

from __future__ import annotations

import csv
import io
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import python_calamine
import xlsxwriter
from pydantic import BaseModel

from chassis.problems import Invalid
from chassis.wrong import Wrong

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_ROWS = 20_000
#: what an XLSX may unpack to: a small file can hold a large one
MOST_UNPACKED = 100 * 1024 * 1024
LONGEST_CELL = 10_000
_ZIP = b"PK\x03\x04"
_OLD_EXCEL = b"\xd0\xcf\x11\xe0"


class NotATable(Invalid):
    """The file cannot be read as a table of this kind."""

    title = "The table cannot be read"
    zh = "文件无法作为表格读取。请按导入模板整理为 CSV 或 XLSX 后再上传。"


@dataclass(frozen=True)
class Row:
    """One row: where a spreadsheet shows it, and its cells by field; empty cells are left out."""

    number: int
    cells: dict[str, str]


def read_rows(content: bytes, form: type[BaseModel], *, most: int = MOST_ROWS) -> list[Row]:
    """The rows of a table whose headings are the form's fields, by name or by title; `NotATable` says what is wrong.

    The first row that is not empty holds the headings, in any order. Empty rows are left out.
    """
    if not content.strip():
        raise NotATable("The file is empty. Send a CSV or an XLSX file as the body.")
    lines = _numbered(_xlsx(content) if content.startswith(_ZIP) else _csv(content))
    number, headings = next(lines, (0, []))
    fields = _fields(headings, form, number)
    rows = []
    for number, cells in lines:
        if any(cells[len(fields) :]):
            raise _at(number, Wrong.TOO_MANY_CELLS)
        row = {field: cell for field, cell in zip(fields, cells, strict=False) if field and cell}
        if any("\x00" in cell or len(cell) > LONGEST_CELL for cell in row.values()):
            raise _at(number, Wrong.BAD_CELL, limit=LONGEST_CELL)
        rows.append(Row(number, row))
        if len(rows) > most:
            raise NotATable(f"The table has more than {most} rows. Hand it in in parts.")
    if not rows:
        raise NotATable("The table has headings and no rows.")
    return rows


def write_csv(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """A CSV that spreadsheets open as it is meant: UTF-8 with BOM; what would be taken for a formula is quoted."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(headings)
    writer.writerows([[_harmless(value) for value in row] for row in rows])
    return text.getvalue().encode("utf-8-sig")


@dataclass(frozen=True)
class Column:
    """A column of a workbook: its heading in Chinese and in English, its width in characters."""

    chinese: str
    english: str
    width: int = 14


Cell = str | int | Decimal | date | None


def write_xlsx(
    title: str, columns: Sequence[Column], rows: Iterable[Sequence[Cell]], *, above: Sequence[str] = ()
) -> bytes:
    """A workbook of one sheet: lines of text `above`, headings in both languages, rows. Call it in a thread.

    Text is written as text, so that none is taken for a formula; amounts and days are numbers and dates to reckon with.
    """
    into = io.BytesIO()
    book = xlsxwriter.Workbook(into, {"in_memory": True})
    bold, day = book.add_format({"bold": True}), book.add_format({"num_format": "yyyy-mm-dd"})
    amount = book.add_format({"num_format": "#,##0.00"})
    sheet = book.add_worksheet(title[:31])
    for n, line in enumerate(above):
        sheet.write_string(n, 0, line, bold)
    top = len(above)
    for n, column in enumerate(columns):
        sheet.set_column(n, n, column.width)
        sheet.write_string(top, n, column.chinese, bold)
        sheet.write_string(top + 1, n, column.english, bold)
    for at, row in enumerate(rows, start=top + 2):
        for n, value in enumerate(row):
            if isinstance(value, date):
                sheet.write_datetime(at, n, value, day)
            elif isinstance(value, Decimal):
                sheet.write_number(at, n, value, amount)
            elif isinstance(value, int):
                sheet.write_number(at, n, value)
            elif value is not None:
                sheet.write_string(at, n, value)
    sheet.freeze_panes(top + 2, 1)
    book.close()
    return into.getvalue()


def _harmless(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")) else value


def _at(number: int, what: Wrong, *, limit: int | None = None) -> NotATable:
    return NotATable(
        "Correct the row that `errors` names and hand the table in again.",
        errors=[what.at(f"/{number}", limit=limit)],
    )


def _numbered(lines: Iterable[Sequence[str]]) -> Iterator[tuple[int, list[str]]]:
    for number, line in enumerate(lines, start=1):
        cells = [cell.strip() for cell in line]
        if any(cells):
            yield number, cells


def _fields(headings: Sequence[str], form: type[BaseModel], number: int) -> list[str | None]:
    """The field that each column holds; None for a column without a heading."""
    known: dict[str, str] = {}
    for name, info in form.model_fields.items():
        known[_plain(name)] = name
        if info.title:
            known[_plain(info.title)] = name
    shown = ", ".join(_shown(name, form) for name in form.model_fields)
    fields = [known.get(_plain(heading)) if heading else None for heading in headings]
    unknown = [n for n, (heading, field) in enumerate(zip(headings, fields, strict=True), start=1)
               if heading and field is None]  # fmt: skip
    if unknown:
        raise NotATable(
            f"Row {number} must hold the headings. There are: {shown}.",
            errors=[Wrong.UNKNOWN_COLUMN.at(f"/{number}/{n}", limit=n) for n in unknown],
        )
    found = [field for field in fields if field]
    if len(set(found)) != len(found):
        raise NotATable(f"Row {number} names a heading twice. There are: {shown}.")
    missing = [name for name, info in form.model_fields.items() if info.is_required() and name not in found]
    if missing:
        raise NotATable(
            f"Columns are missing. There are: {shown}.",
            errors=[Wrong.MISSING_COLUMN.at(f"/{number}", limit=_shown(name, form)) for name in missing],
        )
    return fields


def _shown(name: str, form: type[BaseModel]) -> str:
    title = form.model_fields[name].title
    return f"{title} ({name})" if title else name


def _plain(heading: str) -> str:
    return unicodedata.normalize("NFKC", heading).strip().lower()


# -- CSV -----------------------------------------------------------------------------------------


def _csv(content: bytes) -> Iterator[list[str]]:
    if content.startswith(_OLD_EXCEL):
        raise NotATable("This is an Excel file of the old kind. Save it as XLSX or as CSV.")
    text = _text(content)
    first = next((line for line in text.splitlines() if line.strip()), "")
    separator = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        yield from reader
    except csv.Error:
        raise _at(reader.line_num, Wrong.BROKEN_ROW) from None


def _text(content: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise NotATable("The text is neither UTF-8 nor GB18030. Save the table as CSV UTF-8 or as XLSX.")


# -- XLSX ----------------------------------------------------------------------------------------


def _xlsx(content: bytes) -> Iterator[list[str]]:
    try:
        unpacked = sum(part.file_size for part in zipfile.ZipFile(io.BytesIO(content)).infolist())
        if unpacked > MOST_UNPACKED:
            raise NotATable(f"The file unpacks to more than {MOST_UNPACKED} bytes. Hand it in in parts.")
        sheet = python_calamine.load_workbook(io.BytesIO(content)).get_sheet_by_index(0)
        lines = sheet.to_python(skip_empty_area=False)
    except (zipfile.BadZipFile, python_calamine.CalamineError, OSError):
        raise NotATable("The file cannot be read as XLSX. Save it again as XLSX, without a password.") from None
    for line in lines:
        yield [_written(value) for value in line]


def _written(value: Any) -> str:
    """A cell as it would be written; whole numbers without a decimal point, dates as 2026-02-13."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    return str(value)
