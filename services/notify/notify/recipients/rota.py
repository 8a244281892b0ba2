"""Keeps a copy of the rotas: who is on duty when (P06.2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from chassis.handlers import Received, project
from chassis.tx import Tx
from contracts.staff import RotaEntry
from policy.calendar import civil

from notify import tables

RULES = ("P06.2",)

Seat = tuple[str, str]

#: a shift over midnight stands in the rota of the day it begins on
_ROTAS = """SELECT r.role, r.place, r.date, s.person, s.from_at, s.until_at FROM known_rotas r
    LEFT JOIN known_shifts s ON s.id = r.id
    WHERE NOT r.gone AND r.role = ANY($1::text[]) AND r.place = ANY($2::text[]) AND r.date BETWEEN $3 AND $4"""


@project(RotaEntry, into=tables.known_rotas, lines=tables.known_shifts)
def known_rotas(entry: Received[RotaEntry]) -> tuple[Mapping[str, Any], Sequence[Mapping[str, Any]]]:
    """The rota of a seat on a day, and a line a shift."""
    said = entry.said
    return {"role": said.role, "place": said.place, "date": said.date}, [shift.model_dump() for shift in said.shifts]


@dataclass
class Rotas:
    """Who is on duty at an instant, of the seats that have a rota then."""

    on_duty: dict[Seat, set[str]] = field(default_factory=dict)

    def of(self, seat: Seat) -> set[str] | None:
        """Who is on duty; None where the seat has no rota: then all its holders are."""
        return self.on_duty.get(seat)


async def rotas_at(tx: Tx, seats: Iterable[Seat], now: datetime) -> Rotas:
    """The rotas of the seats as they stand at this instant.

    A seat has one when there are shifts on the civil day, or when one of the day before still runs.
    """
    wanted = set(seats)
    today = civil(now)
    found = Rotas()
    rows = await tx.driver.fetch(
        _ROTAS,
        sorted({role for role, _ in wanted}),
        sorted({place for _, place in wanted}),
        today - timedelta(days=1),
        today,
    )
    for row in rows:
        seat = (row["role"], row["place"])
        running = row["from_at"] is not None and row["from_at"] <= now < row["until_at"]
        if seat in wanted and (running or (row["date"] == today and row["person"] is not None)):
            on_duty = found.on_duty.setdefault(seat, set())
            if running:
                on_duty.add(row["person"])
    return found
