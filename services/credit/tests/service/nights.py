"""Lets nights pass: the clock moves, and the jobs that are due by then are worked to their end."""

from __future__ import annotations

from chassis.kit.at_work import at_work
from chassis.kit.eventually import eventually
from chassis.kit.stage import Stage

from .trade import at, clock

_DUE = "SELECT kind FROM kehu.jobs WHERE state = 'waiting' AND (run_at <= $1 OR lease IS NOT NULL)"


async def worked(stage: Stage) -> None:
    """Everything that is due now is done."""

    async def done() -> bool:
        return not await stage.rows(_DUE, stage.runtime.clock())

    async with at_work(stage.runner()):
        await eventually(done, within=90.0)


async def nights(stage: Stage, count: int) -> None:
    """So many nights pass, one after another."""
    for _ in range(count):
        clock(stage).later(days=1)
        await worked(stage)


async def until(stage: Stage, text: str) -> None:
    """It is that time now, and what was due until then is done."""
    at(stage, text)
    await worked(stage)
