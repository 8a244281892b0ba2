"""Local copies and reactions from a backlog, by two workers; from a commit to its effect while all is idle."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
from aiokafka import AIOKafkaProducer
from chassis.ids import uuid7
from chassis.relay import CHANNEL, partition_of
from contracts.customer import CustomerChanged, CustomerEntry, CustomerKind, Token, TokenKind
from contracts.envelope import Envelope, to_headers
from contracts.message import Message, encode
from contracts.topics import topic_of

from tests.bench.cluster import Cluster, spent

PROBED = "tests.bench.probed"
KEYS = 20_000
WORKERS = 2


def consuming(cluster: Cluster, entries: int, events: int, samples: int) -> dict[str, Any]:
    """The three figures, on a database of their own."""
    dsn = cluster.database("probe", PROBED)
    copies = _backlog(cluster, dsn, "copies", _entries(entries), entries)
    reactions = _backlog(cluster, dsn, "kehu.inbox", _events(events), events)
    cluster.service("probe", "all", module=PROBED)
    time.sleep(2)
    return {"projections": copies, "reactions": reactions, "idle": asyncio.run(_idle(dsn, samples))}


def _entries(count: int) -> Iterable[tuple[UUID, int, Message]]:
    now = datetime.now(UTC)
    for _ in range(count):
        key = uuid7()
        tokens = [Token(kind=TokenKind.PHONE, token=key.hex[:22], key="t1")] * 2
        kind = CustomerKind.PERSON
        yield (
            key,
            1,
            CustomerEntry(
                customer_id=key, kind=kind, customer_class=None, branch="sh-pudong", tokens=tokens, as_of=now
            ),
        )


def _events(count: int) -> Iterable[tuple[UUID, int, Message]]:
    keys = [uuid7() for _ in range(KEYS)]
    for n in range(count):
        key = keys[n % KEYS]
        yield key, n // KEYS + 1, CustomerChanged(customer_id=key, what=["phones"], changed_by="bench")


def _backlog(
    cluster: Cluster, dsn: str, table: str, messages: Iterable[tuple[UUID, int, Message]], count: int
) -> dict[str, Any]:
    """How fast workers that start to find the messages there have written their effects."""
    asyncio.run(_produce(cluster, messages))
    before = cluster.cpu_seconds()
    for copy in range(WORKERS):
        cluster.service("probe", "worker", copy, module=PROBED)
    (first, at_first), (last, at_last) = asyncio.run(_watch(dsn, f"SELECT count(*) FROM {table}", count))
    used = spent(before, cluster.cpu_seconds())
    for copy in range(WORKERS):
        cluster.end(f"probe-worker-{copy}")
    return {
        "messages": count,
        "workers": WORKERS,
        "per_s": round((last - first) / max(at_last - at_first, 1e-6)),
        "cpu_us_a_message": {
            "worker": round(used.get("probe-worker", 0.0) * 1e6 / count),
            "postgres": round(used["postgres"] * 1e6 / count),
        },
    }


async def _produce(cluster: Cluster, messages: Iterable[tuple[UUID, int, Message]]) -> None:
    producer = AIOKafkaProducer(
        bootstrap_servers=cluster.kafka.bootstrap, compression_type="lz4", linger_ms=20, max_batch_size=256 * 1024
    )
    await producer.start()
    sending = []
    for key, sequence, message in messages:
        topic, text = topic_of(type(message)), str(key)
        envelope = Envelope(uuid7(), message.TYPE, topic.owner, text, datetime.now(UTC), sequence, None)
        place = partition_of(text.encode(), topic.partitions)
        headers = to_headers(envelope)
        sending.append(await producer.send(topic.name, encode(message), text.encode(), place, headers=headers))
    await asyncio.gather(*sending)
    await producer.stop()


async def _watch(dsn: str, sql: str, count: int) -> tuple[tuple[int, float], tuple[int, float]]:
    """How many there were at the first sight of any, and at the end, each with its instant."""
    connection = await asyncpg.connect(dsn)
    first: tuple[int, float] | None = None
    while True:
        found, now = int(await connection.fetchval(sql)), time.perf_counter()
        if found and first is None:
            first = found, now
        if found >= count:
            await connection.close()
            return first or (0, now), (found, now)
        await asyncio.sleep(0.05)


async def _idle(dsn: str, samples: int) -> dict[str, Any]:
    """One message at a time: from the commit of its outbox row to the commit of the effect in another process."""
    connection, waker = await asyncpg.connect(dsn), await asyncpg.connect(dsn)
    topic = topic_of(CustomerChanged).name
    millis = []
    for _ in range(samples):
        key, event_id = uuid7(), uuid7()
        value = encode(CustomerChanged(customer_id=key, what=["phones"], changed_by="bench"))
        await connection.execute(
            """INSERT INTO kehu.outbox (topic, key, event_id, type, sequence, occurred_at, value)
               VALUES ($1, $2, $3, $4, 1, now(), $5)""",
            topic, str(key), event_id, CustomerChanged.TYPE, value,
        )  # fmt: skip
        committed = time.perf_counter()
        await waker.execute(f"NOTIFY {CHANNEL}")
        seen = "SELECT true FROM kehu.inbox WHERE event_id = $1 AND day >= current_date - 1"
        while not await connection.fetchval(seen, event_id):  # noqa: ASYNC110  it is looked for, not told
            await asyncio.sleep(0.001)
        millis.append((time.perf_counter() - committed) * 1000)
        await asyncio.sleep(0.15)
    await connection.close()
    await waker.close()
    ordered = sorted(millis)
    return {
        "samples": samples,
        "p50_ms": round(statistics.median(ordered), 1),
        "p99_ms": round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))], 1),
    }
