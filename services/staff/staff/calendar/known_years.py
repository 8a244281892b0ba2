"""Enters the years that the calendar package knows and the table does not: at the start, and after an upgrade."""

from __future__ import annotations

import asyncio
import time

import structlog
from chassis.failures import passes_by_itself
from chassis.runtime import Runtime
from policy.calendar import civil, decreed

from staff.calendar.year import decree

log = structlog.get_logger()

#: how far back deadlines are still explained
YEARS_BACK = 3
LOOK_EVERY = 30.0


async def enter_known_years(runtime: Runtime) -> list[int]:
    """Enter them; which were new. A year that is in the table stays as it is: it may have been corrected."""
    async with runtime.transaction() as tx:
        had = {row[0] for row in await tx.driver.fetch("SELECT year FROM calendar_years")}
        this = civil(tx.now).year
        known = [decreed(year) for year in range(this - YEARS_BACK, this + 2) if year not in had]
        new = [year for year in known if year is not None]
        for year in new:
            await decree(tx, year, tx.actor, replaces=False)
    return [year.year for year in new]


class KnownYears:
    """Looks now and then whether a year must be entered."""

    name = "calendar"

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self.last_progress = time.monotonic()

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            try:
                if entered := await enter_known_years(self._runtime):
                    log.info("years entered", years=entered)
            except Exception as error:
                if not passes_by_itself(error):
                    log.error("the known years cannot be entered", exc_info=error)
            self.last_progress = time.monotonic()
            await asyncio.sleep(LOOK_EVERY)
