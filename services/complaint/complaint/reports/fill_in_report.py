"""HR-admin fills in the month's statistics with its remarks; the general manager reviews them (P17.10)."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from chassis.auth import Principal
from chassis.http import post
from chassis.problems import Stale
from chassis.tx import Tx
from policy.approvals import Asked, ask, granted, refused
from policy.obligations import Deadline, met, owe
from policy.policies import policy
from pydantic import BaseModel, ConfigDict, Field

from complaint.keeping import Expected
from complaint.permissions import FILL_IN_STATISTICS
from complaint.reports import tables
from complaint.reports.model import REPORTS, Report
from complaint.reports.policy import FILL_IN, STATISTICS, StatisticsPolicy
from complaint.reports.read_report import report_within
from complaint.reports.views import ReportView, due_of, sums_of, view_of
from complaint.timeline import Said

RULES = ("P17.10",)


class RemarksForm(BaseModel):
    """What HR-admin says to the figures: what stands out, what is done about it. No customer is named."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"remarks": "维修类投诉占六成, 已安排复训"}]}
    )

    remarks: Annotated[Said, Field(min_length=2, max_length=4000, description="kept sealed")]


@post("/v1/complaints/reports/{report_id}/fill-in", needs=FILL_IN_STATISTICS)
async def fill_in_report(
    report_id: UUID, form: RemarksForm, principal: Principal, tx: Tx, expected: Expected = None
) -> ReportView:
    """Fill the report in, or in anew until it is reviewed; where the policy says so it goes to the general manager."""
    report = await report_within(tx, report_id, FILL_IN_STATISTICS, principal, lock=True)
    if expected is not None and expected != report.version:
        raise Stale("It was changed by someone else in the meantime. Read it again and repeat the change.")
    report.refuse_while_held("fill_in")
    subject = report.subject_id or tx.new_subject()
    sealed = await tx.seal(tables.reports, report.id, subject, {"remarks": form.remarks})
    report.fill_in(principal.subject, tx.now, subject, sealed)
    met(tx, FILL_IN, report.id, at=tx.now)
    chain = policy(tx, StatisticsPolicy, report.branch, report.period.ends).review
    if chain:
        ask(
            tx,
            STATISTICS,
            report,
            {"period": report.period.name, "figures": report.digest.hex(), **sums_of(report)},
            chain=chain,
            by=principal.subject,
            branch=report.branch,
            path=f"/v1/complaints/reports/{report.id}",
        )
    await tx.flush()
    return view_of(report, form.remarks, await due_of(tx, [report]))


@granted(STATISTICS, REPORTS)
def report_reviewed(report: Report, asked: Asked, tx: Tx) -> None:
    """The general manager has reviewed it."""
    report.review(tx.actor, tx.now)


@refused(STATISTICS)
def report_given_back(report: Report, asked: Asked, tx: Tx) -> None:
    """The general manager does not agree: it is owed again, without a term of its own."""
    report.give_back()
    deadline = policy(tx, StatisticsPolicy, report.branch, report.period.ends).fill_in
    if deadline is not None:
        again = Deadline(within=None, role=deadline.role, then=deadline.then)
        path = f"/v1/complaints/reports/{report.id}"
        owe(tx, FILL_IN, report.id, again, branch=report.branch, since=tx.now, path=path)
