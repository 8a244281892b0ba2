"""Makes the topics exist, as wide and as long-lived as the contracts say: `python -m chassis.topics ensure`."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterable, Mapping

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code
from contracts.topics import TOPICS, Topic

DAY_MS = 24 * 3600 * 1000
#: how often, a tenth of a second apart, a topic is looked for that somebody else has just made
LOOKS = 100


async def ensure(
    bootstrap: str, *, prefix: str = "", topics: Iterable[Topic] = TOPICS.values(), replication: int = 1
) -> list[str]:
    """Create what is missing; the names that were created. Existing topics are left as they are.

    KafkaError when the broker refuses, RuntimeError when an existing topic has another number of
    partitions: the order of a key hangs on that number, so it is never changed by itself.
    """
    wanted = {topic.kafka_name(prefix): topic for topic in topics}
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, client_id="kehu-topics")
    await admin.start()
    created: list[str] = []
    try:
        for _ in range(LOOKS):
            missing = await _missing(admin, wanted)
            if not missing:
                return created
            answer = await admin.create_topics([_new(name, wanted[name], replication) for name in missing])
            errors = {name: code for name, code, *_ in answer.topic_errors}
            for name, code in errors.items():
                if code and for_code(code) is not TopicAlreadyExistsError:
                    raise for_code(code)(f"topic {name}")
            created += [name for name in missing if not errors[name]]
            # somebody else has just made it, and the broker that was asked did not know of it yet
            wanted = {name: topic for name, topic in wanted.items() if errors.get(name)}
            await asyncio.sleep(0.1 if wanted else 0)
        raise RuntimeError(f"topics that exist, as the broker says, it does not describe: {', '.join(wanted)}")
    finally:
        await admin.close()


async def _missing(admin: AIOKafkaAdminClient, wanted: Mapping[str, Topic]) -> list[str]:
    if not wanted:
        return []
    existing = {d["topic"]: d for d in await admin.describe_topics(list(wanted)) if d["error_code"] == 0}
    for name, description in existing.items():
        if len(description["partitions"]) != wanted[name].partitions:
            raise RuntimeError(
                f"topic {name} has {len(description['partitions'])} partitions, the contracts say "
                f"{wanted[name].partitions}: move to a new topic, do not widen this one"
            )
    return [name for name in wanted if name not in existing]


def _new(name: str, topic: Topic, replication: int) -> NewTopic:
    retention = -1 if topic.retention_days is None else topic.retention_days * DAY_MS
    settings = {"cleanup.policy": topic.cleanup, "max.message.bytes": "1048588"}
    if topic.cleanup == "delete":
        settings["retention.ms"] = str(retention)
    else:
        settings["min.cleanable.dirty.ratio"] = "0.1"
        settings["delete.retention.ms"] = str(30 * DAY_MS)
    return NewTopic(name, topic.partitions, replication, topic_configs=settings)


def main() -> int:
    """Command line; exit 0 when every topic exists."""
    if sys.argv[1:] != ["ensure"]:
        sys.stderr.write("usage: python -m chassis.topics ensure\n")
        return 2
    bootstrap = os.environ["KEHU_KAFKA"]
    replication = int(os.environ.get("KEHU_KAFKA_REPLICATION", "1"))
    try:
        created = asyncio.run(
            ensure(bootstrap, prefix=os.environ.get("KEHU_TOPIC_PREFIX", ""), replication=replication)
        )
    except (KafkaError, RuntimeError) as error:
        sys.stderr.write(f"The topics could not be made: {error}\n")
        return 1
    sys.stdout.write(f"{len(created)} topics created, {len(TOPICS) - len(created)} were there\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
