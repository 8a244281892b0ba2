"""What no page may use, since a browser would refuse it; what the pages must know of what a service counts."""

from __future__ import annotations

import inspect
import re

import pytest
from complaint.papers.in_chinese import DEMANDS, MATTERS
from complaint.reports import counting
from complaint.reports.statistics_form import CLAIMANTS, JUDGEMENTS, REACTIONS, STATES_OF_REPORT, WITHIN
from dev import web


def test_no_dialog_of_the_library_is_used_since_it_writes_a_style_without_the_nonce() -> None:
    used = {
        f"{path.relative_to(web.WEB)}: {name}"
        for path in (web.WEB / "src").rglob("*.tsx")
        for names in re.findall(r"import \{([^}]*)\} from \"antd\"", path.read_text())
        for name in re.findall(r"\b(Modal|Popconfirm|Drawer|Tour)\b", names)
    }
    assert used == set()
    assert any((web.WEB / "src").rglob("*.tsx"))


@pytest.mark.rule("P12.9")
def test_whatever_the_statistics_count_has_its_place_on_the_page_and_the_words_of_the_paper() -> None:
    reports = web.WEB / "src" / "pages" / "reports"
    laid_out = (reports / "figures.ts").read_text()
    counted = set(re.findall(r'f"((?:taken|closed|open|serious|called_back|term)\.\w+)=', inspect.getsource(counting)))
    assert {"taken.channel", "open.state", "serious.kind", "term.missed"} <= counted
    assert {one for one in counted if f'"{one}"' not in laid_out} == set()
    words = dict(re.findall(r'^  "([a-z_.0-9]+)": \["([^"]+)", "[^"]+"\],$', (reports / "words.ts").read_text(), re.M))
    of_the_paper = {
        "matter": MATTERS,
        "demand": DEMANDS,
        "claimant": CLAIMANTS,
        "judgement": JUDGEMENTS,
        "reaction": REACTIONS,
        "within": WITHIN,
    }
    wanted = {
        f"{of}.{code}": said.replace(",", "，") for of, names in of_the_paper.items() for code, said in names.items()
    }
    assert {name: words.get(name) for name in wanted} == wanted
    assert {f"report.{state}" for state in STATES_OF_REPORT} <= set(words)
