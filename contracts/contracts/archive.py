"""What the archive tells the others of dossiers and papers, and what every service tells the audit log."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from contracts.enums import Open
from contracts.message import Entry, Event, Instant


class AccessRecorded(Event, type="archive.access_recorded.v1"):
    """Personal data was read, handed over or decided about.

    `actor` is the subject of a token, `ids` name rows of `table`, `rules` are ids of the rulebook, `digests`
    are SHA-256 of the ciphertexts, in hex.
    """

    service: str
    actor: str
    action: str
    table: str
    ids: list[str]
    purpose: str
    rules: list[str]
    at: Instant
    digests: list[str]


class DossierKind(StrEnum):
    """What a dossier is about (P04.8, P08.1, P11.1, P13.1)."""

    CUSTOMER = "customer"
    VEHICLE = "vehicle"
    CASE = "case"
    OCCUPANCY = "occupancy"


class PaperLine(BaseModel):
    """One item of a dossier as others may know it: what kind of paper it is, until when it holds; no content."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    item_id: UUID
    kind: str
    filed_at: Instant
    valid_until: date | None


class DossierEntry(Entry, type="archive.dossier.v1"):
    """A dossier as it stands: what it is about (`about` is a customer id, case id, …), and which papers it holds."""

    dossier_id: UUID
    kind: Open[DossierKind]
    about: str
    branch: str
    papers: list[PaperLine]


class FiledItem(BaseModel):
    """An item that was taken over, with the digest (SHA-256, hex) under which it was received."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    label: str
    item_id: UUID
    sha256: str


class DossierFiled(Event, type="archive.dossier_filed.v1"):
    """The receipt of a hand-over: every item arrived whole and is sealed (P04.8, P13.3). The owner may purge."""

    dossier_id: UUID
    service: str
    source: UUID
    handover_id: UUID
    items: list[FiledItem]
    filed_at: Instant
