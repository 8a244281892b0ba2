"""What the steps of the ladder have in common: whom a step addresses, how it begins, tells and ends (P12.6, P12.7)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from chassis.ids import uuid7
from chassis.tx import Tx
from contracts.notify import Send
from contracts.roles import Role
from policy.access import GROUP, department_place
from policy.directory import Directory
from policy.obligations import Deadline, met, owe

from complaint.case import Case
from complaint.redirect import survivors
from complaint.serious import tables
from complaint.serious.ladder import LADDERS, STEPS, SeriousLadder, SeriousStep, StepState, ladder_id
from complaint.serious.policy import DUTY_OF, SeriousPolicy, StepKind, StepRule

#: how one person is addressed
PERSON = "person:"

_STEPS = "SELECT id, case_id FROM serious_steps WHERE case_id = ANY($1::uuid[])"
#: from whom these cases are kept, besides those whom each names itself
EXCLUDED = """SELECT record, person FROM kehu.record_rights
    WHERE record = ANY($1::uuid[]) AND kind = 'exclusion' AND ended_at IS NULL"""


@dataclass
class Climb:
    """A case with its ladder, its steps, and who must never hear of it (P12.2)."""

    case: Case
    ladder: SeriousLadder | None
    all_steps: list[SeriousStep]
    excluded: set[str] = field(default_factory=set)

    @property
    def steps(self) -> list[SeriousStep]:
        """The steps since the case was last found serious, in the order in which they began."""
        since = self.ladder.started_at if self.ladder else None
        return [step for step in self.all_steps if since is None or step.since >= since]

    def policy(self, tx: Tx) -> SeriousPolicy:
        return self.case.policy(tx, SeriousPolicy)


async def climbs_of(tx: Tx, case_ids: Iterable[UUID]) -> dict[UUID, Climb]:
    """The cases among these that exist, locked, with all that belongs to their ladders; one object a case.

    Of a merged case it is the one that it was merged into.
    """
    surviving = await survivors(tx, case_ids)
    cases = {case.id: case for case in surviving.values()}
    ids = list(cases)
    ladders = await tx.load(LADDERS, [ladder_id(one) for one in ids])
    steps = await tx.load(STEPS, [row["id"] for row in await tx.driver.fetch(_STEPS, ids)])
    found = {
        one: Climb(case, ladders.get(ladder_id(one)), [step for step in steps.values() if step.case_id == one])
        for one, case in cases.items()
    }
    for climb in found.values():
        climb.excluded.update(climb.case.concerned)
    for record, person in await tx.driver.fetch(EXCLUDED, ids):
        found[record].excluded.add(person)
    return {asked: found[case.id] for asked, case in surviving.items()}


def begun(climb: Climb, rule: StepRule) -> bool:
    """Whether the step of a rule has begun, at its addressee or at who stands in, and has not fallen away."""
    otherwise = tuple(role.value for role in rule.otherwise)
    return any(
        (step.kind, step.otherwise) == (rule.kind, otherwise) and step.role in (rule.to.value, *otherwise)
        for step in climb.steps
        if step.state is not StepState.WAIVED
    )


def begin(tx: Tx, climb: Climb, rule: StepRule, since: datetime) -> None:
    """Owe a step, and tell whom it addresses, in this transaction."""
    case = climb.case
    found = addressee(tx, climb, (rule.to, *rule.otherwise), _places(tx, case, rule))
    role, place = found or (rule.to, _places(tx, case, rule)[-1])
    answers, answers_at = (role, place) if rule.met_by == "confirmed" else (rule.deadline.role, case.branch)
    if answers_at == case.branch and rule.met_by != "confirmed":
        nearest = addressee(tx, climb, (answers,), _up_from(tx, case.branch))
        answers_at = nearest[1] if nearest else case.branch
    deadline = rule.deadline.model_copy(update={"role": answers})
    step = owe_step(tx, climb, rule.kind, (role.value, place), deadline, answers_at, rule.met_by, since)
    step.otherwise = tuple(one.value for one in rule.otherwise)
    if rule.met_by == "done":
        return
    if found is None and _held(tx, rule.to, place):
        # whoever holds the post is excluded, and nobody stands in: nobody is told, and it is seen to be owed
        step.nobody([f"{role.value}@{place}"])
    else:
        tell(tx, climb, step, role, place)


def owe_step(
    tx: Tx,
    climb: Climb,
    kind: StepKind,
    whom: tuple[str, str],
    deadline: Deadline,
    answers_at: str,
    met_by: str,
    since: datetime,
) -> SeriousStep:
    """A new step with its obligation, which starts at the fact's time."""
    case = climb.case
    identifier = uuid7()
    owed = owe(
        tx,
        DUTY_OF[kind],
        identifier,
        deadline,
        branch=case.branch,
        since=since,
        path=f"/v1/complaints/{case.id}/serious",
        about=case.id,
        place=answers_at,
        excluded=climb.excluded,
    )
    step = SeriousStep(
        id=identifier,
        case_id=case.id,
        number=case.number,
        branch=case.branch,
        kind=kind,
        role=whom[0],
        place=whom[1],
        answers=deadline.role,
        answers_at=answers_at,
        met_by=met_by,
        since=since,
        due_at=owed.due_at,
        liable=tuple(role.value for role in climb.policy(tx).liable),
    )
    tx.add(step)
    climb.all_steps.append(step)
    return step


def tell(tx: Tx, climb: Climb, step: SeriousStep, role: Role, place: str, template: str | None = None) -> None:
    """Ask notify to tell the holders of a role at a place, an excluded one never."""
    holders = Directory.of(tx.runtime).holders(role, [place], tx.now)
    barred = {who for who, whose in holders.items() if climb.excluded & {who, whose}}
    people = [f"{PERSON}{who}" for who in sorted(set(holders) - barred)]
    _send(tx, climb, step, people if barred else [f"{role.value}@{place}"], template)


def tell_again(tx: Tx, climb: Climb, step: SeriousStep, template: str) -> None:
    """Tell whoever was asked to be told for this step that something has changed; nobody confirms it."""
    for to in step.asked:
        if to.startswith(PERSON):
            _send(tx, climb, step, [] if to.removeprefix(PERSON) in climb.excluded else [to], template)
        else:
            role, _, place = to.partition("@")
            tell(tx, climb, step, Role(role), place, template)


def _send(tx: Tx, climb: Climb, step: SeriousStep, to: list[str], template: str | None) -> None:
    """The command to notify: ids and codes only (P05.15), and which step it is for."""
    if not to:
        return
    case, confirms = climb.case, step.met_by == "confirmed"
    send_id = uuid7()
    params = {"number": case.number, "branch": case.branch, "kinds": ",".join(case.serious_kinds)}
    params["at"] = (case.serious_at or step.since).isoformat()
    if step.due_at is not None:
        params["due_at"] = step.due_at.isoformat()
    tx.command(
        Send(
            send_id=send_id,
            service=tx.runtime.name,
            template=template or ("serious_confirm" if confirms else "serious_complaint"),
            to=to,
            subject=str(case.id),
            path=f"/v1/complaints/{case.id}/serious",
            params=params,
            rules=list(DUTY_OF[step.kind].rules),
            confirm_by=step.due_at if confirms and template is None else None,
            urgent=True,
            excluded=sorted(climb.excluded) or None,
        ),
        case.id,
    )
    tx.insert(tables.serious_sendings, send_id=send_id, step_id=step.id)
    step.ask(to)


def tell_next(tx: Tx, climb: Climb, step: SeriousStep) -> None:
    """Nobody of the post was there: tell the first of those who stand in and has not been tried."""
    for name in step.otherwise:
        found = addressee(tx, climb, (Role(name),), _up_from(tx, step.branch))
        if found is not None and f"{found[0].value}@{found[1]}" not in step.tried:
            tell(tx, climb, step, *found)
            return


def ended(tx: Tx, climb: Climb, step: SeriousStep, at: datetime) -> None:
    """The step is done: its duty is met, and what comes after it begins."""
    met(tx, DUTY_OF[step.kind], step.id, at=at)
    for rule in climb.policy(tx).ladder:
        if rule.after is step.kind and not begun(climb, rule):
            begin(tx, climb, rule, at)


def addressee(tx: Tx, climb: Climb, roles: Sequence[Role], places: Sequence[str]) -> tuple[Role, str] | None:
    """The first of the roles that somebody who may hear of it holds, at the nearest of the places."""
    directory = Directory.of(tx.runtime)
    for n, role in enumerate(roles):
        for place in places if n == 0 else dict.fromkeys((*places, *_up_from(tx, climb.case.branch))):
            holders = directory.holders(role, [place], tx.now)
            if any(not climb.excluded & {who, whose} for who, whose in holders.items()):
                return role, place
    return None


def _held(tx: Tx, role: Role, place: str) -> bool:
    return bool(Directory.of(tx.runtime).holders(role, [place], tx.now))


def _places(tx: Tx, case: Case, rule: StepRule) -> list[str]:
    """Where the addressee is looked for, nearest first."""
    match rule.place:
        case "group":
            return [GROUP]
        case "area":
            return _up_from(tx, case.branch)[1:]
        case _:
            return list(dict.fromkeys((department_place(case.branch, rule.department), case.branch)))


def _up_from(tx: Tx, branch: str) -> list[str]:
    area = Directory.of(tx.runtime).area(branch)
    return [branch, *([area] if area else []), GROUP]
