"""What breaches cost one person, in the order they were decided, and how a ledger that only grows is kept in step.

Nothing here reads a clock or a database: the same breaches always cost the same, whatever order they arrived in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from chassis.problems import Refused
from chassis.store import Store
from contracts.money import Money
from contracts.staff import BreachStanding
from policy.approvals import Holdable, action, fact
from policy.calendar import civil
from pydantic import BaseModel, ConfigDict

from staff.conduct import tables
from staff.conduct.policy import Bands, BreachKind, ConductPolicy, Sanction


def month_of(at: datetime | date) -> date:
    """The first day of the civil month of an instant or a day."""
    day = civil(at) if isinstance(at, datetime) else at
    return day.replace(day=1)


def following(month: date) -> date:
    """The first day of the month after."""
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


@dataclass(frozen=True)
class Cost:
    """What a breach costs: money in one currency, points, performance pay in percent, and what is pronounced."""

    fine: Decimal = Decimal(0)
    share: Decimal = Decimal(0)
    currency: str = "CNY"
    points: int = 0
    performance_pay: int = 0
    sanction: Sanction | None = None
    company_notice: bool = False

    @property
    def nothing(self) -> bool:
        return self == NOTHING

    def __neg__(self) -> Cost:
        """What takes it back."""
        return replace(
            self, fine=-self.fine, share=-self.share, points=-self.points, performance_pay=-self.performance_pay
        )

    @classmethod
    def of(cls, fine: Money | None, share: Money | None, **more: Any) -> Cost:
        """The same cost, whatever currency nothing is in."""
        paid = next((one for one in (share, fine) if one is not None and one.amount), None)
        return cls(
            fine=Decimal(0) if fine is None else fine.amount,
            share=Decimal(0) if share is None else share.amount,
            currency="CNY" if paid is None else paid.currency,
            **more,
        )


NOTHING = Cost()


# -- what one breach costs by itself -------------------------------------------------------------


class Tariff(BaseModel):
    """What the policy of the day sets for one breach, all its items together; a breach keeps it.

    `not_set` names the value of the policy that is missing: then somebody must decide. `again` costs what the
    order it repeats costs.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    tier: int | None = None
    fine: Money | None = None
    share: Money | None = None
    points: int = 0
    performance_pay: int = 0
    sanction: Sanction | None = None
    company_notice: bool = False
    family: str | None = None
    doubled_from: int | None = None
    factor: int = 1
    pay_range: tuple[int, int] | None = None
    again: bool = False
    rules: tuple[str, ...] = ()
    not_set: str | None = None

    @property
    def cost(self) -> Cost:
        """What it costs by itself."""
        return Cost.of(
            self.fine,
            self.share,
            points=self.points,
            performance_pay=self.performance_pay,
            sanction=self.sanction,
            company_notice=self.company_notice,
        )


def bands_below(bands: Bands, measured: Decimal) -> int:
    """How many bands a rate lies below the standard: full ones, or begun ones where the policy says so (P07.7, A28)."""
    missing = bands.standard - measured
    if missing <= 0:
        return 0
    full, rest = divmod(missing, bands.width)
    return int(full) + (1 if bands.started and rest else 0)


def price(
    policy: ConductPolicy,
    kind: str,
    items: Sequence[tuple[str, int]] = (),
    *,
    base: Money | None = None,
    measured: Decimal | None = None,
    part: str | None = None,
) -> Tariff:
    """What a breach of this kind costs under a policy; items punished as one add up (A40)."""
    listed = list(items) or [(kind, 1)]
    unknown = next((name for name, _ in [(kind, 1), *listed] if name not in policy.kinds), None)
    if unknown is not None:
        return Tariff(not_set=f"conduct.kinds.{kind}" if unknown == kind else "conduct.kinds")
    main = policy.kinds[kind]
    rules = tuple(dict.fromkeys([main.rule, *(policy.kinds[name].rule for name, _ in listed)]))
    tariff = Tariff(
        tier=main.tier,
        sanction=main.sanction,
        company_notice=main.company_notice,
        performance_pay=main.performance_pay or 0,
        family=main.family,
        again=main.again,
        rules=rules,
    )
    if main.again:
        return tariff
    if main.share is not None:
        share, missing = _share(policy, main.share, base, part)
        return tariff.model_copy(update={"share": share, "not_set": missing})
    if main.bands is not None:
        if measured is None:
            return tariff.model_copy(update={"not_set": "measured"})
        points = bands_below(main.bands, measured) * main.bands.points
        return tariff.model_copy(update={"points": points})
    return _priced(tariff, policy, main, listed)


def _priced(tariff: Tariff, policy: ConductPolicy, main: BreachKind, listed: Sequence[tuple[str, int]]) -> Tariff:
    """The items' fines and points, and from which breach of the month on they are doubled."""
    fine, points = None, 0
    for name, count in listed:
        each = policy.kinds[name]
        if each.fine is None and each.points is None and not each.performance_pay:
            return tariff.model_copy(update={"not_set": f"conduct.kinds.{name}"})
        if each.fine is not None:
            amount = Money(amount=each.fine.amount * count, currency=each.fine.currency)
            fine = amount if fine is None else fine + amount
        points += (each.points or 0) * count
    found: dict[str, Any] = {"fine": fine, "points": points}
    doubling = None if main.family is None else policy.doubling.get(main.family)
    if doubling is not None:
        found |= {
            "doubled_from": doubling.from_nth,
            "factor": doubling.factor,
            "pay_range": doubling.performance_pay,
        }
    return tariff.model_copy(update=found)


def _share(policy: ConductPolicy, name: str, base: Money | None, part: str | None) -> tuple[Money | None, str | None]:
    """A part of the base by the policy's proportions, to the cent; or what is missing for that (P11.15)."""
    weights = policy.shares.get(name)
    if not weights or not any(weights.values()):
        return None, f"conduct.shares.{name}"
    if base is None:
        return None, "base"
    if part is None and len(weights) == 1:
        part = next(iter(weights))
    if part not in weights:
        return None, "part"
    shares = base.split(list(weights.values()))
    return shares[list(weights).index(part)], None


# -- breaches ------------------------------------------------------------------------------------


class BreachState(StrEnum):
    """Where a breach stands by itself; what it costs beside others is reckoned."""

    RECORDED = "recorded"
    UNDECIDED = "undecided"
    WITHDRAWN = "withdrawn"


class NothingToDecide(Refused):
    """What it costs is set, or was decided before."""

    title = "There is nothing to decide"


class Withdrawn(Refused):
    """The breach was withdrawn: it costs nothing, and stays so."""

    title = "The breach was withdrawn"


@dataclass
class Account:
    """The ledger of one person."""

    id: UUID
    person: str
    version: int = 1
    sequence: int = 0


def account_id_of(person: str) -> UUID:
    """The account of a person."""
    return uuid5(NAMESPACE_URL, f"conduct:{person}")


@dataclass
class Breach(Holdable):
    """One approved breach of one person. `ruling` holds amounts that were decided in place of the tariff's."""

    id: UUID
    account_id: UUID
    person: str
    branch: str
    department: str | None
    kind: str
    items: list[list[Any]]
    rule: str
    subject: str
    occurred_on: date
    decided_at: datetime
    measured: Decimal | None
    base: dict[str, Any] | None
    part: str | None
    repeats: UUID | None
    tariff: dict[str, Any]
    state: BreachState
    booked_at: datetime
    ruling: dict[str, Any] | None = None
    pay_cut: dict[str, Any] | None = None
    held: dict[str, Any] = field(default_factory=dict)
    subject_id: UUID | None = None
    sealed: bytes | None = None
    version: int = 1
    sequence: int = 0

    @property
    def month(self) -> date:
        """The civil month in which it was decided: the one it is counted in."""
        return month_of(self.decided_at)

    @property
    def terms(self) -> Tariff:
        """What the policy of its day set."""
        return Tariff.model_validate(self.tariff)

    @property
    def again(self) -> bool:
        """Whether it is an order to correct that was not followed (P13.9)."""
        return self.repeats is not None or self.terms.again

    @property
    def path(self) -> str:
        return f"/v1/conduct/breaches/{self.id}"

    @action("decide")
    def decide(self, ruling: dict[str, Any]) -> None:
        """What no policy sets was decided (P04.12)."""
        if self.state is not BreachState.UNDECIDED:
            raise NothingToDecide("What it costs is set or decided. Have it corrected instead.", rules=("P04.12",))
        self.state, self.ruling = BreachState.RECORDED, ruling

    @action("correct")
    def correct(self, ruling: dict[str, Any]) -> None:
        """It costs something else than was booked."""
        self.refuse_withdrawn()
        self.state, self.ruling = BreachState.RECORDED, ruling

    @action("cut_pay")
    def cut_pay(self, percent: int, by: str, at: datetime) -> None:
        """Performance pay goes besides its doubled fine (P13.8)."""
        self.refuse_withdrawn()
        self.pay_cut = {"percent": percent, "by": by, "at": at.isoformat()}

    @action("withdraw")
    def withdraw(self) -> None:
        """It did not happen, or not so that it counts."""
        self.refuse_withdrawn()
        self.state = BreachState.WITHDRAWN

    @fact
    def written(self, subject_id: UUID, sealed: bytes) -> None:
        """Keep what a decider wrote."""
        self.subject_id, self.sealed = subject_id, sealed

    def refuse_withdrawn(self) -> None:
        """`Withdrawn` when it was."""
        if self.state is BreachState.WITHDRAWN:
            raise Withdrawn("It costs nothing any more. A new breach is sent by the service that saw it.")


ACCOUNTS = Store(tables.conduct_accounts, Account)
BREACHES = Store(tables.breaches, Breach)


# -- what breaches cost beside each other --------------------------------------------------------


@dataclass(frozen=True)
class Consequence:
    """What a breach costs now, and why.

    `nth` of its family in the month, doubled or not. `because_of` is the graver breach that covers it, or the order
    that it repeats.
    """

    standing: BreachStanding
    cost: Cost = NOTHING
    nth: int | None = None
    doubled: bool = False
    because_of: UUID | None = None
    rules: tuple[str, ...] = ()


def derive(breaches: Iterable[Breach]) -> dict[UUID, Consequence]:
    """What each breach of one person costs, given all of them (P04.11, P13.8, P13.9).

    Counted in the order of decision (then id) within the civil month and family; undecided and withdrawn ones do not
    count. A repeat counts, and costs what the order it repeats costs. Of one case only the highest tier counts (A19).
    """
    ordered = sorted(breaches, key=lambda one: (one.decided_at, one.id))
    found: dict[UUID, Consequence] = {}
    counts: dict[tuple[str, date], int] = {}
    repeats = [(one, first_order(one, ordered)) for one in ordered if one.again]
    firsts = {one.id: first for one, first in repeats}
    for one in ordered:
        first = firsts.get(one.id)
        family = one.terms.family or (first.terms.family if first else None)
        fallen = first is not None and first.state is not BreachState.RECORDED
        found[one.id] = _alone(one)
        if family is None or fallen or one.state is not BreachState.RECORDED:
            continue
        nth = counts[family, one.month] = counts.get((family, one.month), 0) + 1
        found[one.id] = _counted(one, found[one.id], nth)
    for one, first in repeats:
        if one.state is BreachState.RECORDED and one.ruling is None:
            found[one.id] = _repeated(found[one.id], first, found)
    return found | _covered(ordered, found)


def first_order(one: Breach, ordered: Sequence[Breach]) -> Breach | None:
    """The breach that an uncorrected one repeats: as it was named, else the first of the person in the same file."""
    by_id = {other.id: other for other in ordered}
    seen, named = {one.id}, one.repeats
    while named is not None and named in by_id and named not in seen:
        first = by_id[named]
        if not first.again:
            return first
        seen.add(named)
        named = first.repeats
    return next((o for o in ordered if o.subject == one.subject and not o.again and o.terms.family), None)


def _alone(one: Breach) -> Consequence:
    """What it costs by itself: as decided where it was, else by its tariff."""
    rules = one.terms.rules
    if one.state is BreachState.WITHDRAWN:
        return Consequence(BreachStanding.WITHDRAWN, rules=rules)
    if one.state is BreachState.UNDECIDED:
        return Consequence(BreachStanding.UNDECIDED, rules=rules)
    if one.ruling is not None:
        return Consequence(BreachStanding.BOOKED, cost_of(one.ruling), rules=_and(rules, "P04.12"))
    return Consequence(BreachStanding.BOOKED, one.terms.cost, rules=rules)


def cost_of(ruling: Mapping[str, Any]) -> Cost:
    """What somebody decided, as it is kept."""
    return Cost.of(
        Money.model_validate(ruling["fine"]),
        Money.model_validate(ruling["share"]),
        points=ruling["points"],
        performance_pay=ruling["performance_pay"],
        sanction=None if ruling["sanction"] is None else Sanction(ruling["sanction"]),
        company_notice=ruling["company_notice"],
    )


def _counted(one: Breach, alone: Consequence, nth: int) -> Consequence:
    """The nth of its family: doubled from there on, unless it repeats another or its amount was decided."""
    terms = one.terms
    if terms.doubled_from is None or nth < terms.doubled_from or one.again or one.ruling is not None:
        return replace(alone, nth=nth)
    cut = one.pay_cut["percent"] if one.pay_cut is not None else 0
    cost = replace(alone.cost, fine=alone.cost.fine * terms.factor, performance_pay=alone.cost.performance_pay + cut)
    return replace(alone, nth=nth, doubled=True, cost=cost, rules=_and(alone.rules, "P13.8"))


def _repeated(alone: Consequence, first: Breach | None, found: Mapping[UUID, Consequence]) -> Consequence:
    """The amount of the order it repeats (P13.9); what became of the order where it fell, else to be decided."""
    rules = _and(alone.rules, "P13.9")
    if first is None:
        if alone.cost.nothing:
            return Consequence(BreachStanding.UNDECIDED, rules=rules)
        return replace(alone, rules=rules)
    order = found[first.id]
    if order.standing is not BreachStanding.BOOKED:
        return Consequence(order.standing, because_of=first.id, rules=rules)
    cost = Cost(fine=order.cost.fine, currency=order.cost.currency)
    return replace(alone, cost=cost, because_of=first.id, rules=rules)


def _covered(ordered: Sequence[Breach], found: Mapping[UUID, Consequence]) -> dict[UUID, Consequence]:
    """Of the tiers of one case only the highest whose cost is known; among equals the first decided (A19)."""
    gravest: dict[str, tuple[int, Breach]] = {}
    tiered = [
        (one.terms.tier, one)
        for one in ordered
        if one.terms.tier is not None and found[one.id].standing is BreachStanding.BOOKED
    ]
    for tier, one in tiered:
        if one.subject not in gravest or tier > gravest[one.subject][0]:
            gravest[one.subject] = (tier, one)
    return {
        one.id: Consequence(BreachStanding.COVERED, because_of=gravest[one.subject][1].id, rules=found[one.id].rules)
        for _, one in tiered
        if gravest[one.subject][1] is not one
    }


def _and(rules: tuple[str, ...], *more: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*rules, *more)))


# -- the ledger ----------------------------------------------------------------------------------


class Because(StrEnum):
    """Why an entry was made."""

    BOOKED = "booked"
    DECIDED = "decided"
    CORRECTED = "corrected"
    WITHDRAWN = "withdrawn"
    PAY_CUT = "pay_cut"
    #: another breach of the person arrived, fell or changed
    RECOUNTED = "recounted"


@dataclass(frozen=True)
class Entry:
    """A line of the ledger, or the counter-entry that takes one back."""

    id: UUID
    breach_id: UUID
    counters: UUID | None
    cost: Cost
    nth: int | None
    doubled: bool
    because: Because
    rules: tuple[str, ...]


def settle(
    breach: UUID, standing: Entry | None, wanted: Consequence, because: Because, new_id: Callable[[], UUID]
) -> list[Entry]:
    """What must be added so that the ledger says what the breach costs now; nothing where it says so already.

    `standing` is the entry of the breach that has not been taken back. What is there is never changed.
    """
    cost = NOTHING if standing is None else standing.cost
    if cost == wanted.cost:
        return []
    added: list[Entry] = []
    if standing is not None:
        counter = replace(standing, id=new_id(), counters=standing.id, cost=-standing.cost, because=because)
        added.append(counter)
    if not wanted.cost.nothing:
        shown = (wanted.nth, wanted.doubled, because, wanted.rules)
        added.append(Entry(new_id(), breach, None, wanted.cost, *shown))
    return added


def standing_of(entries: Iterable[Entry]) -> dict[UUID, Entry]:
    """By breach the entry that no other takes back."""
    listed = list(entries)
    taken_back = {one.counters for one in listed if one.counters is not None}
    return {one.breach_id: one for one in listed if one.counters is None and one.id not in taken_back}


@dataclass
class Month:
    """A month of a branch's ledger."""

    id: UUID
    branch: str
    month: date
    closed_at: datetime | None = None
    closed_by: str | None = None
    version: int = 1
    sequence: int = 0

    def close(self, by: str, at: datetime) -> None:
        """Nothing more is booked into it."""
        self.closed_by, self.closed_at = by, at


def month_id_of(branch: str, month: date) -> UUID:
    """The id of a branch's month."""
    return uuid5(NAMESPACE_URL, f"conduct:{branch}:{month}")


MONTHS = Store(tables.conduct_months, Month)
