"""Takes goods back by line: what is owed falls, and the limit of the days they had gone on (P02.3, P11.2, A34)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from chassis.auth import Principal
from chassis.fields import Slug
from chassis.http import Answer, post
from chassis.problems import Invalid, Refused
from chassis.tx import Tx
from chassis.wrong import Wrong
from contracts.credit import GoodsReturned
from contracts.money import Amount, Money
from policy.calendar import civil
from pydantic import Field

from credit.account import ZERO, settle
from credit.destinations.move_goods import goods_came_back
from credit.ledger.booking import RULES as LEDGER_RULES
from credit.ledger.booking import book, give_reason, known, new_document
from credit.ledger.model import DocumentKind
from credit.notes import Reason
from credit.permissions import ISSUE_GOODS
from credit.plans.follow_plan import follow_plan
from credit.shipments.deciding import answered, shipment_of
from credit.shipments.form import Reference, part_of_line, priced
from credit.shipments.model import NONE, NotAtThisStage, Shipment, ShipmentState
from credit.shipments.release_shipment import decide_held_again
from credit.shipments.request_shipment import ReferenceUsed
from credit.shipments.split_shipment import PartForm
from credit.shipments.views import ShipmentView

RULES = ("P02.3", "P11.2", *LEDGER_RULES)


class MoreThanIssued(Refused):
    """More of a line would come back than went out."""

    title = "More comes back than went out"
    zh = "退回数量超过该行出库数量减去已退数量。请核对数量。"


class ReturnForm(PartForm):
    """How much of which line came back, and the warehouse's reference of the return.

    `amount` is given where less is booked than the lines are worth by their prices, with the `reason` (kept sealed).
    """

    amount: Annotated[Amount | None, Field(gt=0)] = None
    reason: Reason | None = None
    origin: Slug | None = None
    origin_ref: Reference | None = None


@post("/v1/shipments/{shipment_id}/return", needs=ISSUE_GOODS)
async def return_goods(shipment_id: UUID, form: ReturnForm, principal: Principal, tx: Tx) -> Answer[ShipmentView]:
    """Goods of an invoiced shipment came back, at most what is left of each line; where they went is net of it.

    The same reference again changes nothing.
    """
    account, shipment, _ = await shipment_of(tx, shipment_id, ISSUE_GOODS, principal)
    if (form.origin is None) != (form.origin_ref is None):
        raise Invalid("Give origin and origin_ref together, or neither.")
    parts = _parts(shipment, form)
    amount, lines = _worth(shipment, form, parts), _kept(shipment, parts)
    if form.origin is not None and form.origin_ref is not None:
        earlier = await known(tx, form.origin, form.origin_ref)
        if earlier is not None:
            if (earlier.shipment_id, earlier.amount, earlier.lines) != (shipment.id, amount, lines):
                raise ReferenceUsed("Something else was booked under this reference. Take a new one.")
            return await answered(tx, shipment)
    shipment.refuse_unless(ShipmentState.ISSUED, ShipmentState.DELIVERED)
    if shipment.invoice_id is None:
        raise NotAtThisStage("These goods went out without an invoice. Invoice them first.", rules=("P11.11",))
    _refuse_more_than_issued(shipment, parts)
    document = new_document(
        tx,
        account,
        DocumentKind.RETURN,
        amount,
        customer_id=shipment.customer_id,
        dated_on=civil(tx.now),
        corrects=shipment.invoice_id,
        shipment_id=shipment.id,
        lines=lines,
        origin=form.origin,
        origin_ref=form.origin_ref,
    )
    await book(tx, account, document)
    if form.reason is not None:
        await give_reason(tx, document, form.reason)
    shipment.came_back(amount, parts.items())
    await goods_came_back(
        tx,
        shipment=shipment.id,
        account=account.id,
        branch=shipment.branch,
        lines=lines,
        on=document.dated_on,
    )
    await settle(tx, account)
    await follow_plan(tx, account)
    tx.publish(
        shipment,
        GoodsReturned(
            shipment_id=shipment.id,
            account_id=account.id,
            document_id=document.id,
            amount=Money(amount=amount),
        ),
    )
    tx.later(decide_held_again, account.id)
    return await answered(tx, shipment)


def _parts(shipment: Shipment, form: ReturnForm) -> dict[int, Decimal]:
    """How much of each line came back, in their order."""
    parts: dict[int, Decimal] = {}
    for at, one in enumerate(form.lines):
        if one.line >= len(shipment.lines):
            detail = f"the shipment has {len(shipment.lines)} lines, counted from 0"
            raise Invalid("Such a line is not there.", errors=[Wrong.UNKNOWN.at(f"/lines/{at}/line", detail)])
        parts[one.line] = parts.get(one.line, NONE) + one.quantity
    return dict(sorted(parts.items()))


def _kept(shipment: Shipment, parts: Mapping[int, Decimal]) -> tuple[dict[str, str], ...]:
    """What came back, as the document keeps it."""
    kept = []
    for n, quantity in parts.items():
        goods = {name: shipment.lines[n][name] for name in ("product", "batch", "price")}
        kept.append({"line": str(n), **goods, "quantity": str(quantity)})
    return tuple(kept)


def _worth(shipment: Shipment, form: ReturnForm, parts: Mapping[int, Decimal]) -> Decimal:
    """What is booked: what the lines are worth, unless a lower amount is given with its reason."""
    if form.amount is None:
        return priced([part_of_line(shipment.lines[n], quantity) for n, quantity in parts.items()])[1]
    worth = sum((Decimal(shipment.lines[n]["price"]) * quantity for n, quantity in parts.items()), ZERO)
    limit = f"{worth.normalize():f}"
    if form.amount > worth:
        wrong = Wrong.LESS_THAN_EQUAL.at("/amount", f"the lines are worth {limit}", limit=limit)
        raise Invalid("No more is booked than came back.", errors=[wrong])
    if form.amount < worth and form.reason is None:
        wrong = Wrong.MISSING.at("/reason", f"is needed: the lines are worth {limit}")
        raise Invalid("Say why less is booked than came back.", errors=[wrong])
    return form.amount


def _refuse_more_than_issued(shipment: Shipment, parts: Mapping[int, Decimal]) -> None:
    for n, quantity in parts.items():
        left = Decimal(shipment.lines[n]["quantity"]) - shipment.came_back_of(n)
        if quantity > left:
            raise MoreThanIssued(
                f"Of line {n} {left} can still come back. Check the quantity.", rules=RULES, line=n, left=str(left)
            )
