"""Starts the clocks that count from the recorded receipt, and tells the store of the group's record (P04.9, P12.4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from chassis.handlers import Received, on
from chassis.tx import Tx
from contracts.complaint import Channel, ComplaintOpened
from policy.obligations import OBLIGATIONS, Owed, tell

from complaint.case import CASES, Case
from complaint.keeping import concern, owe_step, owing_role
from complaint.notices import send
from complaint.policy import ANSWER, CLOSE, INVESTIGATE, JUDGE, ComplaintPolicy
from complaint.tables import entries
from complaint.way import CaseState

RULES = ("P04.9", "P12.1", "P12.2", "P12.4", "P17.9")

_OWED = "SELECT id, subject, duty FROM kehu.obligations WHERE subject = ANY($1::uuid[])"


@dataclass
class Opened:
    """An opened case: which duties it has had already, and that it is to be judged, as long as that is owed."""

    case: Case
    owed: set[str] = field(default_factory=set)
    judging: Owed | None = None


async def cases_and_what_they_owe(tx: Tx, events: Sequence[Received[ComplaintOpened]]) -> list[Opened | None]:
    """The opened cases, and what each owes."""
    ids = [event.said.case_id for event in events]
    found = {one.id: Opened(one) for one in (await tx.load(CASES, ids)).values()}
    judging: dict[UUID, UUID] = {}
    for identifier, subject, duty in await tx.driver.fetch(_OWED, list(found)):
        found[subject].owed.add(duty)
        if duty == JUDGE.name and found[subject].case.people.get("respondent"):
            judging[subject] = identifier
    duties = await tx.load(OBLIGATIONS, judging.values())
    for subject, identifier in judging.items():
        found[subject].judging = duties[identifier] if duties[identifier].running else None
    return [found.get(identifier) for identifier in ids]


@on(ComplaintOpened, loads=cases_and_what_they_owe)
def begin_handling(event: Received[ComplaintOpened], found: Opened | None, tx: Tx) -> None:
    """Each clock once; those of the handling not for a complaint that has been found not to hold meanwhile."""
    if found is None:
        return
    case, owed = found.case, found.owed
    policy = case.policy(tx, ComplaintPolicy)
    closed = case.state in (CaseState.CLOSED, CaseState.MERGED)
    note_taking(tx, case)
    if case.people.get("respondent") and not closed:
        _keep_out_whom_it_is_about(tx, found, policy)
    may_hold = case.state is CaseState.TAKEN or (case.founded and not closed)
    for duty, keeper, applies in (
        (INVESTIGATE, policy.investigate, may_hold and case.state in (CaseState.TAKEN, CaseState.JUDGED)),
        (ANSWER, policy.answer, may_hold and "answered_at" not in case.course),
        (CLOSE, policy.close, not closed),
    ):
        if keeper.from_receipt and applies and duty.name not in owed:
            owe_step(tx, duty, keeper, case, since=case.taken_at)
    if case.channel == Channel.CALL_CENTRE and not closed:
        told = [f"{role.value}@{case.branch}" for role in policy.told_of_taken]
        send(tx, case, "call_centre_complaint", told, ("P12.4",), urgent=True)


def note_taking(tx: Tx, case: Case) -> None:
    """The timeline begins with who took it, through whom it came; what came in a list says so itself (P12.1)."""
    taken_by = case.people.get("taken_by")
    if taken_by is None or case.state is CaseState.MERGED:
        return
    tx.insert(
        entries,
        id=case.id,  # before everything that is written about it
        case_id=case.id,
        kind="taken",
        author=taken_by,
        at=case.taken_at,
        rules=["P04.3", "P12.1"],
        facts={"channel": case.channel, "source": case.people.get("source")},
        subject_id=case.subject_id,
        sealed=None,
    )


def _keep_out_whom_it_is_about(tx: Tx, found: Opened, policy: ComplaintPolicy) -> None:
    """Whoever took it has said whom it is about: it is judged by who comes after them, where nobody else does (A15)."""
    case, judging = found.case, found.judging
    concern(tx, case, case.respondent or case.people["respondent"])
    if judging is not None and (role := owing_role(policy.judge, case, tx)) is not judging.role:
        judging.role = role
        tell(tx, judging)
