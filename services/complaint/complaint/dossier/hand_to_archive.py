"""A closed case is handed to the archive: its papers are made once, sealed, and fetched by digest (P04.8)."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from chassis.auth import Principal
from chassis.handlers import Received, on
from chassis.http import get
from chassis.ids import uuid7
from chassis.jobs import Work, job
from chassis.problems import NotFound
from chassis.runtime import Runtime
from chassis.tx import Tx
from contracts.archive import DossierFiled
from contracts.complaint import DossierReady, ManifestItem
from fastapi import Response

from complaint import tables
from complaint.attachment import ATTACHMENTS, Attachment, AttachmentKind, attachments_of
from complaint.case import CASES, Case
from complaint.dossier.papers import Paper, forms_of, papers_of
from complaint.files import opened, streamed
from complaint.keeping import kept_out
from complaint.papers.document import PDF
from complaint.papers.gathered import gather
from complaint.papers.people import with_names
from complaint.papers.read_paper import printed
from complaint.permissions import FETCH_DOSSIER
from complaint.redirect import survivors
from complaint.timeline import note

RULES = ("P04.8", "P12.2", "P17.4", "P17.7")

_WAITING = "SELECT id, case_id, subject_id, sealed, item_suffix FROM dossier_forms WHERE id = ANY($1::uuid[])"
_DONE = "DELETE FROM dossier_forms WHERE id = ANY($1::uuid[]) RETURNING id, case_id, subject_id, item_suffix"
_ITEMS = """SELECT label, kind, media_type, size, encode(sha256, 'hex') AS sha256, item FROM dossier_items
    WHERE handover_id = $1 ORDER BY id"""
#: how the name of an item begins that is a file of the case
FILE = "file-"
_FILES = {
    AttachmentKind.PHOTO: ("照片 photo", "photo"),
    AttachmentKind.RECORDING: ("录音 recording", "recording"),
    AttachmentKind.LETTER: ("来往信件 letter", "correspondence"),
    AttachmentKind.OTHER: ("附件 attachment", "attachment"),
}


@dataclass
class _Item:
    id: UUID
    subject_id: UUID
    sealed: bytes


async def hand_to_archive(tx: Tx, case: Case) -> None:
    """Keep the papers of this closing, these very bytes, and have its forms printed; once for each closing."""
    found = await gather(tx, case, why="dossier")
    handover = uuid7()
    times = int(case.course.get("reopened", 0))
    suffix = "" if times == 0 else f"-{times + 1}"
    for paper in papers_of(found):
        await _keep(tx, case.id, case.subject_id, handover, f"{paper.kind}{suffix}", paper)
    forms = [{"kind": kind, "data": document.data()} for kind, document in forms_of(found)]
    tx.insert(
        tables.dossier_forms,
        id=handover,
        case_id=case.id,
        item_suffix=suffix,
        subject_id=case.subject_id,
        sealed=await tx.seal(tables.dossier_forms, handover, case.subject_id, {"forms": forms}),
    )
    for one in await attachments_of(tx, case.id, lock=True):
        if one.place is not None and one.handover_id is None:
            one.hand_over(handover)
    case.handed_to_archive(str(handover))
    tx.later(print_dossier, handover)


async def _keep(tx: Tx, case_id: UUID, subject_id: UUID, handover: UUID, name: str, paper: Paper) -> None:
    identifier, digest = uuid7(), hashlib.sha256(paper.content).digest()
    content = {"content": base64.b64encode(paper.content).decode()}
    tx.insert(
        tables.dossier_items,
        id=identifier,
        case_id=case_id,
        handover_id=handover,
        item=name,
        label=paper.label,
        kind=paper.kind,
        media_type=paper.media_type,
        size=len(paper.content),
        sha256=digest,
        subject_id=subject_id,
        sealed=await tx.seal(tables.dossier_items, identifier, subject_id, content),
    )


async def _printed(tx: Tx, ended: Sequence[tuple[str, list[tuple[str, str, bytes]]]]) -> None:
    """Keep what was printed beside the data, and say that all of it can be fetched."""
    brought = {UUID(ref): papers for ref, papers in ended}
    waiting = await tx.driver.fetch(_DONE, list(brought))
    cases = await tx.load(CASES, [row["case_id"] for row in waiting])
    for handover, case_id, subject_id, suffix in waiting:
        try:
            for kind, title, content in brought[handover]:
                paper = Paper(f"{title} {kind.replace('_', ' ')}", kind, PDF, content)
                await _keep(tx, case_id, subject_id, handover, f"{kind}{suffix}.pdf", paper)
        except NotFound:  # the caller has been erased since: there is nothing to hand over any more
            continue
        await tx.flush()
        await _tell(tx, cases[case_id], handover)


async def _tell(tx: Tx, case: Case, handover: UUID) -> None:
    items = [
        ManifestItem(
            label=item["label"],
            kind=item["kind"],
            media_type=item["media_type"],
            size=item["size"],
            sha256=item["sha256"],
            path=f"/v1/complaints/{case.id}/dossier/{item['item']}",
        )
        for item in await tx.driver.fetch(_ITEMS, handover)
    ]
    files = [one for one in await attachments_of(tx, case.id) if one.handover_id == handover]
    items += [_file_item(case, one) for one in files]
    tx.publish(
        case,
        DossierReady(
            case_id=case.id,
            handover_id=handover,
            number=case.number,
            branch=case.branch,
            customer_id=case.customer_id,
            items=items,
            excluded=await kept_out(tx, case),
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


@job(retry=("5s", "1m", "10m", "1h", "6h", "1d"), finish=_printed)
async def print_dossier(ref: str, work: Work) -> list[tuple[str, str, bytes]] | None:
    """Print the forms of a closing as they were filled in then, with people's names: kind, title and bytes of each.

    Nothing is printed, and nothing handed over, when the caller has been erased meanwhile.
    """
    async with work.runtime.transaction() as tx:
        row = await tx.driver.fetchrow(_WAITING, [UUID(ref)])
        if row is None:
            return None
        kept = _Item(row["id"], row["subject_id"], row["sealed"])
        try:
            forms = (await tx.unseal_row(tables.dossier_forms, kept, why="dossier", rules=RULES[:1]))["forms"]
        except NotFound:
            return None
    forms = await with_names(work.runtime, forms)
    return [(form["kind"], form["data"]["title"], await printed(form["data"])) for form in forms]


@get("/v1/complaints/{case_id}/dossier/{item}", needs=FETCH_DOSSIER)
async def fetch_dossier_item(case_id: UUID, item: str, principal: Principal, runtime: Runtime) -> Response:
    """One paper or file of a closed case, for the archive: the bytes whose digest was told.

    What a file was called comes in the Content-Disposition (`filename*`, RFC 6266): names are not told on the bus.
    """
    async with runtime.transaction(actor=principal.subject) as tx:
        if not item.startswith(FILE):
            return await _paper(tx, case_id, item)
        one = await _file(tx, case_id, item.removeprefix(FILE))
        key, name = await opened(tx, one, why="dossier", rules=RULES)
    return await streamed(runtime, one, key, name)


async def _file(tx: Tx, case_id: UUID, named: str) -> Attachment:
    try:
        identifier = UUID(named)
    except ValueError:
        raise NotFound("The complaint has handed over no such paper. Read the manifest again.") from None
    one = (await tx.load(ATTACHMENTS, [identifier], lock=False)).get(identifier)
    # a case that was closed, reopened and merged: its files are the survivor's
    led = {case.id for case in (await survivors(tx, [case_id], lock=False)).values()}
    if one is None or one.handover_id is None or one.case_id not in led:
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
    clear = await tx.unseal_row(table, kept, why="dossier", rules=RULES[:2])
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
