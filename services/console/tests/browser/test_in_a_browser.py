"""The console as people use it: real services, real Kafka and PostgreSQL, a real Chromium."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
import pytest_asyncio
from chassis.kit.databases import Databases
from chassis.kit.eventually import eventually
from chassis.topics import ensure
from policy.access import branch_of

from .desk import KNOWN_PHONE, Desk, build, started

pytestmark = [pytest.mark.whole_system, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(600)]

SERVICES = ("staff", "customer", "complaint", "notify", "console")
BRANCHES = {"sh-pudong": "上海浦东门店", "sh-minhang": "上海闵行4S店"}
PROFILES = {"sh-pudong": "group", "sh-minhang": "dealership"}
STAFF = {
    "relations-1": ("苏敏", "customer_relations@sh-minhang"),
    "manager-1": ("丁浩", "relations_manager@sh-minhang"),
    "head-1": ("周强", "department_head@sh-minhang/after_sales"),
    "finance-1": ("钱进", "finance@sh-minhang"),
    "gm-1": ("沈洁", "general_manager@sh-minhang"),
    "group-1": ("林岚", "group_customer_service@group"),
    "legal-1": ("方正", "legal@group"),
    "brand-1": ("杜宁", "brand_division@group"),
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(
    databases: Databases,
    kafka_bootstrap: str,
    keys: tuple[Path, Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Desk]:
    """Issuer and services as processes; one customer is registered."""
    build()
    prefix = f"e2e{os.getpid()}."
    logs = tmp_path_factory.mktemp("logs")
    async with AsyncExitStack() as stack:
        await ensure(kafka_bootstrap, prefix=prefix)
        rights = {"KEHU_GRANTS_FROM": "token"}
        desk = await started(stack, SERVICES, databases, kafka_bootstrap, prefix, keys, logs, rights)
        await employ(desk)
        for name in ("complaint", "notify"):
            await eventually(lambda name=name: knows_staff(desk.dsns[name]), within=30)
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


async def employ(desk: Desk) -> None:
    """Branches and those who work there, entered at the staff service, which tells the others."""
    admin = {"Authorization": f"Bearer {await desk.token('admin-1', 'administrator@group')}"}
    async with httpx.AsyncClient(base_url=desk.addresses["staff"], headers=admin, timeout=30) as http:

        async def enter(path: str, form: dict[str, Any]) -> dict[str, Any]:
            answer = await http.post(path, json=form)
            assert answer.status_code == 201, answer.text
            found: dict[str, Any] = answer.json()
            return found

        for branch, title in BRANCHES.items():
            kind: dict[str, Any] = {"kind": "dealership", "profile": PROFILES[branch], "region": "east"}
            kind |= {"departments": [{"department": "after_sales", "title": "售后部"}]}
            await enter("/v1/branches", {"branch": branch, "title": title, **kind})
        for n, (subject, (name, grant)) in enumerate(STAFF.items()):
            role, place = grant.split("@")
            person = {"subject": subject, "name": name, "branch": branch_of(place), "mobile": f"142077790{n:02d}"}
            person |= {"department": place.partition("/")[2] or None, "mail": f"{subject}@kehu.example"}
            joined = await enter("/v1/people", person)
            await enter(f"/v1/people/{joined['id']}/grants", {"role": role, "place": place})


async def knows_staff(dsn: str) -> bool:
    """Whether a service has heard of every branch and person of the stories."""
    connection = await asyncpg.connect(dsn)
    try:
        branches = await connection.fetchval("SELECT count(*) FROM kehu.known_branches")
        people = await connection.fetchval("SELECT count(*) FROM kehu.known_people")
    finally:
        await connection.close()
    return bool(branches == len(BRANCHES) and people == len(STAFF))


async def test_a_call_is_taken_once_whatever_the_clerk_or_the_network_does(desk: Desk) -> None:
    await desk.tell("take_a_call.mjs")
    assert await desk.complaints("发动机冷车异响") == 1
    assert await desk.complaints("冷车异响仍未解决") == 1
    assert await desk.complaints("变速箱顿挫") == 1


@pytest.mark.rule("P04.3")
async def test_work_appears_by_itself_and_is_judged_with_its_reasons_in_both_languages(desk: Desk) -> None:
    case = await taken(desk, "轮胎螺丝没有拧紧")
    clerk = await desk.token("agent-8", "call_centre@group")
    other = await desk.token("colleague-1", "hr_admin_manager@sh-pudong")
    await desk.tell("judge_a_case.mjs", case_id=case["id"], token=clerk, other=other)


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


@pytest.mark.rule("P12.5")
async def test_an_open_case_is_read_once_and_shows_by_itself_that_somebody_else_marked_it(desk: Desk) -> None:
    case = await taken(desk, "展厅内与销售顾问争执")
    await desk.tell("open_case.mjs", case_id=case["id"])


@pytest.mark.rule("P05.15")
async def test_a_case_is_found_by_what_a_caller_says_and_by_what_is_due(desk: Desk) -> None:
    case = await taken(desk, "空调制冷不足", branch="sh-minhang")
    await desk.tell("find_cases.mjs", case_id=case["id"], number=case["number"])


@pytest.mark.rule("P04.3")
async def test_a_list_of_complaints_is_tried_then_taken_and_found_again(desk: Desk) -> None:
    await desk.tell("import_cases.mjs")
    assert await desk.complaints("天窗异响两次未修好") == 1


@pytest.mark.rule("P05.4")
@pytest.mark.rule("P05.9")
async def test_files_of_a_case_are_added_opened_and_removed_and_a_wrong_one_is_refused_in_chinese(desk: Desk) -> None:
    case = await taken(desk, "客户寄来照片和录音", branch="sh-minhang")
    await desk.tell("attachments.mjs", case_id=case["id"], number=case["number"])


@pytest.mark.rule("P04.8")
@pytest.mark.rule("P04.9")
async def test_cases_are_linked_merged_and_split_and_a_merged_one_leads_to_the_survivor(desk: Desk) -> None:
    words = ("第一件: 变速箱抖动, 另外销售承诺的脚垫未给", "第二件: 又来电催变速箱", "第三件: 空调不制冷")
    cases = [await taken(desk, said, branch="sh-minhang") for said in words]
    told = [{"id": case["id"], "number": case["number"]} for case in cases]
    await desk.tell("arranging.mjs", cases=json.dumps(told))


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
