"""Brings a service's database to the shape its code expects: the plumbing's migrations first, then its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import op
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from chassis import tables

PLUMBING = Path(__file__).parent / "migrations"
#: one migration run at a time, however many processes start together
_LOCK = 0x6B656875


async def migrate(sqlalchemy_url: str, migrations: Path, *, libraries: Sequence[tuple[str, Path]] = ()) -> None:
    """Apply what is missing, first the plumbing's, then each library's, then the service's own.

    Safe to run twice and from several processes at once.

    A lock that another session holds is waited for at most five seconds, so that a migration
    never queues the whole service behind itself.
    """
    engine = create_async_engine(sqlalchemy_url, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            await connection.execute(sa.text("SET transaction_timeout = 0"))
            await connection.execute(sa.text("SET lock_timeout = '60s'"))
            await connection.execute(sa.select(sa.func.pg_advisory_lock(_LOCK)))
            await connection.execute(sa.text("SET lock_timeout = '5s'"))
            await connection.execute(sa.text("CREATE SCHEMA IF NOT EXISTS kehu"))
            await connection.commit()
            await connection.run_sync(_upgrade, PLUMBING, "kehu", "alembic_version")
            for name, path in libraries:
                await connection.run_sync(_upgrade, path, "kehu", f"alembic_version_{name}")
            await connection.run_sync(_upgrade, migrations, "public", "alembic_version")
            await connection.execute(sa.text("SELECT kehu.roll_inbox(current_date, 46, 2)"))
            await connection.commit()
            await connection.execute(sa.select(sa.func.pg_advisory_unlock(_LOCK)))
    finally:
        await engine.dispose()


def run_sql(script: str) -> None:
    """Execute every statement of `script` inside a migration; a statement ends with `;` at a line's end."""
    quoted = False
    statement: list[str] = []
    for line in script.strip().splitlines():
        statement.append(line)
        quoted ^= line.count("$$") % 2 == 1
        if line.endswith(";") and not quoted:
            op.execute("\n".join(statement))
            statement.clear()


async def differences(
    connection: AsyncConnection, metadata: sa.MetaData, libraries: Sequence[sa.MetaData] = ()
) -> list[Any]:
    """What the migrated database and the tables in code do not agree on; empty when in step."""

    def compare(sync: sa.Connection) -> list[Any]:
        found: list[Any] = []
        for schema, wanted in (("kehu", [tables.metadata, *libraries]), (None, [metadata])):
            context = MigrationContext.configure(
                sync,
                opts={
                    "compare_type": True,
                    "compare_server_default": False,
                    "include_schemas": schema is not None,
                    "include_name": _only(schema),
                },
            )
            found += compare_metadata(context, wanted)  # type: ignore[arg-type]
        return found

    return await connection.run_sync(compare)


def _only(schema: str | None) -> Any:
    def include(name: str | None, kind: str, parents: Any) -> bool:
        if kind == "schema":
            return name == schema
        if kind == "table":
            return not str(name).startswith(("alembic_version", "inbox_"))
        return True

    return include


def _upgrade(connection: sa.Connection, migrations: Path, schema: str, version_table: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    script = ScriptDirectory.from_config(config)

    def steps(revision: Any, context: Any) -> Any:
        return script._upgrade_revs("head", revision)

    with EnvironmentContext(config, script, fn=steps) as environment:
        environment.configure(
            connection=connection,
            version_table_schema=schema,
            version_table=version_table,
            transaction_per_migration=True,
        )
        with environment.begin_transaction():
            environment.run_migrations()
    connection.commit()
