"""A ledger that only grows: entries, and counter-entries that take them back."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from uuid import UUID

from staff.conduct.reckoning import Consequence
from staff.conduct.tariff import NOTHING, Cost


class Because(StrEnum):
    """Why an entry was made."""

    BOOKED = "booked"
    DECIDED = "decided"
    CORRECTED = "corrected"
    WITHDRAWN = "withdrawn"
    PAY_CUT = "pay_cut"
    #: another breach of the person arrived, fell or changed
    RECOUNTED = "recounted"


@dataclass(frozen=True)
class Entry:
    """A line of the ledger, or the counter-entry that takes one back."""

    id: UUID
    breach_id: UUID
    counters: UUID | None
    cost: Cost
    nth: int | None
    doubled: bool
    because: Because
    rules: tuple[str, ...]


def settle(
    breach: UUID, standing: Entry | None, wanted: Consequence, because: Because, new_id: Callable[[], UUID]
) -> list[Entry]:
    """What must be added so that the ledger says what the breach costs now; nothing where it says so already.

    `standing` is the entry of the breach that has not been taken back. What is there is never changed.
    """
    cost = NOTHING if standing is None else standing.cost
    if cost == wanted.cost:
        return []
    added: list[Entry] = []
    if standing is not None:
        counter = replace(standing, id=new_id(), counters=standing.id, cost=-standing.cost, because=because)
        added.append(counter)
    if not wanted.cost.nothing:
        shown = (wanted.nth, wanted.doubled, because, wanted.rules)
        added.append(Entry(new_id(), breach, None, wanted.cost, *shown))
    return added


def standing_of(entries: Iterable[Entry]) -> dict[UUID, Entry]:
    """By breach the entry that no other takes back."""
    listed = list(entries)
    taken_back = {one.counters for one in listed if one.counters is not None}
    return {one.breach_id: one for one in listed if one.counters is None and one.id not in taken_back}
