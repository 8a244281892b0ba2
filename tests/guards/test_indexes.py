"""No statement reads a table that grows from its beginning to its end: an index leads to what is looked for."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import asyncpg
import pytest
from chassis.kit.databases import Databases
from chassis.kit.plans import nodes, plan_for_any
from chassis.service import Service

#: as many rows as there are people, branches, years and changes of policies; the directory holds them all
SMALL = {"known_people", "known_grants", "known_branches", "known_years", "policy_versions", "outbox_id_seq"}
_BEGINS = ("SELECT", "WITH", "INSERT", "UPDATE", "DELETE")


async def test_every_statement_finds_its_rows_by_an_index(service: Service, databases: Databases) -> None:
    read = []
    async with databases.fresh(service) as dsn:
        connection = await asyncpg.connect(dsn)
        try:
            found = dict(statements(service.name))
            for sql, where in found.items():
                read += [f"{where} reads all of {table}" for table in await scanned(connection, sql)]
        finally:
            await connection.close()
    assert len(found) > 20
    assert not read, "\n".join(read)


def statements(service: str) -> Iterator[tuple[str, str]]:
    """The statements that modules of the service and of its libraries keep, with where they stand."""
    for package in (service, "policy", "chassis"):
        for module in modules(package):
            for name, value in vars(import_module(module)).items():
                for text in value.values() if isinstance(value, dict) else (value,):
                    if isinstance(text, str) and text.lstrip().startswith(_BEGINS):
                        yield text, f"{module}.{name}"


def modules(package: str) -> Iterator[str]:
    """The modules that are loaded in a service: no tests, tools or test kit."""
    yield package
    for found in pkgutil.walk_packages(import_module(package).__path__, f"{package}."):
        if not {"kit", "migrations", "__main__"} & set(found.name.split(".")):
            yield found.name


async def scanned(connection: asyncpg.Connection[Any], sql: str) -> list[str]:
    """The tables that grow and that the plan of a statement can only read as a whole; none of what is a part of one."""
    try:
        plan = await plan_for_any(connection, sql)
    except asyncpg.PostgresSyntaxError:
        return []
    tables = [node["Relation Name"] for node in nodes(plan) if node["Node Type"] == "Seq Scan"]
    return [table for table in tables if table not in SMALL]


@pytest.mark.parametrize("service", ["customer"], indirect=True)
async def test_a_statement_without_an_index_is_seen(service: Service, databases: Databases) -> None:
    async with databases.fresh(service) as dsn:
        connection = await asyncpg.connect(dsn)
        await connection.execute("CREATE TABLE thing (id int PRIMARY KEY, name text)")
        assert await scanned(connection, "SELECT 1 FROM thing WHERE id = $1") == []
        assert await scanned(connection, "SELECT 1 FROM thing WHERE name = $1") == ["thing"]
        await connection.close()
