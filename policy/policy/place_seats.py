"""Gives waiting signatures to who can give them when people come, go or change roles."""

from __future__ import annotations

from uuid import UUID

from chassis.handlers import Received, on
from chassis.jobs import Work, job
from chassis.tx import Tx
from contracts.roles import Role
from contracts.staff import PersonEntry

from policy.approvals import ASKED, place
from policy.directory import Directory
from policy.obligations import OBLIGATIONS, tell
from policy.replan import EVERYWHERE, SETTLED

CHUNK = 200

_OPEN = "SELECT id FROM kehu.approvals WHERE id > $1 AND state = 'open' ORDER BY id LIMIT $2"
_SEATS = "SELECT subject, id FROM kehu.obligations WHERE subject = ANY($1::uuid[]) AND ended_at IS NULL"


@on(PersonEntry)
def who_may_sign_changed(event: Received[PersonEntry], tx: Tx) -> None:
    """Somebody's roles have changed: a vacant seat may have found its holder, another lost one."""
    tx.later(place_seats, EVERYWHERE, at=tx.now + SETTLED)


@job(retry=("5s", "1m", "10m"), shared=True)
async def place_seats(ref: str, work: Work) -> None:
    """Go through the open approvals and place the waiting seats anew; the work item follows its seat."""
    await Directory.of(work.runtime).refresh()
    last = UUID(int=0)
    while True:
        async with work.runtime.transaction() as tx:
            ids = [row[0] for row in await tx.driver.fetch(_OPEN, last, CHUNK)]
            asked = (await tx.load(ASKED, ids)).values()
            seats = [UUID(seat["id"]) for one in asked for seat in one.waiting]
            owed = {row["subject"]: row["id"] for row in await tx.driver.fetch(_SEATS, seats)}
            loaded = await tx.load(OBLIGATIONS, owed.values())
            for one in asked:
                for seat in one.waiting:
                    placed = place(tx, one, seat)
                    if placed["role"] == seat["role"] and placed["nobody"] == seat.get("nobody", False):
                        continue
                    one.update(seat["id"], **placed)
                    duty = loaded.get(owed.get(UUID(seat["id"]), UUID(int=0)))
                    if duty is not None and duty.role != placed["role"]:
                        duty.role = Role(placed["role"])
                        tell(tx, duty)
        if not ids:
            return
        last = ids[-1]
