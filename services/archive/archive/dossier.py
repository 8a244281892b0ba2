"""A dossier and the items in it: where they stand, how secret they are, who keeps them (P05.3, P05.4, P05.11)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from chassis.problems import Refused
from chassis.store import Store
from contracts.archive import DossierEntry, DossierKind, PaperLine

from archive import tables


class Secrecy(StrEnum):
    """How secret a dossier is: 机密 is secret, 绝密 top secret (P05.11)."""

    NONE = "none"
    SECRET = "secret"  # noqa: S105
    TOP_SECRET = "top_secret"  # noqa: S105


class Medium(StrEnum):
    """What an item is kept on (P05.4)."""

    PAPER = "paper"
    DISK = "disk"
    PHOTO = "photo"
    SCAN = "scan"
    ELECTRONIC = "electronic"


class Condition(StrEnum):
    """How an item is preserved (P05.4, P05.8)."""

    GOOD = "good"
    FADED = "faded"
    DAMAGED = "damaged"
    LOST = "lost"


class ItemState(StrEnum):
    """Whether an item is there: one that has a file only is awaited until it has come."""

    AWAITED = "awaited"
    FILED = "filed"


#: on these nothing can be held in hand: the file is the item
WITHOUT_BODY = frozenset({Medium.SCAN, Medium.ELECTRONIC})


class ContentThere(Refused):
    """The item has its file. A file is never replaced: file a new item."""

    title = "The item has its file already"
    zh = "此件已有文件，归档文件不能替换。请另立一件归档。"
    rules = ("P05.4",)


class CustodianMissing(Refused):
    """A classified dossier has a named custodian, another one has none."""

    title = "A classified dossier needs a custodian"
    zh = "涉密档案须指定保管人，非涉密档案不指定。请更正后再提交。"
    rules = ("P05.11",)


@dataclass
class Dossier:
    """All papers about one thing: a customer, a vehicle, a case, an occupancy. `about` is that thing's id.

    `number` is its entry in the index; cabinet, shelf (from the top) and position (from the left) say where its
    papers stand. `department` is whose file it is; without one it is customer service's.
    """

    id: UUID
    number: str
    kind: DossierKind
    about: str
    branch: str
    department: str | None
    secrecy: Secrecy
    custodian: str | None
    cabinet: str | None
    shelf: int | None
    position: int | None
    subject_id: UUID
    opened_at: datetime
    opened_by: str
    version: int = 1
    sequence: int = 0

    def stand(self, cabinet: str, shelf: int, position: int) -> None:
        """Its papers stand here from now on (P05.3)."""
        self.cabinet, self.shelf, self.position = cabinet, shelf, position

    def classify(self, secrecy: Secrecy, custodian: str | None) -> None:
        """Say how secret it is and who alone keeps it; it leaves its place, for it stands apart (P05.11)."""
        if (secrecy is Secrecy.NONE) != (custodian is None):
            raise CustodianMissing("Name a custodian for a secret or top secret dossier, and none for another.")
        if (self.secrecy is Secrecy.NONE) != (secrecy is Secrecy.NONE):
            self.cabinet = self.shelf = self.position = None
        self.secrecy, self.custodian = secrecy, custodian


@dataclass
class Item:
    """One item of a dossier. `kind` is its kind of paper, by the branch's vocabulary; `label` its name there, sealed.

    `place` is where its sealed file lies, `sha256` the digest of the file, `sealed_sha256` of its ciphertext.
    """

    id: UUID
    dossier_id: UUID
    kind: str
    medium: Medium
    condition: Condition
    copies: int
    valid_until: date | None
    state: ItemState
    subject_id: UUID
    sealed: bytes
    filed_at: datetime
    filed_by: str
    media_type: str | None = None
    size: int | None = None
    sha256: bytes | None = None
    sealed_sha256: bytes | None = None
    place: str | None = None
    version: int = 1
    sequence: int = 0

    def receive(
        self, media_type: str, size: int, sha256: bytes, sealed_sha256: bytes, place: str, at: datetime
    ) -> bool:
        """Its file is there; False when the same file was there before, `ContentThere` when another one was."""
        if self.place is not None:
            if self.sha256 == sha256:
                return False
            raise ContentThere("This item has another file. A file is never replaced: file a new item.")
        self.media_type, self.size, self.sha256 = media_type, size, sha256
        self.sealed_sha256, self.place = sealed_sha256, place
        if self.state is ItemState.AWAITED:
            self.state, self.filed_at = ItemState.FILED, at
        return True


DOSSIERS = Store(tables.dossiers, Dossier)
ITEMS = Store(tables.items, Item)


def entry(dossier: Dossier, papers: list[Item]) -> DossierEntry:
    """The dossier as the others know it: which papers it holds, not what they say."""
    lines = [
        PaperLine(item_id=item.id, kind=item.kind, filed_at=item.filed_at, valid_until=item.valid_until)
        for item in sorted(papers, key=lambda item: item.id)
        if item.state is ItemState.FILED and item.condition is not Condition.LOST
    ]
    return DossierEntry(
        dossier_id=dossier.id, kind=dossier.kind, about=dossier.about, branch=dossier.branch, papers=lines
    )
