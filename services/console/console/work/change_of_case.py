"""Notes that a case changed in a way that no work may tell of: whoever has it open is told (P12.5)."""

from __future__ import annotations

from chassis.handlers import Received, on
from chassis.ids import uuid7
from chassis.tx import Tx
from contracts.complaint import MarkedSerious, SeriousOverruled

from console import tables

RULES = ("P12.5",)


@on(MarkedSerious)
def case_marked(event: Received[MarkedSerious], tx: Tx) -> None:
    """It became serious, or serious in a further way."""
    _changed(event, tx)


@on(SeriousOverruled)
def case_overruled(event: Received[SeriousOverruled], tx: Tx) -> None:
    """It is not serious in these ways."""
    _changed(event, tx)


def _changed(event: Received[MarkedSerious] | Received[SeriousOverruled], tx: Tx) -> None:
    """`change` says when this process heard of it, as of work: streams follow both."""
    tx.insert(tables.case_changes, id=event.id, case_id=event.said.case_id, change=uuid7(), told_at=event.time)
