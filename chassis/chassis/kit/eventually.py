"""Waiting for what must come true, instead of sleeping."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def eventually(look: Callable[[], T | Awaitable[T]], *, within: float = 20.0, every: float = 0.05) -> T:
    """What `look` answers as soon as it is true, at most `within` seconds from now; AssertionError after that."""
    deadline = time.monotonic() + within
    while True:
        seen = look()
        answer = await seen if inspect.isawaitable(seen) else seen
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"did not come true within {within} s; last seen: {answer!r}")
        await asyncio.sleep(every)
