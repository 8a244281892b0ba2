"""Messages keep what they say on their way, and survive what a newer sender adds."""

from __future__ import annotations

import types
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Union, get_args, get_origin
from uuid import UUID

import pytest
from contracts.complaint import Channel, ComplaintMatched, ComplaintOpened, Match
from contracts.enums import Open
from contracts.examples import EXAMPLES
from contracts.message import MESSAGES, Event, Instant, Message, decode, encode
from contracts.money import Money
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AwareDatetime, BaseModel, ValidationError

ALL = sorted(MESSAGES.values(), key=lambda message: message.TYPE)
EVERY_EXAMPLE = [example for message in ALL for example in EXAMPLES[message]]

# without a zone, as hypothesis wants bounds; a day within the calendar, so that any zone stays in it
FIRST, LAST = datetime(1, 1, 2), datetime(9999, 12, 30)  # noqa: DTZ001

zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
simple: dict[Any, st.SearchStrategy[Any]] = {
    str: st.text(),
    int: st.integers(-(2**53), 2**53),
    bool: st.booleans(),
    UUID: st.uuids(),
    AwareDatetime: st.datetimes(FIRST, LAST, timezones=zones),
    date: st.dates(),
    Decimal: st.decimals(-(10**9), 10**9, places=2),
    Money: st.builds(
        Money, amount=st.decimals(-(10**15), 10**15, places=2), currency=st.from_regex(r"[A-Z]{3}", fullmatch=True)
    ),
    type(None): st.none(),
}


def values(annotation: Any, metadata: tuple[Any, ...] = ()) -> st.SearchStrategy[Any]:
    """What a field of this type can hold when it is sent."""
    for each in metadata:
        if isinstance(kind := getattr(each, "kind", None), type) and issubclass(kind, StrEnum):
            return st.sampled_from(kind)
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return values(parts[0], parts[1:])
    if origin in (Union, types.UnionType):
        return st.one_of(*map(values, parts))
    if origin is list:
        return st.lists(values(parts[0]), max_size=3)
    if origin is dict:
        return st.dictionaries(values(parts[0]), values(parts[1]), max_size=3)
    if annotation not in simple and issubclass(annotation, BaseModel):
        return models(annotation)
    return simple[annotation]


def models(model: type[BaseModel]) -> st.SearchStrategy[Any]:
    fields = {name: values(field.annotation, tuple(field.metadata)) for name, field in model.model_fields.items()}
    return st.builds(model, **fields)


@given(st.sampled_from(ALL).flatmap(models))
def test_a_message_is_read_as_it_was_sent_and_the_same_message_has_the_same_bytes(message: Message) -> None:
    sent = encode(message)

    read = decode(message.TYPE, sent)

    assert read == message
    assert type(read) is type(message)
    assert encode(read) == sent


@given(st.sampled_from(ALL), st.binary() | st.text().map(str.encode) | st.just(b"{}"))
def test_bytes_that_are_no_message_are_refused_as_a_value_error(message: type[Message], value: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode(message.TYPE, value)


def test_an_error_never_repeats_what_was_read() -> None:
    with pytest.raises(ValidationError) as refused:
        decode(ComplaintMatched.TYPE, b'{"case_id": "Zhang San, 13800000000"}')

    assert "Zhang" not in str(refused.value)
    assert "138" not in str(refused.value)


def test_a_message_of_an_unknown_type_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        decode("complaint.sung.v1", b"{}")


@pytest.mark.parametrize("example", EVERY_EXAMPLE, ids=lambda example: example.TYPE)
def test_a_field_that_a_newer_sender_has_added_is_passed_over(example: Message) -> None:
    newer = encode(example)[:-1] + b',"added_later":{"by":["somebody"]}}'

    assert decode(example.TYPE, newer) == example


def test_a_member_added_by_a_newer_sender_is_read_as_text_and_known_ones_as_members() -> None:
    opened = EXAMPLES[ComplaintOpened][0]
    newer = encode(opened).replace(b'"channel":"phone"', b'"channel":"telepathy"')

    read = decode(ComplaintOpened.TYPE, newer)

    assert isinstance(read, ComplaintOpened)
    assert read.channel == "telepathy"
    assert read.match is Match.MATCHED


def test_what_an_enumeration_does_not_have_cannot_be_sent() -> None:
    opened = EXAMPLES[ComplaintOpened][0]
    wrong = ComplaintOpened.model_validate(opened.model_dump() | {"channel": "telepathy"})

    with pytest.raises(ValueError, match="Channel has no such member") as refused:
        encode(wrong)

    assert "telepathy" not in str(refused.value)
    assert encode(ComplaintOpened.model_validate(opened.model_dump() | {"channel": Channel.WEB}))


@pytest.mark.parametrize("example", EVERY_EXAMPLE, ids=lambda example: example.TYPE)
def test_a_time_without_a_zone_is_refused_in_every_message(example: Message) -> None:
    for name, value in example:
        if isinstance(value, datetime):
            with pytest.raises(ValidationError):
                type(example).model_validate({**dict(example), name: value.replace(tzinfo=None)})


class Rang(Event):
    """A message of the test's own, in no registry."""

    at: Instant
    price: Money
    how: list[Open[Channel]]


def test_times_go_in_utc_and_amounts_as_text() -> None:
    shanghai = timezone(timedelta(hours=8))
    rang = Rang(at=datetime(2026, 3, 2, 9, 15, tzinfo=shanghai), price=Money(amount=Decimal("0.1")), how=[Channel.WEB])

    assert encode(rang) == b'{"at":"2026-03-02T01:15:00Z","price":{"amount":"0.10","currency":"CNY"},"how":["web"]}'
    assert rang.at.tzinfo is UTC


def test_an_enumeration_within_a_list_is_strict_too() -> None:
    rang = Rang(at=datetime.now(UTC), price=Money(amount=Decimal(1)), how=[])

    with pytest.raises(ValueError, match="Channel has no such member"):
        encode(Rang.model_validate({**dict(rang), "how": ["telepathy"]}))


def test_a_time_that_its_zone_carries_out_of_the_calendar_is_refused() -> None:
    with pytest.raises(ValidationError):
        Rang.model_validate_json('{"at":"0001-01-01T00:00:00+14:00","price":{"amount":"1"},"how":[]}')


def test_a_message_cannot_be_changed() -> None:
    example = EXAMPLES[ComplaintMatched][0]

    with pytest.raises(ValidationError):
        example.case_id = UUID(int=0)  # type: ignore[attr-defined]


def test_two_messages_cannot_have_one_name() -> None:
    with pytest.raises(TypeError, match=r"two messages are called complaint\.opened\.v1"):
        type("Impostor", (Event,), {}, type="complaint.opened.v1")

    assert MESSAGES["complaint.opened.v1"] is ComplaintOpened
