"""Lists and opens the files of a case, for whoever may open the case; the reading is recorded first (P05.9)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from chassis.auth import Principal
from chassis.http import get
from chassis.media import TAKEN
from chassis.problems import NotFound
from chassis.runtime import Runtime
from chassis.tx import Tx
from fastapi import Response

from complaint.attachment import ATTACHMENTS, Attachment, attachments_of
from complaint.attachments.add_attachment import MOST
from complaint.attachments.remove_attachment import removes
from complaint.attachments.views import AttachmentsView, view_of
from complaint.files import opened, streamed
from complaint.keeping import within
from complaint.permissions import READ_COMPLAINT
from complaint.settings import ComplaintSettings
from complaint.way import CaseState

RULES = ("P04.8", "P05.9")


@get("/v1/complaints/{case_id}/attachments", needs=READ_COMPLAINT)
async def list_attachments(case_id: UUID, principal: Principal, tx: Tx) -> AttachmentsView:
    """The files of a case, removed ones with the reason; what it takes, and whether the caller may remove.

    That their names are read is recorded.
    """
    case = await within(tx, case_id, READ_COMPLAINT, principal, lock=False)
    found = await attachments_of(tx, case.id)
    await tx.keys_of(one.subject_id for one in found)
    items = [view_of(one, case, await _words(tx, one)) for one in found]
    assert isinstance(tx.runtime.settings, ComplaintSettings)
    return AttachmentsView(
        items=items,
        adds=case.state is not CaseState.CLOSED and len(items) < MOST,
        removes=removes(case, principal, tx),
        largest=tx.runtime.settings.attachment_limit,
        media_types=list(TAKEN),
    )


async def _words(tx: Tx, one: Attachment) -> dict[str, Any]:
    try:
        return await tx.unseal(one, why="handling", rules=RULES)
    except NotFound:  # its caller has been erased: of this case, or of one that was merged into it
        return {}


@get("/v1/complaints/{case_id}/attachments/{attachment_id}", needs=READ_COMPLAINT)
async def read_attachment(case_id: UUID, attachment_id: UUID, principal: Principal, runtime: Runtime) -> Response:
    """The file, streamed, under its name. That it is read is recorded before its first byte is sent."""
    async with runtime.transaction(actor=principal.subject) as tx:
        case = await within(tx, case_id, READ_COMPLAINT, principal, lock=False)
        one = (await tx.load(ATTACHMENTS, [attachment_id], lock=False)).get(attachment_id)
        if one is None or one.case_id != case.id or one.place is None:
            raise NotFound("The case has no such file, or it was removed. Read its list.")
        key, name = await opened(tx, one, why="handling", rules=RULES)
    return await streamed(runtime, one, key, name)
