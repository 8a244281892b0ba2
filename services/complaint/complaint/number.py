"""The number a customer can read out: the civil date, a count, and a digit that catches a misheard one."""

from __future__ import annotations

import unicodedata
from datetime import datetime
from zoneinfo import ZoneInfo

CIVIL_ZONE = ZoneInfo("Asia/Shanghai")

# Damm, "Total anti-symmetrische Quasigruppen" (2004): catches every wrong digit and every swap of neighbours
_DAMM = tuple(
    {str(digit): int(following) for digit, following in enumerate(row)}
    for row in (
        "0317598642",
        "7092154863",
        "4206871359",
        "1750983426",
        "6123045978",
        "3674209581",
        "5869720134",
        "8945362017",
        "9438617205",
        "2581436790",
    )
)


def check_digit(digits: str) -> str:
    """The digit to append to `digits`, so that `is_number` holds."""
    row = 0
    for digit in digits:
        row = _DAMM[row][digit]
    return str(row)


def number_of(taken_at: datetime, count: int) -> str:
    """`20261124-0000042-7`: the civil day of the intake, the count, the check digit."""
    day = taken_at.astimezone(CIVIL_ZONE)
    digits = f"{day.year:04d}{day.month:02d}{day.day:02d}{count:07d}"
    return f"{digits[:8]}-{digits[8:]}-{check_digit(digits)}"


def is_number(text: str) -> bool:
    """Whether the text is a number that could have been given out."""
    digits = text.replace("-", "")
    return digits.isascii() and digits.isdigit() and len(digits) >= 16 and check_digit(digits[:-1]) == digits[-1]


def written(text: str) -> str | None:
    """A number as we write it, from any way of typing it; None when its check digit is wrong."""
    digits = "".join(c for c in unicodedata.normalize("NFKC", text) if c.isdigit() and c.isascii())
    if not is_number(digits):
        return None
    return f"{digits[:8]}-{digits[8:-1]}-{digits[-1]}"
