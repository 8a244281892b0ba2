"""Whatever a service can refuse with, and with which field, is said in Chinese; and nothing that nobody answers is."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import get_args

from chassis.problems import Problem
from chassis.wrong import Wrong
from dev.children import ROOT
from dev.system import services
from pydantic_core.core_schema import ErrorType

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


def test_every_kind_of_wrong_field_is_said_in_chinese_with_the_limit_that_its_english_names() -> None:
    for kind in Wrong:
        said = kind.zh.replace("{limit}", "")
        assert re.search(r"[\u4e00-\u9fff]{2}", said), kind
        assert not re.search(r"[{}。]", said), kind
        assert ("{limit}" in kind.zh) == ("{limit}" in kind.en), kind


def test_no_kind_of_wrong_field_is_there_that_nobody_names() -> None:
    written = {found for path in sources() for found in re.findall(r"\bWrong\.([A-Z_]+)", path.read_text())}
    of_pydantic = {name for kind in get_args(ErrorType) for name in (kind, kind.partition("_")[0])}
    assert {kind for kind in Wrong if kind.name not in written and kind.value not in of_pydantic} == set()


def test_a_wrong_place_is_made_of_a_kind_alone_and_names_a_limit_where_its_sentence_does() -> None:
    """Who wrote a place by hand could leave out its code, or make one up that no screen knows."""
    seen = 0
    for path, call in calls():
        if isinstance(call.func, ast.Name) and call.func.id == "FieldError":
            assert path.name in ("problems.py", "wrong.py"), f"{path}:{call.lineno}: write Wrong.….at(pointer)"
        match call.func:
            case ast.Attribute(ast.Attribute(ast.Name("Wrong"), name), "at" | "error"):
                seen += 1
                limited = any(given.arg == "limit" for given in call.keywords)
                assert limited or "{limit}" not in Wrong[name].zh, f"{path}:{call.lineno}: {name} names its limit"
    assert seen > 60
    by_hand = [str(path) for path in sources() if '{"pointer"' in path.read_text()]
    assert by_hand == []


def sources() -> Iterator[Path]:
    """Every source of the libraries and services."""
    for folder in ("chassis/chassis", "policy/policy", *(f"services/{name}/{name}" for name in services())):
        yield from sorted((ROOT / folder).rglob("*.py"))


def calls() -> Iterator[tuple[Path, ast.Call]]:
    """Every call in the sources, with its file."""
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                yield path, node
