"""The ledger: entries that add up to zero, nothing changed or deleted, each figure open to what it consists of."""

from __future__ import annotations

import asyncio
from datetime import date
from decimal import Decimal

import asyncpg
import pytest
from chassis.kit.stage import Stage
from contracts.archive import AccessRecorded
from contracts.credit import DocumentBooked
from hypothesis import given
from hypothesis import strategies as st

from .trade import Distributor, done, send, today

TWICE = {"reason": "booked twice"}


@pytest.mark.rule("P02.4")
async def test_a_document_opens_into_entries_that_add_up_to_zero(stage: Stage) -> None:
    shop = await Distributor.opened(stage)
    invoice = await shop.book("invoice", "120.00")
    assert {one["ledger"]: one["amount"] for one in invoice["entries"]} == {"receivable": "120.00", "sales": "-120.00"}
    payment = await shop.book("payment", "50.00")
    assert {one["ledger"]: one["amount"] for one in payment["entries"]} == {"receivable": "-50.00", "cash": "50.00"}
    opened = await done(stage, "sales-1", "GET", f"/v1/documents/{invoice['id']}")
    assert (opened["open"], opened["allocations"][0]["credit_id"]) == ("70.00", payment["id"])
    assert [one.message.model_dump()["kind"] for one in await stage.outbox(DocumentBooked) if one.message] == [
        "invoice",
        "payment",
    ]
    await shop.proved()


@pytest.mark.rule("P11.9")
async def test_money_is_followed_by_a_decision_where_goods_are_held_and_by_no_work_where_none_are(stage: Stage) -> None:
    waiting = "SELECT count(*) FROM kehu.jobs WHERE kind = 'decide_held_again' AND state = 'waiting'"
    quiet, held = await Distributor.opened(stage), await Distributor.opened(stage)
    await held.asks("100.00")
    await quiet.book("payment", "50.00")
    assert [row[0] for row in await stage.rows(waiting)] == [0]
    await held.book("payment", "50.00")
    assert [row[0] for row in await stage.rows(waiting)] == [1]


@pytest.mark.rule("P02.4")
async def test_a_payment_pays_what_is_named_then_what_is_oldest(stage: Stage) -> None:
    shop = await Distributor.opened(stage)
    young = await shop.book("invoice", "100.00", date(2026, 2, 20))
    old = await shop.book("invoice", "100.00", date(2026, 1, 20))
    named = {"document_id": young["id"], "amount": "30.00"}
    await shop.book("payment", "150.00", pays=[named])
    listed = (await done(stage, "sales-1", "GET", f"{shop.path}/documents?open_only=true"))["items"]
    assert [(one["id"], one["open"]) for one in listed] == [(young["id"], "50.00")]
    too_much = {"document_id": old["id"], "amount": "1.00"}
    body = {
        "kind": "payment", "customer_id": str(shop.customer), "amount": "5.00", "dated_on": "2026-03-02",
        "origin": "bank", "origin_ref": "x", "pays": [too_much],
    }  # fmt: skip
    refused = await send(stage, "finance-1", "POST", f"{shop.path}/documents", json=body)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/not-open-so-far")
    await shop.proved()


@pytest.mark.rule("P02.4")
async def test_money_before_the_shipment_waits_and_pays_the_next_invoice(stage: Stage) -> None:
    shop = await Distributor.opened(stage)
    await shop.book("payment", "80.00")
    assert Decimal((await shop.read())["balance"]) == Decimal("-80.00")
    invoice = await shop.book("invoice", "100.00")
    assert invoice["open"] == "20.00"
    await shop.proved()


@pytest.mark.rule("P02.4")
async def test_the_same_reference_changes_nothing_however_often_it_comes(stage: Stage) -> None:
    shop = await Distributor.opened(stage)
    body = {
        "kind": "payment", "customer_id": str(shop.customer), "amount": "5.00", "dated_on": "2026-03-02",
        "origin": "bank", "origin_ref": "2026-0042",
    }  # fmt: skip
    async with stage.client(subject="finance-1") as finance:
        path = f"{shop.path}/documents"
        answers = await asyncio.gather(*(finance.post(path, json=body) for _ in range(10)))
        other = await finance.post(path, json={**body, "amount": "6.00"})
    assert sorted(answer.status_code for answer in answers) == [200] * 9 + [201]
    assert (other.status_code, other.json()["type"]) == (409, "/problems/reference-used")
    assert Decimal((await shop.read())["balance"]) == Decimal("-5.00")
    await shop.proved()


@pytest.mark.rule("P02.4")
async def test_what_was_wrong_is_reversed_and_its_money_pays_the_oldest_anew(stage: Stage) -> None:
    shop = await Distributor.opened(stage)
    wrong = await shop.book("invoice", "100.00", date(2026, 1, 1))
    right = await shop.book("invoice", "60.00", date(2026, 2, 1))
    await shop.book("payment", "100.00")
    reversal = await shop.reverses(wrong)
    assert (reversal["kind"], reversal["corrects"]) == ("reversal", wrong["id"])
    assert (await done(stage, "sales-1", "GET", f"/v1/documents/{right['id']}"))["open"] == "0.00"
    assert Decimal((await shop.read())["balance"]) == Decimal("-40.00")
    again = await send(stage, "finance-1", "POST", f"/v1/documents/{wrong['id']}/reverse", json=TWICE)
    assert (again.status_code, again.json()["type"]) == (409, "/problems/reversed-already")
    await shop.proved()


@pytest.mark.rule("P02.4")
@pytest.mark.rule("P05.15")
async def test_a_reversal_says_why_and_the_words_are_sealed_and_read_on_record(stage: Stage) -> None:
    shop = await Distributor.opened(stage)
    bounced, kept = await shop.book("payment", "100.00"), await shop.book("payment", "5.00")
    path = f"/v1/documents/{bounced['id']}/reverse"
    for wrong in ({}, {"reason": ""}, {"reason": "   "}, {"reason": "x" * 501}, {"reason": "a\x00b"}):
        refused = await send(stage, "finance-1", "POST", path, json=wrong)
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/reason"), wrong
    why = "王芳的汇票被银行退回"
    reversal = await shop.reverses(bounced, f" {why} ")
    assert reversal["reason"] == why
    told = len(await stage.outbox(AccessRecorded))
    for one in (reversal, bounced):
        assert (await done(stage, "sales-1", "GET", f"/v1/documents/{one['id']}"))["reason"] == why
    assert len(await stage.outbox(AccessRecorded)) == told + 2
    assert (await done(stage, "sales-1", "GET", f"/v1/documents/{kept['id']}"))["reason"] is None
    assert "王芳" not in str([await stage.rows(f"SELECT * FROM {name}") for name in ("documents", "document_reasons")])
    assert "王芳" not in str([one.message for one in await stage.outbox()])


@pytest.mark.rule("P02.4")
async def test_a_reversal_from_before_reasons_were_asked_for_has_none(stage: Stage) -> None:
    shop = await Distributor.opened(stage)
    reversal = await shop.reverses(await shop.book("payment", "100.00"))
    await stage.rows("DELETE FROM document_reasons")
    assert (await done(stage, "finance-1", "GET", f"/v1/documents/{reversal['id']}"))["reason"] is None


@pytest.mark.rule("P02.4")
async def test_a_credit_note_takes_back_at_most_its_invoice(stage: Stage) -> None:
    shop = await Distributor.opened(stage)
    invoice = await shop.book("invoice", "100.00")
    note = await shop.book("credit_note", "40.00", corrects=invoice["id"])
    body = {
        "kind": "credit_note", "customer_id": str(shop.customer), "amount": "60.01", "dated_on": "2026-03-02",
        "origin": "erp", "origin_ref": "cn-2", "corrects": invoice["id"],
    }  # fmt: skip
    refused = await send(stage, "finance-1", "POST", f"{shop.path}/documents", json=body)
    assert (refused.status_code, refused.json()["left"]) == (409, "60.00")
    first = await send(stage, "finance-1", "POST", f"/v1/documents/{invoice['id']}/reverse", json=TWICE)
    assert (first.status_code, first.json()["type"]) == (409, "/problems/corrections-first")
    await shop.reverses(note)
    await shop.reverses(invoice)
    await shop.proved()


@pytest.mark.rule("P02.4")
async def test_the_ageing_list_shows_each_open_document_in_its_band(stage: Stage) -> None:
    shop = await Distributor.opened(stage)
    for days, amount in ((10, "1.00"), (40, "2.00"), (75, "4.00"), (100, "8.00"), (200, "16.00")):
        await shop.bought(amount, days, paid=False)
    found = await done(stage, "sales-1", "GET", f"{shop.path}/ageing")
    assert found["bands"] == {
        "not_due": "1.00", "1-30": "2.00", "31-60": "4.00", "61-90": "8.00", "over_90": "16.00",
    }  # fmt: skip
    assert (found["balance"], found["unused"]) == ("31.00", "0.00")
    assert [one["days_over"] for one in found["documents"]] == [170, 70, 45, 10, 0]


@pytest.mark.rule("P02.4")
async def test_the_database_itself_refuses_what_does_not_balance_and_every_change(stage: Stage) -> None:
    shop = await Distributor.opened(stage)
    await shop.book("invoice", "100.00")
    insert = """INSERT INTO entries (id, document_id, account_id, ledger, amount, dated_on)
        SELECT gen_random_uuid(), id, account_id, 'receivable', 1, dated_on FROM documents"""
    for sql in (insert, "UPDATE entries SET amount = 1", "DELETE FROM entries", "DELETE FROM documents"):
        with pytest.raises(asyncpg.RaiseError):
            await stage.rows(sql)
    await shop.proved()


@pytest.mark.rule("P02.4")
async def test_only_finance_books_and_only_what_fits_together(stage: Stage) -> None:
    shop = await Distributor.opened(stage)
    body = {
        "kind": "invoice", "customer_id": str(shop.customer), "amount": "5.00", "dated_on": str(today(stage)),
        "origin": "erp", "origin_ref": "1",
    }  # fmt: skip
    path = f"{shop.path}/documents"
    assert (await send(stage, "sales-1", "POST", path, json=body)).status_code == 403
    misfits = [
        {"dated_on": "2026-03-03"}, {"kind": "write_off"}, {"kind": "return"}, {"amount": "-5.00"}, {"amount": 5.5},
        {"kind": "credit_note"}, {"shipment_id": str(shop.account)}, {"origin_ref": ""}, {"amount": "0.00"},
        {"amount": "NaN"}, {"amount": "1e30"}, {"surprise": True},
    ]  # fmt: skip
    for misfit in misfits:
        refused = await send(stage, "finance-1", "POST", path, json={**body, **misfit})
        assert refused.status_code == 422, (misfit, refused.text)
    assert Decimal((await shop.read())["balance"]) == 0


@given(st.lists(st.integers(1, 10_000), max_size=8), st.integers(1, 40_000))
def test_money_is_laid_on_the_oldest_first_and_none_is_lost(open_cents: list[int], cents: int) -> None:
    from credit.ledger.model import shares

    class Open:
        def __init__(self, amount: Decimal) -> None:
            self.open = amount

    others = [Open(Decimal(c) / 100) for c in open_cents]
    laid = list(shares(Decimal(cents) / 100, others))  # type: ignore[arg-type]
    assert sum(part for _, part in laid) == min(Decimal(cents), Decimal(sum(open_cents))) / 100
    assert all(part == other.open for other, part in laid[:-1])
    assert [other for other, _ in laid] == others[: len(laid)]


@pytest.mark.rule("P02.4")
async def test_the_exposure_opens_into_lines_that_add_up_to_it(stage: Stage) -> None:
    shop = await Distributor.opened(stage)
    await shop.bought("900.00", 10, paid=False)
    await shop.book("opening", "50.00", date(2026, 2, 1))
    out = await shop.asks("30.00")
    await shop.step(out, "issue", already_out=True)
    over = await shop.asks("700.00")
    left = await shop.asks("20.00")
    await shop.step(left, "issue", already_out=True)
    await shop.book("payment", "100.00", shipment_id=over["id"])
    await shop.book("payment", "10.00")
    standing = await shop.standing()
    for part, amount in standing["parts"].items():
        lines: list[dict[str, str]] = []
        cursor = ""
        while True:
            path = f"{shop.path}/exposure?part={part}&limit=1{cursor}"
            page = await done(stage, "sales-1", "GET", path)
            lines += page["items"]
            if page["next"] is None:
                break
            cursor = f"&cursor={page['next']}"
        assert sum(Decimal(line["counts"]) for line in lines) == Decimal(amount), part
        assert lines, part
    await shop.proved()


@pytest.mark.rule("P11.9")
async def test_money_that_waits_for_its_goods_is_laid_on_nothing_else(stage: Stage) -> None:
    shop = await Distributor.opened(stage)
    goods = await shop.asks("500.00")
    payment = await shop.book("payment", "500.00", shipment_id=goods["id"])
    body = {
        "kind": "invoice", "customer_id": str(shop.customer), "amount": "500.00", "dated_on": str(today(stage)),
        "origin": "erp", "origin_ref": "FP-1", "pays": [{"document_id": payment["id"]}],
    }  # fmt: skip
    refused = await send(stage, "finance-1", "POST", f"{shop.path}/documents", json=body)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/not-open-so-far")
    for verb in ("release", "invoice"):
        assert (await shop.step(goods, verb)).status_code == 200
    invoice = (await shop.shipment(goods))["invoice_id"]
    assert (await done(stage, "sales-1", "GET", f"/v1/documents/{invoice}"))["open"] == "0.00"
    await shop.proved()
