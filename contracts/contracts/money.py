"""Amounts of money: exact to the cent, one currency at a time, shared out without losing a cent."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from functools import total_ordering
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

CENT = Decimal("0.01")


class MixedCurrencies(ValueError):
    """Amounts of different currencies neither add up nor compare."""


def _exact(value: Any) -> Any:
    if isinstance(value, float):
        raise ValueError("an amount is a text, a whole number or a Decimal, never a float")
    return value


def _with_cents(value: Decimal) -> Decimal:
    return value.quantize(CENT) + 0  # never -0.00


Amount = Annotated[
    Decimal,
    BeforeValidator(_exact),
    Field(max_digits=18, decimal_places=2),
    AfterValidator(_with_cents),
    WithJsonSchema({"type": "string", "format": "decimal"}),
]


@total_ordering
class Money(BaseModel):
    """An amount of one currency, as `numeric(18,2)` holds it; on the wire a text such as `"1250.00"`.

    ValueError for floats, for fractions of a cent and for more than 16 digits before the point: nothing is
    ever rounded. Amounts of different currencies are unequal; to add or order them is `MixedCurrencies`.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    amount: Amount
    currency: str = "CNY"

    def __add__(self, other: Money) -> Money:
        return self._of(self.amount + self._same(other))

    def __sub__(self, other: Money) -> Money:
        return self._of(self.amount - self._same(other))

    def __neg__(self) -> Money:
        return self._of(-self.amount)

    def __lt__(self, other: Money) -> bool:
        return self.amount < self._same(other)

    def split(self, weights: Sequence[int | Decimal]) -> list[Money]:
        """Shares in proportion to `weights`, in their order, that add up to the amount to the cent.

        Largest remainder: each share is cut to the cent, and the cents left over go to those who lost most by
        that, the earlier first. ValueError for floats, negative weights, or when no weight is above zero.
        """
        parts = [Fraction(_exact(weight)) for weight in weights]
        whole = sum(parts)
        if whole <= 0 or min(parts) < 0:
            raise ValueError("weights are zero or more, and at least one is above zero")
        cents = abs(int(self.amount.scaleb(2)))
        exact = [cents * part / whole for part in parts]
        shares = [int(share) for share in exact]
        lost_most = sorted(range(len(parts)), key=lambda i: shares[i] - exact[i])
        for i in lost_most[: cents - sum(shares)]:
            shares[i] += 1
        return [self._of(CENT * (share if self.amount >= 0 else -share)) for share in shares]

    def _of(self, amount: Decimal) -> Money:
        return Money(amount=amount, currency=self.currency)

    def _same(self, other: Money) -> Decimal:
        if other.currency != self.currency:
            raise MixedCurrencies(f"{self.currency} and {other.currency}")
        return other.amount
