"""A complaint number can be read out and heard wrongly: the check digit notices."""

from __future__ import annotations

from datetime import UTC, datetime

from complaint.number import is_number, number_of, written
from hypothesis import given
from hypothesis import strategies as st

counts = st.integers(1, 10**7 - 1)
DAY = datetime(2026, 11, 23, 18, 30, tzinfo=UTC)


def test_the_day_is_the_civil_day_in_shanghai() -> None:
    assert number_of(DAY, 42).startswith("20261124-0000042-")


@given(counts, st.integers(0, 15), st.integers(1, 9))
def test_one_wrong_digit_is_noticed(count: int, place: int, other: int) -> None:
    digits = number_of(DAY, count).replace("-", "")
    wrong = digits[:place] + str((int(digits[place]) + other) % 10) + digits[place + 1 :]
    assert is_number(digits)
    assert not is_number(wrong)


@given(counts, st.integers(0, 14))
def test_two_swapped_neighbours_are_noticed(count: int, place: int) -> None:
    digits = number_of(DAY, count).replace("-", "")
    swapped = digits[:place] + digits[place + 1] + digits[place] + digits[place + 2 :]
    assert swapped == digits or not is_number(swapped)


def test_a_number_is_found_however_it_is_typed() -> None:
    number = number_of(DAY, 42)
    assert written(f" No. {number.replace('-', ' ')} ") == number
    assert written(number.translate(str.maketrans("0123456789-", "０１２３４５６７８９－"))) == number
    assert written("20261124") is None


@given(st.integers(10**7, 10**9))
def test_a_count_beyond_seven_digits_still_makes_a_number(count: int) -> None:
    assert written(number_of(DAY, count)) == number_of(DAY, count)
