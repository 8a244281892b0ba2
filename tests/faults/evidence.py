"""What the checker looks at: databases, topics from offset 0, the factory's log, and what the clients were told.

It shares no code with the product: its own SQL, its own reading of headers and values.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from tests.faults.factory import Webhook
from tests.faults.history import History
from tests.faults.records import Record


@dataclass
class Event:
    """An event as its first record tells it."""

    id: str
    type: str
    topic: str
    key: str
    sequence: int
    value: dict[str, Any]
    record: Record


@dataclass
class Evidence:
    """Everything that was read."""

    history: History
    records: Sequence[Record]
    #: by service and table: its rows
    tables: Mapping[str, Mapping[str, list[dict[str, Any]]]]
    #: what the factory wrote down, one entry a request, and under which subscription it gets them
    webhooks: Sequence[Webhook] = ()
    subscription: str = ""
    events: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        seen: set[str] = set()
        for record in self.records:
            identifier = record.header("ce_id")
            if record.is_poison or identifier in seen:
                continue
            seen.add(identifier)
            value = json.loads(record.value) if record.value is not None else {}
            kind, sequence = record.header("ce_type"), int(record.header("ce_sequence"))
            self.events.append(Event(identifier, kind, record.topic, record.key.decode(), sequence, value, record))

    def of_type(self, *types: str) -> list[Event]:
        return [event for event in self.events if event.type in types]

    def by_key(self, *types: str) -> dict[str, list[Event]]:
        """The events of these types by key, each key's in their order."""
        found: dict[str, list[Event]] = defaultdict(list)
        for event in self.of_type(*types):
            found[event.key].append(event)
        return found

    @property
    def cases(self) -> list[dict[str, Any]]:
        return self.rows("complaint", "cases")

    def rows(self, service: str, table: str) -> list[dict[str, Any]]:
        """The rows of a table; none where the service is not part of the run."""
        return self.tables.get(service, {}).get(table, [])


_CASES = """
SELECT id::text, number, branch, channel, brand, facts->'fault_codes'->>0 AS marker, match,
    customer_id::text, repeat_of::text, serious_kinds, serious_at IS NOT NULL AS serious, taken_at, sequence,
    serious_sequence, encode(phone_token, 'hex') AS phone
FROM cases ORDER BY taken_at, id
"""
_OBLIGATIONS = """SELECT id::text, duty, subject::text, state, due_at, missed_at, sequence, plan->'remind' AS remind,
    plan->'then' AS "then", coalesce((course->>'reminders')::int, 0) AS reminders,
    coalesce(course->'escalated', '[]') AS escalated FROM kehu.obligations"""
_STEPS = """SELECT s.id::text, s.kind, s.number, s.met_by, s.told,
    ARRAY(SELECT send_id::text FROM serious_sendings WHERE step_id = s.id) AS sends FROM serious_steps s"""
_DOCUMENTS = """SELECT id::text, account_id::text, kind, amount, open, dated_on, issued_on, corrects::text,
    reversed_by::text, shipment_id::text, reserved, origin_ref, sequence FROM documents ORDER BY id"""
_ALLOCATIONS = "SELECT id::text, credit_id::text, debit_id::text, amount FROM allocations ORDER BY id"
_SHIPMENTS = """SELECT id::text, account_id::text, state, amount, prepaid, returned, invoice_id::text, issued_on,
    unreleased, part_of::text, lines->0->>'batch' AS mark, sequence FROM shipments ORDER BY id"""
_LOSSES = (
    """SELECT id::text, kind, account_id::text, document_id::text, state, amount, shares FROM losses ORDER BY id"""
)
_APPROVALS = """SELECT id::text, name, subject::text, state, amount, offer, stages, asked_by, ended_at
    FROM kehu.approvals ORDER BY id"""
_TABLES = {
    "complaint": {"cases": _CASES, "obligations": _OBLIGATIONS, "steps": _STEPS},
    "customer": {"customers": "SELECT id::text, sequence FROM customers"},
    "credit": {
        "accounts": "SELECT id::text, balance, released, reserved, sequence FROM accounts ORDER BY id",
        "documents": _DOCUMENTS,
        "entries": "SELECT id::text, document_id::text, account_id::text, ledger, amount FROM entries ORDER BY id",
        "allocations": _ALLOCATIONS,
        "shipments": _SHIPMENTS,
        "losses": _LOSSES,
        "approvals": _APPROVALS,
        "obligations": _OBLIGATIONS,
    },
    "notify": {
        "deliveries": "SELECT id::text, event_id::text, state, sequence FROM deliveries",
        "notices": "SELECT id::text, send_id::text, person, template, works FROM notices",
        "obligations": _OBLIGATIONS,
    },
    "staff": {"obligations": _OBLIGATIONS},
    "tally": {"effects": "SELECT id, handler, event_id, key, sequence FROM effects ORDER BY id"},
}
_PLUMBING = {
    "inbox": "SELECT handler, event_id::text FROM kehu.inbox",
    "parked": 'SELECT handler, key, topic, partition, "offset", error FROM kehu.parked',
    "outbox": "SELECT id, topic, key, type, sequence FROM kehu.outbox",
    "jobs": "SELECT id::text, kind, ref, state, error FROM kehu.jobs",
}


async def read_tables(databases: Mapping[str, str]) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """Every table that is looked at, of every service."""
    found: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for service, dsn in databases.items():
        connection = await asyncpg.connect(dsn)
        try:
            queries = _PLUMBING | _TABLES.get(service, {})
            found[service] = {name: [dict(row) for row in await connection.fetch(sql)] for name, sql in queries.items()}
        finally:
            await connection.close()
    return found
