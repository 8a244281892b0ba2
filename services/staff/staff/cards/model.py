"""A business card, and the complaint contacts that must stand on it (P04.13)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chassis.problems import Refused
from chassis.store import Store

from staff.cards import tables


class CardIncomplete(Refused):
    """The branch's complaint phone or mailbox is not known; a card is not printed without them."""

    title = "The card would lack what must stand on it"
    zh = "门店的投诉电话或信箱未登记，不能印制卡片。请先补全门店资料。"


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


def refuse_incomplete(contacts: Contacts, *, required: bool) -> None:
    """`CardIncomplete`, naming what is missing, where the branch's cards must carry it (P04.13)."""
    if required and contacts.missing:
        raise CardIncomplete(
            f"The branch has no {' and no '.join(contacts.missing)}. Have it entered first.",
            rules=("P04.13",),
            missing=contacts.missing,
        )


CARDS = Store(tables.cards, Card)
