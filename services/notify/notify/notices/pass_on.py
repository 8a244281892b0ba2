"""Goes on to the next person where who has yet to confirm has left or is on leave (P12.6, P12.7, P01.9)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from chassis.handlers import Received, on
from chassis.tx import Tx
from contracts.staff import Employment, PersonEntry
from policy.obligations import waive

from notify.notices.tell_people import Told, pass_over, told_so_far
from notify.policy import CONFIRM

RULES = ("P12.6", "P12.7")

_AWAITED = """SELECT id, send_id, person FROM notices WHERE person = ANY($1::text[]) AND confirm_by IS NOT NULL
    AND confirmed_at IS NULL AND settled_at IS NULL AND passed_over_at IS NULL"""


@dataclass
class Unconfirmed:
    """What somebody who is not there has yet to confirm: the sends, and which of their notices."""

    told: list[Told]
    notices: set[UUID]


def _not_there(event: Received[PersonEntry]) -> bool:
    return event.message is not None and event.said.employment != Employment.ACTIVE


async def unconfirmed_of(tx: Tx, events: Sequence[Received[PersonEntry]]) -> list[Unconfirmed | None]:
    """For each who is not there what waits for them, locked; None for everybody else."""
    gone = sorted({event.said.subject for event in events if _not_there(event)})
    rows = await tx.driver.fetch(_AWAITED, gone) if gone else []
    told = await told_so_far(tx, {row["send_id"] for row in rows}) if rows else {}
    found: list[Unconfirmed | None] = []
    for event in events:
        own = [row for row in rows if _not_there(event) and row["person"] == event.said.subject]
        sends = [told[one] for one in sorted({row["send_id"] for row in own})]
        found.append(Unconfirmed(sends, {row["id"] for row in own}) if own else None)
    return found


@on(PersonEntry, loads=unconfirmed_of)
def pass_on(event: Received[PersonEntry], found: Unconfirmed | None, tx: Tx) -> None:
    """Whoever acts for them, or is next, is told at once, not when the term is over; who has left owes nothing."""
    if found is None:
        return
    left = event.said.employment == Employment.LEFT
    for told in found.told:
        for notice in [one for one in told.notices if one.id in found.notices]:
            pass_over(tx, told, notice, "left")
            if left:
                waive(tx, CONFIRM, notice.id, at=tx.now, reason="left")
