"""Hands a month's statement over as a workbook, for pay and for signing (P13.11)."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from io import BytesIO

import xlsxwriter
from chassis.auth import Principal
from chassis.http import get
from chassis.sheets import XLSX
from chassis.tx import Tx
from contracts.money import Money
from fastapi import Response
from policy.calendar import ZONE
from policy.directory import Directory

from staff.conduct.permissions import READ_CONDUCT
from staff.conduct.read_statement import (
    BranchAsked,
    DepartmentAsked,
    MonthText,
    PersonAsked,
    Statement,
    StatementLine,
    Totals,
    scope_of,
    statement_of,
)

RULES = ("P13.11",)

#: Chinese, English, width
COLUMNS = (
    ("人员", "person", 20),
    ("部门", "department", 24),
    ("违规种类", "kind", 26),
    ("案件或档案", "case or file", 24),
    ("发生日期", "occurred on", 12),
    ("裁定时间", "decided at", 18),
    ("裁定月份", "decided in", 10),
    ("罚款", "fine", 10),
    ("分担", "share", 10),
    ("币种", "currency", 8),
    ("考评扣分", "points", 8),
    ("扣绩效 %", "performance pay %", 10),
    ("处分", "sanction", 14),
    ("当月第几次", "count in the month", 10),
    ("翻倍", "doubled", 8),
    ("记账原因", "because", 12),
    ("冲销", "takes back", 38),
    ("依据", "rules", 20),
    ("条目", "entry", 38),
)


@get("/v1/conduct/statements/{month}/export", needs=READ_CONDUCT)
async def export_statement(
    month: MonthText,
    principal: Principal,
    tx: Tx,
    person: PersonAsked = None,
    branch: BranchAsked = None,
    department: DepartmentAsked = None,
) -> Response:
    """The statement as XLSX, headings in Chinese and English."""
    scope = scope_of(tx, principal, person, branch, department)
    found = await statement_of(tx, principal, month, scope)
    name = f"conduct-{month}.xlsx"
    return Response(
        workbook_of(found, Directory.of(tx.runtime)),
        media_type=XLSX,
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


def workbook_of(found: Statement, directory: Directory) -> bytes:
    """The statement as a workbook; every text is written as text, so that none is taken for a formula.

    Branches and departments are called as people call them, with their codes.
    """
    into = BytesIO()
    book = xlsxwriter.Workbook(into, {"in_memory": True})
    bold = book.add_format({"bold": True})
    sheet = book.add_worksheet(found.month)
    place = directory.named(found.branch)
    if found.department is not None:
        place = f"{place} · {directory.named_department(found.branch, found.department)}"
    whose = found.person or place
    sheet.write_string(0, 0, f"{found.month} 处罚月报 Conduct statement: {whose}", bold)
    closed = "未结账 open" if found.closed_at is None else f"已结账 closed {_civil(found.closed_at)}"
    sheet.write_string(1, 0, closed)
    for column, (chinese, english, width) in enumerate(COLUMNS):
        sheet.set_column(column, column, width)
        sheet.write_string(2, column, chinese, bold)
        sheet.write_string(3, column, english, bold)
    for row, line in enumerate(found.lines, start=4):
        for column, value in enumerate(_cells(line, _where(directory, found, line))):
            if isinstance(value, str):
                sheet.write_string(row, column, value)
            else:
                sheet.write_number(row, column, value)
    row = len(found.lines) + 5
    for chinese, english, totals in (
        ("年初至上月", "before, this year", found.opening),
        ("本月合计", "this month", found.month_totals),
        ("年初至本月", "year so far", found.closing),
    ):
        sheet.write_string(row, 0, f"{chinese} {english}", bold)
        _write_totals(sheet, row, totals)
        row += 1
    sheet.freeze_panes(4, 1)
    book.close()
    return into.getvalue()


def _where(directory: Directory, found: Statement, line: StatementLine) -> str:
    """The department of a line, with its branch where that is not the statement's: a person may have moved."""
    branch = [directory.named(line.branch)] if line.branch != found.branch else []
    named = [directory.named_department(line.branch, line.department)] if line.department is not None else []
    return " · ".join((*branch, *named))


def _cells(line: StatementLine, where: str) -> list[str | int | Decimal]:
    cost = line.cost
    return [
        line.person,
        where,
        line.kind,
        line.subject,
        str(line.occurred_on),
        _civil(line.decided_at),
        line.decided_month,
        cost.fine.amount,
        cost.share.amount,
        cost.fine.currency,
        cost.points,
        cost.performance_pay,
        cost.sanction or "",
        "" if line.count is None else line.count,
        "是 yes" if line.doubled else "",
        line.because.value,
        "" if line.counters is None else str(line.counters),
        ", ".join(line.rules),
        str(line.id),
    ]


def _write_totals(sheet: xlsxwriter.worksheet.Worksheet, row: int, totals: Totals) -> None:
    sheet.write_string(row, 7, _written(totals.fines))
    sheet.write_string(row, 8, _written(totals.shares))
    sheet.write_number(row, 10, totals.points)
    if totals.performance_pay is not None:
        sheet.write_number(row, 11, totals.performance_pay)


def _written(amounts: list[Money]) -> str:
    return "; ".join(f"{one.amount} {one.currency}" for one in amounts) or "0.00"


def _civil(at: datetime) -> str:
    return f"{at.astimezone(ZONE):%Y-%m-%d %H:%M}"
