"""What is on the wire, as JSON Schema: what every message of a type holds, and whether it may change in that way."""

from __future__ import annotations

from typing import Any

from contracts.message import Message

Schema = dict[str, Any]

_WORDS = ("title", "description")
_OPEN = ("default", "x-extensible-enum")


def schema_of(message: type[Message]) -> Schema:
    """The schema of a message, complete in itself: nested models in their place, no words for people.

    Required is what every message of the type holds, whenever it was sent; the members of an open
    enumeration stand in `x-extensible-enum`, and others may come.
    """
    schema = message.model_json_schema()
    return _in_place(schema, schema.pop("$defs", {}))


def _in_place(schema: Schema, models: dict[str, Schema]) -> Schema:
    if "$ref" in schema:
        return _in_place(models[schema["$ref"].removeprefix("#/$defs/")], models)
    plain = {key: value for key, value in schema.items() if key not in _WORDS}
    if "properties" in plain:
        plain["properties"] = {name: _in_place(field, models) for name, field in plain["properties"].items()}
    if "items" in plain:
        plain["items"] = _in_place(plain["items"], models)
    if "anyOf" in plain:
        plain["anyOf"] = [_in_place(either, models) for either in plain["anyOf"]]
    return plain


def breaks(old: Schema, new: Schema, at: str = "") -> list[str]:
    """Why readers of `old` could not live with `new`, each reason with its place; empty when they can.

    Fields may come if they are optional, and open enumerations may grow; nothing else changes in a version.
    """
    if "properties" in old and "properties" in new:
        fields, required = new["properties"], set(old.get("required", ()))
        wanted = set(new.get("required", ()))
        return [
            *(f"{at}/{name} is removed" for name in old["properties"] if name not in fields),
            *(f"{at}/{name} is required, and older messages may lack it" for name in sorted(wanted - required)),
            *(f"{at}/{name} is no longer required" for name in sorted(required - wanted) if name in fields),
            *(
                reason
                for name, field in old["properties"].items()
                if name in fields
                for reason in breaks(field, fields[name], f"{at}/{name}")
            ),
        ]
    if "items" in old and "items" in new:
        return breaks(old["items"], new["items"], f"{at}/*")
    if _kept(old) != _kept(new):
        return [f"{at} has another type"]
    return []


def _kept(schema: Schema) -> Schema:
    kept = {key: value for key, value in schema.items() if key not in _OPEN}
    if "anyOf" in kept:
        kept["anyOf"] = [_kept(either) for either in kept["anyOf"]]
    return kept
