"""aiokafka under uvloop: a connection that broke a moment ago is a broken connection, not a fault of the program.

uvloop refuses to write to a closed transport with a RuntimeError where asyncio says nothing. aiokafka does not expect
that: the task that keeps a consumer in its group ends, and the process takes no message any more
(https://github.com/aio-libs/aiokafka/issues/1038). This goes when aiokafka says so itself.
"""

from __future__ import annotations

from typing import Any

from aiokafka.conn import AIOKafkaConnection, CloseReason
from aiokafka.errors import KafkaConnectionError


def make_breaks_known() -> None:
    """From now on every connection of the process answers a write after its end with `KafkaConnectionError`."""
    unaware = AIOKafkaConnection.send

    def send(connection: AIOKafkaConnection, request: Any, expect_response: bool = True) -> Any:
        try:
            return unaware(connection, request, expect_response)
        except RuntimeError as error:
            connection.close(reason=CloseReason.CONNECTION_BROKEN)
            raise KafkaConnectionError(f"Connection at {connection.host}:{connection.port} broken: {error}") from error

    AIOKafkaConnection.send = send
