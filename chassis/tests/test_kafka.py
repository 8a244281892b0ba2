"""Consuming and rebuilding on the real Kafka: offsets follow effects, copies come to the same whatever the order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import chain
from typing import Any
from unittest import mock
from uuid import UUID, uuid4

import asyncpg
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from chassis.consume import Consumer
from chassis.handlers import Received, on
from chassis.ids import uuid7
from chassis.kit.eventually import eventually
from chassis.kit.probe import changed, keep_copy, probe, probes
from chassis.kit.stage import Stage
from chassis.rebuild import rebuild
from chassis.relay import partition_of
from chassis.service import Service
from chassis.topics import ensure
from chassis.tx import Tx
from contracts.customer import CustomerChanged, CustomerEntry, CustomerKind, Token, TokenKind
from contracts.topics import CUSTOMER_EVENTS, Topic

from chassis import consume


@on(CustomerChanged)
def note_change(event: Received[CustomerChanged], tx: Tx) -> None:
    """One row an effect."""
    tx.insert(probes, id=uuid7(), notes=[event.key, event.sequence], version=1, sequence=event.sequence)


@pytest.fixture(scope="session")
def service() -> Service:
    return probe(reactions=[note_change], projections=[keep_copy])


@asynccontextmanager
async def consuming(stage: Stage) -> AsyncIterator[Consumer]:
    """A worker of the service on the real Kafka."""
    consumer = Consumer(stage.runtime, stage.service.reactions, stage.service.projections)
    await consumer.start()
    try:
        yield consumer
    finally:
        await consumer.stop()


async def send(stage: Stage, *records: Any) -> None:
    """Put the records on their topics, each where its key belongs."""
    producer = AIOKafkaProducer(bootstrap_servers=stage.runtime.settings.kafka)
    await producer.start()
    try:
        for record in records:
            headers = list(record.headers)
            await producer.send_and_wait(record.topic, record.value, record.key, record.partition, headers=headers)
    finally:
        await producer.stop()


def event(stage: Stage, key: UUID, sequence: int) -> Any:
    return stage.record(changed(key, "phones"), key=str(key), sequence=sequence)


def entry(stage: Stage, key: UUID, sequence: int, branch: str | None, *tokens: str) -> Any:
    """The directory's word on a customer; without a branch its tombstone."""
    message = None
    if branch is not None:
        kept = [Token(kind=TokenKind.PHONE, token=token, key="t1") for token in tokens]
        message = CustomerEntry(
            customer_id=key,
            kind=CustomerKind.PERSON,
            customer_class=None,
            branch=branch,
            tokens=kept,
            as_of=stage.runtime.clock(),
        )
    return stage.record(message, key=str(key), sequence=sequence, kind=CustomerEntry)


async def effects(stage: Stage) -> list[list[Any]]:
    return [row[0] for row in await stage.rows("SELECT notes FROM probes ORDER BY id")]


async def copies(stage: Stage) -> dict[Any, Any]:
    """The copy: sequence, whether gone, branch and tokens of each key."""
    sql = """SELECT c.id, c.sequence, c.gone, c.branch,
                    (SELECT array_agg(token ORDER BY token) FROM copy_lines l WHERE l.id = c.id)
             FROM copies c"""
    return {row[0]: tuple(row)[1:] for row in await stage.rows(sql)}


async def committed(stage: Stage, topic: Topic) -> int:
    """How many records of the topic the group has done with."""
    settings = stage.runtime.settings
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka)
    await admin.start()
    try:
        offsets = await admin.list_consumer_group_offsets(f"{settings.topic_prefix}{stage.service.name}")
        name = topic.kafka_name(settings.topic_prefix)
        return sum(said.offset for place, said in offsets.items() if place.topic == name and said.offset > 0)
    finally:
        await admin.close()


async def test_offsets_follow_the_effects_and_a_restart_repeats_nothing(live: Stage) -> None:
    keys = [uuid4() for _ in range(20)]
    await send(live, *[event(live, key, n) for n in (1, 2, 3) for key in keys])
    async with consuming(live):
        await eventually(lambda: has(live, 60))
        await eventually(lambda: is_committed(live, 60))
    async with consuming(live):
        await send(live, *[event(live, key, 4) for key in keys])
        await eventually(lambda: has(live, 80))
    seen = await effects(live)
    assert len(seen) == 80
    for key in keys:
        assert [n for k, n in seen if k == str(key)] == [1, 2, 3, 4]


async def has(stage: Stage, count: int) -> bool:
    return len(await effects(stage)) >= count


async def is_committed(stage: Stage, count: int) -> bool:
    return await committed(stage, CUSTOMER_EVENTS) >= count


async def test_while_the_database_is_away_nothing_is_committed_and_nothing_parked(
    live: Stage, postgres_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = (await live.rows("SELECT current_database()"))[0][0]
    server = await asyncpg.connect(postgres_dsn)
    attempts: list[int] = []
    try:
        async with consuming(live) as consumer:
            settle = consumer._settle

            async def counted(records: Any) -> None:
                attempts.append(len(records))
                await settle(records)

            monkeypatch.setattr(consumer, "_settle", counted)
            await server.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
            await server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)
            await send(live, event(live, uuid4(), 1))
            await eventually(lambda: len(attempts) > 3)
            assert await committed(live, CUSTOMER_EVENTS) == 0
            await server.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
            await live.runtime.engine.dispose()  # what is asked here is asked over no connection of before
            await eventually(lambda: has(live, 1))
            await eventually(lambda: is_committed(live, 1))
        assert await live.rows("SELECT 1 FROM kehu.parked") == []
    finally:
        await server.close()


async def test_a_record_with_headers_that_are_not_utf8_is_set_aside_and_the_next_ones_come(live: Stage) -> None:
    first, second = event(live, uuid4(), 1), event(live, uuid4(), 1)
    first.headers = tuple((name, b"\xff\xfe" if name == "ce_id" else value) for name, value in first.headers)
    second.partition = first.partition
    await send(live, first, second)
    async with consuming(live):
        await eventually(lambda: has(live, 1))
        await eventually(lambda: is_committed(live, 2))
    assert len(await live.rows("SELECT 1 FROM kehu.parked")) == 1


async def test_two_workers_share_the_partitions_and_each_effect_happens_once(live: Stage) -> None:
    keys = [uuid4() for _ in range(60)]
    async with consuming(live), consuming(live):
        await send(live, *[event(live, key, n) for n in (1, 2) for key in keys])
        await eventually(lambda: has(live, 120))
    seen = await effects(live)
    assert len(seen) == 120
    assert all([n for k, n in seen if k == str(key)] == [1, 2] for key in keys)


async def test_the_newest_word_wins_in_whatever_order_it_comes(stage: Stage) -> None:
    one, two, gone = uuid4(), uuid4(), uuid4()
    await stage.consumer.consume(
        [
            entry(stage, one, 2, "sh-pudong", "b", "c"),
            entry(stage, one, 1, "bj-chaoyang", "a"),
            entry(stage, two, 1, "sh-pudong", "x"),
            entry(stage, gone, 1, "sh-pudong", "g"),
        ]
    )
    await stage.consumer.consume([entry(stage, gone, 3, None), entry(stage, two, 2, "sh-minhang", "y")])
    await stage.consumer.consume([entry(stage, gone, 2, "sh-pudong", "g"), entry(stage, one, 1, "bj-chaoyang", "a")])
    assert await copies(stage) == {
        one: (2, False, "sh-pudong", ["b", "c"]),
        two: (2, False, "sh-minhang", ["y"]),
        gone: (3, True, None, None),
    }


async def test_a_rebuilt_copy_says_what_the_topic_says_and_keeps_its_indexes(live: Stage) -> None:
    keys = [uuid4() for _ in range(30)]
    await send(live, *[entry(live, key, n, f"branch-{n}", f"t{n}") for n in (1, 2) for key in keys])
    await send(live, entry(live, keys[0], 3, None))
    await live.rows("INSERT INTO copies VALUES ($1, 9, false, 'nobody')", uuid4())
    assert await rebuild(live.runtime, keep_copy) == 61
    built = await copies(live)
    assert built == {keys[0]: (3, True, None, None)} | {key: (2, False, "branch-2", ["t2"]) for key in keys[1:]}
    assert await live.differences() == []
    assert await rebuild(live.runtime, keep_copy) == 61
    assert await copies(live) == built
    await live.consumer.consume([entry(live, keys[1], 1, "old"), entry(live, keys[2], 3, "new", "z")])
    assert (await copies(live))[keys[1]] == built[keys[1]]
    assert (await copies(live))[keys[2]] == (3, False, "new", ["z"])


async def test_a_copy_is_known_to_be_complete_once_its_topic_has_been_read(live: Stage) -> None:
    await send(live, entry(live, uuid4(), 1, "sh-pudong"))
    async with consuming(live):
        sql = "SELECT count(*) FROM kehu.freshness WHERE projection = 'keep_copy'"

        async def all_partitions() -> bool:
            return bool((await live.rows(sql))[0][0] == 12)

        await eventually(all_partitions)
    assert len(await copies(live)) == 1


async def test_a_consumer_that_has_read_everything_does_not_stand_still(live: Stage) -> None:
    async with consuming(live) as consumer:

        async def read_to_the_end() -> bool:
            return bool(await live.rows("SELECT 1 FROM kehu.freshness"))

        await eventually(read_to_the_end)
        for _ in range(3):
            before = consumer.last_progress
            await eventually(lambda before=before: consumer.last_progress > before)  # type: ignore[misc]


@asynccontextmanager
async def running(stage: Stage) -> AsyncIterator[tuple[Consumer, asyncio.Task[None]]]:
    """A consumer that has joined its group, and what watches it."""
    consumer = Consumer(stage.runtime, stage.service.reactions, stage.service.projections)
    watching = asyncio.create_task(consumer.run())

    async def joined() -> bool:
        return consumer._client is not None and bool(consumer._client.assignment())

    try:
        await eventually(joined)
        yield consumer, watching
    finally:
        watching.cancel()
        await consumer.stop()


async def test_a_consumer_whose_own_tasks_have_died_ends_the_process(
    live: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consume, "WATCH_SECONDS", 0.01)
    async with running(live) as (consumer, watching):
        assert not watching.done()
        client: Any = consumer._client
        gone = RuntimeError("the handler is closed")
        with mock.patch.object(client._client, "coordinator_lookup", side_effect=gone):
            client._coordinator.coordinator_dead()
            with pytest.raises(RuntimeError, match="the consumer has died"):
                await asyncio.wait_for(watching, 10)


async def test_a_consumer_that_is_told_to_stop_has_not_died(live: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consume, "WATCH_SECONDS", 0.0)
    async with running(live) as (consumer, watching):
        await consumer.stop()
        assert not watching.done()


async def test_topics_are_made_once_and_never_widened(kafka_bootstrap: str, topic_prefix: str) -> None:
    narrow = Topic("customer.events", "customer", "customer id", 3, "delete", 1, ())
    assert await ensure(kafka_bootstrap, prefix=topic_prefix, topics=[narrow]) == [f"{topic_prefix}customer.events"]
    assert await ensure(kafka_bootstrap, prefix=topic_prefix, topics=[narrow]) == []
    with pytest.raises(RuntimeError, match="has 3 partitions"):
        await ensure(kafka_bootstrap, prefix=topic_prefix, topics=[CUSTOMER_EVENTS])


async def test_of_several_who_make_the_topics_at_once_each_is_made_by_one(
    kafka_bootstrap: str, topic_prefix: str
) -> None:
    topics = [Topic(f"customer.{n}", "customer", "customer id", 3, "delete", 1, ()) for n in range(5)]
    made = await asyncio.gather(*[ensure(kafka_bootstrap, prefix=topic_prefix, topics=topics) for _ in range(4)])
    assert sorted(chain(*made)) == [topic.kafka_name(topic_prefix) for topic in topics]


def test_keys_go_where_other_clients_put_them() -> None:
    # CRC-32 as librdkafka's consistent partitioner: the check value of the algorithm
    assert partition_of(b"123456789", 2**32) == 0xCBF43926
