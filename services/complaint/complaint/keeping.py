"""Who may take a step now, on whom it waits, and what is owed for it: the keepers of a case's gates at work."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID, uuid5

from chassis.auth import Principal
from chassis.http import if_match
from chassis.problems import Forbidden, NotFound, Stale
from chassis.tx import Tx
from contracts.complaint import KeptOut
from contracts.roles import Role
from fastapi import Depends
from policy.access import (
    GROUP,
    Permission,
    department_place,
    end_record_grant,
    exclude,
    excluded_from,
    grant_record,
    held_for,
    within_reach,
)
from policy.directory import Directory
from policy.keep_out import keep_from
from policy.obligations import OBLIGATIONS, Deadline, Obligation, met, owe, pause, resume, tell, waive

from complaint.case import CASES, Case
from complaint.permissions import HANDLE_COMPLAINT, READ_COMPLAINT
from complaint.policy import (
    ASK_CUSTOMER,
    CALL_BACK,
    CLOSE,
    HAND_OVER,
    RETURN_RESULT,
    WAITING_FOR_CUSTOMER,
    ComplaintPolicy,
    Keeper,
)
from complaint.way import Gate, Step

#: how long who takes part in a case finds it in lists, and why
A_PART, TAKES_PART = timedelta(days=366), "takes part in the case"
_LET_IN = """SELECT id, person FROM kehu.record_rights
    WHERE record = $1 AND kind = 'grant' AND because = $2 AND ended_at IS NULL"""
_RUNNING = (
    "SELECT id FROM kehu.obligations WHERE subject = ANY($1::uuid[]) AND duty = ANY($2::text[]) AND ended_at IS NULL"
)


class AnothersStep(Forbidden):
    """The branch's policy gives this step to another role, or to the handler of the case."""

    title = "Another role takes this step here"
    zh = "此步骤在本门店由其他岗位或处理人办理。请转由其办理。"


#: the version of the case that a caller believes to change, from If-Match
Expected = Annotated[int | None, Depends(if_match)]


async def within(tx: Tx, case_id: UUID, permission: Permission, principal: Principal, *, lock: bool) -> Case:
    """The case, where it lies within the caller's reach and does not complain about the caller; else 404 (P12.2).

    Who handles it or takes part in it reaches it with any role of the permission. Of a merged case it is the one that
    it was merged into.
    """
    case = await tx.get(CASES, case_id, lock=lock)
    while case.merged_into is not None:
        case = await tx.get(CASES, case.merged_into, lock=lock)
    if not await reaches(tx, permission, principal, case):
        raise NotFound("There is no such complaint, or none at a branch that you may see. Check the id.")
    return case


async def reaches(tx: Tx, permission: Permission, principal: Principal, case: Case) -> bool:
    """Whether the case is within reach, or has the caller as handler or participant, and is not about them (P12.2)."""
    takes_part = principal.subject in (case.handler, *case.participants)
    owner = principal.subject if takes_part else None
    if principal.subject in case.concerned:
        return False
    if await within_reach(tx, permission, principal, case.id, case.branch, department=case.department, owner=owner):
        return True
    return takes_part and permission.allows(principal) and principal.subject not in await excluded_from(tx, case.id)


async def at_step(
    tx: Tx, case_id: UUID, principal: Principal, step: Step, expected: int | None
) -> tuple[Case, ComplaintPolicy]:
    """The case, locked, where the caller may take this step now; and what held for it when it was opened."""
    case = await within(tx, case_id, HANDLE_COMPLAINT, principal, lock=True)
    if expected is not None and expected != case.version:
        raise Stale("It was changed by someone else in the meantime. Read it again and repeat the change.")
    policy = case.policy(tx, ComplaintPolicy)
    keepers = keepers_of(step, case, policy)
    if not any(takes(keeper, case, principal, tx) for keeper in keepers):
        named = " or ".join(dict.fromkeys(whose(keeper) for keeper in keepers))
        rules = [rule for keeper in keepers for rule in keeper.rules]
        raise AnothersStep(f"At this branch it is taken by {named}.", rules=dict.fromkeys(rules))
    case.refuse_unless_ready(step)
    return case, policy


def keepers_of(step: Step, case: Case, policy: ComplaintPolicy) -> tuple[Keeper, ...]:
    """Who may take a step of this case."""
    answering = policy.answer if case.founded else policy.answer_unfounded
    match step:
        case Step.JUDGE:
            return (policy.judge,)
        case Step.HAND_OVER:
            return (policy.name_department,)
        case Step.START_INVESTIGATION | Step.REPORT:
            return (policy.investigate,)
        case Step.GIVE_OPINION:
            return (policy.opinion,)
        case Step.PROPOSE | Step.APPROVE:
            return (policy.approve_resolution,)
        case Step.ANSWER | Step.REACT:
            return (answering,)
        case Step.SETTLE:
            return (Keeper(rules=("P04.5",), roles=policy.settle, then=(Role.CEO,)),)
        case Step.RETURN_RESULT:
            return (policy.return_result,)
        case Step.CALL_BACK:
            return (policy.call_back,)
        case Step.CLOSE:
            return (policy.close,)
        case Step.REOPEN:
            return (answering, policy.judge, policy.close)


def is_handler(case: Case, subject: str, tx: Tx) -> bool:
    """Whether somebody handles the case, or stands in for who does."""
    if case.handler is None:
        return False
    person = Directory.of(tx.runtime).people.get(subject)
    for_handler = person is not None and any(h.on_behalf_of == case.handler and h.at(tx.now) for h in person.held)
    return subject == case.handler or for_handler


def places_of(keeper: Keeper, case: Case) -> list[str]:
    """Where a keeper's roles count, nearest first."""
    match keeper.place:
        case "group":
            return [GROUP]
        case "branch":
            return [case.branch, GROUP]
        case _:
            return list(dict.fromkeys((department_place(case.branch, case.department), case.branch, GROUP)))


def takes(keeper: Keeper, case: Case, principal: Principal, tx: Tx) -> bool:
    """Whether the step is the caller's to take."""
    if keeper.handler and is_handler(case, principal.subject, tx):
        return True
    places = places_of(keeper, case)
    if holds(principal, keeper.roles, places, case):
        return True
    return holds(principal, keeper.then, places, case) and _nobody_keeps(keeper, case, places, tx)


def owing_role(keeper: Keeper, case: Case, tx: Tx) -> Role:
    """Whose step it is: the first of the keeper's roles, or of who takes it where none of those may (A15)."""
    places = places_of(keeper, case)
    if not _nobody_keeps(keeper, case, places, tx):
        return keeper.roles[0]
    return next((role for role in keeper.then if _free(role, case, places, tx)), keeper.roles[0])


def _nobody_keeps(keeper: Keeper, case: Case, places: Iterable[str], tx: Tx) -> bool:
    """Whether nobody is there to take the step whom the case is not about: whoever hears of a miss takes it (A15)."""
    if keeper.handler and case.handler is not None:
        return False
    return not any(_free(role, case, places, tx) for role in keeper.roles)


def _free(role: Role, case: Case, places: Iterable[str], tx: Tx) -> bool:
    """Whether somebody holds the role at one of the places whom the case is not about."""
    barred = set(case.concerned)
    holders = Directory.of(tx.runtime).holders(role, places, tx.now)
    return any(not barred & {who, whose} for who, whose in holders.items())


def holds(principal: Principal, roles: Iterable[Role], places: Iterable[str], case: Case) -> bool:
    """Whether the caller acts as one of the roles at one of the places, and not for whom the case is about (P12.2)."""
    wanted, at = set(roles), set(places)
    mine = [grant for grant in principal.grants if held_for(grant) not in case.concerned]
    return any(grant.role in wanted and grant.place in at for grant in mine)


def whose(keeper: Keeper) -> str:
    """On whom a step waits, in words."""
    named = [role.value for role in keeper.roles]
    return " or ".join([*(["the handler of the case"] if keeper.handler else []), *named])


def owe_step(tx: Tx, duty: Obligation, keeper: Keeper, case: Case, *, since: datetime, due: bool = True) -> None:
    """The step is owed from now on, by the handler or by the keeper's first role; with `due` false without a term.

    While the customer is waited for its clock stands, as those of all that was owed before.
    """
    waits = None if case.handled else case.waiting_since
    role, person = handling_role(case, tx), case.handler
    if not keeper.handler or person is None:
        role, person = (owing_role(keeper, case, tx) if keeper.roles else role), None
    deadline = keeper.deadline(role)
    if not due:
        deadline = Deadline(within=None, role=deadline.role, then=deadline.then)
    place = places_of(keeper, case)[0] if person is None else department_place(case.branch, case.department)
    path = f"/v1/complaints/{case.id}"
    owe(
        tx,
        duty,
        case.id,
        deadline,
        branch=case.branch,
        since=since,
        path=path,
        person=person,
        place=place,
        excluded=case.concerned,
        paused=None if waits is None else (waits, WAITING_FOR_CUSTOMER),
    )


def begin_waiting(tx: Tx, case: Case, policy: ComplaintPolicy) -> bool:
    """The clocks stand while the customer is waited for, and it is owed to ask again; False when that is so already.

    Without that a case whose customer says nothing, or whose answer nobody records, would be on no board any more.
    """
    if not case.wait(tx.now):
        return False
    pause(tx, case.id, at=tx.now, because=WAITING_FOR_CUSTOMER)
    answering = policy.answer if case.founded else policy.answer_unfounded
    keeper = policy.judge if case.judgement is None else answering
    role, place = handling_role(case, tx), department_place(case.branch, case.department)
    if case.handler is None:
        role, place = owing_role(keeper, case, tx), places_of(keeper, case)[0]
    owe(
        tx,
        ASK_CUSTOMER,
        _waiting(case),
        keeper.deadline(role).model_copy(update={"within": policy.ask_customer}),
        branch=case.branch,
        since=tx.now,
        path=f"/v1/complaints/{case.id}",
        person=case.handler,
        about=case.id,
        place=place,
        excluded=case.concerned,
    )
    return True


def end_waiting(tx: Tx, case: Case) -> bool:
    """The customer is waited for no longer: the clocks go on; False when nothing was waited for."""
    if not case.go_on():
        return False
    resume(tx, case.id, at=tx.now, because=WAITING_FOR_CUSTOMER)
    met(tx, ASK_CUSTOMER, _waiting(case), at=tx.now)
    return True


def _waiting(case: Case) -> UUID:
    """What asking again is owed for: the waiting, not the case, whose clocks stand meanwhile."""
    return uuid5(case.id, "waiting")


def owe_after_handling(tx: Tx, case: Case, policy: ComplaintPolicy, *, since: datetime) -> None:
    """The handling has ended: what comes next of return to the group, call-back and closing is owed.

    A higher level that asked for another handler comes too late now (P04.10).
    """
    waive(tx, HAND_OVER, case.id, at=tx.now, reason="the handling has ended")
    shut = case.open_gates()
    if Gate.RETURN_RESULT in shut:
        owe_step(tx, RETURN_RESULT, policy.return_result, case, since=since)
    elif Gate.CALL_BACK in shut:
        owe_step(tx, CALL_BACK, policy.call_back, case, since=since)
    elif not policy.close.from_receipt:
        owe_step(tx, CLOSE, policy.close, case, since=since)


def handling_role(case: Case, tx: Tx) -> Role:
    """As what the handler handles; the head of department, where nobody does yet."""
    known = case.course.get("handler_role")
    return Role(known) if known else Role.DEPARTMENT_HEAD


def concern(tx: Tx, case: Case, respondent: str | None) -> None:
    """Somebody of staff is complained about: nothing of the case, and nothing owed in it, is shown to them (P12.2)."""
    if respondent is not None and respondent != case.respondent:
        exclude(tx, case.id, [respondent], because="complained about")
        say_kept_out(tx, case, [respondent])
    case.concern(respondent)
    if respondent is not None:
        keep_from(tx, case.id, respondent, at=tx.now)


async def let_in(tx: Tx, case: Case) -> None:
    """Who takes part finds the case in lists and opens it; who does no more does not (P12.2)."""
    now = set(case.participants)
    for identifier, person in await tx.driver.fetch(_LET_IN, case.id, TAKES_PART):
        if person in now:
            now.discard(person)
        else:
            await end_record_grant(tx, identifier)
    for person in sorted(now):
        grant_record(
            tx, READ_COMPLAINT, case.id, person, from_at=tx.now, until_at=tx.now + A_PART, because=TAKES_PART
        )  # fmt: skip


def bar(tx: Tx, case: Case, people: Collection[str], *, because: str) -> None:
    """They neither read, handle nor sign it, and hear nothing of what is owed in it, whatever their roles (P12.2)."""
    exclude(tx, case.id, people, because=because)
    say_kept_out(tx, case, people)
    case.bar(people)
    for person in sorted(people):
        keep_from(tx, case.id, person, at=tx.now)


def say_kept_out(tx: Tx, case: Case, people: Collection[str]) -> None:
    """Whoever keeps something about the case elsewhere, a dossier or a notice, keeps them out of it too (P12.2)."""
    if people:
        tx.publish(case, KeptOut(case_id=case.id, branch=case.branch, people=sorted(people)))


async def kept_out(tx: Tx, case: Case) -> list[str]:
    """Who has no part in the case: whom it is about, and whom the investigation has found responsible (P12.2)."""
    return sorted({*await excluded_from(tx, case.id), *case.concerned})


async def assign(tx: Tx, case: Case, duties: Iterable[Obligation]) -> None:
    """What is owed already goes to the handler; its terms stay as they were."""
    names = [ASK_CUSTOMER.name, *(duty.name for duty in duties)]
    ids = [row[0] for row in await tx.driver.fetch(_RUNNING, [case.id, _waiting(case)], names)]
    for one in (await tx.load(OBLIGATIONS, ids)).values():
        one.role, one.person = handling_role(case, tx), case.handler
        one.plan = {**one.plan, "place": department_place(case.branch, case.department)}
        tell(tx, one)
