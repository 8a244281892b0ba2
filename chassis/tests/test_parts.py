"""The small parts: ids, batches, failpoints, traces, migrations."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
import sqlalchemy as sa
from chassis.batching import Batcher
from chassis.failures import passes_by_itself
from chassis.ids import made_at, uuid7
from chassis.kit.databases import Databases
from chassis.kit.probe import probe
from chassis.kit.stage import Stage
from chassis.migrate import migrate, run_sql
from chassis.problems import Busy
from chassis.service import Service
from chassis.telemetry import HAND_OVER_SECONDS

from chassis import failpoints, telemetry


@pytest.fixture(scope="session")
def service() -> Service:
    return probe()


# -- ids -----------------------------------------------------------------------------------------


def test_ids_rise_and_carry_their_time() -> None:
    before = datetime.now(UTC)
    made = [uuid7() for _ in range(10_000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)
    assert abs((made_at(made[0]) - before).total_seconds()) < 1
    with pytest.raises(ValueError, match="carries no time"):
        made_at(uuid4())


# -- batches -------------------------------------------------------------------------------------


async def test_whoever_comes_while_a_batch_is_written_is_in_the_next_one() -> None:
    batches: list[list[int]] = []

    async def flush(items: Sequence[int]) -> Sequence[int | BaseException]:
        batches.append(list(items))
        await asyncio.sleep(0.01)
        return [ValueError("odd") if item == 3 else item * 2 for item in items]

    batcher: Batcher[int, int] = Batcher(flush, most=4, queue=100)
    answers = await asyncio.gather(*[batcher.submit(n) for n in range(10)], return_exceptions=True)
    assert [answer for n, answer in enumerate(answers) if n != 3] == [n * 2 for n in range(10) if n != 3]
    assert isinstance(answers[3], ValueError)
    assert [len(batch) for batch in batches] == [4, 4, 2]


async def test_a_full_queue_turns_callers_away_and_a_caller_who_left_stops_nobody() -> None:
    gate = asyncio.Event()

    async def flush(items: Sequence[int]) -> Sequence[int]:
        await gate.wait()
        return list(items)

    batcher: Batcher[int, int] = Batcher(flush, most=1, queue=2)
    first = asyncio.create_task(batcher.submit(0))
    await asyncio.sleep(0.01)
    waiting = [asyncio.create_task(batcher.submit(n)) for n in (1, 2)]
    await asyncio.sleep(0)
    with pytest.raises(Busy):
        await batcher.submit(3)
    waiting[0].cancel()
    gate.set()
    await batcher.drain()
    assert (await first, await waiting[1]) == (0, 2)


async def test_a_flush_that_fails_tells_everyone_who_waits() -> None:
    async def flush(items: Sequence[int]) -> Sequence[int]:
        raise ConnectionError

    batcher: Batcher[int, int] = Batcher(flush, most=10, queue=10)
    answers = await asyncio.gather(*[batcher.submit(n) for n in range(3)], return_exceptions=True)
    assert [type(answer) for answer in answers] == [ConnectionError] * 3


# -- failures ------------------------------------------------------------------------------------


async def test_a_database_that_is_away_or_busy_passes_and_a_wrong_statement_does_not(stage: Stage) -> None:
    assert passes_by_itself(ConnectionRefusedError())
    assert passes_by_itself(asyncpg.DeadlockDetectedError("x"))
    assert passes_by_itself(asyncpg.InternalClientError("the connection broke in the middle of an answer"))
    # what a database answers that was told to take no connections
    assert passes_by_itself(asyncpg.ObjectNotInPrerequisiteStateError("x"))
    for wrong in (asyncpg.UniqueViolationError("x"), ValueError(), KeyError()):
        assert not passes_by_itself(wrong)
    with pytest.raises(Exception) as wrapped:
        async with stage.runtime.transaction() as tx:
            await tx.execute(sa.text("SELECT 1/0"))
    assert not passes_by_itself(wrapped.value)
    with pytest.raises(Exception) as timed_out:  # noqa: PT012
        async with stage.runtime.transaction() as tx:
            await tx.execute(sa.text("SET LOCAL statement_timeout = '100ms'"))
            await tx.execute(sa.text("SELECT pg_sleep(5)"))
    assert passes_by_itself(timed_out.value)


def test_a_failpoint_outside_tests_is_refused() -> None:
    with pytest.raises(RuntimeError, match="for tests"):
        failpoints.arm("relay.sent=kill", "production")
    with pytest.raises(RuntimeError, match="none of"):
        failpoints.arm("relay.sent=explode", "test")
    failpoints.arm("", "production")


async def test_an_armed_failpoint_fails_there_and_nowhere_else() -> None:
    failpoints.arm("here=fail", "test")
    try:
        with pytest.raises(failpoints.Failed):
            await failpoints.reach("here")
        await failpoints.reach("there")
    finally:
        failpoints.arm("", "test")


# -- traces --------------------------------------------------------------------------------------


def test_a_trace_goes_on_under_its_id_and_a_malformed_one_begins_anew() -> None:
    parent = telemetry.new_traceparent(sampled=False)
    with telemetry.span("hop", parent=parent):
        assert telemetry.trace_id_now() == parent[3:35]
        with telemetry.span("within"):
            assert telemetry.trace_id_now() == parent[3:35]
    assert telemetry.trace_id_now() is None
    for malformed in ("", "00-abc-def-01", "ff" + parent[2:], parent + "\r\nX: y"):
        with telemetry.span("hop", parent=malformed):
            assert telemetry.trace_id_now() not in (None, parent[3:35])


def test_a_kept_trace_is_written_span_by_span_with_its_parents(tmp_path: Path) -> None:
    telemetry.configure("probe", ratio=1.0, trace_file=tmp_path / "t.jsonl")
    try:
        with telemetry.span("outer", kind="server"):
            handed_on = telemetry.traceparent_now()
            with telemetry.span("inner", attributes={"n": 1}):
                pass
        telemetry.happened("relayed", kind="producer", parent=handed_on, began=datetime.now(UTC))
        with telemetry.span("elsewhere", kind="consumer", parent=handed_on):
            pass
        with telemetry.span("not kept", parent=telemetry.new_traceparent(sampled=False)):
            pass
    finally:
        telemetry.shutdown()
    spans = {span["name"]: span for span in map(json.loads, (tmp_path / "t.jsonl").read_text().splitlines())}
    assert spans.keys() == {"outer", "inner", "relayed", "elsewhere"}
    assert len({span["trace_id"] for span in spans.values()}) == 1
    below = {span["name"] for span in spans.values() if span["parent_id"] == spans["outer"]["span_id"]}
    assert below == {"inner", "relayed", "elsewhere"}
    assert spans["inner"]["attributes"] == {"n": 1}


class Collector(ThreadingHTTPServer):
    """Takes what is sent by OTLP."""

    def __init__(self) -> None:
        taken: list[bytes] = []

        class Take(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                taken.append(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Nothing."""

        super().__init__(("127.0.0.1", 0), Take)
        self.taken = taken


#: a process whose only work fails; prints how long its end takes
FAILING = """
import sys, time
from chassis import telemetry
telemetry.configure("probe", otlp_endpoint=sys.argv[1], ratio=1.0)
telemetry.counter("done", "1", "What was done").add(1)
try:
    with telemetry.span("handle"):
        raise RuntimeError("Key (phone)=(13812345678) of Zhang exists")
except RuntimeError:
    began = time.monotonic()
    telemetry.shutdown()
    print(time.monotonic() - began)
"""


def end_of(endpoint: str) -> float:
    """How long the end of such a process takes that has its collector there."""
    command = [sys.executable, "-c", FAILING, endpoint]
    return float(subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout)


def test_a_span_that_failed_tells_the_collector_the_kind_of_error_and_not_its_text() -> None:
    with Collector() as collector:
        threading.Thread(target=collector.serve_forever).start()
        end_of(f"http://127.0.0.1:{collector.server_port}")
        collector.shutdown()
    told = b"".join(collector.taken)
    assert b"handle" in told
    assert b"RuntimeError" in told
    assert b"13812345678" not in told
    assert b"Zhang" not in told


def test_a_process_that_ends_does_not_wait_for_a_collector_that_is_away() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert end_of(f"http://127.0.0.1:{silent.getsockname()[1]}") < HAND_OVER_SECONDS + 2


# -- migrations ----------------------------------------------------------------------------------


async def test_processes_that_start_together_migrate_once_and_again_changes_nothing(
    databases: Databases, service: Service, postgres_dsn: str
) -> None:
    name = f"migrated_{uuid4().hex[:8]}"
    server = await asyncpg.connect(postgres_dsn)
    try:
        await server.execute(f'CREATE DATABASE "{name}"')
        url = databases.dsn(name).replace("postgresql://", "postgresql+asyncpg://")
        await asyncio.gather(*[migrate(url, service.migrations) for _ in range(4)])
        await migrate(url, service.migrations)
        connection = await asyncpg.connect(databases.dsn(name))
        try:
            assert await connection.fetchval("SELECT count(*) FROM probes") == 0
            assert await connection.fetchval("SELECT count(*) FROM alembic_version") == 1
            assert await connection.fetchval("SELECT count(*) FROM kehu.alembic_version") == 1
        finally:
            await connection.close()
    finally:
        await server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        await server.close()


async def test_a_difference_between_code_and_database_is_seen(stage: Stage) -> None:
    assert await stage.differences() == []
    await stage.rows("ALTER TABLE probes DROP COLUMN sealed")
    assert len(await stage.differences()) == 1


async def test_a_database_goes_to_the_next_test_without_rows(databases: Databases, service: Service) -> None:
    insert = 'INSERT INTO kehu.parked (handler, key, topic, partition, "offset", headers, error, attempts)'
    async with databases.fresh(service) as first:
        connection = await asyncpg.connect(first)
        assert await connection.fetchval(f"{insert} VALUES ('', '', '', 0, 0, '[]', '', 1) RETURNING id") == 1
    # a connection that a test forgot is ended
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await connection.fetchval("SELECT 1")
    async with databases.fresh(service) as second:
        assert second == first
        connection = await asyncpg.connect(second)
        assert await connection.fetchval("SELECT count(*) FROM kehu.parked") == 0
        assert await connection.fetchval(f"{insert} VALUES ('', '', '', 0, 0, '[]', '', 1) RETURNING id") == 1
        assert await connection.fetchval("SELECT count(*) FROM kehu.alembic_version") == 1


@pytest.mark.parametrize(
    "change",
    [
        "DROP INDEX kehu.jobs_due",
        "ALTER TABLE kehu.jobs ALTER COLUMN ref DROP NOT NULL",
        "ALTER TABLE kehu.jobs DROP CONSTRAINT jobs_state",
        "CREATE TRIGGER loud BEFORE UPDATE ON probes EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "SELECT kehu.roll_inbox('2030-06-15', 46, 2)",
        "CREATE FUNCTION kehu.more() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE TABLE large AS SELECT repeat('x', 1000) AS x FROM generate_series(1, 80000)",
    ],
)
async def test_a_database_that_was_changed_goes_to_no_other_test(
    databases: Databases, service: Service, change: str
) -> None:
    async with databases.fresh(service) as first:
        connection = await asyncpg.connect(first)
        await connection.execute(change)
        await connection.close()
    async with databases.fresh(service) as second:
        assert second != first


def test_a_function_body_is_one_statement(monkeypatch: pytest.MonkeyPatch) -> None:
    executed: list[str] = []
    monkeypatch.setattr("alembic.op.execute", executed.append)
    run_sql("CREATE TABLE a (b int);\nCREATE FUNCTION f() RETURNS int AS $$\nSELECT 1;\nSELECT 2;\n$$ LANGUAGE sql;\n")
    assert [statement.split()[1] for statement in executed] == ["TABLE", "FUNCTION"]


async def test_the_inbox_has_a_partition_for_every_day_that_it_remembers(stage: Stage) -> None:
    await stage.rows("SELECT kehu.roll_inbox($1, 46, 2)", date(2030, 6, 15))
    sql = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'kehu.inbox'::regclass"
    names = {row[0] for row in await stage.rows(sql)}
    assert len(names) == 46 + 2 + 1, names
