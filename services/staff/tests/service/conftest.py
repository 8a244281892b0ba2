"""The stage that the rooms' tests share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from chassis.kit.keys import TestIssuer
from chassis.kit.stage import Stage
from chassis.service import Service

from .ledger import staffed


@pytest_asyncio.fixture
async def staff(service: Service, database: str, keys: tuple[Path, Path], issuer: TestIssuer) -> AsyncIterator[Stage]:
    """The service with people at a dealership, on a Monday morning."""
    async with staffed(service, database, keys, issuer) as stage:
        yield stage
