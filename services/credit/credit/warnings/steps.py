"""What people did about a warning: a code that can be counted, and a note that is sealed (P02.4, P05.15)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chassis.ids import uuid7
from chassis.tx import Tx
from pydantic import BaseModel

from credit import tables
from credit.warnings.model import RiskWarning

_STEPS = """SELECT id, step, code, "by", at, subject_id, sealed FROM warning_steps WHERE warning_id = $1 ORDER BY id"""


class StepView(BaseModel):
    """One step: who did what, when, and what they noted; null once a customer of the account was forgotten."""

    step: str
    code: str
    by: str
    at: datetime
    note: str | None


@dataclass
class _Row:
    id: UUID
    subject_id: UUID
    sealed: bytes


async def note_step(tx: Tx, warning: RiskWarning, step: str, code: str, note: str) -> None:
    """Keep a step; a note may name people, so it is sealed."""
    identifier, subject = uuid7(), tx.new_subject()
    tx.insert(
        tables.warning_steps,
        id=identifier,
        warning_id=warning.id,
        step=step,
        code=code,
        by=tx.actor,
        at=tx.now,
        subject_id=subject,
        sealed=await tx.seal(tables.warning_steps, identifier, subject, {"note": note}),
    )


async def steps_of(tx: Tx, warning: RiskWarning) -> list[StepView]:
    """The steps in their order, with their notes; that these were read is recorded."""
    await tx.flush()
    rows = await tx.driver.fetch(_STEPS, warning.id)
    gone = await tx.driver.fetch(
        "SELECT subject_id FROM kehu.subject_keys WHERE subject_id = ANY($1::uuid[]) AND wrapped IS NULL",
        [row["subject_id"] for row in rows],
    )
    forgotten, found = {row[0] for row in gone}, []
    for row in rows:
        note = None
        if row["subject_id"] not in forgotten:
            sealed = _Row(row["id"], row["subject_id"], row["sealed"])
            clear = await tx.unseal_row(tables.warning_steps, sealed, why="reading a warning", rules=("P02.4",))
            note = str(clear["note"])
        found.append(StepView(step=row["step"], code=row["code"], by=row["by"], at=row["at"], note=note))
    return found
