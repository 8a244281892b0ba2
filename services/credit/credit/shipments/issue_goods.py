"""Lets goods leave the warehouse: decided a third time; what left without a release is found out (P11.6, P11.11)."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from chassis.auth import Principal
from chassis.http import Answer, post
from chassis.tx import Tx
from contracts.credit import GoodsIssued, ReleaseStep
from contracts.money import Money
from policy.calendar import civil
from pydantic import BaseModel, ConfigDict, Field

from credit.account import Account, settle
from credit.destinations.move_goods import goods_left
from credit.ledger.booking import goods_out
from credit.ledger.model import DOCUMENTS
from credit.limit.rolling import DaySums
from credit.losses.find_loss import found_unauthorised
from credit.permissions import ISSUE_GOODS
from credit.shipments.deciding import answered, decide_shipment, figures_of, finish, shipment_of
from credit.shipments.decision import Batch, Decision, decide
from credit.shipments.model import Shipment, ShipmentState
from credit.shipments.views import ShipmentView

RULES = ("P02.3", "P11.2", "P11.6", "P11.11")


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
    if shipment.state is ShipmentState.INVOICED:
        decision = await _decide_invoiced(tx, account, shipment, sums)
    else:
        decision = await decide_shipment(tx, account, shipment, ReleaseStep.ISSUE, sums)
        if not decision.released:
            account.reserve(-shipment.covered)
            account.release_goods(shipment.amount)
    if not decision.released and not form.already_out:
        return await answered(tx, shipment, decision)
    await _issue(tx, account, shipment, unreleased=not decision.released)
    return await answered(tx, shipment)


async def _decide_invoiced(tx: Tx, account: Account, shipment: Shipment, sums: DaySums) -> Decision:
    """The same question for invoiced goods: what of the invoice is not paid yet, against everything else."""
    assert shipment.invoice_id is not None
    invoice = await tx.get(DOCUMENTS, shipment.invoice_id)
    account.owes(-invoice.open)
    figures, _ = await figures_of(tx, account, shipment, sums)
    account.owes(invoice.open)
    decision = decide(figures, Batch(shipment.amount, shipment.amount - invoice.open, shipment.signed))
    finish(tx, account, shipment, decision, ReleaseStep.ISSUE, before=shipment.decision)
    return decision


async def _issue(tx: Tx, account: Account, shipment: Shipment, *, unreleased: bool) -> None:
    today = civil(tx.now)
    shipment.issue(today, unreleased=unreleased)
    await goods_left(
        tx,
        shipment=shipment.id,
        account=account.id,
        branch=shipment.branch,
        destination=shipment.destination,
        lines=shipment.lines,
        on=today,
    )
    if shipment.invoice_id is not None:
        await goods_out(tx, await tx.get(DOCUMENTS, shipment.invoice_id), today)
        await settle(tx, account)
    if unreleased:
        found_unauthorised(tx, account, shipment)
    tx.publish(
        shipment,
        GoodsIssued(
            shipment_id=shipment.id,
            account_id=account.id,
            branch=shipment.branch,
            amount=Money(amount=shipment.amount),
            issued_on=today,
            unreleased=unreleased,
        ),
    )
