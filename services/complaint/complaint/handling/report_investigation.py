"""The investigation report with its required parts (投诉调查报告), reviewed where the profile says (P04.5, P17.4)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from chassis.auth import Principal
from chassis.http import post
from chassis.ids import uuid7
from chassis.problems import Invalid, Refused
from chassis.tx import Tx
from chassis.wrong import Wrong
from contracts.complaint import InvestigationReported, InvestigationReviewed, MeasureEnded
from policy.approvals import Asked, ask, granted, refused
from policy.obligations import met, waive
from pydantic import Field

from complaint.case import CASES, Case
from complaint.cases.views import CaseProgress, progress_of
from complaint.handling.measure import MEASURES, MeasureForm, MeasureKind, take
from complaint.keeping import Expected, at_step, bar, kept_out, owe_step
from complaint.permissions import HANDLE_COMPLAINT
from complaint.policy import MEASURE, OPINION, PROPOSE, REPORT, REVIEW, ComplaintPolicy, ReportPart
from complaint.timeline import Person, Words, WordsForm, note, write
from complaint.way import Gate, Step

RULES = ("P04.5", "P17.4", "P17.12")

#: open measures that a report of this way has named: not those taken by hand, of a merged case, or before a reopening
_OF_REPORTS = """SELECT m.id FROM measures m JOIN entries e
    ON e.case_id = m.case_id AND e.kind = 'measure_taken' AND e.facts ->> 'measure' = m.id::text
    WHERE m.case_id = $1 AND m.state = 'open' AND e.facts ? 'report' AND NOT e.facts ? 'of'
        AND ($2::timestamptz IS NULL OR e.at >= $2)"""


class ResponsibleThemselves(Refused):
    """Whoever handles a case is not responsible for it: hand it to the superior first (A15)."""

    title = "You would report about yourself"
    zh = "处理人不能调查认定自己的责任。请先移交上级处理。"


class ReportForm(WordsForm):
    """The report. Which parts it must have the branch's policy says; measures of it are tracked until done."""

    cause: Words | None = None
    course: Words | None = None
    responsible: list[Person] = Field(default=[], max_length=10, description="members of staff found responsible")
    responsibility: Annotated[Words | None, Field(description="who is responsible for what, or why nobody is")] = None
    conclusion: Words | None = None
    countermeasures: list[MeasureForm] = Field(default=[], max_length=10)
    prevention: list[MeasureForm] = Field(default=[], max_length=10)
    letter: Words | None = Field(None, description="the original complaint letter, where there is one (P17.4)")


@post("/v1/complaints/{case_id}/report", needs=HANDLE_COMPLAINT)
async def report_investigation(
    case_id: UUID, form: ReportForm, principal: Principal, tx: Tx, expected: Expected = None
) -> CaseProgress:
    """Report what was found. Who is found responsible has no part in the case from then on."""
    case, policy = await at_step(tx, case_id, principal, Step.REPORT, expected)
    _refuse_incomplete(form, policy)
    if {principal.subject, case.handler} & set(form.responsible):
        raise ResponsibleThemselves("Have it handed over to the superior, who reports.", rules=("P04.5", "P12.2"))
    new = sorted(set(form.responsible) - set(await kept_out(tx, case)))
    bar(tx, case, new, because="found responsible by the investigation (P12.2)")
    for duty in (OPINION, PROPOSE):
        waive(tx, duty, case.id, at=tx.now, reason="reported anew")
    met(tx, REPORT, case.id, at=tx.now)
    await tx.flush()
    case.report(tx.now)
    parts = {part.value: getattr(form, part.value) for part in ReportPart}
    listed = {
        name: [one.words for one in measures] for name, measures in parts.items() if isinstance(measures, list)
    }  # fmt: skip
    words = {**parts, **listed, "letter": form.letter, "responsible": form.responsible}
    await _drop_measures_of_earlier_report(tx, case)
    identifier = uuid7()
    await write(tx, case, "report", policy.investigate.rules, words, report=str(identifier))
    for kind, measures in (
        (MeasureKind.COUNTERMEASURE, form.countermeasures),
        (MeasureKind.PREVENTION, form.prevention),
    ):
        for measure in measures:
            await take(tx, case, kind, measure, report=identifier)
    count = len(form.countermeasures) + len(form.prevention)
    rules = list(policy.investigate.rules)
    tx.publish(case, InvestigationReported(case_id=case.id, measures=count, reported_at=tx.now, rules=rules))
    if Gate.REVIEW_INVESTIGATION in case.gates:
        ask(
            tx,
            REVIEW,
            case,
            {"number": case.number, "measures": count, "responsible": len(form.responsible)},
            chain=policy.review_investigation.chain,
            by=principal.subject,
            branch=case.branch,
            department=case.department,
            path=f"/v1/complaints/{case.id}",
            excluded=await kept_out(tx, case),
        )
    else:
        owe_after_review(case, policy, tx)
    await tx.flush()
    return progress_of(case)


def _refuse_incomplete(form: ReportForm, policy: ComplaintPolicy) -> None:
    missing = [part.value for part in policy.report if not getattr(form, part.value)]
    if missing:
        raise Invalid(
            f"The report lacks {', '.join(missing)}.",
            rules=policy.investigate.rules,
            errors=[Wrong.MISSING.at(f"/{name}", "required part of the report") for name in missing],
        )


async def _drop_measures_of_earlier_report(tx: Tx, case: Case) -> None:
    """What an earlier report of this case wanted done and nobody has done yet: the new report says what is (P17.12)."""
    reopened = case.course.get("reopened_at")
    since = None if reopened is None else datetime.fromisoformat(reopened)
    ids = [row[0] for row in await tx.driver.fetch(_OF_REPORTS, case.id, since)]
    for measure in (await tx.load(MEASURES, ids)).values():
        measure.end(done=False, at=tx.now)
        waive(tx, MEASURE, measure.id, at=tx.now, reason="reported anew")
        ended = MeasureEnded(
            case_id=case.id, measure_id=measure.id, done=False, ended_at=tx.now, rules=["P17.12"]
        )  # fmt: skip
        tx.publish(case, ended)
        note(tx, case, "measure_ended", ("P17.12",), measure=str(measure.id), done=False)


def owe_after_review(case: Case, policy: ComplaintPolicy, tx: Tx) -> None:
    """What the report leads to: the opinion of HR-admin where the profile has it, else a resolution."""
    if Gate.OPINION in case.open_gates(Gate.OPINION):
        owe_step(tx, OPINION, policy.opinion, case, since=tx.now)
    else:
        owe_step(tx, PROPOSE, policy.approve_resolution, case, since=tx.now, due=False)


@granted(REVIEW, CASES)
def report_reviewed(case: Case, asked: Asked, tx: Tx) -> None:
    """The supervisor agrees with the report (P17.4)."""
    policy = case.policy(tx, ComplaintPolicy)
    rules = policy.review_investigation.rules
    case.pass_review(tx.now)
    note(tx, case, "report_reviewed", rules)
    gate = Gate.REVIEW_INVESTIGATION.value
    tx.publish(case, InvestigationReviewed(case_id=case.id, gate=gate, passed_at=tx.now, rules=list(rules)))
    owe_after_review(case, policy, tx)


@refused(REVIEW)
def report_refused(case: Case, asked: Asked, tx: Tx) -> None:
    """The supervisor does not agree: it is reported again."""
    policy = case.policy(tx, ComplaintPolicy)
    note(tx, case, "report_refused", policy.review_investigation.rules, state=asked.state.value)
    owe_step(tx, REPORT, policy.investigate, case, since=tx.now, due=False)
