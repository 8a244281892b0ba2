"""Decides whether reason and demand of a complaint hold; who may, the branch's policy says (P04.3, P17.2)."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from chassis.auth import Principal
from chassis.fields import Slug, Text
from chassis.http import post
from chassis.problems import Forbidden
from chassis.tx import Tx
from contracts.complaint import ComplaintJudged
from policy.access import GROUP
from policy.approvals import Asked, ask, granted
from policy.obligations import met
from pydantic import BaseModel, ConfigDict, Field

from complaint import tables
from complaint.case import CASES, Case
from complaint.cases.read_complaint import within
from complaint.cases.views import CaseView, view_of
from complaint.permissions import JUDGE_COMPLAINT
from complaint.policy import JUDGE, JUDGEMENT, ComplaintPolicy

RULES = ("P04.3", "P17.2")


class NotTheJudge(Forbidden):
    """Another role judges the complaints of this branch."""

    title = "Another role judges complaints here"


class JudgementForm(BaseModel):
    """What is decided. Both tests are recorded apart (A14); the complaint is founded when both hold."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"reason_holds": True, "demand_holds": True, "opinion": "三次维修未解决, 要求合理"}]
        },
    )

    reason_holds: bool
    demand_holds: bool
    opinion: Annotated[Text, Field(min_length=2, max_length=2000, description="kept sealed")]
    respondent: Annotated[str | None, Field(max_length=200, description="the member of staff complained about")] = None
    respondent_department: Slug | None = None


@post("/v1/complaints/{case_id}/judge", needs=JUDGE_COMPLAINT)
async def judge_complaint(case_id: UUID, form: JudgementForm, principal: Principal, tx: Tx) -> CaseView:
    """Judge a complaint. Where the branch's policy wants it approved, it counts when it has been."""
    case = await within(tx, case_id, JUDGE_COMPLAINT, principal, lock=True)
    policy = case.policy(tx, ComplaintPolicy)
    if not any(g.role is policy.judge.role and g.place in (case.branch, GROUP) for g in principal.grants):
        raise NotTheJudge(
            f"Complaints of this branch are judged by the role {policy.judge.role.value}.", rules=RULES[:1]
        )
    judgement: dict[str, Any] = {
        "reason_holds": form.reason_holds,
        "demand_holds": form.demand_holds,
        "founded": form.reason_holds and form.demand_holds,
        "by": principal.subject,
        "at": tx.now.isoformat(),
        "respondent_department": form.respondent_department,
    }
    case.concern(form.respondent)
    personal = await tx.unseal(case, why="judging", rules=RULES)
    personal["opinion"] = form.opinion
    case.sealed = await tx.seal(tables.cases, case.id, case.subject_id, personal)
    chain = policy.founded if judgement["founded"] else policy.unfounded
    if chain:
        case.refuse_unless_judgeable()
        ask(
            tx,
            JUDGEMENT,
            case,
            {"number": case.number, **judgement},
            chain=chain,
            by=principal.subject,
            branch=case.branch,
            path=f"/v1/complaints/{case.id}",
            excluded=[form.respondent] if form.respondent else [],
        )
    else:
        settle(case, judgement, tx)
    await tx.flush()
    return view_of(case, personal)


def settle(case: Case, judgement: dict[str, Any], tx: Tx) -> None:
    """The judgement counts: the duty is met, and the others hear of it."""
    case.judge(judgement)
    met(tx, JUDGE, case.id, at=tx.now)
    tx.publish(
        case,
        ComplaintJudged(
            case_id=case.id,
            founded=judgement["founded"],
            grounds_hold=judgement["reason_holds"],
            claim_holds=judgement["demand_holds"],
            judged_at=tx.now,
            rules=["P04.3"],
        ),
    )


@granted(JUDGEMENT, CASES)
def judgement_approved(case: Case, asked: Asked, tx: Tx) -> None:
    """The superior agrees: it counts as it was shown."""
    settle(case, {name: value for name, value in asked.offer.items() if name != "number"}, tx)
