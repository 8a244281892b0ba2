"""Enumerations with words for people; and those that may grow: strict for who sends them, any text for who reads."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Self, TypeVar

from pydantic import GetCoreSchemaHandler, SerializationInfo
from pydantic_core import CoreSchema, core_schema

E = TypeVar("E", bound=StrEnum)


class Worded(StrEnum):
    """Members are written `value, Chinese, English`; `zh` and `en` say them to people."""

    zh: str
    en: str

    def __new__(cls, value: str, zh: str = "", en: str = "") -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.zh = zh
        member.en = en
        return member


#: the serialization context under which a message is being sent
SENDING = {"sending": True}


class _OpenOf:
    """Reads any text, as the member where there is one; sends members only."""

    def __init__(self, kind: type[StrEnum]) -> None:
        self.kind = kind
        self._members = {member.value: member for member in kind}

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(
            self._read,
            core_schema.str_schema(),
            serialization=core_schema.plain_serializer_function_ser_schema(self._send, info_arg=True),
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: Any) -> dict[str, Any]:
        return {"type": "string", "x-extensible-enum": [member.value for member in self.kind]}

    def _read(self, value: str) -> str:
        return self._members.get(value, value)

    def _send(self, value: str, info: SerializationInfo) -> str:
        if info.context == SENDING and value not in self._members:
            raise ValueError(f"{self.kind.__name__} has no such member")
        return str(value)


if TYPE_CHECKING:
    Open = Annotated[E, None]
else:

    class Open:
        """`Open[Channel]`: a field that survives values added later by the sender."""

        def __class_getitem__(cls, kind: type[StrEnum]) -> Any:
            return Annotated[str, _OpenOf(kind)]
