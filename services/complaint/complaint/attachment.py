"""A file of a case: who added it, what it is, where it lies; of a removed one the entry stays (P04.8, P05.4)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from chassis.problems import Refused
from chassis.store import Store
from chassis.tx import Tx

from complaint import tables

#: for which purpose a key of the case's subject seals its files
FILE_KEY = "complaint:file"

OF_CASE = "SELECT id FROM attachments WHERE case_id = $1 ORDER BY id"


class AttachmentKind(StrEnum):
    """What it is to the case."""

    PHOTO = "photo"
    RECORDING = "recording"
    LETTER = "letter"
    OTHER = "other"


class HandedOver(Refused):
    """The archive keeps it with the dossier of the case."""

    title = "It has been handed to the archive"
    zh = "此附件已随案卷移交档案，不能在此移除。请联系档案管理人。"


@dataclass
class Attachment:
    """One file. It opens under the key of the subject that it was added for, whichever case it belongs to now."""

    id: UUID
    case_id: UUID
    kind: AttachmentKind
    media_type: str
    size: int
    sha256: bytes
    sealed_sha256: bytes
    place: str | None
    added_by: str
    added_at: datetime
    subject_id: UUID
    sealed: bytes
    removed_by: str | None = None
    removed_at: datetime | None = None
    handover_id: UUID | None = None
    version: int = 1
    sequence: int = 0

    @property
    def bound_to(self) -> str:
        """What the file is bound to: it opens as this attachment's and no other's."""
        return bound_to(self.id)

    def remove(self, by: str, at: datetime, sealed: bytes) -> str | None:
        """It is there no more, the entry stays; its place in the vault, None when it was removed before."""
        if self.handover_id is not None:
            raise HandedOver("It belongs to the dossier. Ask the archive.", rules=("P04.8",))
        place, self.place = self.place, None
        if place is not None:
            self.removed_by, self.removed_at, self.sealed = by, at, sealed
        return place

    def hand_over(self, handover: UUID) -> None:
        """It goes to the archive with this closing."""
        self.handover_id = handover


def bound_to(identifier: UUID) -> str:
    """What the file of an attachment is bound to."""
    return f"complaint:{identifier}"


ATTACHMENTS = Store(tables.attachments, Attachment)


async def attachments_of(tx: Tx, case_id: UUID, *, lock: bool = False) -> list[Attachment]:
    """The files of a case, the oldest first, removed ones too."""
    ids = [row[0] for row in await tx.driver.fetch(OF_CASE, case_id)]
    found = await tx.load(ATTACHMENTS, ids, lock=lock)
    # an id that was made of an Idempotency-Key says nothing of the time
    return sorted(found.values(), key=lambda one: (one.added_at, one.id))
