"""The staff service under test."""

from __future__ import annotations

import pytest
from chassis.service import Service
from staff.app import service as staff_service


@pytest.fixture(scope="session")
def service() -> Service:
    return staff_service
