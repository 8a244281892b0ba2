"""Credit as people use it all day: real services, Kafka and PostgreSQL, rights from the staff service, Chromium."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from chassis.imports import Import
from chassis.kit.databases import Databases
from chassis.kit.eventually import eventually
from complaint.imports.import_complaints import COMPLAINTS_TABLE
from complaint.permissions import FILL_IN_STATISTICS, READ_STATISTICS, TAKE_COMPLAINT
from credit import permissions as credit
from credit.imports.import_documents import DOCUMENTS_FILE
from credit.imports.import_payments import PAYMENTS_FILE
from credit.warehouse.import_issues import ISSUES_LIST
from dev import web
from staff.people.import_people import PEOPLE_TABLE
from staff.permissions import KEEP_PEOPLE

from .desk import build
from .trading import (
    ADMIN,
    AREA,
    BRANCH,
    CHIEF,
    CLERK,
    DIRECTOR,
    FINANCE,
    HEAD,
    KEEPER,
    LOGISTICS,
    SALES,
    Distributor,
    House,
    trading,
)  # fmt: skip

#: customers and their phones; two have the same one
ALIKE = {
    "扬州头桥汽配经营部": "0514-77701001",
    "扬州杭集汽配一部": "0514-77701002",
    "扬州杭集汽配二部": "0514-77701002",
}

pytestmark = [pytest.mark.whole_system, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(480)]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(
    databases: Databases,
    kafka_bootstrap: str,
    keys: tuple[Path, Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[House]:
    build()
    async with trading(databases, kafka_bootstrap, keys, tmp_path_factory.mktemp("logs")) as house:
        yield house


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(house: House) -> Distributor:
    """A distributor with some months of trade."""
    found = await house.distributor("南京宁远车联网设备有限公司")
    await found.has_bought()
    return found


async def state_of(house: House, shipment: str) -> str:
    return str((await house.reads(SALES, "credit", f"/v1/shipments/{shipment}"))["state"])


@pytest.mark.rule("P11.6")
@pytest.mark.rule("P11.7")
async def test_goods_over_the_limit_are_asked_for_held_signed_at_the_desk_and_released(
    house: House, shop: Distributor
) -> None:
    standing = await shop.standing()
    room, most = Decimal(standing["room"]), Decimal(standing["largest_signed"])
    assert room > 0
    await shop.asks(str(room - 1000))
    amount = most - Decimal("0.01")
    await house.desk.tell("over_the_limit.mjs", account=shop.account, amount=str(amount), sales=SALES, area=AREA)
    shipments = (await house.reads(SALES, "credit", f"/v1/shipments?account_id={shop.account}"))["items"]
    (signed,) = [one for one in shipments if one["overrun"] == "first"]
    assert (signed["state"], Decimal(signed["signature"]["amount"])) == ("released", amount)
    assert signed["signature"]["signer"] == AREA


@pytest.mark.rule("P11.9")
async def test_goods_go_out_step_by_step_and_money_for_held_ones_frees_them(house: House) -> None:
    shop = await house.distributor("镇江车联配件有限公司")
    await shop.has_bought()
    released, held = await shop.asks("1000.00"), await shop.asks("543210.00")
    assert (released["state"], held["state"]) == ("released", "held")
    await house.desk.tell(
        "goes_out.mjs", released=released["id"], held=held["id"], amount="543210.00", finance=FINANCE, keeper=KEEPER
    )
    assert await state_of(house, released["id"]) == "delivered"
    assert await state_of(house, held["id"]) == "released"


@pytest.mark.rule("P02.3")
@pytest.mark.rule("P11.2")
@pytest.mark.rule("P11.6")
async def test_held_goods_go_in_parts_and_goods_come_back_by_line(house: House) -> None:
    shop = await house.distributor("仪征路安电子有限公司")
    await shop.has_bought()
    held, out = await shop.asks("5000.10", quantity="100"), await shop.asks("100.00", quantity="10")
    await house.does(FINANCE, "credit", f"/v1/shipments/{out['id']}/invoice")
    await house.does(KEEPER, "credit", f"/v1/shipments/{out['id']}/issue")
    await house.desk.tell("part_of_goods.mjs", held=held["id"], out=out["id"], sales=SALES, keeper=KEEPER)
    shipments = (await house.reads(SALES, "credit", f"/v1/shipments?account_id={shop.account}"))["items"]
    (part,) = [one for one in shipments if one["part_of"] == held["id"]]
    assert (part["state"], part["amount"]) == ("released", "7500.15")
    back = await house.reads(SALES, "credit", f"/v1/shipments/{out['id']}")
    assert (back["returned"], back["lines"][0]["returned"]) == ("260.00", "3.000")
    (moved,) = [
        one for one in (await house.reads(SALES, "credit", "/v1/movements?limit=100"))["items"]
        if one["shipment_id"] == out["id"] and one["to_holder"] == "warehouse" and one["quantity"] == "1.000"
    ]  # fmt: skip
    assert moved["from_holder"] == f"account:{shop.account}"


@pytest.mark.rule("P02.4")
@pytest.mark.rule("P11.1")
@pytest.mark.rule("P11.3")
async def test_an_account_shows_its_limit_day_by_day_and_every_figure_opens(house: House, shop: Distributor) -> None:
    bare = await house.distributor("苏州新区物流有限公司", papers=False)
    await house.desk.tell("account.mjs", account=shop.account, bare=bare.account, sales=SALES)


@pytest.mark.rule("P02.4")
@pytest.mark.rule("P11.1")
@pytest.mark.rule("P11.5")
async def test_an_account_is_opened_reviewed_and_booked_on_and_a_document_taken_back(house: House) -> None:
    customer = await house.customer("扬州邗江汽车用品有限公司")
    another = await house.customer("扬州宝应汽车用品有限公司")
    shares = {name: await house.customer(name, phone) for name, phone in ALIKE.items()}
    until = str(house.today + timedelta(days=90))
    phones = {"phone": ALIKE["扬州头桥汽配经营部"], "shared": ALIKE["扬州杭集汽配一部"]}
    who = {"sales": SALES, "finance": FINANCE}
    await house.desk.tell("account_steps.mjs", customer=customer, another=another, until=until, **phones, **who)
    accounts = (await house.reads(SALES, "credit", "/v1/accounts?limit=100"))["items"]
    (opened,) = [one for one in accounts if one["customer_ids"] == [customer]]
    (shared,) = [one for one in accounts if len(one["customer_ids"]) > 1]
    assert shares["扬州头桥汽配经营部"] in shared["customer_ids"]
    assert len(shared["customer_ids"]) == 2
    assert set(shared["customer_ids"]) < set(shares.values())
    assert (opened["term_days"], opened["balance"]) == (60, "1200.10")


@pytest.mark.rule("P11.14")
async def test_a_collection_plan_covers_what_is_owed_is_kept_and_replaced(house: House) -> None:
    shop = await house.distributor("句容宝华车品有限公司")
    await shop.books("invoice", "3000.30", 5)
    days = {name: str(house.today + timedelta(days=ahead)) for name, ahead in (("first", 7), ("second", 21))}
    await house.desk.tell("plan.mjs", account=shop.account, sales=SALES, finance=FINANCE, **days)
    plans = (await house.reads(SALES, "credit", f"/v1/accounts/{shop.account}/plans"))["items"]
    assert [(one["state"], [each["amount"] for each in one["instalments"]]) for one in plans] == [
        ("running", ["1500.30"]), ("superseded", ["1000.10", "2000.20"])
    ]  # fmt: skip


@pytest.mark.rule("P11.10")
@pytest.mark.rule("P11.11")
@pytest.mark.rule("P11.15")
async def test_a_bad_debt_is_held_while_no_proportions_are_set_and_goods_gone_without_release_are_borne(
    house: House,
) -> None:
    shop = await house.distributor("溧水通途汽配有限公司")
    await shop.has_bought()
    gone = await shop.asks("1000.00")
    await house.does(FINANCE, "credit", f"/v1/shipments/{gone['id']}/invoice")
    await shop.books("invoice", "987654.32", 1)  # the limit is used up meanwhile
    await house.does(KEEPER, "credit", f"/v1/shipments/{gone['id']}/issue", {"already_out": True})
    posts = {"head": HEAD, "keeper": KEEPER, "logistics": LOGISTICS}
    await house.desk.tell("losses.mjs", account=shop.account, sales=SALES, finance=FINANCE, chief=CHIEF, **posts)
    found = {one["kind"]: one for one in (await house.reads(FINANCE, "credit", "/v1/losses"))["items"]}
    assert found["bad_debt"]["state"] == "verified"
    borne = found["unauthorised_shipment"]
    assert (borne["state"], borne["shipment_id"]) == ("borne", gone["id"])
    assert sum(Decimal(one["amount"]) for one in borne["shares"]) == Decimal("1000.00")


@pytest.mark.rule("P02.4")
async def test_files_of_bank_and_erp_are_tried_then_booked_row_by_row(house: House) -> None:
    shop = await house.distributor("高淳固城汽车装饰有限公司")
    await house.desk.tell("imports.mjs", account=shop.account, today=str(house.today), finance=FINANCE, sales=SALES)
    account = await house.reads(SALES, "credit", f"/v1/accounts/{shop.account}")
    assert account["balance"] == "780.35"


@pytest.mark.rule("P11.11")
async def test_a_goods_issue_list_says_in_its_dry_run_which_cases_it_raises_and_then_raises_them(house: House) -> None:
    # two accounts: held goods that have left use up the limit of those that are released
    over, within = await house.distributor("浦口星甸汽车电子有限公司"), await house.distributor("六合竹镇车联有限公司")
    for shop in (over, within):
        await shop.has_bought()
    released, held = await within.asks("1000.00"), await over.asks("543210.00")
    await house.does(FINANCE, "credit", f"/v1/shipments/{released['id']}/invoice")
    assert (released["state"], held["state"]) == ("released", "held")
    # the day on which they were released, whatever day it has become; and one that is still to come then
    today = date.fromisoformat(released["decision"]["on"])
    days = {"today": str(today), "later": str(today + timedelta(days=30))}
    who = {"keeper": KEEPER, "finance": FINANCE, "sales": SALES}
    await house.desk.tell("goods_issues.mjs", released=released["id"], held=held["id"], **days, **who)
    found = (await house.reads(FINANCE, "credit", "/v1/losses?state=found&limit=100"))["items"]
    (case,) = [one for one in found if one["shipment_id"] == held["id"]]
    assert (case["kind"], case["amount"]) == ("unauthorised_shipment", "543210.00")
    assert await state_of(house, released["id"]) == "issued"


@pytest.mark.rule("P02.4")
async def test_a_warning_is_acted_on_and_closed_and_a_dunning_letter_signed_and_handed_over(house: House) -> None:
    shop = await house.distributor("六合龙池汽车美容有限公司")
    due = date.fromisoformat((await shop.books("invoice", "43210.98", 75))["dated_on"]) + timedelta(days=30)
    await shop.night_passes()

    async def printed() -> str | None:
        found = (await house.reads(SALES, "credit", f"/v1/dunning-letters?account_id={shop.account}"))["items"]
        return str(found[0]["id"]) if found and found[0]["state"] == "printed" else None

    async def warned() -> date | None:
        found = (await house.reads(SALES, "credit", f"/v1/risk-warnings?account_id={shop.account}"))["items"]
        return date.fromisoformat(found[0]["raised_on"]) if found else None

    letter = await eventually(printed, within=60, every=0.2)
    raised = await eventually(warned, within=60, every=0.2)
    assert raised is not None
    said = {"letter": str(letter), "over": str((raised - due).days)}
    await house.desk.tell("warnings.mjs", account=shop.account, sales=SALES, finance=FINANCE, director=DIRECTOR, **said)
    (warning,) = (await house.reads(SALES, "credit", f"/v1/risk-warnings?account_id={shop.account}"))["items"]
    assert (warning["kind"], warning["state"]) == ("ageing", "closed")
    handed = await house.reads(SALES, "credit", f"/v1/dunning-letters/{letter}")
    assert (handed["state"], handed["way"], handed["handed_by"]) == ("handed_over", "courier", SALES)


@pytest.mark.rule("P11.6")
async def test_the_keyboard_is_enough_for_a_request_and_a_phone_shows_every_page(
    house: House, shop: Distributor
) -> None:
    held = await shop.asks("987654.32")
    await house.desk.tell(
        "credit_keyboard_and_phone.mjs", account=shop.account, shipment=held["id"], sales=SALES, clerk=CLERK
    )

    async def asked() -> bool:
        found = (await house.reads(SALES, "credit", f"/v1/shipments?account_id={shop.account}"))["items"]
        return any(len(one["lines"]) == 2 and one["amount"] == "2468.50" for one in found)

    await eventually(asked)


async def test_shipments_go_on_in_parts_and_are_found_by_their_number(house: House, shop: Distributor) -> None:
    first = await shop.asks("10.00", "FIRST-ONE")
    for _ in range(30):
        await shop.asks("10.00")
    await house.desk.tell("find_and_page.mjs", shipment=first["id"], account=shop.account, sales=SALES)


@pytest.mark.rule("P05.15")
async def test_a_table_of_people_is_tried_then_kept_and_found_again(house: House) -> None:
    await house.desk.tell("import_people.mjs", admin=ADMIN, branch=BRANCH, sales=SALES)
    found = (await house.reads(ADMIN, "staff", f"/v1/people?branch={BRANCH}&limit=100"))["items"]
    assert {one["subject"] for one in found} & {"temp-1", "temp-2"} == {"temp-1"}


async def test_the_pages_know_the_roles_that_the_services_know() -> None:
    source = (web.WEB / "src" / "may.ts").read_text()
    said = {
        name: set(re.findall(r'"(\w+)"', roles)) for name, roles in re.findall(r'"(\w+\.\w+)": \[([^\]]*)\]', source)
    }
    wanted = (
        credit.READ_ACCOUNT,
        credit.REQUEST_SHIPMENT,
        credit.OPEN_ACCOUNT,
        credit.BOOK,
        credit.READ_LOSS,
        credit.ACT_ON_WARNING,
        credit.CLOSE_WARNING,
        credit.READ_LETTER,
        credit.INVOICE,
        credit.ISSUE_GOODS,
        credit.LIST_ISSUES,
        TAKE_COMPLAINT,
        READ_STATISTICS,
        FILL_IN_STATISTICS,
        KEEP_PEOPLE,
    )
    assert said == {one.name: {role.value for role in one.roles} for one in wanted}


async def test_the_pages_call_the_columns_of_a_table_as_its_service_does() -> None:
    source = (web.WEB / "src" / "parts" / "tables.ts").read_text()
    shared = re.search(r"OF_ALL = \{(.*?)\}", source, re.S)
    paths = re.search(r"PATHS: .*? = \{\n(.*?)^\};", source, re.S | re.M)
    columns = re.search(r"COLUMNS: .*? = \{\n(.*?)^\};", source, re.S | re.M)
    assert shared is not None
    assert paths is not None
    assert columns is not None
    said = {
        kind: dict(re.findall(r'(\w+): "([^"]+)"', own.replace("...OF_ALL", shared[1])))
        for kind, own in re.findall(r'^  "?([a-z-]+)"?: \{\n(.*?)^  \},', columns[1], re.S | re.M)
    }
    known: dict[str, tuple[str, Import[Any]]] = {
        "payments": ("credit", PAYMENTS_FILE),
        "documents": ("credit", DOCUMENTS_FILE),
        "goods-issues": ("credit", ISSUES_LIST),
        "complaints": ("complaint", COMPLAINTS_TABLE),
        "people": ("staff", PEOPLE_TABLE),
    }
    assert said == {
        kind: {name: field.title for name, field in one.form.model_fields.items()} for kind, (_, one) in known.items()
    }
    assert dict(re.findall(r'"?([a-z-]+)"?: "([^"]+)"', paths[1])) == {
        kind: f"/api/{service}{one.path}" for kind, (service, one) in known.items()
    }
