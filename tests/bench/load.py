"""A load generator that costs little: many HTTP connections of one process, closed or open loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast


@dataclass
class Load:
    """What came back: statuses by count, latencies of the good answers in seconds."""

    statuses: dict[int, int] = field(default_factory=dict)
    latencies: list[float] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def accepted(self) -> int:
        return sum(n for status, n in self.statuses.items() if status < 300)

    def quantile(self, q: float) -> float:
        """The latency that a share `q` of the good answers stayed under, in milliseconds."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * q))] * 1000 if ordered else 0.0


class Connection(asyncio.Protocol):
    """One keep-alive connection that has one request in flight."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._answer: asyncio.Future[int] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._buffer[:end].lower()
        at = head.find(b"content-length:")
        length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(self._buffer) < end + 4 + length:
            return
        status = int(self._buffer[9:12])
        self._buffer = self._buffer[end + 4 + length :]
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(status)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionError("closed"))

    def request(self, content: bytes) -> asyncio.Future[int]:
        """Send a request; its status when the whole answer is here."""
        assert self._transport is not None
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(content)
        return self._answer


async def connect(ports: list[int], count: int) -> list[Connection]:
    """`count` connections, spread over the ports."""
    loop = asyncio.get_running_loop()
    made = [await loop.create_connection(Connection, "127.0.0.1", ports[n % len(ports)]) for n in range(count)]
    return [protocol for _, protocol in made]


async def closed_loop(ports: list[int], connections: int, seconds: float, make: Callable[[], bytes]) -> Load:
    """Each connection sends its next request when it has the answer to the last one."""
    load = Load()
    pool = await connect(ports, connections)
    until = time.perf_counter() + seconds

    async def caller(connection: Connection) -> None:
        while time.perf_counter() < until:
            await _one(connection, make(), time.perf_counter(), load)

    started = time.perf_counter()
    await asyncio.gather(*[caller(connection) for connection in pool])
    load.seconds = time.perf_counter() - started
    return load


async def open_loop(ports: list[int], connections: int, rate: float, seconds: float, make: Callable[[], bytes]) -> Load:
    """Requests come at a fixed rate, whatever the answers do; the wait for a connection counts as latency."""
    load = Load()
    free: asyncio.Queue[Connection] = asyncio.Queue()
    for connection in await connect(ports, connections):
        free.put_nowait(connection)
    started = time.perf_counter()
    running = set()
    sent = 0

    async def one(due: float) -> None:
        connection = await free.get()
        await _one(connection, make(), due, load)
        free.put_nowait(connection)

    while (now := time.perf_counter()) < started + seconds:
        while sent < (now - started) * rate:
            task = asyncio.create_task(one(started + sent / rate))
            running.add(task)
            task.add_done_callback(running.discard)
            sent += 1
        await asyncio.sleep(0.001)
    await asyncio.gather(*running)
    load.seconds = time.perf_counter() - started
    return load


async def _one(connection: Connection, content: bytes, since: float, load: Load) -> None:
    try:
        status = await connection.request(content)
    except ConnectionError:
        status = 599
    load.statuses[status] = load.statuses.get(status, 0) + 1
    if status < 300:
        load.latencies.append(time.perf_counter() - since)
