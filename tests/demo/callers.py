"""The complaints that are played, and the people who make them: real faults, invented persons."""

from __future__ import annotations

import csv
import random
from pathlib import Path
from typing import Any

COUNT = 600
#: callers of the 600 complaints: some call twice
CALLERS = 540
#: of the callers, so many are registered before, during and after their calls
BEFORE, DURING, AFTER = 200, 100, 100

_BRANCHES = ("sh-pudong", "sh-minhang", "bj-chaoyang", "gz-tianhe", "cd-wuhou")
_SURNAMES, _NAMES = "王李张刘陈杨赵黄周吴", "芳伟敏静丽强磊洋艳勇"
_CARS = (("东风日产", "轩逸"), ("吉利汽车", "帝豪"), ("一汽-大众", "迈腾"), ("江淮汽车", "iEV6E"), ("众泰汽车", "T600"))
_FAULTS = (("变速箱抖动", "B22"), ("车内异响", "H93"), ("动力电池故障", "H343"), ("配件一直缺货", "N318"))


def phone(caller: int) -> str:
    """A number under 142, which no operator has."""
    return f"142 0000 {caller:04d}"


def branch(caller: int) -> str:
    return _BRANCHES[caller % len(_BRANCHES)]


def name(caller: int) -> str:
    return _SURNAMES[caller % 10] + _NAMES[caller // 10 % 10] + _NAMES[caller // 100 % 10]


def customer(caller: int) -> dict[str, Any]:
    """The caller's registration."""
    vehicle = {"model": "轿车", "plate": f"沪Z{caller:05d}"}
    return {
        "kind": "person",
        "branch": branch(caller),
        "customer_class": "general",
        "name": name(caller),
        "phones": [phone(caller)],
        "vehicles": [vehicle],
    }


def complaints(source: Path) -> list[dict[str, Any]]:
    """600 complaint forms: those of the file, or as many of the same shape where it is not there."""
    rows = list(_rows(source))[:COUNT] if source.exists() else list(_generated())
    return [_form(n, row) for n, row in enumerate(rows)]


def _rows(source: Path) -> list[dict[str, str]]:
    with source.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))


def _generated() -> list[dict[str, str]]:
    chance = random.Random(1)
    made = []
    for n in range(COUNT):
        (brand, series), (fault, code) = chance.choice(_CARS), chance.choice(_FAULTS)
        words = f"{brand}{series}{fault}"
        made.append(
            {"id": f"g{n}", "brand": brand, "car_model": series, "type": "2020款", "desc": words, "problem": f"{code},"}
        )
    return made


def _form(n: int, row: dict[str, str]) -> dict[str, Any]:
    caller = n % CALLERS
    said = row["desc"].strip() or "车辆故障"
    codes = [code.strip() for code in row["problem"].split(",") if code.strip()]
    return {
        "branch": branch(caller),
        "channel": "phone",
        "caller": {"name": name(caller), "phone": phone(caller).replace(" ", "")},
        "vehicle": {
            "brand": row["brand"].strip() or "未知",
            "series": row["car_model"].strip() or None,
            "model": row["type"].strip() or None,
            "plate": f"沪Z·{caller:05d}",
        },
        "text": f"{said}。{name(caller)}请回电 {phone(caller)}",
        "fault_codes": codes[:50],
        "serious": ["negative_media"] if n % 60 == 59 else [],
        "origin": "demo",
        "origin_ref": str(row["id"]),
    }
