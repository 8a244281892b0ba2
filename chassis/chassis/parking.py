"""What could not be handled: shown, replayed with its key's queue in order, or dropped with a reason."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from contracts.archive import AccessRecorded
from contracts.envelope import Undecodable, from_headers
from contracts.message import decode

from chassis.consume import UNREADABLE, lock_key
from chassis.handlers import Reaction, Received, found_for, perform
from chassis.problems import NotFound, Refused
from chassis.runtime import Runtime
from chassis.tx import Tx

log = structlog.get_logger()


@dataclass(frozen=True)
class Parked:
    """One message that waits for someone to look at it; no content, only where it came from and why."""

    id: int
    handler: str
    key: str
    topic: str
    partition: int
    offset: int
    error: str
    attempts: int
    parked_at: datetime
    #: as the log names them; None where the headers cannot be read
    event_id: str | None
    trace_id: str | None


async def list_parked(runtime: Runtime, most: int = 100) -> list[Parked]:
    """The oldest parked messages."""
    sql = """SELECT id, handler, key, topic, partition, "offset", error, attempts, parked_at, headers
             FROM kehu.parked ORDER BY id LIMIT $1"""
    async with runtime.transaction() as tx:
        rows = await tx.driver.fetch(sql, most)
    parked = []
    for values in map(dict, rows):
        event, trace = _named_in(values.pop("headers"))
        parked.append(Parked(**values, event_id=event, trace_id=trace))
    return parked


def _named_in(headers: Any) -> tuple[str | None, str | None]:
    """The ids of event and trace."""
    try:
        envelope = from_headers(_pairs(headers))
    except Undecodable:
        return None, None
    # of a traceparent of W3C the trace comes second, behind two digits
    return str(envelope.id), envelope.traceparent[3:35] if envelope.traceparent else None


def _pairs(headers: Any) -> tuple[tuple[str, Any], ...]:
    """Headers as they were received."""
    return tuple((name, None if text is None else base64.b64decode(text)) for name, text in headers)


async def unpark(runtime: Runtime, reactions: Sequence[Reaction], identifier: int) -> int:
    """Replay the queue of the parked message's (handler, key) in order; how many were handled.

    Each message is handled in a transaction of its own that also takes it off the queue. It stops at the
    first one that fails again, and raises what it raised.
    """
    by_name = {reaction.name: reaction for reaction in reactions}
    async with runtime.transaction() as tx:
        row = await tx.driver.fetchrow("SELECT handler, key FROM kehu.parked WHERE id = $1", identifier)
    if row is None:
        raise NotFound(f"No parked message has the id {identifier}. List them with `parked`.")
    handler, key = row
    if handler == UNREADABLE:
        raise Refused("An unreadable message cannot be replayed: drop it with a reason, and have it sent again.")
    if handler not in by_name:
        raise Refused(f"This service has no reaction {handler!r} any more: drop the message with a reason.")
    handled = 0
    while await _replay_first(runtime, by_name[handler], key):
        handled += 1
    return handled


async def queues(runtime: Runtime) -> list[int]:
    """The first message of each queue that can be replayed, oldest first."""
    sql = "SELECT min(id) AS first FROM kehu.parked WHERE handler <> $1 GROUP BY handler, key ORDER BY first"
    async with runtime.transaction() as tx:
        return [row[0] for row in await tx.driver.fetch(sql, UNREADABLE)]


async def drop(runtime: Runtime, identifier: int, reason: str, *, actor: str) -> None:
    """Give a parked message up, for a reason that goes into the audit log."""
    if not reason.strip():
        raise Refused("Dropping a message needs a reason: it is written into the audit log.")
    async with runtime.transaction(actor=actor) as tx:
        row = await tx.driver.fetchrow(
            'DELETE FROM kehu.parked WHERE id = $1 RETURNING handler, topic, partition, "offset"', identifier
        )
        if row is None:
            raise NotFound(f"No parked message has the id {identifier}. List them with `parked`.")
        handler, topic, partition, offset = row
        tx.record(
            AccessRecorded(
                service=runtime.name,
                actor=actor,
                action="drop_parked",
                table="parked",
                ids=[f"{handler}:{topic}/{partition}/{offset}"],
                purpose=reason.strip()[:200],
                rules=[],
                at=tx.now,
                digests=[],
            )
        )


async def _replay_first(runtime: Runtime, reaction: Reaction, key: str) -> bool:
    async with runtime.transaction() as tx:
        await lock_key(tx, reaction.name, key)
        row = await tx.driver.fetchrow(
            """DELETE FROM kehu.parked WHERE id = (
                   SELECT min(id) FROM kehu.parked WHERE handler = $1 AND key = $2)
               RETURNING topic, partition, "offset", headers, value""",
            reaction.name,
            key,
        )
        if row is None:
            return False
        await _handle(tx, reaction, *row)
        return True


async def _handle(
    tx: Tx, reaction: Reaction, topic: str, partition: int, offset: int, headers: Any, value: bytes | None
) -> None:
    pairs = _pairs(headers)
    envelope = from_headers(pairs)
    message = None if value is None else decode(envelope.type, value)
    event = Received.of(envelope, message, topic, partition, offset, pairs, value)
    (found,) = await found_for(reaction, tx, [event])
    perform(reaction, event, found, tx)
    log.info("parked message handled", handler=reaction.name, event_id=str(event.id))
