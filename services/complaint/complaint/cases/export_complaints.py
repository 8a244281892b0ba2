"""Hands the list of cases over as a file, no further than the list shows them; it is recorded (P05.15)."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

import sqlalchemy as sa
from chassis.auth import Principal
from chassis.http import get
from chassis.problems import Invalid
from chassis.runtime import Runtime
from chassis.sheets import Cell, Column, write_csv, write_xlsx
from contracts.archive import AccessRecorded
from fastapi import Depends, Query, Response
from policy.calendar import ZONE
from policy.directory import Directory

from complaint.case import CASES, Case
from complaint.cases.list_complaints import Wanted
from complaint.cases.seen import seen_by
from complaint.cases.views import line_of
from complaint.papers.document import XLSX
from complaint.papers.in_chinese import CHANNELS, LEVELS, SERIOUS, STATES, listed
from complaint.permissions import READ_COMPLAINT
from complaint.tables import cases

RULES = ("P04.8", "P05.15", "P12.9")

MOST = 10_000

COLUMNS = (
    Column("编号", "number", 20),
    Column("分支", "branch", 16),
    Column("分支名称", "branch title", 22),
    Column("受理时间", "taken at", 18),
    Column("渠道", "channel", 14),
    Column("状态", "state", 12),
    Column("是否成立", "founded", 10),
    Column("级别", "level", 10),
    Column("重大类别", "serious", 24),
    Column("受理部门", "department", 14),
    Column("部门名称", "department title", 18),
    Column("品牌", "brand", 14),
    Column("车系", "series", 14),
    Column("车型", "model", 14),
    Column("投诉内容(已隐去个人信息)", "text, without persons", 60),
    Column("结案时间", "closed at", 18),
)


class TooMany(Invalid):
    """More cases meet the filter than one file holds."""

    title = "Too many cases for one file"
    zh = "数量超过一次允许的上限。请缩小范围，或稍后再试。"


class ExportFormat(StrEnum):
    """As what the list is given."""

    CSV = "csv"
    XLSX = "xlsx"


@get("/v1/complaints/export", needs=READ_COMPLAINT)
async def export_complaints(
    principal: Principal,
    runtime: Runtime,
    asked: Annotated[Wanted, Depends()],
    as_: Annotated[ExportFormat, Query(alias="format", description="a CSV (UTF-8 with BOM) or a workbook")] = (
        ExportFormat.XLSX
    ),
) -> Response:
    """The cases within your reach that meet the filter, newest first, as CSV or XLSX; 10,000 at most."""
    async with runtime.transaction(actor=principal.subject) as tx:
        wanted = [*(await seen_by(principal, tx)).conditions, *asked.conditions(principal)]
        query = sa.select(*CASES.columns).where(*wanted).order_by(cases.c.id.desc()).limit(MOST + 1)
        found = [CASES.restore(row) for row in await tx.execute(query)]
    if len(found) > MOST:
        raise TooMany(f"A file holds {MOST} cases. Narrow the filter, by branch or state, and take it in parts.")
    content = await asyncio.to_thread(_file, found, Directory.of(runtime), as_)
    async with runtime.transaction(actor=principal.subject) as tx:
        tx.record(
            AccessRecorded(
                service=runtime.name,
                actor=principal.subject,
                action="export",
                table=cases.name,
                ids=[str(case.id) for case in found],
                purpose="list",
                rules=list(RULES[:2]),
                at=tx.now,
                digests=[hashlib.sha256(content).hexdigest()],
            )
        )
    headers = {"Content-Disposition": f'attachment; filename="complaints.{as_.value}"', "Cache-Control": "no-store"}
    return Response(
        content, media_type=XLSX if as_ is ExportFormat.XLSX else "text/csv; charset=utf-8", headers=headers
    )


def _file(found: Sequence[Case], directory: Directory, as_: ExportFormat) -> bytes:
    rows = [_row(case, directory) for case in found]
    if as_ is ExportFormat.XLSX:
        return write_xlsx("投诉列表", COLUMNS, rows)
    return write_csv([f"{column.chinese} {column.english}" for column in COLUMNS], rows)


def _row(case: Case, directory: Directory) -> list[Cell]:
    line = line_of(case)
    founded = None if case.judgement is None else "是" if case.founded else "否"
    closed = None if case.closed_at is None else f"{case.closed_at.astimezone(ZONE):%Y-%m-%d %H:%M}"
    return [
        line.number,
        line.branch,
        directory.title(line.branch),
        f"{line.taken_at.astimezone(ZONE):%Y-%m-%d %H:%M}",
        CHANNELS.get(line.channel, line.channel),
        STATES.get(line.state, line.state),
        founded,
        None if case.level is None else LEVELS.get(case.level, case.level),
        listed(SERIOUS, line.serious_kinds),
        case.department,
        None if case.department is None else directory.department_title(line.branch, case.department),
        line.brand,
        line.series,
        line.model,
        line.text,
        closed,
    ]
