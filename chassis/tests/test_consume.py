"""Consuming loses nothing: what cannot be handled is parked with its key, and everything else goes on."""

from __future__ import annotations

import asyncio
import gc
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast
from uuid import UUID, uuid4

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaConnectionError, KafkaError
from chassis.consume import Consumer, PromptSubscriber
from chassis.handlers import Received, on
from chassis.ids import uuid7
from chassis.kit.eventually import eventually
from chassis.kit.probe import changed, probe, probes
from chassis.kit.stage import Stage, raw_record
from chassis.service import Service
from chassis.tx import Tx
from contracts.customer import CustomerChanged

from chassis import consume


@on(CustomerChanged)
def note_change(event: Received[CustomerChanged], tx: Tx) -> None:
    """One row an effect; `boom` cannot be handled."""
    tx.insert(probes, id=uuid7(), notes=[event.key, event.sequence], version=1, sequence=event.sequence)
    if "boom" in event.said.what:
        raise ValueError("not to be handled")


@pytest.fixture(scope="session")
def service() -> Service:
    return probe(reactions=[note_change])


def record(stage: Stage, key: UUID, sequence: int, what: str = "phones", **more: Any) -> Any:
    return stage.record(changed(key, what), key=str(key), sequence=sequence, **more)


class Breaking:
    """A consumer whose broker dies while a batch collects: what it gave first it does not give again."""

    def __init__(self, *first: Any) -> None:
        self._answers: list[Any] = [{TopicPartition("t", 0): list(first)}, KafkaConnectionError("gone")]

    async def getmany(self, *, timeout_ms: int, max_records: int) -> Any:
        answer = self._answers.pop(0)
        if isinstance(answer, KafkaError):
            raise answer
        return answer


async def test_what_was_fetched_is_handled_though_the_broker_dies_while_more_is_waited_for(stage: Stage) -> None:
    records = tuple(record(stage, uuid4(), 1) for _ in range(25))
    subscriber = PromptSubscriber.__new__(PromptSubscriber)
    assert await subscriber.get_msg(cast("AIOKafkaConsumer", Breaking(*records))) == records


async def effects_of(stage: Stage) -> list[list[Any]]:
    return [row[0] for row in await stage.rows("SELECT notes FROM probes ORDER BY id")]


async def parked(stage: Stage) -> int:
    return len(await stage.rows("SELECT 1 FROM kehu.parked"))


async def test_a_message_that_comes_twice_has_one_effect(stage: Stage) -> None:
    one = record(stage, uuid4(), 1)
    await stage.consumer.consume([one, one])
    await stage.consumer.consume([one])
    assert len(await effects_of(stage)) == 1


async def test_a_batch_is_noted_in_the_order_of_the_index_however_its_messages_came(stage: Stage) -> None:
    records = [record(stage, uuid4(), 1) for _ in range(5)]
    await stage.consumer.consume([records[n] for n in (3, 0, 4, 1, 2)])
    noted = [row[0] for row in await stage.rows("SELECT event_id FROM kehu.inbox ORDER BY day, ctid")]
    assert len(noted) == 5
    assert noted == sorted(noted)
    # the effects come as the messages did
    assert [effect[0] for effect in await effects_of(stage)] == [records[n].key.decode() for n in (3, 0, 4, 1, 2)]


async def test_what_a_batch_reads_and_writes_is_not_planned_anew_each_time(stage: Stage) -> None:
    for n in range(12):
        await stage.consumer.consume([record(stage, uuid4(), 1) for _ in range(1 + n % 3)])
    planned = """SELECT custom_plans, generic_plans FROM pg_prepared_statements
        WHERE statement LIKE '%INSERT INTO kehu.inbox%' AND statement NOT LIKE '%pg_prepared_statements%'"""
    assert [tuple(row) for row in await stage.rows(planned)] == [(0, 12)]


async def test_a_poison_message_parks_itself_and_its_key_and_nobody_else(stage: Stage) -> None:
    bad, good = uuid4(), uuid4()
    batch = [
        record(stage, good, 1),
        record(stage, bad, 1, "boom"),
        record(stage, bad, 2),
        record(stage, good, 2),
    ]
    batch += [record(stage, uuid4(), 1) for _ in range(300)]
    await stage.consumer.consume(batch)
    seen = await effects_of(stage)
    assert [note for note in seen if note[0] == str(good)] == [[str(good), 1], [str(good), 2]]
    assert [note for note in seen if note[0] == str(bad)] == []
    assert await parked(stage) == 2
    await stage.consumer.consume([record(stage, bad, 3)])
    assert await parked(stage) == 3


async def test_a_failed_message_leaves_no_half_effect(stage: Stage) -> None:
    bad = uuid4()
    await stage.consumer.consume([record(stage, bad, 1, "boom"), *[record(stage, uuid4(), 1) for _ in range(200)]])
    assert str(bad) not in str(await effects_of(stage))
    assert len(await effects_of(stage)) == 200


@pytest.mark.parametrize("damage", [b"\xff\xfe", None])
async def test_a_header_that_is_not_utf8_or_is_nothing_is_parked_and_not_skipped(
    stage: Stage, damage: bytes | None
) -> None:
    good = record(stage, uuid4(), 1)
    headers = [(name, damage if name == "ce_id" else value) for name, value in good.headers]
    bad = raw_record(good.topic, good.partition, good.offset + 1, good.key, good.value, headers)
    await stage.consumer.consume([bad, good])
    assert len(await effects_of(stage)) == 1
    assert await parked(stage) == 1


async def test_an_event_older_than_the_inbox_is_counted_and_not_reacted_to(stage: Stage) -> None:
    at = stage.runtime.clock() - timedelta(days=60)
    milliseconds = int(at.timestamp() * 1000)
    old = UUID(int=(milliseconds << 80) | (7 << 76) | (2 << 62) | 1)
    await stage.consumer.consume([record(stage, uuid4(), 1, event_id=old, at=at)])
    assert await effects_of(stage) == []
    assert (await stage.rows("SELECT sum(count) FROM kehu.too_old"))[0][0] == 1


async def test_a_consumer_that_kafka_does_not_answer_does_not_stand_still(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consume, "WATCH_SECONDS", 0.05)
    called = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        called.set()
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    mute = stage.runtime.settings.model_copy(update={"kafka": f"127.0.0.1:{server.sockets[0].getsockname()[1]}"})
    consumer = Consumer(replace(stage.runtime, settings=mute), stage.service.reactions, [])
    starting = asyncio.create_task(consumer.start())
    await called.wait()
    for _ in range(2):
        begun = consumer.last_progress
        await eventually(lambda begun=begun: consumer.last_progress > begun)  # type: ignore[misc]
    assert not starting.done()
    starting.cancel()
    await asyncio.wait({starting})
    await consumer.stop()
    server.close()


async def test_a_consumer_that_waits_for_kafka_does_not_stand_still_and_leaves_no_client_behind(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    stage.runtime.settings = stage.runtime.settings.model_copy(update={"kafka": "127.0.0.1:1"})
    consumer = Consumer(stage.runtime, stage.service.reactions, stage.service.projections)
    waiting = asyncio.create_task(consumer.start())
    begun = consumer.last_progress
    await eventually(lambda: consumer.last_progress > begun)
    begun = consumer.last_progress
    await eventually(lambda: consumer.last_progress > begun)
    waiting.cancel()
    gc.collect()
    assert "Unclosed AIOKafkaConsumer" not in caplog.text
