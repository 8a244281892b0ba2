"""What the topics of a run hold, and what each service has taken of it."""

from __future__ import annotations

import importlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from chassis.kit.eventually import eventually
from chassis.service import Service
from contracts.topics import TOPICS

from tests.faults.records import Record, read_all
from tests.faults.system import System, rows


def app_of(service: str) -> Service:
    """The contents page of a service."""
    found: Service = importlib.import_module(f"{service}.app").service
    return found


def consumed(service: str) -> list[str]:
    """The topics that a service listens to."""
    app = app_of(service)
    heard = {topic.name for reaction in app.reactions for topic in reaction.topics}
    return sorted(heard | {topic.name for projection in app.projections for topic in projection.topics})


async def everything(running: System) -> list[Record]:
    """Every record of every topic, a repeated one once."""
    seen: dict[str, Record] = {}
    for record in await read_all(running.ground.bootstrap, running.prefix, list(TOPICS)):
        seen.setdefault(record.header("ce_id"), record)
    return list(seen.values())


async def caught_up(running: System, services: Sequence[str], within: float = 90.0) -> None:
    """Return when these services have sent what they had to say and taken what was said to them."""
    admin = AIOKafkaAdminClient(bootstrap_servers=running.ground.bootstrap)
    consumer = AIOKafkaConsumer(bootstrap_servers=running.ground.bootstrap)
    await admin.start()
    await consumer.start()

    async def behind(service: str) -> int:
        (unsent,) = await rows(running.databases[service], "SELECT count(*) FROM kehu.outbox")
        places = [
            TopicPartition(running.prefix + name, n)
            for name in consumed(service)
            for n in range(TOPICS[name].partitions)
        ]
        ends = await consumer.end_offsets(places)
        committed = await admin.list_consumer_group_offsets(f"{running.prefix}{service}")
        taken = {place: max(0, committed[place].offset) if place in committed else 0 for place in places}
        return int(unsent[0] + sum(end - taken[place] for place, end in ends.items()))

    async def calm() -> bool:
        return not any([await behind(service) for service in services])

    try:
        for _ in range(2):  # what the last one has taken may make it speak again
            await eventually(calm, within=within, every=0.3)
    finally:
        await consumer.stop()
        await admin.close()


async def not_taken(running: System, service: str, records: Sequence[Record]) -> list[str]:
    """Which events a service owes a reaction to and has not met, and which of its reactions met what is on no topic."""
    due = {
        (reaction.name, record.header("ce_id"))
        for reaction in app_of(service).reactions
        for record in records
        if record.value is not None  # nothing reacts to a tombstone
        and record.header("ce_type") == reaction.message.TYPE
        and record.topic in {t.name for t in reaction.topics}
    }
    met = {
        tuple(row) for row in await rows(running.databases[service], "SELECT handler, event_id::text FROM kehu.inbox")
    }
    parked = await rows(running.databases[service], "SELECT handler, key, error FROM kehu.parked")
    found = [f"{service}: {handler} has not met {event}" for handler, event in sorted(due - met)]
    found += [f"{service}: {handler} met {event}, which is on no topic" for handler, event in sorted(met - due)]
    return found + [f"{service}: parked {tuple(row)}" for row in parked]


def miscounted(records: Sequence[Record]) -> Iterator[str]:
    """Aggregates whose events do not count 1, 2, 3 …: one is missing, or something happened twice."""
    counted: dict[tuple[str, bytes], list[int]] = defaultdict(list)
    for record in records:
        if record.topic.endswith(".events"):
            counted[record.topic, record.key].append(int(record.header("ce_sequence")))
    for (topic, key), numbers in counted.items():
        if numbers != list(range(1, len(numbers) + 1)):
            yield f"{topic}: {key.decode()} counts {numbers}"


def by_type(records: Sequence[Record]) -> Counter[str]:
    """How many there are of each type."""
    return Counter(record.header("ce_type") for record in records)


def of_type(records: Sequence[Record], kind: str) -> list[Record]:
    """Those of one type."""
    return [record for record in records if record.header("ce_type") == kind]
