"""Hears whom of staff a case turned out to be about, and closes its dossier to them from then on (P12.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from chassis.handlers import Received, on
from chassis.tx import Tx
from contracts.archive import DossierKind
from contracts.complaint import KeptOut
from policy.access import exclude, excluded_from

from archive.seeing import asked_about, dossier_about, shut_out

RULES = ("P12.2",)


@dataclass
class Closed:
    """Who is kept out already of what is kept about a case; its dossier, where there is one, with what is asked there.

    Of the case itself it is kept too: whoever opens its dossier later closes it to the same people.
    """

    dossier: UUID | None
    excluded: dict[UUID, set[str]]
    asked: list[UUID]


async def closed_to(tx: Tx, events: Sequence[Received[KeptOut]]) -> list[Closed]:
    """What there is of each case; whoever opens its dossier at the same time waits."""
    await tx.flush()  # a dossier that the same batch has opened
    found: dict[UUID, Closed] = {}
    for case in sorted({event.said.case_id for event in events}):
        dossier = await dossier_about(tx, DossierKind.CASE, str(case))
        records = [case] if dossier is None else [case, dossier]
        excluded = {record: set(await excluded_from(tx, record)) for record in records}
        found[case] = Closed(dossier, excluded, [] if dossier is None else await asked_about(tx, dossier))
    return [found[event.said.case_id] for event in events]


@on(KeptOut, loads=closed_to)
def keep_out(event: Received[KeptOut], found: Closed, tx: Tx) -> None:
    """They neither open nor borrow what is filed, and sign nothing that is asked about it."""
    for record, already in found.excluded.items():
        new = set(event.said.people) - already
        already |= new
        if record == found.dossier:
            shut_out(tx, record, new, found.asked, because="case about them")
        else:
            exclude(tx, record, new, because="case about them")
