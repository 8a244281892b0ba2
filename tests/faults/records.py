"""What the harness itself puts on the topics: records that cannot be read, and records that were there before."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

#: keys of our own making: what must be set aside, and what must be passed over
PARKED = "poison-parked-"
PASSED = "poison-passed-"

#: a type that is handled, by topic
KNOWN = {
    "complaint.events": "complaint.opened.v1",
    "complaint.serious": "complaint.serious.v1",
    "customer.state": "customer.entry.v1",
    "archive.state": "archive.dossier.v1",
}


@dataclass(frozen=True)
class Record:
    """A record as it stands on a topic; `topic` without the run's prefix."""

    topic: str
    partition: int
    offset: int
    key: bytes
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]

    def header(self, name: str) -> str:
        """A header's text; empty when it is missing or no text."""
        found = next((value for known, value in self.headers if known == name), None)
        return (found or b"").decode("utf-8", "replace")

    @property
    def is_poison(self) -> bool:
        return self.key.startswith((PARKED.encode(), PASSED.encode()))


async def read_all(bootstrap: str, prefix: str, topics: list[str]) -> list[Record]:
    """Every record of the topics from offset 0 to their ends, in order within a partition."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest", enable_auto_commit=False)
    await consumer.start()
    try:
        places = [TopicPartition(prefix + t, p) for t in topics for p in await partitions(consumer, prefix + t)]
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        await consumer.seek_to_beginning(*places)
        found: list[Record] = []
        while any([await consumer.position(place) < ends[place] for place in places]):
            for batch in (await consumer.getmany(timeout_ms=500, max_records=2000)).values():
                found += [_record(record, prefix) for record in batch]
        return found
    finally:
        await consumer.stop()


async def partitions(consumer: AIOKafkaConsumer, topic: str) -> list[int]:
    """The partitions of a topic, by its name on the broker."""
    await consumer._client._wait_on_metadata(topic)
    return sorted(consumer.partitions_for_topic(topic) or ())


def _record(record: ConsumerRecord[Any, Any], prefix: str) -> Record:
    return Record(
        record.topic.removeprefix(prefix),
        record.partition,
        record.offset,
        record.key or b"",
        record.value,
        tuple(record.headers),
    )


async def repeat_some(bootstrap: str, prefix: str, rng: random.Random, most: int = 60) -> int:
    """Publish a run of records once more, as they are, where they were; how many."""
    records = [r for r in await read_all(bootstrap, prefix, list(KNOWN)) if not r.is_poison]
    begin = rng.randrange(max(1, len(records) - most)) if records else 0
    chosen = records[begin : begin + most]
    await publish(bootstrap, prefix, chosen)
    return len(chosen)


async def poison_some(bootstrap: str, prefix: str, rng: random.Random) -> int:
    """Publish one of each kind of record that no handler can be given; how many."""
    topic = rng.choice(list(KNOWN))
    kind = KNOWN[topic].encode()
    future = UUID(int=uuid7_at(time.time() + 10 * 86400).int)
    cases = [
        (PARKED, _envelope(kind), b"\xff\xfe not json"),
        (PARKED, [("ce_type", kind), ("ce_source", b"\xc3\x28"), *_envelope(kind)], b"{}"),
        (PARKED, [*_envelope(kind)[:-1], ("ce_sequence", None)], b"{}"),
        (PARKED, [], b"{}"),
        (PARKED, _envelope(kind, future), b"{}"),
        (PASSED, _envelope(b"somebody.elses.v1"), b"{}"),
    ]
    partition = rng.randrange(12)
    records = [
        Record(topic, partition, 0, f"{key}{uuid4()}".encode(), value, tuple(headers)) for key, headers, value in cases
    ]
    await publish(bootstrap, prefix, records)
    return len(records)


def _envelope(kind: bytes, identifier: UUID | None = None) -> list[tuple[str, bytes | None]]:
    return [
        ("ce_specversion", b"1.0"),
        ("ce_id", str(identifier or uuid7_at(time.time())).encode()),
        ("ce_type", kind),
        ("ce_source", b"faults"),
        ("ce_subject", str(uuid4()).encode()),
        ("ce_time", b"2026-01-01T00:00:00+00:00"),
        ("ce_sequence", b"1"),
    ]


def uuid7_at(seconds: float) -> UUID:
    """An identifier of version 7 that says it was made then."""
    return UUID(int=(int(seconds * 1000) << 80) | (0x7 << 76) | (0x2 << 62) | (uuid4().int & ((1 << 62) - 1)))


async def publish(bootstrap: str, prefix: str, records: list[Record]) -> None:
    """Put records where they say; what the broker has no time for is left out."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True)
    await producer.start()
    try:
        for record in records:
            await producer.send_and_wait(
                prefix + record.topic,
                record.value,
                key=record.key,
                partition=record.partition,
                headers=list(record.headers),
            )
    except KafkaError:
        pass  # the broker has gone away meanwhile: whatever it took is read back later
    finally:
        await producer.stop()
