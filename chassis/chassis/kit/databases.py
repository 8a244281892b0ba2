"""Databases for tests: migrated once into a template, copied for each test."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import asyncpg

from chassis.service import Service


class Databases:
    """Makes databases on one server; `admin_dsn` is a superuser's."""

    def __init__(self, admin_dsn: str) -> None:
        self.admin_dsn = admin_dsn

    def dsn(self, name: str) -> str:
        """How to reach a database of this server."""
        return self.admin_dsn.rpartition("/")[0] + "/" + name

    @asynccontextmanager
    async def fresh(self, service: Service) -> AsyncIterator[str]:
        """An empty, migrated database for the service; dropped afterwards. Yields its DSN."""
        template = await self.template(service)
        name = f"{service.name}_{uuid4().hex[:12]}"
        await self._execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        try:
            yield self.dsn(name)
        finally:
            await self._execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    async def template(self, service: Service) -> str:
        """The service's migrated template, made by whichever worker comes first."""
        shape = [str(service.migrations), *(library.name for library in service.libraries)]
        name = f"template_{service.name}_{sha256(' '.join(shape).encode()).hexdigest()[:8]}"
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
        return name

    async def _exists(self, name: str) -> bool:
        connection = await asyncpg.connect(self.admin_dsn)
        try:
            return bool(await connection.fetchval("SELECT true FROM pg_database WHERE datname = $1", name))
        finally:
            await connection.close()

    async def _execute(self, statement: str) -> None:
        connection = await asyncpg.connect(self.admin_dsn)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()
