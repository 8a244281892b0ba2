"""What one breach costs by itself: the tariff that the policy of its day sets, items and bands added up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from contracts.money import Money
from pydantic import BaseModel, ConfigDict

from staff.conduct.policy import Bands, BreachKind, ConductPolicy, Sanction


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
    measured: Decimal | None = None,
    share: Money | None = None,
) -> Tariff:
    """What a breach of this kind costs under a policy; items punished as one add up (A40).

    What somebody bears of a loss was approved with the loss and is not reckoned here (P11.15).
    """
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
        return tariff.model_copy(update={"share": share, "not_set": "share" if share is None else None})
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
