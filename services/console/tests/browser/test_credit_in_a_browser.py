"""Credit as people use it all day: real services, Kafka and PostgreSQL, rights from the staff service, Chromium."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import pytest
import pytest_asyncio
from chassis.kit.databases import Databases
from chassis.kit.eventually import eventually
from credit import permissions
from dev import web

from .desk import build
from .trading import AREA, CLERK, FINANCE, KEEPER, SALES, Distributor, House, trading

pytestmark = [pytest.mark.serial, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(480)]


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


@pytest.mark.rule("P02.4")
@pytest.mark.rule("P11.1")
@pytest.mark.rule("P11.3")
async def test_an_account_shows_its_limit_day_by_day_and_every_figure_opens(house: House, shop: Distributor) -> None:
    bare = await house.distributor("苏州新区物流有限公司", papers=False)
    await house.desk.tell("account.mjs", account=shop.account, bare=bare.account, sales=SALES)


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


def test_the_pages_know_the_roles_that_the_service_knows() -> None:
    source = (web.WEB / "src" / "credit" / "api.ts").read_text()
    said = {
        name: set(re.findall(r'"(\w+)"', roles)) for name, roles in re.findall(r'"(credit\.\w+)": \[([^\]]*)\]', source)
    }
    wanted = ("READ_ACCOUNT", "REQUEST_SHIPMENT", "BOOK", "INVOICE", "ISSUE_GOODS")
    known = {one.name: {role.value for role in one.roles} for one in (getattr(permissions, n) for n in wanted)}
    assert said == known
