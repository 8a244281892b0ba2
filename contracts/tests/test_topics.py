"""The registry of topics is complete and says one thing of each."""

from __future__ import annotations

import pytest
from contracts.complaint import ComplaintOpened, ComplaintSerious
from contracts.message import MESSAGES, Command, Entry, Event
from contracts.topics import (
    ARCHIVE_AUDIT,
    COMPLAINT_EVENTS,
    COMPLAINT_SERIOUS,
    COMPLAINT_WORK,
    TOPICS,
    Topic,
    topic_of,
)
from contracts.work import WorkItem

EVERY_TOPIC = pytest.mark.parametrize("topic", TOPICS.values(), ids=lambda topic: topic.name)


def test_every_message_goes_over_one_topic_and_work_over_one_a_service() -> None:
    for message in MESSAGES.values():
        carrying = [topic for topic in TOPICS.values() if message in topic.messages]
        assert carrying, f"{message.TYPE} goes over no topic"
        assert len({topic.owner for topic in carrying}) == len(carrying), f"{message.TYPE} is ambiguous"
        for topic in carrying:
            assert topic_of(message, topic.owner) is topic
        if message is not WorkItem:
            assert topic_of(message) is carrying[0]


def test_messages_of_one_service_are_told_apart() -> None:
    assert topic_of(ComplaintOpened) is COMPLAINT_EVENTS
    assert topic_of(ComplaintSerious) is COMPLAINT_SERIOUS
    assert topic_of(WorkItem, "complaint") is COMPLAINT_WORK


def test_work_without_its_sender_is_ambiguous() -> None:
    with pytest.raises(LookupError, match="say whose"):
        topic_of(WorkItem)


def test_a_message_of_no_topic_is_refused() -> None:
    with pytest.raises(LookupError, match="no topic"):
        topic_of(type("Stray", (Event,), {}))


def test_what_any_service_tells_the_audit_log_goes_over_the_one_partition_of_its_owner() -> None:
    (message,) = ARCHIVE_AUDIT.messages

    assert topic_of(message, "complaint") is ARCHIVE_AUDIT
    assert ARCHIVE_AUDIT.partitions == 1


@EVERY_TOPIC
def test_a_topic_is_named_for_its_owner_and_a_prefix_only_stands_before_it(topic: Topic) -> None:
    assert topic.name.partition(".")[0] == topic.owner
    assert TOPICS[topic.name] is topic
    assert topic.kafka_name() == topic.name
    assert topic.kafka_name("t1.") == f"t1.{topic.name}"


@EVERY_TOPIC
def test_compacted_topics_carry_the_newest_state_for_ever_and_others_pass(topic: Topic) -> None:
    compacted = topic.cleanup == "compact"

    assert compacted == topic.name.endswith((".state", ".work"))
    assert compacted == (topic.retention_days is None)
    assert all(issubclass(message, Entry) == compacted for message in topic.messages)


@EVERY_TOPIC
def test_requests_and_facts_do_not_share_a_topic(topic: Topic) -> None:
    assert all(issubclass(message, Command) == topic.name.endswith(".commands") for message in topic.messages)


def test_the_number_of_partitions_is_fixed() -> None:
    wide = {topic.name: topic.partitions for topic in TOPICS.values() if topic.partitions != 12}

    assert wide == {"complaint.events": 24, "archive.audit": 1}
