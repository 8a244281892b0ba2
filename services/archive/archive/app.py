"""The contents page of the archive service: every way in, every reaction, by room."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from chassis.runtime import Runtime
from chassis.service import Service
from chassis.vault import vault
from policy.engines import ENGINES

from archive import tables
from archive.audit.keep_records import Sequencer, keep_access_record
from archive.audit.prove import list_entries, prove_consistency, prove_inclusion, read_head, search_log
from archive.audit.signer import signer
from archive.dossiers.file_item import file_item, note_condition
from archive.dossiers.list_dossiers import list_dossiers, print_finding_aid
from archive.dossiers.open_dossier import open_dossier
from archive.dossiers.place_dossier import classify_dossier, place_dossier
from archive.dossiers.put_content import put_content
from archive.dossiers.read_dossier import read_content, read_dossier
from archive.erasure.forget_customer import customer_erased, forget_customer
from archive.filing import sweep_upload
from archive.handover.announce_handover import announce_handover
from archive.handover.keep_out import keep_out
from archive.handover.list_handovers import list_handovers, read_handover, retry_handover
from archive.handover.take_over import take_over
from archive.loans.issue_loan import issue_loan
from archive.loans.list_loans import list_loans, read_loan
from archive.loans.request_loan import request_loan
from archive.loans.return_loan import return_loan
from archive.providing.list_agreements import end_agreement, list_agreements, read_agreement
from archive.providing.propose_agreement import propose_agreement
from archive.providing.provide import agreement_in_force, record_provision
from archive.settings import ArchiveSettings
from archive.viewing.list_view_requests import list_view_requests, read_view_request
from archive.viewing.request_viewing import request_viewing


@asynccontextmanager
async def parts(runtime: Runtime) -> AsyncIterator[None]:
    """The vault and the signer of the log, while a process runs."""
    async with vault(runtime), signer(runtime):
        yield


service = Service(
    name="archive",
    title="Archive",
    tables=tables.metadata,
    migrations=Path(__file__).parent.parent / "migrations",
    settings=ArchiveSettings,
    routes=[
        open_dossier,  # dossiers
        list_dossiers,
        print_finding_aid,
        read_dossier,
        place_dossier,
        classify_dossier,
        file_item,
        note_condition,
        put_content,
        read_content,
        list_handovers,  # handover
        read_handover,
        retry_handover,
        read_head,  # audit
        list_entries,
        prove_inclusion,
        prove_consistency,
        search_log,
        request_viewing,  # viewing
        list_view_requests,
        read_view_request,
        request_loan,  # loans
        list_loans,
        read_loan,
        issue_loan,
        return_loan,
        propose_agreement,  # providing
        list_agreements,
        agreement_in_force,
        read_agreement,
        end_agreement,
        record_provision,
    ],
    reactions=[
        announce_handover,  # handover
        keep_out,
        keep_access_record,  # audit
        customer_erased,  # erasure
    ],
    workers=[Sequencer],  # audit
    jobs=[
        sweep_upload,  # dossiers
        take_over,  # handover
        forget_customer,  # erasure
    ],
    libraries=[ENGINES],
    parts=parts,
)
