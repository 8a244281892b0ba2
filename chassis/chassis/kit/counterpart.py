"""Another system on a real port: takes HTTP requests and answers what it is told to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import orjson


@dataclass(frozen=True)
class Request:
    """What came: header names in lower case; `path` with its query."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    """What is answered."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


def answered(value: Any, status: int = 200) -> Reply:
    """A reply in JSON."""
    return Reply(status, {"Content-Type": "application/json"}, orjson.dumps(value))


#: None: no answer, the connection is closed
Answer = Callable[[Request], Reply | None]


@asynccontextmanager
async def counterpart(answer: Answer, port: int = 0) -> AsyncIterator[str]:
    """Serve on the loopback while the block runs; the address, without a path."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[:-2]
                method, path, _ = first.split(" ")
                headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                reply = answer(Request(method, path, headers, body))
                if reply is None:
                    break
                extra = "".join(f"{name}: {value}\r\n" for name, value in reply.headers.items())
                head = f"HTTP/1.1 {reply.status} Said\r\n{extra}Content-Length: {len(reply.body)}\r\n\r\n"
                writer.write(head.encode() + reply.body)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", port)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
