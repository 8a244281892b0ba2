"""Decides whether goods may go: one pure function for release, invoice, goods issue and what-if (P11.4–P11.9).

It says the way and the rule by which they go, or every reason why not, each with its amount, and every way out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from contracts.credit import ReleaseWay

from credit.account import Overrun
from credit.accounts.eligibility import Facts, Lack, eligible
from credit.limit.rolling import DaySums, limits_after
from credit.policy import CreditPolicy

RULES = ("P11.4", "P11.5", "P11.6", "P11.7", "P11.8", "P11.9")

ZERO = Decimal("0.00")
CENT = Decimal("0.01")

_RULE = {
    ReleaseWay.WITHIN_LIMIT: ("P11.6",),
    ReleaseWay.TERMS: ("P11.5",),
    ReleaseWay.CASH: ("P11.4",),
    ReleaseWay.PREPAID: ("P11.9",),
    ReleaseWay.FIRST_OVERRUN: ("P11.7",),
    ReleaseWay.LAST_OVERRUN: ("P11.8",),
}


@dataclass(frozen=True)
class Signature:
    """A shipment over the limit was signed: as which of the two, for which amount, until the end of which day."""

    kind: Overrun
    amount: Decimal
    until: date
    signer: str


@dataclass(frozen=True)
class Figures:
    """Where an account stands, without the goods that are decided about."""

    on: date
    exposure: Decimal
    limit: Decimal
    rules: CreditPolicy
    sums: DaySums = field(default_factory=dict)
    opened_on: date = date.min
    lacking: tuple[Lack, ...] = ()
    #: on what eligibility rests, for the days to come
    facts: Facts | None = None
    #: the contract's term is longer than the ordinary one
    long_term: bool = False
    #: how much sales has approved at that term
    terms: Decimal | None = None
    #: which of the two shipments over the limit others have had in this episode
    used: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Batch:
    """The goods that are decided about, what is paid for them already, and what was signed."""

    amount: Decimal
    prepaid: Decimal = ZERO
    signature: Signature | None = None
    #: as which of the two over the limit they are counted already
    counted: Overrun | None = None

    @property
    def uncovered(self) -> Decimal:
        return self.amount - min(self.prepaid, self.amount)


@dataclass(frozen=True)
class Reason:
    """Why not: a code, its rules, the amount that is too much."""

    code: str
    rules: tuple[str, ...]
    amount: Decimal | None = None
    lack: Lack | None = None


@dataclass(frozen=True)
class WayOut:
    """What would free the goods: pay, sign, bring a paper, take less, or wait until a day."""

    code: str
    rules: tuple[str, ...]
    amount: Decimal | None = None
    role: str | None = None
    day: date | None = None


@dataclass(frozen=True)
class Decision:
    """Released by a way, or held; and what it rests on."""

    way: ReleaseWay | None
    reasons: tuple[Reason, ...]
    ways_out: tuple[WayOut, ...]
    on: date
    amount: Decimal
    prepaid: Decimal
    exposure: Decimal
    after: Decimal
    limit: Decimal
    plan_wanted: bool = False

    @property
    def released(self) -> bool:
        return self.way is not None

    @property
    def rules(self) -> list[str]:
        """The rules it rests on."""
        if self.way is not None:
            return list(_RULE[self.way])
        return sorted({rule for reason in self.reasons for rule in reason.rules})

    def kept(self) -> dict[str, Any]:
        """As it is stored and shown."""
        return {
            "outcome": "released" if self.released else "held",
            "way": self.way,
            "rules": self.rules,
            "reasons": [_reason(reason) for reason in self.reasons],
            "ways_out": [_plain(vars(way)) for way in self.ways_out],
            **_plain({k: getattr(self, k) for k in ("on", "amount", "prepaid", "exposure", "after", "limit")}),
            "plan_wanted": self.plan_wanted,
        }


def _reason(reason: Reason) -> dict[str, Any]:
    lack = reason.lack or Lack(reason.code)
    about = {"customer_id": lack.customer_id, "as_of": lack.as_of}
    return _plain({"code": reason.code, "rules": reason.rules, "amount": reason.amount, **about})


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v if v is None or isinstance(v, list) else list(v) if isinstance(v, tuple) else str(v) for k, v in
            values.items()}  # fmt: skip


def decide(figures: Figures, batch: Batch) -> Decision:
    """May these goods go now? The same question gets the same answer at every step and in every way in."""
    rules = figures.rules
    credit = not figures.lacking and (not figures.long_term or figures.terms is not None)
    limit = (figures.terms or ZERO) if figures.long_term else figures.limit
    usable = limit if credit else ZERO
    owed = figures.exposure + batch.uncovered
    after = owed if "batch" in rules.exposure else figures.exposure
    paid = batch.uncovered == ZERO or owed <= ZERO
    over = after > usable
    kind = _turn(figures, batch)
    way: ReleaseWay | None = None
    reasons: tuple[Reason, ...] = ()
    ways_out: tuple[WayOut, ...] = ()
    if usable > ZERO and not over:
        way = ReleaseWay.TERMS if figures.long_term else ReleaseWay.WITHIN_LIMIT
    elif paid:
        way = ReleaseWay.PREPAID if usable > ZERO else ReleaseWay.CASH
    elif _signed(figures, batch, usable, after, kind):
        way = ReleaseWay.FIRST_OVERRUN if kind == "first" else ReleaseWay.LAST_OVERRUN
    else:
        reasons = tuple(_reasons(figures, batch, usable, after, kind))
        ways_out = tuple(_ways_out(figures, batch, usable, after, kind))
    wanted = way in (ReleaseWay.CASH, ReleaseWay.PREPAID) and (rules.plan == "always" or figures.exposure > ZERO)
    return Decision(
        way=way,
        reasons=reasons,
        ways_out=ways_out,
        on=figures.on,
        amount=batch.amount,
        prepaid=batch.prepaid,
        exposure=figures.exposure,
        after=after,
        limit=usable,
        plan_wanted=wanted,
    )


def next_overrun(used: frozenset[str]) -> Overrun | None:
    """Which shipment over the limit the next one would be: the first, the last, or none any more (P11.7, P11.8)."""
    if "last" in used:
        return None
    return "last" if "first" in used else "first"


def _turn(figures: Figures, batch: Batch) -> Overrun | None:
    """Which of the two these goods would be: what they were signed and counted as stays theirs, whoever came after."""
    if batch.counted is not None and batch.counted not in figures.used and _covers(batch, batch.counted, figures.on):
        return batch.counted
    return next_overrun(figures.used)


def small_enough(batch: Batch, usable: Decimal, after: Decimal, rules: CreditPolicy) -> bool:
    """Under one third of the limit: exactly a third is too much (A1)."""
    measured = batch.amount if rules.overrun_measure == "batch" else after - usable
    return rules.overrun_part * measured < usable


def _signed(figures: Figures, batch: Batch, usable: Decimal, after: Decimal, kind: Overrun | None) -> bool:
    """Whether a signature covers this very amount today, as the shipment over the limit that it would be."""
    return _covers(batch, kind, figures.on) and small_enough(batch, usable, after, figures.rules)


def _covers(batch: Batch, kind: Overrun | None, on: date) -> bool:
    signature = batch.signature
    return (
        signature is not None and signature.kind == kind and signature.amount == batch.amount and on <= signature.until
    )


def _reasons(figures: Figures, batch: Batch, usable: Decimal, after: Decimal, kind: Overrun | None) -> Iterator[Reason]:
    for lack in figures.lacking:
        yield Reason(lack.code, ("P11.1",), lack=lack)
    if figures.long_term and figures.terms is None:
        yield Reason("terms_not_approved", ("P11.5",))
    if usable == ZERO:
        yield Reason("no_credit", ("P11.4",), batch.uncovered)
        return
    yield Reason("over_limit", ("P11.6",), after - usable)
    if kind is None:
        yield Reason("overruns_used", ("P11.7", "P11.8", "P11.9"))
    elif not small_enough(batch, usable, after, figures.rules):
        yield Reason("too_large_to_sign", ("P11.7",) if kind == "first" else ("P11.8",), batch.amount)
    signature = batch.signature
    if signature is not None and signature.amount != batch.amount:
        yield Reason("signed_for_another_amount", ("P11.7", "P11.8"), signature.amount)
    elif signature is not None and figures.on > signature.until:
        yield Reason("signature_ended", ("P11.7", "P11.8"))
    elif signature is not None and kind is not None and signature.kind != kind:
        yield Reason("signed_for_another_turn", ("P11.7", "P11.8"))


def _ways_out(
    figures: Figures, batch: Batch, usable: Decimal, after: Decimal, kind: Overrun | None
) -> Iterator[WayOut]:
    rules = figures.rules
    for code in sorted({lack.code for lack in figures.lacking}):
        yield WayOut(f"settle_{code}", ("P11.1",))
    if figures.long_term:
        role = rules.terms[0][0].role if rules.terms else None
        yield WayOut("approve_terms", ("P11.5",), max(after, CENT), role=role)
    if usable == ZERO:
        yield WayOut("pay_cash", ("P11.4",), batch.uncovered)
        yield from _waiting(figures, after)
        return
    yield WayOut("remit_first", ("P11.9",), batch.uncovered)
    yield WayOut("pay_down", ("P11.6",), after - usable)
    chain = rules.first_overrun if kind == "first" else rules.last_overrun
    rule = ("P11.7",) if kind == "first" else ("P11.8",)
    if kind is not None and chain and small_enough(batch, usable, after, rules):
        yield WayOut(f"{kind}_overrun", rule, batch.amount, role=chain[0][0].role)
    room = usable - figures.exposure + min(batch.prepaid, batch.amount)
    if "batch" in rules.exposure and room > ZERO:
        yield WayOut("take_less", ("P11.6",), room)
    elif kind is not None and rules.overrun_measure == "batch" and not small_enough(batch, usable, after, rules):
        most = (usable - CENT) // (CENT * rules.overrun_part) * CENT
        if most > ZERO:
            yield WayOut("take_less", rule, most)
    yield from _waiting(figures, after)


def _waiting(figures: Figures, after: Decimal) -> Iterator[WayOut]:
    if not figures.long_term and not figures.lacking and (day := _freed_on(figures, after)) is not None:
        yield WayOut("wait", ("P11.3",), day=day)


def _freed_on(figures: Figures, after: Decimal) -> date | None:
    """The first day on which the limit would be wide enough, from what is booked today; None in the whole window.

    None too where the account would not be eligible any more by then: a contract has ended, open items are last year's.
    """
    rules = figures.rules
    days = limits_after(figures.on, rules.window_days, figures.sums, rules, figures.opened_on)
    day = next((day for day, limit in days if limit >= after and limit > ZERO), None)
    return day if day is not None and eligible(figures.facts, day, rules) else None
