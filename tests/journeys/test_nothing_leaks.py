"""Names, phones and plates planted at every entrance are found in no topic, log, trace, notice, answer or dump."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, get_args, get_type_hints
from urllib.parse import quote

import httpx
import pytest
from chassis.kit.eventually import eventually
from dev.system import services
from pydantic import BaseModel

from tests.faults.system import Ground, System, rows, system
from tests.journeys import canaries
from tests.journeys.canaries import ADDRESS, ID_NUMBER, MAIL, NAME, OTHER_NAME, OTHER_PHONE, PHONE, PLATE, VIN, WORDS
from tests.journeys.planting import WORDY, Planting
from tests.journeys.topics import app_of, caught_up

pytestmark = [pytest.mark.whole_system, pytest.mark.timeout(600)]

ROLES = (
    "marketing_promotion@group",
    "call_centre@group",
    "hr_admin_manager@sh-pudong",
    "information_supervisor@group",
    "general_manager@group",
    "administrator@group",
    "relations_manager@sh-pudong",
    "finance@sh-pudong",
    "sales@sh-pudong",
)


class Entrances:
    """Plants what is given at every door, well and badly, and keeps what was refused."""

    def __init__(self, running: System, client: httpx.AsyncClient) -> None:
        self._running = running
        self._client = client
        self.refusals: list[tuple[str, str]] = []

    async def send(self, service: str, method: str, path: str, body: Any = None, **more: Any) -> httpx.Response:
        """One request; an answer that refuses is kept, since it must repeat nothing."""
        address = self._running.serving(service)[0].address
        content = {"content": body} if isinstance(body, bytes) else {"json": body}
        answer = await self._client.request(method, address + path, **content, **more)
        if answer.status_code >= 400:
            self.refusals.append((f"{method} {path}", answer.text + str(answer.headers)))
        return answer

    async def plant(self) -> None:
        """Every way in that takes personal data."""
        person = {"kind": "person", "branch": "sh-pudong", "name": NAME, "phones": [PHONE], "mail": MAIL,
                  "id_number": ID_NUMBER, "address": ADDRESS,
                  "vehicles": [{"plate": PLATE, "vin": VIN, "model": "轩逸"}]}  # fmt: skip
        registered = await self.send("customer", "POST", "/v1/customers", person)
        assert registered.status_code == 201, registered.text
        path = registered.json()["path"]
        assert (await self.send("customer", "POST", "/v1/customers", person)).status_code == 409
        for bad in ({**person, "phones": [PHONE + PHONE]}, {**person, "unknown": WORDS}, {**person, "name": NAME * 99}):
            assert (await self.send("customer", "POST", "/v1/customers", bad)).status_code == 422
        change = {"effective_on": "2026-03-02", "name": OTHER_NAME, "phones": [OTHER_PHONE]}
        assert (await self.send("customer", "PATCH", path, change)).status_code == 200
        for sought in ({"phone": OTHER_PHONE}, {"plate": PLATE}, {"phone": WORDS}, {"mail": MAIL}):
            await self.send("customer", "POST", "/v1/customers/search", sought)
        await self.send("customer", "GET", f"/v1/customers/{NAME}")
        complaint = {"branch": "sh-pudong", "channel": "phone", "caller": {"name": NAME, "phone": OTHER_PHONE,
                     "address": ADDRESS}, "vehicle": {"brand": "东风日产", "plate": PLATE, "vin": VIN},
                     "text": f"{NAME} 的车 {PLATE} 抖动, 请打 {OTHER_PHONE}", "demand": WORDS,
                     "serious": ["negative_media"]}  # fmt: skip
        taken = await self.send("complaint", "POST", "/v1/complaints", complaint)
        assert taken.status_code == 201, taken.text
        self.case = taken.json()["id"]
        for bad in (
            {**complaint, "caller": {"name": NAME, "phone": WORDS}},
            {**complaint, "channel": WORDS},
            {**complaint, "taken_at": "2001-01-01T00:00:00Z"},
            f'{{"caller": {{"name": "{NAME}", "phone": '.encode(),
        ):
            assert (await self.send("complaint", "POST", "/v1/complaints", bad)).status_code in (400, 422)
        await self.send("complaint", "POST", "/v1/complaints/search", {"phone": OTHER_PHONE})
        await self.send("complaint", "POST", "/v1/complaints/search", {"plate": WORDS})
        judgement = {"reason_holds": True, "demand_holds": True, "opinion": WORDS}
        judged = await self.send("complaint", "POST", f"{taken.json()['path']}/judge", judgement)
        assert judged.status_code == 200, judged.text
        await self.plant_files(f"{taken.json()['path']}/attachments")
        await self.plant_lists()
        await self.plant_staff()

    async def plant_files(self, path: str) -> None:
        """A letter to a case, whole and refused."""
        letter = f"{NAME} 来信: {WORDS}, 电话 {PHONE}".encode()
        for content, media_type, status in (
            (letter, "text/plain", 201),
            (letter, f"text/plain; name*=UTF-8''{quote(f'{NAME} {PHONE}.txt')}", 201),
            (letter, f"text/plain; name*=UTF-8''{quote(NAME)}%FF", 422),
            (letter, "image/png", 422),
            (letter + b"\xff", "text/plain", 422),
            (letter, "text/A7K9Q2", 422),
        ):
            headers = {"Content-Type": media_type}
            answer = await self.send("complaint", "POST", f"{path}?kind=letter", content, headers=headers)
            assert answer.status_code == status, answer.text
        assert (await self.send("complaint", "POST", f"{path}?kind={PLATE}", letter)).status_code == 422

    async def plant_lists(self) -> None:
        """Tables of complaints and of money, with rows that are taken and rows that are refused."""
        headings = "来源,来源编号,分支,渠道,受理时间,客户姓名,电话,品牌,投诉内容,结案时间,是否成立"
        taken = f"oms,1,sh-pudong,phone,2026-02-27,{NAME},{PHONE},东风日产,{NAME} 的车 {PLATE} 抖动,,"
        refused = f"oms,2,sh-pudong,{WORDS},{WORDS},{OTHER_NAME},{PLATE},东风日产,{NAME} 的车 {PLATE} 抖动,,"
        await self.hand_in("complaint", "/v1/complaints/imports", headings, taken, refused)
        bank = "账户编号,交易流水号,交易日期,金额,核销单据,对方户名,对方账号,摘要"
        rows = (f"1001,B-1,2026-03-01,1.00,,{NAME},{PHONE},{WORDS}", f"{PLATE},{WORDS},{NAME},{WORDS},,{NAME},,{WORDS}")
        await self.hand_in("credit", "/v1/payments/imports", bank, *rows)

    async def hand_in(self, service: str, path: str, *lines: str) -> None:
        """A table, until each of its rows has an outcome; the outcomes repeat nothing either."""
        begun = await self.send(service, "POST", path, "\n".join(lines).encode())
        assert begun.status_code == 202, begun.text

        async def done() -> str | None:
            seen = await self.send(service, "GET", f"{begun.headers['location']}/rows")
            return seen.text if len(seen.json()["items"]) == len(lines) - 1 else None

        results = await eventually(done)
        assert results is not None
        self.refusals.append((f"results of {path}", results))

    async def plant_staff(self) -> None:
        """The ways in of the staff directory: one by one, and by a table."""
        person = {"subject": "sub-817", "name": NAME, "mail": MAIL, "mobile": PHONE, "branch": "group"}
        joined = await self.send("staff", "POST", "/v1/people", person)
        assert joined.status_code == 201, joined.text
        assert (await self.send("staff", "POST", "/v1/people", person)).status_code == 409
        for bad in ({**person, "mobile": WORDS}, {**person, "name": NAME * 99}, {**person, "unknown": WORDS}):
            assert (await self.send("staff", "POST", "/v1/people", bad)).status_code == 422
        changed = await self.send("staff", "PATCH", joined.json()["path"], {"name": OTHER_NAME, "mobile": OTHER_PHONE})
        assert changed.status_code == 200, changed.text
        await self.send("staff", "POST", "/v1/people/resolve", {"subjects": ["sub-817"]})
        people = (f"sub-818,{NAME},{PHONE},group", f"sub-819,{NAME},{WORDS},{WORDS}")
        await self.hand_in("staff", "/v1/people/imports", "账号,姓名,手机,分支", *people)
        for bad in (f"账号,{WORDS}\n{NAME},1\n", f"账号\n{NAME},{WORDS}\n", f'账号\n"{NAME}\n', f"{NAME}\x00\n"):
            assert (await self.send("staff", "POST", "/v1/people/imports", bad.encode())).status_code == 422


@pytest.mark.rule("P05.15")
@pytest.mark.asyncio(loop_scope="package")
async def test_no_canary_is_seen_outside_sealed_columns(here: Ground) -> None:
    roles = [(name, "all", 1) for name in services()]
    traces = {"KEHU_TRACE_RATIO": "1", "KEHU_TRACE_FILE": str(here.directory / "traces" / "all.jsonl")}
    (here.directory / "traces").mkdir(exist_ok=True)
    async with system(here, roles, **traces) as running:
        token = here.token("clerk-1", *ROLES)
        async with httpx.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=20) as client:
            entrances = Entrances(running, client)
            await entrances.plant()

            async def drained() -> bool:
                waiting = [await rows(dsn, "SELECT 1 FROM kehu.outbox LIMIT 1") for dsn in running.databases.values()]
                return not any(waiting)

            await eventually(drained)
            matched = "SELECT 1 FROM cases WHERE customer_id IS NOT NULL"
            await eventually(lambda: rows(running.databases["complaint"], matched))
        assert await canaries.leaks(running, entrances.refusals) == []
        assert len(entrances.refusals) > 8


@pytest.mark.rule("P05.15")
@pytest.mark.asyncio(loop_scope="package")
async def test_what_people_write_at_each_step_is_seen_only_in_sealed_columns(
    planted: Planting, running: System
) -> None:
    await caught_up(running, running.services)
    written = set(map(template, planted.written))
    assert set(wordy()) - written == ELSEWHERE.keys()
    assert await canaries.leaks(running, planted.refusals) == []
    told = await rows(running.databases["notify"], "SELECT count(*) FROM notices UNION ALL SELECT count(*) FROM sink")
    assert all(row[0] > 0 for row in told), "notices and what left for people outside were looked through too"


#: what nobody writes into here, and why not
_ITS_OWN = "sealed in a column that the tests of its service look at"
ELSEWHERE = {
    ("complaint", "POST", "/v1/complaints/reports/{report_id}/fill-in"): _ITS_OWN,
    ("credit", "POST", "/v1/shipments/{shipment_id}/return"): _ITS_OWN,
    ("credit", "POST", "/v1/risk-warnings/{warning_id}/act"): _ITS_OWN,
    ("credit", "POST", "/v1/risk-warnings/{warning_id}/close"): _ITS_OWN,
    ("staff", "POST", "/v1/conduct/breaches/{breach_id}/deduct-pay"): _ITS_OWN,
    **{(service, "POST", "/v1/obligations/{obligation_id}/waive"): "the code that complaint has too"
       for service in services() if service not in ("complaint", "console")},
}  # fmt: skip


def wordy() -> Iterator[tuple[str, str, str]]:
    """Every way into a service that takes people's own words."""
    for service in services():
        for route in app_of(service).routes:
            given = get_type_hints(route.endpoint).items()
            if route.method != "GET" and any(has_words(form) for name, form in given if name != "return"):
                yield service, route.method, route.path


def has_words(form: Any) -> bool:
    """Whether a form, or a part of one, has a field for people's own words."""
    if not (isinstance(form, type) and issubclass(form, BaseModel)):
        return any(has_words(part) for part in get_args(form))
    fields = form.model_fields.items()
    return any((name in WORDY and "str" in str(one.annotation)) or has_words(one.annotation) for name, one in fields)


def template(entrance: tuple[str, str, str]) -> tuple[str, str, str]:
    """The route that a request took."""
    service, method, path = entrance
    routes = [route for route in app_of(service).routes if route.method == method]
    (found,) = [one.path for one in routes if re.fullmatch(re.sub(r"\{[^}]+\}", "[0-9a-f-]+", one.path), path)]
    return service, method, found


def test_what_looks_for_canaries_would_find_them() -> None:
    for content in (NAME.encode(), NAME.encode().hex().encode(), b"x" + NAME.encode("unicode_escape")):
        assert canaries.seen(NAME, content)
    assert not canaries.seen(NAME, "欧阳某人".encode())
