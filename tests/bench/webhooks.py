"""Webhooks to a hundred endpoints, one of which takes the connection and never answers."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import Any

import asyncpg
import httpx
from aiokafka import AIOKafkaProducer
from chassis.ids import uuid7
from chassis.relay import partition_of
from contracts.complaint import ComplaintSerious, SeriousKind
from contracts.envelope import Envelope, to_headers
from contracts.message import encode
from contracts.topics import COMPLAINT_SERIOUS

from tests.bench.cluster import Cluster, spent

ENDPOINTS = 100
#: of the complaints here, and not of those that intake has left on the topic
BRAND = "品牌甲"
_TAKEN = b"HTTP/1.1 204 No Content\r\n\r\n"


class Sink(asyncio.Protocol):
    """A subscriber that answers at once; `dead` ones never do. Counts requests and notes when the last one came."""

    taken = 0
    first = last = 0.0

    def __init__(self, dead: bool) -> None:
        self._dead = dead
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if self._dead or self._transport is None:
            return
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end].lower()
            length = int(head[head.index(b"content-length:") + 15 :].split(b"\r\n", 1)[0])
            if len(self._buffer) < end + 4 + length:
                return
            self._buffer = self._buffer[end + 4 + length :]
            self._transport.write(_TAKEN)
            Sink.last = time.perf_counter()
            Sink.first = Sink.first or Sink.last
            Sink.taken += 1


def webhooks(cluster: Cluster, events: int) -> dict[str, Any]:
    """Deliveries a second of one notify process while one endpoint of a hundred is dead."""
    dsn = cluster.database("notify")
    port = cluster.service("notify", "all", KEHU_WEBHOOK_ALLOW_LOOPBACK="true", KEHU_POOL_SIZE="8")
    return asyncio.run(_measure(cluster, dsn, port, events))


async def _measure(cluster: Cluster, dsn: str, port: int, events: int) -> dict[str, Any]:
    loop = asyncio.get_running_loop()
    living = await loop.create_server(lambda: Sink(dead=False), "127.0.0.1", 0)
    dead = await loop.create_server(lambda: Sink(dead=True), "127.0.0.1", 0)
    await _subscribe(cluster, port, living.sockets[0].getsockname()[1], dead.sockets[0].getsockname()[1])
    before = cluster.cpu_seconds()
    await _tell(cluster, events)
    wanted = events * (ENDPOINTS - 1)
    deadline = time.perf_counter() + 180
    while Sink.taken < wanted and time.perf_counter() < deadline:  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    used = spent(before, cluster.cpu_seconds())
    connection = await asyncpg.connect(dsn)
    stuck = await connection.fetchval("SELECT count(*) FROM deliveries WHERE state = 'planned'")
    await connection.close()
    living.close()
    dead.close()
    return {
        "endpoints": ENDPOINTS,
        "deliveries": Sink.taken,
        "missing": wanted - Sink.taken,
        "per_s": round((Sink.taken - 1) / max(Sink.last - Sink.first, 1e-6)),
        "waiting_for_the_dead_one": stuck,
        "cpu_us_a_delivery": {
            "notify": round(used.get("notify-all", 0.0) * 1e6 / max(1, Sink.taken)),
            "postgres": round(used["postgres"] * 1e6 / max(1, Sink.taken)),
        },
    }


async def _subscribe(cluster: Cluster, port: int, living: int, dead: int) -> None:
    token = cluster.token("administrator@group")
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {token}"}) as admin:
        for number in range(ENDPOINTS):
            address = f"http://127.0.0.1:{living if number else dead}/endpoint/{number}"
            form = {"party": f"party-{number}", "url": address, "types": [ComplaintSerious.TYPE], "brands": [BRAND]}
            (await admin.post(f"http://127.0.0.1:{port}/v1/subscriptions", json=form)).raise_for_status()


async def _tell(cluster: Cluster, events: int) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=cluster.kafka.bootstrap)
    await producer.start()
    for number in range(events):
        case, now = uuid7(), datetime.now(UTC)
        message = ComplaintSerious(
            case_id=case,
            number=f"20261124-{number:07}-0",
            brand=BRAND,
            series="轩逸",
            model=None,
            model_year=2020,
            fault_codes=["H93"],
            kinds=[SeriousKind.NEGATIVE_MEDIA],
            branch="sh-pudong",
            region=None,
            taken_at=now,
            serious_at=now,
            summary="变速箱低速顿挫, 升级程序后仍然存在。" * 5,
            detail=f"/v1/complaints/{case}/detail",
        )
        key = str(case)
        place = partition_of(key.encode(), COMPLAINT_SERIOUS.partitions)
        headers = to_headers(Envelope(uuid7(), message.TYPE, "complaint", key, now, 1, None))
        await producer.send(COMPLAINT_SERIOUS.name, encode(message), key.encode(), place, headers=headers)
    await producer.stop()
