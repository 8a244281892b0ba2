"""Finds losses: goods that left without a release, a last overrun that is unpaid at month end (P11.11, P11.12)."""

from __future__ import annotations

from uuid import UUID

from chassis.ids import uuid7
from chassis.jobs import Work, job
from chassis.tx import Tx
from contracts.notify import Send
from contracts.roles import Role
from policy.calendar import civil
from policy.obligations import owe

from credit.account import ACCOUNTS, Account
from credit.ledger.model import DOCUMENTS, Document
from credit.losses.model import Loss, LossKind, LossState
from credit.policy import LOSS
from credit.shipments.model import SHIPMENTS, Shipment

RULES = ("P11.11", "P11.12", "P11.13")

_KNOWN = "SELECT id FROM losses WHERE kind = $1 AND about = $2 AND state <> 'dismissed'"


async def known_loss(tx: Tx, kind: LossKind, about: UUID) -> UUID | None:
    """The loss of this kind that was found here before; a dismissed one does not count."""
    found: UUID | None = await tx.driver.fetchval(_KNOWN, kind.value, about)
    return found


def open_loss(tx: Tx, account: Account, loss: Loss) -> Loss:
    """Keep it, and owe its end."""
    tx.add(loss)
    owe(
        tx,
        LOSS,
        loss.id,
        account.policy(tx).loss_within,
        branch=loss.branch,
        since=tx.now,
        path=f"/v1/losses/{loss.id}",
        about=loss.account_id,
    )
    return loss


def found_unauthorised(tx: Tx, account: Account, shipment: Shipment) -> None:
    """Goods went over the limit neither paid first nor approved: a case at once, and the heads learn of it (P11.11)."""
    loss = open_loss(
        tx,
        account,
        Loss(
            id=uuid7(),
            kind=LossKind.UNAUTHORISED_SHIPMENT,
            rule="P11.11",
            account_id=account.id,
            branch=account.branch,
            about=shipment.id,
            document_id=shipment.invoice_id,
            shipment_id=shipment.id,
            amount=shipment.amount - shipment.returned,
            occurred_on=shipment.issued_on or civil(tx.now),
            found_at=tx.now,
            found_by=tx.actor,
            legal_reserved=True,
        ),
    )
    tx.command(
        Send(
            send_id=uuid7(),
            service=tx.runtime.name,
            template="generic",
            to=[f"{Role.GENERAL_MANAGER}@{account.branch}", f"{Role.FINANCE}@{account.branch}"],
            subject=str(loss.id),
            path=f"/v1/losses/{loss.id}",
            params={},
            rules=["P11.11", "P11.13"],
            confirm_by=None,
            urgent=False,
        ),
        loss.id,
    )


@job(retry=("10s", "1m", "10m", "1h", "6h"))
async def find_last_unpaid(ref: str, work: Work) -> None:
    """The month has ended: what is open of a last overrun becomes a loss of its signer's (P11.12). Paid: nothing."""
    async with work.runtime.transaction() as tx:
        invoice = await tx.get(DOCUMENTS, UUID(ref), lock=False)
        account = await tx.get(ACCOUNTS, invoice.account_id)
        invoice = await tx.get(DOCUMENTS, UUID(ref))
        kind = LossKind.LAST_OVERRUN_UNPAID
        if invoice.open <= 0 or invoice.reversed_by is not None or await known_loss(tx, kind, invoice.id):
            return
        shipment = None if invoice.shipment_id is None else await tx.get(SHIPMENTS, invoice.shipment_id)
        open_loss(tx, account, lost(tx, kind, "P11.12", account, invoice, shipment))


def lost(tx: Tx, kind: LossKind, rule: str, account: Account, invoice: Document, shipment: Shipment | None) -> Loss:
    """What is open of an invoice, as a loss that the ledger itself verifies."""
    return Loss(
        id=uuid7(),
        kind=kind,
        rule=rule,
        account_id=account.id,
        branch=account.branch,
        about=invoice.id,
        document_id=invoice.id,
        shipment_id=invoice.shipment_id,
        amount=invoice.open,
        occurred_on=civil(tx.now),
        found_at=tx.now,
        found_by=tx.actor,
        signer=None if shipment is None or shipment.signature is None else shipment.signature["signer"],
        state=LossState.VERIFIED,
    )
