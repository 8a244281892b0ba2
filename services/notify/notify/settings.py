"""What the notify service is told besides what every service is."""

from __future__ import annotations

from chassis.settings import Settings
from pydantic import Field


class NotifySettings(Settings):
    """`KEHU_WEBHOOK_*`."""

    webhook_allow_loopback: bool = Field(False, description="development and tests: subscribers on this machine")
    webhook_timeout_seconds: float = Field(15.0, description="how long a subscriber may take to answer")
