"""Takes the services' answers that a customer is forgotten; the last one completes the erasure (P05.14)."""

from __future__ import annotations

from collections.abc import Sequence

from chassis.handlers import Received, on
from chassis.tx import Tx
from contracts.customer import ConfirmErasure
from policy.obligations import met

from customer.erasure.ask_erasure import record_erasure
from customer.erasure.model import ERASURES, Erasure
from customer.policy import ANSWERS

RULES = ("P05.14",)


async def its_erasure(tx: Tx, events: Sequence[Received[ConfirmErasure]]) -> list[Erasure | None]:
    """The erasure that each answer is for."""
    found = await tx.load(ERASURES, [event.said.erasure_id for event in events])
    return [found.get(event.said.erasure_id) for event in events]


@on(ConfirmErasure, loads=its_erasure)
def note_answer(event: Received[ConfirmErasure], erasure: Erasure | None, tx: Tx) -> None:
    """Note what the service destroyed."""
    if erasure is not None and erasure.answer(event.said.service, event.said.destroyed, event.said.at):
        met(tx, ANSWERS, erasure.id, at=event.said.at)
        record_erasure(tx, erasure, "complete_erasure")
