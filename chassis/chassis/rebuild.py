"""Builds a local copy anew from its topic beside the living one, and swaps it in without a gap."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import asyncpg
import sqlalchemy as sa
import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from contracts.envelope import Undecodable, from_headers
from contracts.message import decode

from chassis.handlers import Projection, Received
from chassis.projecting import Writer, named
from chassis.runtime import Runtime

log = structlog.get_logger()

_SUFFIX = "__rebuilt"


async def rebuild(runtime: Runtime, projection: Projection) -> int:
    """Read the compacted topic from its beginning into new tables and put them in the place of the old.

    The living copy serves and follows meanwhile. The swap locks it, reads what came in the last moment,
    and renames, all in one transaction: whoever waits for the lock goes on with the new tables. Returns
    how many entries were read; a second rebuild changes nothing.
    """
    tables = [projection.into, *([projection.lines] if projection.lines is not None else [])]
    connection = await runtime.direct("rebuild")
    consumer = AIOKafkaConsumer(
        bootstrap_servers=runtime.settings.kafka,
        group_id=None,
        client_id=f"kehu-{runtime.name}-rebuild-{uuid4().hex[:8]}",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    await consumer.start()
    try:
        await connection.execute("SET transaction_timeout = 0")
        for table in tables:
            await connection.execute(f"DROP TABLE IF EXISTS {named(table, _SUFFIX)}")
            await connection.execute(f"CREATE TABLE {named(table, _SUFFIX)} (LIKE {named(table)} INCLUDING ALL)")
        prefix = runtime.settings.topic_prefix
        places = [TopicPartition(t.kafka_name(prefix), n) for t in projection.topics for n in range(t.partitions)]
        consumer.assign(places)
        await consumer.seek_to_beginning(*places)
        writer = Writer(projection, suffix=_SUFFIX)
        count = await _read_to_end(connection, consumer, places, projection, writer)
        async with connection.transaction():
            await connection.execute("SET LOCAL lock_timeout = '10s'")
            for table in tables:
                await connection.execute(f"LOCK TABLE {named(table)} IN ACCESS EXCLUSIVE MODE")
            count += await _read_to_end(connection, consumer, places, projection, writer)
            for table in tables:
                await _swap(connection, table)
        log.info("projection rebuilt", projection=projection.name, entries=count)
        return count
    finally:
        await consumer.stop()
        await connection.close()


async def _read_to_end(
    connection: asyncpg.Connection[Any],
    consumer: AIOKafkaConsumer,
    places: list[TopicPartition],
    projection: Projection,
    writer: Writer,
) -> int:
    """Write everything up to where the topic ends now; how many entries."""
    ends = await consumer.end_offsets(places)
    count = 0
    while any([await consumer.position(place) < ends[place] for place in places]):
        fetched = await consumer.getmany(timeout_ms=500, max_records=1000)
        entries = [
            entry
            for records in fetched.values()
            for record in records
            if (entry := _entry(record, projection)) is not None
        ]
        if entries:
            await writer.write(connection, entries)
            count += len(entries)
    return count


def _entry(record: Any, projection: Projection) -> Received[Any] | None:
    """The record as an entry of this projection; None for other types and for what cannot be read."""
    try:
        envelope = from_headers(record.headers)
        if envelope.type != projection.message.TYPE:
            return None
        message = None if record.value is None else decode(envelope.type, record.value)
    except (Undecodable, ValueError):
        return None
    return Received.of(envelope, message, record.topic, record.partition, record.offset, record.headers, record.value)


async def _swap(connection: asyncpg.Connection[Any], table: sa.Table) -> None:
    """Put the rebuilt table in the place of the old one; its indexes get back the names they had."""
    old = await _indexes(connection, named(table))
    new = await _indexes(connection, named(table, _SUFFIX))
    await connection.execute(f"DROP TABLE {named(table)}")
    await connection.execute(f'ALTER TABLE {named(table, _SUFFIX)} RENAME TO "{table.name}"')
    schema = table.schema or "public"
    for shape, index in new.items():
        await connection.execute(f'ALTER INDEX "{schema}"."{index}" RENAME TO "{old[shape]}"')


async def _indexes(connection: asyncpg.Connection[Any], table: str) -> dict[str, str]:
    """The indexes of a table: what they index, without any table's name in it → their name."""
    rows = await connection.fetch(
        """SELECT pg_get_indexdef(i.indexrelid) AS shape, c.relname AS name FROM pg_index i
           JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = $1::regclass""",
        table,
    )
    return {row["shape"].split(" USING ", 1)[1] + str("UNIQUE" in row["shape"]): row["name"] for row in rows}
