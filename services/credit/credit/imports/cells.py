"""How people write amounts, quantities and days in the files of bank, ERP and warehouse; nothing is guessed or rounded.

An amount is `1,234.50`, `1234.5`, `¥1,234.50` or `1234元`, in half or full width; commas part thousands and nothing
else. A day is `2026-03-02`, `2026/3/2`, `2026.3.2`, `2026年3月2日` or `20260302`, also with a time, which is left out.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from decimal import Decimal
from typing import Annotated

from chassis.fields import Slug, Text
from chassis.wrong import Wrong
from contracts.money import Amount
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from credit.numbers import begins_with
from credit.shipments.form import Quantity

_NUMBER = re.compile(r"(\d{1,3}(?:,\d{3})+|\d{1,18})(\.\d{1,15})?")
_DAY = re.compile(r"(\d{4})([-/.年]?)(\d{1,2})([-/.月]?)(\d{1,2})日?(?:[ T]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?")


def written_number(cell: object) -> object:
    """The digits of an amount or a quantity; ValueError for a sign, a comma out of place, an exponent."""
    if isinstance(cell, Decimal):
        return cell
    said = unicodedata.normalize("NFKC", str(cell)).strip().removeprefix("CNY").removeprefix("¥").removesuffix("元")
    found = _NUMBER.fullmatch(said.strip())
    if found is None:
        raise Wrong.LIKE.error(
            "write it like 1,234.50: digits, commas between thousands, a point, no sign", limit="1,234.50"
        )
    return Decimal(found[1].replace(",", "") + (found[2] or "").rstrip("0").rstrip("."))


def written_day(cell: object) -> object:
    """The civil day; ValueError where it is none."""
    if isinstance(cell, date):
        return cell
    found = _DAY.fullmatch(unicodedata.normalize("NFKC", str(cell)).strip())
    # without separators month and day have two digits each, else 2026112 could be read in two ways
    if found is None or (not found[2] and (found[4] or len(found[3]) + len(found[5]) != 4)):
        raise Wrong.LIKE.error(limit="2026-03-02")
    return date(int(found[1]), int(found[3]), int(found[5]))


def _id_begins(cell: str) -> str:
    if begins_with(cell) is None:
        raise Wrong.LIKE.error(
            "is the number that the pages show: eight hexadecimal digits of the id, or more", limit="0198c2f1-7a3b"
        )
    return cell


WrittenAmount = Annotated[Amount, BeforeValidator(written_number)]
WrittenQuantity = Annotated[Quantity, BeforeValidator(written_number)]
WrittenDay = Annotated[date, BeforeValidator(written_day)]
#: the beginning of an id, as pages show it
IdBegins = Annotated[str, AfterValidator(_id_begins)]


class AccountNamed(BaseModel):
    """Whose it is: the account by the number of the books or of our pages, or one of its customers.

    The customer is needed where several share the account, the branch where two branches use the number.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    branch: Annotated[Slug | None, Field(title="分支")] = None
    account: Annotated[Text | None, Field(title="账户编号", min_length=1, max_length=40)] = None
    customer: Annotated[IdBegins | None, Field(title="客户编号", max_length=40)] = None
