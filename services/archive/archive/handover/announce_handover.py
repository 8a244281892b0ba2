"""Hears that a case is ready, opens its dossier, keeps the excluded out, and plans the taking over (P04.8, P12.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from chassis.handlers import Received, on
from chassis.ids import uuid7
from chassis.tx import Tx
from contracts.archive import DossierKind
from contracts.complaint import DossierReady
from policy.access import exclude, excluded_from

from archive.dossier import DOSSIERS, Dossier
from archive.handover.model import HANDOVERS, Handover, HandoverState
from archive.handover.take_over import take_over
from archive.opening import begun, next_count
from archive.seeing import dossier_about

RULES = ("P04.8", "P12.2")


@dataclass(frozen=True)
class Found:
    """What there is for a case: its dossier and who is kept out of it, and the next number for a new one."""

    dossier: Dossier | None
    excluded: frozenset[str]
    count: int
    announced: bool


async def dossiers_of(tx: Tx, events: Sequence[Received[DossierReady]]) -> Sequence[Found]:
    """The dossiers of the cases; whoever opens one by hand waits."""
    there: dict[UUID, Dossier | None] = {}
    excluded: dict[UUID, frozenset[str]] = {}
    for case in sorted({event.said.case_id for event in events}):
        identifier = await dossier_about(tx, DossierKind.CASE, str(case))
        there[case] = None if identifier is None else await tx.get(DOSSIERS, identifier)
        excluded[case] = frozenset(await excluded_from(tx, identifier)) if identifier else frozenset()
    known = await tx.load(HANDOVERS, [event.said.handover_id for event in events])
    return [
        Found(
            there[event.said.case_id],
            excluded[event.said.case_id],
            await next_count(tx) if there[event.said.case_id] is None else 0,
            event.said.handover_id in known,
        )
        for event in events
    ]


@on(DossierReady, loads=dossiers_of)
def announce_handover(event: Received[DossierReady], found: Found, tx: Tx) -> None:
    """The hand-over stands in the register; a job takes it over."""
    ready = event.said
    if found.announced:
        return
    dossier = found.dossier or next((d for d in tx.loaded(Dossier) if d.about == str(ready.case_id)), None)
    if dossier is None:
        by = f"service:{tx.runtime.name}"
        dossier = begun(tx, found.count, DossierKind.CASE, str(ready.case_id), ready.branch, by)
    exclude(tx, dossier.id, set(ready.excluded) - found.excluded, because=f"hand-over {ready.handover_id}")
    handover = Handover(
        id=ready.handover_id,
        dossier_id=dossier.id,
        service="complaint",
        source=ready.case_id,
        number=ready.number,
        branch=ready.branch,
        customer_id=ready.customer_id,
        items=[{**item.model_dump(), "item_id": str(uuid7())} for item in ready.items],
        state=HandoverState.COMING,
        announced_at=event.time,
    )
    tx.add(handover)
    tx.later(take_over, handover.id)
