"""A dossier begins: numbered in the index of its kind, one for each thing (P05.2, P05.3, P13.1)."""

from __future__ import annotations

from uuid import UUID

from chassis.ids import uuid7
from chassis.tx import Tx
from contracts.archive import DossierKind
from policy.calendar import civil

from archive.dossier import Dossier, Secrecy

_LETTERS = {
    DossierKind.CUSTOMER: "CU",
    DossierKind.VEHICLE: "VE",
    DossierKind.CASE: "CA",
    DossierKind.OCCUPANCY: "OC",
}


def begun(
    tx: Tx, count: int, kind: DossierKind, about: str, branch: str, by: str, *, department: str | None = None
) -> Dossier:
    """A new dossier, with `count` as its number in the index."""
    number = f"{_LETTERS[kind]}-{civil(tx.now).year}-{count:07d}"
    subject: UUID = tx.new_subject()
    dossier = Dossier(
        id=uuid7(),
        number=number,
        kind=kind,
        about=about,
        branch=branch,
        department=department,
        secrecy=Secrecy.NONE,
        custodian=None,
        cabinet=None,
        shelf=None,
        position=None,
        subject_id=subject,
        opened_at=tx.now,
        opened_by=by,
    )
    tx.add(dossier)
    return dossier


async def next_count(tx: Tx) -> int:
    """The next number of the index."""
    return int(await tx.driver.fetchval("SELECT nextval('dossier_count')"))
