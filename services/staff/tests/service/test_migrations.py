"""The database and the tables in code are the same."""

from __future__ import annotations

from chassis.kit.stage import Stage


async def test_the_migrations_make_the_tables_of_the_code(stage: Stage) -> None:
    assert await stage.differences() == []
