"""A broker that goes away in the middle, under the loop that services run on."""

from __future__ import annotations

import asyncio

import pytest
import uvloop
from aiokafka.client import AIOKafkaClient
from aiokafka.conn import AIOKafkaConnection
from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.metadata import MetadataRequest
from chassis.broker_connection import make_breaks_known


def test_a_write_to_a_connection_that_has_just_broken_says_that_it_broke(
    kafka_bootstrap: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AIOKafkaConnection, "send", AIOKafkaConnection.send)  # as it was, at the end

    async def write_after_the_end() -> None:
        client = AIOKafkaClient(bootstrap_servers=kafka_bootstrap)
        await client.bootstrap()
        try:
            node = client.get_random_node()
            assert await client.ready(node)
            connection = await client._get_conn(node)
            connection._writer.transport.abort()
            await asyncio.sleep(0)  # the transport is closed now, and whoever reads of it hears of that next
            connection.send(MetadataRequest([]))
        finally:
            await client.close()

    with pytest.raises(RuntimeError, match="the handler is closed"):
        uvloop.run(write_after_the_end())
    make_breaks_known()
    with pytest.raises(KafkaConnectionError, match="broken"):
        uvloop.run(write_after_the_end())
