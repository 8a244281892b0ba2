"""A part of a process (relay, job runner) at work inside a test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Protocol, TypeVar


class Part(Protocol):
    """What works until it is cancelled."""

    async def run(self) -> None: ...


P = TypeVar("P", bound=Part)


@asynccontextmanager
async def at_work(part: P) -> AsyncIterator[P]:
    """Let the part run while the block does; it has ended when the block has."""
    task = asyncio.create_task(part.run())
    try:
        yield part
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
