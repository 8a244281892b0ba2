"""The notify service on its stage, with subscribers on this machine allowed."""

from __future__ import annotations

import os

import pytest
from chassis.service import Service
from notify.app import service as notify_service

os.environ["KEHU_WEBHOOK_ALLOW_LOOPBACK"] = "true"


@pytest.fixture(scope="session")
def service() -> Service:
    return notify_service
