"""What people read in English has no Chinese punctuation."""

from __future__ import annotations

import re

from dev import web

CHINESE = "、，。；：（）！？“”"
#: at the beginning of a text or after what is put in: it stands there in either language
_IN_CODE = re.compile(rf'["`}}>][{CHINESE}]')
_ENGLISH = re.compile(r'\["[^"]*", "([^"]*)"\]|\ben: "([^"]*)"')
#: what people type between names, and the marks of both languages
_BOTH = re.compile(r"tokenSeparators=\{\[[^\]]*\]\}|const MARKS = .*")


def lines() -> list[tuple[str, str]]:
    files = [file for file in (web.WEB / "src").rglob("*.ts*") if file.suffix in (".ts", ".tsx")]
    assert files
    return [(f"{file.name}:{n}", line) for file in files for n, line in enumerate(file.read_text().splitlines(), 1)]


def test_marks_of_punctuation_are_taken_by_language() -> None:
    assert [where for where, line in lines() if _IN_CODE.search(_BOTH.sub("", line))] == []


def test_english_words_have_none() -> None:
    said = [(where, "".join(found)) for where, line in lines() for found in _ENGLISH.findall(line)]
    assert len(said) > 500
    assert [(where, text) for where, text in said if set(text) & set(CHINESE)] == []
