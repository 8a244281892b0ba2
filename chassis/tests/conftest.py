"""The probe service with the real Kafka, and what a process logs."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import structlog
from chassis.kit.keys import TestIssuer
from chassis.kit.stage import Stage, staged
from chassis.logs import configure
from chassis.service import Service
from chassis.topics import ensure
from contracts.topics import CUSTOMER_EVENTS, CUSTOMER_STATE


@pytest_asyncio.fixture
async def live(
    service: Service,
    database: str,
    keys: tuple[Path, Path],
    issuer: TestIssuer,
    kafka_bootstrap: str,
    topic_prefix: str,
) -> AsyncIterator[Stage]:
    """The service on its stage, with topics of its own on the real Kafka."""
    await ensure(kafka_bootstrap, prefix=topic_prefix, topics=[CUSTOMER_EVENTS, CUSTOMER_STATE])
    async with staged(service, database, keys, issuer, kafka=kafka_bootstrap, topic_prefix=topic_prefix) as stage:
        yield stage


@pytest.fixture
def lines() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """The log of a process, and a function that reads its lines."""
    before, root = structlog.get_config(), logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.BytesIO()
    configure("probe", "test", stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    structlog.configure(**before)
    root.handlers[:] = handlers
    root.setLevel(level)
