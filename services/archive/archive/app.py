"""The contents page of the archive service: every way in, every reaction, by room."""

from __future__ import annotations

from pathlib import Path

from chassis.service import Service
from policy.engines import ENGINES

from archive import tables
from archive.dossiers.file_item import file_item, note_condition
from archive.dossiers.list_dossiers import list_dossiers, print_finding_aid
from archive.dossiers.open_dossier import open_dossier
from archive.dossiers.place_dossier import classify_dossier, place_dossier
from archive.dossiers.put_content import put_content
from archive.dossiers.read_dossier import read_content, read_dossier
from archive.filing import sweep_upload
from archive.handover.announce_handover import announce_handover
from archive.handover.list_handovers import list_handovers, read_handover, retry_handover
from archive.handover.take_over import take_over
from archive.settings import ArchiveSettings
from archive.vault import vault

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
    ],
    reactions=[announce_handover],  # handover
    jobs=[
        sweep_upload,  # dossiers
        take_over,  # handover
    ],
    libraries=[ENGINES],
    parts=vault,
)
