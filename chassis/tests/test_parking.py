"""What could not be handled is replayed in order, or dropped with a reason; too much of it stops the consumer."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from chassis.handlers import Received, on
from chassis.ids import uuid7
from chassis.kit.eventually import eventually
from chassis.kit.probe import changed, probe, probes
from chassis.kit.stage import Stage, raw_record
from chassis.problems import NotFound, Refused
from chassis.runtime import Runtime, utc_now
from chassis.service import Service, _run
from chassis.tx import Tx
from contracts.archive import AccessRecorded
from contracts.customer import CustomerChanged
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from chassis import consume, parking

#: what cannot be handled while the test says so
broken: set[str] = set()


@on(CustomerChanged)
def note_change(event: Received[CustomerChanged], tx: Tx) -> None:
    """One row an effect."""
    if broken & set(event.said.what):
        raise ValueError("not to be handled")
    if "asks" in event.said.what:
        tx.runtime.parts["what the service has open"]
    tx.insert(probes, id=uuid7(), notes=[event.key, event.sequence], version=1, sequence=event.sequence)


@pytest.fixture(scope="session")
def service() -> Service:
    return probe(reactions=[note_change])


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is waited for between two attempts."""
    broken.clear()
    monkeypatch.setattr("chassis.consume.RETRIES", (0.0,))


def record(stage: Stage, key: UUID, sequence: int, what: str) -> Any:
    return stage.record(changed(key, what), key=str(key), sequence=sequence)


async def sequences(stage: Stage, key: UUID) -> list[int]:
    rows = await stage.rows("SELECT notes FROM probes ORDER BY id")
    return [row[0][1] for row in rows if row[0][0] == str(key)]


async def test_a_queue_is_replayed_in_its_order_and_stops_where_it_fails_again(stage: Stage) -> None:
    key, other = uuid4(), uuid4()
    broken.update({"first", "third"})
    batch = [record(stage, key, n, what) for n, what in enumerate(["first", "second", "third", "fourth"], 1)]
    await stage.consumer.consume([*batch, record(stage, other, 1, "fine")])
    found = await parking.list_parked(stage.runtime)
    assert [(p.key, p.attempts) for p in found] == [(str(key), 2), (str(key), 0), (str(key), 0), (str(key), 0)]
    broken.discard("first")
    with pytest.raises(ValueError, match="not to be handled"):
        await parking.unpark(stage.runtime, stage.service.reactions, found[0].id)
    assert await sequences(stage, key) == [1, 2]
    assert [p.id for p in await parking.list_parked(stage.runtime)] == [found[2].id, found[3].id]
    await parking.drop(stage.runtime, found[2].id, "sent by mistake", actor="operator-1")
    assert await parking.unpark(stage.runtime, stage.service.reactions, found[3].id) == 1
    assert await sequences(stage, key) == [1, 2, 4]
    assert await parking.list_parked(stage.runtime) == []


async def test_a_replayed_message_that_comes_again_has_no_second_effect(stage: Stage) -> None:
    key = uuid4()
    broken.add("first")
    one = record(stage, key, 1, "first")
    await stage.consumer.consume([one])
    broken.clear()
    await parking.unpark(stage.runtime, stage.service.reactions, (await parking.list_parked(stage.runtime))[0].id)
    await stage.consumer.consume([one])
    assert await sequences(stage, key) == [1]


async def test_a_message_that_comes_during_the_replay_does_not_overtake(stage: Stage) -> None:
    key = uuid4()
    broken.add("first")
    await stage.consumer.consume([record(stage, key, n, "first" if n == 1 else "fine") for n in range(1, 30)])
    broken.clear()
    first = (await parking.list_parked(stage.runtime))[0].id
    await asyncio.gather(
        parking.unpark(stage.runtime, stage.service.reactions, first),
        stage.consumer.consume([record(stage, key, 30, "fine")]),
    )
    if left := await parking.list_parked(stage.runtime):  # it came between the last look and the end
        await parking.unpark(stage.runtime, stage.service.reactions, left[0].id)
    assert await sequences(stage, key) == list(range(1, 31))


async def test_dropping_needs_a_reason_which_goes_into_the_audit_log(stage: Stage) -> None:
    broken.add("first")
    await stage.consumer.consume([record(stage, uuid4(), 1, "first")])
    (found,) = await parking.list_parked(stage.runtime)
    with pytest.raises(Refused):
        await parking.drop(stage.runtime, found.id, "  ", actor="operator-1")
    await parking.drop(stage.runtime, found.id, "sent by mistake", actor="operator-1")
    (told,) = await stage.outbox(AccessRecorded)
    assert isinstance(told.message, AccessRecorded)
    assert (told.message.action, told.message.actor) == ("drop_parked", "operator-1")
    assert told.message.purpose == "sent by mistake"
    with pytest.raises(NotFound):
        await parking.drop(stage.runtime, found.id, "again", actor="operator-1")


async def test_what_cannot_be_read_cannot_be_replayed_and_says_what_to_do(stage: Stage) -> None:
    await stage.consumer.consume([raw_record("customer.events", 0, 7, b"k", b"{", [("ce_id", b"\xff")])])
    (found,) = await parking.list_parked(stage.runtime)
    with pytest.raises(Refused, match="drop it"):
        await parking.unpark(stage.runtime, stage.service.reactions, found.id)
    await parking.drop(stage.runtime, found.id, "damaged", actor="operator-1")


async def test_a_reaction_that_is_gone_is_said_to_be_gone(stage: Stage) -> None:
    broken.add("first")
    await stage.consumer.consume([record(stage, uuid4(), 1, "first")])
    (found,) = await parking.list_parked(stage.runtime)
    with pytest.raises(Refused, match="note_change"):
        await parking.unpark(stage.runtime, [], found.id)


async def test_a_consumer_that_can_handle_nothing_halts_and_goes_on_when_it_is_mended(stage: Stage) -> None:
    broken.add("first")
    keys = [uuid4() for _ in range(40)]
    consuming = asyncio.create_task(stage.consumer.consume([record(stage, key, 1, "first") for key in keys]))
    await eventually(lambda: stage.consumer.halted)
    found = await parking.list_parked(stage.runtime)
    assert 10 < len(found) < 20, "it does not park the whole batch first"
    broken.clear()
    for parked in found:
        await parking.unpark(stage.runtime, stage.service.reactions, parked.id)
    await consuming
    assert [await sequences(stage, key) for key in keys] == [[1]] * 40


async def test_how_far_it_is_behind_and_that_it_has_halted_can_be_measured(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured = InMemoryMetricReader()
    meter = MeterProvider([measured]).get_meter("test")
    for name in ("_behind", "_halts"):
        monkeypatch.setattr(consume, name, meter.create_gauge(name.strip("_")))
    monkeypatch.setattr(consume, "TOLD_SECONDS", 0.01)

    def now() -> dict[str, float]:
        found = measured.get_metrics_data()
        metrics = found.resource_metrics[0].scope_metrics[0].metrics if found else []
        return {metric.name: metric.data.data_points[0].value for metric in metrics}

    broken.add("first")
    five_minutes_ago = utc_now() - timedelta(minutes=5)
    keys = [uuid4() for _ in range(12)]
    batch = [stage.record(changed(key, "first"), key=str(key), at=five_minutes_ago) for key in keys]
    telling = asyncio.create_task(stage.consumer._tell_how_far())
    consuming = asyncio.create_task(stage.consumer.consume(batch))
    await eventually(lambda: now().get("halts") == 1)
    assert 300 <= now()["behind"] < 400
    broken.clear()
    await _run(stage.service, stage.runtime.settings, Namespace(command="unpark", id=None))
    await consuming
    await eventually(lambda: now() == {"behind": 0, "halts": 0})
    telling.cancel()


@asynccontextmanager
async def opened(runtime: Runtime) -> AsyncIterator[None]:
    """What a reaction asks, as a directory of people or a calendar."""
    runtime.parts["what the service has open"] = True
    yield


async def test_an_operator_replays_with_all_that_the_service_has_open(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    key = uuid4()
    await stage.consumer.consume([record(stage, key, 1, "asks")])
    (found,) = await parking.list_parked(stage.runtime)
    asked = Namespace(command="unpark", id=found.id)
    await _run(replace(stage.service, parts=opened), stage.runtime.settings, asked)
    assert capsys.readouterr().out.endswith("1 messages handled\n")
    assert await sequences(stage, key) == [1]


async def test_all_queues_are_replayed_at_once_and_one_that_fails_again_keeps_nobody(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    broken.update({"first", "again"})
    good, bad, last = (uuid4() for _ in range(3))
    batch = [record(stage, good, 1, "first"), record(stage, good, 2, "fine"), record(stage, bad, 1, "again")]
    await stage.consumer.consume([*batch, record(stage, bad, 2, "fine"), record(stage, last, 1, "first")])
    await stage.consumer.consume([raw_record("customer.events", 0, 7, b"k", b"{", [("ce_id", b"\xff")])])
    broken.discard("first")
    await _run(stage.service, stage.runtime.settings, Namespace(command="unpark", id=None))
    assert "3 messages handled; 1 queues failed again" in capsys.readouterr().out
    assert [await sequences(stage, key) for key in (good, bad, last)] == [[1, 2], [], [1]]
    assert [p.key for p in await parking.list_parked(stage.runtime)] == [str(bad), str(bad), "customer.events/0/7"]
    broken.clear()
    await _run(stage.service, stage.runtime.settings, Namespace(command="unpark", id=None))
    assert capsys.readouterr().out.endswith("2 messages handled\n")
    assert await sequences(stage, bad) == [1, 2]


async def test_what_is_parked_is_found_in_the_log_by_event_and_trace(
    stage: Stage, capsys: pytest.CaptureFixture[str], lines: Callable[[], list[dict[str, Any]]]
) -> None:
    broken.add("first")
    key, trace = uuid4(), "0123456789abcdef0123456789abcdef"
    await stage.receive(changed(key, "first"), key=str(key), traceparent=f"00-{trace}-0123456789abcdef-01")
    told = [line for line in lines() if line["event"] in ("handler failed", "message parked")]
    assert [line["event"] for line in told] == ["handler failed", "handler failed", "message parked"]
    (event,) = {line["event_id"] for line in told}
    assert {line["trace_id"] for line in told} == {trace}
    await _run(stage.service, stage.runtime.settings, Namespace(command="parked"))
    assert f"event {event}  trace {trace}" in capsys.readouterr().out


async def test_what_fails_again_is_said_to_the_operator_in_a_sentence_without_its_text(stage: Stage) -> None:
    broken.add("first")
    await stage.consumer.consume([record(stage, uuid4(), 1, "first")])
    (found,) = await parking.list_parked(stage.runtime)
    with pytest.raises(SystemExit, match=r"^It failed again \(ValueError; .* stay parked") as ended:
        await _run(stage.service, stage.runtime.settings, Namespace(command="unpark", id=found.id))
    assert "not to be handled" not in str(ended.value)
    assert [one.id for one in await parking.list_parked(stage.runtime)] == [found.id]


async def test_a_copy_that_is_not_there_is_not_rebuilt_and_those_that_are_there_are_named(stage: Stage) -> None:
    with pytest.raises(SystemExit, match="there are: none"):
        await _run(stage.service, stage.runtime.settings, Namespace(command="rebuild", projection="nope"))
