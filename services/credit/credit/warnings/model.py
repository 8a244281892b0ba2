"""A fund-risk warning: raised once a rule and episode, acted on, ended by the figures or closed by a person (P02.4)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from chassis.problems import Refused
from chassis.store import Store
from contracts.credit import RiskKind

from credit import tables


class WarningState(StrEnum):
    """Open: nobody has done anything yet; acted: somebody has; ended: by the figures; closed: by a person."""

    OPEN = "open"
    ACTED = "acted"
    ENDED = "ended"
    CLOSED = "closed"


RUNNING = (WarningState.OPEN, WarningState.ACTED)


class WarningOver(Refused):
    """It has ended: there is nothing left to act on."""

    title = "The warning has ended"
    zh = "此预警已结束，无须再处理。"


@dataclass
class RiskWarning:
    """One rule's warning about one account. Its episode lasts until the figures say it no more (`over_on`).

    One that a person closed is not raised again before that.
    """

    id: UUID
    account_id: UUID
    branch: str
    kind: RiskKind
    amount: Decimal
    raised_on: date
    raised_at: datetime
    evidence: dict[str, Any]
    latest: dict[str, Any]
    seen_on: date
    state: WarningState = WarningState.OPEN
    acted_at: datetime | None = None
    ended_at: datetime | None = None
    over_on: date | None = None
    version: int = 1
    sequence: int = 0

    @property
    def running(self) -> bool:
        return self.state in RUNNING

    def seen(self, on: date, amount: Decimal, evidence: dict[str, Any]) -> None:
        """The figures still say so: what they say now."""
        self.seen_on, self.amount, self.latest = on, amount, {**evidence}

    def over(self, on: date, at: datetime) -> bool:
        """The figures say it no more; whether that ends it, or it was closed before."""
        self.over_on = on
        if not self.running:
            return False
        self.state, self.ended_at = WarningState.ENDED, at
        return True

    def act(self, at: datetime) -> None:
        """Somebody has done something about it. `WarningOver`."""
        self._refuse_over()
        self.state, self.acted_at = WarningState.ACTED, self.acted_at or at

    def close(self, at: datetime) -> None:
        """A person says that it is none, or none any more. `WarningOver`."""
        self._refuse_over()
        self.state, self.ended_at = WarningState.CLOSED, at

    def _refuse_over(self) -> None:
        if not self.running:
            raise WarningOver(f"It is {self.state.value}. Look at the account's newer warnings.", rules=("P02.4",))


WARNINGS = Store(tables.risk_warnings, RiskWarning)
