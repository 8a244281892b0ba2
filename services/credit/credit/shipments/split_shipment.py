"""Splits a shipment, so that a part can go alone: both parts are decided, nothing is gained by it (P11.6, P11.7)."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from chassis.auth import Principal
from chassis.http import Answer, post
from chassis.ids import uuid7
from chassis.problems import Invalid
from chassis.tx import Tx
from chassis.wrong import Wrong
from contracts.credit import ReleaseStep
from pydantic import BaseModel, ConfigDict, Field

from credit.account import Account
from credit.limit.rolling import DaySums
from credit.permissions import REQUEST_SHIPMENT
from credit.shipments.change_shipment import resized
from credit.shipments.deciding import answered, decide_shipment, give_back, refuse_partly_out, shipment_of
from credit.shipments.form import LineForm, Quantity, part_of_line, priced
from credit.shipments.model import Shipment, ShipmentState
from credit.shipments.views import ShipmentView

RULES = ("P11.6", "P11.7", "P11.8")


class PartLine(BaseModel):
    """How much of which line goes with the part; lines count from 0."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    line: Annotated[int, Field(ge=0, lt=500)]
    quantity: Quantity


class PartForm(BaseModel):
    """What goes alone."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    lines: Annotated[list[PartLine], Field(min_length=1, max_length=500)]


@post("/v1/shipments/{shipment_id}/split", needs=REQUEST_SHIPMENT, status=201)
async def split_shipment(shipment_id: UUID, form: PartForm, principal: Principal, tx: Tx) -> Answer[ShipmentView]:
    """Take a part out of a shipment that is not invoiced; the answer is the part, the rest stays under its id."""
    account, whole, sums = await shipment_of(tx, shipment_id, REQUEST_SHIPMENT, principal)
    whole.refuse_unless(ShipmentState.HELD, ShipmentState.RELEASED)
    await refuse_partly_out(tx, whole)
    part = await split(
        tx, account, whole, [(line.line, line.quantity) for line in form.lines], sums, by=principal.subject
    )
    return await answered(tx, part, status=201)


async def split(
    tx: Tx, account: Account, whole: Shipment, parts: Iterable[tuple[int, Decimal]], sums: DaySums, *, by: str
) -> Shipment:
    """Take so much of these lines out of a shipment of a locked account; the part. Both are decided."""
    taken, left = _divided(whole, parts)
    (part_lines, amount), (rest, rest_amount) = priced(taken), priced(left)
    give_back(account, whole)
    resized(account, whole, rest, rest_amount, whole.destination)
    identifier = uuid7()
    part = Shipment(
        id=identifier,
        account_id=account.id,
        customer_id=whole.customer_id,
        branch=whole.branch,
        destination=whole.destination,
        lines=tuple(part_lines),
        amount=amount,
        requested_by=by,
        requested_at=tx.now,
        origin="credit",
        origin_ref=str(identifier),
        part_of=whole.id,
    )
    tx.add(part)
    await decide_shipment(tx, account, part, ReleaseStep.RELEASE, sums)
    await decide_shipment(tx, account, whole, ReleaseStep.RELEASE, sums)
    return part


def can_be_split(whole: Shipment, parts: Iterable[tuple[int, Decimal]]) -> bool:
    """Whether nothing waits for a signature or was paid for the whole, and both parts are worth whole cents."""
    if whole.held or whole.prepaid:
        return False
    try:
        for lines in _divided(whole, parts):
            priced(lines)
    except Invalid:
        return False
    return True


def _divided(whole: Shipment, parts: Iterable[tuple[int, Decimal]]) -> tuple[list[LineForm], list[LineForm]]:
    wanted: dict[int, Decimal] = {}
    for n, quantity in parts:
        wanted[n] = wanted.get(n, Decimal(0)) + quantity
    taken: list[LineForm] = []
    left: list[LineForm] = []
    for n, line in enumerate(whole.lines):
        quantity, part = Decimal(line["quantity"]), wanted.pop(n, Decimal(0))
        if part > quantity:
            raise Invalid(
                "A line has less than the part would take.",
                errors=[Wrong.LESS_THAN_EQUAL.at("/lines", f"line {n} has {quantity}", limit=quantity)],
            )
        for share, lines in ((part, taken), (quantity - part, left)):
            if share > 0:
                lines.append(part_of_line(line, share))
    if wanted or not left:
        raise Invalid(
            "A part takes lines that are there, and leaves something.",
            errors=[(Wrong.UNKNOWN if wanted else Wrong.PART_ONLY).at("/lines")],
        )
    return taken, left
