"""What every service tells the audit log: never a value, only who did what to which rows, and why."""

from __future__ import annotations

from contracts.message import Event, Instant


class AccessRecorded(Event, type="archive.access_recorded.v1"):
    """Personal data was read, handed over or decided about.

    `actor` is the subject of a token, `ids` name rows of `table`, `rules` are ids of the rulebook, `digests`
    are SHA-256 of the ciphertexts, in hex.
    """

    service: str
    actor: str
    action: str
    table: str
    ids: list[str]
    purpose: str
    rules: list[str]
    at: Instant
    digests: list[str]
