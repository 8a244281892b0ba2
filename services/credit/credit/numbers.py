"""The number by which people name an account or a shipment: how its id begins."""

from __future__ import annotations

import re
from typing import Annotated, Any
from uuid import UUID

import sqlalchemy as sa
from fastapi import Query

#: eight digits and more, so that a number names few of them; hyphens and capitals do not matter
PATTERN = r"^[0-9A-Fa-f]{8}(-?[0-9A-Fa-f]){0,24}$"
Number = Annotated[
    str | None,
    Query(pattern=PATTERN, description="how its id begins, eight digits or more", examples=["0197F3A2-0000"]),
]


def number_of(identifier: UUID) -> str:
    """As pages, files and notices show it: the milliseconds and the counter within them, which tell apart what one
    table brings at once."""
    return str(identifier)[:18]


def begins_with(number: str) -> tuple[UUID, UUID] | None:
    """The first and the last id that begins with the number; None where it cannot be the beginning of one."""
    if re.fullmatch(PATTERN, number) is None:
        return None
    digits = number.replace("-", "")
    return UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))


def numbered(identifier: sa.Column[Any], number: str) -> sa.ColumnElement[bool]:
    """Whether an id begins with the number: a range of the primary key."""
    between = begins_with(number)
    return sa.false() if between is None else identifier.between(*between)
