"""Every service of the repository, one after the other."""

from __future__ import annotations

from importlib import import_module

import pytest
from chassis.service import Service
from dev.system import services


@pytest.fixture(scope="session", params=services())
def service(request: pytest.FixtureRequest) -> Service:
    """The service under test."""
    found: Service = import_module(f"{request.param}.app").service
    return found
