"""Gives waiting signatures to who can give them when people come, go or change roles."""

from __future__ import annotations

from datetime import timedelta
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
#: how long people who keep coming, as when a list of them is read in, may put the placing off
PUT_OFF = timedelta(seconds=30)

_OPEN = """SELECT id FROM kehu.approvals WHERE id > $1 AND state = 'open' AND ($2 = '*' OR subject::text = $2)
    ORDER BY id LIMIT $3"""
_SEATS = "SELECT subject, id FROM kehu.obligations WHERE subject = ANY($1::uuid[]) AND ended_at IS NULL"
#: one that nobody works at or moves now; another is made rather than waited for
_PUT_OFF = """UPDATE kehu.jobs SET run_at = $1 WHERE id = (
    SELECT id FROM kehu.jobs WHERE kind = 'place_seats' AND lane = 'place_seats' AND ref = '*' AND state = 'waiting'
    AND lease IS NULL AND created_at > $2 LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id"""


@on(PersonEntry)
def who_may_sign_changed(event: Received[PersonEntry], tx: Tx) -> None:
    """Somebody's roles have changed: a vacant seat may have found its holder, another lost one."""
    tx.extension(Replaced).wanted = True


class Replaced:
    """That all seats are to be placed anew once the people have settled: one job, however many come."""

    wanted = False

    async def write(self, tx: Tx) -> None:
        """Put the waiting job off until after this change, or make one."""
        if self.wanted:
            self.wanted = False
            settled = tx.now + SETTLED
            if await tx.driver.fetchval(_PUT_OFF, settled, tx.now - PUT_OFF) is None:
                tx.later(place_seats, EVERYWHERE, at=settled)


@job(retry=("5s", "1m", "10m"))
async def place_seats(ref: str, work: Work) -> None:
    """Go through the open approvals, those of one subject or all, and place the waiting seats anew.

    The work item follows its seat.
    """
    await Directory.of(work.runtime).refresh()
    last = UUID(int=0)
    while True:
        async with work.runtime.transaction() as tx:
            ids = [row[0] for row in await tx.driver.fetch(_OPEN, last, ref, CHUNK)]
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
