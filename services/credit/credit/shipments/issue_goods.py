"""Lets goods leave the warehouse: decided a third time; what left without a release is found out (P11.6, P11.11)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from chassis.auth import Principal
from chassis.http import Answer, post
from chassis.problems import Refused
from chassis.tx import Tx
from contracts.credit import GoodsIssued, ReleaseStep
from contracts.money import Money
from policy.calendar import civil
from pydantic import BaseModel, ConfigDict, Field

from credit.account import ZERO, Account, settle
from credit.destinations.move_goods import goods_came_back, goods_left
from credit.ledger.booking import goods_not_out, goods_out
from credit.ledger.model import DOCUMENTS
from credit.limit.rolling import DaySums
from credit.losses.find_loss import Gone, found_unauthorised
from credit.permissions import ISSUE_GOODS
from credit.shipments.decide_invoiced import decide_invoiced
from credit.shipments.deciding import answered, decide_shipment, shipment_of
from credit.shipments.decision import Decision
from credit.shipments.model import Shipment, ShipmentState
from credit.shipments.release_shipment import decide_later
from credit.shipments.views import ShipmentView

RULES = ("P02.3", "P11.2", "P11.6", "P11.7", "P11.8", "P11.11")

_TOLD = """SELECT coalesce(sum(round(value * covered / quantity, 2)), 0) FROM goods_issues
    WHERE shipment_id = $1 AND (state = 'part' OR (state = 'unauthorised' AND covered > 0))"""
_COMPLETE = "UPDATE goods_issues SET state = 'matched', version = version + 1 WHERE shipment_id = $1 AND state = 'part'"


class BuiltUpon(Refused):
    """More has happened to the goods since they left."""

    title = "The goods are delivered, or came back"
    zh = "货物已送达或已有退货，不能当作未出库。请对其余货物办理退货。"


class IssueForm(BaseModel):
    """Whether the goods are to leave, or have left already: then nothing can hold them, and it is a case."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    already_out: Annotated[bool, Field(description="the warehouse reports a fact")] = False


@post("/v1/shipments/{shipment_id}/issue", needs=ISSUE_GOODS)
async def issue_goods(shipment_id: UUID, form: IssueForm, principal: Principal, tx: Tx) -> Answer[ShipmentView]:
    """Issue invoiced goods. 409 while they are held; `already_out` records what has happened, released or not."""
    account, shipment, sums = await shipment_of(tx, shipment_id, ISSUE_GOODS, principal)
    if form.already_out:
        shipment.refuse_unless(ShipmentState.HELD, ShipmentState.RELEASED, ShipmentState.INVOICED)
    else:
        shipment.refuse_unless(ShipmentState.INVOICED)
    decision = await decide_issue(tx, account, shipment, sums)
    if not decision.released and not form.already_out:
        return await answered(tx, shipment, decision)
    await note_issued(tx, account, shipment, civil(tx.now), unreleased=not decision.released)
    return await answered(tx, shipment)


async def decide_issue(tx: Tx, account: Account, shipment: Shipment, sums: DaySums) -> Decision:
    """Decide whether they may leave. Goods that are not invoiced have left already: they count in either case."""
    if shipment.state is ShipmentState.INVOICED:
        return await decide_invoiced(tx, account, shipment, sums)
    decision = await decide_shipment(tx, account, shipment, ReleaseStep.ISSUE, sums)
    if not decision.released:
        account.reserve(-shipment.covered)
        account.release_goods(shipment.amount)
    return decision


async def note_issued(
    tx: Tx,
    account: Account,
    shipment: Shipment,
    on: date,
    *,
    unreleased: bool,
    lost: Decimal | None = None,
    went: Iterable[Mapping[str, str]] = (),
) -> UUID | None:
    """The goods have left on that day. Where no release covers them it is a case: its id.

    It is about `lost`, else about all of them but what a list of the warehouse had told before. `went` are product,
    batch and quantity of what left, where it is known otherwise than by the lines of the shipment.
    """
    shipment.issue(on, unreleased=unreleased)
    await goods_left(
        tx,
        shipment=shipment.id,
        account=account.id,
        branch=shipment.branch,
        destination=shipment.destination,
        lines=went or shipment.lines,
        on=on,
    )
    if shipment.invoice_id is not None:
        before = account.limit_amount
        await goods_out(tx, await tx.get(DOCUMENTS, shipment.invoice_id), on)
        await settle(tx, account)
        if account.limit_amount > before:  # they left on an earlier day
            await decide_later(tx, account)
    told = await tx.driver.fetchval(_TOLD, shipment.id)
    await tx.driver.execute(_COMPLETE, shipment.id)
    tx.publish(
        shipment,
        GoodsIssued(
            shipment_id=shipment.id,
            account_id=account.id,
            branch=shipment.branch,
            amount=Money(amount=shipment.amount),
            issued_on=on,
            unreleased=unreleased,
        ),
    )
    if not unreleased:
        return None
    lost = max(shipment.amount - shipment.returned - told, ZERO) if lost is None else lost
    return await found_unauthorised(tx, gone_of(shipment, lost, on))


async def note_not_issued(tx: Tx, account: Account, shipment: Shipment) -> None:
    """They have not left after all: the contrary of `note_issued`. `BuiltUpon` where more has happened to them."""
    if shipment.state is not ShipmentState.ISSUED or shipment.returned:
        raise BuiltUpon("These goods were delivered or came back since. Have the rest returned.", rules=RULES)
    await goods_came_back(
        tx, shipment=shipment.id, account=account.id, branch=shipment.branch, lines=shipment.lines, on=civil(tx.now)
    )
    if shipment.invoice_id is not None:
        shipment.not_issued(ShipmentState.INVOICED)
        await goods_not_out(tx, await tx.get(DOCUMENTS, shipment.invoice_id))
    elif shipment.decision["outcome"] == "released":
        shipment.not_issued(ShipmentState.RELEASED)
    else:
        shipment.not_issued(ShipmentState.HELD)
        account.release_goods(-shipment.amount)
        account.reserve(shipment.covered)
    await settle(tx, account)


def gone_of(shipment: Shipment, amount: Decimal, on: date) -> Gone:
    """Goods of the shipment, worth this much, that left without a release."""
    return Gone(
        about=shipment.id,
        branch=shipment.branch,
        amount=amount,
        on=on,
        path=f"/v1/shipments/{shipment.id}",
        account_id=shipment.account_id,
        document_id=shipment.invoice_id,
        shipment_id=shipment.id,
    )
