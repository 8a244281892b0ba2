"""Tells a failure that passes by itself (try again) from one that stays (tell someone)."""

from __future__ import annotations

import asyncpg
import sqlalchemy.exc as sa_exc

#: connection lost, no resources, shutting down, deadlock or serialization, lock or transaction timeout
_PASSING = ("08", "53", "57", "40", "55P03", "25P03", "25P04")


def passes_by_itself(error: BaseException) -> bool:
    """Whether the same work may succeed later without anyone changing anything.

    True for a database that is away, full or busy; False for what the work itself is guilty of.
    """
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, OSError | TimeoutError | asyncpg.InterfaceError | sa_exc.TimeoutError):
            return True
        if isinstance(seen, sa_exc.DBAPIError) and seen.connection_invalidated:
            return True
        state = getattr(seen, "sqlstate", None)
        if isinstance(state, str) and state.startswith(_PASSING):
            return True
        seen = seen.__cause__ or (seen.orig if isinstance(seen, sa_exc.DBAPIError) else None)
    return False
