"""The last shipment over the limit is paid by the end of its month; its signer answers for that (P11.8, P11.12)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from chassis.tx import Tx
from policy.calendar import civil, midnight
from policy.directory import Directory
from policy.obligations import owe

from credit.account import Account
from credit.ledger.model import Document
from credit.losses.find_loss import find_last_unpaid
from credit.policy import LAST_OVERRUN
from credit.shipments.model import SHIPMENTS, Shipment

RULES = ("P11.8", "P11.12")

_OWED = """SELECT subject, max(since) AS since, bool_or(ended_at IS NULL) AS running,
        bool_or(ended_at IS NULL AND due_at <= $3) AS late FROM kehu.obligations
    WHERE duty = $1 AND subject = ANY($2::uuid[]) GROUP BY subject"""


def owe_last(tx: Tx, account: Account, shipment: Shipment, invoice: Document, *, since: date) -> None:
    """From the day on which it went over, the last overrun is owed; it is met when nothing of its invoice is open."""
    if invoice.open == 0:
        return
    owed = owe(
        tx,
        LAST_OVERRUN,
        invoice.id,
        account.policy(tx).last_paid,
        branch=account.branch,
        since=midnight(since),
        path=f"/v1/shipments/{shipment.id}",
        person=None if shipment.signature is None else shipment.signature["signer"],
        about=shipment.id,
        place=Directory.of(tx.runtime).area(account.branch),
    )
    if owed.due_at is not None:
        tx.later(find_last_unpaid, invoice.id, at=owed.due_at)


async def owe_again(tx: Tx, account: Account, invoices: Iterable[Document]) -> None:
    """A payment was taken back: what it had paid of a last overrun is owed again, from the same day."""
    open_ones = {one.shipment_id: one for one in invoices if one.shipment_id is not None and one.open > 0}
    owed = {
        row["subject"]: row
        for row in await tx.driver.fetch(_OWED, LAST_OVERRUN.name, [one.id for one in open_ones.values()], tx.now)
    }
    for shipment in (await tx.load(SHIPMENTS, open_ones)).values():
        invoice = open_ones[shipment.id]
        before = owed.get(invoice.id)
        if before and before["late"]:
            tx.later(find_last_unpaid, invoice.id)
        elif shipment.overrun == "last" and not (before and before["running"]):
            owe_last(tx, account, shipment, invoice, since=civil(before["since"]) if before else invoice.dated_on)
