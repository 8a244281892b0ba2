"""The customer service on its stage."""

from __future__ import annotations

import pytest
from chassis.service import Service
from customer.app import service as customer_service


@pytest.fixture(scope="session")
def service() -> Service:
    return customer_service
