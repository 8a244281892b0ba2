"""What every service tells the audit log (topic `archive.audit`); never a value, only who did what to which rows."""

from __future__ import annotations

from datetime import datetime

from contracts.message import Command


class AccessRecorded(Command, type="archive.access_recorded.v1"):
    """Personal data was read, handed over or decided about; `digests` are of the ciphertexts, in hex."""

    service: str
    actor: str
    action: str
    table: str
    ids: list[str]
    purpose: str
    rules: list[str]
    at: datetime
    digests: list[str]
