"""Hears whom of staff a case turned out to be about, and closes its dossier to them from then on (P12.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from chassis.handlers import Received, on
from chassis.tx import Tx
from contracts.archive import DossierKind
from contracts.complaint import KeptOut
from policy.access import exclude, excluded_from_each
from policy.keep_out import keep_from

from archive.seeing import dossier_about

RULES = ("P12.2",)

#: what waits for a signature about a dossier: requests to view it and to borrow from it
_ASKED = """SELECT id FROM loans WHERE dossier_id = $1 AND state = 'asked'
    UNION ALL SELECT id FROM view_requests WHERE dossier_id = $1 AND state = 'asked'"""


@dataclass
class Kept:
    """Who is kept out already of a case and of its dossier, where there is one, and what is asked about that.

    The case itself keeps them out too: whoever opens its dossier later closes it to the same people.
    """

    excluded: dict[UUID, set[str]]
    asked: list[UUID]


async def kept_about(tx: Tx, events: Sequence[Received[KeptOut]]) -> list[Kept]:
    """What there is of each case; whoever opens its dossier at the same time waits."""
    await tx.flush()  # a dossier that the same batch has opened
    found: dict[UUID, Kept] = {}
    for case in sorted({event.said.case_id for event in events}):
        dossier = await dossier_about(tx, DossierKind.CASE, str(case))
        asked = [] if dossier is None else [row[0] for row in await tx.driver.fetch(_ASKED, dossier)]
        found[case] = Kept(await excluded_from_each(tx, [case] if dossier is None else [case, dossier]), asked)
    return [found[event.said.case_id] for event in events]


@on(KeptOut, loads=kept_about)
def keep_out(event: Received[KeptOut], found: Kept, tx: Tx) -> None:
    """They neither open nor borrow what is filed, and sign nothing that is asked about it."""
    people = set(event.said.people)
    for record, already in found.excluded.items():
        exclude(tx, record, people - already, because="case about them")
        already |= people
    for subject in found.asked:
        for person in sorted(people):
            keep_from(tx, subject, person, at=tx.now)
