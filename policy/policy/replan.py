"""Reckons open due dates anew when the calendar changes: a decree is published, a branch closes on a day.

Only the calendar replans; a changed policy does not move what is owed already.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from chassis.handlers import Received, on
from chassis.jobs import Work, job
from chassis.tx import Tx
from contracts.staff import BranchEntry, CalendarYear

from policy.directory import Directory
from policy.obligations import OBLIGATIONS, OwedState, tell

EVERYWHERE = "*"
CHUNK = 1000
#: so that no process still reckons with the calendar before
SETTLED = timedelta(seconds=5)

_OPEN = """SELECT id FROM kehu.obligations WHERE id > $1 AND ended_at IS NULL AND state = 'open'
    AND ($2 = '*' OR branch = $2) AND plan ->> 'term' LIKE '%working%' ORDER BY id LIMIT $3"""


@on(CalendarYear)
def replan_everywhere(event: Received[CalendarYear], tx: Tx) -> None:
    """A year was decreed: what rested on a guess is reckoned anew."""
    if event.message is not None:
        tx.later(replan, EVERYWHERE, at=tx.now + SETTLED)


@on(BranchEntry)
def replan_branch(event: Received[BranchEntry], tx: Tx) -> None:
    """A branch closes, opens or has other hours."""
    if event.message is not None:
        tx.later(replan, event.said.branch, at=tx.now + SETTLED)


@job(retry=("5s", "1m", "10m", "1h"), keep=True)
async def replan(ref: str, work: Work) -> None:
    """Go through what is open, in the order of ids, and tell what has moved; goes on where it stopped."""
    directory = Directory.of(work.runtime)
    await directory.refresh()
    last = UUID(work.progress.get("last", str(UUID(int=0))))
    seen, moved = work.progress.get("seen", 0), work.progress.get("moved", 0)
    while True:
        async with work.runtime.transaction() as tx:
            ids = [row[0] for row in await tx.driver.fetch(_OPEN, last, ref, CHUNK)]
            for one in (await tx.load(OBLIGATIONS, ids)).values():
                before, guessed = one.due_at, one.course.get("provisional")
                if one.state is OwedState.OPEN:
                    one.arm(directory.calendar(one.branch))
                if (one.due_at, one.course.get("provisional")) != (before, guessed):
                    tell(tx, one)
                    moved += 1
        if not ids:
            return
        last, seen = ids[-1], seen + len(ids)
        await work.report(last=str(last), seen=seen, moved=moved)
