"""The warehouse's goods-issue list against the releases: what is in order is issued, what is not is a case, once."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from chassis.kit.stage import Stage
from contracts.credit import GoodsIssued
from contracts.notify import Send
from credit.warehouse.model import GOODS_ISSUES, Room
from policy.kit import hire

from .lists import all_worked, csv_of, handed_in, outcomes
from .test_losses import breaches, losses, posts, shares_approved
from .test_overruns import full
from .trade import Distributor, back, clock, done, send

PATH = "/v1/goods-issues/imports"
HEADINGS = "出库单号,行号,出库日期,发货单,发票号,账户编号,品种,批号,数量,金额"
TODAY = "2026-03-02"


def line(
    slip: str, n: int, of: str, quantity: str = "1", *, on: str = TODAY, batch: str = "b-7", invoice: str = "",
    account: str = "", product: str = "p-100", worth: str = "",
) -> str:  # fmt: skip
    return ",".join([slip, str(n), on, of, invoice, account, product, batch, quantity, worth])


async def listed(stage: Stage, *lines: str, who: str = "keeper-1", dry_run: bool = False) -> list[str]:
    """The list is handed in and compared."""
    return outcomes(await handed_in(stage, PATH, csv_of(HEADINGS, *lines), who=who, dry_run=dry_run))


async def issues(stage: Stage) -> list[dict[str, Any]]:
    found = await done(stage, "sales-1", "GET", "/v1/goods-issues?limit=100")
    return sorted(found["items"], key=lambda one: (one["origin_ref"], one["line"]))


def form_of(shop: Distributor, *lines: tuple[str, str], **more: Any) -> dict[str, Any]:
    """A request for some quantities at 10.00 each."""
    goods = [{"product": p, "batch": "b-7", "quantity": q, "price": "10.00"} for p, q in lines]
    return {**shop.form("1.00"), "lines": goods, **more}


async def asked(shop: Distributor, *lines: tuple[str, str], **more: Any) -> dict[str, Any]:
    return await done(shop.stage, "sales-1", "POST", "/v1/shipments", json=form_of(shop, *lines, **more))


@pytest.mark.rule("P11.6")
@pytest.mark.rule("P11.11")
async def test_goods_in_order_are_issued_by_the_list_and_decided_again(stage: Stage) -> None:
    shop = await Distributor.opened(stage)
    await shop.bought("1000.00", 10)
    invoiced = await asked(shop, ("p-100", "2"), ("p-200", "3"), origin="erp", origin_ref="SO-1")
    assert (await shop.step(invoiced, "invoice")).status_code == 200
    released = await asked(shop, ("p-100", "4"))
    lines = [
        line("CK-1", 1, "SO-1", "2"),
        line("CK-1", 2, "SO-1", "3", product="p-200"),
        line("CK-2", 1, released["id"], "1,000", product="p-100").replace("1,000", "4.000"),
    ]
    assert await listed(stage, *lines, dry_run=True) == ["made"] * 3
    assert (await shop.shipment(invoiced))["state"] == "invoiced"
    assert await listed(stage, *lines) == ["made"] * 3
    for shipment in (invoiced, released):
        found = await shop.shipment(shipment)
        assert (found["state"], found["issued_on"], found["unreleased"], found["decision"]["step"]) == (
            "issued", TODAY, False, "issue",
        )  # fmt: skip
    assert [(one["state"], one["finding"], one["value"]) for one in await issues(stage)] == [
        ("matched", None, "20.00"),
        ("matched", None, "30.00"),
        ("matched", None, "40.00"),
    ]
    assert await losses(stage) == []
    told = len(await stage.outbox(GoodsIssued))
    assert told == 2
    assert await listed(stage, *lines) == ["unchanged"] * 3
    assert len(await stage.outbox(GoodsIssued)) == told
    await shop.proved()


@pytest.mark.rule("P11.11")
@pytest.mark.rule("P11.13")
async def test_held_goods_that_left_are_one_case_however_often_and_in_what_parts_the_list_comes(stage: Stage) -> None:
    await posts(stage)
    shop = await full(stage)
    held = await asked(shop, ("p-100", "20"), ("p-200", "30"), origin="erp", origin_ref="SO-1")
    assert held["state"] == "held"
    first, second = line("CK-1", 1, "SO-1", "20"), line("CK-1", 2, "SO-1", "30", product="p-200")
    assert await listed(stage, first) == ["made"]
    (loss,) = await losses(stage)
    assert (loss["kind"], loss["state"], loss["amount"], loss["legal_reserved"]) == (
        "unauthorised_shipment", "found", "200.00", True,
    )  # fmt: skip
    assert await listed(stage, first) == ["unchanged"]
    assert [one["amount"] for one in await losses(stage)] == ["200.00"]
    assert await listed(stage, first, second) == ["unchanged", "made"]
    assert await listed(stage, first, second) == ["unchanged", "unchanged"]
    found = await losses(stage)
    assert sum(Decimal(one["amount"]) for one in found) == Decimal("500.00")
    lines = await issues(stage)
    assert {one["loss_id"] for one in lines} == {one["id"] for one in found}
    assert {(one["state"], one["finding"]) for one in lines} == {("unauthorised", "not_released")}
    assert Decimal((await shop.read())["exposure"]) == Decimal("1400.00")
    await shop.proved()


@pytest.mark.rule("P11.11")
async def test_the_case_shows_its_lines_is_verified_tracked_and_told_and_borne_by_the_three_posts(stage: Stage) -> None:
    await posts(stage)
    shop = await full(stage)
    held = await asked(shop, ("p-100", "10"), origin="erp", origin_ref="SO-1")
    assert await listed(stage, line("CK-1", 1, "SO-1", "10")) == ["made"]
    (loss,) = await losses(stage)
    told = [one.message for one in await stage.outbox(Send)]
    assert [(one.template, one.to, one.path) for one in told if isinstance(one, Send)] == [
        ("goods_unreleased", ["general_manager@hz-dist-1", "finance@hz-dist-1"], f"/v1/losses/{loss['id']}"),
        (
            "goods_unreleased",
            ["logistics_specialist@hz-dist-1", "warehouse_keeper@hz-dist-1", "marketing_head@hz-dist-1"],
            f"/v1/shipments/{held['id']}",
        ),
    ]
    opened = await done(stage, "finance-1", "GET", f"/v1/losses/{loss['id']}")
    assert [(one["origin_ref"], one["line"], one["quantity"], one["lost"]) for one in opened["evidence"]] == [
        ("CK-1", 1, "10.000", "100.00")
    ]
    verified = await done(stage, "finance-1", "POST", f"/v1/losses/{loss['id']}/verify", json={"founded": True})
    assert (verified["state"], verified["evidence"]) == ("verified", opened["evidence"])
    after = [one.message for one in await stage.outbox(Send)][2:]
    assert [one.template for one in after if isinstance(one, Send)] == ["loss_verified", "loss_verified"]
    borne = await shares_approved(shop, loss)
    assert [(one["person"], one["amount"]) for one in borne["shares"]] == [
        ("logistics-1", "33.34"), ("keeper-1", "33.33"), ("head-1", "33.33"),
    ]  # fmt: skip
    assert len(await breaches(stage)) == 3


@pytest.mark.rule("P11.11")
async def test_goods_with_no_shipment_or_a_hand_written_invoice_are_a_case_of_their_slip(stage: Stage) -> None:
    shop = await Distributor.opened(stage)
    await done(stage, "finance-1", "PUT", f"{shop.path}/code", json={"code": "1001"})
    cancelled = await asked(shop, ("p-100", "1"), origin="erp", origin_ref="SO-7")
    await shop.step(cancelled, "cancel")
    assert (
        await listed(
            stage,
            line("CK-1", 1, "", "5", account="1001", worth="50.00"),
            line("CK-1", 2, "", "5", account="1001", invoice="手工-12", worth="1,150.00").replace(
                "1,150.00", '"1,150.00"'
            ),
            line("CK-2", 1, "SO-404", "5", account="9999"),
            line("CK-3", 1, "SO-7", "1"),
        )
        == ["made"] * 4
    )
    found = {one["origin_ref"]: one for one in await issues(stage)}
    assert [found[slip]["finding"] for slip in ("CK-1", "CK-2", "CK-3")] == ["no_shipment", "no_shipment", "cancelled"]
    cases = {one["id"]: one for one in await losses(stage)}
    assert len(cases) == 3
    assert [cases[found[slip]["loss_id"]]["amount"] for slip in ("CK-1", "CK-2", "CK-3")] == [
        "1200.00", "0.00", "10.00",
    ]  # fmt: skip
    nobody = cases[found["CK-2"]["loss_id"]]
    assert (cases[found["CK-1"]["loss_id"]]["account_id"], nobody["account_id"]) == (str(shop.account), None)
    path = f"/v1/losses/{nobody['id']}/verify"
    unknown = await send(stage, "finance-1", "POST", path, json={"founded": True})
    assert (unknown.status_code, unknown.json()["type"]) == (409, "/problems/worth-unknown")
    await posts(stage)
    worth = await done(stage, "finance-1", "POST", path, json={"founded": True, "amount": "90.00"})
    assert (worth["state"], worth["amount"]) == ("verified", "90.00")
    borne = await shares_approved(shop, nobody)
    assert (borne["state"], borne["amount"]) == ("borne", "90.00")
    assert Decimal((await shop.read())["balance"]) == 0


@pytest.mark.rule("P11.11")
async def test_more_than_was_released_is_a_case_about_what_was_too_much(stage: Stage) -> None:
    shop = await Distributor.opened(stage)
    await shop.bought("1000.00", 10)
    shipment = await asked(shop, ("p-100", "10"), origin="erp", origin_ref="SO-1")
    assert await listed(
        stage,
        line("CK-1", 1, "SO-1", "12"),
        line("CK-1", 2, "SO-1", "1", product="p-300", worth="7.50"),
    ) == ["made", "made"]
    assert (await shop.shipment(shipment))["state"] == "issued"
    assert (await shop.shipment(shipment))["unreleased"] is False
    (loss,) = await losses(stage)
    assert (loss["amount"], loss["shipment_id"]) == ("27.50", shipment["id"])
    found = await issues(stage)
    assert [(one["covered"], one["value"], one["lost"]) for one in found] == [
        ("10.000", "120.00", "20.00"),
        ("0.000", "7.50", "7.50"),
    ]
    assert await listed(stage, line("CK-9", 1, "SO-1", "1")) == ["made"]
    assert sorted(one["amount"] for one in await losses(stage)) == ["10.00", "27.50"]
    await shop.proved()


@pytest.mark.rule("P11.11")
async def test_what_left_before_its_release_is_a_case_unless_it_had_been_paid_for(stage: Stage) -> None:
    shop = await Distributor.opened(stage)
    await shop.bought("1000.00", 20)
    early = await asked(shop, ("p-100", "10"), origin="erp", origin_ref="SO-1")
    paid = await asked(shop, ("p-100", "200"), origin="erp", origin_ref="SO-2")
    assert (early["state"], paid["state"]) == ("released", "held")
    await shop.book("payment", "2000.00", shipment_id=paid["id"])
    clock(stage).at("2026-03-03 10:00")
    assert (await shop.step(paid, "release")).status_code == 200
    assert await listed(
        stage, line("CK-1", 1, "SO-1", "10", on="2026-03-01"), line("CK-2", 1, "SO-2", "200", on="2026-03-02")
    ) == ["made", "made"]
    found = {one["origin_ref"]: one for one in await issues(stage)}
    assert [(one["state"], one["finding"]) for one in found.values()] == [
        ("unauthorised", "before_release"),
        ("matched", "paid_before"),
    ]
    (loss,) = await losses(stage)
    assert (loss["amount"], loss["occurred_on"], loss["shipment_id"]) == ("100.00", "2026-03-01", early["id"])
    assert (await shop.shipment(early))["issued_on"] == "2026-03-01"
    assert (await shop.shipment(paid))["unreleased"] is False
    await shop.proved()


@pytest.mark.rule("P11.6")
@pytest.mark.rule("P11.11")
async def test_a_part_of_released_goods_waits_for_the_rest_and_can_not_be_undone_meanwhile(stage: Stage) -> None:
    shop = await Distributor.opened(stage)
    await shop.bought("1000.00", 10)
    shipment = await asked(shop, ("p-100", "10"), origin="erp", origin_ref="SO-1")
    assert await listed(stage, line("CK-1", 1, "SO-1", "4")) == ["made"]
    assert (await shop.shipment(shipment))["state"] == "released"
    assert [one["state"] for one in await issues(stage)] == ["part"]
    for verb in ("cancel", "split"):
        body = {"lines": [{"line": 0, "quantity": "1"}]} if verb == "split" else {}
        refused = await shop.step(shipment, verb, **body)
        assert (refused.status_code, refused.json()["type"]) == (409, "/problems/partly-out")
    assert (await shop.step(shipment, "invoice")).status_code == 200
    assert await listed(stage, line("CK-2", 1, "SO-1", "6", batch="b-8")) == ["made"]
    assert (await shop.shipment(shipment))["state"] == "issued"
    assert [(one["state"], one["finding"]) for one in await issues(stage)] == [
        ("matched", None),
        ("matched", "other_batch"),
    ]
    assert await losses(stage) == []
    await shop.proved()


@pytest.mark.rule("P11.11")
async def test_a_list_of_goods_that_were_issued_one_by_one_says_the_same(stage: Stage) -> None:
    shop = await full(stage)
    await shop.book("payment", "900.00")
    ordinary = await shop.ships("100.00")
    await shop.book("opening", "900.00", clock(stage)().date())
    unreleased = await shop.asks("300.00")
    assert unreleased["state"] == "held"
    assert (await shop.step(unreleased, "issue", already_out=True)).status_code == 200
    assert await listed(stage, line("CK-1", 1, ordinary["id"], on="2026-03-02"), line("CK-2", 1, unreleased["id"])) == [
        "made",
        "made",
    ]
    found = {one["origin_ref"]: one for one in await issues(stage)}
    (loss,) = await losses(stage)
    assert (found["CK-1"]["state"], found["CK-2"]["state"], found["CK-2"]["loss_id"]) == (
        "matched", "unauthorised", loss["id"],
    )  # fmt: skip
    assert loss["amount"] == "300.00"


async def foretold(stage: Stage, *lines: str) -> list[tuple[str, str, str | None] | None]:
    """What a dry run of the list says would become a case, row by row; it changes nothing."""
    tables = ("goods_issues", "losses", "shipments", "accounts", "documents", "movements", "kehu.outbox")
    before = [await stage.rows(f"SELECT * FROM {table} ORDER BY id") for table in tables]
    rows = await handed_in(stage, PATH, csv_of(HEADINGS, *lines), who="keeper-1", dry_run=True)
    after = [await stage.rows(f"SELECT * FROM {table} ORDER BY id") for table in tables]
    assert after[:-1] == before[:-1]
    # that the list itself was read is on record
    assert {row["topic"] for row in after[-1][len(before[-1]) :]} == {"archive.audit"}
    said = [rows[n]["foretold"] for n in sorted(rows)]
    assert all(one is None or one["rules"] == ["P11.11"] for one in said)
    return [None if one is None else (one["what"], one["because"], one["about"]) for one in said]


@pytest.mark.rule("P11.11")
async def test_a_dry_run_foretells_each_case_and_its_shipment_and_changes_nothing(stage: Stage) -> None:
    held = await (await full(stage)).asks("100.00")
    shop = await Distributor.opened(stage)
    await shop.bought("1000.00", 10)
    good = await asked(shop, ("p-100", "4"), origin="erp", origin_ref="SO-1")
    two = await asked(shop, ("p-100", "3"), origin="erp", origin_ref="SO-2")
    for shipment in (good, two):
        assert (await shop.step(shipment, "invoice")).status_code == 200
    lines = [
        line("CK-1", 1, held["id"]),
        line("CK-2", 1, "SO-1", "1"),
        line("CK-2", 2, "SO-1", "3"),
        line("CK-3", 1, "SO-2", "2"),
        line("CK-3", 2, "SO-2", "2"),
        line("CK-4", 1, "nobody", worth="9.00"),
        line("CK-4", 2, "SO-1", on="2026-03-03"),
    ]
    said = await foretold(stage, *lines)
    assert said == [
        ("case_opened", "not_released", held["id"]),
        None,
        None,
        None,
        ("case_opened", "more_than_released", two["id"]),
        ("case_opened", "no_shipment", None),
        None,
    ]
    await listed(stage, *lines)
    kept = {(one["origin_ref"], one["line"]): one for one in await issues(stage)}
    came = [kept.get((cells[0], int(cells[1]))) for cells in (one.split(",") for one in lines)]
    assert [one and one["loss_id"] and one["finding"] for one in came] == [one and one[1] for one in said]
    assert len(await losses(stage)) == 3
    # the same list again brings nothing new; more of a slip that is a case already goes to that case
    assert await foretold(stage, *lines) == [None] * 7
    assert await foretold(stage, line("CK-4", 3, "nobody")) == [("case_joined", "no_shipment", None)]


@pytest.mark.rule("P11.11")
async def test_what_a_dry_run_foretells_is_in_the_file_of_its_rows_too(stage: Stage) -> None:
    held = await (await full(stage)).asks("100.00")
    content = csv_of(HEADINGS, line("CK-1", 1, held["id"]), line("CK-1", 1, held["id"]))
    async with stage.client(subject="keeper-1") as keeper:
        begun = await keeper.post(f"{PATH}?dry_run=true", content=content)
        await all_worked(stage)
        file = (await keeper.get(f"{begun.headers['location']}/rows.csv")).text
    assert [cells.rstrip("\r") for cells in file.splitlines()[1:]] == [
        f"2,made,,P11.11,case_opened not_released {held['id']}",
        "3,unchanged,,,",
    ]


@pytest.mark.rule("P11.11")
async def test_a_dry_run_names_the_cases_with_their_amounts_and_the_list_then_raises_those(stage: Stage) -> None:
    held = await (await full(stage)).asks("100.00")
    shop = await Distributor.opened(stage)
    await shop.bought("1000.00", 10)
    both = [await asked(shop, ("p-100", "3"), origin="erp", origin_ref=ref) for ref in ("SO-1", "SO-2")]
    for shipment in both:
        assert (await shop.step(shipment, "invoice")).status_code == 200
    await listed(stage, line("CK-4", 1, "nobody", worth="9.00"))
    lines = [
        line("CK-1", 1, held["id"]),
        line("CK-2", 1, "SO-1", "4"),
        line("CK-2", 2, "SO-2", "5"),
        line("CK-3", 1, "nobody", worth="8.00"),
        line("CK-3", 2, "nobody", worth="0.50"),
        line("CK-4", 2, "nobody", worth="7.00"),
    ]
    before = {one["id"]: one["amount"] for one in await losses(stage)}
    async with stage.client(subject="keeper-1") as keeper:
        begun = await keeper.post(f"{PATH}?dry_run=true", content=csv_of(HEADINGS, *lines))
        await all_worked(stage)
        path = f"{begun.headers['location']}/cases"
        cases = (await keeper.get(path)).json()["items"]
        first = (await keeper.get(f"{path}?limit=3")).json()
        rest = (await keeper.get(f"{path}?limit=3&cursor={first['next']}")).json()
        assert (first["items"] + rest["items"], rest["next"]) == (cases, None)
    said = [(one["what"], one["slips"], one["because"], one["amount"], one["first_row"], one["rows"]) for one in cases]
    assert said == [
        ("case_opened", ["CK-1"], ["not_released"], "100.00", 2, 1),
        ("case_opened", ["CK-2"], ["more_than_released"], "30.00", 3, 2),
        ("case_opened", ["CK-3"], ["no_shipment"], "8.50", 5, 2),
        ("case_joined", ["CK-4"], ["no_shipment"], "7.00", 7, 1),
    ]
    assert cases[0]["shipment_id"] == held["id"]
    assert all(one["rules"] == ["P11.11"] for one in cases)
    await listed(stage, *lines)
    after = {one["id"]: one["amount"] for one in await losses(stage)}
    opened = sorted(amount for loss, amount in after.items() if loss not in before)
    assert opened == sorted(one["amount"] for one in cases if one["what"] == "case_opened")
    assert [(before[loss], after[loss]) for loss in before] == [("9.00", "16.00")]


@pytest.mark.rule("P11.11")
async def test_the_cases_of_a_dry_run_are_shown_to_who_handed_the_list_in(stage: Stage) -> None:
    await hire(stage, "keeper-2", "warehouse_keeper@hz-dist-1")
    good = line("CK-1", 1, "nobody")
    await listed(stage, good, line("CK-2", 1, "nobody", on="soon"), dry_run=True)
    await listed(stage, good)
    async with stage.client(subject="keeper-1") as keeper:
        taken, tried = (await keeper.get(PATH)).json()["items"]
        assert (await keeper.get(f"{tried['path']}/cases")).json()["items"][0]["slips"] == ["CK-1"]
        assert (await keeper.get(f"{taken['path']}/cases")).json()["items"] == []
    async with stage.client(subject="keeper-2") as keeper:
        assert (await keeper.get(f"{tried['path']}/cases")).status_code == 404
    assert (await send(stage, "sales-1", "GET", PATH)).status_code == 403


async def test_a_line_with_other_content_is_refused_and_lists_stay_within_the_branch(stage: Stage) -> None:
    await hire(stage, "keeper-2", "warehouse_keeper@bj-dist-2")
    shop = await Distributor.opened(stage)
    await shop.bought("1000.00", 10)
    shipment = await asked(shop, ("p-100", "10"), origin="erp", origin_ref="SO-1")
    assert await listed(
        stage,
        line("CK-1", 1, "SO-1", "10"),
        line("CK-1", 1, "SO-1", "9"),
        line("CK-2", 1, "SO-1", "1", on="2026-03-03"),
    ) == ["made", "refused", "refused"]
    assert await listed(stage, line("CK-1", 1, "SO-1", "10"), who="keeper-2") == ["made"]
    mine = await issues(stage)
    assert [one["branch"] for one in mine] == ["hz-dist-1"]
    async with stage.client(subject="keeper-2") as keeper:
        assert (await keeper.get(f"/v1/goods-issues/{mine[0]['id']}")).status_code == 404
        elsewhere = (await keeper.get("/v1/goods-issues")).json()["items"]
        assert [(one["branch"], one["finding"]) for one in elsewhere] == [("bj-dist-2", "no_shipment")]
    assert (await send(stage, "sales-1", "POST", PATH, content=b"x")).status_code == 403
    assert (await shop.shipment(shipment))["state"] == "issued"


async def test_the_lists_of_lines_find_theirs_by_an_index(stage: Stage) -> None:
    await stage.rows(
        """INSERT INTO goods_issues (id, branch, origin, origin_ref, line, product, batch, quantity, issued_on, state,
               covered, value, lost, listed_at, listed_by, version, sequence, shipment_id, loss_id)
           SELECT gen_random_uuid(), 'b-' || n % 50, 'wms', 'CK-' || n, 1, 'p', 'b', 1, '2026-03-02',
               CASE n % 100 WHEN 0 THEN 'unauthorised' WHEN 1 THEN 'listed' ELSE 'matched' END,
               1, 1, 0, now(), 'k', 1, 0,
               gen_random_uuid(), gen_random_uuid()
           FROM generate_series(1, 20000) n RETURNING id"""
    )
    table = GOODS_ISSUES.table
    column = table.c
    nobody = UUID(int=1)
    plans = {
        "goods_issues_branch": table.select().where(column.branch == "b-7"),
        "goods_issues_found": table.select().where(column.branch == "b-7", column.state == "unauthorised"),
        "goods_issues_listed": table.select().where(column.state == "listed"),
        "goods_issues_account": table.select().where(column.state == "listed", column.account_id == nobody),
        "goods_issues_shipment": table.select().where(column.shipment_id == nobody),
        "goods_issues_loss": table.select().where(column.loss_id == nobody),
    }
    for index, query in plans.items():
        plan = await stage.plan(query.order_by(column.id.desc()).limit(51))
        assert index in plan, plan


def test_room_covers_the_named_batch_first_and_no_more_than_there_is() -> None:
    room = Room.of(
        {"product": "p", "batch": batch, "quantity": quantity, "price": price}
        for batch, quantity, price in (("b1", "5", "2.00"), ("b2", "5", "3.00"))
    )
    assert room.take("p", "b2", Decimal(6)) == [(1, Decimal(5)), (0, Decimal(1))]
    assert room.take("p", "b2", Decimal(9)) == [(0, Decimal(4))]
    assert room.take("other", "b1", Decimal(1)) == []
    assert room.empty


@pytest.mark.rule("P11.2")
@pytest.mark.rule("P11.6")
async def test_goods_that_left_days_ago_widen_the_limit_for_what_is_held(stage: Stage) -> None:
    shop = await Distributor.opened(stage)
    await shop.bought("100.00", 10)
    gone = await asked(shop, ("p-100", "4"))
    assert (await shop.step(gone, "invoice")).status_code == 200
    clock(stage).later(days=2)
    held = await shop.asks("80.00")
    assert held["state"] == "held"
    await all_worked(stage)
    assert await listed(stage, line("CK-1", 1, gone["id"], "4")) == ["made"]
    found = await shop.shipment(held)
    assert (found["state"], found["decision"]["limit"]) == ("released", "140.00")


@pytest.mark.rule("P11.6")
@pytest.mark.rule("P11.11")
async def test_a_part_of_invoiced_goods_that_left_waits_for_the_rest_or_is_a_case_where_they_are_held(
    stage: Stage,
) -> None:
    await posts(stage)
    shop = await Distributor.opened(stage)
    await shop.bought("1000.00", 10)
    free, stopped = await asked(shop, ("p-100", "20")), await asked(shop, ("p-200", "30"))
    for shipment in (free, stopped):
        assert (await shop.step(shipment, "invoice")).status_code == 200
    assert await listed(stage, line("CK-1", 1, free["id"], "5")) == ["made"]
    assert [(one["state"], one["finding"]) for one in await issues(stage)] == [("part", None)]
    assert await losses(stage) == []
    await shop.book("opening", "600.00", date(2026, 2, 20))
    assert await listed(stage, line("CK-2", 1, stopped["id"], "10", product="p-200")) == ["made"]
    (loss,) = await losses(stage)
    assert (loss["shipment_id"], loss["amount"], loss["state"]) == (stopped["id"], "100.00", "found")
    assert (await shop.shipment(stopped))["decision"]["outcome"] == "held"
    await shop.book("payment", "600.00")
    await all_worked(stage)
    # free again: the rest may go, what had left before stays the case
    assert await listed(stage, line("CK-3", 1, stopped["id"], "20", product="p-200")) == ["made"]
    assert await listed(stage, line("CK-1", 2, free["id"], "15")) == ["made"]
    assert [(await shop.shipment(one))["state"] for one in (free, stopped)] == ["issued", "issued"]
    assert [(one["amount"], one["state"]) for one in await losses(stage)] == [("100.00", "found")]
    await shop.proved()


@pytest.mark.rule("P02.3")
async def test_goods_are_traced_by_the_batch_that_left_also_where_it_is_another_than_was_asked_for(
    stage: Stage,
) -> None:
    shop = await Distributor.opened(stage)
    await shop.bought("1000.00", 10)
    shipment = await asked(shop, ("p-100", "10"))
    assert (await shop.step(shipment, "invoice")).status_code == 200
    assert await listed(stage, line("CK-1", 1, shipment["id"], "4")) == ["made"]
    assert await listed(stage, line("CK-1", 2, shipment["id"], "6", batch="b-8")) == ["made"]

    async def there() -> dict[str, Decimal]:
        found = await stage.rows("SELECT batch, received - passed_on AS left FROM holdings ORDER BY batch")
        return {row["batch"]: row["left"] for row in found}

    assert await there() == {"b-7": 4, "b-8": 6}
    # what comes back is of the batch of the line as far as that went
    assert (await shop.step(shipment, "return", lines=back("3"))).status_code == 200
    assert await there() == {"b-7": 1, "b-8": 6}
    assert (await shop.step(shipment, "return", lines=back("7"))).status_code == 200
    assert await there() == {"b-7": 0, "b-8": 0}
    await shop.proved()
