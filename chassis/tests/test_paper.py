"""Papers: the same data, the same bytes; no value is taken for markup."""

from __future__ import annotations

from pathlib import Path

import pytest
from chassis.paper import print_paper

FORM = """#import "paper.typ": chapter, facts, paper
#let data = json(bytes(sys.inputs.data))
#show: paper.with(title: "记录表", number: data.number, foot: "")
#facts("编号", data.number, "内容", data.text)
"""


@pytest.fixture
def forms(tmp_path: Path) -> Path:
    (tmp_path / "record.typ").write_text(FORM)
    return tmp_path


async def test_the_same_data_give_the_same_bytes_and_other_data_others(forms: Path) -> None:
    data = {"number": "260213-0000001-5", "text": "发动机异响"}
    first = await print_paper(forms, "record", data)
    assert first.startswith(b"%PDF-")
    assert await print_paper(forms, "record", data) == first
    assert await print_paper(forms, "record", {**data, "text": "#panic()"}) != first
    assert b"CreationDate" not in first
