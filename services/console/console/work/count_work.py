"""Counts what falls to the caller: work, signatures, and how much of it is late or due today."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import sqlalchemy as sa
from chassis.auth import Principal
from chassis.http import get
from chassis.tx import Tx
from policy.calendar import ZONE, civil
from policy.list_obligations import READ_WORK
from pydantic import BaseModel

from console.tables import work_items
from console.work.whose import approving, mine, to_do

RULES = ("P06.2",)


class WorkCounts(BaseModel):
    """How much there is; `today` is due before midnight and not late yet."""

    work: int
    approvals: int
    late: int
    today: int


@get("/v1/work/counts", needs=READ_WORK)
async def count_work(principal: Principal, tx: Tx) -> WorkCounts:
    """How much you have to do."""
    return await counted(tx, principal)


async def counted(tx: Tx, principal: Principal) -> WorkCounts:
    """The counts of a caller, in one look."""
    midnight = datetime.combine(civil(tx.now) + timedelta(days=1), time(), ZONE)
    rank = work_items.c.rank
    query = sa.select(
        sa.func.count().filter(approving(False)).label("work"),
        sa.func.count().filter(approving(True)).label("approvals"),
        sa.func.count().filter(rank < tx.now).label("late"),
        sa.func.count().filter(rank >= tx.now, rank < midnight).label("today"),
    ).where(to_do(), mine(principal))
    counts: dict[str, int] = dict((await tx.execute(query)).one()._mapping)
    return WorkCounts(**counts)
