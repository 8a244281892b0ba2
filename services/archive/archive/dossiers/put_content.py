"""Takes the file of an item: streamed, hashed, its type checked by content, sealed (P05.4, P05.15)."""

from __future__ import annotations

from uuid import UUID

from chassis.auth import Principal
from chassis.http import put
from chassis.media import Looked
from chassis.runtime import Runtime
from fastapi import Request

from archive.dossiers.views import ItemView, item_view
from archive.filing import FILE_KEY, locked, store, take_in
from archive.permissions import KEEP_DOSSIERS
from archive.seeing import within
from archive.settings import ArchiveSettings

RULES = ("P05.4", "P05.15", "P13.2")


#: what the setting may allow at most
MOST = 4 * 1024**3


@put("/v1/items/{item_id}/content", needs=KEEP_DOSSIERS, body_limit=MOST)
async def put_content(item_id: UUID, request: Request, principal: Principal, runtime: Runtime) -> ItemView:
    """Send the file of an item as the body, with its Content-Type. The same file again changes nothing."""
    assert isinstance(runtime.settings, ArchiveSettings)
    looked = Looked(request.headers.get("content-type", ""), runtime.settings.item_limit)
    async with runtime.transaction(actor=principal.subject) as tx:
        dossier, _ = await locked(tx, item_id)
        await within(tx, dossier.id, principal, doing=KEEP_DOSSIERS)
        key = await tx.data_key(dossier.subject_id, FILE_KEY)
    upload, stored = await store(runtime, item_id, key, request.stream(), looked)
    async with runtime.transaction(actor=principal.subject) as tx:
        dossier, item = await locked(tx, item_id)
        await within(tx, dossier.id, principal, doing=KEEP_DOSSIERS)
        await take_in(tx, dossier, item, upload, stored, looked.media_type)
        await tx.flush()
        return item_view(item)
