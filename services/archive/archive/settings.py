"""What the archive is told besides what every service is."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from chassis.vault import VaultSettings
from pydantic import Field, model_validator


class ArchiveSettings(VaultSettings):
    """`KEHU_ITEM_LIMIT`, `KEHU_AUDIT_KEY_FILE`, `KEHU_AUDIT_LOG_NAME`."""

    item_limit: int = Field(200 * 1024**2, le=4 * 1024**3, description="largest file of an item in bytes")
    audit_key_file: Path | None = Field(
        None, description="private key (Ed25519, PEM) that signs tree heads; made where it is missing, in development"
    )
    audit_log_name: str = Field("kehu-audit", description="the name under which tree heads are signed")

    @model_validator(mode="after")
    def _signed_in_production(self) -> Self:
        if self.environment == "production" and self.audit_key_file is None:
            raise ValueError("production needs KEHU_AUDIT_KEY_FILE")
        return self
