"""The console as people use it: real services, real Kafka and PostgreSQL, a real Chromium."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
import pytest_asyncio
import python_calamine
from chassis.kit.databases import Databases
from chassis.kit.eventually import eventually
from chassis.topics import ensure
from complaint.reports.period import Period, PeriodKind
from policy.access import branch_of

from .desk import KNOWN_PHONE, Desk, build, started

pytestmark = [pytest.mark.whole_system, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(600)]

SERVICES = ("staff", "customer", "complaint", "notify", "console")
BRANCHES = {"sh-pudong": "上海浦东门店", "sh-minhang": "上海闵行4S店", "hz-store-3": "杭州三店"}
PROFILES = {"sh-pudong": "group", "sh-minhang": "dealership", "hz-store-3": "retail"}
STAFF = {
    "relations-1": ("苏敏", "customer_relations@sh-minhang"),
    "manager-1": ("丁浩", "relations_manager@sh-minhang"),
    "head-1": ("周强", "department_head@sh-minhang/after_sales"),
    "finance-1": ("钱进", "finance@sh-minhang"),
    "gm-1": ("沈洁", "general_manager@sh-minhang"),
    "hr-3": ("何芸", "hr_admin@hz-store-3"),
    "gm-3": ("高远", "general_manager@hz-store-3"),
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
    # the record form names who asked and who signed
    manager = await desk.token("gm-1", "general_manager@sh-minhang")
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {manager}"}) as http:
        path = f"/v1/complaints/{case['id']}/papers/record-form?format=xlsx"
        paper = await http.get(desk.addresses["complaint"] + path)
    sheet = python_calamine.load_workbook(BytesIO(paper.content)).get_sheet_by_index(0)
    assert {"苏敏（relations-1）", "丁浩（manager-1）"} <= {str(cell) for row in sheet.to_python() for cell in row}


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


@pytest.mark.rule("P12.9")
@pytest.mark.rule("P17.10")
async def test_the_months_statistics_are_filled_in_and_reviewed_and_every_figure_opens(desk: Desk) -> None:
    now = datetime.now(UTC)
    month = Period.of(PeriodKind.MONTH, now).before
    await imported(desk, month.before, "A", closed=20, left_open=2)
    await imported(desk, month, "B", closed=50, left_open=3)
    await frozen(desk, month.before)
    await imported(desk, month.before, "C", closed=2, left_open=1)  # became known after the month was frozen
    await frozen(desk, month)
    await frozen(desk, Period.of(PeriodKind.WEEK, now).before)
    manager = await desk.token("hr-0", "hr_admin_manager@hz-store-3")
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {manager}"}) as http:
        query = "kind=month&branch=hz-store-3"
        items = (await http.get(f"{desk.addresses['complaint']}/v1/complaints/reports?{query}")).json()["items"]
    (found,) = [one for one in items if one["period"] == month.name]  # a later one may have ended meanwhile
    assert [found[name] for name in ("taken", "closed", "open", "corrected")] == [53, 50, 6, 3]
    await desk.tell("reports.mjs", report=found["id"], month=month.name, manager=manager)


async def imported(desk: Desk, month: Period, batch: str, *, closed: int, left_open: int) -> None:
    """Complaints of earlier, as another system had them; a closed one is history, of an open one the clock runs."""
    rows = ["来源,来源编号,分支,渠道,受理时间,客户姓名,电话,品牌,投诉内容,结案时间,是否成立"]
    for n in range(closed + left_open):
        on, channel = month.first + timedelta(days=n % 20), ("phone", "web", "store", "phone")[n % 4]
        ended = f"{on + timedelta(days=n % 8)} 17:00,{n % 3 and 1}" if n < closed else ","
        rows.append(f"oldcrm,{batch}-{n},hz-store-3,{channel},{on} 09:00,孙杰,14207770009,别克,旧单{batch},{ended}")
    token = await desk.token("agent-7", "call_centre@group")
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {token}"}) as http:
        content = "\n".join(rows).encode()
        answer = await http.post(f"{desk.addresses['complaint']}/v1/complaints/imports", content=content)
    assert answer.status_code == 202, answer.text

    async def there() -> bool:
        return await desk.complaints(f"旧单{batch}") == closed + left_open

    await eventually(there, within=60)


async def frozen(desk: Desk, period: Period) -> None:
    """A period of before the system went live is counted and frozen as if it had just ended."""
    connection = await asyncpg.connect(desk.dsns["complaint"])
    try:
        await connection.execute(
            "INSERT INTO report_periods (id, kind, first_day) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            period.id, period.kind.value, period.first,
        )  # fmt: skip
        await connection.execute(
            """INSERT INTO kehu.jobs (id, kind, ref, lane, run_at)
            VALUES (gen_random_uuid(), 'freeze_period', $1, 'freeze_period', now())""",
            str(period.id),
        )

        async def ended() -> bool:
            query = "SELECT frozen_at IS NOT NULL FROM report_periods WHERE id = $1"
            return bool(await connection.fetchval(query, period.id))

        await eventually(ended, within=60)
    finally:
        await connection.close()


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
