"""Gives the record form and the investigation report of a case as PDF or XLSX; each reading is recorded (P04.8)."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

from chassis.auth import Principal
from chassis.http import get
from chassis.paper import print_paper
from chassis.problems import NotFound
from chassis.runtime import Runtime
from contracts.archive import AccessRecorded
from fastapi import Query, Response

from complaint import tables
from complaint.keeping import within
from complaint.papers.document import PDF, XLSX, Document, workbook_of
from complaint.papers.gathered import Gathered, gather
from complaint.papers.investigation_report import investigation_report
from complaint.papers.people import with_names
from complaint.papers.record_form import record_form
from complaint.permissions import READ_COMPLAINT

RULES = ("P04.8", "P12.2", "P17.4", "P17.7")


FORMS = Path(__file__).parent.parent / "forms"


class PaperFormat(StrEnum):
    """As what a paper is given."""

    PDF = "pdf"
    XLSX = "xlsx"


Format = Annotated[PaperFormat, Query(alias="format", description="a paper, or a workbook")]


async def printed(data: Mapping[str, Any]) -> bytes:
    """The PDF of a document's data."""
    return await print_paper(FORMS, "form", data)


async def rendered(runtime: Runtime, document: Document, as_: PaperFormat) -> bytes:
    """The document's bytes, with people as they are called now; the same gives the same. Never in a transaction."""
    named = Document.of(await with_names(runtime, document.data()))
    return await asyncio.to_thread(workbook_of, named) if as_ is PaperFormat.XLSX else await printed(named.data())


def file_answer(content: bytes, name: str, as_: PaperFormat) -> Response:
    """The file, to be opened under this name and kept by nobody on the way."""
    headers = {
        "Content-Disposition": f'inline; filename="{name}.{as_.value}"',
        "Cache-Control": "no-store",
    }
    return Response(content, media_type=XLSX if as_ is PaperFormat.XLSX else PDF, headers=headers)


async def _paper(
    case_id: UUID,
    principal: Principal,
    runtime: Runtime,
    fill: Callable[[Gathered], Document | None],
    name: str,
    as_: PaperFormat,
) -> Response:
    """Read in one transaction, name people and render without one, record the digest of what is given in another."""
    async with runtime.transaction(actor=principal.subject) as tx:
        case = await within(tx, case_id, READ_COMPLAINT, principal, lock=False)
        document = fill(await gather(tx, case, why="paper"))
    if document is None:
        raise NotFound("Nothing has been reported about this complaint yet. The handler reports what was found.")
    content = await rendered(runtime, document, as_)
    async with runtime.transaction(actor=principal.subject) as tx:
        tx.record(
            AccessRecorded(
                service=runtime.name,
                actor=principal.subject,
                action="print",
                table=tables.cases.name,
                ids=[str(case_id)],
                purpose=name,
                rules=list(RULES[:1]),
                at=tx.now,
                digests=[hashlib.sha256(content).hexdigest()],
            )
        )
    return file_answer(content, f"{document.number}-{name}", as_)


@get("/v1/complaints/{case_id}/papers/record-form", needs=READ_COMPLAINT)
async def read_record_form(
    case_id: UUID, principal: Principal, runtime: Runtime, as_: Format = PaperFormat.PDF
) -> Response:
    """The complaint record form (客户投诉记录表) as far as the case has come."""
    return await _paper(case_id, principal, runtime, record_form, "record-form", as_)


@get("/v1/complaints/{case_id}/papers/investigation-report", needs=READ_COMPLAINT)
async def read_investigation_report(
    case_id: UUID, principal: Principal, runtime: Runtime, as_: Format = PaperFormat.PDF
) -> Response:
    """The newest investigation report (投诉调查报告) with who reviewed and approved it; 404 before it is reported."""
    return await _paper(case_id, principal, runtime, investigation_report, "investigation-report", as_)
