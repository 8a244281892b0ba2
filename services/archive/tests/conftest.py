"""The archive service under test, its vault in a folder of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from archive.app import service as the_service
from chassis.kit.keys import TestIssuer
from chassis.kit.stage import Stage, staged
from chassis.service import Service


@pytest.fixture(scope="session")
def service() -> Service:
    return the_service


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the sealed files lie."""
    return tmp_path / "vault"


@pytest_asyncio.fixture
async def stage(
    service: Service, database: str, keys: tuple[Path, Path], issuer: TestIssuer, tmp_path: Path, folder: Path
) -> AsyncIterator[Stage]:
    more = {"blob_store": str(folder), "audit_key_file": tmp_path / "audit.pem", "item_limit": 2_000_000}
    async with staged(service, database, keys, issuer, **more) as stage:
        yield stage
