"""What a running process holds: settings, database, keys, and who to wake after a commit."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import asyncpg
import orjson
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from chassis.auth import Grant, Principal
from chassis.peers import Peers
from chassis.sealing import MasterKeys
from chassis.settings import Settings
from chassis.tokens import Tokens
from chassis.tx import PATIENCE, Tx

SESSION = {"jit": "off", "idle_in_transaction_session_timeout": "60s"}


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Runtime:
    """One process of one service. `name` is the service's one word; `clock` is replaced in tests."""

    name: str
    settings: Settings
    master_keys: MasterKeys
    tokens: Tokens
    engine: AsyncEngine
    peers: Peers
    clock: Callable[[], datetime] = utc_now
    #: called after every commit that left something in the outbox, or a job that is due
    outbox_written: Callable[[], None] = lambda: None
    job_due: Callable[[], None] = lambda: None
    #: what a person may act as now, where the directory says so and not the token; nobody knows: nothing
    granted: Callable[[Principal], frozenset[Grant]] = lambda principal: frozenset()
    #: what a service's own parts share (an HTTP client, the intake writer), by name
    parts: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, name: str, settings: Settings) -> Runtime:
        """Everything a process needs before it starts work; ValueError or OSError when a key file is unfit."""
        engine = create_async_engine(
            settings.sqlalchemy_url,
            pool_size=settings.pool_size,
            max_overflow=0,
            pool_timeout=10,
            json_deserializer=orjson.loads,
            connect_args={"server_settings": {"application_name": f"kehu-{name}", **SESSION}, "timeout": 10},
        )
        return cls(
            name=name,
            settings=settings,
            master_keys=MasterKeys.load(settings.master_keys_file),
            tokens=Tokens.load(settings.token_keys_file),
            engine=engine,
            peers=Peers(name, settings),
        )

    @asynccontextmanager
    async def transaction(
        self, *, actor: str | None = None, patience: str | None = None, one_plan: bool = False
    ) -> AsyncIterator[Tx]:
        """A unit of work that is committed when the block ends well and rolled back when it raises.

        `actor` is who does it, for the access record; without one it is the service itself. `patience` is how
        long it waits for a locked row, where not the usual five seconds. With `one_plan` its statements run by plans
        made once for whatever values: for batches, each of which would be planned anew (ADR 0002).
        """
        async with self.engine.connect() as connection:
            tx = Tx(self, connection, actor=actor or f"service:{self.name}", now=self.clock())
            await tx.begin(patience or PATIENCE, one_plan=one_plan)
            yield tx
            await tx.flush()
            await connection.commit()
        if tx.wrote_outbox:
            self.outbox_written()
        if tx.has_due_job:
            self.job_due()

    async def glance(self, statement: str, *values: Any) -> list[asyncpg.Record]:
        """What one statement reads, by itself: for looks made all the time, at a fraction of a transaction's cost."""
        async with self.engine.connect() as connection:
            raw = await connection.get_raw_connection()
            assert raw.driver_connection is not None
            try:
                rows: list[asyncpg.Record] = await raw.driver_connection.fetch(statement, *values)
            except Exception:
                await connection.invalidate()  # the pool does not see what has happened to it
                raise
        return rows

    async def direct(self, purpose: str) -> asyncpg.Connection[Any]:
        """A connection of its own, outside the pool, with short keepalives.

        For work that holds a session lock or listens: a process that has died silently is
        noticed by the server in seconds, not hours. It must not go through a transaction-pooling proxy.
        """
        return await asyncpg.connect(
            self.settings.database_url,
            timeout=10,
            server_settings={
                "application_name": f"kehu-{self.name}-{purpose}",
                "tcp_keepalives_idle": "5",
                "tcp_keepalives_interval": "2",
                "tcp_keepalives_count": "5",
                "tcp_user_timeout": "20000",
                **SESSION,
            },
        )

    async def close(self) -> None:
        await self.peers.close()
        await self.engine.dispose()
