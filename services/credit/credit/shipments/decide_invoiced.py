"""Decides whether invoiced goods may leave; signed ones take their turn over the limit when they do (P11.6–P11.8)."""

from __future__ import annotations

from chassis.tx import Tx
from contracts.credit import ReleaseStep

from credit.account import Account
from credit.ledger.model import DOCUMENTS
from credit.limit.rolling import DaySums
from credit.overruns.collect_last import owe_last
from credit.shipments.deciding import OVERRUNS, count_over, figures_of, finish
from credit.shipments.decision import Batch, Decision, decide
from credit.shipments.model import Shipment

RULES = ("P11.6", "P11.7", "P11.8")


async def decide_invoiced(
    tx: Tx, account: Account, shipment: Shipment, sums: DaySums, *, leaving: bool = True
) -> Decision:
    """The same question for invoiced goods: what of the invoice is not paid yet, against everything else.

    Not `leaving`, it is only asked whether they may: a signature's turn is taken by who leaves first.
    """
    assert shipment.invoice_id is not None
    invoice = await tx.get(DOCUMENTS, shipment.invoice_id)
    account.owes(-invoice.open)
    figures, _ = await figures_of(tx, account, shipment, sums)
    account.owes(invoice.open)
    batch = Batch(shipment.amount, shipment.amount - invoice.open, shipment.signed, shipment.overrun)
    decision = decide(figures, batch)
    overrun = None if decision.way is None else OVERRUNS.get(decision.way)
    if overrun is not None and leaving:
        count_over(account, shipment, overrun, figures.on)
        if overrun == "last" and shipment.overrun != "last":
            owe_last(tx, account, shipment, invoice, since=figures.on)
        shipment.leave_over(overrun)
    finish(tx, account, shipment, decision, ReleaseStep.ISSUE, before=shipment.decision)
    return decision
