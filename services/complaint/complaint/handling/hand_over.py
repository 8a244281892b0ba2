"""Hands a founded complaint to the department and the manager whom its level asks for (P04.4, P04.10, P17.3).

Never to whom it is about (P12.2): where the head is, the superior handles it (A15).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal
from uuid import UUID

from chassis.auth import Principal
from chassis.fields import Word
from chassis.http import post
from chassis.problems import Invalid, Refused
from chassis.tx import Tx
from chassis.wrong import Wrong
from contracts.complaint import ComplaintHandedOver
from contracts.roles import Role
from policy.access import department_place
from policy.directory import Directory
from policy.obligations import met
from policy.policies import NotSet
from pydantic import Field

from complaint.case import Case
from complaint.cases.views import CaseProgress, progress_of
from complaint.keeping import Expected, assign, at_step, concern, kept_out, let_in, owe_step
from complaint.permissions import HANDLE_COMPLAINT
from complaint.policy import ANSWER, HAND_OVER, INVESTIGATE, PROPOSE, REPORT, ComplaintPolicy
from complaint.timeline import Person, Words, WordsForm, write
from complaint.way import Gate, Step

RULES = ("P04.4", "P04.10", "P12.2", "P17.3")

LEVELS = ("normal", "serious", "gravest")


class HandlesOwnCase(Refused):
    """Whom a complaint is about neither handles it nor takes part in it."""

    title = "The complaint is about them"
    zh = "被投诉人不能处理或参与本人的投诉。请改选其他人员。"


class NotForThem(Refused):
    """The level of the complaint asks for another manager."""

    title = "The level of the complaint asks for another manager"
    zh = "按投诉级别，须由更高级别的负责人处理。请改选处理人。"


class NobodyHandles(Refused):
    """Nobody whom the policy names is there to handle it, or several are and one must be named."""

    title = "Say who handles it"
    zh = "没有可以处理的人员，或有多人可选。请指定处理人。"


class HandOverForm(WordsForm):
    """Who handles it. Without `handler` it is the only one whom the level asks for; `level` only raises it."""

    department: Word | None = None
    handler: Person | None = None
    level: Literal["normal", "serious", "gravest"] | None = None
    respondent: Annotated[Person | None, Field(description="the member of staff complained about, where not known")] = (
        None
    )
    participants: list[Person] = Field(default=[], max_length=5, description="the original receptionist (P12.2)")
    words: Words | None = None


@post("/v1/complaints/{case_id}/hand-over", needs=HANDLE_COMPLAINT)
async def hand_over(
    case_id: UUID, form: HandOverForm, principal: Principal, tx: Tx, expected: Expected = None
) -> CaseProgress:
    """Hand the complaint to a department and its handler; again, when somebody else is to handle it."""
    case, policy = await at_step(tx, case_id, principal, Step.HAND_OVER, expected)
    department = form.department or (case.judgement or {}).get("respondent_department")
    if department is None:
        raise Invalid(
            "Name the department that handles it.",
            rules=RULES[:1],
            errors=[Wrong.MISSING.at("/department", "required: the judgement named none")],
        )
    if form.respondent == principal.subject:
        raise HandlesOwnCase("Who is complained about hands nothing over.", rules=("P12.2",))
    concern(tx, case, form.respondent)
    accused = set(await kept_out(tx, case))
    if accused & {form.handler, *form.participants}:
        raise HandlesOwnCase("Name people whom the complaint is not about.", rules=("P12.2",))
    level = max(level_of(case, policy), form.level or "normal", key=LEVELS.index)
    handler, role = handler_of(tx, case, policy, department, level, form.handler, accused)
    first = case.gates.get(Gate.NAME_DEPARTMENT) is None
    case.hand_over(department, handler, role, level, form.participants, tx.now)
    await let_in(tx, case)
    met(tx, HAND_OVER, case.id, at=tx.now)
    running = [INVESTIGATE, REPORT, PROPOSE, *([ANSWER] if policy.answer.handler else [])]
    await assign(tx, case, running)
    if first and not policy.investigate.from_receipt:
        owe_step(tx, INVESTIGATE, policy.investigate, case, since=tx.now)
    rules = [*policy.name_department.rules, "P04.10"]
    await write(
        tx, case, "handed_over", rules, {"words": form.words}, department=department, handler=handler, level=level,
        role=role.value, participants=list(case.participants),
    )  # fmt: skip
    tx.publish(
        case,
        ComplaintHandedOver(
            case_id=case.id, department=department, level=level, handed_over_at=tx.now, rules=rules
        ),
    )  # fmt: skip
    await tx.flush()
    return progress_of(case)


def level_of(case: Case, policy: ComplaintPolicy) -> str:
    """The level that follows from how serious the case is; a level once given is not lowered (A18)."""
    found = "normal"
    if case.serious:
        found = "gravest" if set(policy.gravest) & set(case.serious_kinds) else "serious"
    return max(found, case.level or "normal", key=LEVELS.index)


def handler_of(
    tx: Tx, case: Case, policy: ComplaintPolicy, department: str, level: str, wanted: str | None, accused: set[str]
) -> tuple[str, Role]:
    """Who handles it, and as what: of the roles of the level; where they are all accused, of their superiors."""
    roles = policy.levels.get(level)
    if not roles:
        raise NotSet(
            f"complaint.levels says nothing of the level {level}. Have it set first.",
            rules=("P04.10",),
            value="complaint.levels",
        )
    for candidates in (
        _free(tx, case, department, roles, accused),
        _free(tx, case, department, policy.superiors, accused),
    ):
        if wanted is not None and wanted in candidates:
            return wanted, candidates[wanted]
        if wanted is None and candidates:
            break
    else:
        if wanted is not None:
            named = ", ".join(role.value for role in (*roles, *policy.superiors))
            raise NotForThem(f"A complaint of the level {level} is handled by {named}.", rules=("P04.10",), level=level)
        raise NobodyHandles("Nobody whom the policy names is there. Have the post filled.", rules=RULES[:2])
    nearest = next(iter(candidates.values()))
    first = [person for person, role in candidates.items() if role is nearest]
    if len(first) > 1:
        raise NobodyHandles(
            "Several could handle it: name one.", rules=RULES[:2], candidates=sorted(candidates), role=nearest.value
        )
    return first[0], nearest


def _free(tx: Tx, case: Case, department: str, roles: Iterable[Role], accused: set[str]) -> dict[str, Role]:
    """Who holds one of the roles at the department, or else at the branch, and is not accused; nearest first."""
    directory = Directory.of(tx.runtime)
    found: dict[str, Role] = {}
    for role in roles:
        for place in (department_place(case.branch, department), case.branch, "group"):
            holders = directory.holders(role, [place], tx.now)
            free = [who for who, whose in sorted(holders.items()) if not accused & {who, whose}]
            if free:
                found |= {who: role for who in free if who not in found}
                break
    return found
