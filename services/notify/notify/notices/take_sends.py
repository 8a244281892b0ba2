"""Takes what other services want people to be told (P12.4, P12.6, P12.7, P05.16)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chassis.handlers import Received, on
from chassis.tx import Tx
from contracts.notify import Send

from notify.notice import ORDERS
from notify.notices.keep_out import kept_out_of
from notify.notices.tell_people import rotas_for, tell
from notify.recipients.rota import Rotas

RULES = ("P12.4", "P12.6", "P12.7", "P05.16")


@dataclass(frozen=True)
class Meant:
    """The rotas of who is asked for, and who hears nothing of the matter any more."""

    rotas: Rotas
    kept_out: set[str]


async def who_is_meant(tx: Tx, events: Sequence[Received[Send]]) -> list[Meant | None]:
    """Whom each send is for; None for one that has been taken before."""
    known = await tx.load(ORDERS, [event.said.send_id for event in events], lock=False)
    rotas = await rotas_for(tx, {to for event in events for to in event.said.to})
    kept_out = await kept_out_of(tx, {event.said.subject for event in events})
    return [
        None if event.said.send_id in known else Meant(rotas, kept_out.get(event.said.subject, set()))
        for event in events
    ]


@on(Send, loads=who_is_meant)
def take_send(event: Received[Send], found: Meant | None, tx: Tx) -> None:
    """Tell who is there; the same send again tells nobody twice."""
    if found is None:
        return
    said = event.said
    tell(
        tx,
        found.rotas,
        send_id=said.send_id,
        service=said.service,
        template=said.template,
        to=said.to,
        subject=said.subject,
        path=said.path,
        params=said.params,
        rules=said.rules,
        asked_at=event.time,
        confirm_by=said.confirm_by,
        urgent=said.urgent,
        excluded=sorted({*(said.excluded or ()), *found.kept_out}),
    )
