"""What the tools say of the programs that they start."""

from __future__ import annotations

import asyncio
import socket

import pytest
from dev.children import free_port, listens


async def test_a_port_given_out_is_nobody_elses_and_its_server_may_come_again() -> None:
    port = free_port()
    assert not listens(port)
    with socket.socket() as stranger, pytest.raises(OSError, match="in use"):
        stranger.bind(("127.0.0.1", port))

    for _ in range(2):
        server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", port)
        assert listens(port)
        server.close()
        await server.wait_closed()


def test_no_port_is_given_out_twice() -> None:
    ports = [free_port() for _ in range(1_000)]

    assert len(set(ports)) == len(ports)
