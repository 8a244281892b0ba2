"""Keeps somebody out of a matter that turns out to be about them: of what is owed, and of what was asked (P12.2)."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from chassis.tx import Tx

from policy.obligations import KEEP_FROM, Changes
from policy.place_seats import place_seats
from policy.replan import EVERYWHERE

_BAR = """UPDATE kehu.approvals SET excluded = excluded || to_jsonb($2::text), version = version + 1
    WHERE subject = $1 AND NOT excluded ? $2 RETURNING state"""


def keep_from(tx: Tx, subject: UUID, person: str, *, at: datetime) -> None:
    """Nothing that is owed by or asked about the subject is shown to this person any more, whatever their roles.

    They sign nothing about it either, also where it was asked before; a seat that was theirs moves on.
    """
    tx.extension(Changes).want(subject, KEEP_FROM, None, at, person)
    tx.extension(Barred).want(subject, person)


class Barred:
    """Who is barred by a transaction from what was asked about which subjects: written when it is."""

    def __init__(self) -> None:
        self._wanted: dict[tuple[UUID, str], None] = {}

    def want(self, subject: UUID, person: str) -> None:
        self._wanted[subject, person] = None

    async def write(self, tx: Tx) -> None:
        """Bar them; where something is open, its seats are placed anew."""
        wanted, self._wanted = self._wanted, {}
        for subject, person in wanted:
            states = await tx.driver.fetch(_BAR, subject, person)
            if any(row["state"] == "open" for row in states):
                tx.later(place_seats, EVERYWHERE)
