"""The envelope is CloudEvents in Kafka's binary mode, and what is not one is refused without being repeated."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from contracts.envelope import Envelope, Undecodable, from_headers, to_headers
from hypothesis import given
from hypothesis import strategies as st

ENVELOPE = Envelope(
    UUID("019cac1e-6f5a-7000-8000-00000000e7e7"),
    "complaint.opened.v1",
    "complaint",
    "019cac1e-6e60-7000-8000-00000000ca5e",
    datetime(2026, 3, 2, 1, 15, 0, 250_000, tzinfo=UTC),
    7,
    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
)
SECRET = "张三 13800000000"

# without a zone, as hypothesis wants bounds; a day within the calendar, so that any zone stays in it
FIRST, LAST = datetime(1, 1, 2), datetime(9999, 12, 30)  # noqa: DTZ001

words = st.text(st.characters(categories=("L", "N", "P")), min_size=1, max_size=64)
offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
envelopes = st.builds(
    Envelope,
    st.uuids(),
    words,
    words,
    words,
    st.datetimes(FIRST, LAST, timezones=offsets),
    st.integers(0, 10**18 - 1),
    st.none() | words,
)


def with_header(name: str, *values: bytes | None) -> list[tuple[str, bytes | None]]:
    """The headers of a good envelope, with this one taken out and put in so many times."""
    others: list[tuple[str, bytes | None]] = [header for header in to_headers(ENVELOPE) if header[0] != name]
    return others + [(name, value) for value in values]


def test_an_envelope_goes_as_the_headers_of_cloudevents() -> None:
    assert to_headers(ENVELOPE) == [
        ("ce_specversion", b"1.0"),
        ("ce_id", b"019cac1e-6f5a-7000-8000-00000000e7e7"),
        ("ce_type", b"complaint.opened.v1"),
        ("ce_source", b"complaint"),
        ("ce_subject", b"019cac1e-6e60-7000-8000-00000000ca5e"),
        ("ce_time", b"2026-03-02T01:15:00.250000+00:00"),
        ("ce_sequence", b"7"),
        ("content-type", b"application/json"),
        ("traceparent", b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
    ]


@given(envelopes)
def test_an_envelope_is_read_as_it_was_written(envelope: Envelope) -> None:
    read = from_headers(to_headers(envelope))

    assert read == envelope
    assert read.time.tzinfo is UTC


def test_a_time_of_another_zone_is_written_in_utc() -> None:
    shanghai = ENVELOPE.time.astimezone(timezone(timedelta(hours=8)))

    assert to_headers(replace(ENVELOPE, time=shanghai)) == to_headers(ENVELOPE)


def test_an_envelope_without_a_trace_is_read() -> None:
    assert from_headers(with_header("traceparent")).traceparent is None


@pytest.mark.parametrize(
    "foreign", [("x-anything", None), ("ce_partitionkey", b"\xff\x00"), ("content-type", b"\xff"), (SECRET, None)]
)
def test_headers_that_are_not_the_envelopes_are_passed_over(foreign: tuple[str, bytes | None]) -> None:
    assert from_headers([foreign, *to_headers(ENVELOPE), foreign]) == ENVELOPE


@pytest.mark.parametrize(
    "name", ["ce_specversion", "ce_id", "ce_type", "ce_source", "ce_subject", "ce_time", "ce_sequence"]
)
@pytest.mark.parametrize("values", [(), (b"",)], ids=["missing", "empty"])
def test_a_missing_or_empty_header_is_refused(name: str, values: tuple[bytes, ...]) -> None:
    with pytest.raises(Undecodable, match=f"^header {name} is (missing|not 1.0)$"):
        from_headers(with_header(name, *values))


@pytest.mark.parametrize(
    "name", ["ce_specversion", "ce_id", "ce_type", "ce_source", "ce_subject", "ce_time", "ce_sequence", "traceparent"]
)
@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ((None,), "has no value"),
        ((b"\xff\xfe",), "is not UTF-8"),
        ((b"1" * 257,), "is too long"),
        ((b"1.0", b"1.0"), "stands twice"),
        ((f"{SECRET}\0".encode(),), "holds a control character"),
    ],
)
def test_a_malformed_header_is_refused(name: str, values: tuple[bytes | None, ...], reason: str) -> None:
    with pytest.raises(Undecodable, match=f"^header {name} {reason}$"):
        from_headers(with_header(name, *values))


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("ce_specversion", "0.3", "is not 1.0"),
        ("ce_id", SECRET, "is not a UUID"),
        ("ce_id", "{019cac1e-6f5a-7000-8000-00000000e7e7}", "is not a UUID"),
        ("ce_id", "019cac1e6f5a7000800000000000e7e7", "is not a UUID"),
        ("ce_time", SECRET, "is not an instant"),
        ("ce_time", "0001-01-01T00:00:00+14:00", "is not an instant"),
        ("ce_time", "2026-03-02T01:15:00", "has no zone"),
        ("ce_sequence", SECRET, "is not a count"),
        ("ce_sequence", "-1", "is not a count"),
        ("ce_sequence", "1_0", "is not a count"),
        ("ce_sequence", "٧", "is not a count"),
        ("ce_sequence", "9" * 19, "is not a count"),
    ],
)
def test_a_header_that_holds_something_else_is_refused_without_repeating_it(name: str, value: str, reason: str) -> None:
    with pytest.raises(Undecodable) as refused:
        from_headers(with_header(name, value.encode()))

    assert str(refused.value) == f"header {name} {reason}"


names = st.sampled_from([name for name, _ in to_headers(ENVELOPE)]) | st.text(max_size=12)


@given(st.lists(st.tuples(names, st.none() | st.binary(max_size=300)), max_size=12))
def test_no_headers_whatever_raise_anything_else(headers: list[tuple[str, bytes | None]]) -> None:
    with pytest.raises(Undecodable):
        from_headers(headers)


@given(names, st.none() | st.binary(max_size=40) | st.text(max_size=40).map(str.encode))
def test_one_bad_header_in_a_good_envelope_raises_nothing_else(name: str, value: bytes | None) -> None:
    with suppress(Undecodable):
        from_headers(with_header(name, value))
