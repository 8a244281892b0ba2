"""A customer is forgotten: the keys of their dossiers and of those of their cases go, and the files (P05.14)."""

from __future__ import annotations

from uuid import UUID

from chassis.handlers import Received, on
from chassis.jobs import Work, job
from chassis.tx import Tx
from chassis.vault import Vault
from contracts.archive import DossierKind
from contracts.customer import ConfirmErasure, CustomerErased
from contracts.topics import ARCHIVE_STATE
from policy.reasons import forget_reasons

from archive.dossier import DOSSIERS

RULES = ("P05.14",)

_DOSSIERS = """SELECT id FROM dossiers WHERE kind = 'customer' AND about = $1::uuid::text
    UNION SELECT dossier_id FROM handovers WHERE customer_id = $1"""
_ABOUT = """SELECT unnest($1::uuid[]) UNION ALL SELECT id FROM loans WHERE dossier_id = ANY($1::uuid[])
    UNION ALL SELECT id FROM view_requests WHERE dossier_id = ANY($1::uuid[])
    UNION ALL SELECT id FROM handovers WHERE dossier_id = ANY($1::uuid[])"""
_PLACES = "SELECT place FROM items WHERE dossier_id = ANY($1::uuid[]) AND place IS NOT NULL"


@on(CustomerErased)
def customer_erased(event: Received[CustomerErased], tx: Tx) -> None:
    """Forget them by a job: there are files to remove."""
    tx.later(forget_customer, f"{event.said.erasure_id} {event.said.customer_id}")


@job(retry=("1s", "5s", "1m", "10m", "1h", "6h"))
async def forget_customer(ref: str, work: Work) -> None:
    """Destroy the keys and answer; then remove the files, which nobody can open any more."""
    erasure_id, customer_id = map(UUID, ref.split())
    destroyed = work.progress.get("destroyed")
    async with work.runtime.transaction() as tx:
        ids = [row[0] for row in await tx.driver.fetch(_DOSSIERS, customer_id)]
        places = [row[0] for row in await tx.driver.fetch(_PLACES, ids)]
        if destroyed is None:
            dossiers = list((await tx.load(DOSSIERS, ids)).values())
            destroyed = await tx.destroy_keys(dossier.subject_id for dossier in dossiers)
            destroyed += await forget_reasons(tx, [row[0] for row in await tx.driver.fetch(_ABOUT, ids)])
            for dossier in dossiers:
                if dossier.kind is DossierKind.CUSTOMER:
                    dossier.sequence += 1
                    tx.withdraw(ARCHIVE_STATE, dossier)
            answer = ConfirmErasure(
                erasure_id=erasure_id,
                customer_id=customer_id,
                service=tx.runtime.name,
                destroyed=destroyed,
                at=tx.now,
            )
            tx.command(answer, customer_id)
    await work.report(destroyed=destroyed)
    for place in places:
        await Vault.of(work.runtime).discard(place)
