"""Writes what the console says in Chinese of every refusal, by its type, and of every wrong field, by its code."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib import import_module
from pkgutil import walk_packages

from chassis.problems import Problem
from chassis.wrong import Wrong

from dev.children import ROOT
from dev.system import services

TARGETS = (ROOT / "services" / "console" / "web" / "src" / "refusals.json",)
#: what tests are made with answers nobody
_KITS = re.compile(r"\.(kit|tests|__main__)(\.|$)")


def refusals() -> Iterator[type[Problem]]:
    """Every kind of problem of the libraries and services, and no test's."""
    owners = ("chassis", "policy", *services())
    for owner in owners:
        package = import_module(owner)
        for module in walk_packages(package.__path__, f"{owner}."):
            if not _KITS.search(module.name):
                import_module(module.name)
    waiting: list[type[Problem]] = [Problem]
    while waiting:
        for kind in waiting.pop().__subclasses__():
            waiting.append(kind)
            owner, _, rest = kind.__module__.partition(".")
            if owner in owners and not _KITS.search(f".{rest}"):
                yield kind


def text() -> str:
    """The Chinese sentences as JSON."""
    types = {kind.type().removeprefix("/problems/"): kind.zh for kind in refusals()}
    codes = {kind.value: kind.zh for kind in Wrong}
    return json.dumps({"types": dict(sorted(types.items())), "codes": codes}, ensure_ascii=False, indent=2) + "\n"
