"""Breaches to reckon with, as the shipped policy prices them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from contracts.money import Money
from staff.conduct.model import Breach, BreachState, account_id_of
from staff.conduct.policy import ConductPolicy
from staff.conduct.tariff import price

POLICY = ConductPolicy()
#: Monday morning in Shanghai
MONDAY = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
_SPACE = UUID("019cac1c-e220-7000-8000-00000000c0de")


def breach(
    kind: str = "after_sales_file_late",
    *items: tuple[str, int],
    n: int = 1,
    hours: float = 0,
    subject: str | None = None,
    repeats: UUID | None = None,
    share: Money | None = None,
    state: BreachState | None = None,
    policy: ConductPolicy = POLICY,
    **more: Any,
) -> Breach:
    """The n-th breach of one person, decided so many hours after Monday morning."""
    tariff = price(policy, kind, items, share=share, measured=more.get("measured"))
    decided = MONDAY + timedelta(hours=hours)
    return Breach(
        id=uuid5(_SPACE, str(n)),
        account_id=account_id_of("adviser-11"),
        person="adviser-11",
        branch="sh-pudong",
        department="after_sales",
        kind=kind,
        items=[list(item) for item in items],
        rule="P13.7",
        subject=subject or f"file-{n}",
        occurred_on=decided.date(),
        decided_at=decided,
        measured=None,
        base=None,
        part=None,
        repeats=repeats,
        tariff=tariff.model_dump(mode="json"),
        state=state or (BreachState.RECORDED if tariff.not_set is None else BreachState.UNDECIDED),
        booked_at=decided,
    )
