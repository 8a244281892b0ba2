"""Goes on where a notice was not confirmed: to the next channel, then to the next person (P12.6, P12.7)."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from chassis.handlers import Received, on
from chassis.tx import Tx
from contracts.topics import NOTIFY_WORK
from contracts.work import WorkItem, WorkState

from notify.notices.tell_people import Told, next_channel, pass_over, told_so_far
from notify.policy import CONFIRM

RULES = ("P12.6", "P12.7")

_SENDS = "SELECT id, send_id FROM notices WHERE id = ANY($1::uuid[])"


def _about_confirming(event: Received[WorkItem]) -> bool:
    return event.message is not None and event.said.kind == CONFIRM.name


async def unconfirmed(tx: Tx, events: Sequence[Received[WorkItem]]) -> list[Told | None]:
    """What each item about a confirmation is about, locked; None for every other."""
    ids = [UUID(event.said.subject) for event in events if _about_confirming(event)]
    send_of = {row["id"]: row["send_id"] for row in await tx.driver.fetch(_SENDS, ids)} if ids else {}
    told = await told_so_far(tx, set(send_of.values()))
    return [
        told.get(send_of[UUID(event.said.subject)])
        if _about_confirming(event) and UUID(event.said.subject) in send_of
        else None
        for event in events
    ]


@on(WorkItem, loads=unconfirmed, topics=[NOTIFY_WORK])
def climb(event: Received[WorkItem], found: Told | None, tx: Tx) -> None:
    """A reminder of the confirmation means the next channel, its missed end the next person."""
    if found is None:
        return
    notice = next(one for one in found.notices if one.id == UUID(event.said.subject))
    if not notice.awaited:
        return
    if event.said.state == WorkState.MISSED:
        pass_over(tx, found, notice, "unconfirmed")
    elif event.said.state == WorkState.OPEN and event.said.reminders:
        next_channel(tx, found, notice, f"not confirmed, reminder {event.said.reminders}")
