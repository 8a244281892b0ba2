"""Carries the outbox to Kafka: one relay a database, in the order of the ids, gone only after the broker's word."""

from __future__ import annotations

import asyncio
import time
import zlib
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from contracts.envelope import Envelope, to_headers
from contracts.topics import TOPICS

from chassis import failpoints, telemetry
from chassis.runtime import Runtime

log = structlog.get_logger()

#: session lock of the one relay that is at work on a database
LOCK = 0x6B72656C
#: what wakes a relay in another process, on a connection of its own after the commit
CHANNEL = "kehu_outbox"
BATCH = 1000
#: a row of the largest size that the outbox takes (900,000 bytes) fits in, with its headers
BATCH_BYTES = 1_000_000
#: an id older than this was allocated by a transaction that has ended: see Floor
SETTLED_SECONDS = 75.0
#: how long Kafka may take to answer; its client would wait for a broker that is away for ever, and tell nobody
ANSWER_SECONDS = 30.0
#: how often the floor is looked after
MARKED_SECONDS = 5.0

_POLL = """
SELECT id, topic, key, event_id, type, sequence, occurred_at, traceparent, value, created_at
FROM kehu.outbox WHERE id > $1 ORDER BY id LIMIT $2
"""
#: a sequence that has given nothing yet says 1 as well: its first id is still to come
_HANDED_OUT = "SELECT last_value - (NOT is_called)::int FROM kehu.outbox_id_seq"
_DELETE = "DELETE FROM kehu.outbox WHERE id = ANY($1::bigint[])"

_relayed = telemetry.counter("kehu.relay.sent", "{message}", "Messages acknowledged by Kafka")
_lag = telemetry.histogram("kehu.relay.lag", "s", "From the commit's row to the acknowledgement")
#: what waits while nothing can be sent: the lag of what was sent says nothing then
_oldest = telemetry.gauge("kehu.relay.oldest", "s", "Age of the oldest message that waits in the outbox")


def partition_of(key: bytes, partitions: int) -> int:
    """Where the messages of a key go: CRC-32 of the key, as librdkafka's `consistent` partitioner does."""
    return zlib.crc32(key) % partitions


@dataclass(frozen=True, slots=True)
class Row:
    """One message of the outbox, as read."""

    id: int
    topic: str
    key: str
    event_id: UUID
    type: str
    sequence: int
    occurred_at: datetime
    traceparent: str | None
    value: bytes | None
    created_at: datetime


class Floor:
    """The id below which no row can appear any more.

    Ids commit out of order, so "greater than the last one seen" would lose rows. But a transaction lives
    60 seconds at most (`transaction_timeout`), so an id that was handed out longer ago is either visible or
    never will be. Reading above the floor keeps the empty poll fast when an old snapshot (a report, a
    backup) keeps dead rows from being cleaned away.
    """

    def __init__(self) -> None:
        self.value = 0
        self._marks: deque[tuple[float, int]] = deque()

    def mark(self, at: float, handed_out: int) -> None:
        """Remember the highest id that had been handed out at the instant `at` (monotonic seconds)."""
        self._marks.append((at, handed_out))

    def raise_to(self, at: float, oldest_unsent: int | None) -> None:
        """Lift the floor to what has settled by `at`, but never over a row that still waits."""
        while self._marks and self._marks[0][0] <= at - SETTLED_SECONDS:
            settled = self._marks.popleft()[1]
            if oldest_unsent is not None:
                settled = min(settled, oldest_unsent - 1)
            self.value = max(self.value, settled)


class Relay:
    """Runs until cancelled; survives a lost database, a lost broker and a producer that cannot recover."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._prefix = runtime.settings.topic_prefix
        self._wake = asyncio.Event()
        self._producer: AIOKafkaProducer | None = None
        self._floor = Floor()
        self.last_progress = time.monotonic()
        self.active = False

    def wake(self) -> None:
        """Something was committed: do not wait for the next poll."""
        self._wake.set()

    async def run(self) -> None:
        """Relay until cancelled. Every failure is waited out: nothing in the outbox is ever given up."""
        try:
            while True:
                try:
                    await self._hold_lock_and_relay()
                except (
                    OSError,
                    TimeoutError,
                    asyncpg.PostgresError,
                    asyncpg.InterfaceError,
                    asyncpg.InternalClientError,  # the connection broke in the middle of an answer
                    KafkaError,
                ) as e:
                    log.warning("relay interrupted, starting again", error=type(e).__name__)
                except failpoints.Failed:
                    log.warning("relay interrupted, starting again", error="failpoint")
                finally:
                    self.active = False
                    await self._drop_producer()
                # who waits for Kafka or the database does not stand still: a restart would mend nothing
                self.last_progress = time.monotonic()
                await asyncio.sleep(0.5)
        finally:
            await self._drop_producer()

    async def _hold_lock_and_relay(self) -> None:
        connection = await self._runtime.direct("relay")
        try:
            while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", LOCK):
                self.last_progress = time.monotonic()
                await asyncio.sleep(1)
            self.active = True
            await connection.add_listener(CHANNEL, lambda *_: self._wake.set())
            self._floor = Floor()
            marked = 0.0
            while True:
                now = time.monotonic()
                if now - marked > MARKED_SECONDS:
                    marked = now
                    await self._move_floor(connection, now)
                sent = await self._relay_once(connection)
                self.last_progress = time.monotonic()
                await self._pause(sent)
        finally:
            connection.terminate()

    async def _pause(self, sent: int) -> None:
        """A full batch: at once. A shallow one: let some collect. Nothing: until woken."""
        if sent >= BATCH:
            return
        if sent:
            # sooner while it is quiet, later under load, where small batches cost everyone behind
            await asyncio.sleep(0.1 if sent > 100 else 0.04 if sent > 20 else 0.002)
            return
        self._wake.clear()
        try:
            async with asyncio.timeout(1.0):
                await self._wake.wait()
        except TimeoutError:
            pass

    async def _move_floor(self, connection: asyncpg.Connection[Any], now: float) -> None:
        handed_out = await connection.fetchval(_HANDED_OUT)
        oldest = await connection.fetchrow(
            "SELECT id, created_at FROM kehu.outbox WHERE id > $1 ORDER BY id LIMIT 1", self._floor.value
        )
        self._floor.raise_to(now, oldest and oldest["id"])
        _oldest.set((datetime.now(UTC) - oldest["created_at"]).total_seconds() if oldest else 0)
        self._floor.mark(now, handed_out)

    async def _relay_once(self, connection: asyncpg.Connection[Any]) -> int:
        rows = [Row(*record) for record in await connection.fetch(_POLL, self._floor.value, BATCH)]
        if not rows:
            return 0
        async with asyncio.timeout(ANSWER_SECONDS):
            sent, failure = await self._send(rows)
        if sent:
            await failpoints.reach("relay.sent")
            await connection.execute(_DELETE, [row.id for row in sent])
            _relayed.add(len(sent))
            for row in sent:
                telemetry.happened(f"{row.topic} send", kind="producer", parent=row.traceparent, began=row.created_at)
            _lag.record((datetime.now(UTC) - sent[0].created_at).total_seconds())
        if failure is not None:
            raise failure
        return len(sent)

    async def _send(self, rows: Sequence[Row]) -> tuple[list[Row], Exception | None]:
        """Send the rows as one Kafka batch a partition; the acknowledged ones, and the first failure.

        A partition's batch is taken or refused as a whole, so the messages of a key cannot overtake each
        other. What does not fit waits, with everything behind it in its partition, for the next round.
        """
        producer = await self._connected()
        builders: dict[tuple[str, int], Any] = {}
        taken: dict[tuple[str, int], list[Row]] = {}
        full: set[tuple[str, int]] = set()
        for row in rows:
            topic = TOPICS[row.topic]
            key = row.key.encode()
            place = (topic.kafka_name(self._prefix), partition_of(key, topic.partitions))
            if place in full:
                continue
            builder = builders.get(place)
            if builder is None:
                builder = builders[place] = producer.create_batch()
                taken[place] = []
            headers = to_headers(
                Envelope(
                    id=row.event_id,
                    type=row.type,
                    source=self._runtime.name,
                    subject=row.key,
                    time=row.occurred_at,
                    sequence=row.sequence,
                    traceparent=row.traceparent,
                )
            )
            timestamp = int(row.occurred_at.timestamp() * 1000)
            if builder.append(timestamp=timestamp, key=key, value=row.value, headers=headers) is None:
                full.add(place)
                continue
            taken[place].append(row)
        futures = []
        for (topic_name, partition), builder in builders.items():
            builder.close()
            futures.append(await producer.send_batch(builder, topic_name, partition=partition))
        sent: list[Row] = []
        failure: Exception | None = None
        outcomes = await asyncio.gather(*futures, return_exceptions=True)
        for batch, outcome in zip(taken.values(), outcomes, strict=True):
            if isinstance(outcome, BaseException):
                if not isinstance(outcome, Exception):
                    raise outcome
                failure = failure or outcome
            else:
                sent += batch
        return sent, failure

    async def _connected(self) -> AIOKafkaProducer:
        """The producer; made anew after any failure, since one that lost count never finds it again."""
        if self._producer is None:
            producer = AIOKafkaProducer(
                bootstrap_servers=self._runtime.settings.kafka,
                client_id=f"kehu-{self._runtime.name}-relay",
                acks="all",
                enable_idempotence=True,
                compression_type="lz4",
                max_batch_size=BATCH_BYTES,
                max_request_size=BATCH_BYTES + 40_000,
                linger_ms=0,
                request_timeout_ms=30_000,
            )
            try:
                await producer.start()
            except BaseException:
                await producer.stop()
                raise
            self._producer = producer
        return self._producer

    async def _drop_producer(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            try:
                async with asyncio.timeout(5):
                    await producer.stop()
            except (KafkaError, TimeoutError, OSError):
                log.warning("the producer did not close cleanly")
                # left alone, it would send what it holds as soon as it can, between what its successor sends
                if producer._sender.sender_task is not None:
                    await producer._sender.close()
                await producer.client.close()
