"""Takes a file for a case: streamed, hashed, its type checked by content, sealed under the caller's key (P05.4)."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated
from uuid import UUID, uuid5

from chassis.auth import Principal
from chassis.file_name import name_in
from chassis.http import Answer, post
from chassis.ids import uuid7
from chassis.media import Looked
from chassis.problems import Invalid, KeyReused, Refused
from chassis.runtime import Runtime
from chassis.tx import Tx
from chassis.vault import Stored, Vault
from fastapi import Header, Query, Request

from complaint import tables
from complaint.attachment import (
    ATTACHMENTS,
    FILE_KEY,
    Attachment,
    AttachmentKind,
    attachments_of,
    bound_to,
)
from complaint.attachments.views import AttachmentView, view_of
from complaint.case import NotNow
from complaint.files import sweep_upload
from complaint.keeping import within
from complaint.permissions import HANDLE_COMPLAINT
from complaint.settings import ComplaintSettings
from complaint.timeline import note
from complaint.way import CaseState

RULES = ("P04.8", "P05.4", "P05.15")

#: what the setting may allow at most
LIMIT = 1024**3
#: files of one case, removed ones too
MOST = 100
#: how long a file may take to arrive
PATIENCE = timedelta(hours=24)


class TooManyAttachments(Refused):
    """A case has as many files as it may."""

    zh = "附件已达上限。请将多张照片合成一个 PDF，再联系处理人安排归档。"


class TooSlow(Refused):
    """The file took longer to arrive than it may, and was swept."""

    title = "The file took too long"
    zh = "文件上传用时过长，已作废。请检查网络后重新上传。"


@post("/v1/complaints/{case_id}/attachments", needs=HANDLE_COMPLAINT, status=201, body_limit=LIMIT)
async def add_attachment(
    case_id: UUID,
    request: Request,
    principal: Principal,
    runtime: Runtime,
    kind: Annotated[AttachmentKind, Query(description="what it is to the case")],
    idempotency_key: Annotated[str | None, Header()] = None,
) -> Answer[AttachmentView]:
    """Add a file: the body, with its Content-Type. With an Idempotency-Key the same file again answers the first one.

    The Content-Type bears its name, percent-encoded in UTF-8 (RFC 8187), since addresses are written into logs:
    `audio/mpeg; name*=UTF-8''%E9%80%9A%E8%AF%9D.mp3`. It is kept sealed, without path, control and direction
    characters, at most 255 bytes of it; a file without a name is taken too.
    422 when the content is not what it says, 413 when it is too large; nothing of it is kept then.
    """
    assert isinstance(runtime.settings, ComplaintSettings)
    if idempotency_key is not None and not 1 <= len(idempotency_key) <= 200:
        raise Invalid("The Idempotency-Key must have 1 to 200 characters.")
    said = request.headers.get("content-type", "")
    looked, name = Looked(said, runtime.settings.attachment_limit), name_in(said)
    async with runtime.transaction(actor=principal.subject) as tx:
        case = await within(tx, case_id, HANDLE_COMPLAINT, principal, lock=False)
        subject, key = case.subject_id, await tx.data_key(case.subject_id, FILE_KEY)
        upload = uuid7()
        # of two at once with one key the second finds the first, whichever arrives later
        identifier = upload if idempotency_key is None else uuid5(case_id, f"{principal.subject}\n{idempotency_key}")
        place = f"{identifier}/{upload}"
        tx.insert(tables.uploads, place=place, begun_at=tx.now)
        tx.later(sweep_upload, place, at=tx.now + PATIENCE)
    stored = await _stored(runtime, place, key, identifier, request, looked)
    async with runtime.transaction(actor=principal.subject) as tx:
        case = await within(tx, case_id, HANDLE_COMPLAINT, principal, lock=True)
        earlier = (await tx.load(ATTACHMENTS, [identifier])).get(identifier)
        if earlier is not None:
            tx.later(sweep_upload, place)
            words = await tx.unseal(earlier, why="handling", rules=RULES)
            if (earlier.sha256, earlier.kind, words.get("name")) == (stored.sha256, kind, name):
                return Answer(view_of(earlier, case, words), status=200)
        elif case.state is CaseState.CLOSED:
            raise NotNow("It is closed and in the archive. Reopen it, or give the paper to the archive.")
        elif len(await attachments_of(tx, case.id)) >= MOST:
            raise TooManyAttachments(f"A case has at most {MOST} files. Put several photos into one PDF.")
        else:
            added = await _take_in(tx, case.id, subject, identifier, kind, name, looked.media_type, place, stored)
            digest = stored.sha256.hex()
            note(tx, case, "attachment_added", RULES[:2], attachment=str(added.id), what=kind.value, sha256=digest)
            await tx.flush()
            return Answer(view_of(added, case, {"name": name}))
    raise KeyReused("This Idempotency-Key was used for another file. Take a new one for a new file.")


async def _stored(
    runtime: Runtime, place: str, key: bytes, identifier: UUID, request: Request, looked: Looked
) -> Stored:
    """What streams in, sealed; no transaction is open meanwhile. What is refused is swept at once."""
    stored = None
    try:
        stored = await Vault.of(runtime).put(place, key, bound_to(identifier), request.stream(), looked)
    finally:
        if stored is None:
            async with runtime.transaction() as tx:
                tx.later(sweep_upload, place)
    return stored


async def _take_in(
    tx: Tx,
    case_id: UUID,
    subject: UUID,
    identifier: UUID,
    kind: AttachmentKind,
    name: str | None,
    media_type: str,
    place: str,
    stored: Stored,
) -> Attachment:
    if await tx.driver.fetchval("DELETE FROM uploads WHERE place = $1 RETURNING true", place) is None:
        raise TooSlow("The file took longer than a day to arrive. Send it again.")
    added = Attachment(
        id=identifier,
        case_id=case_id,
        kind=kind,
        media_type=media_type,
        size=stored.size,
        sha256=stored.sha256,
        sealed_sha256=stored.sealed_sha256,
        place=place,
        added_by=str(tx.actor),
        added_at=tx.now,
        subject_id=subject,
        sealed=await tx.seal(tables.attachments, identifier, subject, {} if name is None else {"name": name}),
    )
    tx.add(added)
    return added
