"""What the clients did and were told, as it happened: the one thing the checker believes beside what it reads."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

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


#: what is asked of credit: a document of its own name, a request for goods, a step of a shipment, a step of a loss
Doing = Literal["payment", "invoice", "credit_note", "reverse", "request", "release", "bill", "issue", "cancel",
                "return", "ask_signature", "change", "split", "declare", "ask_shares"]  # fmt: skip


@dataclass
class Deed:
    """One thing that a trader wants of an account, with all attempts to have it done.

    `mark` is its own, and on the goods of a request it stands as their batch; deeds of one `ref` (or of one `key`) are
    the same to the service. `about` is the document, shipment or loss that it is done to. `listed`: it is a row of a
    file, and each of its attempts is one row, answered as a request would be.
    """

    what: Doing
    account: str
    mark: str
    key: str | None
    ref: str | None
    amount: Decimal
    path: str
    body: dict[str, Any]
    about: str | None = None
    attempts: list[Attempt] = field(default_factory=list)
    listed: bool = False

    @property
    def told(self) -> set[str]:
        """The ids that it was answered."""
        return {a.id for a in self.attempts if a.outcome == "ok" and a.id is not None}

    @property
    def done(self) -> bool:
        return any(a.outcome == "ok" for a in self.attempts)

    @property
    def refused(self) -> bool:
        """Every answer says no; one that never came may be of an attempt that is done after the refusal."""
        return bool(self.attempts) and all(a.outcome == "fail" for a in self.attempts)


@dataclass
class History:
    """Everything the clients know."""

    operations: list[Operation] = field(default_factory=list)
    customers: list[Customer] = field(default_factory=list)
    deeds: list[Deed] = field(default_factory=list)

    @property
    def accepted(self) -> int:
        """Complaints that somebody was told a number of."""
        return len({o.answer.id for o in self.operations if o.answer is not None})

    def counts(self) -> dict[str, int]:
        """Attempts by outcome."""
        attempts = [a for o in self.operations for a in o.attempts] + [a for d in self.deeds for a in d.attempts]
        return {
            "complaints": len(self.operations),
            "deeds": len(self.deeds),
            "attempts": len(attempts),
            **{outcome: sum(a.outcome == outcome for a in attempts) for outcome in ("ok", "fail", "unknown")},
        }

    def write(self, path: Path) -> None:
        """One line an operation."""
        lines: Iterable[object] = [*self.operations, *self.customers, *self.deeds]
        path.write_text("".join(json.dumps(asdict(line), ensure_ascii=False, default=str) + "\n" for line in lines))  # type: ignore[call-overload]
