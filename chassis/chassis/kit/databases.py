"""Databases for tests: migrated once into a template, copied, and emptied between two tests."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import asyncpg

from chassis.service import Service

#: what a test may leave in a database that goes on to the next one; above it, it is dropped (bytes)
KEPT_GROWTH = 64 << 20

_OURS = "NOT (n.nspname LIKE 'pg\\_%' OR n.nspname = 'information_schema')"

#: whether anything but rows has changed: relations with their columns, triggers, constraints and functions
_SHAPE = f"""
WITH ours AS (SELECT c.*, n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {_OURS})
SELECT md5(string_agg(line, chr(10) ORDER BY line)) FROM (
    SELECT concat_ws(' ', oid, nspname, relname, relkind, reloptions) AS line FROM ours
    UNION ALL
    SELECT concat_ws(' ', attrelid, attnum, attname, atttypid, atttypmod, attnotnull, atthasdef, attisdropped)
    FROM pg_attribute JOIN ours ON ours.oid = attrelid WHERE attnum > 0
    UNION ALL
    SELECT concat_ws(' ', t.oid, tgname, tgenabled) FROM pg_trigger t JOIN ours ON ours.oid = tgrelid
    UNION ALL
    SELECT concat_ws(' ', t.oid, conname, convalidated) FROM pg_constraint t JOIN ours ON ours.oid = conrelid
    UNION ALL
    SELECT concat_ws(' ', p.oid, proname, md5(prosrc)) FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace
    WHERE {_OURS}
) AS lines
"""

_END_OTHERS = """
SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = current_database()
AND pid <> pg_backend_pid()
"""

#: tables with anything in their files
_USED = f"""
SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND {_OURS} AND pg_relation_size(c.oid) > 0
"""


@dataclass(frozen=True)
class _Copy:
    """A database of the template as it was made: what it must look like to be used again."""

    name: str
    shape: str
    size: int
    written_by_migrations: frozenset[str]


class Databases:
    """Makes databases on one server; `admin_dsn` is a superuser's.

    A copy has some six hundred files: it takes longer to make and drop than most tests take. So it is emptied and used
    again, unless something other than rows changed in it.
    """

    def __init__(self, admin_dsn: str) -> None:
        self.admin_dsn = admin_dsn
        self._idle: dict[str, list[_Copy]] = defaultdict(list)
        self._templates: set[str] = set()

    def dsn(self, name: str) -> str:
        """How to reach a database of this server."""
        return self.admin_dsn.rpartition("/")[0] + "/" + name

    @asynccontextmanager
    async def fresh(self, service: Service) -> AsyncIterator[str]:
        """A migrated database of the service without rows, nobody else's until the end. Yields its DSN."""
        template = await self.template(service)
        copy = self._idle[template].pop() if self._idle[template] else await self._copied(template, service.name)
        try:
            yield self.dsn(copy.name)
        finally:
            if await self._emptied(copy):
                self._idle[template].append(copy)
            else:
                await self._execute(f'DROP DATABASE "{copy.name}" WITH (FORCE)')

    async def _copied(self, template: str, service: str) -> _Copy:
        name = f"{service}_{uuid4().hex[:12]}"
        await self._execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        async with self._connected(self.dsn(name)) as connection:
            shape = await connection.fetchval(_SHAPE)
            size = await connection.fetchval("SELECT pg_database_size(current_database())")
            written = await connection.fetch(_USED)
        return _Copy(name, shape, size, frozenset(row[0] for row in written))

    async def _emptied(self, copy: _Copy) -> bool:
        """Take all rows out and let the sequences begin again; False if it cannot be used again."""
        async with self._connected(self.dsn(copy.name)) as connection:
            await connection.execute(_END_OTHERS)
            size = await connection.fetchval("SELECT pg_database_size(current_database())")
            if size > copy.size + KEPT_GROWTH or await connection.fetchval(_SHAPE) != copy.shape:
                return False
            used = {row[0] for row in await connection.fetch(_USED)} - copy.written_by_migrations
            # neither triggers nor foreign keys have a say
            emptying = ["SET session_replication_role = replica", *(f"DELETE FROM {table}" for table in sorted(used))]
            await connection.execute(";".join(emptying))
            await connection.execute("SELECT setval(seqrelid, seqstart, false) FROM pg_sequence")
        return True

    async def template(self, service: Service) -> str:
        """The service's migrated template, made by whichever worker comes first."""
        shape = [str(service.migrations), *(library.name for library in service.libraries)]
        name = f"template_{service.name}_{sha256(' '.join(shape).encode()).hexdigest()[:8]}"
        if name in self._templates:
            return name
        session = self.admin_dsn.encode().hex()[-24:]
        lock = Path(tempfile.gettempdir()) / f"kehu-{session}-{name}.lock"
        with lock.open("w") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            if not await self._exists(name):
                making = f"{name}_{os.getpid()}"
                await self._execute(f'CREATE DATABASE "{making}"')
                url = self.dsn(making).replace("postgresql://", "postgresql+asyncpg://", 1)
                await service.migrate(url)
                await self._execute(f'ALTER DATABASE "{making}" RENAME TO "{name}"')
        self._templates.add(name)
        return name

    async def _exists(self, name: str) -> bool:
        async with self._connected(self.admin_dsn) as connection:
            return bool(await connection.fetchval("SELECT true FROM pg_database WHERE datname = $1", name))

    async def _execute(self, statement: str) -> None:
        async with self._connected(self.admin_dsn) as connection:
            await connection.execute(statement)

    @asynccontextmanager
    async def _connected(self, dsn: str) -> AsyncIterator[asyncpg.Connection]:
        connection = await asyncpg.connect(dsn)
        try:
            yield connection
        finally:
            await connection.close()
