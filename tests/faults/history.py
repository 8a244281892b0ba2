"""What the callers did and were told, as it happened: the one thing the checker believes beside what it reads."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

#: `unknown`: no answer, or one that does not say whether it happened (5xx, a lost connection)
Outcome = Literal["ok", "fail", "unknown"]


@dataclass
class Attempt:
    """One request and its answer. `started` and `ended` are seconds since the run began."""

    started: float
    ended: float
    outcome: Outcome
    status: int
    id: str | None = None
    number: str | None = None


@dataclass
class Operation:
    """One complaint as its caller means it, with all attempts to have it taken.

    `marker` stands in the complaint's fault codes, so that it is recognised wherever it turns up. Operations
    of one `key` (or of one `origin_ref`) are the same complaint to the service: one of them is taken.
    """

    marker: str
    key: str | None
    origin_ref: str | None
    phone: str
    brand: str
    marked: bool
    sound: bool
    #: when it was received, where that is not when it is taken
    taken_at: str | None = None
    attempts: list[Attempt] = field(default_factory=list)

    @property
    def answer(self) -> Attempt | None:
        """The attempt that was told a case's number."""
        return next((a for a in self.attempts if a.outcome == "ok"), None)

    @property
    def refused(self) -> bool:
        return any(a.outcome == "fail" for a in self.attempts)


@dataclass
class Customer:
    """A customer file that a caller asked for; `id` is None while nobody has confirmed it."""

    phone: str
    key: str
    id: str | None = None


@dataclass
class History:
    """Everything the callers know."""

    operations: list[Operation] = field(default_factory=list)
    customers: list[Customer] = field(default_factory=list)

    @property
    def accepted(self) -> int:
        """Complaints that somebody was told a number of."""
        return len({o.answer.id for o in self.operations if o.answer is not None})

    def counts(self) -> dict[str, int]:
        """Attempts by outcome."""
        attempts = [a for o in self.operations for a in o.attempts]
        return {
            "complaints": len(self.operations),
            "attempts": len(attempts),
            **{outcome: sum(a.outcome == outcome for a in attempts) for outcome in ("ok", "fail", "unknown")},
        }

    def write(self, path: Path) -> None:
        """One line an operation."""
        lines: Iterable[object] = [*self.operations, *self.customers]
        path.write_text("".join(json.dumps(asdict(line), ensure_ascii=False) + "\n" for line in lines))  # type: ignore[call-overload]
