"""The console as people use it: real services, real Kafka and PostgreSQL, a real Chromium."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
import pytest_asyncio
from aiokafka import AIOKafkaProducer
from chassis.ids import uuid7
from chassis.kit.databases import Databases
from chassis.kit.eventually import eventually
from chassis.kit.process import ServiceProcess
from chassis.relay import partition_of
from chassis.topics import ensure
from contracts.envelope import Envelope, to_headers
from contracts.message import Entry, encode
from contracts.staff import BranchEntry, Employment, GrantLine, PersonEntry, Profile
from contracts.topics import topic_of
from dev import web
from dev.children import ROOT, free_port
from policy.access import branch_of

pytestmark = [pytest.mark.serial, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(600)]

SERVICES = ("customer", "complaint", "notify", "console")
BRANCHES = {"sh-pudong": Profile.GROUP, "sh-minhang": Profile.DEALERSHIP}
STAFF = {
    "relations-1": "customer_relations@sh-minhang",
    "manager-1": "relations_manager@sh-minhang",
    "head-1": "department_head@sh-minhang/after_sales",
    "finance-1": "finance@sh-minhang",
    "gm-1": "general_manager@sh-minhang",
    "group-1": "group_customer_service@group",
    "legal-1": "legal@group",
    "brand-1": "brand_division@group",
}
KNOWN_PHONE, OTHER_PHONE = "14207770001", "14207770002"


@dataclass
class Desk:
    """The running system, as a browser and its test see it."""

    issuer: str
    addresses: dict[str, str]
    dsns: dict[str, str]

    async def token(self, subject: str, grants: str) -> str:
        async with httpx.AsyncClient() as http:
            form = {"sub": subject, "grants": grants}
            return str((await http.post(f"{self.issuer}/token", data=form)).raise_for_status().json()["access_token"])

    async def post(self, service: str, path: str, grants: str, body: dict[str, Any]) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {await self.token('clerk-1', grants)}"}
        async with httpx.AsyncClient(headers=headers) as http:
            answer = await http.post(self.addresses[service] + path, json=body, timeout=30)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def complaints(self, words: str) -> int:
        connection = await asyncpg.connect(self.dsns["complaint"])
        try:
            return int(await connection.fetchval("SELECT count(*) FROM cases WHERE text LIKE $1", f"%{words}%"))
        finally:
            await connection.close()

    async def tell(self, story: str, **more: str) -> None:
        """Run a script in a browser; it fails with what the script says."""
        screenshots = ROOT / "run" / "screenshots"
        screenshots.mkdir(parents=True, exist_ok=True)
        asked = {
            "console": self.addresses["console"],
            "issuer": self.issuer,
            "complaint": self.addresses["complaint"],
            "screenshots": str(screenshots),
            "temporary": str(ROOT / "run" / "chromium"),
            "known_phone": KNOWN_PHONE,
            "other_phone": OTHER_PHONE,
            **more,
        }
        node = await asyncio.create_subprocess_exec(
            str(Path(sys.executable).parent / "node"),
            story,
            json.dumps(asked),
            cwd=web.BROWSER,
            env=web.node_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        try:
            said, _ = await asyncio.wait_for(node.communicate(), 300)
        finally:
            if node.returncode is None:
                node.kill()
        assert node.returncode == 0, said.decode()


@pytest.fixture(scope="module")
def built() -> None:
    """The web application and what drives the browser, made from today's sources."""
    web.build()
    web.install(web.BROWSER, "The packages that drive the browser could not be fetched: is the npm registry reachable")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(
    built: None,
    databases: Databases,
    kafka_bootstrap: str,
    keys: tuple[Path, Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Desk]:
    """Issuer and services as processes; one customer is registered."""
    logs = tmp_path_factory.mktemp("logs")
    prefix = f"e2e{os.getpid()}."
    ports = {name: free_port() for name in ("issuer", *SERVICES)}
    addresses = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    async with AsyncExitStack() as stack:
        await ensure(kafka_bootstrap, prefix=prefix)
        await tell_of_staff(kafka_bootstrap, prefix)
        dsns = {
            name: await stack.enter_async_context(databases.fresh(import_module(f"{name}.app").service))
            for name in SERVICES
        }
        issuer = ["chassis.dev_issuer", "--key-file", str(logs / "issuer.json"), "--port"]
        parts = [ServiceProcess(issuer, str(ports["issuer"]), {"KEHU_ENVIRONMENT": "test"}, logs / "issuer.log")]
        for name in SERVICES:
            environment = {
                "KEHU_ENVIRONMENT": "test",
                "KEHU_DATABASE_URL": dsns[name],
                "KEHU_KAFKA": kafka_bootstrap,
                "KEHU_TOPIC_PREFIX": prefix,
                "KEHU_HTTP_PORT": str(ports[name]),
                "KEHU_GRANTS_FROM": "token",
                "KEHU_ISSUERS": json.dumps([{"issuer": addresses["issuer"]}]),
                "KEHU_PEERS": json.dumps({peer: addresses[peer] for peer in SERVICES}),
                "KEHU_MASTER_KEYS_FILE": str(keys[0]),
                "KEHU_TOKEN_KEYS_FILE": str(keys[1]),
                "KEHU_POOL_SIZE": "6",
                "KEHU_CONSOLE_URL": addresses["console"],
            }
            parts.append(ServiceProcess([name], "all", environment, logs / f"{name}.log"))
        for part in parts:
            part.start()
            stack.callback(part.stop)
        desk = Desk(addresses["issuer"], addresses, dsns)
        async with httpx.AsyncClient() as http:
            for name in ("issuer", *SERVICES):
                await eventually(lambda name=name: _answers(http, addresses[name], name), within=60)
        for name in ("complaint", "notify"):
            await eventually(lambda name=name: knows_staff(dsns[name]), within=30)
        customer = {
            "kind": "person",
            "branch": "sh-pudong",
            "customer_class": "key",
            "name": "王芳",
            "phones": [KNOWN_PHONE],
            "vehicles": [{"plate": "沪A53001", "model": "轩逸"}],
        }
        await desk.post("customer", "/v1/customers", "marketing_promotion@group", customer)
        yield desk


async def tell_of_staff(bootstrap: str, prefix: str) -> None:
    """What the staff service tells of a dealership and those who work there."""
    now = datetime.now(UTC)
    entries: list[tuple[UUID, Entry]] = []
    for branch, profile in BRANCHES.items():
        identifier = uuid7()
        opened = BranchEntry(
            branch_id=identifier, branch=branch, kind="dealership", profile=profile, region="east", week=None,
            closed=[], opened=[],
        )  # fmt: skip
        entries.append((identifier, opened))
    for subject, grant in STAFF.items():
        identifier, (role, place) = uuid7(), grant.split("@")
        line = GrantLine(role=role, place=place, from_at=now - timedelta(days=9), until_at=None, on_behalf_of=None)
        person = PersonEntry(
            person_id=identifier, subject=subject, employment=Employment.ACTIVE, branch=branch_of(place),
            department=place.partition("/")[2] or None,
            grants=[line],
        )  # fmt: skip
        entries.append((identifier, person))
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
    await producer.start()
    try:
        for identifier, entry in entries:
            key = str(identifier)
            topic = topic_of(type(entry), "staff")
            envelope = Envelope(uuid7(), entry.TYPE, topic.owner, key, now, 1, None)
            await producer.send_and_wait(
                topic.kafka_name(prefix),
                encode(entry),
                key=key.encode(),
                partition=partition_of(key.encode(), topic.partitions),
                headers=to_headers(envelope),
            )
    finally:
        await producer.stop()


async def knows_staff(dsn: str) -> bool:
    """Whether a service has heard of every branch and person of the stories."""
    connection = await asyncpg.connect(dsn)
    try:
        branches = await connection.fetchval("SELECT count(*) FROM kehu.known_branches")
        people = await connection.fetchval("SELECT count(*) FROM kehu.known_people")
    finally:
        await connection.close()
    return bool(branches == len(BRANCHES) and people == len(STAFF))


async def _answers(http: httpx.AsyncClient, address: str, name: str) -> bool:
    path = "/jwks" if name == "issuer" else "/readyz"
    try:
        return (await http.get(address + path)).status_code == 200
    except httpx.TransportError:
        return False


async def test_a_call_is_taken_once_whatever_the_clerk_or_the_network_does(desk: Desk) -> None:
    await desk.tell("take_a_call.mjs")
    assert await desk.complaints("发动机冷车异响") == 1
    assert await desk.complaints("冷车异响仍未解决") == 1
    assert await desk.complaints("变速箱顿挫") == 1


@pytest.mark.rule("P04.3")
async def test_work_appears_by_itself_and_is_judged_with_its_reasons_in_both_languages(desk: Desk) -> None:
    case = await taken(desk, "轮胎螺丝没有拧紧")
    await desk.tell("judge_a_case.mjs", case_id=case["id"], token=await desk.token("agent-8", "call_centre@group"))


async def test_the_keyboard_is_enough_and_so_is_a_phone(desk: Desk) -> None:
    case = await taken(desk, "服务顾问态度差, 等候三小时无人告知")
    await desk.tell("keyboard_and_phone.mjs", case_id=case["id"])
    assert await desk.complaints("车机黑屏") == 1


@pytest.mark.rule("P04.8")
@pytest.mark.rule("P12.4")
async def test_a_complaint_of_a_dealership_goes_its_whole_way_each_step_by_whose_it_is(desk: Desk) -> None:
    await desk.tell("whole_way.mjs", phone="14207770031")


@pytest.mark.rule("P12.10")
async def test_compensation_holds_the_case_until_it_is_signed_and_is_paid_when_it_is(desk: Desk) -> None:
    case = await taken(desk, "三次维修未解决", branch="sh-minhang")
    await desk.tell("compensation.mjs", case_id=case["id"])


@pytest.mark.rule("P12.5")
@pytest.mark.rule("P12.6")
@pytest.mark.rule("P12.7")
async def test_who_must_know_of_a_serious_complaint_confirms_in_the_inbox(desk: Desk) -> None:
    case = await taken(desk, "客户情绪激动", branch="sh-minhang")
    await desk.tell("serious.mjs", case_id=case["id"], number=case["number"])


@pytest.mark.rule("P05.15")
async def test_a_case_is_found_by_what_a_caller_says_and_by_what_is_due(desk: Desk) -> None:
    case = await taken(desk, "空调制冷不足", branch="sh-minhang")
    await desk.tell("find_cases.mjs", case_id=case["id"], number=case["number"])


async def taken(desk: Desk, words: str, branch: str = "sh-pudong") -> dict[str, Any]:
    """A complaint that came by another way."""
    body = {
        "branch": branch,
        "channel": "store",
        "caller": {"name": "孙杰", "phone": "14207770009"},
        "vehicle": {"brand": "长安福特", "series": "蒙迪欧", "plate": "沪A50009"},
        "text": words,
        "demand": "道歉",
    }
    return await desk.post("complaint", "/v1/complaints", "call_centre@group", body)
