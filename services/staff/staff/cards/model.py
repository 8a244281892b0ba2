"""A business card, and the complaint contacts that must stand on it (P04.13)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chassis.problems import Refused
from chassis.store import Store
from contracts.staff import Employment
from policy.directory import Person

from staff.cards import tables


class CardIncomplete(Refused):
    """The branch's complaint phone or mailbox is not known; a card is not printed without them."""

    title = "The card would lack what must stand on it"
    zh = "门店的投诉电话或信箱未登记，不能印制卡片。请先补全门店资料。"


class CardOutdated(Refused):
    """A card is printed for who works at its branch."""

    title = "The card is out of date"
    zh = "此人已离职或调离，原名片作废。在职的请到现门店重新办理。"


@dataclass(frozen=True)
class Contacts:
    """Where complaints about a branch go."""

    complaint_phone: str | None = None
    complaint_mailbox: str | None = None

    @property
    def missing(self) -> list[str]:
        """What is not known."""
        known = {"complaint_phone": self.complaint_phone, "complaint_mailbox": self.complaint_mailbox}
        return [name for name, value in known.items() if not value]


@dataclass
class Card:
    """The card of one person of staff; what is personal on it is sealed."""

    id: UUID
    person: str
    branch: str
    subject_id: UUID
    sealed: bytes
    made_by: str
    made_at: datetime
    version: int = 1
    sequence: int = 0


def refuse_outdated(person: Person | None, branch: str) -> None:
    """`CardOutdated` for who has left, or works at another branch than the card's by now (P01.9, P04.13)."""
    if person is None or person.employment == Employment.LEFT:
        raise CardOutdated("They have left. Nothing is printed for them any more.", rules=("P01.9",))
    if person.branch != branch:
        raise CardOutdated(f"They work at {person.branch} now. Have a card of that branch made.", rules=("P04.13",))


def refuse_incomplete(contacts: Contacts, *, required: bool) -> None:
    """`CardIncomplete`, naming what is missing, where the branch's cards must carry it (P04.13)."""
    if required and contacts.missing:
        raise CardIncomplete(
            f"The branch has no {' and no '.join(contacts.missing)}. Have it entered first.",
            rules=("P04.13",),
            missing=contacts.missing,
        )


CARDS = Store(tables.cards, Card)
