"""A closed case is handed to the archive: its papers are rendered once, sealed, and fetched by digest (P04.8)."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from chassis.auth import Principal
from chassis.handlers import Received, on
from chassis.http import get
from chassis.ids import uuid7
from chassis.problems import NotFound
from chassis.runtime import Runtime
from chassis.tx import Tx
from contracts.archive import DossierFiled
from contracts.complaint import DossierReady, ManifestItem
from fastapi import Response

from complaint import tables
from complaint.attachment import ATTACHMENTS, Attachment, AttachmentKind, attachments_of
from complaint.case import CASES, Case
from complaint.dossier.papers import Paper, papers_of
from complaint.files import key_and_record, streamed
from complaint.permissions import FETCH_DOSSIER
from complaint.redirect import parts_of
from complaint.timeline import entries_of, note, opened

RULES = ("P04.8", "P12.2")

#: how the name of an item begins that is a file of the case
FILE = "file-"
_FILES = {
    AttachmentKind.PHOTO: ("照片 photo", "photo"),
    AttachmentKind.RECORDING: ("录音 recording", "recording"),
    AttachmentKind.LETTER: ("来往信件 letter", "correspondence"),
    AttachmentKind.OTHER: ("附件 attachment", "attachment"),
}

_APPROVALS = """SELECT name, asked_by, asked_at, offer, stages, state, ended_at, amount::text, encode(digest, 'hex')
    FROM kehu.approvals WHERE subject = ANY($1::uuid[]) ORDER BY id"""


@dataclass
class _Item:
    id: UUID
    subject_id: UUID
    sealed: bytes


async def hand_to_archive(tx: Tx, case: Case, *, excluded: Sequence[str]) -> None:
    """Render the papers, keep these very bytes, and say that they can be fetched; once for each closing."""
    entries = await entries_of(tx, case.id)
    personal = await tx.unseal(case, why="dossier", rules=RULES)
    words = await opened(tx, entries, why="dossier")
    handover = uuid7()
    times = int(case.course.get("reopened", 0))
    items = []
    for paper in papers_of(case, personal, entries, words, await _approvals(tx, case)):
        name = paper.kind if times == 0 else f"{paper.kind}-{times + 1}"
        items.append(await _keep(tx, case, handover, name, paper))
    for one in await attachments_of(tx, case.id, lock=True):
        if one.place is not None and one.handover_id is None:
            one.hand_over(handover)
            items.append(_file_item(case, one))
    case.handed_to_archive(str(handover))
    tx.publish(
        case,
        DossierReady(
            case_id=case.id,
            handover_id=handover,
            number=case.number,
            branch=case.branch,
            customer_id=case.customer_id,
            items=items,
            excluded=list(excluded),
        ),
    )


def _file_item(case: Case, one: Attachment) -> ManifestItem:
    """A file as the archive takes it: streamed from the vault, nothing of it is kept twice."""
    label, kind = _FILES[one.kind]
    return ManifestItem(
        label=f"{label} {one.id}",
        kind=kind,
        media_type=one.media_type,
        size=one.size,
        sha256=one.sha256.hex(),
        path=f"/v1/complaints/{case.id}/dossier/{FILE}{one.id}",
    )


async def _approvals(tx: Tx, case: Case) -> list[Mapping[str, Any]]:
    """What was asked and signed about the case and about misconduct in it."""
    table = tables.misconducts
    rows = await tx.execute(sa.select(table.c.id).where(table.c.case_id == case.id))
    subjects = [*await parts_of(tx, case), *(row[0] for row in rows)]
    names = ("approval", "asked_by", "asked_at", "offer", "stages", "state", "ended_at", "amount", "digest")
    found = await tx.driver.fetch(_APPROVALS, subjects)
    return [dict(zip(names, row, strict=True)) for row in found]


async def _keep(tx: Tx, case: Case, handover: UUID, name: str, paper: Paper) -> ManifestItem:
    identifier, digest = uuid7(), hashlib.sha256(paper.content).digest()
    content = {"content": base64.b64encode(paper.content).decode()}
    tx.insert(
        tables.dossier_items,
        id=identifier,
        case_id=case.id,
        handover_id=handover,
        item=name,
        media_type=paper.media_type,
        size=len(paper.content),
        sha256=digest,
        subject_id=case.subject_id,
        sealed=await tx.seal(tables.dossier_items, identifier, case.subject_id, content),
    )
    return ManifestItem(
        label=paper.label,
        kind=paper.kind,
        media_type=paper.media_type,
        size=len(paper.content),
        sha256=digest.hex(),
        path=f"/v1/complaints/{case.id}/dossier/{name}",
    )


@get("/v1/complaints/{case_id}/dossier/{item}", needs=FETCH_DOSSIER)
async def fetch_dossier_item(case_id: UUID, item: str, principal: Principal, runtime: Runtime) -> Response:
    """One paper or file of a closed case, for the archive: the bytes whose digest was told."""
    async with runtime.transaction(actor=principal.subject) as tx:
        if not item.startswith(FILE):
            return await _paper(tx, case_id, item)
        one = await _file(tx, case_id, item.removeprefix(FILE))
        key = await key_and_record(tx, one, actor=principal.subject, why="dossier", rules=RULES)
    return await streamed(runtime, one, key)


async def _file(tx: Tx, case_id: UUID, named: str) -> Attachment:
    try:
        identifier = UUID(named)
    except ValueError:
        raise NotFound("The complaint has handed over no such paper. Read the manifest again.") from None
    one = (await tx.load(ATTACHMENTS, [identifier], lock=False)).get(identifier)
    if one is None or one.handover_id is None or one.case_id != case_id:
        raise NotFound("The complaint has handed over no such paper. Read the manifest again.")
    return one


async def _paper(tx: Tx, case_id: UUID, item: str) -> Response:
    table = tables.dossier_items
    query = sa.select(table.c.id, table.c.subject_id, table.c.sealed, table.c.media_type).where(
        table.c.case_id == case_id, table.c.item == item
    )
    row = (await tx.execute(query)).one_or_none()
    if row is None:
        raise NotFound("The complaint has handed over no such paper. Read the manifest again.")
    kept = _Item(row.id, row.subject_id, row.sealed)
    clear = await tx.unseal_row(table, kept, why="dossier", rules=RULES)
    return Response(base64.b64decode(clear["content"]), media_type=row.media_type)


async def handed_over(tx: Tx, events: Sequence[Received[DossierFiled]]) -> list[Case | None]:
    """The cases that the receipts are for."""
    ids = [e.said.source for e in events if e.said.service == tx.runtime.name]
    found = await tx.load(CASES, ids)
    return [found.get(event.said.source) for event in events]


@on(DossierFiled, loads=handed_over)
def dossier_filed(event: Received[DossierFiled], case: Case | None, tx: Tx) -> None:
    """The archive has everything that the newest closing has handed over."""
    if case is not None and case.filed(str(event.said.handover_id), event.said.filed_at):
        note(tx, case, "dossier_filed", RULES[:1], dossier=str(event.said.dossier_id))
