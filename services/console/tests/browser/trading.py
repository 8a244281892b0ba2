"""A house that gives credit: services as processes, a distribution branch with its people, a distributor that buys."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
from chassis.kit.databases import Databases
from chassis.kit.eventually import eventually
from chassis.topics import ensure
from policy.calendar import civil

from .desk import Desk, started

SERVICES = ("staff", "customer", "archive", "credit", "notify", "console")
ADMIN, BRANCH = "admin-1", "nj-jiangning"
SALES, FINANCE, KEEPER, AREA = "sales-nj", "finance-nj", "keeper-nj", "area-east"
DIRECTOR, ARCHIVIST, PROMOTER, CLERK = "director-nj", "archivist-nj", "promoter-1", "agent-7"
CHIEF, HEAD, LOGISTICS = "chief-nj", "head-nj", "logistics-nj"
PEOPLE = {
    SALES: f"sales@{BRANCH}",
    FINANCE: f"finance@{BRANCH}",
    KEEPER: f"warehouse_keeper@{BRANCH}",
    AREA: "area_manager@area:east",
    DIRECTOR: f"sales_director@{BRANCH}",
    ARCHIVIST: f"archivist@{BRANCH}",
    PROMOTER: "marketing_promotion@group",
    CLERK: "call_centre@group",
    CHIEF: f"general_manager@{BRANCH}",
    HEAD: f"marketing_head@{BRANCH}",
    LOGISTICS: f"logistics_specialist@{BRANCH}",
}
#: days ago and amount of goods that were invoiced and shipped: most are paid, the first four are open
BOUGHT = (
    (104, "18000.00"), (70, "26000.00"), (41, "32000.00"), (12, "48000.00"), (29, "64000.00"), (26, "52000.00"),
    (22, "71500.50"), (19, "38000.00"), (15, "90000.00"), (9, "45000.00"), (6, "82000.00"), (2, "57499.50"),
)  # fmt: skip
OPEN = 4
_MIDNIGHT = "UPDATE kehu.jobs SET run_at = now() WHERE kind = 'roll_limit' AND ref = $1 AND state = 'waiting'"


@dataclass
class House:
    """The running system, and what everybody in it does."""

    desk: Desk
    http: httpx.AsyncClient
    counted: Iterator[int] = field(default_factory=count)
    today: date = field(default_factory=lambda: civil(datetime.now(UTC)))

    async def asks(self, who: str, service: str, method: str, path: str, body: Any = None, key: str = "") -> Any:
        headers = {"Authorization": f"Bearer {await self.desk.token(who, '')}", "Idempotency-Key": key or str(uuid4())}
        address = self.desk.addresses[service] + path
        return await self.http.request(method, address, json=body, headers=headers)

    async def does(self, who: str, service: str, path: str, body: Any = None) -> dict[str, Any]:
        """A step that is taken, once rights and facts that are still on their way have come."""
        found: dict[str, Any] = {}
        said, key = "", str(uuid4())

        async def taken() -> bool:
            nonlocal said
            answer = await self.asks(who, service, "POST", path, {} if body is None else body, key)
            said = f"{who} at {path}: {answer.status_code} {answer.text}"
            assert answer.status_code < 300 or answer.status_code in (403, 404, 409, 503), said
            if answer.status_code < 300:
                found.update(answer.json())
            return bool(answer.status_code < 300)

        try:
            await eventually(taken, within=60, every=0.2)
        except AssertionError as error:
            raise AssertionError(said) from error
        return found

    async def reads(self, who: str, service: str, path: str) -> dict[str, Any]:
        answer = await self.asks(who, service, "GET", path)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def customer(self, name: str, phone: str | None = None) -> str:
        """A customer of the directory, confirmed; it has no papers and no account. Two may share a phone."""
        phones = [phone or f"025-7770{next(self.counted):04d}"]
        form: dict[str, Any] = {"kind": "organisation", "branch": BRANCH, "name": name, "phones": phones}
        form |= {"contact_person": "周敏", "override": {"reason": "同一总机的另一单位"}}
        form["customer_class"] = "key"
        form |= {"enterprise_nature": "民营", "supervising_unit": "无", "address": "江宁大道1号"}
        customer = str((await self.does(PROMOTER, "customer", "/v1/customers", form))["id"])
        await self.does(DIRECTOR, "customer", f"/v1/customers/{customer}/confirm")
        return customer

    async def distributor(self, name: str, *, papers: bool = True) -> Distributor:
        """A customer of the directory, confirmed and with papers, and its account; without papers it has no credit."""
        customer = await self.customer(name)
        if papers:
            dossier = {"kind": "customer", "about": customer, "branch": BRANCH}
            path = (await self.does(ARCHIVIST, "archive", "/v1/dossiers", dossier))["path"]
            for kind in ("account_opener_identity", "distribution_contract"):
                item = {"kind": kind, "medium": "paper"}
                await self.does(ARCHIVIST, "archive", f"{path}/items", item)
        opened = {"branch": BRANCH, "customer_ids": [customer], "contract": "distribution", "term_days": 30}
        account = (await self.does(SALES, "credit", "/v1/accounts", opened))["id"]
        if papers:

            async def eligible() -> bool:
                return bool((await self.reads(SALES, "credit", f"/v1/accounts/{account}"))["eligible"])

            await eventually(eligible, within=60, every=0.2)
        return Distributor(self, customer, account)


@dataclass
class Distributor:
    """A customer with an account, and what it buys and pays."""

    house: House
    customer: str
    account: str

    async def books(self, kind: str, amount: str, days_ago: int, **more: Any) -> dict[str, Any]:
        on = str(self.house.today - timedelta(days=days_ago))
        reference = {"origin": "erp", "origin_ref": f"{kind[:3].upper()}-{uuid4().hex[:10]}"}
        form = {"kind": kind, "customer_id": self.customer, "amount": amount, "dated_on": on, **reference, **more}
        return await self.house.does(FINANCE, "credit", f"/v1/accounts/{self.account}/documents", form)

    async def has_bought(self) -> None:
        """The trade of some months."""
        for n, (days_ago, amount) in enumerate(BOUGHT):
            on = str(self.house.today - timedelta(days=days_ago))
            invoice = await self.books("invoice", amount, days_ago, issued_on=on)
            if n >= OPEN:
                pays = [{"document_id": invoice["id"], "amount": amount}]
                await self.books("payment", amount, max(0, days_ago - 1), pays=pays)

    async def asks(self, price: str, product: str = "GPS-T200", quantity: str = "1") -> dict[str, Any]:
        line = {"product": product, "batch": "B-2026-11", "quantity": quantity, "price": price}
        form = {"account_id": self.account, "customer_id": self.customer, "destination": "nj-depot-2", "lines": [line]}
        return await self.house.does(SALES, "credit", "/v1/shipments", form)

    async def night_passes(self) -> None:
        """What its midnight brings comes now."""
        connection = await asyncpg.connect(self.house.desk.dsns["credit"])
        try:
            await connection.execute(_MIDNIGHT, self.account)
        finally:
            await connection.close()

    async def standing(self) -> dict[str, Any]:
        return await self.house.reads(SALES, "credit", f"/v1/accounts/{self.account}/standing")


@asynccontextmanager
async def trading(databases: Databases, kafka: str, keys: tuple[Path, Path], logs: Path) -> AsyncIterator[House]:
    """Issuer and services run; rights come from the staff service, where everybody is entered."""
    prefix = f"trade{os.getpid()}."
    rights = {"KEHU_GRANTS_FROM": "staff", "KEHU_FIRST_ADMINISTRATOR": ADMIN}
    async with AsyncExitStack() as stack:
        await ensure(kafka, prefix=prefix)
        desk = await started(stack, SERVICES, databases, kafka, prefix, keys, logs, rights)
        house = House(desk, await stack.enter_async_context(httpx.AsyncClient(timeout=30)))
        branch = {"branch": BRANCH, "title": "南京江宁分销公司", "kind": "office", "profile": "distribution"}
        await house.does(ADMIN, "staff", "/v1/branches", {**branch, "region": "east"})
        for n, (subject, grant) in enumerate(PEOPLE.items()):
            place = grant.split()[0].partition("@")[2]
            person = {"subject": subject, "name": f"员工{n}", "mail": f"{subject}@kehu.example"}
            person |= {"branch": "group" if ":" in place or place == "group" else place, "mobile": f"142077780{n:02d}"}
            path = f"/v1/people/{(await house.does(ADMIN, 'staff', '/v1/people', person))['id']}/grants"
            for one in grant.split():
                role, _, at = one.partition("@")
                await house.does(ADMIN, "staff", path, {"role": role, "place": at})
        yield house
