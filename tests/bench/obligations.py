"""Obligations at scale: many open, some due in one second; a decree that moves what rested on a guess."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg

from tests.bench.cluster import Cluster

OWING = "tests.bench.owing"
PLAN = """{"term": "2 working days", "remind": [0.5], "then": ["general_manager"], "every": "1 working day",
    "rules": ["P04.9"]}"""

_OPEN = """INSERT INTO kehu.obligations (id, duty, subject, path, branch, role, since, plan, course, due_at, next_at,
        state, version, sequence)
    SELECT uuidv7(), 'answer', uuidv7(), '/v1/complaints/' || n, 'branch-' || n % 50, 'department_head',
        $2::timestamptz, $3::jsonb, $4::jsonb, $2::timestamptz + interval '9 days', $5::timestamptz, 'open', 1, 1
    FROM generate_series(1, $1) n"""
_FIRED = "SELECT count(*) FROM kehu.obligations WHERE course ? 'fired'"
_STATE = "SELECT state FROM kehu.jobs WHERE id = $1"


def obligations(cluster: Cluster, count: int, due: int, guessed: int) -> dict[str, Any]:
    """How late the last of `due` reminders of one second is fired among `count` open, and the replanning."""
    dsn = cluster.database("customer", OWING)
    return asyncio.run(_measured(cluster, dsn, count, due, guessed))


async def _measured(cluster: Cluster, dsn: str, count: int, due: int, guessed: int) -> dict[str, Any]:
    connection = await asyncpg.connect(dsn)
    now = datetime.now(UTC)
    later = now + timedelta(days=5)
    await connection.execute(_OPEN, count, now, PLAN, "{}", later)
    await connection.execute("ANALYZE kehu.obligations")
    cluster.service("customer", "relay", module=OWING)
    for copy in range(2):
        cluster.service("customer", "worker", copy, module=OWING)
    await asyncio.sleep(5)
    at = datetime.now(UTC) + timedelta(seconds=4)
    await connection.execute(_OPEN, due, now, PLAN, "{}", at)
    fired = 0
    while fired < due:
        await asyncio.sleep(0.02)
        fired = await connection.fetchval(_FIRED)
    late = (datetime.now(UTC) - at).total_seconds()

    # the year that these rest on is decreed: each is reckoned anew and, where it moves, told
    await connection.execute("DELETE FROM kehu.obligations")
    far = datetime(2031, 9, 28, 2, 0, tzinfo=UTC)
    await connection.execute(_OPEN, guessed, far, PLAN, '{"provisional": [2031]}', far + timedelta(days=1))
    job = await connection.fetchval(
        """INSERT INTO kehu.jobs (id, kind, ref, lane, run_at, progress) VALUES (uuidv7(), 'replan', '*', 'replan',
           now(), '{}') RETURNING id"""
    )
    begun = time.perf_counter()
    while await connection.fetchval(_STATE, job) == "waiting":  # noqa: ASYNC110
        await asyncio.sleep(0.1)
    seconds = time.perf_counter() - begun
    await connection.close()
    for name in ("customer-relay-0", "customer-worker-0", "customer-worker-1"):
        cluster.end(name)
    return {
        "open": count,
        "due_in_one_second": due,
        "last_fired_after_s": round(late, 2),
        "replanned": guessed,
        "replanned_in_s": round(seconds, 1),
    }
