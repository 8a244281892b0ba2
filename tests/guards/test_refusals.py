"""Whatever a service can refuse with, the console says in Chinese; and it has no words for what nobody answers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import import_module
from pkgutil import walk_packages

from chassis.problems import Problem
from dev.children import ROOT
from dev.system import services

WORDS = ROOT / "services" / "console" / "web" / "src" / "refusals.ts"
#: what tests are made with answers nobody
_KITS = re.compile(r"\.(kit|tests|__main__)(\.|$)")


def test_every_refusal_has_chinese_words() -> None:
    answered = {kind.type().removeprefix("/problems/"): f"{kind.__module__}.{kind.__name__}" for kind in refusals()}
    assert {"held", "stale", "not-one-matter", "shipment-not-released"} <= answered.keys()
    said = words()
    assert {slug: where for slug, where in answered.items() if slug not in said} == {}
    assert said.keys() - answered.keys() == set()


def test_every_refusal_says_in_chinese_what_is_wrong_and_ends() -> None:
    for slug, sentence in words().items():
        assert re.fullmatch(r"[^a-z]*[\u4e00-\u9fff]{4}[^a-z]*。", sentence), slug


def words() -> dict[str, str]:
    """The sentences of the console by the type of the problem."""
    table = WORDS.read_text().partition("export const REFUSALS")[2].partition("\n};")[0]
    return dict(re.findall(r'^  "([a-z:-]+)": "(.+)",$', table, re.MULTILINE))


def refusals() -> Iterator[type[Problem]]:
    """Every kind of problem of the libraries and services, and no test's."""
    owners = ("chassis", "policy", *services())
    for owner in owners:
        package = import_module(owner)
        for module in walk_packages(package.__path__, f"{owner}."):
            if not _KITS.search(module.name):
                import_module(module.name)
    waiting = [Problem]
    while waiting:
        for kind in waiting.pop().__subclasses__():
            waiting.append(kind)
            owner, _, rest = kind.__module__.partition(".")
            if owner in owners and not _KITS.search(f".{rest}"):
                yield kind
