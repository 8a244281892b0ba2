"""By which words a case is found: runs of Chinese by their pairs of characters, others by the word (P05.15)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from operator import add

_PLACEHOLDER = re.compile(r"\[[^\]]*\]")
_RUN = re.compile(r"[\u3400-\u9fff]+|[^\W_\u3400-\u9fff]+")
#: the places that PostgreSQL keeps of a text
LAST_PLACE = 16383


def vector(branch: str, texts: Iterable[str]) -> str:
    """The texts as PostgreSQL's `tsvector`: each term with its places; the branch is a term too.

    What the redaction put in is left out. Between two runs a place is left free, so that no phrase leads across.
    """
    terms: dict[str, str] = {}
    place = 0
    for text in texts:
        for run in _runs(text):
            for term in _terms(run):
                place += 1
                if place <= LAST_PLACE:
                    terms[term] = f"{terms[term]},{place}" if term in terms else f"'{term}':{place}"
            place += 1
    return " ".join([f"'{_of_branch(branch)}'", *terms.values()])


def query(words: str, branches: Iterable[str] | None) -> str | None:
    """What is sought, as a `tsquery`: every run of it in one piece, in one of the branches where they are given.

    A single character of Chinese beside others says nothing. None when nothing is left to seek by.
    """
    runs = [terms for run in _runs(words) if (terms := _terms(run))]
    if not runs:
        return None
    asked = ["(" + " <-> ".join(f"'{term}'" for term in terms) + ")" for terms in runs]
    if branches is not None:
        asked.append("(" + " | ".join(f"'{_of_branch(branch)}'" for branch in branches) + ")")
    return " & ".join(asked)


def _runs(text: str) -> Iterator[str]:
    """The runs of a text; full-width letters and digits are those that everybody types (NFKC)."""
    return iter(_RUN.findall(unicodedata.normalize("NFKC", _PLACEHOLDER.sub(" ", text)).lower()))


def _terms(run: str) -> list[str]:
    """The pairs of neighbouring characters of a Chinese run, none of a single one; another run as it is."""
    if "\u3400" <= run[0] <= "\u9fff":
        return list(map(add, run, run[1:]))
    return [run[:100]]


def _of_branch(branch: str) -> str:
    return f"@{branch}"
