"""A complaint that becomes serious is handled by the manager whom its new level asks for (P04.10)."""

from __future__ import annotations

from collections.abc import Sequence

from chassis.handlers import Received, on
from chassis.tx import Tx
from contracts.complaint import MarkedSerious

from complaint.case import CASES, Case
from complaint.handling.hand_over import level_of
from complaint.keeping import owe_step
from complaint.policy import HAND_OVER, ComplaintPolicy
from complaint.timeline import note
from complaint.way import WAY, Step

RULES = ("P04.10",)


_RUNNING = "SELECT subject FROM kehu.obligations WHERE subject = ANY($1::uuid[]) AND duty = $2 AND ended_at IS NULL"


async def marked_cases(tx: Tx, events: Sequence[Received[MarkedSerious]]) -> list[tuple[Case, bool] | None]:
    """The cases that were marked, and whether each is to be handed over already."""
    found = await tx.load(CASES, [event.said.case_id for event in events])
    owed = {row[0] for row in await tx.driver.fetch(_RUNNING, list(found), HAND_OVER.name)}
    return [(found[i], i in owed) if i in found else None for i in (event.said.case_id for event in events)]


@on(MarkedSerious, loads=marked_cases)
def raise_level(event: Received[MarkedSerious], found: tuple[Case, bool] | None, tx: Tx) -> None:
    """Once it is being handled, a higher level asks for a new hand-over; before, the hand-over sees to it."""
    if found is None or found[0].handler is None or found[0].level is None or found[0].merged_into:
        return
    case, owed = found
    policy = case.policy(tx, ComplaintPolicy)
    level = level_of(case, policy)
    if level == case.level:
        return
    case.rise_to(level)
    note(tx, case, "level_raised", RULES, level=level)
    if case.state in WAY[Step.HAND_OVER].since and not case.handled and not owed:
        owe_step(tx, HAND_OVER, policy.name_department, case, since=event.time)
