"""The credit service under test: a distributor with papers, a clock in the test's hand, people with roles."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import pytest
import pytest_asyncio
from chassis.kit.keys import TestIssuer
from chassis.kit.stage import Stage, staged
from chassis.service import Service
from contracts.staff import Profile
from credit.app import service as the_service
from policy.calendar import ZONE
from policy.kit import Clock, hire_all, open_branch


@pytest.fixture(scope="session")
def service() -> Service:
    return the_service


@pytest_asyncio.fixture
async def stage(service: Service, database: str, keys: tuple[Path, Path], issuer: TestIssuer) -> AsyncIterator[Stage]:
    """The service; who is who, the staff directory says. It is Monday morning, 2 March 2026."""
    async with staged(service, database, keys, issuer, grants_from="staff") as stage:
        stage.runtime.clock = Clock(datetime(2026, 3, 2, 9, 15, tzinfo=ZONE))
        await open_branch(stage, "hz-dist-1", Profile.DISTRIBUTION, region="east")
        await open_branch(stage, "bj-dist-2", Profile.DISTRIBUTION, region="north")
        await hire_all(
            stage,
            {
                "sales-1": ["sales@hz-dist-1"],
                "sales-2": ["sales@bj-dist-2"],
                "finance-1": ["finance@hz-dist-1"],
                "keeper-1": ["warehouse_keeper@hz-dist-1"],
                "area-1": ["area_manager@area:east"],
                "manager-1": ["sales_manager@hz-dist-1"],
            },
        )
        yield stage
