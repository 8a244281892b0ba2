"""The envelope of a message: CloudEvents 1.0 in Kafka's binary mode, with W3C trace context."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

_VERSION = ("ce_specversion", b"1.0")
_CONTENT = ("content-type", b"application/json")
_REQUIRED = ("ce_id", "ce_type", "ce_source", "ce_subject", "ce_time", "ce_sequence")
_READ = frozenset((*_REQUIRED, "ce_specversion", "traceparent"))
_UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE).fullmatch
_COUNT = re.compile("[0-9]{1,18}").fullmatch
_LONGEST = 256


class Undecodable(ValueError):
    """A record whose envelope cannot be read; the reason names the header and never what it holds."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who says what about whom, when, and as which in the row.

    `type` is the wire name of the message, `source` the service that sends it, `subject` the aggregate and
    the Kafka key, `time` when the fact happened (aware), `sequence` the aggregate's own count of its events,
    `traceparent` the W3C trace context. Texts are printable and at most 256 bytes.
    """

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
    """The envelope of a record's headers, its time in UTC; `Undecodable` for anything that is not one.

    Headers that are not the envelope's are passed over, whatever they hold.
    """
    found: dict[str, str] = {}
    for name, value in headers:
        if name not in _READ:
            continue
        if value is None:
            raise Undecodable(f"header {name} has no value")
        if len(value) > _LONGEST:
            raise Undecodable(f"header {name} is too long")
        if name in found:
            raise Undecodable(f"header {name} stands twice")
        try:
            text = value.decode()
        except UnicodeDecodeError:
            raise Undecodable(f"header {name} is not UTF-8") from None
        if not text.isprintable():
            raise Undecodable(f"header {name} holds a control character")
        found[name] = text
    if found.get("ce_specversion") != "1.0":
        raise Undecodable("header ce_specversion is not 1.0")
    for name in _REQUIRED:
        if not found.get(name):
            raise Undecodable(f"header {name} is missing")
    if not _UUID(found["ce_id"]):
        raise Undecodable("header ce_id is not a UUID")
    if not _COUNT(found["ce_sequence"]):
        raise Undecodable("header ce_sequence is not a count")
    return Envelope(
        UUID(found["ce_id"]),
        found["ce_type"],
        found["ce_source"],
        found["ce_subject"],
        _instant(found["ce_time"]),
        int(found["ce_sequence"]),
        found.get("traceparent"),
    )


def _instant(text: str) -> datetime:
    """An RFC 3339 time in UTC; one whose zone would carry it out of the calendar is not an instant either."""
    try:
        time = datetime.fromisoformat(text)
        utc = time.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Undecodable("header ce_time is not an instant") from None
    if time.tzinfo is None:
        raise Undecodable("header ce_time has no zone")
    return utc
