"""Fixtures for pytest: `stage` for a service that its `conftest.py` names, and the real Kafka."""

from __future__ import annotations

import gc
import os
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio
import structlog

from chassis.kit.databases import Databases
from chassis.kit.keys import TestIssuer, write_keys
from chassis.kit.stage import Stage, staged
from chassis.service import Service


def pytest_collection_finish() -> None:
    """What was imported and collected stays: the garbage collector need not look through it again."""
    gc.freeze()


def pytest_configure() -> None:
    """Garbage is collected seldom, as it took two fifths of what the tests cost, and tracebacks are short: with every
    local variable a failure that a test provokes took longer than the test.
    """
    gc.set_threshold(50_000, 20, 20)
    plain = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[structlog.processors.add_log_level, plain])


@pytest.fixture(scope="session")
def postgres_dsn() -> str:
    """The test server, as its superuser."""
    return os.environ["KEHU_TEST_POSTGRES_DSN"]


@pytest.fixture(scope="session")
def kafka_bootstrap() -> str:
    """The test broker."""
    return os.environ["KEHU_TEST_KAFKA"]


@pytest.fixture
def topic_prefix() -> str:
    """A prefix that keeps this test's topics and groups apart from all others."""
    return f"t{uuid4().hex[:8]}."


@pytest.fixture(scope="session")
def databases(postgres_dsn: str) -> Databases:
    return Databases(postgres_dsn)


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Master keys and token keys, as files."""
    return write_keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="session")
def issuer() -> TestIssuer:
    return TestIssuer()


@pytest_asyncio.fixture
async def database(databases: Databases, service: Service) -> AsyncIterator[str]:
    """A fresh, migrated database of the service; its DSN."""
    async with databases.fresh(service) as dsn:
        yield dsn


@pytest_asyncio.fixture
async def stage(service: Service, database: str, keys: tuple[Path, Path], issuer: TestIssuer) -> AsyncIterator[Stage]:
    """The service on its stage."""
    async with staged(service, database, keys, issuer) as stage:
        yield stage
