"""What the receivers have: databases, topics from their first offset, the factory's own notes, the traces."""

from __future__ import annotations

import asyncio
import json
from collections import Counter, defaultdict
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition
from contracts.topics import COMPLAINT_EVENTS, COMPLAINT_SERIOUS, CUSTOMER_STATE, NOTIFY_EVENTS
from dev import system

_CASES = """
SELECT count(*) AS taken, count(*) FILTER (WHERE match = 'matched') AS matched_at_once,
    count(*) FILTER (WHERE match <> 'matched' AND customer_id IS NOT NULL) AS matched_later,
    count(*) FILTER (WHERE repeat_of IS NOT NULL) AS repeats,
    count(*) FILTER (WHERE serious_at IS NOT NULL) AS serious
FROM cases WHERE origin = 'demo'
"""
_IDS = "SELECT id::text FROM cases WHERE origin = 'demo'"
_DELIVERIES = "SELECT state, count(*) FROM deliveries WHERE subscription_id = $1 GROUP BY state"


async def rows(service: str, sql: str, *arguments: Any) -> list[asyncpg.Record]:
    """The rows of a query on a service's database."""
    connection = await asyncpg.connect(system.database_url(service))
    try:
        return list(await connection.fetch(sql, *arguments))
    finally:
        await connection.close()


async def counts(subscription: str) -> dict[str, Any]:
    """What the databases hold of the demo."""
    (cases,) = await rows("complaint", _CASES)
    delivered = dict(await rows("notify", _DELIVERIES, subscription))
    return {**cases, "deliveries": delivered}


async def on_the_bus(cases: set[str]) -> dict[str, int]:
    """Messages about these cases, by type, read from offset 0; distinct event ids only."""
    topics = (COMPLAINT_EVENTS, COMPLAINT_SERIOUS, CUSTOMER_STATE, NOTIFY_EVENTS)
    places = [TopicPartition(topic.name, n) for topic in topics for n in range(topic.partitions)]
    consumer = AIOKafkaConsumer(bootstrap_servers=f"127.0.0.1:{system.KAFKA}", enable_auto_commit=False)
    await consumer.start()
    seen: dict[str, set[bytes]] = defaultdict(set)
    try:
        consumer.assign(places)
        await consumer.seek_to_beginning(*places)
        ends = await consumer.end_offsets(places)
        while any([await consumer.position(place) < end for place, end in ends.items()]):
            for place, records in (await consumer.getmany(timeout_ms=500)).items():
                for record in records:
                    headers = dict(record.headers)
                    if place.topic.startswith("complaint.") and (record.key or b"").decode() not in cases:
                        continue
                    seen[headers["ce_type"].decode()].add(headers["ce_id"])
    finally:
        await consumer.stop()
    return {kind: len(ids) for kind, ids in sorted(seen.items())}


def noted(log: Path) -> list[dict[str, Any]]:
    """What the factory noted, in its order."""
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


def latencies(notes: list[dict[str, Any]]) -> dict[str, float]:
    """Seconds from the call to the factory, of each case's first message."""
    first: dict[str, float] = {}
    for note in notes:
        if note["signed"]:
            spent = datetime.fromisoformat(note["at"]) - datetime.fromisoformat(note["taken_at"])
            first.setdefault(note["case_id"], spent.total_seconds())
    ordered = sorted(first.values())
    if not ordered:
        return {}
    return {"p50_s": round(ordered[len(ordered) // 2], 3), "p99_s": round(ordered[int(len(ordered) * 0.99)], 3)}


def longest_trace(folder: Path) -> dict[str, Any]:
    """The trace of a complaint that most services and steps took part in, hop by hop."""
    spans: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for path in sorted(folder.glob("*.jsonl")):
        with path.open() as lines:
            for line in lines:
                try:
                    span = json.loads(line)
                except ValueError:  # the last line may be half written
                    continue
                spans[span["trace_id"]].append((path.stem, span["name"]))
    taken = {trace: hops for trace, hops in spans.items() if ("complaint", "POST /v1/complaints") in hops}
    if not taken:
        return {}
    trace, hops = max(taken.items(), key=lambda one: (len({service for service, _ in one[1]}), len(set(one[1]))))
    return {"trace_id": trace, "hops": [f"{service}: {name}" for service, name in dict.fromkeys(hops)]}


async def report(subscription: str, log: Path) -> dict[str, Any]:
    """Everything, from the receivers."""
    found = await counts(subscription)
    cases = {row[0] for row in await rows("complaint", _IDS)}
    notes = noted(log)
    by_id = Counter(note["id"] for note in notes if note["signed"])
    return {
        "databases": found,
        "topics": await on_the_bus(cases),
        "factory": {
            "messages": len(by_id),
            "repetitions": sum(by_id.values()) - len(by_id),
            "cases": len({note["case_id"] for note in notes if note["signed"]}),
            "badly_signed": sum(not note["signed"] for note in notes),
            "from_call_to_factory": latencies(notes),
        },
        "one_trace": await asyncio.to_thread(longest_trace, system.RUN / "traces"),
    }
