"""Opens a dossier or the file of an item, for whom it is open; the reading is recorded first (P04.8, P05.9)."""

from __future__ import annotations

from uuid import UUID

from chassis.auth import Principal
from chassis.file_name import disposition
from chassis.http import get
from chassis.problems import NotFound
from chassis.runtime import Runtime
from chassis.tx import Tx
from chassis.vault import Vault
from fastapi import Response
from fastapi.responses import StreamingResponse
from policy.access import within_reach

from archive.dossier import ITEMS, Dossier
from archive.dossiers.views import DossierView, item_view, view_of
from archive.filing import FILE_KEY, bound_to
from archive.permissions import KEEP_DOSSIERS, OPEN_DOSSIER
from archive.seeing import within

RULES = ("P04.8", "P05.9", "P05.11")


@get("/v1/dossiers/{dossier_id}", needs=OPEN_DOSSIER)
async def read_dossier(dossier_id: UUID, principal: Principal, tx: Tx) -> DossierView:
    """Open a dossier: its place and its items. 404 when there is none, or none that is open to you."""
    dossier = await within(tx, dossier_id, principal)
    why = await purpose_of(tx, dossier, principal)
    ids = [
        row[0] for row in await tx.driver.fetch("SELECT id FROM items WHERE dossier_id = $1 ORDER BY id", dossier_id)
    ]
    found = await tx.load(ITEMS, ids, lock=False)
    items = [item_view(item, await tx.unseal(item, why=why, rules=RULES)) for item in found.values()]
    return view_of(dossier, items)


@get("/v1/items/{item_id}/content", needs=OPEN_DOSSIER)
async def read_content(item_id: UUID, principal: Principal, runtime: Runtime) -> Response:
    """The file of an item, under the name that it came with. That both are read is recorded before its first byte."""
    async with runtime.transaction(actor=principal.subject) as tx:
        item = await tx.get(ITEMS, item_id, lock=False)
        dossier = await within(tx, item.dossier_id, principal)
        if item.place is None or item.sealed_sha256 is None:
            raise NotFound("This item has no file. Ask its keeper for the paper.")
        why = await purpose_of(tx, dossier, principal)
        words = await tx.unseal(item, why=why, rules=RULES, file=item.sealed_sha256, of=dossier.id)
        key = await tx.data_key(dossier.subject_id, FILE_KEY)
    clear = await Vault.of(runtime).open(item.place, key, bound_to(item.id))
    headers = {
        "Content-Disposition": disposition(words.get("name"), str(item.id)),
        "Content-Length": str(item.size),
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
    return StreamingResponse(clear, media_type=item.media_type, headers=headers)


async def purpose_of(tx: Tx, dossier: Dossier, principal: Principal) -> str:
    """Why it is opened: a keeper's daily work is keeping, everything else is viewing (A4)."""
    keeps = await within_reach(tx, KEEP_DOSSIERS, principal, dossier.id, dossier.branch)
    return "keeping" if keeps else "viewing"
