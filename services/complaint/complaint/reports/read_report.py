"""Lists reports and gives one as JSON, PDF or XLSX; each figure opens into the numbers of its cases (P12.9, P17.10)."""

from __future__ import annotations

import hashlib
from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import sqlalchemy as sa
from chassis.auth import Principal
from chassis.fields import Slug
from chassis.http import Cursor, Limit, Page, cursor_of, cursor_values, get
from chassis.problems import Invalid, NotFound
from chassis.runtime import Runtime
from chassis.tx import Tx
from chassis.wrong import Wrong
from contracts.archive import AccessRecorded
from fastapi import Query, Response
from policy.access import GROUP, Permission
from policy.directory import Directory
from pydantic import BaseModel

from complaint.papers.read_paper import PaperFormat, file_answer, rendered
from complaint.permissions import READ_STATISTICS
from complaint.reports import tables
from complaint.reports.model import REPORTS, Report
from complaint.reports.period import PeriodKind
from complaint.reports.statistics_form import statistics_form
from complaint.reports.tables import report_lines
from complaint.reports.views import ReportLine, due_of, line_of, view_of

RULES = ("P12.9", "P17.10")


class ReportFormat(StrEnum):
    """As what a report is given."""

    JSON = "json"
    PDF = "pdf"
    XLSX = "xlsx"


class CaseNumber(BaseModel):
    """A case that a figure consists of: its number, and where it is, for who may open it."""

    number: str
    branch: str
    path: str


async def report_within(tx: Tx, report_id: UUID, permission: Permission, principal: Principal, *, lock: bool) -> Report:
    """The report, where it lies within the caller's reach; that of the group for who reaches everything."""
    report = await tx.get(REPORTS, report_id, lock=lock)
    reached = permission.reach(principal)
    if not reached.everywhere and (report.branch == GROUP or not reached.includes(report.branch)):
        raise NotFound("There is no such report, or none of a branch that you may see. Check the id.")
    return report


async def remarks_of(tx: Tx, report: Report) -> str | None:
    """What HR-admin has remarked; that it was read is recorded."""
    if report.sealed is None:
        return None
    clear = await tx.unseal(report, why="statistics", rules=RULES[1:])  # type: ignore[arg-type]
    return str(clear["remarks"])


@get("/v1/complaints/reports", needs=READ_STATISTICS)
async def list_reports(
    principal: Principal,
    tx: Tx,
    branch: Annotated[Slug | None, Query(description="of one branch only; `group` is the whole group")] = None,
    kind: Annotated[PeriodKind | None, Query(description="weekly or monthly ones only")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[ReportLine]:
    """The reports within your reach: the newest period first, in it that of the group, then the branches by code."""
    column = tables.reports.c
    wanted = [READ_STATISTICS.reach(principal).condition(column.branch)]
    wanted += [column.branch == branch] if branch is not None else []
    wanted += [column.kind == kind.value] if kind is not None else []
    within = (column.kind, column.branch != GROUP, column.branch)
    if cursor is not None:
        day, last_kind, last_branch = cursor_values(cursor, date.fromisoformat, PeriodKind, str)
        last = sa.tuple_(sa.literal(str(last_kind)), sa.literal(last_branch != GROUP), sa.literal(last_branch))
        wanted += [column.first_day <= day, sa.or_(column.first_day < day, sa.tuple_(*within) > last)]
    query = sa.select(*REPORTS.columns).where(*wanted).order_by(column.first_day.desc(), *within)
    found = [REPORTS.restore(row) for row in await tx.execute(query.limit(limit + 1))]
    shown = found[:limit]
    following = cursor_of(shown[-1].first_day, shown[-1].kind, shown[-1].branch) if len(found) > limit else None
    due = await due_of(tx, shown)
    return Page(items=[line_of(report, due) for report in shown], next=following)


@get("/v1/complaints/reports/{report_id}", needs=READ_STATISTICS)
async def read_report(
    report_id: UUID,
    principal: Principal,
    runtime: Runtime,
    as_: Annotated[ReportFormat, Query(alias="format", description="figures, a paper, or a workbook")] = (
        ReportFormat.JSON
    ),
) -> Response:
    """One report with every figure, as JSON (`ReportView`), PDF or XLSX; a paper's digest goes into the audit log."""
    async with runtime.transaction(actor=principal.subject) as tx:
        report = await report_within(tx, report_id, READ_STATISTICS, principal, lock=False)
        remarks, due = await remarks_of(tx, report), await due_of(tx, [report])
    if as_ is ReportFormat.JSON:
        return Response(view_of(report, remarks, due).model_dump_json(), media_type="application/json")
    document, paper = statistics_form(report, remarks, Directory.of(runtime)), PaperFormat(as_.value)
    content = await rendered(runtime, document, paper)
    async with runtime.transaction(actor=principal.subject) as tx:
        tx.record(
            AccessRecorded(
                service=runtime.name,
                actor=principal.subject,
                action="print",
                table=tables.reports.name,
                ids=[str(report.id)],
                purpose="statistics",
                rules=list(RULES),
                at=tx.now,
                digests=[hashlib.sha256(content).hexdigest()],
            )
        )
    return file_answer(content, f"statistics-{report.period.name}-{report.branch}", paper)


@get("/v1/complaints/reports/{report_id}/cases", needs=READ_STATISTICS)
async def list_cases_of_figure(
    report_id: UUID,
    principal: Principal,
    tx: Tx,
    figure: Annotated[str, Query(min_length=1, max_length=200, description="as the report names it")],
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[CaseNumber]:
    """The cases that a figure consists of, as they were counted when it was frozen, by number."""
    report = await report_within(tx, report_id, READ_STATISTICS, principal, lock=False)
    if "\x00" in figure:
        raise Invalid("The figure is written as the report names it.", errors=[Wrong.NUL.at("/figure")])
    last = None if cursor is None else cursor_values(cursor, str)[0]
    found = list(await tx.execute(numbers_of(report, figure, last).limit(limit + 1)))
    items = [
        CaseNumber(number=row.number, branch=row.branch, path=f"/v1/complaints/{row.case_id}") for row in found[:limit]
    ]
    return Page(items=items, next=cursor_of(items[-1].number) if len(found) > limit else None)


def numbers_of(report: Report, figure: str, after: str | None) -> sa.Select[tuple[str, str, UUID]]:
    """The lines of a report that carry a tag, by number."""
    column = report_lines.c
    wanted = [column.period_id == report.period_id, column.tags.has_key(figure)]
    wanted += [column.branch == report.branch] if report.branch != GROUP else []
    wanted += [column.number > after] if after is not None else []
    return sa.select(column.number, column.branch, column.case_id).where(*wanted).order_by(column.number)
