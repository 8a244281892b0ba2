"""Types of form fields that every service takes the same way: text that can be kept, and what tokens are made of."""

from __future__ import annotations

from typing import Annotated

from contracts.customer import TokenKind
from pydantic import AfterValidator, StringConstraints

from chassis.tokens import NotCanonical, canonical
from chassis.wrong import Wrong


def no_nul(value: str) -> str:
    """Text that PostgreSQL can keep: U+0000 passes JSON and is refused there."""
    if "\x00" in value:
        raise Wrong.NUL.error()
    return value


def written_as(kind: TokenKind, otherwise: Wrong) -> AfterValidator:
    """Takes any way of writing a value of the kind, unchanged; `otherwise` says how it is written, never the value."""

    def check(value: str) -> str:
        try:
            canonical(kind, value)
        except NotCanonical:
            raise otherwise.error() from None
        return no_nul(value)

    return AfterValidator(check)


Text = Annotated[str, AfterValidator(no_nul)]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,49}$")]
#: like a slug, with underscores: as departments and kinds are called
Word = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,49}$")]

Phone = Annotated[str, StringConstraints(max_length=40), written_as(TokenKind.PHONE, Wrong.PHONE)]
Plate = Annotated[str, StringConstraints(max_length=20), written_as(TokenKind.PLATE, Wrong.PLATE)]
Vin = Annotated[str, StringConstraints(max_length=25), written_as(TokenKind.VIN, Wrong.VIN)]
IdNumber = Annotated[str, StringConstraints(max_length=25), written_as(TokenKind.ID_NUMBER, Wrong.ID_NUMBER)]
Mail = Annotated[str, StringConstraints(max_length=200), written_as(TokenKind.MAIL, Wrong.MAIL)]
