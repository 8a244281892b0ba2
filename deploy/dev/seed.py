"""A little of everything for whoever opens the system the first time, put in by its own doors."""

from __future__ import annotations

import json
import urllib.parse
import urllib.request
from collections.abc import Callable
from typing import Any
from urllib.error import HTTPError

from dev.children import NotStarted

BRANCHES = ("sh-pudong", "sh-minhang", "bj-chaoyang", "gz-tianhe", "cd-wuhou")
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


def seed(customer: str, complaint: str, issuer: str) -> str:
    """Register customers and take complaints at the services' addresses; what there is now, in a few words.

    Safe to run again: who is registered already is left alone, a complaint is taken once. Every number is of a
    range that is assigned to nobody.
    """
    clerk = _caller(issuer, "clerk-1", "marketing_promotion@group")
    agent = _caller(issuer, "agent-7", "call_centre@group")
    registered = sum(clerk(f"{customer}/v1/customers", person(n)) != 409 for n in range(PEOPLE))
    registered += sum(
        clerk(f"{customer}/v1/customers", organisation(n, name)) != 409 for n, name in enumerate(ORGANISATIONS)
    )
    taken = sum(agent(f"{complaint}/v1/complaints", call(n)) == 201 for n in range(2 * PEOPLE))
    return f"{registered} customers, {taken} complaints"


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


def _caller(issuer: str, subject: str, grants: str) -> Callable[[str, dict[str, Any]], int]:
    """A function that posts as this person and answers the status; `NotStarted` for a status it cannot mean."""
    form = urllib.parse.urlencode({"sub": subject, "grants": grants}).encode()
    with urllib.request.urlopen(f"{issuer}/token", form, timeout=10) as answer:
        token = json.load(answer)["access_token"]

    def post(address: str, body: dict[str, Any]) -> int:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        request = urllib.request.Request(address, json.dumps(body).encode(), headers)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return int(answer.status)
        except HTTPError as refused:
            if refused.code == 409:
                return 409
            raise NotStarted(f"The demo data was refused at {address}: {refused.read().decode()[:500]}") from None

    return post
