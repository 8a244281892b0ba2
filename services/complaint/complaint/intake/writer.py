"""Writes complaints in batches: one statement, one round trip, one commit for all that wait (P04.3)."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import structlog
from chassis.batching import Batcher
from chassis.failures import passes_by_itself
from chassis.problems import Busy, KeyReused, Refused
from chassis.runtime import Runtime
from chassis.store import transpose
from contracts.topics import CUSTOMER_STATE

from chassis import failpoints
from complaint.matching.directory import known_customers
from complaint.matching.match_cases import WHOSE

log = structlog.get_logger()

BATCH = 128
QUEUE = 4096
NUMBERS = 500
#: a directory that was complete this recently counts as up to date
FRESH = timedelta(seconds=30)

# What happens to a batch, at once: of each form the winner is inserted (a repeated Idempotency-Key or
# origin loses here), its caller is looked up in the directory, its subject's key is kept, its messages go
# to the outbox. Being one statement it is its own transaction.
TAKE = f"""
WITH form AS (
    SELECT * FROM unnest(
        $1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::text[], $8::text[],
        $9::text[], $10::text[], $11::bytea[], $12::bytea[], $13::bytea[], $14::uuid[], $15::bytea[], $16::bytea[],
        $17::text[], $18::text[], $19::bytea[], $20::bytea[], $21::smallint[], $32::text[], $33::uuid[], $34::text[],
        $35::text[], $36::text[], $37::timestamptz[], $38::timestamptz[], $39::uuid[], $40::bytea[]
    ) AS f(id, number, branch, region, channel, taken_at, brand, facts, text, serious_kinds, phone_token, plate_token,
           vin_token, subject_id, wrapped, sealed, origin, origin_ref, request_key, request_digest, told, profile,
           duty_id, duty_role, duty_plan, duty_course, due_at, next_at, work_id, work)
), taken AS (
    INSERT INTO cases (id, number, branch, region, channel, state, taken_at, brand, facts, text, match, customer_id,
        matched_at, directory_as_of, serious_kinds, serious_at, phone_token, plate_token, vin_token, subject_id, sealed,
        origin, origin_ref, request_key, request_digest, version, sequence, serious_sequence, profile)
    SELECT c.id, c.number, c.branch, c.region, c.channel, 'taken', c.taken_at, c.brand, c.facts::jsonb, c.text,
        CASE WHEN c.customer IS NOT NULL THEN 'matched' WHEN $29 THEN 'none' ELSE 'pending' END,
        c.customer, CASE WHEN c.customer IS NOT NULL THEN $22::timestamptz END, $28::timestamptz,
        c.serious_kinds::jsonb, CASE WHEN c.told > 1 THEN $22::timestamptz END,
        c.phone_token, c.plate_token, c.vin_token, c.subject_id, c.sealed,
        c.origin, c.origin_ref, c.request_key, c.request_digest, 1, c.told, CASE WHEN c.told > 1 THEN 1 ELSE 0 END,
        c.profile
    FROM (SELECT c.*, {WHOSE} AS customer FROM form c) c
    ON CONFLICT DO NOTHING
    RETURNING id, customer_id, match
), kept AS (
    INSERT INTO kehu.subject_keys (subject_id, wrapped, created_at)
    SELECT form.subject_id, form.wrapped, $22 FROM form JOIN taken USING (id)
), owed AS (
    INSERT INTO kehu.obligations (id, duty, subject, path, branch, role, since, plan, course, due_at, next_at, state,
        version, sequence)
    SELECT duty_id, 'judge', id, '/v1/complaints/' || id, branch, duty_role, taken_at, duty_plan::jsonb,
        duty_course::jsonb, due_at, next_at, 'open', 1, 1
    FROM form JOIN taken USING (id)
), work AS (
    INSERT INTO kehu.outbox (topic, key, event_id, type, sequence, occurred_at, value, created_at)
    SELECT 'complaint.work', duty_id::text, work_id, 'work.item.v1', 1, $22, work, $22 FROM form JOIN taken USING (id)
), told AS (
    INSERT INTO kehu.outbox (topic, key, event_id, type, sequence, occurred_at, traceparent, value, created_at)
    SELECT m.topic, m.case_id::text, m.event_id, m.type, m.sequence, $22, m.traceparent,
        CASE WHEN m.type <> 'complaint.opened.v1' THEN m.value
             WHEN taken.customer_id IS NULL
             THEN m.value || convert_to(format(',"match":"%s","customer_id":null}}', taken.match), 'UTF8')
             ELSE m.value || convert_to(format(',"match":"matched","customer_id":"%s"}}', taken.customer_id), 'UTF8')
        END, $22
    FROM unnest($23::uuid[], $24::text[], $25::uuid[], $26::text[], $27::bigint[], $30::text[], $31::bytea[])
        WITH ORDINALITY AS m(case_id, topic, event_id, type, sequence, traceparent, value, place)
    JOIN taken ON taken.id = m.case_id ORDER BY m.place
)
SELECT id, customer_id, match FROM taken
"""  # noqa: S608

_EARLIER = """
SELECT id, number, taken_at, match, CASE WHEN match = 'matched' THEN customer_id END AS customer_id, directory_as_of,
    serious_kinds <> '[]' AND serious_at IS NOT NULL AS serious, text,
    (SELECT o.due_at FROM kehu.obligations o WHERE o.subject = cases.id AND o.duty = 'judge' ORDER BY o.id LIMIT 1)
        AS judge_by, request_key, request_digest, origin, origin_ref
FROM cases WHERE id IN (
    SELECT id FROM cases WHERE id = ANY($1::uuid[])
    UNION SELECT id FROM cases WHERE request_key = ANY($2::bytea[])
    UNION SELECT c.id FROM cases c JOIN unnest($3::text[], $4::text[]) AS o(origin, ref)
        ON c.origin = o.origin AND c.origin_ref = o.ref)
"""
# One plan for whatever a batch holds (ADR 0002): to plan a small one takes half a millisecond, as long as to write it.
# The plan is made when hardly anything is there yet, and must not be one that reads whole tables.
_SESSION = """
SET lock_timeout = '5s'; SET transaction_timeout = '30s';
SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off
"""
_NUMBERS = "SELECT nextval('case_count') FROM generate_series(1, $1)"
_AS_OF = "SELECT count(*), min(as_of) FROM kehu.freshness WHERE projection = $1"


class OriginReused(Refused):
    """The other system has handed on another complaint under this reference before."""

    title = "Another complaint was taken under this reference"
    zh = "同一来源编号已登记过内容不同的投诉。请核对来源编号。"


#: a message: its topic, event id, type, sequence, traceparent and value
Told = tuple[str, UUID, str, int, str | None, bytes]


@dataclass(slots=True)
class Written:
    """A form made ready: the values of its row, and the messages that tell of it."""

    id: UUID
    row: tuple[Any, ...]
    #: profile, the first duty's values, the id and bytes of its work item
    duty: tuple[Any, ...]
    judge_by: datetime | None
    #: the first is the opening, still open at its end
    messages: list[Told]
    request_key: bytes | None
    request_digest: bytes | None
    origin: tuple[str, str] | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a form: taken now, or found to have been taken before."""

    id: UUID
    customer_id: UUID | None
    match: str
    directory_as_of: datetime | None
    #: the stored row where the same complaint had been taken before
    earlier: asyncpg.Record | None = None


class Writer:
    """The intake's own connection, its stock of numbers, and its knowledge of how fresh the directory is."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._connection: asyncpg.Connection[Any] | None = None
        self._side = asyncio.Lock()
        self._numbers: deque[int] = deque()
        self._as_of: datetime | None = None
        self._batcher: Batcher[Written, Outcome] = Batcher(self._flush, most=BATCH, queue=QUEUE)
        self._watching: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Connect and begin to watch the directory's freshness."""
        self._watching = asyncio.create_task(self._watch())

    async def close(self) -> None:
        """Write what waits, then disconnect."""
        await self._batcher.drain()
        if self._watching is not None:
            self._watching.cancel()
        if self._connection is not None:
            self._connection.terminate()

    async def submit(self, written: Written) -> Outcome:
        """Returns when the complaint is on disk, or was before; `Busy` when too many wait."""
        return await self._batcher.submit(written)

    async def count(self) -> int:
        """The next count for a number, from a stock fetched ahead; gaps after a crash are normal."""
        while not self._numbers:
            async with self._side:
                if not self._numbers:
                    async with self._runtime.transaction() as tx:
                        self._numbers += [row[0] for row in await tx.driver.fetch(_NUMBERS, NUMBERS)]
        return self._numbers.popleft()

    async def _flush(self, batch: Sequence[Written]) -> Sequence[Outcome | BaseException]:
        """Write a batch; when it fails, each form by itself, so that one cannot take the others with it."""
        for attempt in range(3):
            try:
                return await self._write(batch)
            except Exception as error:
                self._disconnect()
                if passes_by_itself(error):
                    # the commit may have been lost on the way back: the ids tell on the next attempt
                    log.warning("intake batch repeated", error=type(error).__name__, forms=len(batch))
                    await asyncio.sleep(0.05 * 4**attempt)
                    continue
                log.error("intake batch failed", exc_info=error, forms=len(batch))
                if len(batch) == 1:
                    return [error]
                return [(await self._flush([one]))[0] for one in batch]
        busy = Busy("The complaint could not be saved. Send it again with the same Idempotency-Key.", retry_after=2)
        return [busy] * len(batch)

    async def _write(self, batch: Sequence[Written]) -> list[Outcome | BaseException]:
        connection = await self._connected()
        now = self._runtime.clock()
        as_of = self._as_of
        fresh = as_of is not None and now - as_of < FRESH
        columns = transpose([one.row for one in batch], len(batch[0].row))
        duties = transpose([one.duty for one in batch], len(batch[0].duty))
        told = [(one.id, *message) for one in batch for message in one.messages]
        case_ids, topics, event_ids, types, sequences, traceparents, values = transpose(told, 7)
        rows = await connection.fetch(
            TAKE,
            *columns,
            now,
            case_ids,
            topics,
            event_ids,
            types,
            sequences,
            as_of,
            fresh,
            traceparents,
            values,
            *duties,
        )
        await failpoints.reach("intake.committed")
        self._runtime.outbox_written()
        taken = {row["id"]: Outcome(row["id"], row["customer_id"], row["match"], as_of) for row in rows}
        if len(taken) == len(batch):
            return [taken[one.id] for one in batch]
        return await self._with_earlier(connection, batch, taken)

    async def _with_earlier(
        self, connection: asyncpg.Connection[Any], batch: Sequence[Written], taken: dict[UUID, Outcome]
    ) -> list[Outcome | BaseException]:
        """The outcomes where some had been taken before: by this very id, this key or this origin."""
        lost = [one for one in batch if one.id not in taken]
        origins = [one.origin for one in lost if one.origin is not None]
        rows = await connection.fetch(
            _EARLIER,
            [one.id for one in lost],
            [one.request_key for one in lost if one.request_key is not None],
            [origin for origin, _ in origins],
            [ref for _, ref in origins],
        )
        by_id = {row["id"]: row for row in rows}
        by_key = {row["request_key"]: row for row in rows if row["request_key"] is not None}
        by_origin = {(row["origin"], row["origin_ref"]): row for row in rows if row["origin"] is not None}
        outcomes: list[Outcome | BaseException] = []
        for one in batch:
            if one.id in taken:
                outcomes.append(taken[one.id])
                continue
            row = by_id.get(one.id) or by_key.get(one.request_key)
            if row is None and one.origin is not None:
                row = by_origin.get(one.origin)
            if row is None:
                outcomes.append(Busy("The complaint could not be saved. Send it again.", retry_after=1))
            elif row["id"] != one.id and (refusal := _other_content(row, one)) is not None:
                outcomes.append(refusal)
            else:
                found = Outcome(row["id"], row["customer_id"], row["match"], row["directory_as_of"], earlier=row)
                outcomes.append(found)
        return outcomes

    async def _connected(self) -> asyncpg.Connection[Any]:
        if self._connection is None or self._connection.is_closed():
            self._connection = await self._runtime.direct("intake")
            await self._connection.execute(_SESSION)
        return self._connection

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()

    async def _watch(self) -> None:
        """Every two seconds: until when is the local directory known to be complete."""
        while True:
            try:
                ((seen, as_of),) = await self._runtime.glance(_AS_OF, known_customers.name)
                self._as_of = as_of if seen == CUSTOMER_STATE.partitions else None
            except Exception as error:
                if not passes_by_itself(error):
                    log.error("freshness of the directory unknown", exc_info=error)
            await asyncio.sleep(2)


def _other_content(row: asyncpg.Record, one: Written) -> Refused | None:
    """What to say when the complaint that was taken before under this key or reference is another one."""
    if row["request_key"] is not None and row["request_key"] == one.request_key:
        if row["request_digest"] == one.request_digest:
            return None
        return KeyReused("This Idempotency-Key was used for another complaint. Take a new one for a new complaint.")
    if row["request_digest"] in (None, one.request_digest):
        return None
    return OriginReused(
        f"Under this origin_ref {row['number']} was taken, with other content. Correct that one, or give a new one "
        "its own reference.",
        number=row["number"],
    )
