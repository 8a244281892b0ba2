"""A service on a stage: its real application and database in one process, Kafka's part played by the test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import sqlalchemy as sa
from aiokafka import ConsumerRecord
from contracts.envelope import Envelope, to_headers
from contracts.message import Message, decode, encode
from contracts.topics import topic_of
from sqlalchemy.sql import visitors

from chassis.auth import Verifier
from chassis.consume import Consumer
from chassis.http import Health, build
from chassis.ids import uuid7
from chassis.jobs import Runner
from chassis.kit.keys import ISSUER, TestIssuer
from chassis.migrate import differences
from chassis.relay import partition_of
from chassis.runtime import Runtime
from chassis.service import Service
from chassis.settings import Issuer, Settings


@dataclass(frozen=True)
class Told:
    """A row of the outbox, read back as the message it will become."""

    topic: str
    key: str
    event_id: UUID
    sequence: int
    time: datetime
    traceparent: str | None
    message: Message | None


class Stage:
    """The service under test. `consumer` takes what `receive` hands it, as it would from Kafka."""

    def __init__(self, service: Service, runtime: Runtime, issuer: TestIssuer, app: Any) -> None:
        self.service = service
        self.runtime = runtime
        self.issuer = issuer
        self.app = app
        self.consumer = Consumer(runtime, service.reactions, service.projections)
        self._offset = 0

    def client(
        self, *grants: str, subject: str = "agent-7", scopes: tuple[str, ...] = (), **headers: str
    ) -> httpx.AsyncClient:
        """A caller with these grants (`role@place`) and scopes."""
        token = self.issuer.token(subject, *grants, scopes=scopes)
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app, raise_app_exceptions=False),
            base_url="http://service.test",
            headers={"Authorization": f"Bearer {token}", **headers},
        )

    async def outbox(self, kind: type[Message] | None = None) -> list[Told]:
        """What waits to be relayed, in order; of one kind where said."""
        sql = """SELECT topic, key, event_id, type, sequence, occurred_at, traceparent, value
                 FROM kehu.outbox ORDER BY id"""
        told = []
        for topic, key, event_id, name, sequence, at, traceparent, value in await self.rows(sql):
            message = None if value is None else decode(name, value)
            if kind is None or name == kind.TYPE:
                told.append(Told(topic, key, event_id, sequence, at, traceparent, message))
        return told

    async def rows(self, sql: str, *arguments: Any) -> list[Any]:
        """The rows of a query on the service's database."""
        async with self.runtime.transaction() as tx:
            return list(await tx.driver.fetch(sql, *arguments))

    async def differences(self) -> list[Any]:
        """What the migrated database and the tables in code do not agree on."""
        async with self.runtime.engine.connect() as connection:
            return await differences(connection, self.service.tables, [one.tables for one in self.service.libraries])

    async def plan(self, query: sa.Select[Any]) -> str:
        """How PostgreSQL would run the query on the rows that are there now, as EXPLAIN tells it."""
        async with self.runtime.engine.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            for table in sorted({source.fullname for source in _tables_of(query)}):
                await connection.exec_driver_sql(f"ANALYZE {table}")
            sql = query.compile(connection.engine, compile_kwargs={"literal_binds": True})
            return "\n".join(row[0] for row in await connection.exec_driver_sql(f"EXPLAIN {sql}"))

    def record(
        self,
        message: Message | None,
        *,
        key: str,
        sequence: int = 1,
        at: datetime | None = None,
        event_id: UUID | None = None,
        kind: type[Message] | None = None,
        traceparent: str | None = None,
    ) -> ConsumerRecord[Any, Any]:
        """The message as Kafka would hand it over; a tombstone of `kind` where it is None."""
        said = kind if message is None else type(message)
        assert said is not None, "say of which kind the tombstone is"
        # what every service sends over a topic of its own says itself whose it is
        topic = topic_of(said, getattr(message, "service", self.service.name))
        self._offset += 1
        instant = at or self.runtime.clock()
        source = topic.owner
        envelope = Envelope(event_id or uuid7(), said.TYPE, source, key, instant, sequence, traceparent)
        value = None if message is None else encode(message)
        return raw_record(
            topic.kafka_name(self.runtime.settings.topic_prefix),
            partition_of(key.encode(), topic.partitions),
            self._offset,
            key.encode(),
            value,
            to_headers(envelope),
            int(instant.timestamp() * 1000),
        )

    async def receive(self, message: Message, *, key: str, **more: Any) -> ConsumerRecord[Any, Any]:
        """Hand the message to the service and wait for its effects; the record, to hand it over again."""
        record = self.record(message, key=key, **more)
        await self.consumer.consume([record])
        return record

    async def deliver_outbox(self) -> None:
        """Hand the service its own messages, as it would meet them on the bus, and empty the outbox."""
        sql = """DELETE FROM kehu.outbox RETURNING id, topic, key, event_id, type, sequence, occurred_at,
                 traceparent, value"""
        rows = sorted(await self.rows(sql))
        records = []
        for _, topic, key, event_id, kind, sequence, at, traceparent, value in rows:
            self._offset += 1
            envelope = Envelope(event_id, kind, self.service.name, key, at, sequence, traceparent)
            name = self.runtime.settings.topic_prefix + topic
            records.append(raw_record(name, 0, self._offset, key.encode(), value, to_headers(envelope)))
        await self.consumer.consume(records)

    def runner(self, **options: Any) -> Runner:
        """The service's jobs, to be run by the test."""
        return Runner(self.runtime, self.service.jobs, **options)


def _tables_of(query: sa.Select[Any]) -> list[sa.Table]:
    return [element for element in visitors.iterate(query) if isinstance(element, sa.Table)]


def raw_record(
    topic: str,
    partition: int,
    offset: int,
    key: bytes | None,
    value: bytes | None,
    headers: Sequence[tuple[str, bytes | None]],
    timestamp: int = 0,
) -> ConsumerRecord[Any, Any]:
    """A Kafka record as the client library gives it; `timestamp` in milliseconds."""
    return ConsumerRecord(topic, partition, offset, timestamp, 0, key, value, None, 0, 0, tuple(headers))


@asynccontextmanager
async def staged(
    service: Service, dsn: str, keys: tuple[Path, Path], issuer: TestIssuer, **more: Any
) -> AsyncIterator[Stage]:
    """The service on the database at `dsn`; `more` are further settings, such as where the real Kafka is."""
    master, token = keys
    settings = service.settings(
        **{
            "environment": "test",
            "database_url": dsn,
            "kafka": "127.0.0.1:1",
            "issuers": (Issuer(issuer=ISSUER),),
            "grants_from": "token",
            "master_keys_file": master,
            "token_keys_file": token,
            "pool_size": 8,
            "trace_ratio": 0,
            **more,
        }
    )
    assert isinstance(settings, Settings)
    runtime = Runtime.of(service.name, settings)
    try:
        async with issuer.http() as http, service.open(runtime):
            verifier = Verifier(settings.issuers, http=http)
            front = service.front(runtime, verifier)
            app = build(runtime, verifier, service.routes, Health(alive=lambda: None), title=service.title, front=front)
            yield Stage(service, runtime, issuer, app)
    finally:
        await runtime.close()
