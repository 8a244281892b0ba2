"""Proposes misconduct by its tier; the department manager decides, late or concerned the general manager (P04.12)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

import sqlalchemy as sa
from chassis.auth import Principal
from chassis.http import Page, get, post
from chassis.ids import uuid7
from chassis.problems import Invalid, Refused
from chassis.tx import Tx
from chassis.wrong import Wrong
from contracts.roles import Role
from contracts.staff import RecordBreach
from policy.access import GROUP, department_place
from policy.approvals import Asked, ask, granted, refused
from policy.calendar import civil
from policy.directory import Directory
from policy.obligations import met
from pydantic import BaseModel, Field

from complaint import tables
from complaint.case import Case, NotNow
from complaint.keeping import AnothersStep, holds, kept_out, within
from complaint.misconduct.model import MISCONDUCTS, Misconduct
from complaint.permissions import PROPOSE_MISCONDUCT
from complaint.policy import MISCONDUCT, PENALISE, ComplaintPolicy
from complaint.timeline import Person, Words, WordsForm, note, write

RULES = ("P04.11", "P04.12")

#: who files it when the department manager has not decided, or is concerned
FILERS = (Role.HR_ADMIN, Role.HR_ADMIN_MANAGER)

_KNOWN = "SELECT state FROM misconducts WHERE case_id = $1 AND person = $2 AND state <> 'refused'"
_DUE = """SELECT coalesce(max(due_at) FILTER (WHERE ended_at IS NULL), 'infinity') FROM kehu.obligations
    WHERE subject = $1 AND duty = $2"""


class ProposedAlready(Refused):
    """What somebody did in a case is decided once, by its highest tier (A19)."""

    zh = "此人在本投诉中的违规处理已经提出。请在原提案中办理。"


class NeedsText(Refused):
    """The sanction of this tier is not set: the decision says what it is."""

    title = "The decision must say what the sanction is"
    zh = "制度未规定此级处分的内容。请在决定中写明处分内容。"


class MisconductForm(WordsForm):
    """Who did what, by the offences of the policy; `words` is what happened."""

    person: Person
    offences: Annotated[list[str], Field(min_length=1, max_length=10)]
    occurred_on: date
    words: Words


class MisconductView(BaseModel):
    """A proposal and what became of it."""

    id: UUID
    case_id: UUID
    person: str
    offences: list[str]
    tier: int
    occurred_on: date
    proposed_by: str
    proposed_at: datetime
    state: str
    decided_at: datetime | None
    approval: str | None
    version: int


@post("/v1/complaints/{case_id}/misconduct", needs=PROPOSE_MISCONDUCT, status=201)
async def propose_misconduct(case_id: UUID, form: MisconductForm, principal: Principal, tx: Tx) -> MisconductView:
    """Propose it; it counts when it has been decided along the chain of the policy."""
    case, policy = await _founded_case(tx, case_id, principal)
    unknown = [n for n, offence in enumerate(form.offences) if offence not in policy.offences]
    if unknown:
        raise Invalid(
            f"The policy knows these offences: {', '.join(policy.offences)}.",
            rules=RULES[:1],
            errors=[Wrong.UNKNOWN.at(f"/offences/{n}", "no offence of the policy") for n in unknown],
        )
    if not civil(case.taken_at).replace(month=1, day=1) <= form.occurred_on <= civil(tx.now):
        raise Invalid(
            "The day lies in the year of the complaint, not in the future.",
            errors=[
                Wrong.BETWEEN.at(
                    "/occurred_on", limit=f"{civil(case.taken_at).replace(month=1, day=1)} – {civil(tx.now)}"
                )
            ],
        )
    if form.person == principal.subject:
        raise AnothersStep("Nobody proposes about themselves.", rules=RULES[1:])
    if await tx.driver.fetchrow(_KNOWN, case.id, form.person) is not None:
        raise ProposedAlready("It has been proposed for this person and case.", rules=RULES[:1])
    chain = policy.penalty
    if await _late(tx, case) or _manages(tx, case, form.person):
        chain = policy.penalty_late
        if not holds(principal, FILERS, (case.branch, GROUP), case):
            raise AnothersStep("HR-admin files it now; the general manager decides.", rules=RULES[1:])
    misconduct = Misconduct(
        id=(identifier := uuid7()),
        case_id=case.id,
        branch=case.branch,
        person=form.person,
        offences=tuple(form.offences),
        tier=max(policy.offences[offence] for offence in form.offences),
        occurred_on=form.occurred_on,
        proposed_by=principal.subject,
        proposed_at=tx.now,
        subject_id=case.subject_id,
        sealed=await tx.seal(tables.misconducts, identifier, case.subject_id, {"words": form.words}),
    )
    ask(
        tx,
        MISCONDUCT,
        misconduct,
        {
            "number": case.number,
            "person": form.person,
            "offences": sorted(form.offences),
            "tier": misconduct.tier,
            "sanction_set": misconduct.tier not in policy.unset_sanctions,
        },
        chain=chain,
        by=principal.subject,
        branch=case.branch,
        department=case.department,
        path=f"/v1/complaints/{case.id}",
        excluded={form.person, *await kept_out(tx, case)},
    )
    tx.add(misconduct)
    await write(tx, case, "misconduct_proposed", RULES, {"words": form.words}, tier=misconduct.tier)
    await tx.flush()
    return _view(misconduct)


@get("/v1/complaints/{case_id}/misconduct", needs=PROPOSE_MISCONDUCT)
async def list_misconduct(case_id: UUID, principal: Principal, tx: Tx) -> Page[MisconductView]:
    """What was proposed in a case, and decided."""
    case = await within(tx, case_id, PROPOSE_MISCONDUCT, principal, lock=False)
    table = tables.misconducts
    query = sa.select(*MISCONDUCTS.columns).where(table.c.case_id == case.id).order_by(table.c.id)
    return Page(items=[_view(MISCONDUCTS.restore(row)) for row in await tx.execute(query)])


class NoPenalty(WordsForm):
    """Why nobody is punished."""

    words: Words


@post("/v1/complaints/{case_id}/no-penalty", needs=PROPOSE_MISCONDUCT, status=204)
async def decide_no_penalty(case_id: UUID, form: NoPenalty, principal: Principal, tx: Tx) -> None:
    """Decide that nobody is punished: the department manager, or the general manager."""
    case, _ = await _founded_case(tx, case_id, principal)
    places = (department_place(case.branch, case.department), case.branch, GROUP)
    if not holds(principal, (Role.DEPARTMENT_MANAGER, Role.GENERAL_MANAGER), places, case):
        raise AnothersStep("The department manager or the general manager decides that.", rules=RULES[1:])
    met(tx, PENALISE, case.id, at=tx.now)
    await write(tx, case, "no_penalty", RULES[1:], {"words": form.words})


@granted(MISCONDUCT, MISCONDUCTS)
def misconduct_decided(misconduct: Misconduct, asked: Asked, tx: Tx) -> None:
    """It counts from now: staff books it; a tier whose sanction the original has lost needs the decider's words."""
    if not asked.offer["sanction_set"] and asked.reason is None:
        raise NeedsText("Say as reason of the decision what the sanction is.", rules=RULES[:1], tier=misconduct.tier)
    misconduct.decide(tx.now)
    met(tx, PENALISE, misconduct.case_id, at=tx.now)
    note(tx, misconduct, "misconduct_decided", RULES, tier=misconduct.tier)
    breach = RecordBreach(
        breach_id=misconduct.id,
        person=misconduct.person,
        rule="P04.11",
        kind=f"misconduct_{misconduct.tier}",
        subject=asked.offer["number"],
        occurred_on=misconduct.occurred_on,
        decided_at=tx.now,
        base=None,
    )
    tx.command(breach, misconduct.person)


@refused(MISCONDUCT)
def misconduct_refused(misconduct: Misconduct, asked: Asked, tx: Tx) -> None:
    """It does not count."""
    misconduct.refuse(tx.now)
    note(tx, misconduct, "misconduct_refused", RULES, tier=misconduct.tier, state=asked.state.value)


async def _founded_case(tx: Tx, case_id: UUID, principal: Principal) -> tuple[Case, ComplaintPolicy]:
    case = await within(tx, case_id, PROPOSE_MISCONDUCT, principal, lock=True)
    if not case.founded:
        raise NotNow("Penalties follow from founded complaints.", rules=RULES, state=case.state.value)
    return case, case.policy(tx, ComplaintPolicy)


async def _late(tx: Tx, case: Case) -> bool:
    """Whether the department manager's term to decide is over."""
    due: datetime = await tx.driver.fetchval(_DUE, case.id, PENALISE.name)
    return due.replace(tzinfo=tx.now.tzinfo) < tx.now if due.tzinfo is None else due < tx.now


def _manages(tx: Tx, case: Case, person: str) -> bool:
    """Whether it is the department's own manager."""
    places = (department_place(case.branch, case.department), case.branch)
    return person in Directory.of(tx.runtime).holders(Role.DEPARTMENT_MANAGER, places, tx.now)


def _view(one: Misconduct) -> MisconductView:
    held = one.held.get(MISCONDUCT.name)
    return MisconductView(
        id=one.id,
        case_id=one.case_id,
        person=one.person,
        offences=list(one.offences),
        tier=one.tier,
        occurred_on=one.occurred_on,
        proposed_by=one.proposed_by,
        proposed_at=one.proposed_at,
        state=one.state.value,
        decided_at=one.decided_at,
        approval=None if held is None else f"/v1/approvals/{held['id']}",
        version=one.version,
    )
