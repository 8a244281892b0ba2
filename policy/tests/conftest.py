"""A service with the rule engines, its clock in the test's hand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from chassis.kit.probe import probe
from chassis.kit.stage import Stage
from chassis.service import Service
from policy.calendar import ZONE
from policy.engines import ENGINES


@pytest.fixture(scope="session")
def service() -> Service:
    return probe("customer", libraries=[ENGINES])


@dataclass
class Clock:
    """What the service takes for now."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now

    def at(self, text: str) -> datetime:
        """Set it to a civil time, in Shanghai."""
        self.now = datetime.fromisoformat(text).replace(tzinfo=ZONE)
        return self.now

    def later(self, **delta: float) -> datetime:
        self.now += timedelta(**delta)
        return self.now


@pytest.fixture
def clock(stage: Stage) -> Clock:
    """Monday morning, and it stands."""
    clock = Clock(datetime(2026, 3, 2, 9, 15, tzinfo=ZONE))
    stage.runtime.clock = clock
    return clock
