"""The page of the bus is in step with the registry, and complete in itself."""

from __future__ import annotations

import json

from contracts.topics import TOPICS
from jsonschema import Draft7Validator

from contracts import asyncapi


def test_every_topic_is_on_the_page_with_owner_key_width_and_life() -> None:
    channels = asyncapi.page()["channels"]

    assert set(channels) == set(TOPICS)
    for name, topic in TOPICS.items():
        kafka = channels[name]["bindings"]["kafka"]
        assert (channels[name]["x-owner"], channels[name]["x-key"]) == (topic.owner, topic.key)
        assert kafka["partitions"] == topic.partitions
        assert kafka["topicConfiguration"]["cleanup.policy"] == [topic.cleanup]
        assert ("retention.ms" in kafka["topicConfiguration"]) == (topic.cleanup == "delete")
        assert set(channels[name]["messages"]) == {message.TYPE for message in topic.messages}


def test_every_reference_leads_somewhere_and_every_message_is_carried() -> None:
    page = asyncapi.page()
    described = set(page["components"]["messages"])
    carried = {
        reference["$ref"].removeprefix("#/components/messages/")
        for channel in page["channels"].values()
        for reference in channel["messages"].values()
    }

    assert carried == described
    assert "#/$defs" not in json.dumps(page)


def test_every_example_on_the_page_is_valid_under_the_schema_beside_it() -> None:
    for message in asyncapi.page()["components"]["messages"].values():
        assert message["summary"]
        assert message["examples"]
        for example in message["examples"]:
            Draft7Validator(message["payload"]).validate(example["payload"])
