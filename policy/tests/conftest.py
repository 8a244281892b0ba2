"""A service with the rule engines, its clock in the test's hand."""

from __future__ import annotations

from datetime import datetime

import pytest
from chassis.kit.probe import probe
from chassis.kit.stage import Stage
from chassis.service import Service
from policy.calendar import ZONE
from policy.engines import ENGINES
from policy.kit import Clock


@pytest.fixture(scope="session")
def service() -> Service:
    return probe("customer", libraries=[ENGINES])


@pytest.fixture
def clock(stage: Stage) -> Clock:
    """Monday morning, and it stands."""
    clock = Clock(datetime(2026, 3, 2, 9, 15, tzinfo=ZONE))
    stage.runtime.clock = clock
    return clock
