"""Personal data never goes over the bus: no field is there to hold it (P05.15)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from contracts.message import MESSAGES, Message
from contracts.schemas import Schema, schema_of

# fmt: off
PERSONAL = {
    "name", "surname", "caller", "contact", "gender", "sex", "age", "birth", "birthday", "passport", "licence",
    "phone", "mobile", "tel", "fax", "mail", "email", "wechat", "qq", "address", "street", "plate", "vin",
    "text", "note", "notes", "content", "demand", "recording", "photo",
}
# fmt: on


def fields(schema: Schema) -> Iterator[str]:
    """The names of all fields, at any depth."""
    for name, field in schema.get("properties", {}).items():
        yield name
        yield from fields(field)
    for part in [*schema.get("anyOf", ()), *filter(None, [schema.get("items")])]:
        yield from fields(part)


@pytest.mark.rule("P05.15")
@pytest.mark.parametrize("message", MESSAGES.values(), ids=lambda message: message.TYPE)
def test_no_message_has_a_field_for_personal_data(message: type[Message]) -> None:
    names = set(fields(schema_of(message)))

    assert names
    assert not {name for name in names if PERSONAL & set(name.split("_"))}
