"""Ledger, ageing and shipments as files: the same figures as in the books, within reach, and recorded."""

from __future__ import annotations

import csv
import io
from datetime import date
from typing import Any

import pytest
import python_calamine
from chassis.kit.stage import Stage
from contracts.archive import AccessRecorded
from contracts.staff import Profile
from credit.exports import file
from policy.kit import hire, open_branch

from .trade import Distributor, send


async def csv_rows(stage: Stage, path: str) -> list[dict[str, str]]:
    """The rows by their English heading."""
    answer = await send(stage, "finance-1", "GET", path)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    lines = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    headings = [heading.split(" ", 1)[1] for heading in lines[0]]
    return [dict(zip(headings, line, strict=True)) for line in lines[1:]]


async def workbook(stage: Stage, path: str) -> list[list[Any]]:
    answer = await send(stage, "finance-1", "GET", path)
    assert answer.status_code == 200, answer.text
    return python_calamine.load_workbook(io.BytesIO(answer.content)).get_sheet_by_index(0).to_python()


@pytest.mark.rule("P02.4")
async def test_the_ledger_says_the_balance_after_every_document(stage: Stage) -> None:
    shop = await Distributor.opened(stage)
    await shop.book("invoice", "100.00", date(2026, 1, 5), origin_ref="=1+1")
    wrong = await shop.book("invoice", "7.00", date(2026, 2, 5), origin_ref="INV-2")
    await shop.book("payment", "30.50", date(2026, 2, 10), origin_ref="B-1")
    await shop.reverses(wrong)
    path = f"{shop.path}/documents/export"
    rows = await csv_rows(stage, f"{path}?format=csv")
    assert [(one["kind"], one["debit"], one["credit"], one["balance"]) for one in rows] == [
        ("发票", "100.00", "", "100.00"),
        ("发票", "7.00", "", "107.00"),
        ("回款", "", "30.50", "76.50"),
        ("冲销", "", "7.00", "69.50"),
    ]
    assert rows[0]["number"] == "'=1+1"
    assert rows[-1]["balance"] == (await shop.read())["balance"]
    later = await csv_rows(stage, f"{path}?format=csv&since=2026-02-01&until=2026-02-28")
    assert [one["balance"] for one in later] == ["100.00", "107.00", "76.50"]
    sheet = await workbook(stage, path)
    assert [line[8] for line in sheet[2:]] == [100.0, 107.0, 76.5, 69.5]
    assert sheet[2][0] == date(2026, 1, 5)
    told = [one.message for one in await stage.outbox(AccessRecorded)]
    assert {(one.actor, one.action, one.table) for one in told if isinstance(one, AccessRecorded)} == {
        ("finance-1", "export", "documents"),
        ("finance-1", "read", "document_reasons"),
    }


@pytest.mark.rule("P02.4")
async def test_the_ageing_adds_up_to_the_balance(stage: Stage) -> None:
    shop = await Distributor.opened(stage)
    for days, amount in ((10, "1.00"), (75, "4.00"), (200, "16.00")):
        await shop.bought(amount, days, paid=False)
    rows = await csv_rows(stage, f"{shop.path}/ageing/export?format=csv")
    assert [(one["open"], one["not due"], one["31-60"], one["over 90"]) for one in rows] == [
        ("16.00", "", "", "16.00"),
        ("4.00", "", "4.00", ""),
        ("1.00", "1.00", "", ""),
        ("21.00", "1.00", "4.00", "16.00"),
        ("0.00", "", "", ""),
        ("21.00", "", "", ""),
    ]
    sheet = await workbook(stage, f"{shop.path}/ageing/export")
    assert [line[6] for line in sheet[2:]] == [16.0, 4.0, 1.0, 21.0, 0.0, 21.0]


@pytest.mark.rule("P11.6")
async def test_the_shipments_say_where_they_stand_and_why(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = await Distributor.opened(stage)
    await shop.bought("1000.00", 10)
    await shop.ships("100.00")
    held = await shop.asks("5000.00", origin="erp", origin_ref="SO-1")
    await open_branch(stage, "hz-dist-1", Profile.DISTRIBUTION, region="east", title="杭州配送中心")
    rows = await csv_rows(stage, "/v1/shipments/export?format=csv")
    assert {(one["branch"], one["branch title"]) for one in rows} == {("hz-dist-1", "杭州配送中心")}
    assert [(one["state"], one["amount"], one["reference"]) for one in rows] == [
        ("暂停", "5000.00", "SO-1"),
        ("已出库", "100.00", ""),
    ]
    assert (rows[0]["shipment"], rows[0]["reasons"]) == (held["id"][:18], "over_limit too_large_to_sign")
    assert (rows[1]["released on"], rows[1]["issued on"]) == ("2026-03-02", "2026-03-02")
    only = await csv_rows(stage, "/v1/shipments/export?format=csv&state=held")
    assert [one["state"] for one in only] == ["暂停"]
    assert len(await workbook(stage, f"/v1/shipments/export?account_id={shop.account}")) == 4
    monkeypatch.setattr("credit.exports.file.MOST", 1)
    refused = await send(stage, "finance-1", "GET", "/v1/shipments/export")
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/too-long")
    assert file.MOST == 1


async def test_another_branch_takes_nothing_away(stage: Stage) -> None:
    await hire(stage, "finance-2", "finance@bj-dist-2")
    shop = await Distributor.opened(stage)
    await shop.asks("100.00")
    for path in (f"{shop.path}/documents/export", f"{shop.path}/ageing/export"):
        assert (await send(stage, "finance-2", "GET", path)).status_code == 404
    answer = await send(stage, "finance-2", "GET", "/v1/shipments/export?format=csv")
    assert len(answer.content.decode("utf-8-sig").splitlines()) == 1
