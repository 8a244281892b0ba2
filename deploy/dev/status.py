"""The system at a glance: processes, what waits where, and what could not be handled."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from dev import system

_COUNTS = """
SELECT (SELECT count(*) FROM kehu.outbox),
    (SELECT coalesce(extract(epoch FROM now() - min(created_at)), 0)::float FROM kehu.outbox),
    (SELECT count(*) FROM kehu.parked),
    (SELECT count(*) FROM kehu.jobs WHERE state = 'waiting'),
    (SELECT count(*) FROM kehu.jobs WHERE state = 'failed'),
    (SELECT coalesce(sum(count), 0)::bigint FROM kehu.too_old)
"""


def show() -> None:
    """Print it."""
    if not system.is_running():
        system.say("not running: make up")
        return
    # that Kafka does not answer is said below, once a service
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    system.say("process      state      since")
    for part in system.supervisor().getAllProcessInfo():
        system.say(f"{part['name']:<12} {part['statename'].lower():<10} {part['description']}")
    system.say("\nservice      outbox  oldest  parked  jobs  failed  too old  lag")
    for name in system.services():
        try:
            outbox, age, parked, waiting, failed, old = asyncio.run(_counts(name))
        except (OSError, asyncpg.PostgresError):
            system.say(f"{name:<12} PostgreSQL does not answer: make logs s=postgres")
            continue
        try:
            lag = asyncio.run(_lag(name))
            behind = ", ".join(f"{topic} {n}" for topic, n in lag.items() if n) or "none"
        except KafkaError:
            behind = "Kafka does not answer: make logs s=kafka"
        system.say(f"{name:<12} {outbox:>6} {age:>6.1f}s {parked:>7} {waiting:>5} {failed:>7} {old:>8}  {behind}")


async def waiting(service: str) -> bool:
    """Whether the service has something to send or to take still."""
    outbox, *_ = await _counts(service)
    return bool(outbox) or any((await _lag(service)).values())


async def _counts(service: str) -> Sequence[Any]:
    connection = await asyncpg.connect(system.database_url(service))
    try:
        (row,) = await connection.fetch(_COUNTS)
        return tuple(row)
    finally:
        await connection.close()


async def _lag(service: str) -> dict[str, int]:
    """How many messages the service's group has yet to take, by topic it takes from."""
    declared = import_module(f"{service}.app").service
    topics = {topic.name: topic for handler in [*declared.reactions, *declared.projections] for topic in handler.topics}
    if not topics:
        return {}
    places = [TopicPartition(topic.name, n) for topic in topics.values() for n in range(topic.partitions)]
    consumer = AIOKafkaConsumer(
        bootstrap_servers=f"127.0.0.1:{system.KAFKA}", group_id=service, enable_auto_commit=False
    )
    try:
        await consumer.start()
        consumer.assign(places)
        # asked first: what is taken between the two questions must not show as less than nothing
        taken = {place: await consumer.committed(place) or 0 for place in places}
        lag: dict[str, int] = {}
        for place, end in (await consumer.end_offsets(places)).items():
            lag[place.topic] = lag.get(place.topic, 0) + end - taken[place]
        return lag
    finally:
        await consumer.stop()
