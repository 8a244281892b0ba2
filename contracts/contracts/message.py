"""What a message is: types only, a wire name of its own, read leniently and sent strictly."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict

from contracts.enums import SENDING

#: every message by its wire name
MESSAGES: dict[str, type[Message]] = {}


def _utc(time: datetime) -> datetime:
    try:
        return time.astimezone(UTC)
    except OverflowError:
        raise ValueError("its zone carries it out of the calendar") from None


#: a point in time: never without a zone, on the wire always in UTC (RFC 3339)
Instant = Annotated[AwareDatetime, AfterValidator(_utc)]


class Message(BaseModel):
    """A fact, a command or a state that crosses a boundary; immutable.

    The class is declared with its wire name: `class CaseOpened(Event, type="complaint.opened.v1")`.
    A field that a newer sender has added is ignored when read; an error never repeats what was read.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    TYPE: ClassVar[str] = ""

    @classmethod
    def __pydantic_init_subclass__(cls, *, type: str | None = None, **_: Any) -> None:
        if type is None:
            return
        if type in MESSAGES and MESSAGES[type].__qualname__ != cls.__qualname__:
            raise TypeError(f"two messages are called {type}")
        cls.TYPE = type
        MESSAGES[type] = cls

    def __init_subclass__(cls, **_: Any) -> None:
        """Swallow the class keywords: pydantic hands them to `__pydantic_init_subclass__`."""
        super().__init_subclass__()


class Event(Message):
    """A fact that has happened, told by its owner."""


class Command(Message):
    """A request to its receiver, who owns its shape."""


class Entry(Message):
    """The newest public state of something, on a compacted topic."""


def encode(message: Message) -> bytes:
    """The message as compact JSON, its fields in the order of the class; the same message, the same bytes.

    ValueError when an enumeration holds what it does not have.
    """
    return message.__pydantic_serializer__.to_json(message, context=SENDING)


def decode(type: str, value: bytes) -> Message:
    """The message of wire name `type`; KeyError for an unknown one, ValueError for what does not fit."""
    return MESSAGES[type].model_validate_json(value)
