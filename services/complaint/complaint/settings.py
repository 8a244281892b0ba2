"""What the complaint service is told besides what every service is."""

from __future__ import annotations

from chassis.vault import VaultSettings
from pydantic import Field


class ComplaintSettings(VaultSettings):
    """`KEHU_ATTACHMENT_LIMIT`."""

    attachment_limit: int = Field(100 * 1024**2, le=1024**3, description="largest attachment in bytes")
