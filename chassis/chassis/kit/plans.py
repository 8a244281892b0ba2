"""How PostgreSQL runs a statement that it has prepared: some uses on, a connection has one plan for whatever values."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import asyncpg


async def plan_for_any(connection: asyncpg.Connection[Any], sql: str) -> dict[str, Any]:
    """The plan for whatever values, as EXPLAIN's JSON has it; `PostgresSyntaxError` for what is no whole statement.

    Whole tables are read in it only where nothing else is possible, so that it does not hang on how much is there.
    """
    async with connection.transaction():
        await connection.execute("SET LOCAL enable_seqscan = off; SET LOCAL plan_cache_mode = force_generic_plan")
        await connection.execute(f"PREPARE asked AS {sql}")
        types = await connection.fetchval("SELECT parameter_types FROM pg_prepared_statements WHERE name = 'asked'")
        values = f"({', '.join(['NULL'] * len(types))})" if types else ""
        said = await connection.fetchval(f"EXPLAIN (FORMAT JSON) EXECUTE asked{values}")
        await connection.execute("DEALLOCATE asked")
    # connections of a service read JSON by themselves
    (found,) = json.loads(said) if isinstance(said, str) else said
    plan: dict[str, Any] = found["Plan"]
    return plan


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A plan and all that is below it."""
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)
