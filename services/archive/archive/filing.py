"""Takes files into the vault: announced before the first byte, taken in with the item, swept when they are not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

from chassis.ids import uuid7
from chassis.jobs import Work, job
from chassis.problems import NotFound, Refused
from chassis.runtime import Runtime
from chassis.tx import Tx
from chassis.vault import Stored, Vault, Watched

from archive.dossier import DOSSIERS, ITEMS, Dossier, Item, entry
from archive.tables import uploads

#: how long a file may take to arrive
PATIENCE = timedelta(hours=24)
FILE_KEY = "archive:file"


class TooSlow(Refused):
    """The file took longer to arrive than it may, and was swept."""

    title = "The file took too long"
    zh = "文件上传用时过长，已作废。请检查网络后重新上传。"


def bound_to(item: UUID) -> str:
    """What the file of an item is bound to: it opens as this item's and no other's."""
    return f"archive:{item}"


async def store(
    runtime: Runtime, item: UUID, key: bytes, pieces: AsyncIterator[bytes], watch: Watched
) -> tuple[UUID, Stored]:
    """Seal a file for an item; it is swept unless `take_in` follows. No transaction is open while it streams."""
    upload = uuid7()
    async with runtime.transaction() as tx:
        tx.insert(uploads, id=upload, place=place_of(item, upload), begun_at=tx.now)
        tx.later(sweep_upload, place_of(item, upload), at=tx.now + PATIENCE)
    stored = await Vault.of(runtime).put(place_of(item, upload), key, bound_to(item), pieces, watch)
    return upload, stored


def place_of(item: UUID, upload: UUID) -> str:
    """Where in the vault a file of an item lies."""
    return f"{item}/{upload}"


async def take_in(tx: Tx, dossier: Dossier, item: Item, upload: UUID, stored: Stored, media_type: str) -> bool:
    """The file is the item's from now on; False when the same one was there before. The dossier is locked first."""
    place = place_of(item.id, upload)
    new = item.receive(media_type, stored.size, stored.sha256, stored.sealed_sha256, place, tx.now)
    if new:
        if await tx.driver.fetchval("DELETE FROM uploads WHERE id = $1 RETURNING true", upload) is None:
            raise TooSlow("The file took longer than a day to arrive. Send it again.")
        await tell(tx, dossier)
    return new


async def tell(tx: Tx, dossier: Dossier) -> None:
    """Tell the others which papers the dossier holds now; of an erased customer's nothing is told any more (P05.14)."""
    try:
        await tx.data_key(dossier.subject_id, FILE_KEY)
    except NotFound:
        return
    ids = [row[0] for row in await tx.driver.fetch("SELECT id FROM items WHERE dossier_id = $1", dossier.id)]
    await tx.load(ITEMS, ids, lock=False)
    dossier.sequence += 1
    tx.publish(dossier, entry(dossier, [item for item in tx.loaded(Item) if item.dossier_id == dossier.id]))


async def locked(tx: Tx, item_id: UUID) -> tuple[Dossier, Item]:
    """An item with its dossier, the dossier locked first, so that what is told of it is told in order."""
    dossier_id = await tx.driver.fetchval("SELECT dossier_id FROM items WHERE id = $1", item_id)
    if dossier_id is None:
        raise NotFound("There is no such item. Check the id.")
    dossier = await tx.get(DOSSIERS, dossier_id)
    return dossier, await tx.get(ITEMS, item_id)


@job(retry=("5m", "1h", "5h"))
async def sweep_upload(ref: str, work: Work) -> None:
    """Remove a file that no item took in: its writer died, or the same file was there; `ref` is its place."""
    async with work.runtime.transaction() as tx:
        await tx.driver.execute("DELETE FROM uploads WHERE place = $1", ref)
        taken_in = await tx.driver.fetchval("SELECT true FROM items WHERE id = $1 AND place = $2", _item_of(ref), ref)
    if not taken_in:
        await Vault.of(work.runtime).discard(ref)


def _item_of(place: str) -> UUID:
    return UUID(place.partition("/")[0])
