"""Sales targets: of an area, broken down to its people to the cent, and how far they have come."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

import pytest
import python_calamine
import sqlalchemy as sa
from chassis.kit.stage import Stage
from contracts.staff import Profile
from contracts.work import WorkState
from credit import tables
from policy.kit import hire, open_branch

from .test_overruns import work_of
from .trade import Distributor, at, back, done, send

PATH = "/v1/targets"
MARCH = {"place": "area:east", "period": "2026-03", "measure": "invoiced", "amount": "1000.00"}


async def people(stage: Stage) -> None:
    await open_branch(stage, "nb-dist-3", Profile.DISTRIBUTION, region="east")
    await hire(stage, "director-1", "sales_director@group")
    await hire(stage, "seller-1", "salesperson@hz-dist-1")
    await hire(stage, "seller-2", "salesperson@nb-dist-3")


def parts(one: str, other: str) -> dict[str, Any]:
    return {
        "shares": [
            {"person": "seller-1", "branch": "hz-dist-1", "amount": one},
            {"person": "seller-2", "branch": "nb-dist-3", "amount": other},
        ]
    }


@pytest.mark.rule("P02.1")
async def test_a_target_is_broken_down_to_the_cent_or_refused_with_the_difference(stage: Stage) -> None:
    await people(stage)
    target = await done(stage, "director-1", "POST", PATH, json=MARCH)
    assert (target["from_on"], target["until_on"], target["broken_down"]) == ("2026-03-01", "2026-03-31", False)
    (owed,) = await work_of(stage, "credit.break_down_target")
    assert (owed.role, owed.place, owed.rules) == ("area_manager", "area:east", ["P02.1"])
    path = f"{PATH}/{target['id']}/shares"
    short = await send(stage, "area-1", "PUT", path, json=parts("600.00", "399.99"))
    assert (short.status_code, short.json()["type"], short.json()["difference"]) == (
        409, "/problems/parts-differ", "-0.01",
    )  # fmt: skip
    more = await send(stage, "area-1", "PUT", path, json=parts("600.00", "400.01"))
    assert (more.status_code, more.json()["difference"]) == (409, "0.01")
    whole = await done(stage, "area-1", "PUT", path, json=parts("600.00", "400.00"))
    assert whole["broken_down"] is True
    assert (await work_of(stage, "credit.break_down_target"))[-1].state == WorkState.DONE
    twice = await send(stage, "director-1", "POST", PATH, json=MARCH)
    assert (twice.status_code, twice.json()["type"]) == (409, "/problems/target-set")


@pytest.mark.rule("P02.1")
async def test_only_those_who_sell_in_the_area_get_a_part(stage: Stage) -> None:
    await people(stage)
    target = await done(stage, "director-1", "POST", PATH, json=MARCH)
    said = parts("600.00", "400.00")
    said["shares"][0]["person"], said["shares"][1]["branch"] = "keeper-1", "bj-dist-2"
    refused = await send(stage, "area-1", "PUT", f"{PATH}/{target['id']}/shares", json=said)
    assert refused.status_code == 422
    assert [one["pointer"] for one in refused.json()["errors"]] == ["/shares/0/person", "/shares/1/branch"]
    assert (await send(stage, "seller-1", "PUT", f"{PATH}/{target['id']}/shares", json=said)).status_code == 403
    assert (await send(stage, "manager-1", "POST", PATH, json=MARCH)).status_code == 403


@pytest.mark.rule("P02.1")
async def test_a_revised_target_is_broken_down_anew(stage: Stage) -> None:
    await people(stage)
    target = await done(stage, "director-1", "POST", PATH, json=MARCH)
    await done(stage, "area-1", "PUT", f"{PATH}/{target['id']}/shares", json=parts("600.00", "400.00"))
    revised = await done(stage, "director-1", "POST", f"{PATH}/{target['id']}/revise", json={"amount": "1200.00"})
    assert (revised["amount"], revised["broken_down"], revised["shares"]) == ("1200.00", False, [])
    assert [one.state for one in await work_of(stage, "credit.break_down_target")][-1] == WorkState.OPEN


@pytest.mark.rule("P02.1")
async def test_progress_is_net_of_returns_by_who_looked_after_the_account_that_day(stage: Stage) -> None:
    await people(stage)
    target = await done(stage, "director-1", "POST", PATH, json=MARCH)
    await done(stage, "area-1", "PUT", f"{PATH}/{target['id']}/shares", json=parts("600.00", "400.00"))
    shop = await Distributor.opened(stage)
    await shop.bought("900.00", 10)
    await shop.bought("50.00", 0, paid=False)  # before anybody looked after it
    at(stage, "2026-03-05T10:00:00")
    await done(stage, "manager-1", "POST", f"{shop.path}/salespeople", json={"person": "seller-1"})
    shipment = await shop.ships("400.00")
    assert (await shop.step(shipment, "return", lines=back("0.25"))).status_code == 200
    await shop.book("payment", "120.00")
    seen = await done(stage, "area-1", "GET", f"{PATH}/{target['id']}/progress")
    lines = {(one["scope"], one["branch"], one["person"]): one for one in seen["lines"]}
    mine = lines["person", "hz-dist-1", "seller-1"]
    assert (mine["target"], mine["invoiced"], mine["paid"], mine["percent"]) == ("600.00", "300.00", "120.00", "50")
    nobody = lines["person", "hz-dist-1", None]
    assert (nobody["target"], nobody["invoiced"]) == (None, "50.00")
    assert lines["branch", "hz-dist-1", None]["invoiced"] == "350.00"
    assert lines["person", "nb-dist-3", "seller-2"]["invoiced"] == "0.00"
    whole = lines["place", None, None]
    assert (whole["target"], whole["invoiced"], whole["percent"]) == ("1000.00", "350.00", "35")
    await open_branch(stage, "hz-dist-1", Profile.DISTRIBUTION, region="east", title="杭州配送中心")
    file = await send(stage, "area-1", "GET", f"{PATH}/{target['id']}/progress.xlsx")
    rows = python_calamine.load_workbook(io.BytesIO(file.content)).get_sheet_by_index(0).to_python()
    assert rows[0][0] == "销售目标 area:east 2026-03"
    assert ["业务员", "hz-dist-1", "杭州配送中心", "seller-1", 600.0, 300.0, 120.0, 50.0] in rows
    assert rows[-1][4:6] == [1000.0, 350.0]


@pytest.mark.rule("P02.1")
async def test_what_comes_back_counts_against_the_month_of_its_invoice_though_it_left_later(stage: Stage) -> None:
    await people(stage)
    march = await done(stage, "director-1", "POST", PATH, json=MARCH)
    april = await done(stage, "director-1", "POST", PATH, json={**MARCH, "period": "2026-04"})
    shop = await Distributor.opened(stage)
    at(stage, "2026-03-31T10:00:00")
    await shop.bought("900.00", 10)
    goods = (await shop.step(await shop.asks("400.00"), "invoice")).json()
    at(stage, "2026-04-02T10:00:00")
    assert (await shop.step(goods, "issue")).status_code == 200
    assert (await shop.step(goods, "return", lines=back("0.25"))).status_code == 200
    reached = []
    for target in (march, april):
        seen = await done(stage, "area-1", "GET", f"{PATH}/{target['id']}/progress")
        reached.append(seen["lines"][-1]["invoiced"])
    assert reached == ["1200.00", "0.00"]
    await shop.proved()


@pytest.mark.rule("P02.1")
async def test_each_sees_what_lies_within_their_reach(stage: Stage) -> None:
    await people(stage)
    target = await done(stage, "director-1", "POST", PATH, json=MARCH)
    path = f"{PATH}/{target['id']}"
    await done(stage, "area-1", "PUT", f"{path}/shares", json=parts("600.00", "400.00"))
    own = await done(stage, "seller-1", "GET", f"{path}/progress")
    assert [(one["scope"], one["person"]) for one in own["lines"]] == [("person", "seller-1")]
    branch = await done(stage, "manager-1", "GET", f"{path}/progress")
    assert {one["branch"] for one in branch["lines"]} == {"hz-dist-1"}
    assert [one["person"] for one in branch["target"]["shares"]] == ["seller-1"]
    assert [one["id"] for one in (await done(stage, "seller-1", "GET", PATH))["items"]] == [target["id"]]
    assert (await send(stage, "sales-2", "GET", path)).status_code == 404
    assert (await done(stage, "sales-2", "GET", PATH))["items"] == []


@pytest.mark.rule("P02.1")
async def test_an_account_is_given_to_who_sells_at_its_branch_from_today_on(stage: Stage) -> None:
    await people(stage)
    shop = await Distributor.opened(stage)
    path = f"{shop.path}/salespeople"
    assert (await send(stage, "manager-1", "POST", path, json={"person": "seller-2"})).status_code == 422
    early = {"person": "seller-1", "from_on": "2026-03-01"}
    assert (await send(stage, "manager-1", "POST", path, json=early)).status_code == 422
    await done(stage, "manager-1", "POST", path, json={"person": "sales-1"})
    found = await done(stage, "manager-1", "POST", path, json={"person": "seller-1"})
    assert [(one["person"], one["from_on"]) for one in found["items"]] == [("seller-1", str(date(2026, 3, 2)))]
    assert (await send(stage, "sales-2", "GET", path)).status_code == 404


COLUMN = tables.targets.c


async def test_targets_are_found_by_an_index(stage: Stage) -> None:
    await stage.rows(
        """INSERT INTO targets (id, place, period, from_on, until_on, measure, amount, shares, set_by, set_at, version,
            sequence) SELECT uuidv7(), 'b-' || n % 1000, n::text, current_date, current_date, 'paid', 1, '[]', 's',
            now(), 1, 0 FROM generate_series(1, 50000) n"""
    )
    query = sa.select(COLUMN.id).where(COLUMN.place.in_(["b-7", "area:east"])).order_by(COLUMN.id.desc()).limit(51)
    plan = await stage.plan(query)
    assert "targets_place" in plan, plan
    assert "Seq Scan" not in plan
