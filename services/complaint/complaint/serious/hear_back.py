"""What became of the notices: who was told when on which channel, who confirmed, where nobody was (P12.6, P12.7)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from chassis.handlers import Received, on
from chassis.tx import Tx
from contracts.notify import NobodyTold, NoticeRead, NoticeSent

from complaint.serious.climbing import Climb, climbs_of, ended, tell_next
from complaint.serious.ladder import SeriousStep

RULES = ("P12.6", "P12.7")

_STEPS = """SELECT s.send_id, s.step_id, t.case_id FROM serious_sendings s JOIN serious_steps t ON t.id = s.step_id
    WHERE s.send_id = ANY($1::uuid[])"""


async def steps_of_sendings(tx: Tx, events: Sequence[Received[Any]]) -> list[tuple[Climb, SeriousStep] | None]:
    """The step that each notice was asked for; None for notices of others."""
    rows = await tx.driver.fetch(_STEPS, list({event.said.send_id for event in events}))
    climbs = await climbs_of(tx, {row["case_id"] for row in rows})
    found: dict[UUID, tuple[Climb, SeriousStep]] = {}
    for send_id, step_id, case_id in rows:
        climb = climbs[case_id]
        found[send_id] = climb, next(step for step in climb.all_steps if step.id == step_id)
    return [found.get(event.said.send_id) for event in events]


@on(NoticeSent, loads=steps_of_sendings)
def notice_sent(event: Received[NoticeSent], found: tuple[Climb, SeriousStep] | None, tx: Tx) -> None:
    """Somebody was told: noted; a step that asks for no more is done."""
    if found is None:
        return
    climb, step = found
    said = event.said
    step.left(
        {
            "notice": str(said.notice_id),
            "person": said.person,
            "role": said.role,
            "place": said.place,
            "channel": said.channel,
            "sent_at": said.sent_at.isoformat(),
            "because": said.because,
        }
    )
    if step.met_by == "sent" and step.meet(said.sent_at):
        ended(tx, climb, step, said.sent_at)


@on(NoticeRead, loads=steps_of_sendings)
def notice_read(event: Received[NoticeRead], found: tuple[Climb, SeriousStep] | None, tx: Tx) -> None:
    """A notice was opened or confirmed; a step that waits for that is done."""
    if found is None:
        return
    climb, step = found
    said = event.said
    step.opened(str(said.notice_id), said.read_at, confirmed=said.confirmed)
    if said.confirmed and step.met_by == "confirmed" and step.meet(said.read_at, by=said.person):
        ended(tx, climb, step, said.read_at)


@on(NobodyTold, loads=steps_of_sendings)
def nobody_told(event: Received[NobodyTold], found: tuple[Climb, SeriousStep] | None, tx: Tx) -> None:
    """Nobody was there: whoever stands in is told; the duty stays."""
    if found is None:
        return
    climb, step = found
    step.nobody(event.said.tried)
    tell_next(tx, climb, step)
