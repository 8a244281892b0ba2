"""A database and a role for each service, which no other role may enter."""

from __future__ import annotations

from collections.abc import Mapping

import asyncpg


async def make_databases(admin_dsn: str, passwords: Mapping[str, str]) -> None:
    """Create what is missing for each service, by name with the password of its role; safe to run again.

    The role `kehu_<service>` owns the database of that name. Its transactions end after 60 seconds: the
    relay rests on that.
    """
    server = await asyncpg.connect(admin_dsn, timeout=20)
    try:
        for name, password in passwords.items():
            role = f"kehu_{name}"
            secret = await server.fetchval("SELECT quote_literal($1)", password)
            if not await server.fetchval("SELECT true FROM pg_roles WHERE rolname = $1", role):
                await server.execute(f'CREATE ROLE "{role}" LOGIN PASSWORD {secret}')
                await server.execute(f"""ALTER ROLE "{role}" SET transaction_timeout = '60s'""")
            if not await server.fetchval("SELECT true FROM pg_database WHERE datname = $1", name):
                await server.execute(f'CREATE DATABASE "{name}" OWNER "{role}"')
                await server.execute(f'REVOKE CONNECT ON DATABASE "{name}" FROM PUBLIC')
    finally:
        await server.close()


async def answers(dsn: str) -> bool:
    """Whether the server there takes connections."""
    try:
        connection = await asyncpg.connect(dsn, timeout=5)
    except (OSError, TimeoutError, asyncpg.PostgresError):
        return False
    await connection.close()
    return True
