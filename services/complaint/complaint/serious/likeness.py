"""How alike the matters of two complaints are: by the pairs of characters their words share, or a common fault code."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_PLACEHOLDER = re.compile(r"\[[^\]]*\]")
_CHINESE = re.compile(r"[\u3400-\u9fff]+")
_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True)
class Likeness:
    """How alike, and why: `shared` of `pairs` pairs of characters, each counted on both sides; common fault codes."""

    shared: int
    pairs: int
    codes: tuple[str, ...]

    @property
    def score(self) -> float:
        """0 for nothing in common, 1 for the same words (Dice's coefficient)."""
        return self.shared / self.pairs if self.pairs else 0.0

    def holds(self, threshold: float) -> bool:
        """Whether it counts as the same matter: a common fault code, or words alike from the threshold on."""
        return bool(self.codes) or self.score >= threshold


def likeness(words: str, others: str, codes: Iterable[str] = (), other_codes: Iterable[str] = ()) -> Likeness:
    """Compare two redacted texts and their fault codes.

    What the redaction put in, numbers and signs do not count; of a Chinese text only its characters do, so that an
    order number in it makes nothing alike or unlike.
    """
    one, other = pairs_of(words), pairs_of(others)
    common = sorted(set(codes) & set(other_codes))
    return Likeness(2 * len(one & other), len(one) + len(other), tuple(common))


def pairs_of(text: str) -> frozenset[str]:
    """The pairs of neighbouring characters of a text, over its runs of characters or its words."""
    bare = _PLACEHOLDER.sub(" ", text.lower())
    runs = _CHINESE.findall(bare) or _WORD.findall(bare)
    return frozenset(run[n : n + 2] for run in runs for n in range(max(1, len(run) - 1)))
