"""Tells a failure that passes by itself (try again) from one that stays (tell someone)."""

from __future__ import annotations

from collections.abc import Iterator

import asyncpg
import sqlalchemy.exc as sa_exc

#: connection lost, no resources, shutting down, deadlock or serialization, not taking connections or locked, timeout
_LOCKED = "55P03"
_PASSING = ("08", "53", "57", "40", "55", "25P03", "25P04")


def passes_by_itself(error: BaseException) -> bool:
    """Whether the same work may succeed later without anyone changing anything.

    True for a database that is away, full or busy; False for what the work itself is guilty of.
    """
    for seen in _causes(error):
        # a connection that broke in the middle of an answer is an internal error of the driver
        if isinstance(seen, OSError | TimeoutError | asyncpg.InterfaceError | asyncpg.InternalClientError):
            return True
        if isinstance(seen, sa_exc.TimeoutError):
            return True
        if isinstance(seen, sa_exc.DBAPIError) and seen.connection_invalidated:
            return True
        if _state(seen).startswith(_PASSING):
            return True
    return False


def waited_for_a_lock(error: BaseException) -> bool:
    """Whether somebody else held a row for longer than this work wanted to wait."""
    return any(_state(seen) == _LOCKED for seen in _causes(error))


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or (seen.orig if isinstance(seen, sa_exc.DBAPIError) else None)


def _state(error: BaseException) -> str:
    state = getattr(error, "sqlstate", None)
    return state if isinstance(state, str) else ""
