"""Lists in parts, newest first, by an id of version 7: its order is the order of making."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa

from chassis.http import cursor_of, cursor_values
from chassis.store import A, Store
from chassis.tx import Tx


async def newest_first(
    tx: Tx, store: Store[A], wanted: Sequence[sa.ColumnElement[bool]], limit: int, cursor: str | None
) -> tuple[list[A], str | None]:
    """At most `limit` aggregates that meet every condition, and where the next part begins (None at the end).

    Nothing is locked. 422 when the cursor is none of ours.
    """
    identifier = store.table.c.id
    query = sa.select(*store.columns).where(*wanted).order_by(identifier.desc()).limit(limit + 1)
    if cursor is not None:
        (last,) = cursor_values(cursor, UUID)
        query = query.where(identifier < last)
    found = [store.restore(row) for row in await tx.execute(query)]
    return found[:limit], cursor_of(found[limit - 1].id) if len(found) > limit else None
