"""Decides whether reason and demand of a complaint hold; who may, the branch's policy says (P04.3, P17.2)."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from chassis.auth import Principal
from chassis.fields import Word
from chassis.http import post
from chassis.problems import Forbidden, Invalid
from chassis.tx import Tx
from chassis.wrong import Wrong
from contracts.complaint import ComplaintJudged
from policy.approvals import Asked, ask, granted, refused
from policy.obligations import met, waive
from pydantic import BaseModel, ConfigDict, Field

from complaint import tables
from complaint.case import CASES, Case
from complaint.cases.views import CaseView, view_of
from complaint.keeping import concern, kept_out, owe_step, takes, whose, within
from complaint.notices import send
from complaint.permissions import JUDGE_COMPLAINT
from complaint.policy import ANSWER, ANSWER_UNFOUNDED, HAND_OVER, INVESTIGATE, JUDGE, JUDGEMENT, ComplaintPolicy
from complaint.timeline import Said, note, write
from complaint.way import Step

RULES = ("P04.1", "P04.3", "P17.1", "P17.2", "P12.2")


class NotTheJudge(Forbidden):
    """Another role judges the complaints of this branch."""

    title = "Another role judges complaints here"
    zh = "本门店的投诉由其他岗位判定。请转由其判定。"


class AboutYou(Forbidden):
    """Who is complained about has no part in the handling."""

    title = "The complaint is about you"
    zh = "此投诉涉及您本人，您不能参与办理。请由其他人员办理。"


class Matter(StrEnum):
    """What a complaint is about; the product is ours (†), for what is sold (P04.1)."""

    ATTITUDE = "attitude"
    PROFESSIONAL_QUALITY = "professional_quality"
    EFFICIENCY = "efficiency"
    PRODUCT = "product"
    OTHER = "other"


class Demand(StrEnum):
    """What a customer asks for (P17.1)."""

    PRICE_REDUCTION = "price_reduction"
    RETURN = "return"
    EXCHANGE = "exchange"
    DAMAGES = "damages"
    CRITICISM = "criticism"
    OTHER = "other"


class Claimant(StrEnum):
    """As what a customer complains (P17.1)."""

    CONSUMER = "consumer"
    AGENT = "agent"
    FRANCHISEE = "franchisee"


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
    opinion: Annotated[Said, Field(min_length=2, max_length=2000, description="kept sealed")]
    respondent: Annotated[str | None, Field(max_length=200, description="the member of staff complained about")] = None
    respondent_department: Word | None = None
    matter: Annotated[Matter | None, Field(description="what the complaint is about (P04.1)")] = None
    demands: Annotated[list[Demand], Field(max_length=6, description="what is asked for (P17.1)")] = []
    claimant: Annotated[Claimant | None, Field(description="as what the customer complains (P17.1)")] = None
    customer_cause: Annotated[bool, Field(description="the customer is the cause: answered at once (P17.2)")] = False


@post("/v1/complaints/{case_id}/judge", needs=JUDGE_COMPLAINT)
async def judge_complaint(case_id: UUID, form: JudgementForm, principal: Principal, tx: Tx) -> CaseView:
    """Judge a complaint. Where the branch's policy wants it approved, it counts when it has been."""
    case = await within(tx, case_id, JUDGE_COMPLAINT, principal, lock=True)
    policy = case.policy(tx, ComplaintPolicy)
    if not takes(policy.judge, case, principal, tx):
        raise NotTheJudge(f"Complaints of this branch are judged by {whose(policy.judge)}.", rules=policy.judge.rules)
    if form.respondent == principal.subject:
        raise AboutYou("Who is complained about does not judge. Have somebody else do it.", rules=("P12.2",))
    case.refuse_unless_ready(Step.JUDGE)
    if form.customer_cause and form.reason_holds and form.demand_holds:
        raise Invalid(
            "What the customer has caused does not hold: say which of the two does not.",
            rules=("P17.2",),
            errors=[Wrong.CONTRADICTION.at("/customer_cause", "not where reason and demand hold")],
        )
    judgement: dict[str, Any] = {
        "reason_holds": form.reason_holds,
        "demand_holds": form.demand_holds,
        "founded": form.reason_holds and form.demand_holds,
        "by": principal.subject,
        "at": tx.now.isoformat(),
        "respondent_department": form.respondent_department,
        "customer_cause": form.customer_cause,
        "matter": form.matter,
        "demands": sorted(set(form.demands)),
        "claimant": form.claimant,
    }
    concern(tx, case, form.respondent)
    personal = await tx.unseal(case, why="judging", rules=RULES)
    personal["opinion"] = form.opinion
    case.sealed = await tx.seal(tables.cases, case.id, case.subject_id, personal)
    await write(
        tx, case, "judgement", RULES, {"opinion": form.opinion}, counts=not policy.accept.chain, **_shown(judgement)
    )
    if policy.accept.chain:
        ask(
            tx,
            JUDGEMENT,
            case,
            {"number": case.number, **judgement},
            chain=policy.accept.chain,
            by=principal.subject,
            branch=case.branch,
            path=f"/v1/complaints/{case.id}",
            excluded=await kept_out(tx, case),
        )
    else:
        settle(case, judgement, tx)
    await tx.flush()
    return view_of(case, personal)


def _shown(judgement: dict[str, Any]) -> dict[str, Any]:
    """What the timeline says of it; statistics are counted from there."""
    names = ("reason_holds", "demand_holds", "founded", "matter", "demands", "claimant")
    return {name: judgement.get(name) for name in names}


def settle(case: Case, judgement: dict[str, Any], tx: Tx) -> None:
    """The judgement counts: the duty is met, the next one owed, and the others hear of it."""
    policy = case.policy(tx, ComplaintPolicy)
    case.judge(judgement, policy.gates(founded=judgement["founded"]), tx.now)
    met(tx, JUDGE, case.id, at=tx.now)
    tx.publish(
        case,
        ComplaintJudged(
            case_id=case.id,
            founded=judgement["founded"],
            grounds_hold=judgement["reason_holds"],
            claim_holds=judgement["demand_holds"],
            judged_at=tx.now,
            rules=list(policy.judge.rules),
        ),
    )
    if case.founded:
        owe_step(tx, HAND_OVER, policy.name_department, case, since=tx.now)
        return
    for duty in (INVESTIGATE, ANSWER):
        waive(tx, duty, case.id, at=tx.now, reason="the complaint does not hold")
    keeper = policy.answer_unfounded
    owe_step(tx, ANSWER_UNFOUNDED, keeper, case, since=case.taken_at if keeper.from_receipt else tx.now)
    if not judgement["customer_cause"]:
        told = [f"{role.value}@{case.branch}" for role in policy.told_of_refused]
        send(tx, case, "complaint_refused", told, ("P17.2",))


@granted(JUDGEMENT, CASES)
def judgement_approved(case: Case, asked: Asked, tx: Tx) -> None:
    """The superior agrees: it counts as it was shown."""
    judgement = {name: value for name, value in asked.offer.items() if name != "number"}
    note(tx, case, "judgement_approved", ("P17.2",), **_shown(judgement))
    settle(case, judgement, tx)


@refused(JUDGEMENT)
def judgement_refused(case: Case, asked: Asked, tx: Tx) -> None:
    """The superior does not agree: it is judged again."""
    note(tx, case, "judgement_refused", ("P17.2",), state=asked.state.value)
