"""Gives the empty table that a list of complaints is handed in with, and what its columns take (P04.3)."""

from __future__ import annotations

import asyncio
from enum import StrEnum
from io import BytesIO
from typing import Annotated

import xlsxwriter
from chassis.http import get
from chassis.sheets import write_csv
from fastapi import Query, Response

from complaint.imports.import_complaints import ComplaintRow
from complaint.papers.document import XLSX
from complaint.papers.in_chinese import CHANNELS
from complaint.permissions import TAKE_COMPLAINT

RULES = ("P04.3",)


class TemplateFormat(StrEnum):
    """As what the template is given."""

    CSV = "csv"
    XLSX = "xlsx"


@get("/v1/complaints/imports/template", needs=TAKE_COMPLAINT)
async def import_template(
    as_: Annotated[TemplateFormat, Query(alias="format", description="a CSV (UTF-8 with BOM) or a workbook")] = (
        TemplateFormat.XLSX
    ),
) -> Response:
    """The headings of a list of complaints; in the workbook the required ones are marked, and a sheet explains them."""
    titles = [info.title or name for name, info in ComplaintRow.model_fields.items()]
    if as_ is TemplateFormat.CSV:
        content, media_type = write_csv(titles, []), "text/csv; charset=utf-8"
    else:
        content, media_type = await asyncio.to_thread(_workbook), XLSX
    headers = {"Content-Disposition": f'attachment; filename="complaints-template.{as_.value}"'}
    return Response(content, media_type=media_type, headers=headers)


#: what a column takes, where its title does not say it
TAKES = {
    "origin": "来源系统的代号,小写字母、数字、短横线 (a-z 0-9 -)",
    "origin_ref": "该投诉在来源系统中的编号;同一编号只受理一次 (taken once)",
    "branch": "被投诉分支的代号 (the branch complained about)",
    "channel": "、".join(f"{code}={name}" for code, name in CHANNELS.items()) + ";空白为 import",
    "taken_at": "2026-03-02 09:15 或 2026/3/2 9:15,北京时间 (civil time)",
    "phone": "138 0000 0000 或 021-5555 0000",
    "plate": "沪A12345",
    "vin": "17 位 (17 characters)",
    "fault_codes": "多个用逗号或空格分开 (separated by commas)",
    "closed_at": "已结案的填写;同时填写是否成立 (closed ones only, with the next column)",
    "founded": "是 或 1: 成立 founded; 否 或 0: 不成立 unfounded",
}


def _workbook() -> bytes:
    """One sheet to fill in, whose first row holds the headings as the import reads them, and one that explains."""
    into = BytesIO()
    book = xlsxwriter.Workbook(into, {"in_memory": True})
    required = book.add_format({"bold": True, "bg_color": "#fde9d9", "border": 1})
    optional = book.add_format({"bold": True, "bg_color": "#f2f2f2", "border": 1})
    text = book.add_format({"num_format": "@"})
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    sheet, notes = book.add_worksheet("投诉导入"), book.add_worksheet("填写说明")
    notes.set_column(0, 2, 16)
    notes.set_column(3, 3, 80, wrapped)
    for column, heading in enumerate(("列", "column", "必填 required", "填写 takes")):
        notes.write_string(0, column, heading, optional)
    for column, (name, info) in enumerate(ComplaintRow.model_fields.items()):
        needed, title = info.is_required(), info.title or name
        # as text, so that a spreadsheet makes no number of a telephone number and no date of its own of a date
        sheet.set_column(column, column, 18, text)
        sheet.write_string(0, column, title, required if needed else optional)
        for place, value in enumerate((title, name, "是 yes" if needed else "", TAKES.get(name, ""))):
            notes.write_string(column + 1, place, value)
    sheet.freeze_panes(1, 0)
    book.close()
    return into.getvalue()
