"""The probe service with the real Kafka."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from chassis.kit.keys import TestIssuer
from chassis.kit.stage import Stage, staged
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
