"""Finds losses: goods that left without a release, a last overrun that is unpaid at month end (P11.11, P11.12)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from uuid import UUID, uuid5

from chassis.ids import uuid7
from chassis.jobs import Work, job
from chassis.tx import Tx
from policy.calendar import civil
from policy.obligations import owe
from policy.policies import policy

from credit.account import ACCOUNTS, Account
from credit.ledger.model import DOCUMENTS, Document
from credit.losses.model import LOSSES, Loss, LossKind, LossState
from credit.losses.tell_people import tell_deciders, tell_posts
from credit.policy import LOSS, CreditPolicy
from credit.shipments.model import SHIPMENTS, Shipment

RULES = ("P11.11", "P11.12", "P11.13")

_ALONE = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"
_KNOWN = "SELECT id FROM losses WHERE kind = $1 AND about = $2 AND state <> 'dismissed'"


async def known_loss(tx: Tx, kind: LossKind, about: UUID) -> UUID | None:
    """The loss of this kind that was found here before; a dismissed one does not count."""
    found: UUID | None = await tx.driver.fetchval(_KNOWN, kind.value, about)
    return found


def open_loss(tx: Tx, loss: Loss) -> Loss:
    """Keep it, and owe its end."""
    tx.add(loss)
    owe(
        tx,
        LOSS,
        loss.id,
        policy(tx, CreditPolicy, loss.branch, tx.now).loss_within,
        branch=loss.branch,
        since=tx.now,
        path=f"/v1/losses/{loss.id}",
        about=loss.account_id or loss.id,
    )
    return loss


@dataclass(frozen=True)
class Gone:
    """Goods that left neither paid first nor approved. `about` is their shipment, or the slip of the warehouse.

    `path` shows the goods to who may not see losses. Without an account they went to nobody who may have credit.
    """

    about: UUID
    branch: str
    amount: Decimal
    on: date
    path: str
    account_id: UUID | None = None
    document_id: UUID | None = None
    shipment_id: UUID | None = None


async def found_unauthorised(tx: Tx, gone: Gone) -> UUID:
    """The case against the three posts, at once and once only, and everybody concerned learns of it (P11.11).

    More goods of the same shipment or slip go to the case while it is not verified; afterwards they are another one.
    The id of the case.
    """
    await tx.flush()
    await tx.driver.execute(_ALONE, str(gone.about))
    known, about = await known_loss(tx, LossKind.UNAUTHORISED_SHIPMENT, gone.about), gone.about
    if known is not None:
        loss = await tx.get(LOSSES, known)
        if loss.state is LossState.FOUND:
            loss.grow(gone.amount)
            return loss.id
        about = uuid7()
    loss = open_loss(
        tx,
        Loss(
            id=uuid7(),
            kind=LossKind.UNAUTHORISED_SHIPMENT,
            rule="P11.11",
            account_id=gone.account_id,
            branch=gone.branch,
            about=about,
            document_id=gone.document_id,
            shipment_id=gone.shipment_id,
            amount=gone.amount,
            occurred_on=gone.on,
            found_at=tx.now,
            found_by=tx.actor,
            legal_reserved=True,
        ),
    )
    tell_deciders(tx, loss, "goods_unreleased")
    tell_posts(tx, loss, "goods_unreleased", gone.path)
    return loss.id


@job(retry=("10s", "1m", "10m", "1h", "6h"))
async def find_last_unpaid(ref: str, work: Work) -> None:
    """The month has ended: what is open of a last overrun becomes a loss of its signer's (P11.12). Paid: nothing.

    What bounces after that was borne is another one.
    """
    async with work.runtime.transaction() as tx:
        invoice = await tx.get(DOCUMENTS, UUID(ref), lock=False)
        account = await tx.get(ACCOUNTS, invoice.account_id)
        invoice = await tx.get(DOCUMENTS, UUID(ref))
        kind, about, left = LossKind.LAST_OVERRUN_UNPAID, invoice.id, invoice.open
        while (known := await known_loss(tx, kind, about)) is not None:
            earlier = await tx.get(LOSSES, known)
            if earlier.state is not LossState.BORNE:
                return
            about, left = uuid5(known, "again"), left - earlier.amount  # a payment has bounced since
        if left <= 0 or invoice.reversed_by is not None:
            return
        shipment = None if invoice.shipment_id is None else await tx.get(SHIPMENTS, invoice.shipment_id)
        loss = lost(tx, kind, "P11.12", account, invoice, shipment)
        open_loss(tx, replace(loss, about=about, amount=left))


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
