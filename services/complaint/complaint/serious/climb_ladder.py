"""A complaint becomes serious: whoever must know is told at once, and who owes it has it in writing (P12.6, P12.7)."""

from __future__ import annotations

from collections.abc import Sequence

from chassis.handlers import Received, on
from chassis.tx import Tx
from contracts.complaint import MarkedSerious

from complaint.serious.climbing import Climb, begin, begun, climbs_of, tell_again
from complaint.serious.ladder import SeriousLadder, ladder_id

RULES = ("P12.6", "P12.7")


async def marked_cases(tx: Tx, events: Sequence[Received[MarkedSerious]]) -> list[Climb | None]:
    """The marked cases with their ladders."""
    found = await climbs_of(tx, {event.said.case_id for event in events})
    return [found.get(event.said.case_id) for event in events]


@on(MarkedSerious, loads=marked_cases)
def climb_ladder(event: Received[MarkedSerious], climb: Climb | None, tx: Tx) -> None:
    """Begin the steps that the branch's policy names, from the time of the marking (A45).

    Further kinds start no step anew: who has been told is told of them, where it is news to them.
    """
    if climb is None or not climb.case.serious:
        return
    case, ladder = climb.case, climb.ladder
    begins = ladder is None or not ladder.climbing
    if ladder is None:
        ladder = climb.ladder = SeriousLadder(ladder_id(case.id), case.id, case.branch, event.time)
        tx.add(ladder)
    elif begins:
        ladder.start_again(event.time)
    kinds = [str(kind) for kind in event.said.kinds]
    if not begins and ladder.knows(kinds):  # they came with a case that was merged into this one
        return
    ladder.marked(kinds, str(event.said.by), event.time)
    for step in climb.steps:
        if step.is_past(event.time):
            tell_again(tx, climb, step, "serious_complaint")
    owed = [rule for rule in climb.policy(tx).ladder if rule.after is None and not begun(climb, rule)]
    for rule in owed:
        begin(tx, climb, rule, event.time)
