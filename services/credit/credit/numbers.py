"""The number by which people name an account or a shipment: how its id begins."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import sqlalchemy as sa
from fastapi import Query

#: eight digits and more, so that a number names few of them; hyphens and capitals do not matter
Number = Annotated[
    str | None,
    Query(
        pattern=r"^[0-9A-Fa-f]{8}(-?[0-9A-Fa-f]){0,24}$",
        description="how its id begins, eight digits or more",
        examples=["0197F3A2-0000"],
    ),
]


def numbered(identifier: sa.Column[Any], number: str) -> sa.ColumnElement[bool]:
    """Whether an id begins with the number: a range of the primary key."""
    digits = number.replace("-", "").lower()
    return identifier.between(UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f")))
