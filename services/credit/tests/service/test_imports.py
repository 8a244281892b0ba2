"""The files of bank and ERP: each row booked once by the path of all documents, or refused alone."""

from __future__ import annotations

import random
from collections import Counter
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from chassis.kit.stage import Stage
from contracts.credit import DocumentBooked
from credit.imports.cells import written_day, written_number
from policy.kit import hire

from .lists import all_worked, csv_of, handed_in, outcomes, xlsx_of
from .nights import worked
from .trade import IDENTITY, Distributor, customer_known, done, papers_filed, send

PAYMENTS, DOCUMENTS = "/v1/payments/imports", "/v1/documents/imports"
BANK = "账户编号,交易流水号,交易日期,金额,核销单据,对方户名,摘要"
ERP = "账户编号,单据编号,单据类型,单据日期,金额,冲减单据,发货日期"


async def known_as(shop: Distributor, code: str) -> Distributor:
    """The books know its account under this number."""
    await done(shop.stage, "finance-1", "PUT", f"{shop.path}/code", json={"code": code})
    return shop


async def documents(shop: Distributor) -> dict[str, Any]:
    listed = (await done(shop.stage, "finance-1", "GET", f"{shop.path}/documents?limit=100"))["items"]
    return {one["origin_ref"]: one for one in listed}


@pytest.mark.rule("P02.4")
@pytest.mark.parametrize("kind", ["utf-8", "utf-8-sig", "gb18030", "xlsx"])
async def test_the_banks_file_is_booked_however_it_was_saved_and_twice_changes_nothing(stage: Stage, kind: str) -> None:
    shop = await known_as(await Distributor.opened(stage), "1001")
    old = await shop.book("invoice", "1000.00", date(2026, 1, 5), origin_ref="INV-1")
    young = await shop.book("invoice", "500.00", date(2026, 2, 5), origin_ref="INV-2")
    rows = [
        ["1001", "B-1", "2026/3/1", "1,234.50", "INV-2", "某某商贸有限公司", "货款"],
        ["1001", "B-2", "2026年2月28日", "¥0.50", "", "", ""],
    ]
    if kind == "xlsx":
        content = xlsx_of(BANK, [1001, "B-1", "2026-03-01 10:05:00", 1234.5, "INV-2", "某某", ""], rows[1])
    else:
        content = csv_of(BANK, *(",".join(f'"{cell}"' for cell in row) for row in rows), encoding=kind)
    assert outcomes(await handed_in(stage, PAYMENTS, content, dry_run=True)) == ["made", "made"]
    assert Decimal((await shop.read())["balance"]) == 1500
    first = await handed_in(stage, PAYMENTS, content)
    assert outcomes(first) == ["made", "made"], first
    found = await documents(shop)
    assert {ref: (one["amount"], one["dated_on"]) for ref, one in found.items() if ref.startswith("B")} == {
        "B-1": ("1234.50", "2026-03-01"),
        "B-2": ("0.50", "2026-02-28"),
    }
    assert (found["INV-2"]["open"], found["INV-1"]["open"]) == ("0.00", "265.00")
    assert (old["open"], young["open"]) == ("1000.00", "500.00")
    again = await handed_in(stage, PAYMENTS, content)
    assert outcomes(again) == ["unchanged", "unchanged"]
    assert [again[n]["ref"] for n in (2, 3)] == [first[n]["ref"] for n in (2, 3)]
    assert Decimal((await shop.read())["balance"]) == Decimal("265.00")
    kept = await stage.rows("SELECT row_to_json(d)::text AS all FROM documents d")
    assert all("某某" not in row["all"] for row in kept)
    await shop.proved()


@pytest.mark.rule("P02.4")
async def test_a_reference_with_other_content_is_refused_in_its_row_whichever_way_it_came(stage: Stage) -> None:
    shop = await known_as(await Distributor.opened(stage), "1001")
    await shop.book("invoice", "100.00", date(2026, 1, 5), origin_ref="INV-1")
    await shop.book("payment", "10.00", origin="bank", origin_ref="B-1")
    rows = await handed_in(
        stage,
        PAYMENTS,
        csv_of(
            BANK,
            "1001,B-1,2026-03-02,10.00,,,",
            "1001,B-1,2026-03-02,10.01,,,",
            "1001,B-1,2026-03-01,10.00,,,",
            "1001,B-1,2026-03-02,10.00,INV-1,,",
            "1001,B-2,2026-03-02,5.00,,,",
        ),
    )
    assert outcomes(rows) == ["unchanged", "refused", "refused", "refused", "made"]
    assert "Another document was booked" in rows[3]["detail"]
    body = {
        "kind": "payment", "customer_id": str(shop.customer), "amount": "5.00", "dated_on": "2026-03-02",
        "origin": "bank", "origin_ref": "B-2",
    }  # fmt: skip
    same = await send(stage, "finance-1", "POST", f"{shop.path}/documents", json=body)
    assert same.status_code == 200
    other = await send(stage, "finance-1", "POST", f"{shop.path}/documents", json={**body, "amount": "6.00"})
    assert (other.status_code, other.json()["type"]) == (409, "/problems/reference-used")
    assert len(await stage.outbox(DocumentBooked)) == 3
    await shop.proved()


@pytest.mark.rule("P02.4")
async def test_the_erps_file_brings_invoices_credit_notes_and_opening_balances(stage: Stage) -> None:
    shop = await known_as(await Distributor.opened(stage), "1001")
    lines = (
        "1001,F-0,期初余额,2025-12-31,300,,",
        '1001,F-1,发票,20260220,"1,000.00",,2026.2.21',
        "1001,F-2,红字发票,2026-02-25,200.00,F-1,",
    )
    rows = await handed_in(stage, DOCUMENTS, csv_of(ERP, *lines))
    assert outcomes(rows) == ["made", "made", "made"], rows
    found = await documents(shop)
    assert [(found[ref]["kind"], found[ref]["open"]) for ref in ("F-0", "F-1", "F-2")] == [
        ("opening", "300.00"),
        ("invoice", "800.00"),
        ("credit_note", "0.00"),
    ]
    assert (found["F-1"]["issued_on"], found["F-2"]["corrects"]) == ("2026-02-21", found["F-1"]["id"])
    assert (await shop.read())["limit"] == "800.00"
    assert outcomes(await handed_in(stage, DOCUMENTS, csv_of(ERP, *lines))) == ["unchanged"] * 3
    refused = await handed_in(
        stage,
        DOCUMENTS,
        csv_of(
            ERP,
            "1001,F-3,红字发票,2026-02-25,800.01,F-1,",
            "1001,F-4,红字发票,2026-02-25,1.00,F-9,",
            "1001,F-5,红字发票,2026-02-25,1.00,,",
            "1001,F-6,发票,2026-03-03,1.00,,",
            "1001,F-7,付款,2026-03-02,1.00,,",
            "1001,F-8,发票,2026-03-02,-1.00,,",
            '1001,F-9,发票,2026-03-02,"1,00",,',
        ),
    )
    assert outcomes(refused) == ["refused"] * 7
    assert [one["errors"][0]["pointer"] for n, one in refused.items() if n > 2] == [
        "/corrects", "/corrects", "/dated_on", "/kind", "/amount", "/amount",
    ]  # fmt: skip
    assert all("1,00" not in (one["detail"] or "") for one in refused.values())
    assert len(await documents(shop)) == 3
    await shop.proved()


@pytest.mark.rule("P11.9")
async def test_money_for_a_shipment_frees_that_one_and_names_it_as_people_do(stage: Stage) -> None:
    shop = await known_as(await Distributor.opened(stage), "1001")
    by_reference = await shop.asks("100.00", origin="erp", origin_ref="SO-1")
    by_number = await shop.asks("100.00")
    assert (by_reference["state"], by_number["state"]) == ("held", "held")
    heading = "账户编号,交易流水号,交易日期,金额,发货单"
    rows = await handed_in(
        stage,
        PAYMENTS,
        csv_of(
            heading,
            "1001,B-1,2026-03-02,100.00,SO-1",
            f"1001,B-2,2026-03-02,60.00,{by_number['id']}",
            "1001,B-3,2026-03-02,60.00,SO-9",
        ),
    )
    assert outcomes(rows) == ["made", "made", "refused"]
    freed, part = await shop.shipment(by_reference), await shop.shipment(by_number)
    assert (freed["state"], freed["decision"]["way"], part["state"], part["prepaid"]) == (
        "released", "cash", "held", "60.00",
    )  # fmt: skip
    await shop.proved()


@pytest.mark.rule("P02.4")
async def test_an_account_is_named_by_the_number_of_the_books_or_of_the_pages_and_only_within_reach(
    stage: Stage,
) -> None:
    await hire(stage, "finance-2", "finance@bj-dist-2")
    shop = await known_as(await Distributor.opened(stage), "1001")
    second = UUID(int=shop.customer.int ^ (1 << 127))
    await customer_known(stage, second)
    await papers_filed(stage, second, IDENTITY)
    body = {
        "branch": "hz-dist-1", "customer_ids": [str(second), str(UUID(int=second.int ^ (1 << 126)))],
        "contract": "direct", "term_days": 30, "code": "1002",
    }  # fmt: skip
    shared = await done(stage, "sales-1", "POST", "/v1/accounts", json=body)
    taken = await send(stage, "sales-1", "POST", "/v1/accounts", json={**body, "customer_ids": [str(UUID(int=7))]})
    assert (taken.status_code, taken.json()["type"]) == (409, "/problems/code-taken")
    heading = "账户编号,客户编号,交易流水号,交易日期,金额"
    content = csv_of(
        heading,
        f"{shop.account},,B-1,2026-03-02,1.00",
        f",{str(shop.customer)[:13]},B-2,2026-03-02,1.00",
        "1002,,B-3,2026-03-02,1.00",
        f"1002,{str(second)[:8].upper()},B-4,2026-03-02,1.00",
        f"1002,{str(shop.customer)[:13]},B-5,2026-03-02,1.00",
        ",,B-6,2026-03-02,1.00",
        "1003,,B-7,2026-03-02,1.00",
    )
    assert outcomes(await handed_in(stage, PAYMENTS, content)) == [
        "made", "made", "refused", "made", "refused", "refused", "refused",
    ]  # fmt: skip
    elsewhere = await handed_in(stage, PAYMENTS, content, who="finance-2")
    assert outcomes(elsewhere) == ["refused"] * 7
    assert Decimal((await shop.read())["balance"]) == -2
    assert shared["code"] == "1002"
    assert (await send(stage, "sales-1", "POST", PAYMENTS, content=content)).status_code == 403


@pytest.mark.rule("P02.4", "P11.2")
async def test_an_invoice_says_later_and_once_when_its_goods_went_out(stage: Stage) -> None:
    shop = await known_as(await Distributor.opened(stage), "1001")
    before = csv_of(ERP, "1001,F-1,发票,2026-01-20,1000.00,,", "1001,F-2,红字发票,2026-01-25,200.00,F-1,")
    assert outcomes(await handed_in(stage, DOCUMENTS, before)) == ["made", "made"]
    await shop.book("payment", "800.00", date(2026, 2, 1))
    held = await shop.asks("500.00")
    assert (held["state"], (await shop.read())["limit"]) == ("held", "0.00")
    after = csv_of(ERP, "1001,F-1,发票,2026-01-20,1000.00,,2026-02-21")
    assert outcomes(await handed_in(stage, DOCUMENTS, after, dry_run=True)) == ["changed"]
    assert outcomes(await handed_in(stage, DOCUMENTS, after)) == ["changed"]
    assert (await shop.read())["limit"] == "800.00"  # what was credited lowers it on the day on which the goods count
    await shop.proved()
    await worked(stage)
    assert (await shop.shipment(held))["state"] == "released"
    assert outcomes(await handed_in(stage, DOCUMENTS, after)) == ["unchanged"]
    assert outcomes(await handed_in(stage, DOCUMENTS, before)) == ["unchanged", "unchanged"]
    other = csv_of(ERP, "1001,F-1,发票,2026-01-20,1000.00,,2026-02-22", "1001,F-1,发票,2026-01-20,900.00,,2026-02-21")
    assert outcomes(await handed_in(stage, DOCUMENTS, other)) == ["refused", "refused"]
    assert (await shop.read())["limit"] == "800.00"
    await shop.proved()


@pytest.mark.rule("P02.4")
async def test_a_reversed_invoice_does_not_say_when_its_goods_went_out(stage: Stage) -> None:
    shop = await known_as(await Distributor.opened(stage), "1001")
    await shop.reverses(await shop.book("invoice", "1000.00", date(2026, 2, 20), origin_ref="F-1"))
    after = csv_of(ERP, "1001,F-1,发票,2026-02-20,1000.00,,2026-02-21")
    assert outcomes(await handed_in(stage, DOCUMENTS, after)) == ["refused"]
    await shop.proved()


async def everything(stage: Stage) -> dict[str, list[str]]:
    """Every row of every table, but for what a hand-in itself leaves."""
    names = await stage.rows(
        """SELECT format('%I.%I', table_schema, table_name) FROM information_schema.tables
        WHERE table_schema IN ('public', 'kehu') AND table_type = 'BASE TABLE'
            AND table_name NOT IN ('imports', 'import_rows', 'subject_keys', 'jobs')"""
    )
    found = {}
    for (name,) in names:
        rows = [row for (row,) in await stage.rows(f"SELECT t::text FROM {name} t ORDER BY 1")]
        found[name] = [row for row in rows if "archive.audit" not in row] if name == "kehu.outbox" else rows
    return found


def a_file(chance: random.Random, many: int) -> list[str]:
    """Documents of two accounts that build upon each other: corrected, listed again, with other content, elsewhere."""
    lines: list[str] = []
    for _ in range(many):
        known = [one.split(",") for one in lines if ",发票," in one]
        account, ref = chance.choice(["1001", "1002"]), f"F-{chance.randint(1, many)}"
        amount = chance.choice(["100.00", "60.00", "40.00", "0.00"])
        kind, corrects, out = chance.choice(["发票", "发票", "期初余额"]), "", ""
        if known and chance.random() < 0.5:
            kind, (account, corrects, *_) = "红字发票", chance.choice(known)
        elif kind == "发票" and chance.random() < 0.3:
            out = "2026-02-21"
        line = f"{account},{ref},{kind},2026-02-20,{amount},{corrects},{out}"
        if lines and chance.random() < 0.3:
            line = chance.choice(lines)
            if line.endswith(",") and ",发票," in line:
                line += chance.choice(["", "2026-02-22"])
        lines.append(line)
    return lines


@pytest.mark.rule("P02.4")
@pytest.mark.parametrize("seed", range(4))
async def test_whatever_the_files_say_their_dry_run_foretells_what_becomes_of_each_row(stage: Stage, seed: int) -> None:
    chance = random.Random(seed)
    for code in ("1001", "1002"):
        shop = await known_as(await Distributor.opened(stage), code)
        await shop.asks("100.00", origin="erp", origin_ref=f"SO-{code}")
        gone = await shop.asks("50.00", origin="erp", origin_ref=f"SO-gone-{code}")
        await shop.step(gone, "cancel")
    await all_worked(stage)
    named = ["", "", *(f"F-{n}" for n in range(1, 25)), '"F-1,F-2"']
    payments = []
    for _ in range(24):
        account, ref, amount = chance.choice(["1001", "1002"]), f"B-{chance.randint(1, 20)}", chance.choice([30, 250])
        pays, goods = chance.choice(named), ""
        if chance.random() < 0.3:
            pays, goods = "", chance.choice(["SO-1001", "SO-1002", "SO-gone-1001"])
        payments.append(f"{account},{ref},2026-03-01,{amount},{pays},{goods}")
    seen: Counter[str] = Counter()
    for path, headings, lines in (
        (DOCUMENTS, ERP, a_file(chance, 24)),
        (PAYMENTS, "账户编号,交易流水号,交易日期,金额,核销单据,发货单", payments),
    ):
        content, before = csv_of(headings, *lines), await everything(stage)
        tried = await handed_in(stage, path, content, dry_run=True)
        assert await everything(stage) == before
        taken = await handed_in(stage, path, content)
        what = "outcome", "type", "detail", "errors"
        assert {n: [row[name] for name in what] for n, row in tried.items()} == {
            n: [row[name] for name in what] for n, row in taken.items()
        }
        seen.update(outcomes(taken))
    assert min(seen[one] for one in ("made", "unchanged", "refused")) > 0, seen


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("1,234.50", "1234.5"), ("1234.5", "1234.5"), ("１，２３４．５０", "1234.5"), ("¥ 12.00", "12"),
        ("￥1,000,000.01元", "1000000.01"), ("0.10", "0.1"), ("12", "12"), (" 7.00 ", "7"), ("CNY 3", "3"),
    ],
)  # fmt: skip
def test_amounts_are_read_as_people_write_them(cell: str, number: str) -> None:
    assert written_number(cell) == Decimal(number)


@pytest.mark.parametrize(
    "cell", ["1,23", "12,34.5", "1.234,50", "-5", "(5)", "1e5", "", "五", "1 234", "1,2345", ".5", "NaN", "9" * 40]
)
def test_what_could_be_read_in_two_ways_is_no_amount(cell: str) -> None:
    with pytest.raises(ValueError, match="1,234"):
        written_number(cell)


@pytest.mark.parametrize(
    "cell",
    ["2026-03-02", "2026/3/2", "2026.3.2", "2026年3月2日", "20260302", "2026-03-02 23:59:59", "２０２６－０３－０２"],
)
def test_days_are_read_as_people_write_them(cell: str) -> None:
    assert written_day(cell) == date(2026, 3, 2)


@pytest.mark.parametrize("cell", ["02/03/2026", "2026-02-30", "2026112", "26-03-02", "46083", "2026-3", "2026-03-02x"])
def test_what_is_no_day_is_refused(cell: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        written_day(cell)
