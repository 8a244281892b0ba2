"""Writes local copies of other services' state, set by set, and rebuilds one beside the living one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

import asyncpg
import sqlalchemy as sa

from chassis.handlers import Projection, Received
from chassis.store import for_column, insert_many, sql_type, transpose


def named(table: sa.Table, suffix: str = "") -> str:
    """The table, or the one that is built beside it, as SQL names it."""
    schema = f'"{table.schema}".' if table.schema else ""
    return f'{schema}"{table.name}{suffix}"'


class Writer:
    """Applies entries to a projection's tables: newest sequence wins, a tombstone leaves only its sequence."""

    def __init__(self, projection: Projection, *, suffix: str = "") -> None:
        into, lines = projection.into, projection.lines
        self._projection = projection
        self._key = projection.key
        self._columns = [column for column in into.c if column.name not in (self._key.name, "sequence", "gone")]
        self._all = [self._key, into.c.sequence, into.c.gone, *self._columns]
        self._row_ready = _ready(self._columns)
        table = named(into, suffix)
        changes = ", ".join(f'"{c.name}" = excluded."{c.name}"' for c in self._all[1:])
        self._upsert = (
            insert_many(into, self._all).replace(f"INTO {into.fullname}", f"INTO {table} AS t", 1)
            + f' ON CONFLICT ("{self._key.name}") DO UPDATE SET {changes} WHERE t.sequence < excluded.sequence '
            f'RETURNING "{self._key.name}", xmax <> 0'
        )
        self._lines = list(lines.c) if lines is not None else []
        self._line_ready: Ready = []
        if lines is not None:
            line_table = named(lines, suffix)
            self._line_ready = _ready(self._lines[1:])
            self._forget = (
                f'DELETE FROM {line_table} WHERE "{self._lines[0].name}" = '  # noqa: S608
                f"ANY($1::{sql_type(self._lines[0])}[])"
            )
            self._add = insert_many(lines, self._lines).replace(f"INTO {lines.fullname}", f"INTO {line_table}", 1)

    async def write(self, connection: asyncpg.Connection[Any], entries: Sequence[Received[Any]]) -> None:
        """Bring the tables to what the entries say; entries that are not newer change nothing."""
        newest: dict[str, Received[Any]] = {}
        for entry in entries:
            if entry.key not in newest or newest[entry.key].sequence < entry.sequence:
                newest[entry.key] = entry
        rows: list[list[Any]] = []
        lines: dict[Any, list[list[Any]]] = {}
        for key_text in sorted(newest):
            entry = newest[key_text]
            key = self._key_value(key_text)
            row, its_lines = self._shaped(entry)
            rows.append([key, entry.sequence, entry.message is None, *row])
            lines[key] = [[key, *line] for line in its_lines]
        written = await connection.fetch(self._upsert, *transpose(rows, len(self._all)))
        if not self._lines:
            return
        replaced = [key for key, existed in written if existed]
        if replaced:
            await connection.execute(self._forget, replaced)
        added = [line for key, _ in written for line in lines[key]]
        if added:
            await connection.execute(self._add, *transpose(added, len(self._lines)))

    def _key_value(self, key: str) -> Any:
        return UUID(key) if isinstance(self._key.type, sa.Uuid) else key

    def _shaped(self, entry: Received[Any]) -> tuple[list[Any], list[list[Any]]]:
        if entry.message is None:
            return [None] * len(self._columns), []
        shaped = self._projection.shape(entry)
        row, lines = shaped if isinstance(shaped, tuple) else (shaped, ())
        return _values(row, self._row_ready), [_values(line, self._line_ready) for line in lines]


Ready = list[tuple[str, Callable[[Any], Any] | None]]


def _ready(columns: Sequence[sa.Column[Any]]) -> Ready:
    return [(column.name, for_column(column)) for column in columns]


def _values(row: Mapping[str, Any], ready: Ready) -> list[Any]:
    return [row[name] if dump is None else dump(row[name]) for name, dump in ready]
