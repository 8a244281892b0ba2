"""The console service under test."""

from __future__ import annotations

import pytest
from chassis.service import Service
from console.app import service as the_service


@pytest.fixture(scope="session")
def service() -> Service:
    return the_service
