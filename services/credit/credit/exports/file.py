"""A list as a file: the same columns in both languages as XLSX or CSV, and a record of who took it away."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import date
from enum import StrEnum
from typing import Annotated

from chassis.problems import Refused
from chassis.sheets import XLSX, Cell, Column, write_csv, write_xlsx
from chassis.tx import Tx
from contracts.archive import AccessRecorded
from fastapi import Query, Response

#: how many rows one file holds
MOST = 20_000


class FileKind(StrEnum):
    """How the list is written."""

    XLSX = "xlsx"
    CSV = "csv"


Kind = Annotated[FileKind, Query(alias="format", description="how it is written")]
Since = Annotated[date | None, Query(description="from this day on")]
Until = Annotated[date | None, Query(description="to the end of this day")]


class TooLong(Refused):
    """The file would hold more than a file may."""

    title = "The list is too long for one file"
    zh = "清单过长，不能放入一个文件。请缩小范围后再导出。"


def refuse_too_long(rows: Sequence[object]) -> None:
    """`TooLong`: nothing is left out in silence."""
    if len(rows) > MOST:
        raise TooLong(f"There are more than {MOST} rows. Ask for a shorter time, or for one branch or account.")


def record_export(tx: Tx, table: str, ids: Iterable[str], rules: Sequence[str]) -> None:
    """Keep who has taken the list away."""
    tx.record(
        AccessRecorded(
            service=tx.runtime.name,
            actor=tx.actor,
            action="export",
            table=table,
            ids=list(ids),
            purpose="list",
            rules=list(rules),
            at=tx.now,
            digests=[],
        )
    )


async def as_file(kind: FileKind, title: str, columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> Response:
    """The file; text is never taken for a formula."""
    if kind is FileKind.XLSX:
        return Response(await asyncio.to_thread(write_xlsx, title, columns, rows), media_type=XLSX)
    headings = [f"{column.chinese} {column.english}" for column in columns]
    return Response(await asyncio.to_thread(write_csv, headings, rows), media_type="text/csv; charset=utf-8")
