"""Sees to it that each week and month is frozen once it has ended, also while nobody worked (P12.9)."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta

import structlog
from chassis.failures import passes_by_itself
from chassis.runtime import Runtime
from chassis.tx import Tx

from complaint.reports.freeze_period import freeze_period
from complaint.reports.period import Period, PeriodKind

log = structlog.get_logger()

RULES = ("P12.9", "P17.10")

#: after its end a period is left to settle: a transaction that began in it has ended long before (one minute at most)
SETTLES = timedelta(minutes=10)
LOOK = 60.0

_NEWEST = "SELECT max(first_day) FROM report_periods WHERE kind = $1"
_RUNNING = """INSERT INTO report_periods (id, kind, first_day) VALUES ($1, $2, $3)
    ON CONFLICT DO NOTHING RETURNING true"""


class PeriodPlanner:
    """Opens the period that runs, and hands those that have ended to the job; any number may run."""

    def __init__(self, runtime: Runtime) -> None:
        self.name = "periods"
        self.last_progress = time.monotonic()
        self._runtime = runtime

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            try:
                await self.plan()
            except Exception as error:
                if not passes_by_itself(error):
                    log.error("periods are not planned", exc_info=error)
            self.last_progress = time.monotonic()
            await asyncio.sleep(LOOK / 2)

    async def plan(self) -> None:
        """Bring the periods up to now. Reports begin with the period in which this is first called."""
        async with self._runtime.transaction() as tx:
            for kind in PeriodKind:
                await _bring_up(tx, kind)


async def _bring_up(tx: Tx, kind: PeriodKind) -> None:
    running = Period.of(kind, tx.now - SETTLES)
    newest = await tx.driver.fetchval(_NEWEST, kind.value)
    known = running.before if newest is None else Period(kind, newest)
    while known.first < running.first:
        following = known.following
        opened = await tx.driver.fetchval(_RUNNING, following.id, kind.value, following.first)
        if opened and newest is not None:
            tx.later(freeze_period, known.id)  # whoever opens a period hands on the one before, once
        known = following
