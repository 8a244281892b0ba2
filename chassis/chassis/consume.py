"""Takes messages from Kafka: each effect once, in key order, and what cannot be handled is set aside with its key."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any, cast
from uuid import UUID

import orjson
import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError
from contracts.envelope import Undecodable, from_headers
from contracts.message import Message, decode
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage
from faststream.kafka.message import FAKE_CONSUMER
from faststream.kafka.subscriber.usecase import BatchSubscriber

from chassis import failpoints, telemetry
from chassis.failures import passes_by_itself
from chassis.handlers import Projection, Reaction, Received, found_for, perform
from chassis.ids import made_at
from chassis.projecting import Writer
from chassis.runtime import Runtime
from chassis.tx import Tx

log = structlog.get_logger()

BATCH = 500
#: how long the inbox remembers; an older event is counted and not reacted to
HORIZON = timedelta(days=45)
#: an event from further in the future than this has a broken clock behind it
AHEAD = timedelta(days=1)
RETRIES = (0.1, 0.5, 2.0)
MOST_PARKED_KEYS = 100
MOST_PARKED_SHARE = 0.01
UNREADABLE = ""
#: how often it is looked at whether the consumer lives
WATCH_SECONDS = 2.0
#: how often it is told how far it is
TOLD_SECONDS = 2.0

_handled = telemetry.counter("kehu.consume.handled", "{message}", "Messages whose effects are committed")
_parked = telemetry.counter("kehu.consume.parked", "{message}", "Messages set aside")
_behind = telemetry.gauge("kehu.consume.behind", "s", "Age of the oldest message of the batch in hand; 0 without one")
_halts = telemetry.gauge("kehu.consume.halted", "1", "Whether it takes nothing more: too much is parked")
_old = telemetry.counter("kehu.consume.too_old", "{message}", "Messages older than the inbox remembers")

_INBOX = """
INSERT INTO kehu.inbox (day, handler, event_id) SELECT * FROM unnest($1::date[], $2::text[], $3::uuid[])
ON CONFLICT DO NOTHING RETURNING handler, event_id
"""
_IS_PARKED = """
SELECT DISTINCT p.handler, p.key FROM kehu.parked p
JOIN unnest($1::text[], $2::text[]) AS u(handler, key) ON u.handler = p.handler AND u.key = p.key
"""
_PARK = """
INSERT INTO kehu.parked (handler, key, topic, partition, "offset", headers, value, error, attempts)
VALUES ($1, $2, $3, $4, $5, $6::jsonb, $7, $8, $9) ON CONFLICT DO NOTHING
"""
_TOO_OLD = """
INSERT INTO kehu.too_old AS t (handler, count, last_at) VALUES ($1, 1, $2)
ON CONFLICT (handler) DO UPDATE SET count = t.count + 1, last_at = excluded.last_at
"""
_FRESH = """
INSERT INTO kehu.freshness (projection, partition, as_of) SELECT * FROM unnest($1::text[], $2::int[], $3::timestamptz[])
ON CONFLICT (projection, partition) DO UPDATE SET as_of = excluded.as_of
"""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A record that no handler can be given, and why; never what it holds."""

    record: ConsumerRecord[Any, Any]
    reason: str


Pair = tuple[Reaction, Received[Any]]


class TooMuchParked(RuntimeError):
    """So much is set aside that going on would hide a fault of our own."""

    def __init__(self, keys: int) -> None:
        super().__init__(f"{keys} keys are parked")
        self.keys = keys


class PromptSubscriber(BatchSubscriber):
    """Waits for records in the broker's long poll only, instead of sleeping after an empty one.

    Under load it lets some collect before it takes the next batch: many small ones cost broker, database
    and process several times as much.
    """

    __slots__ = ()

    #: called whenever the broker has been asked, also when there was nothing: the loop goes round
    turned: Callable[[], None] = staticmethod(lambda: None)

    async def get_msg(self, consumer: AIOKafkaConsumer) -> tuple[ConsumerRecord[Any, Any], ...]:
        fetched = await consumer.getmany(timeout_ms=500, max_records=BATCH)
        self.turned()
        records = tuple(chain(*fetched.values()))
        if 20 < len(records) < BATCH:
            await asyncio.sleep(0.05)
            # the first ones have been taken, the next fetch goes on behind them: a failure now must not lose them
            with suppress(KafkaError):
                more = await consumer.getmany(timeout_ms=0, max_records=BATCH - len(records))
                records += tuple(chain(*more.values()))
        return records


class Consumer:
    """One consumer a worker process, for all topics of its service; the group is the service."""

    def __init__(self, runtime: Runtime, reactions: Sequence[Reaction], projections: Sequence[Projection]) -> None:
        self._runtime = runtime
        self._prefix = runtime.settings.topic_prefix
        self._reactions: dict[tuple[str, str], list[Reaction]] = {}
        for reaction in reactions:
            for topic in reaction.topics:
                place = topic.kafka_name(self._prefix), reaction.message.TYPE
                self._reactions.setdefault(place, []).append(reaction)
        self._projections: dict[str, list[tuple[Projection, Writer]]] = {}
        for projection in projections:
            entry = (projection, Writer(projection))
            self._projections.setdefault(projection.message.TYPE, []).append(entry)
        names = [r.name for r in reactions] + [p.name for p in projections]
        if len(set(names)) != len(names):
            raise ValueError(f"two handlers have one name: {sorted(names)}")
        self._kinds: dict[str, type[Message]] = {
            kind.TYPE: kind for kind in [r.message for r in reactions] + [p.message for p in projections]
        }
        self.topics = sorted({topic.kafka_name(self._prefix) for topic in self._topics(reactions, projections)})
        self._broker: KafkaBroker | None = None
        self._subscriber: BatchSubscriber | None = None
        self._watch: asyncio.Task[None] | None = None
        #: when the oldest message of the batch in hand happened, in milliseconds; None between two batches
        self._oldest: int | None = None
        self.last_progress = time.monotonic()
        self.halted = False

    @staticmethod
    def _topics(reactions: Sequence[Reaction], projections: Sequence[Projection]) -> list[Any]:
        return [topic for r in reactions for topic in r.topics] + [topic for p in projections for topic in p.topics]

    # -- life ------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Join the group and take what comes; ends with an error when it can take nothing more."""
        await self.start()
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            if (client := self._client) is None:
                continue
            # what keeps it in the group and what fetches; nothing public tells that one of them has failed
            for task in (client._coordinator._coordination_task, client._fetcher._fetch_task):
                if task.done() and not task.cancelled() and (error := task.exception()) is not None:
                    raise RuntimeError("the consumer has died") from error

    async def start(self) -> None:
        """Join the group and begin; retries until Kafka answers."""
        if not self.topics:
            return
        broker = KafkaBroker(
            self._runtime.settings.kafka,
            client_id=f"kehu-{self._runtime.name}",
            consumer_only=True,
            allow_auto_create_topics=False,
            apply_types=False,
            logger=None,
        )
        subscriber = broker.subscriber(
            *self.topics,
            batch=True,
            group_id=f"{self._prefix}{self._runtime.name}",
            auto_offset_reset="earliest",
            ack_policy=AckPolicy.MANUAL,
            max_poll_interval_ms=600_000,
            session_timeout_ms=10_000,
            heartbeat_interval_ms=2_000,
            # a record ends it at once; each one that finds nothing costs broker and process a walk over all partitions
            fetch_max_wait_ms=1000,
            parser=_parse,
            decoder=_decode,
        )
        subscriber.__class__ = PromptSubscriber
        cast(PromptSubscriber, subscriber).turned = self._turned
        subscriber(self.consume)
        self._broker, self._subscriber = broker, subscriber
        while True:
            starting = asyncio.create_task(broker.start())
            try:
                # who waits for Kafka does not stand still: requests go on, a restart would mend nothing
                while not (await asyncio.wait({starting}, timeout=WATCH_SECONDS))[0]:
                    self.last_progress = time.monotonic()
                await starting
                break
            except (KafkaError, OSError) as error:
                log.warning("Kafka does not answer yet, trying again", error=type(error).__name__)
                if (client := self._client) is not None:
                    await client.stop()  # the next attempt makes another
                self.last_progress = time.monotonic()
                await asyncio.sleep(1)
            finally:
                starting.cancel()
        self._watch = asyncio.create_task(self._tell_how_far())

    async def stop(self) -> None:
        """Finish the batch in hand and leave the group."""
        if self._watch is not None:
            self._watch.cancel()
        if self._broker is not None:
            await self._broker.stop()

    def _turned(self) -> None:
        self.last_progress = time.monotonic()

    @property
    def _client(self) -> AIOKafkaConsumer | None:
        """What speaks with Kafka, while there is one."""
        return None if self._subscriber is None else self._subscriber.consumer

    # -- a batch ---------------------------------------------------------------------------------

    async def consume(self, records: Sequence[ConsumerRecord[Any, Any]]) -> None:
        """Bring every record of a batch to its effects, then commit the offsets. Never raises."""
        wait = 0.1
        self._oldest = min((record.timestamp for record in records), default=None)
        while True:
            try:
                await self._settle(records)
                break
            except TooMuchParked as halt:
                await self._halt(halt.keys)
            except Exception as error:  # a database that is away must not lose a message: wait for it
                # what does not pass by itself is a fault of ours, as in a projection: where it is must be found
                where = {} if passes_by_itself(error) else {"exc_info": error}
                log.warning("batch postponed", error=type(error).__name__, records=len(records), **where)
                await asyncio.sleep(wait)
                wait = min(wait * 2, 5.0)
            self.last_progress = time.monotonic()
        await failpoints.reach("consume.effect")
        await self._commit(records)
        self._oldest = None
        self.last_progress = time.monotonic()

    async def _settle(self, records: Sequence[ConsumerRecord[Any, Any]]) -> None:
        readable: list[Received[Any]] = []
        unreadable: list[Unreadable] = []
        for record in records:
            received = self._read(record)
            if isinstance(received, Unreadable):
                unreadable.append(received)
            elif received is not None:
                readable.append(received)
        if unreadable:
            await self._set_aside(unreadable)
        # first what is known, then what is done about it: a reaction must see the copy its event came with
        await self._keep_copies(readable)
        pairs = self._pairs(readable)
        if pairs:
            await self._react_to_all(pairs)
        _handled.add(len(records))

    def _read(self, record: ConsumerRecord[Any, Any]) -> Received[Any] | Unreadable | None:
        """The record as a message; None when nobody here asked for its type."""
        kind = next((value for name, value in record.headers if name == "ce_type"), None)
        name = kind.decode("ascii", "replace") if isinstance(kind, bytes) else ""
        if name.isascii() and name.isprintable() and name and name not in self._kinds:
            return None
        try:
            envelope = from_headers(record.headers)
            made = made_at(envelope.id)
            if made > datetime.now(UTC) + AHEAD:
                return Unreadable(record, "its id was made in the future")
            message = None
            if record.value is not None:
                message = decode(envelope.type, record.value)
        except Undecodable as error:
            return Unreadable(record, str(error))
        except ValueError as error:
            return Unreadable(record, f"its value cannot be read: {type(error).__name__}")
        place = (record.topic, record.partition, record.offset)
        return Received.of(envelope, message, *place, record.headers, record.value)

    def _pairs(self, events: Sequence[Received[Any]]) -> list[Pair]:
        pairs: list[Pair] = []
        for event in events:
            if event.message is None:
                continue
            pairs += [(reaction, event) for reaction in self._reactions.get((event.topic, event.message.TYPE), ())]
        return pairs

    # -- copies ----------------------------------------------------------------------------------

    async def _keep_copies(self, entries: Sequence[Received[Any]]) -> None:
        if not self._projections:
            return
        by_type: dict[str, list[Received[Any]]] = {}
        for entry in entries:
            kind = self._type_of(entry)
            if kind in self._projections:
                by_type.setdefault(kind, []).append(entry)
        if not by_type:
            return
        async with self._runtime.transaction() as tx:
            for kind in sorted(by_type):
                for _, writer in self._projections[kind]:
                    await writer.write(tx.driver, by_type[kind])

    @staticmethod
    def _type_of(entry: Received[Any]) -> str:
        if entry.message is not None:
            return str(entry.message.TYPE)
        return next(value.decode() for name, value in entry.headers if name == "ce_type")

    # -- reactions -------------------------------------------------------------------------------

    async def _react_to_all(self, pairs: Sequence[Pair]) -> None:
        try:
            await self._react(pairs)
        except Exception as error:
            if passes_by_itself(error):
                raise
            log.warning("batch failed, handling its messages one by one", error=type(error).__name__)
        else:
            return
        parked = 0
        for pair in pairs:
            if await self._react_alone(pair):
                parked += 1
                await self._halt_when_too_much(parked, len(pairs))
            self.last_progress = time.monotonic()

    async def _react_alone(self, pair: Pair) -> bool:
        """One message in its own transaction; parked when it fails after its retries. Whether it was parked."""
        reaction, event = pair
        for attempt, wait in enumerate((*RETRIES, None), start=1):
            try:
                await self._react([pair])
                return False
            except Exception as error:
                if passes_by_itself(error):
                    raise
                with telemetry.within(event.traceparent):
                    log.warning(
                        "handler failed",
                        handler=reaction.name,
                        event_id=str(event.id),
                        attempt=attempt,
                        exc_info=error,
                    )
                if wait is None:
                    async with self._runtime.transaction() as tx:
                        if await self._enter(tx, [pair]):
                            await self._park(tx, reaction, event, type(error).__name__, attempt)
                    return True
                await asyncio.sleep(wait)
        raise AssertionError("unreachable")

    async def _react(self, pairs: Sequence[Pair]) -> None:
        """Inbox, effects and what follows from them, in one transaction."""
        async with self._runtime.transaction(one_plan=True) as tx:
            behind = await parked_keys(tx, {(reaction.name, event.key) for reaction, event in pairs})
            fresh = await self._enter(tx, pairs)
            todo: dict[str, list[Pair]] = {}
            for reaction, event in pairs:
                if (reaction.name, event.id) not in fresh:
                    continue
                fresh.discard((reaction.name, event.id))
                if (reaction.name, event.key) in behind:
                    await self._park(tx, reaction, event, "behind an earlier message of its key", 0)
                else:
                    todo.setdefault(reaction.name, []).append((reaction, event))
            for name in sorted(todo):
                reaction = todo[name][0][0]
                events = [event for _, event in todo[name]]
                found = await found_for(reaction, tx, events)
                for event, what in zip(events, found, strict=True):
                    with telemetry.span(name, kind="consumer", parent=event.traceparent):
                        perform(reaction, event, what, tx)

    async def _enter(self, tx: Tx, pairs: Sequence[Pair]) -> set[tuple[str, UUID]]:
        """Note the messages in the inbox; those that had not been there."""
        oldest = tx.now - HORIZON
        days, names, ids = [], [], []
        # in the order of the index, side by side on its pages: a fifth of the statement's time
        for reaction, event in sorted(pairs, key=lambda pair: (pair[0].name, pair[1].id.int)):
            made = made_at(event.id)
            if made < oldest:
                await tx.driver.execute(_TOO_OLD, reaction.name, tx.now)
                _old.add(1)
                continue
            days.append(made.date())
            names.append(reaction.name)
            ids.append(event.id)
        return {(name, event_id) for name, event_id in await tx.driver.fetch(_INBOX, days, names, ids)}

    # -- parking ---------------------------------------------------------------------------------

    async def _park(self, tx: Tx, reaction: Reaction, event: Received[Any], error: str, attempts: int) -> None:
        await lock_key(tx, reaction.name, event.key)
        await tx.driver.execute(
            _PARK,
            reaction.name,
            event.key,
            event.topic,
            event.partition,
            event.offset,
            headers_as_json(event.headers),
            event.value,
            error,
            attempts,
        )
        _parked.add(1)
        with telemetry.within(event.traceparent):
            log.error("message parked", handler=reaction.name, event_id=str(event.id), error=error)

    async def _set_aside(self, unreadable: Sequence[Unreadable]) -> None:
        """Keep what could not be read; it blocks nothing."""
        async with self._runtime.transaction() as tx:
            for item in unreadable:
                record = item.record
                place = f"{record.topic}/{record.partition}/{record.offset}"
                await tx.driver.execute(
                    _PARK,
                    UNREADABLE,
                    place,
                    record.topic,
                    record.partition,
                    record.offset,
                    headers_as_json(record.headers),
                    record.value,
                    item.reason,
                    0,
                )
        _parked.add(len(unreadable))
        log.error("unreadable messages parked", count=len(unreadable), reason=unreadable[0].reason)

    async def _halt_when_too_much(self, parked: int, of: int) -> None:
        """Stop when the failures look like ours and not like a message's."""
        keys = await self._parked_key_count()
        if keys >= MOST_PARKED_KEYS or parked > max(10, of * MOST_PARKED_SHARE):
            raise TooMuchParked(keys)

    async def _halt(self, keys: int) -> None:
        """Take nothing more until someone has replayed or dropped some of what is parked."""
        self.halted = True
        log.error("consumer halted: too many messages cannot be handled", keys=keys, runbook="parked-messages")
        while await self._parked_key_count() >= min(keys, MOST_PARKED_KEYS):
            self.last_progress = time.monotonic()
            await asyncio.sleep(2)
        self.halted = False
        log.info("consumer goes on")

    async def _parked_key_count(self) -> int:
        async with self._runtime.transaction() as tx:
            count = await tx.driver.fetchval("SELECT count(DISTINCT (handler, key)) FROM kehu.parked")
        return int(count)

    # -- offsets and freshness -------------------------------------------------------------------

    async def _commit(self, records: Sequence[ConsumerRecord[Any, Any]]) -> None:
        if (client := self._client) is None:
            return
        offsets = {TopicPartition(r.topic, r.partition): r.offset + 1 for r in records}
        try:
            await client.commit(offsets)
        except KafkaError as error:
            # the partitions have moved on: the new owner meets these messages again, and the inbox knows them
            log.warning("offsets not committed", error=type(error).__name__)

    async def _tell_how_far(self) -> None:
        """Again and again: how old what is handled is, and which copies are complete."""
        while True:
            await asyncio.sleep(TOLD_SECONDS)
            _behind.set(max(0.0, time.time() - self._oldest / 1000) if self._oldest is not None else 0)
            _halts.set(int(self.halted))
            try:
                await self._note_freshness()
            except Exception as error:
                log.warning("freshness not noted", error=type(error).__name__)

    async def _note_freshness(self) -> None:
        """For each partition that has been read to its end, that the copy is complete."""
        if (client := self._client) is None or not self._projections:
            return
        names, partitions = [], []
        for entries in self._projections.values():
            for projection, _ in entries:
                # a copy of several topics counts their partitions on
                numbers = {topic.kafka_name(self._prefix): n * 1000 for n, topic in enumerate(projection.topics)}
                for place in client.assignment():
                    if place.topic not in numbers:
                        continue
                    end = client.highwater(place)
                    if end is not None and await client.position(place) >= end:
                        names.append(projection.name)
                        partitions.append(numbers[place.topic] + place.partition)
        if names:
            async with self._runtime.transaction() as tx:
                await tx.driver.execute(_FRESH, names, partitions, [tx.now] * len(names))


async def lock_key(tx: Tx, handler: str, key: str) -> None:
    """Whoever parks behind a key and whoever replays it take turns."""
    await tx.driver.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 7))", f"{handler}|{key}")


async def parked_keys(tx: Tx, wanted: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Which of the (handler, key) have a queue of parked messages; held until the transaction ends."""
    handlers, keys = [h for h, _ in wanted], [k for _, k in wanted]
    found = sorted((h, k) for h, k in await tx.driver.fetch(_IS_PARKED, handlers, keys))
    for handler, key in found:
        await lock_key(tx, handler, key)
    if not found:
        return set()
    again = await tx.driver.fetch(_IS_PARKED, [h for h, _ in found], [k for _, k in found])
    return {(h, k) for h, k in again}


def headers_as_json(headers: Sequence[tuple[str, bytes | None]]) -> str:
    """Headers as received, in a form that keeps every byte."""
    return orjson.dumps(
        [[name, None if value is None else base64.b64encode(value).decode()] for name, value in headers]
    ).decode()


async def _parse(records: tuple[ConsumerRecord[Any, Any], ...]) -> KafkaMessage:
    """Hand the records on as they are: the stock parser drops a message whose headers are not UTF-8."""
    return KafkaMessage(body=b"", raw_message=records, consumer=FAKE_CONSUMER)


async def _decode(message: KafkaMessage) -> Any:
    return message.raw_message
