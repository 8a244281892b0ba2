"""Whatever a service can refuse with, and with which field, is said in Chinese; and nothing that nobody answers is."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

from chassis.wrong import Wrong
from dev.children import ROOT
from dev.refusal_words import refusals
from dev.system import services
from pydantic_core.core_schema import ErrorType


def test_every_refusal_says_in_chinese_what_is_wrong_and_what_to_do() -> None:
    kinds = list(refusals())
    assert {"Held", "Stale", "NotOneMatter", "ShipmentNotReleased"} <= {kind.__name__ for kind in kinds}
    assert [f"{kind.__module__}.{kind.__name__}" for kind in kinds if "zh" not in kind.__dict__] == []
    for kind in kinds:
        assert re.fullmatch(r"[^a-z]*[\u4e00-\u9fff]{4}[^a-z]*。", kind.zh), kind


def test_refusals_of_one_type_have_one_sentence() -> None:
    said: dict[str, set[str]] = {}
    for kind in refusals():
        said.setdefault(kind.type(), set()).add(kind.zh)
    assert {name: sentences for name, sentences in said.items() if len(sentences) > 1} == {}


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
    for path, node in nodes():
        where = f"{path}:{getattr(node, 'lineno', 0)}"
        match node:
            case ast.Call(ast.Attribute(ast.Attribute(ast.Name("Wrong"), name), "at" | "error"), keywords=given):
                seen += 1
                assert "{limit}" not in Wrong[name].zh or "limit" in {one.arg for one in given}, f"{where}: no limit"
            case ast.Call(ast.Name("FieldError")):
                assert path.name in ("problems.py", "wrong.py"), f"{where}: write Wrong.….at(pointer)"
            case ast.Dict(keys=keys):
                said = {key.value for key in keys if isinstance(key, ast.Constant)}
                assert not {"pointer", "detail"} <= said, f"{where}: write Wrong.….at(pointer)"
    assert seen > 60


def sources() -> Iterator[Path]:
    """Every source of the libraries and services."""
    for folder in ("chassis/chassis", "policy/policy", *(f"services/{name}/{name}" for name in services())):
        yield from sorted((ROOT / folder).rglob("*.py"))


def nodes() -> Iterator[tuple[Path, ast.AST]]:
    """Every part of the sources, with its file."""
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text())):
            yield path, node
