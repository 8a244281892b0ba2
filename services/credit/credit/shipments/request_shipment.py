"""Takes a request for goods and decides at once: released, or held with reasons and ways out (P11.4–P11.9).

A copy is a request like any other: nothing that was signed or paid for the first goes over to it.
"""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from chassis.auth import Principal
from chassis.fields import Slug
from chassis.http import Answer, post
from chassis.ids import uuid7
from chassis.problems import Invalid, Refused
from chassis.tx import Tx
from contracts.credit import ReleaseStep
from pydantic import Field

from credit.account import Account, account_of, customers_of
from credit.permissions import REQUEST_SHIPMENT
from credit.shipments.deciding import answered, decide_shipment
from credit.shipments.form import GoodsForm, Reference, priced
from credit.shipments.model import SHIPMENTS, Shipment
from credit.shipments.views import ShipmentView

RULES = ("P11.4", "P11.5", "P11.6", "P11.7", "P11.8", "P11.9")

_KNOWN = "SELECT id FROM shipments WHERE origin = $1 AND origin_ref = $2"


class ReferenceUsed(Refused):
    """The reference was given to something else before."""

    title = "This reference was used before"


class ShipmentForm(GoodsForm):
    """A request; `origin` and `origin_ref` make a repetition safe. One of our own needs neither."""

    account_id: UUID
    customer_id: UUID
    origin: Slug | None = None
    origin_ref: Reference | None = None
    copy_of: Annotated[UUID | None, Field(description="the shipment whose lines were taken over")] = None


@post("/v1/shipments", needs=REQUEST_SHIPMENT, status=201)
async def request_shipment(form: ShipmentForm, principal: Principal, tx: Tx) -> Answer[ShipmentView]:
    """Ask for goods. `state` and `decision` say whether they may go; the same reference again answers 200."""
    if (form.origin is None) != (form.origin_ref is None):
        raise Invalid("Give origin and origin_ref together, or neither.")
    account = await account_of(tx, form.account_id, REQUEST_SHIPMENT, principal)
    lines, amount = priced(form.lines)
    if form.origin is not None:
        known = await tx.driver.fetchval(_KNOWN, form.origin, form.origin_ref)
        if known is not None:
            return await answered(tx, _same(await tx.get(SHIPMENTS, known), form, lines))
    await refuse_stranger(tx, account, form.customer_id)
    identifier = uuid7()
    shipment = Shipment(
        id=identifier,
        account_id=account.id,
        customer_id=form.customer_id,
        branch=account.branch,
        destination=form.destination,
        lines=tuple(lines),
        amount=amount,
        requested_by=principal.subject,
        requested_at=tx.now,
        origin=form.origin or "credit",
        origin_ref=form.origin_ref or str(identifier),
        copy_of=form.copy_of,
    )
    tx.add(shipment)
    await decide_shipment(tx, account, shipment, ReleaseStep.RELEASE)
    return await answered(tx, shipment, status=201)


async def refuse_stranger(tx: Tx, account: Account, customer_id: UUID) -> None:
    """Only the customers of an account ship on it."""
    if customer_id not in await customers_of(tx, account.id):
        raise Invalid(
            "This customer does not share the account. Name one that does.",
            errors=[{"pointer": "/customer_id", "detail": "not a customer of the account"}],
        )


def _same(known: Shipment, form: ShipmentForm, lines: list[dict[str, str]]) -> Shipment:
    if known.account_id != form.account_id or list(known.lines) != lines:
        raise ReferenceUsed("Another shipment was asked for under this reference. Take a new one for a new shipment.")
    return known
