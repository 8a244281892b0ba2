"""Rows and plain objects: loads aggregates in id order, writes the changed ones with one statement a table."""

from __future__ import annotations

import dataclasses
import enum
import operator
import types
import typing
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar, Generic, Protocol, TypeVar
from uuid import UUID

import asyncpg
import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from chassis.problems import Stale


class Aggregate(Protocol):
    """What a store can keep: a dataclass with an id, a version for locking, a count of its events."""

    __dataclass_fields__: ClassVar[dict[str, Any]]
    id: UUID
    version: int
    sequence: int


A = TypeVar("A", bound=Aggregate)
_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]


def sql_type(column: sa.Column[Any]) -> str:
    """The type under which a column's values travel in an array parameter (jsonb as text)."""
    return "text" if isinstance(column.type, JSONB) else str(column.type.compile(_DIALECT))


def _from_column(column: sa.Column[Any]) -> str:
    quoted = f'u."{column.name}"'
    return f"{quoted}::jsonb" if isinstance(column.type, JSONB) else quoted


def unnest(columns: Sequence[sa.Column[Any]], first: int = 1) -> str:
    """`unnest($1::uuid[], …) AS u(…)` over the columns, for one statement that writes many rows."""
    arrays = ", ".join(f"${first + n}::{sql_type(c)}[]" for n, c in enumerate(columns))
    names = ", ".join(f'"{c.name}"' for c in columns)
    return f"unnest({arrays}) AS u({names})"


def insert_many(table: sa.Table, columns: Sequence[sa.Column[Any]], suffix: str = "") -> str:
    """One INSERT for any number of rows, given as one array a column."""
    names = ", ".join(f'"{c.name}"' for c in columns)
    values = ", ".join(_from_column(c) for c in columns)
    return f"INSERT INTO {table.fullname} ({names}) SELECT {values} FROM {unnest(columns)} {suffix}".rstrip()  # noqa: S608


def transpose(rows: Sequence[Sequence[Any]], width: int) -> list[list[Any]]:
    """Rows to columns; `width` empty columns when there is no row."""
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]


def for_column(column: sa.Column[Any]) -> Callable[[Any], Any] | None:
    """How a Python value is made ready for the column; None when it goes as it is."""
    if isinstance(column.type, JSONB):
        return lambda value: None if value is None else orjson.dumps(value, default=_id_as_text).decode()
    return None


def _id_as_text(value: object) -> str:
    """What orjson does with a UUID of the library's own kind, but not with the driver's."""
    if isinstance(value, UUID):
        return str(value)
    raise TypeError


class Store(Generic[A]):
    """Keeps one kind of aggregate in one table whose columns are the dataclass's fields.

    A field that is an enumeration or a tuple comes back as such; dictionaries and tuples live in
    jsonb. Arrays are refused: they do not pass through `unnest`. Columns that
    the dataclass does not have are left to the database.
    """

    of: ClassVar[dict[type, Store[Any]]] = {}

    def __init__(self, table: sa.Table, kind: type[A]) -> None:
        self.table = table
        self.kind = kind
        hints = typing.get_type_hints(kind)
        self._fields = [field.name for field in dataclasses.fields(kind)]
        self._columns = [table.c[name] for name in self._fields]
        for column in self._columns:
            if isinstance(column.type, ARRAY):
                raise TypeError(f"{table.name}.{column.name}: use jsonb, an array does not pass through unnest")
        self._values = operator.attrgetter(*self._fields)
        self._dump = [(at, dump) for at, column in enumerate(self._columns) if (dump := for_column(column))]
        self._load = [_loader(hints[name]) for name in self._fields]
        names = ", ".join(f'"{name}"' for name in self._fields)
        self._select = f"SELECT {names} FROM {table.fullname} WHERE id = ANY($1::uuid[]) ORDER BY id"  # noqa: S608
        self._insert = insert_many(table, self._columns)
        changing = [c for c in self._columns if c.name not in ("id", "version")]
        assign = ", ".join(f'"{c.name}" = {_from_column(c)}' for c in changing)
        self._update = (
            f"UPDATE {table.fullname} t SET {assign}, version = t.version + 1 "  # noqa: S608
            f"FROM {unnest(self._columns)} WHERE t.id = u.id AND t.version = u.version"
        )
        Store.of[kind] = self

    def dump(self, aggregate: A) -> tuple[Any, ...]:
        """The aggregate as the values of its row."""
        values = [*self._values(aggregate)]
        for at, dump in self._dump:
            values[at] = dump(values[at])
        return tuple(values)

    def restore(self, record: Sequence[Any]) -> A:
        """The aggregate of a row whose columns come in the order of the fields."""
        values = [
            value if load is None or value is None else load(value)
            for load, value in zip(self._load, record, strict=True)
        ]
        return self.kind(*values)

    @property
    def columns(self) -> list[sa.Column[Any]]:
        """The columns in the order of the fields, for a query whose rows `restore` takes."""
        return self._columns

    async def fetch(self, connection: asyncpg.Connection[Any], ids: Iterable[UUID], *, lock: bool) -> list[A]:
        """The aggregates that exist among `ids`, in id order; locked until the transaction ends."""
        sql = f"{self._select} FOR UPDATE" if lock else self._select
        return [self.restore(row) for row in await connection.fetch(sql, sorted(set(ids)))]

    async def insert(self, connection: asyncpg.Connection[Any], rows: Sequence[tuple[Any, ...]]) -> None:
        await connection.execute(self._insert, *transpose(rows, len(self._columns)))

    async def update(self, connection: asyncpg.Connection[Any], rows: Sequence[tuple[Any, ...]]) -> None:
        """Write the rows whose version is still the one that was read; `Stale` when one is not."""
        status = await connection.execute(self._update, *transpose(rows, len(self._columns)))
        if int(status.rpartition(" ")[2]) != len(rows):
            raise Stale("It was changed by someone else in the meantime. Read it again and repeat the change.")


def _loader(hint: Any) -> Callable[[Any], Any] | None:
    """How a column's value becomes the field's type again; None when it already is."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        hint = next(part for part in typing.get_args(hint) if part is not type(None))
    origin = typing.get_origin(hint) or hint
    if origin is tuple:
        return tuple
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return hint
    return None
