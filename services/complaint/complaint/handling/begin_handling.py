"""Starts the clocks that count from the recorded receipt, and tells the store of the group's record (P04.9, P12.4)."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from chassis.handlers import Received, on
from chassis.tx import Tx
from contracts.complaint import Channel, ComplaintOpened

from complaint.case import CASES, Case
from complaint.keeping import owe_step
from complaint.notices import send
from complaint.policy import ANSWER, CLOSE, INVESTIGATE, ComplaintPolicy
from complaint.way import CaseState

RULES = ("P04.9", "P12.4", "P17.9")

_OWED = "SELECT subject, duty FROM kehu.obligations WHERE subject = ANY($1::uuid[])"


async def cases_and_what_they_owe(
    tx: Tx, events: Sequence[Received[ComplaintOpened]]
) -> list[tuple[Case, set[str]] | None]:
    """The opened cases, and which duties each has had already."""
    ids = [event.said.case_id for event in events]
    cases = await tx.load(CASES, ids)
    owed: dict[UUID, set[str]] = {identifier: set() for identifier in cases}
    for subject, duty in await tx.driver.fetch(_OWED, list(cases)):
        owed[subject].add(duty)
    return [(cases[i], owed[i]) if i in cases else None for i in ids]


@on(ComplaintOpened, loads=cases_and_what_they_owe)
def begin_handling(event: Received[ComplaintOpened], found: tuple[Case, set[str]] | None, tx: Tx) -> None:
    """Each clock once; those of the handling not for a complaint that has been found not to hold meanwhile."""
    if found is None:
        return
    case, owed = found
    policy = case.policy(tx, ComplaintPolicy)
    closed = case.state in (CaseState.CLOSED, CaseState.MERGED)
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
