"""Trying what is undone afterwards: alone, or after what was tried before it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Hashable, Iterable, Sequence
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.runtime import Runtime
from chassis.tx import Tx


class _Undone(Exception):
    """Undoes what was tried."""


@asynccontextmanager
async def undone(runtime: Runtime, actor: str) -> AsyncIterator[Tx]:
    """A transaction in which anything may be tried: nothing of it stays."""
    try:
        async with runtime.transaction(actor=actor) as tx:
            yield tx
            raise _Undone
    except _Undone:
        pass


@asynccontextmanager
async def tried(runtime: Runtime, connection: AsyncConnection, actor: str) -> AsyncIterator[Tx]:
    """A unit of work on a connection that is never committed: the next one sees what this one did, unless it failed."""
    async with connection.begin_nested():
        tx = Tx(runtime, connection, actor=actor, now=runtime.clock())
        await tx.begin()
        yield tx
        await tx.flush()


def together(touched: Sequence[Iterable[Hashable]], most: int) -> list[list[int]]:
    """Which of them touch the same thing, also by way of others: their places, in order, `most` at a time.

    What touches nothing is alone.
    """
    same: dict[Hashable, Hashable] = {}

    def first(thing: Hashable) -> Hashable:
        while (other := same.setdefault(thing, thing)) != thing:
            thing = other
        return thing

    named: list[Hashable] = []
    for place, things in enumerate(touched):
        own = list(things) or [("alone", place)]
        for other in own[1:]:
            same[first(other)] = first(own[0])
        named.append(own[0])
    groups: dict[Hashable, list[int]] = {}
    for place, thing in enumerate(named):
        groups.setdefault(first(thing), []).append(place)
    return [group[n : n + most] for group in groups.values() for n in range(0, len(group), most)]
