"""Where a merged case leads: whatever is sent to it reaches the case that it was merged into (P04.8)."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from chassis.tx import Tx

from complaint.case import CASES, Case

LED = """WITH RECURSIVE way (asked, id, next) AS (
    SELECT id, id, merged_into FROM cases WHERE id = ANY($1::uuid[])
    UNION ALL SELECT way.asked, c.id, c.merged_into FROM way JOIN cases c ON c.id = way.next
) SELECT asked, id FROM way WHERE next IS NULL"""

PARTS = """WITH RECURSIVE part (id) AS (
    SELECT $1::uuid UNION ALL SELECT c.id FROM part JOIN cases c ON c.merged_into = part.id
) SELECT id FROM part ORDER BY id"""


async def survivors(tx: Tx, case_ids: Iterable[UUID], *, lock: bool = True) -> dict[UUID, Case]:
    """The cases among these that exist, by the id that was asked for, each as the one that it was merged into.

    A case that is merged while its lock is waited for is followed too.
    """
    asked = set(case_ids)
    while True:
        led = dict(list(await tx.driver.fetch(LED, list(asked))))
        found = await tx.load(CASES, led.values(), lock=lock)
        if all(case.merged_into is None for case in found.values()):
            return {one: found[led[one]] for one in sorted(led)}


async def parts_of(tx: Tx, case: Case) -> list[UUID]:
    """The case and every one that was merged into it, on whichever way."""
    return [row[0] for row in await tx.driver.fetch(PARTS, case.id)]


async def matter_of(tx: Tx, case: Case) -> str:
    """Under which name amounts for the matter of a case add up: that of the first of its repeats, unmerged."""
    first = case.repeat_of or case.id
    led = dict(list(await tx.driver.fetch(LED, [first])))
    return f"matter:{led.get(first, first)}"
