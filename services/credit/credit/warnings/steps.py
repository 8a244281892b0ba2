"""What people did about a warning: a code that can be counted, and a note that is sealed (P02.4, P05.15)."""

from __future__ import annotations

from datetime import datetime

from chassis.ids import uuid7
from chassis.tx import Tx
from pydantic import BaseModel

from credit import tables
from credit.notes import SealedNote, read_notes, seal_note
from credit.warnings.model import RiskWarning

_STEPS = """SELECT id, step, code, "by", at, subject_id, sealed FROM warning_steps WHERE warning_id = $1 ORDER BY id"""


class StepView(BaseModel):
    """One step: who did what, when, and what they noted; null once a customer of the account was forgotten."""

    step: str
    code: str
    by: str
    at: datetime
    note: str | None


async def note_step(tx: Tx, warning: RiskWarning, step: str, code: str, note: str) -> None:
    """Keep a step; a note may name people, so it is sealed."""
    kept = await seal_note(tx, tables.warning_steps, uuid7(), note)
    tx.insert(
        tables.warning_steps,
        id=kept.id,
        warning_id=warning.id,
        step=step,
        code=code,
        by=tx.actor,
        at=tx.now,
        subject_id=kept.subject_id,
        sealed=kept.sealed,
    )


async def steps_of(tx: Tx, warning: RiskWarning) -> list[StepView]:
    """The steps in their order, with their notes; that these were read is recorded."""
    await tx.flush()
    rows = await tx.driver.fetch(_STEPS, warning.id)
    kept = [SealedNote(row["id"], row["subject_id"], row["sealed"]) for row in rows]
    notes = await read_notes(tx, tables.warning_steps, kept, why="reading a warning", rules=("P02.4",))
    return [
        StepView(step=row["step"], code=row["code"], by=row["by"], at=row["at"], note=note)
        for row, note in zip(rows, notes, strict=True)
    ]
