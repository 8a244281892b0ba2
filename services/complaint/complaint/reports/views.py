"""A report as others see it: its figures in order, corrections apart, remarks only where they were opened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID

from chassis.tx import Tx
from pydantic import BaseModel

from complaint.reports.model import Report
from complaint.reports.policy import FILL_IN

#: what only corrects reports that were frozen before
CORRECTING = ("late", "changed")

_OWED = """SELECT subject, due_at FROM kehu.obligations
    WHERE subject = ANY($1::uuid[]) AND duty = $2 AND ended_at IS NULL"""


class Figure(BaseModel):
    """How many cases carry a tag, and where their numbers are listed."""

    figure: str
    count: int
    path: str


class ReportLine(BaseModel):
    """A report in a list: whose, of when, how far, and the figures that sum it up.

    `open` is null where the version that froze the report did not count it. `owed`: somebody has yet to fill it in, by
    `due_at` where a term is set.
    """

    id: UUID
    kind: str
    period: str
    first_day: date
    last_day: date
    branch: str
    state: str
    opening: int
    taken: int
    closed: int
    open: int | None
    serious: int
    terms_missed: int
    corrected: int
    frozen_at: datetime
    filled_at: datetime | None
    reviewed_at: datetime | None
    owed: bool
    due_at: datetime | None
    path: str


class ReportView(ReportLine):
    """A report with every figure. `corrections` tell of earlier reports, whose figures stay as they were frozen."""

    figures: list[Figure]
    corrections: list[Figure]
    digest: str
    filled_by: str | None
    reviewed_by: str | None
    remarks: str | None
    held: dict[str, Any]
    version: int


async def due_of(tx: Tx, reports: Iterable[Report]) -> dict[UUID, datetime | None]:
    """By when each of those is due that somebody has yet to fill in; None where it is owed without a term (P17.10)."""
    rows = await tx.driver.fetch(_OWED, [report.id for report in reports], FILL_IN.name)
    return {row["subject"]: row["due_at"] for row in rows}


def line_of(report: Report, due: Mapping[UUID, datetime | None]) -> ReportLine:
    """The report in a list; `due` as `due_of` says it."""
    return ReportLine(**_public(report, due))


def view_of(report: Report, remarks: str | None, due: Mapping[UUID, datetime | None]) -> ReportView:
    """The report opened; `due` as `due_of` says it."""
    figures = [_figure(report, tag, count) for tag, count in sorted(report.figures.items())]
    return ReportView(
        **_public(report, due),
        figures=[one for one in figures if not one.figure.startswith(CORRECTING)],
        corrections=[one for one in figures if one.figure.startswith(CORRECTING)],
        digest=report.digest.hex(),
        filled_by=report.filled_by,
        reviewed_by=report.reviewed_by,
        remarks=remarks,
        held=report.held,
        version=report.version,
    )


def sums_of(report: Report) -> Mapping[str, int | None]:
    """What sums a report up."""
    return {
        "opening": report.count("opening") + report.count("late.open"),
        "taken": report.count("taken"),
        "closed": report.count("closed"),
        "merged": report.count("merged"),
        "open": report.open,
        "serious": report.count("serious"),
        "terms_missed": sum(n for tag, n in report.figures.items() if tag.startswith("term.missed=")),
        "corrected": report.count("late") + report.count("changed"),
    }


def _figure(report: Report, tag: str, count: int) -> Figure:
    # a brand is written as people write it, with an ampersand or a plus too
    return Figure(
        figure=tag, count=count, path=f"/v1/complaints/reports/{report.id}/cases?figure={quote(tag, safe='')}"
    )


def _public(report: Report, due: Mapping[UUID, datetime | None]) -> dict[str, Any]:
    period = report.period
    return {
        "id": report.id,
        "kind": report.kind.value,
        "period": period.name,
        "first_day": period.first,
        "last_day": date.fromordinal(period.following.first.toordinal() - 1),
        "branch": report.branch,
        "state": report.state.value,
        **sums_of(report),
        "frozen_at": report.frozen_at,
        "filled_at": report.filled_at,
        "reviewed_at": report.reviewed_at,
        "owed": report.id in due,
        "due_at": due.get(report.id),
        "path": f"/v1/complaints/reports/{report.id}",
    }
