"""All that is known of a case, opened to fill its papers; that it was read is recorded (P04.8, P05.9)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from chassis.tx import Tx
from policy.directory import Directory

from complaint import tables
from complaint.case import Case
from complaint.compensation.tables import compensations
from complaint.handling.measure import MEASURES
from complaint.papers.people import unmarked
from complaint.redirect import parts_of
from complaint.timeline import entries_of, opened

RULES = ("P04.8",)

#: no paper shows more of them
MOST_MEASURES = 500

_APPROVALS = """SELECT name, asked_by, asked_at, offer, stages, state, ended_at, amount::text, encode(digest, 'hex')
    FROM kehu.approvals WHERE subject = ANY($1::uuid[]) ORDER BY id"""
_COLUMNS = ("approval", "asked_by", "asked_at", "offer", "stages", "state", "ended_at", "amount", "digest")

Told = Mapping[str, Any]


@dataclass(frozen=True)
class Gathered:
    """A case with what was sealed of it: caller and words, its timeline, its measures, what was asked and signed.

    `branch` and `department` are what people call them when it is gathered; `vehicle` has brand, series, model, codes.
    """

    case: Case
    branch: str
    department: str | None
    personal: Mapping[str, Any]
    vehicle: Mapping[str, Any]
    told: Sequence[Told]
    measures: Sequence[Told]
    approvals: Sequence[Told]

    def of(self, *kinds: str) -> list[Told]:
        """The entries of these kinds, oldest first."""
        return [one for one in self.told if one["kind"] in kinds]

    def last(self, *kinds: str) -> Told | None:
        """The newest entry of these kinds."""
        found = self.of(*kinds)
        return found[-1] if found else None

    def decided(self, name: str) -> Told | None:
        """The newest granted asking of an approval."""
        return next(
            (one for one in reversed(self.approvals) if (one["approval"], one["state"]) == (name, "granted")), None
        )


async def gather(tx: Tx, case: Case, *, why: str) -> Gathered:
    """Open the case for its papers; `why` is the recorded purpose. `NotFound` when its caller has been erased."""
    personal = unmarked(await tx.unseal(case, why=why, rules=RULES))
    entries = await entries_of(tx, case.id)
    words = await opened(tx, entries, why=why)
    told = [
        {
            "at": entry.at,
            "kind": entry.kind,
            "author": entry.author,
            "rules": entry.rules,
            "facts": entry.facts,
            "words": unmarked(words.get(entry.id, {})),
        }
        for entry in entries
    ]
    directory, at = Directory.of(tx.runtime), case.department
    return Gathered(
        case,
        directory.named(case.branch),
        None if at is None else directory.department_title(case.branch, at),
        personal,
        unmarked({"brand": case.brand, **case.vehicle}),
        told,
        await _measures(tx, case, why),
        await _approvals(tx, case),
    )


async def _measures(tx: Tx, case: Case, why: str) -> list[Told]:
    table = tables.measures
    query = sa.select(*MEASURES.columns).where(table.c.case_id == case.id).order_by(table.c.id).limit(MOST_MEASURES)
    found: list[Told] = []
    for row in await tx.execute(query):
        measure = MEASURES.restore(row)
        clear = unmarked(await tx.unseal(measure, why=why, rules=RULES))
        found.append(
            {
                "kind": measure.kind.value,
                "words": clear["words"],
                "owner": measure.owner,
                "due_on": measure.due_on,
                "state": measure.state.value,
                "ended_at": measure.ended_at,
                "outcome": clear.get("outcome"),
            }
        )
    return found


async def _approvals(tx: Tx, case: Case) -> list[Told]:
    """What was asked and signed about the case, about compensation and about misconduct in it."""
    subjects = await parts_of(tx, case)
    for table in (tables.misconducts, compensations):
        rows = await tx.execute(sa.select(table.c.id).where(table.c.case_id == case.id))
        subjects += [row[0] for row in rows]
    found = await tx.driver.fetch(_APPROVALS, subjects)
    return [dict(zip(_COLUMNS, row, strict=True)) for row in found]
