"""The lines of a shipment as they are asked for; each amount is exact to the cent."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated

from chassis.fields import Slug, Text
from chassis.problems import Invalid
from chassis.wrong import Wrong
from contracts.money import CENT, Amount
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


def _no_float(value: object) -> object:
    if isinstance(value, float):
        raise Wrong.ANY_DECIMAL.error("a quantity is a text or a whole number, never a float")
    return value


Code = Annotated[Text, Field(min_length=1, max_length=60)]
Quantity = Annotated[Decimal, BeforeValidator(_no_float), Field(gt=0, max_digits=12, decimal_places=3)]
Price = Annotated[Amount, Field(ge=0)]
Reference = Annotated[Text, Field(min_length=1, max_length=100)]


class LineForm(BaseModel):
    """Goods of one product and batch; quantity times price must be whole cents."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    product: Code
    batch: Code
    quantity: Quantity
    price: Price


class GoodsForm(BaseModel):
    """What goes where; the destination is a code of the place, no address."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    destination: Slug
    lines: Annotated[list[LineForm], Field(min_length=1, max_length=500)]


def part_of_line(line: Mapping[str, str], quantity: Decimal) -> LineForm:
    """So much of a line that is kept, at its price."""
    return LineForm.model_validate(
        {"product": line["product"], "batch": line["batch"], "quantity": quantity, "price": line["price"]}
    )


def priced(lines: list[LineForm]) -> tuple[list[dict[str, str]], Decimal]:
    """The lines as they are kept, and what they amount to; nothing is rounded."""
    kept, whole = [], Decimal("0.00")
    for n, line in enumerate(lines):
        amount = line.quantity * line.price
        if amount != amount.quantize(CENT):
            raise Invalid(
                "A line amounts to a fraction of a cent. Give a quantity and a price that make whole cents.",
                errors=[Wrong.FRACTION.at(f"/lines/{n}")],
            )
        amount = amount.quantize(CENT)
        whole += amount
        kept.append({
            "product": line.product, "batch": line.batch, "quantity": str(line.quantity), "price": str(line.price),
            "amount": str(amount),
        })  # fmt: skip
    if not 0 < whole < Decimal(10) ** 15:
        raise Invalid(
            "The goods must be worth more than nothing, and less than 10^15.",
            errors=[Wrong.SUM_BETWEEN.at("/lines", limit="0.01 – 999999999999999.99")],
        )
    return kept, whole
