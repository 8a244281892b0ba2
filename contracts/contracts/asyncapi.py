"""The whole bus on one page, for those who read it without our code: docs/asyncapi.json.

AsyncAPI 3.0, generated from the registry of topics: who owns what, under which key, how long it lives, and
what every message looks like.
"""

from __future__ import annotations

import inspect
import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

from contracts.examples import EXAMPLES
from contracts.message import Command, Entry, Message, encode
from contracts.schemas import schema_of
from contracts.topics import TOPICS, Topic

TARGETS = (Path(__file__).parents[2] / "docs" / "asyncapi.json",)

_DAY_MS = 24 * 60 * 60 * 1000

_ENVELOPE = {
    "type": "object",
    "description": "CloudEvents 1.0 in Kafka's binary mode, with W3C trace context.",
    "required": ["ce_specversion", "ce_id", "ce_type", "ce_source", "ce_subject", "ce_time", "ce_sequence"],
    "properties": {
        "ce_specversion": {"type": "string", "const": "1.0"},
        "ce_id": {"type": "string", "format": "uuid", "description": "Constant over every repetition; a UUIDv7."},
        "ce_type": {"type": "string", "description": "The wire name of the message."},
        "ce_source": {"type": "string", "description": "The service that sends it."},
        "ce_subject": {"type": "string", "description": "The aggregate it is about: the key of the record."},
        "ce_time": {"type": "string", "format": "date-time", "description": "When it happened, in UTC."},
        "ce_sequence": {"type": "string", "pattern": "^[0-9]{1,18}$", "description": "The aggregate's own count."},
        "content-type": {"type": "string", "const": "application/json"},
        "traceparent": {"type": "string", "description": "W3C trace context of what caused it."},
    },
}


def page() -> dict[str, Any]:
    """The document; the same registry gives the same page."""
    messages = {message.TYPE: message for topic in TOPICS.values() for message in topic.messages}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Kehu",
            "version": version("kehu-contracts"),
            "description": "What Kehu's services tell each other, and the group's divisions, over Kafka. "
            "Delivery is at least once; order is kept for a key within a topic. Fields may be added, and the "
            "members of `x-extensible-enum` may grow: read what you know and pass over the rest.",
        },
        "defaultContentType": "application/json",
        "channels": {topic.name: _channel(topic) for topic in TOPICS.values()},
        "components": {
            "messages": {name: _message(message) for name, message in sorted(messages.items())},
            "messageTraits": {"envelope": {"headers": _ENVELOPE}},
        },
    }


def _channel(topic: Topic) -> dict[str, Any]:
    settings: dict[str, Any] = {"cleanup.policy": [topic.cleanup]}
    if topic.retention_days is not None:
        settings["retention.ms"] = topic.retention_days * _DAY_MS
    return {
        "address": topic.name,
        "description": f"Owned by `{topic.owner}`; the key is the {topic.key}.",
        "messages": {message.TYPE: {"$ref": f"#/components/messages/{message.TYPE}"} for message in topic.messages},
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": topic.partitions,
                "topicConfiguration": settings,
                "bindingVersion": "0.5.0",
            }
        },
        "x-owner": topic.owner,
        "x-key": topic.key,
    }


def _message(message: type[Message]) -> dict[str, Any]:
    kind = "command" if issubclass(message, Command) else "entry" if issubclass(message, Entry) else "event"
    summary, _, more = inspect.cleandoc(message.__doc__ or "").partition("\n\n")
    return {
        "name": message.TYPE,
        "title": message.__name__,
        "summary": " ".join(summary.split()),
        **({"description": " ".join(more.split())} if more else {}),
        "tags": [{"name": kind}],
        "traits": [{"$ref": "#/components/messageTraits/envelope"}],
        "payload": schema_of(message),
        "bindings": {"kafka": {"key": {"type": "string"}, "bindingVersion": "0.5.0"}},
        "examples": [{"payload": json.loads(encode(example))} for example in EXAMPLES[message]],
    }


def text() -> str:
    """The page as it is written."""
    return json.dumps(page(), ensure_ascii=False, indent=2) + "\n"
