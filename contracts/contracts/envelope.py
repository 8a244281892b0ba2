"""The envelope of a message: CloudEvents 1.0 in Kafka's binary mode, with W3C trace context."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

_VERSION = ("ce_specversion", b"1.0")
_CONTENT = ("content-type", b"application/json")
_LONGEST = 256
_REQUIRED = ("ce_id", "ce_type", "ce_source", "ce_subject", "ce_time", "ce_sequence")


class Undecodable(ValueError):
    """A record whose envelope cannot be read; the reason names the header and never what it holds."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who says what about whom, when, and as which in the row."""

    id: UUID
    type: str
    source: str
    subject: str
    time: datetime
    sequence: int
    traceparent: str | None


def to_headers(envelope: Envelope) -> list[tuple[str, bytes]]:
    """The envelope as Kafka headers."""
    headers = [
        _VERSION,
        ("ce_id", str(envelope.id).encode()),
        ("ce_type", envelope.type.encode()),
        ("ce_source", envelope.source.encode()),
        ("ce_subject", envelope.subject.encode()),
        ("ce_time", envelope.time.astimezone(UTC).isoformat().encode()),
        ("ce_sequence", str(envelope.sequence).encode()),
        _CONTENT,
    ]
    if envelope.traceparent is not None:
        headers.append(("traceparent", envelope.traceparent.encode()))
    return headers


def from_headers(headers: Sequence[tuple[str, bytes | None]]) -> Envelope:
    """The envelope of a record's headers; `Undecodable` for anything that is not one."""
    found: dict[str, str] = {}
    for name, value in headers:
        if not name.startswith("ce_") and name != "traceparent":
            continue
        if value is None:
            raise Undecodable(f"header {name[:40]} has no value")
        if len(value) > _LONGEST:
            raise Undecodable(f"header {name[:40]} is too long")
        if name in found:
            raise Undecodable(f"header {name[:40]} stands twice")
        try:
            found[name] = value.decode("utf-8")
        except UnicodeDecodeError:
            raise Undecodable(f"header {name[:40]} is not UTF-8") from None
    if found.get("ce_specversion") != "1.0":
        raise Undecodable("header ce_specversion is not 1.0")
    for name in _REQUIRED:
        if not found.get(name):
            raise Undecodable(f"header {name} is missing")
    try:
        identifier = UUID(found["ce_id"])
    except ValueError:
        raise Undecodable("header ce_id is not a UUID") from None
    try:
        time = datetime.fromisoformat(found["ce_time"])
    except ValueError:
        raise Undecodable("header ce_time is not an instant") from None
    if time.tzinfo is None:
        raise Undecodable("header ce_time has no zone")
    sequence = found["ce_sequence"]
    if not (sequence.isascii() and sequence.isdigit()) or len(sequence) > 18:
        raise Undecodable("header ce_sequence is not a count")
    return Envelope(
        identifier,
        found["ce_type"],
        found["ce_source"],
        found["ce_subject"],
        time,
        int(sequence),
        found.get("traceparent"),
    )
