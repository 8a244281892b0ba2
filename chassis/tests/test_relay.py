"""The relay loses nothing, reorders nothing, and lets nothing go before Kafka has it."""

from __future__ import annotations

import asyncio
import os
from collections import defaultdict
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, ConsumerRecord
from chassis.ids import uuid7
from chassis.kit.at_work import at_work
from chassis.kit.eventually import eventually
from chassis.kit.probe import PROBES, Probe, changed, probe
from chassis.kit.stage import Stage
from chassis.relay import CHANNEL, LOCK, SETTLED_SECONDS, Floor, Relay, partition_of
from chassis.service import Notifier, Service
from contracts.envelope import from_headers
from contracts.message import decode
from contracts.topics import CUSTOMER_EVENTS, CUSTOMER_STATE, Topic
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from chassis import failpoints, relay, telemetry


@pytest.fixture(scope="session")
def service() -> Service:
    return probe()


def running(stage: Stage) -> AbstractAsyncContextManager[Relay]:
    """A relay at work."""
    return at_work(Relay(stage.runtime))


async def published(stage: Stage, *whats: str, of: UUID | None = None) -> UUID:
    """A probe that tells so many things, in one transaction."""
    async with stage.runtime.transaction() as tx:
        if of is None:
            about = Probe(uuid7())
            tx.add(about)
        else:
            about = await tx.get(PROBES, of)
        for what in whats:
            tx.publish(about, changed(about.id, what))
    return about.id


async def test_what_waits_while_nothing_can_be_sent_is_measured(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    measured = InMemoryMetricReader()
    gauge = MeterProvider([measured]).get_meter("test").create_gauge("oldest")
    monkeypatch.setattr(relay, "_oldest", gauge)

    def age() -> float | None:
        found = measured.get_metrics_data()
        return found.resource_metrics[0].scope_metrics[0].metrics[0].data.data_points[0].value if found else None

    away = replace(stage.runtime, settings=stage.runtime.settings.model_copy(update={"kafka": "127.0.0.1:1"}))
    async with at_work(Relay(away)):
        await eventually(lambda: age() == 0)
        await published(stage, "waits")
        await stage.rows("UPDATE kehu.outbox SET created_at = now() - interval '5 minutes'")
        await eventually(lambda: (age() or 0) >= 300)
    assert await waiting(stage) == 1


async def test_a_relay_that_gets_no_answer_tries_again_and_does_not_count_as_standing_still(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    monkeypatch.setattr(relay, "ANSWER_SECONDS", 0.1)
    callers = []

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        callers.append(writer)
        await reader.read()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    mute = stage.runtime.settings.model_copy(update={"kafka": f"127.0.0.1:{port}"})
    await published(stage, "waits")
    async with at_work(Relay(replace(stage.runtime, settings=mute))) as at:
        await eventually(lambda: len(callers) >= 2)
        begun = at.last_progress
        await eventually(lambda: at.last_progress > begun)
    assert await waiting(stage) == 1
    told = [line["error"] for line in lines() if line["event"] == "relay interrupted, starting again"]
    assert set(told) == {"TimeoutError"}
    for writer in callers:
        writer.close()
    server.close()


async def waiting(stage: Stage) -> int:
    return int((await stage.rows("SELECT count(*) FROM kehu.outbox"))[0][0])


async def empty(stage: Stage) -> bool:
    return await waiting(stage) == 0


async def on_kafka(
    stage: Stage, enough: Callable[[list[ConsumerRecord[Any, Any]]], bool], topic: Topic = CUSTOMER_EVENTS
) -> list[ConsumerRecord[Any, Any]]:
    """What the topic holds from its beginning, as soon as it is enough."""
    settings = stage.runtime.settings
    consumer = AIOKafkaConsumer(
        topic.kafka_name(settings.topic_prefix),
        bootstrap_servers=settings.kafka,
        group_id=None,
        auto_offset_reset="earliest",
    )
    await consumer.start()
    try:
        found: list[ConsumerRecord[Any, Any]] = []
        async with asyncio.timeout(30):
            while not enough(found):
                for records in (await consumer.getmany(timeout_ms=200)).values():
                    found += records
        return found
    finally:
        await consumer.stop()


def at_least(count: int) -> Callable[[list[ConsumerRecord[Any, Any]]], bool]:
    return lambda found: len(found) >= count


async def test_a_backlog_of_several_batches_arrives_whole_and_in_the_order_of_each_key(live: Stage) -> None:
    keys = [await published(live) for _ in range(40)]
    for n in range(8):
        await asyncio.gather(*[published(live, *[f"{n}"] * 8, of=key) for key in keys])
    async with running(live):
        await eventually(lambda: empty(live))
    found = await on_kafka(live, at_least(40 * 64))
    assert len(found) == 40 * 64
    sequences: dict[str, list[int]] = defaultdict(list)
    for record in sorted(found, key=lambda r: (r.partition, r.offset)):
        envelope = from_headers(record.headers)
        sequences[envelope.subject].append(envelope.sequence)
        assert record.partition == partition_of(record.key, CUSTOMER_EVENTS.partitions)
    assert set(sequences) == {str(key) for key in keys}
    assert all(numbers == list(range(1, 65)) for numbers in sequences.values())


async def test_a_message_carries_what_its_outbox_row_says(live: Stage) -> None:
    parent = telemetry.new_traceparent(sampled=True)
    with telemetry.span("test", parent=parent):
        key = await published(live, "phones")
    (told,) = await live.outbox()
    async with running(live):
        (record,) = await on_kafka(live, at_least(1))
    envelope = from_headers(record.headers)
    assert (envelope.id, envelope.sequence, envelope.subject) == (told.event_id, 1, str(key))
    assert (envelope.source, envelope.time) == ("probe", told.time)
    assert envelope.traceparent is not None
    assert envelope.traceparent[3:35] == parent[3:35]
    assert decode(envelope.type, record.value) == told.message
    assert dict(record.headers)["content-type"] == b"application/json"


async def test_an_id_that_commits_late_is_not_passed_over(live: Stage) -> None:
    late, early = await published(live), await published(live)
    async with running(live):
        async with live.runtime.transaction() as tx:
            tx.publish(await tx.get(PROBES, late), changed(late, "late"))
            await tx.flush()
            await published(live, "early", of=early)
            assert len(await on_kafka(live, at_least(1))) == 1
        found = await on_kafka(live, at_least(2))
    assert [record.key.decode() for record in sorted(found, key=lambda r: r.timestamp)] == [str(late), str(early)]


async def test_a_row_stays_until_kafka_has_it_and_then_comes_again_with_the_same_id_and_bytes(live: Stage) -> None:
    await published(live, "phones")
    failpoints.arm("relay.sent=fail", "test")
    try:
        async with running(live):
            await on_kafka(live, at_least(2))
            assert await waiting(live) == 1
            failpoints.arm("", "test")
            await eventually(lambda: empty(live))
    finally:
        failpoints.arm("", "test")
    found = await on_kafka(live, at_least(2))
    assert len({dict(record.headers)["ce_id"] for record in found}) == 1
    assert len({record.value for record in found}) == 1


async def test_without_kafka_nothing_goes(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append("kafka")
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    monkeypatch.setattr(
        stage.runtime, "settings", stage.runtime.settings.model_copy(update={"kafka": f"{host}:{port}"})
    )
    await published(stage, "phones")
    async with server, running(stage):
        await eventually(lambda: len(asked) >= 3)
    assert await waiting(stage) == 1


async def test_a_second_relay_stands_by_and_takes_over(live: Stage) -> None:
    async with running(live) as first:
        await eventually(lambda: first.active)
        async with running(live) as second:
            await published(live, "one")
            await eventually(lambda: empty(live))
            assert not second.active
            holder = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = $1 AND granted"
            database = "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            ((pid,),) = await live.rows(f"{holder} {database}", LOCK)
            await live.rows("SELECT pg_terminate_backend($1)", pid)
            await eventually(lambda: first.active is not second.active)
            await published(live, "two")
            await eventually(lambda: empty(live))
    assert len(await on_kafka(live, at_least(2))) == 2


async def test_a_producer_that_cannot_go_on_is_made_anew(live: Stage) -> None:
    async with running(live) as relay:
        await published(live, "one")
        await eventually(lambda: empty(live))
        broken = relay._producer
        assert broken is not None
        await broken.stop()
        await published(live, "two")
        await eventually(lambda: empty(live))
        assert relay._producer is not broken
    assert len(await on_kafka(live, at_least(2))) == 2


async def test_a_connection_that_broke_in_the_middle_of_an_answer_is_made_anew(
    live: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    once, broken = Relay._relay_once, [asyncpg.InternalClientError("cannot switch to another state")]

    async def breaking(self: Relay, connection: asyncpg.Connection[Any]) -> int:
        if broken:
            raise broken.pop()
        return await once(self, connection)

    monkeypatch.setattr(Relay, "_relay_once", breaking)
    await published(live, "one")
    async with running(live):
        await eventually(lambda: empty(live))
    assert len(await on_kafka(live, at_least(1))) == 1


async def test_a_relay_that_dies_silently_is_noticed_by_the_server_in_seconds(stage: Stage) -> None:
    connection = await stage.runtime.direct("relay")
    try:
        for name, value in (("tcp_keepalives_idle", "5"), ("tcp_keepalives_count", "5"), ("tcp_user_timeout", "20000")):
            shown = await connection.fetchval(f"SELECT setting FROM pg_settings WHERE name = '{name}'")
            assert shown == value, name
    finally:
        await connection.close()


async def test_what_is_withdrawn_becomes_a_tombstone(live: Stage) -> None:
    about = Probe(uuid7(), sequence=3)
    async with live.runtime.transaction() as tx:
        tx.add(about)
        tx.withdraw(CUSTOMER_STATE, about)
    async with running(live):
        (record,) = await on_kafka(live, at_least(1), CUSTOMER_STATE)
    assert (record.key.decode(), record.value) == (str(about.id), None)
    assert from_headers(record.headers).sequence == 3


async def test_the_largest_row_goes_and_a_larger_one_is_refused_where_it_is_written(live: Stage) -> None:
    row = """INSERT INTO kehu.outbox (topic, key, event_id, type, sequence, occurred_at, value)
             VALUES ('customer.events', 'k', $1, 'customer.changed.v1', 1, now(), $2)"""
    await live.rows(row, uuid7(), os.urandom(900_000))
    with pytest.raises(asyncpg.CheckViolationError):
        await live.rows(row, uuid7(), os.urandom(900_001))
    async with running(live):
        (record,) = await on_kafka(live, at_least(1))
    assert len(record.value) == 900_000


async def test_a_process_without_a_relay_wakes_the_one_that_has_it(stage: Stage) -> None:
    heard = asyncio.Event()
    connection = await stage.runtime.direct("test")
    notifier = Notifier(stage.runtime)
    task = asyncio.create_task(notifier.run())
    try:
        await connection.add_listener(CHANNEL, lambda *_: heard.set())
        stage.runtime.outbox_written = notifier.wake
        await published(stage, "phones")
        async with asyncio.timeout(10):
            await heard.wait()
            for _ in range(3):  # what is committed while it pauses is told after the pause
                heard.clear()
                notifier.wake()
                await heard.wait()
    finally:
        task.cancel()
        await connection.close()


async def test_the_first_message_of_a_database_goes_however_late_it_comes(
    live: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "SETTLED_SECONDS", 1.0)
    monkeypatch.setattr(relay, "MARKED_SECONDS", 0.0)
    async with running(live) as at:
        begun = at.last_progress
        await eventually(lambda: at.last_progress > begun + 2.5)
        await published(live, "first")
        assert [row[0] for row in await live.rows("SELECT last_value FROM kehu.outbox_id_seq")] == [1]
        await eventually(lambda: empty(live))


def test_the_floor_rises_over_settled_ids_only() -> None:
    floor = Floor()
    floor.mark(0.0, 100)
    floor.raise_to(SETTLED_SECONDS - 1, None)
    assert floor.value == 0, "an id of this age may still appear"
    floor.raise_to(SETTLED_SECONDS, None)
    assert floor.value == 100


def test_the_floor_never_rises_over_a_row_that_waits() -> None:
    floor = Floor()
    floor.mark(0.0, 100)
    floor.raise_to(SETTLED_SECONDS, 40)
    assert floor.value == 39
    floor.mark(SETTLED_SECONDS, 90)
    floor.raise_to(SETTLED_SECONDS * 2, None)
    assert floor.value == 90
