"""A collection plan: the customer's instalments, kept or broken by what the ledger has received (P11.14)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from chassis.store import Store

from credit import tables


class PlanState(StrEnum):
    """Running: the account's plan now; superseded: another took its place."""

    RUNNING = "running"
    SUPERSEDED = "superseded"


@dataclass
class Plan:
    """What a customer has promised. Each of `instalments` has id, due_on, amount and met_on as texts, in order."""

    id: UUID
    account_id: UUID
    branch: str
    instalments: tuple[dict[str, Any], ...]
    agreed_at: datetime
    noted_by: str
    state: PlanState = PlanState.RUNNING
    version: int = 1
    sequence: int = 0

    def follow(self, received: Decimal, on: date, *, settled: bool) -> tuple[list[UUID], list[UUID]]:
        """Lay what was received on the instalments in their order: which are met now, which no more.

        `settled`: nothing is open any more of what was owed when it was agreed, so that all of them are met.
        """
        met, unmet, needed, followed = [], [], Decimal(0), []
        for one in self.instalments:
            needed += Decimal(one["amount"])
            covered, before = settled or received >= needed, one["met_on"]
            if covered and before is None:
                met.append(UUID(one["id"]))
            elif not covered and before is not None:
                unmet.append(UUID(one["id"]))
            followed.append({**one, "met_on": (before or str(on)) if covered else None})
        if met or unmet:
            self.instalments = tuple(followed)
        return met, unmet

    def supersede(self, on: date) -> None:
        """Another plan takes its place: what is not due yet falls away, what was broken stays counted."""
        self.state = PlanState.SUPERSEDED
        self.instalments = tuple(
            {**one, "dropped": one["met_on"] is None and one["due_on"] >= str(on)} for one in self.instalments
        )


def broken(instalments: Sequence[dict[str, Any]], today: date) -> int:
    """How many promises were not kept: paid after their day, or not yet."""
    return sum(not one.get("dropped") and (one["met_on"] or str(today)) > one["due_on"] for one in instalments)


PLANS = Store(tables.plans, Plan)
