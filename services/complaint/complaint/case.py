"""A complaint case: what was taken, whose it is, whether it is serious."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar
from uuid import UUID

from chassis.ids import made_at
from chassis.problems import Refused
from chassis.store import Store
from chassis.tx import Tx
from contracts.complaint import Match, SeriousKind
from policy.approvals import Holdable, action, fact
from policy.policies import Policy, policy_under

from complaint import tables

P = TypeVar("P", bound=Policy)


class NotNow(Refused):
    """The case is not in a state in which this can be done."""

    title = "The case is not there yet, or past it"


class CaseState(StrEnum):
    """Where a case stands."""

    TAKEN = "taken"
    JUDGED = "judged"


@dataclass
class Case(Holdable):
    """One complaint. `facts` are the vehicle's and the fault's, never a person's.

    `profile` is the one its branch ran under when it was opened, `respondent` the member of staff complained about.
    `judgement` says whether reason and demand hold, whether it is founded, by whom and when that was decided.
    """

    id: UUID
    number: str
    branch: str
    region: str | None
    channel: str
    state: CaseState
    taken_at: datetime
    brand: str
    facts: dict[str, Any]
    text: str
    match: Match
    customer_id: UUID | None
    matched_at: datetime | None
    directory_as_of: datetime | None
    serious_kinds: tuple[str, ...]
    serious_at: datetime | None
    repeat_of: UUID | None
    phone_token: bytes | None
    plate_token: bytes | None
    vin_token: bytes | None
    subject_id: UUID
    sealed: bytes
    origin: str | None
    origin_ref: str | None
    request_key: bytes | None
    request_digest: bytes | None
    version: int
    sequence: int
    serious_sequence: int
    profile: str
    judgement: dict[str, Any] | None
    respondent: str | None
    held: dict[str, Any]

    @property
    def serious(self) -> bool:
        return self.serious_at is not None

    def policy(self, tx: Tx, kind: type[P]) -> P:
        """What held for its branch when it was opened; a running case keeps its version."""
        return policy_under(tx, kind, self.profile, self.branch, made_at(self.id))

    def refuse_unless_judgeable(self) -> None:
        """`NotNow` when it has been judged; held when its judgement is being approved."""
        self.refuse_while_held("judge")
        if self.state is not CaseState.TAKEN:
            raise NotNow("It has been judged already. Read the case.", rules=("P04.3",), state=self.state.value)

    @action("judge")
    def judge(self, judgement: dict[str, Any]) -> None:
        """Whether reason and demand hold (P04.3)."""
        self.refuse_unless_judgeable()
        self.state, self.judgement = CaseState.JUDGED, judgement

    @fact
    def concern(self, respondent: str | None) -> None:
        """Who of staff is complained about: from now on no reader, handler or signer of this case (P12.2)."""
        self.respondent = respondent or self.respondent

    @fact
    def matched(self, customer_id: UUID, at: datetime) -> bool:
        """Say whose case it is; False when that is known already (P12.3)."""
        if self.customer_id is not None:
            return False
        self.customer_id = customer_id
        self.matched_at = at
        return True

    @fact
    def forget(self) -> int:
        """Nothing leads to the caller any more (P05.14): how many links and tokens went."""
        links = (self.customer_id, self.phone_token, self.plate_token, self.vin_token)
        self.customer_id = self.phone_token = self.plate_token = self.vin_token = None
        self.text = ""
        return sum(link is not None for link in links)

    @fact
    def repeats(self, earlier: UUID) -> bool:
        """Say which earlier case it repeats; False when that is known already (P12.5)."""
        if self.repeat_of is not None:
            return False
        self.repeat_of = earlier
        return True

    @fact
    def mark_serious(self, kinds: Iterable[SeriousKind], at: datetime) -> tuple[SeriousKind, ...]:
        """Note in which ways the case is serious (P12.5); those that are new."""
        new = tuple(kind for kind in kinds if kind.value not in self.serious_kinds)
        if new:
            self.serious_kinds = (*self.serious_kinds, *(kind.value for kind in new))
            self.serious_at = self.serious_at or at
        return new

    @fact
    def overrule(self, kinds: Iterable[SeriousKind]) -> tuple[SeriousKind, ...]:
        """Somebody found that it is not serious in these ways (P12.5); those in which it was taken to be."""
        gone = tuple(kind for kind in kinds if kind.value in self.serious_kinds)
        self.serious_kinds = tuple(kind for kind in self.serious_kinds if kind not in {one.value for one in gone})
        if SeriousKind.REPEAT in gone:
            self.repeat_of = None
        if not self.serious_kinds:
            self.serious_at = None
        return gone

    @fact
    def complete(self, facts: dict[str, Any]) -> None:
        """What the vehicle and the fault are is known more exactly (P12.8)."""
        self.facts = {**self.facts, **facts}

    @fact
    def identify(self, *, plate: bytes | None, vin: bytes | None) -> None:
        """By which tokens the vehicle is found; what is not given stays."""
        self.plate_token, self.vin_token = plate or self.plate_token, vin or self.vin_token


CASES = Store(tables.cases, Case)
