"""Credit as people use it all day: real services, Kafka and PostgreSQL, rights from the staff service, Chromium."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import pytest
import pytest_asyncio
from chassis.kit.databases import Databases
from credit import permissions
from dev import web

from .desk import build
from .trading import AREA, SALES, Distributor, House, trading

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


@pytest.mark.rule("P02.4")
@pytest.mark.rule("P11.1")
@pytest.mark.rule("P11.3")
async def test_an_account_shows_its_limit_day_by_day_and_every_figure_opens(house: House, shop: Distributor) -> None:
    bare = await house.distributor("苏州新区物流有限公司", papers=False)
    await house.desk.tell("account.mjs", account=shop.account, bare=bare.account, sales=SALES)


def test_the_pages_know_the_roles_that_the_service_knows() -> None:
    source = (web.WEB / "src" / "credit" / "api.ts").read_text()
    said = {
        name: set(re.findall(r'"(\w+)"', roles)) for name, roles in re.findall(r'"(credit\.\w+)": \[([^\]]*)\]', source)
    }
    wanted = ("READ_ACCOUNT", "REQUEST_SHIPMENT", "BOOK", "INVOICE", "ISSUE_GOODS")
    known = {one.name: {role.value for role in one.roles} for one in (getattr(permissions, n) for n in wanted)}
    assert said == known
