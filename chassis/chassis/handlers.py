"""What a service does with what others tell it: keep a local copy (`@project`) or react (`@on`)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

import sqlalchemy as sa
from contracts.envelope import Envelope
from contracts.message import Entry, Message
from contracts.topics import Topic, topic_of

from chassis.tx import Tx

M = TypeVar("M", bound=Message)


@dataclass(frozen=True, slots=True)
class Received(Generic[M]):
    """A message as it came: what it says, whose it is, when it happened, where it stood."""

    id: UUID
    key: str
    time: datetime
    sequence: int
    traceparent: str | None
    #: None is a tombstone: the key is gone
    message: M | None
    topic: str
    partition: int
    offset: int
    headers: tuple[tuple[str, bytes], ...]
    value: bytes | None

    @classmethod
    def of(
        cls,
        envelope: Envelope,
        message: M | None,
        topic: str,
        partition: int,
        offset: int,
        headers: Sequence[tuple[str, bytes]],
        value: bytes | None,
    ) -> Received[M]:
        """The message with what its envelope says and where it stood."""
        return cls(
            id=envelope.id,
            key=envelope.subject,
            time=envelope.time,
            sequence=envelope.sequence,
            traceparent=envelope.traceparent,
            message=message,
            topic=topic,
            partition=partition,
            offset=offset,
            headers=tuple(headers),
            value=value,
        )

    @property
    def said(self) -> M:
        """The message, where a tombstone cannot come."""
        assert self.message is not None, "a tombstone says nothing"
        return self.message


Loads = Callable[[Tx, Sequence[Received[Any]]], Awaitable[Sequence[Any]]]


@dataclass(frozen=True)
class Reaction:
    """An effect that happens once per (name, event id), in the order of the key, never for history."""

    name: str
    message: type[Message]
    act: Callable[..., None]
    loads: Loads | None
    topics: tuple[Topic, ...]


@dataclass(frozen=True)
class Projection:
    """A local copy of what a compacted topic says: the newest sequence of a key wins."""

    name: str
    message: type[Entry]
    shape: Callable[[Received[Any]], Mapping[str, Any] | tuple[Mapping[str, Any], Sequence[Mapping[str, Any]]]]
    into: sa.Table
    lines: sa.Table | None
    topics: tuple[Topic, ...]

    @property
    def key(self) -> sa.Column[Any]:
        """The column that holds the key of the topic."""
        return next(iter(self.into.primary_key.columns))


def on(
    message: type[Message], *, loads: Loads | None = None, topics: Sequence[Topic] = ()
) -> Callable[[Callable[..., None]], Reaction]:
    """React to a message: `act(event, tx)`, or `act(event, found, tx)` where `loads` finds what it needs.

    `topics` are named where every service sends the message over a topic of its own (work).

    `loads(tx, events)` answers for many events at once, in their order. `act` is a plain function; what it
    changes, publishes and plans is written with the inbox row in one transaction. Its name is how the
    inbox knows it: renaming it makes it a new reaction.
    """

    def wrap(act: Callable[..., None]) -> Reaction:
        return Reaction(act.__name__, message, act, loads, tuple(topics) or (topic_of(message),))

    return wrap


def project(
    message: type[Entry], *, into: sa.Table, lines: sa.Table | None = None, topics: Sequence[Topic] = ()
) -> Callable[[Callable[..., Any]], Projection]:
    """Keep a local copy: the function shapes an entry into a row, or into a row and its lines.

    `into` has the key as its primary key and the columns `sequence` and `gone`; `lines` starts with the
    same key column. No inbox: an older or equal sequence changes nothing, so it can be rebuilt any time.
    `topics` as in `on`.
    """

    def wrap(shape: Callable[..., Any]) -> Projection:
        return Projection(shape.__name__, message, shape, into, lines, tuple(topics) or (topic_of(message),))

    return wrap


async def found_for(reaction: Reaction, tx: Tx, events: Sequence[Received[Any]]) -> Sequence[Any]:
    """What the reaction's `loads` finds for the events; an empty answer for each where it has none."""
    if reaction.loads is None:
        return [None] * len(events)
    found = await reaction.loads(tx, events)
    if len(found) != len(events):
        raise ValueError(f"{reaction.name}: loads answered {len(found)} times for {len(events)} events")
    return found


def perform(reaction: Reaction, event: Received[Any], found: Any, tx: Tx) -> None:
    """Call the plain function."""
    if reaction.loads is None:
        reaction.act(event, tx)
    else:
        reaction.act(event, found, tx)
