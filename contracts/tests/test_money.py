"""Money is exact, of one currency, and shared out without losing a cent."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from contracts.money import MixedCurrencies, Money
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

amounts = st.decimals(-(10**12), 10**12, places=2).map(lambda amount: Money(amount=amount))
weights = st.lists(st.integers(0, 1000) | st.decimals(0, 1000, places=4), min_size=1, max_size=12).filter(any)


def yuan(amount: str) -> Money:
    return Money(amount=Decimal(amount))


@given(amounts, weights)
def test_shares_add_up_and_none_is_a_cent_from_its_part(money: Money, weights: list[int | Decimal]) -> None:
    shares = money.split(weights)

    assert sum(shares, start=yuan("0")) == money
    for share, weight in zip(shares, weights, strict=True):
        part = Fraction(money.amount) * Fraction(weight) / sum(map(Fraction, weights))
        assert abs(Fraction(share.amount) - part) < Fraction(1, 100)


@pytest.mark.parametrize(
    ("amount", "weights", "shares"),
    [
        ("100", [1, 1, 1], ["33.34", "33.33", "33.33"]),
        ("-100", [1, 1, 1], ["-33.34", "-33.33", "-33.33"]),
        ("0.02", [1, 1, 1], ["0.01", "0.01", "0.00"]),
        ("10", [1, 0, 2], ["3.33", "0.00", "6.67"]),
        ("1000", [Decimal("0.6"), Decimal("0.3"), Decimal("0.1")], ["600.00", "300.00", "100.00"]),
        ("0", [1, 2], ["0.00", "0.00"]),
    ],
)
def test_the_cents_left_over_go_to_the_largest_remainder_and_among_equals_to_the_earlier(
    amount: str, weights: list[int | Decimal], shares: list[str]
) -> None:
    assert yuan(amount).split(weights) == [yuan(share) for share in shares]


@pytest.mark.parametrize("weights", [[], [0, 0], [1, -1], [2, -1], [0.5, 0.5]])
def test_weights_that_share_nothing_out_are_refused(weights: list[int | Decimal]) -> None:
    with pytest.raises(ValueError, match=r"weights|never a float"):
        yuan("1").split(weights)


@given(amounts, amounts)
def test_sums_and_differences_are_exact_and_amounts_are_ordered(one: Money, other: Money) -> None:
    assert (one + other).amount == one.amount + other.amount
    assert one - other == -(other - one)
    assert (one < other, one <= other, one > other, one >= other) == (
        one.amount < other.amount,
        one.amount <= other.amount,
        one.amount > other.amount,
        one.amount >= other.amount,
    )


def test_currencies_do_not_mix() -> None:
    euro = Money(amount=Decimal(1), currency="EUR")

    with pytest.raises(MixedCurrencies):
        yuan("1") + euro
    with pytest.raises(MixedCurrencies):
        yuan("1") - euro
    with pytest.raises(MixedCurrencies):
        sorted([yuan("1"), euro])
    assert yuan("1") != euro


@pytest.mark.parametrize(
    "amount", [0.1, 1.0, True, None, "", "1,5", "0.001", "NaN", "Infinity", "1e20", "99999999999999999.00"]
)
def test_what_is_not_an_amount_to_the_cent_is_refused(amount: object) -> None:
    with pytest.raises(ValidationError):
        Money.model_validate({"amount": amount})


def test_an_amount_is_written_with_two_places_whatever_it_was_read_from() -> None:
    for amount in ("1250", 1250, Decimal("1250.0"), "1250.00", "1.25e3"):
        assert Money.model_validate({"amount": amount}).model_dump_json() == '{"amount":"1250.00","currency":"CNY"}'
    assert Money.model_validate({"amount": "-0"}).model_dump_json() == '{"amount":"0.00","currency":"CNY"}'


def test_a_sum_too_large_to_be_kept_is_refused() -> None:
    with pytest.raises(ValidationError):
        yuan("9999999999999999.99") + yuan("0.01")
