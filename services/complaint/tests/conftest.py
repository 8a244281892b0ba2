"""The complaint service, and forms to send it."""

from __future__ import annotations

import pytest
from chassis.service import Service
from complaint.app import service as complaint_service


@pytest.fixture(scope="session")
def service() -> Service:
    return complaint_service
