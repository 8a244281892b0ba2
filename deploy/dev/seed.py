"""A little of everything for whoever opens the system the first time, put in by its own doors."""

from __future__ import annotations

import json
import time
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.error import HTTPError
from zoneinfo import ZoneInfo

from dev import people
from dev.children import NotStarted

ZONE = ZoneInfo("Asia/Shanghai")
#: seconds until rights, or a table, must have arrived
PATIENCE = 180
#: where customers are registered and complain
BRANCHES = tuple(place.branch for place in people.PLACES[:5])
CARS = (("东风日产", "轩逸"), ("上汽大众", "朗逸"), ("长安福特", "蒙迪欧"), ("广汽丰田", "凯美瑞"))
SURNAMES, GIVEN = "王李张刘陈杨赵黄周吴徐孙", ("芳", "伟", "娜", "敏", "静", "磊", "洋", "艳", "勇", "杰")
PEOPLE = 24
ORGANISATIONS = ("江东物流有限公司", "海诚贸易有限公司", "远山建设集团")
#: what is complained of, and how it is marked by whoever takes it (P12.5)
MATTERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("发动机冷车启动时异响, 检查两次没有结果。", ()),
    ("变速箱低速顿挫, 升级程序后仍然存在, 要求退车。", ("return_or_exchange",)),
    ("购车时承诺的赠品一直没有兑现。", ()),
    ("车机系统经常黑屏, 送修两周未修复, 已联系记者。", ("negative_media",)),
    ("保养后轮胎螺丝没有拧紧, 行驶中异响。", ()),
    ("服务顾问态度差, 等候三小时无人告知。", ()),
)


def seed(services: Mapping[str, str], issuer: str) -> str:
    """Staff the branches, register customers and take complaints at the services' addresses; what there is now.

    Safe to run again: who is entered or registered already is left alone, a complaint is taken once. Every number is
    of a range that is assigned to nobody.
    """
    staffed = staff_branches(services["staff"], issuer)
    clerk, agent = Caller(issuer, "clerk-1"), Caller(issuer, "agent-7")
    customers, complaints = f"{services['customer']}/v1/customers", f"{services['complaint']}/v1/complaints"
    registered = sum(clerk.post(customers, person(n)) != 409 for n in range(PEOPLE))
    registered += sum(clerk.post(customers, organisation(n, name)) != 409 for n, name in enumerate(ORGANISATIONS))
    taken = sum(agent.post(complaints, call(n)) == 201 for n in range(2 * PEOPLE))
    return f"{staffed}, {registered} customers, {taken} complaints"


def staff_branches(staff: str, issuer: str) -> str:
    """Open the branches, enter their people by a table, set the rota of today and tomorrow."""
    admin = Caller(issuer, people.ADMINISTRATOR)
    for n, place in enumerate(people.PLACES):
        admin.post(f"{staff}/v1/branches", place.form(n))
    everybody = list(people.rows())
    hire(admin, staff, everybody)
    for day in people.rota(datetime.now(ZONE)):
        admin.send("PUT", f"{staff}/v1/rota", day)
    return f"{len(people.PLACES)} branches, {len(everybody)} people"


def hire(admin: Caller, staff: str, rows: Sequence[dict[str, str]]) -> None:
    """Enter people by a table and wait until every row is taken; `NotStarted` with the first row that is not."""
    _, job = admin.send("POST", f"{staff}/v1/people/imports", people.table(rows))
    until = time.monotonic() + PATIENCE
    while job["state"] == "waiting" and time.monotonic() < until:
        time.sleep(0.1)
        _, job = admin.send("GET", staff + job["path"])
    _, refused = admin.send("GET", f"{staff}{job['path']}/rows?outcome=refused&limit=1")
    if job["state"] != "done" or refused["items"] or "failed" in job["outcomes"]:
        raise NotStarted(f"The people were not all entered: {job['outcomes']}, {refused['items']}")


def person(n: int) -> dict[str, Any]:
    """A person with a car."""
    return {
        "kind": "person",
        "branch": BRANCHES[n % len(BRANCHES)],
        "customer_class": ("general", "key", "potential")[n % 3],
        "name": name_of(n),
        "phones": [phone_of(n)],
        "vehicles": [{"plate": f"沪A{53000 + n}", "model": " ".join(CARS[n % len(CARS)])}],
    }


def organisation(n: int, name: str) -> dict[str, Any]:
    """A firm with someone to talk to."""
    return {
        "kind": "organisation",
        "branch": BRANCHES[n],
        "customer_class": "key",
        "name": name,
        "phones": [phone_of(900 + n)],
        "enterprise_nature": "民营",
        "supervising_unit": "无",
        "address": f"示例路 {n + 1} 号",
        "contact_person": name_of(40 + n),
    }


def call(n: int) -> dict[str, Any]:
    """A complaint: every second caller has a file, and three of those call again."""
    text, serious = MATTERS[n % len(MATTERS)]
    caller = n // 2 % 21 if n % 2 else 100 + n
    brand, series = CARS[caller % len(CARS)]
    return {
        "branch": BRANCHES[caller % len(BRANCHES)],
        "channel": ("phone", "web")[n % 2],
        "caller": {"name": name_of(caller), "phone": phone_of(caller)},
        "vehicle": {"brand": brand, "series": series},
        "text": text,
        "serious": list(serious),
        "origin": "seed",
        "origin_ref": f"seed-{n}",
    }


def name_of(n: int) -> str:
    """An invented name."""
    return SURNAMES[n % len(SURNAMES)] + GIVEN[n // len(SURNAMES) % len(GIVEN)]


def phone_of(n: int) -> str:
    """A number that nobody can have."""
    return f"1420777{n:04d}"


class Caller:
    """Somebody at work, with a token of the development issuer: what they may do, the staff directory says.

    Rights that were given a moment ago may not have reached a service: who is refused them asks again for a while.
    """

    def __init__(self, issuer: str, subject: str) -> None:
        form = urllib.parse.urlencode({"sub": subject}).encode()
        with urllib.request.urlopen(f"{issuer}/token", form, timeout=10) as answer:
            self._token = json.load(answer)["access_token"]

    def post(self, address: str, body: dict[str, Any]) -> int:
        """Post, and answer the status."""
        return self.send("POST", address, body)[0]

    def send(self, method: str, address: str, body: dict[str, Any] | bytes | None = None) -> tuple[int, Any]:
        """The status and the answer; `NotStarted` for a refusal other than 409, which says it is there already."""
        content = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        kind = "text/csv" if isinstance(body, bytes) else "application/json"
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": kind}
        until = time.monotonic() + PATIENCE
        while True:
            request = urllib.request.Request(address, content, headers, method=method)
            try:
                with urllib.request.urlopen(request, timeout=20) as answer:
                    return int(answer.status), json.load(answer)
            except HTTPError as refused:
                said = refused.read().decode()
                if refused.code == 409:
                    return 409, None
                if refused.code != 403 or time.monotonic() > until:
                    raise NotStarted(f"The demo data was refused at {address}: {said[:500]}") from None
            time.sleep(0.2)
