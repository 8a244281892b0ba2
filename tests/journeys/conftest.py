"""The whole system as processes, once a module."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.faults.system import Ground, ground


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def here(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Ground]:
    """Kafka, PostgreSQL, keys and an issuer that the module's systems stand on."""
    directory: Path = tmp_path_factory.mktemp("ground")
    async with ground(directory) as found:
        yield found
