"""Makes the first administrator: somebody must be there who can enter the others (P05.19)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from chassis.runtime import Runtime
from contracts.roles import Role
from policy.access import GROUP

from staff.people.form import GrantForm
from staff.people.join_staff import JoinForm, begin
from staff.settings import StaffSettings

log = structlog.get_logger()

RULES = ("P05.19",)

#: how long a process waits for another one that enters them: on a machine that starts everything at once it is slow
PATIENCE = "50s"


async def make_first_administrator(runtime: Runtime) -> bool:
    """Whether this process made them: where the setting names a subject, and nobody has ever been entered.

    However many processes start together, one does, and the others wait for it.
    """
    settings = runtime.settings
    if not isinstance(settings, StaffSettings) or settings.first_administrator is None:
        return False
    async with runtime.transaction(patience=PATIENCE) as tx:
        await tx.driver.execute("SELECT pg_advisory_xact_lock(hashtextextended('first administrator', 0))")
        if await tx.driver.fetchval("SELECT true FROM people LIMIT 1"):
            return False
        form = JoinForm(
            subject=settings.first_administrator,
            name="系统管理员",
            branch=GROUP,
            roles=(GrantForm(role=Role.ADMINISTRATOR, place=GROUP),),
        )
        await begin(tx, form)
    log.info("the first administrator was entered")
    return True


@asynccontextmanager
async def begun(runtime: Runtime) -> AsyncIterator[None]:
    """The directory is not empty while a process runs."""
    await make_first_administrator(runtime)
    yield
