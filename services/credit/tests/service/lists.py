"""What tests of lists do over and over: hand a table in, have it taken, read what became of each row."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import xlsxwriter
from chassis.kit.at_work import at_work
from chassis.kit.eventually import eventually
from chassis.kit.stage import Stage


def csv_of(headings: str, *lines: str, encoding: str = "gb18030") -> bytes:
    return "\n".join([headings, *lines]).encode(encoding)


def xlsx_of(headings: str, *rows: Sequence[Any]) -> bytes:
    """A workbook whose numbers are numbers."""
    into = io.BytesIO()
    book = xlsxwriter.Workbook(into, {"in_memory": True})
    sheet = book.add_worksheet()
    for n, row in enumerate([headings.split(","), *rows]):
        sheet.write_row(n, 0, row)
    book.close()
    return into.getvalue()


async def handed_in(
    stage: Stage, path: str, content: bytes, *, who: str = "finance-1", dry_run: bool = False
) -> dict[int, dict[str, Any]]:
    """Every job that is due has been worked when this returns; what became of each row, by its number."""
    async with stage.client(subject=who) as person:
        begun = await person.post(f"{path}?dry_run={str(dry_run).lower()}", content=content)
        assert begun.status_code == 202, begun.text
        where = begun.headers["location"]
        await all_worked(stage)
        view = (await person.get(where)).json()
        assert (view["state"], view["done"]) == ("done", view["rows"]), view
        rows = (await person.get(f"{where}/rows?limit=100")).json()["items"]
    return {row["row"]: row for row in rows}


async def all_worked(stage: Stage) -> None:
    """Work until no job is due."""

    async def over() -> bool:
        sql = "SELECT 1 FROM kehu.jobs WHERE state = 'waiting' AND (run_at <= $1 OR lease IS NOT NULL)"
        return not await stage.rows(sql, stage.runtime.clock())

    async with at_work(stage.runner()):
        await eventually(over)


def outcomes(rows: dict[int, dict[str, Any]]) -> list[str]:
    return [rows[n]["outcome"] for n in sorted(rows)]
