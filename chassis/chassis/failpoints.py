"""Named places where a test may make a process die, hang or fail; armed only in the test environment."""

from __future__ import annotations

import asyncio
import os
import random
import signal

_armed: dict[str, tuple[str, float]] = {}


class Failed(RuntimeError):
    """What an armed failpoint raises when told to fail."""


def arm(specification: str, environment: str) -> None:
    """Arm `name=action[:probability]`, separated by commas; actions: kill, pause, fail.

    RuntimeError outside the test environment: a failpoint in production is a bomb.
    """
    _armed.clear()
    if not specification:
        return
    if environment != "test":
        raise RuntimeError("KEHU_FAILPOINTS is for tests: unset it, or set KEHU_ENVIRONMENT=test")
    for part in specification.split(","):
        name, _, action = part.strip().partition("=")
        verb, _, probability = action.partition(":")
        if verb not in ("kill", "pause", "fail"):
            raise RuntimeError(f"KEHU_FAILPOINTS: {verb!r} is none of kill, pause, fail")
        _armed[name] = (verb, float(probability or 1))


async def reach(name: str) -> None:
    """Do what was armed under `name`; nothing, at the cost of one look, in ordinary life."""
    if not _armed:
        return
    verb, probability = _armed.get(name, ("", 0.0))
    if random.random() >= probability:  # noqa: S311
        return
    if verb == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif verb == "pause":
        await asyncio.sleep(3)
    elif verb == "fail":
        raise Failed(name)
