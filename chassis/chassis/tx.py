"""One unit of work, for one message or for many: what is read, changed, published and revealed together."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from uuid import UUID

import asyncpg
import sqlalchemy as sa
from contracts.archive import AccessRecorded
from contracts.message import Command, Entry, Message, encode
from contracts.topics import Topic, topic_of
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis import sealing, tables, telemetry
from chassis.ids import uuid7
from chassis.problems import NotFound
from chassis.store import A, Aggregate, Store, for_column, insert_many, transpose

if TYPE_CHECKING:
    from chassis.jobs import Job
    from chassis.runtime import Runtime

#: how long a statement waits for a locked row
PATIENCE = "5s"
_BEGIN = sa.text(
    "SELECT set_config('lock_timeout', :wait, true), set_config('transaction_timeout', '60s', true), "
    "set_config('plan_cache_mode', :plans, true)"
)
_OUTBOX = [
    tables.outbox.c[name]
    for name in (
        "topic",
        "key",
        "event_id",
        "type",
        "sequence",
        "occurred_at",
        "traceparent",
        "value",
        "created_at",
    )
]
_INSERT_OUTBOX = insert_many(tables.outbox, _OUTBOX)


class Extension(Protocol):
    """What a library buffers in a transaction, and writes with it."""

    async def write(self, tx: Tx) -> None:
        """Bring what is buffered into the transaction and forget it; called before the rows are written."""


E = TypeVar("E", bound=Extension)


class Sealed(Protocol):
    """A row with personal data: one ciphertext, and whose it is."""

    id: UUID
    subject_id: UUID
    sealed: bytes


S = TypeVar("S", bound=Sealed)
#: by table, purpose and rules: the ids that a record names, and the digests of what was read
_Reveals = dict[tuple[str, str, tuple[str, ...]], tuple[list[str], list[str]]]


class Tx:
    """A transaction that buffers what it writes and writes it in one statement a table, outbox last.

    Aggregates are loaded in id order and locked, so that transactions over the same ones queue instead
    of deadlocking. Nothing is sent to the database for an aggregate that was only looked at.
    `now` is when the work is done ("recorded at"); deadlines start at an event's own time. `actor` is whom it works
    for at the moment.
    """

    def __init__(self, runtime: Runtime, connection: AsyncConnection, *, actor: str, now: datetime) -> None:
        self.runtime = runtime
        self.actor = actor
        self.now = now
        self.wrote_outbox = False
        self.has_due_job = False
        self._connection = connection
        self._driver: asyncpg.Connection[Any] | None = None
        self._loaded: dict[UUID, tuple[Store[Any], Aggregate, tuple[Any, ...] | None]] = {}
        self._unlocked: set[UUID] = set()
        self._rows: dict[str, tuple[sa.Table, list[Mapping[str, Any]]]] = {}
        self._outbox: list[tuple[Any, ...]] = []
        self._keys: dict[UUID, bytes] = {}
        self._extensions: dict[type[Extension], Extension] = {}
        self._reveals: _Reveals = defaultdict(lambda: ([], []))

    async def begin(self, patience: str = PATIENCE, *, one_plan: bool = False) -> None:
        """Open the transaction with a statement of our own.

        The adapter begins at its first own statement: one sent to the driver before it would commit by
        itself. Limits keep a stuck transaction from holding rows, or the relay's floor, for ever. `one_plan` is for
        batches (ADR 0002).
        """
        plans = "force_generic_plan" if one_plan else "auto"
        await self._connection.execute(_BEGIN, {"wait": patience, "plans": plans})
        raw = await self._connection.get_raw_connection()
        self._driver = raw.driver_connection

    @property
    def driver(self) -> asyncpg.Connection[Any]:
        """The driver's connection, inside this transaction, for statements over arrays."""
        assert self._driver is not None, "the transaction has not begun"
        return self._driver

    async def execute(
        self, statement: sa.Executable, parameters: Mapping[str, Any] | None = None
    ) -> sa.CursorResult[Any]:
        """Run a query or a guarded statement now, in this transaction."""
        return await self._connection.execute(statement, parameters)

    # -- aggregates ------------------------------------------------------------------------------

    async def load(self, store: Store[A], ids: Iterable[UUID], *, lock: bool = True) -> dict[UUID, A]:
        """The aggregates that exist among `ids`, by id, in id order; the same object when asked again.

        One that was read without a lock is read again when it is to be locked: somebody may have changed it before
        the lock was had.
        """
        wanted = set(ids)
        missing = [i for i in wanted if i not in self._loaded or (lock and i in self._unlocked)]
        if missing:
            for aggregate in await store.fetch(self.driver, missing, lock=lock):
                self._take(store, aggregate)
            (self._unlocked.difference_update if lock else self._unlocked.update)(missing)
        return {i: self._loaded[i][1] for i in sorted(wanted) if i in self._loaded}  # type: ignore[misc]

    async def get(self, store: Store[A], identifier: UUID, *, lock: bool = True) -> A:
        """One aggregate, locked; `NotFound` when there is none."""
        found = await self.load(store, [identifier], lock=lock)
        if identifier not in found:
            raise NotFound("There is nothing under this id, or it is not yours to see. Check the id.")
        return found[identifier]

    def _take(self, store: Store[A], aggregate: A) -> None:
        """Have it in hand. What is in hand already becomes what was read, unless it was changed here."""
        if aggregate.id in self._loaded:
            _, known, before = self._loaded[aggregate.id]
            if store.dump(known) != before:  # type: ignore[arg-type]
                return  # its version says at the end whether that was too late
            vars(known).clear()
            vars(known).update(vars(aggregate))
            aggregate = known  # type: ignore[assignment]
        self._loaded[aggregate.id] = (store, aggregate, store.dump(aggregate))

    def add(self, aggregate: Aggregate) -> None:
        """Take a new aggregate in; it is inserted with the rest."""
        self._loaded[aggregate.id] = (Store.of[type(aggregate)], aggregate, None)

    def insert(self, table: sa.Table, **row: Any) -> None:
        """Add a plain row that lives beside an aggregate (a token, a line, an attempt)."""
        self._rows.setdefault(table.fullname, (table, []))[1].append(row)

    def extension(self, kind: type[E]) -> E:
        """The transaction's own buffer of this kind."""
        if kind not in self._extensions:
            self._extensions[kind] = kind()
        return self._extensions[kind]  # type: ignore[return-value]

    def loaded(self, kind: type[A]) -> list[A]:
        """The aggregates of a kind that this transaction has in hand, added or loaded, in id order."""
        return [a for _, (_, a, _) in sorted(self._loaded.items(), key=lambda e: e[0]) if isinstance(a, kind)]

    # -- messages --------------------------------------------------------------------------------

    def publish(
        self,
        about: Aggregate,
        message: Message,
        *,
        at: datetime | None = None,
        sequence: int | None = None,
        event_id: UUID | None = None,
    ) -> UUID:
        """Tell the others, in this transaction; the id of the event.

        An event counts the aggregate's events on. `sequence` is given where a topic counts by itself.
        `at` is when the fact happened; without it, now.
        """
        if isinstance(message, Entry):
            sequence = about.sequence if sequence is None else sequence
        elif sequence is None:
            about.sequence += 1
            sequence = about.sequence
        topic = topic_of(type(message), self.runtime.name)
        return self._send(topic, str(about.id), message, sequence, at or self.now, event_id)

    def record(self, record: AccessRecorded) -> None:
        """Put what was done to personal data, or decided about it, into the audit log."""
        self._send(topic_of(AccessRecorded), str(uuid7()), record, 1, self.now, None)

    def command(self, message: Command, key: UUID | str) -> UUID:
        """Ask another service for something, in this transaction: over its own topic, under the key that names."""
        return self._send(topic_of(type(message)), str(key), message, 1, self.now, None)

    def withdraw(self, topic: Topic, about: Aggregate) -> None:
        """Remove what a compacted topic says of the aggregate: a tombstone under its key."""
        kind = topic.messages[0].TYPE
        self._outbox.append(
            (
                topic.name,
                str(about.id),
                uuid7(),
                kind,
                about.sequence,
                self.now,
                telemetry.traceparent_now(),
                None,
                self.now,
            )
        )

    def _send(
        self, topic: Topic, key: str, message: Message, sequence: int, at: datetime, event_id: UUID | None
    ) -> UUID:
        event_id = event_id or uuid7()
        self._outbox.append(
            (
                topic.name,
                key,
                event_id,
                message.TYPE,
                sequence,
                at,
                telemetry.traceparent_now(),
                encode(message),
                self.now,
            )
        )
        return event_id

    # -- jobs ------------------------------------------------------------------------------------

    def later(
        self,
        job: Job,
        ref: str | UUID,
        *,
        at: datetime | None = None,
        lane: str | None = None,
        identifier: UUID | None = None,
    ) -> UUID:
        """Have work done after this transaction, at the earliest at `at`; the job's id.

        Jobs of one `lane` share a limit, so that one slow counterpart delays no other.
        """
        run_at = at or self.now
        identifier = identifier or uuid7()
        self._rows.setdefault("kehu.jobs", (tables.jobs, []))[1].append(
            {
                "id": identifier,
                "kind": job.name,
                "ref": str(ref),
                "lane": lane or job.name,
                "run_at": run_at,
                "progress": {},
                "traceparent": telemetry.traceparent_now(),
                "created_at": self.now,
            }
        )
        self.has_due_job |= run_at <= self.now + timedelta(seconds=1)
        return identifier

    # -- personal data ---------------------------------------------------------------------------

    def new_subject(self) -> UUID:
        """Someone whose data will be sealed: a data key of their own, so that one can be forgotten."""
        subject = uuid7()
        key = sealing.new_data_key()
        self._keys[subject] = key
        self.insert(tables.subject_keys, subject_id=subject, wrapped=self.runtime.master_keys.wrap(key, str(subject)))
        return subject

    async def seal(self, table: sa.Table, identifier: UUID, subject: UUID, value: Mapping[str, Any]) -> bytes:
        """The value as one ciphertext that only opens in this row of this table."""
        key = await self._key_of(subject)
        return sealing.seal(key, dict(value), self._aad(table, identifier))

    async def unseal(
        self, row: Sealed, *, why: str, rules: Iterable[str] = (), file: bytes | None = None, of: UUID | None = None
    ) -> dict[str, Any]:
        """The clear text of an aggregate's row; that it was read is recorded in this transaction (P05.9).

        `why` names the purpose. A `file` that is read with its row, by the digest of its ciphertext, and the thing
        that both are `of`, are named by the same record. `NotFound` when the subject has been erased.
        """
        clear = await self.unseal_row(Store.of[type(row)].table, row, why=why, rules=rules)
        ids, digests = self._reveals[(Store.of[type(row)].table.name, why, tuple(rules))]
        ids += [str(of)] if of is not None else []
        digests += [file.hex()] if file is not None else []
        return clear

    async def unseal_row(self, table: sa.Table, row: Sealed, *, why: str, rules: Iterable[str] = ()) -> dict[str, Any]:
        """`unseal` for a row that no store keeps."""
        key = await self._key_of(row.subject_id)
        clear = sealing.unseal(key, row.sealed, self._aad(table, row.id))
        ids, digests = self._reveals[(table.name, why, tuple(rules))]
        ids.append(str(row.id))
        digests.append(hashlib.sha256(row.sealed).hexdigest())
        return clear

    async def data_key(self, subject: UUID, purpose: str) -> bytes:
        """A key of the subject for what does not fit a row (a file), another one for each purpose.

        It is derived from the subject's own, so that forgetting the subject forgets it. `NotFound` when the
        subject has been erased.
        """
        return sealing.derived(await self._key_of(subject), purpose)

    async def keys_of(self, subjects: Iterable[UUID]) -> None:
        """Fetch the keys of many subjects at once, before many rows are unsealed."""
        missing = [s for s in set(subjects) if s not in self._keys]
        if not missing:
            return
        sql = "SELECT subject_id, wrapped FROM kehu.subject_keys WHERE subject_id = ANY($1::uuid[])"
        for subject, wrapped in await self.driver.fetch(sql, missing):
            if wrapped is not None:
                self._keys[subject] = self.runtime.master_keys.unwrap(wrapped, str(subject))

    async def destroy_keys(self, subjects: Iterable[UUID]) -> int:
        """Make what was sealed for these subjects unreadable for good; how many keys there were.

        Answers that are kept for a repeated request and were made with one of the keys go too.
        """
        gone = sorted(set(subjects))
        for subject in gone:
            self._keys.pop(subject, None)
        await self.driver.execute("UPDATE kehu.idempotency SET body = NULL WHERE subjects && $1::uuid[]", gone)
        status = await self.driver.execute(
            "UPDATE kehu.subject_keys SET wrapped = NULL, destroyed_at = $2 "
            "WHERE subject_id = ANY($1::uuid[]) AND wrapped IS NOT NULL",
            gone,
            self.now,
        )
        return int(status.rpartition(" ")[2])

    @property
    def subjects(self) -> list[UUID]:
        """Whose personal data this transaction has sealed or read."""
        return sorted(self._keys)

    async def _key_of(self, subject: UUID) -> bytes:
        await self.keys_of([subject])
        if subject not in self._keys:
            raise NotFound("The personal data of this entry has been erased. What remains is its number and dates.")
        return self._keys[subject]

    def _aad(self, table: sa.Table, identifier: UUID) -> str:
        return sealing.aad(self.runtime.name, table.name, str(identifier))

    # -- writing ---------------------------------------------------------------------------------

    async def flush(self) -> None:
        """Write everything buffered: aggregates, rows, then the outbox.

        The aggregate is locked or its version raised before its outbox row gets its number, so that the
        relay meets the messages of one key in their order.
        """
        for extension in list(self._extensions.values()):
            await extension.write(self)
        self._record_reveals()
        await self._write_aggregates()
        for name in sorted(self._rows):
            table, rows = self._rows[name]
            columns = [table.c[column] for column in rows[0]]
            ready = [(column.name, for_column(column)) for column in columns]
            values = [[row[name] if dump is None else dump(row[name]) for name, dump in ready] for row in rows]
            await self.driver.execute(insert_many(table, columns), *transpose(values, len(columns)))
        if self._outbox:
            await self.driver.execute(_INSERT_OUTBOX, *transpose(self._outbox, len(_OUTBOX)))
            self.wrote_outbox = True
        self._rows.clear()
        self._outbox.clear()

    async def _write_aggregates(self) -> None:
        added: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
        changed: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
        stores: dict[str, Store[Any]] = {}
        for identifier, (store, aggregate, before) in sorted(self._loaded.items()):
            row = store.dump(aggregate)
            if row == before:
                continue
            stores[store.table.fullname] = store
            (added if before is None else changed)[store.table.fullname].append(row)
            if before is not None:
                aggregate.version += 1
                row = store.dump(aggregate)
            self._loaded[identifier] = (store, aggregate, row)
        for name in sorted(stores):
            if name in added:
                await stores[name].insert(self.driver, added[name])
            if name in changed:
                await stores[name].update(self.driver, changed[name])

    def _record_reveals(self) -> None:
        for (table, why, rules), (ids, digests) in self._reveals.items():
            self.record(
                AccessRecorded(
                    service=self.runtime.name,
                    actor=self.actor,
                    action="read",
                    table=table,
                    ids=ids,
                    purpose=why,
                    rules=list(rules),
                    at=self.now,
                    digests=digests,
                )
            )
        self._reveals.clear()
