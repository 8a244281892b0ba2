"""Has the shares in a verified loss approved, and books them to who bears them (P11.10–P11.13, P11.15).

While the proportions are not set a loss is held: nothing is guessed.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from chassis.auth import Principal
from chassis.http import post
from chassis.ids import uuid7
from chassis.jobs import Work, job
from chassis.problems import Invalid, Refused
from chassis.tx import Tx
from chassis.wrong import Wrong
from contracts.money import Money
from contracts.roles import Role
from contracts.staff import RecordBreach
from policy.approvals import Asked, ask, granted
from policy.calendar import civil, midnight
from policy.directory import Directory
from policy.obligations import met, waive
from policy.policies import policy
from pydantic import BaseModel, ConfigDict, Field

from credit.account import ACCOUNTS, Account, settle
from credit.ledger.booking import book, new_document
from credit.ledger.model import DOCUMENTS, Document, DocumentKind
from credit.losses.model import COMPANY, LOSSES, SIGNER, Loss, LossKind, LossState
from credit.losses.read_loss import LossView, loss_of, view_of
from credit.permissions import BOOK
from credit.plans.follow_plan import follow_plan
from credit.policy import LAST_OVERRUN, LOSS, SHARE, CreditPolicy

RULES = ("P11.8", "P11.10", "P11.11", "P11.12", "P11.13", "P11.15")


class ProportionsNotSet(Refused):
    """The policy does not say who bears which part."""

    title = "The proportions are not set"
    zh = "制度未规定损失的分担比例。请联系制度管理人补充。"


class BearerForm(BaseModel):
    """Who bears a part, where the post had not just one holder on that day."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    part: Annotated[str, Field(pattern=r"^[a-z_]{1,50}$")]
    person: Annotated[str, Field(min_length=1, max_length=100)]


class ShareForm(BaseModel):
    """The bearers that the directory does not name by itself."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    bearers: Annotated[list[BearerForm], Field(max_length=20)] = []


@post("/v1/losses/{loss_id}/ask-shares", needs=BOOK)
async def ask_shares(loss_id: UUID, form: ShareForm, principal: Principal, tx: Tx) -> LossView:
    """Ask for the shares to be approved. 409 while the proportions are not set; who bears a part does not approve.

    A debt that was paid meanwhile is dismissed at once: there is nothing to share.
    """
    loss = await loss_of(tx, loss_id, BOOK, principal)
    loss.refuse_unless(LossState.VERIFIED)
    if loss.kind is not LossKind.UNAUTHORISED_SHIPMENT and await _nothing_open(tx, loss):
        loss.dismiss(tx.now)
        met(tx, LOSS, loss.id, at=tx.now)
        await tx.flush()
        return view_of(loss)
    rules = policy(tx, CreditPolicy, loss.branch, tx.now)
    weights = rules.proportions.get(loss.kind.value)
    if not weights or not any(weights.values()):
        raise ProportionsNotSet(
            f"The policy sets no proportions for {loss.kind.value}: the loss is held until credit.proportions says.",
            rules=["P11.15"],
            missing="credit.proportions",
        )
    bearers = _bearers(tx, loss, weights, {one.part: one.person for one in form.bearers})
    ask(
        tx,
        SHARE,
        loss,
        {"kind": loss.kind.value, "account": loss.account_id and str(loss.account_id), "bearers": bearers},
        chain=rules.share_loss,
        by=principal.subject,
        branch=loss.branch,
        path=f"/v1/losses/{loss.id}",
        amount=loss.amount,
        excluded={one["person"] for one in bearers if one["person"] is not None},
    )
    await tx.flush()
    return view_of(loss)


async def _nothing_open(tx: Tx, loss: Loss) -> bool:
    assert loss.document_id is not None
    return (await tx.get(DOCUMENTS, loss.document_id, lock=False)).open <= 0


def _bearers(tx: Tx, loss: Loss, weights: dict[str, int], named: dict[str, str]) -> list[dict[str, Any]]:
    """Each part with who bears it: as named, the signer, or the post's only holder on the day of the loss."""
    directory = Directory.of(tx.runtime)
    found: list[dict[str, Any]] = []
    errors = [
        Wrong.UNKNOWN.at("/bearers", f"the policy has no part {part}") for part in sorted(set(named) - set(weights))
    ]
    for part, weight in weights.items():
        person = named.get(part) or (loss.signer if part == SIGNER else None)
        if person is None and part in set(Role):
            holders = directory.holders(Role(part), [loss.branch], midnight(loss.occurred_on))
            person = next(iter(holders)) if len(holders) == 1 else None
        if part == COMPANY:
            person = None
        elif person is None or person not in directory.people:
            errors.append(Wrong.LACKS.at("/bearers", f"name who of staff bears the part {part}", limit=part))
        found.append({"part": part, "person": person, "weight": weight})
    if errors:
        raise Invalid("It is not clear who bears each part.", rules=["P11.15"], errors=errors)
    return found


@granted(SHARE, LOSSES)
def shares_approved(loss: Loss, asked: Asked, tx: Tx) -> None:
    """It is approved who bears it; how much is lost the ledger says next."""
    loss.approve(asked.offer["bearers"])
    tx.later(bear_loss, loss.id)


@job(retry=("1s", "10s", "1m", "10m", "1h", "6h"))
async def bear_loss(ref: str, work: Work) -> None:
    """Share what is lost by now, write a bad debt off, and tell the conduct ledger; once."""
    async with work.runtime.transaction() as tx:
        account_id = (await tx.get(LOSSES, UUID(ref), lock=False)).account_id
        account = None if account_id is None else await tx.get(ACCOUNTS, account_id)
        loss = await tx.get(LOSSES, UUID(ref))
        if loss.state is not LossState.APPROVED:
            return
        met(tx, LOSS, loss.id, at=tx.now)
        base = loss.amount
        if loss.kind is not LossKind.UNAUTHORISED_SHIPMENT:
            assert loss.document_id is not None
            invoice = await tx.get(DOCUMENTS, loss.document_id)
            base = min(base, invoice.open)
            if base <= 0:
                loss.dismiss(tx.now)
                return
            if loss.kind is LossKind.BAD_DEBT and account is not None:
                await _write_off(tx, account, loss, invoice)
        loss.bear(base, tx.now)
        for share in loss.shares:
            if share["person"] is not None:
                tx.command(_breach(loss, share, tx), share["person"])


def _breach(loss: Loss, share: dict[str, Any], tx: Tx) -> RecordBreach:
    return RecordBreach(
        breach_id=uuid7(),
        person=share["person"],
        rule=loss.rule,
        kind=loss.kind.value,
        subject=str(loss.id),
        occurred_on=loss.occurred_on,
        decided_at=tx.now,
        base=Money(amount=loss.amount),
        part=share["part"],
        share=Money(amount=Decimal(share["amount"])),
    )


async def _write_off(tx: Tx, account: Account, loss: Loss, invoice: Document) -> None:
    amount = min(loss.amount, invoice.open)
    waive(tx, LAST_OVERRUN, invoice.id, at=tx.now, reason="written off")
    document = new_document(
        tx,
        account,
        DocumentKind.WRITE_OFF,
        amount,
        customer_id=invoice.customer_id,
        dated_on=civil(tx.now),
        corrects=invoice.id if invoice.kind is DocumentKind.INVOICE else None,
        shipment_id=invoice.shipment_id,
        origin="loss",
        origin_ref=str(loss.id),
    )
    await book(tx, account, document, {invoice.id: amount})
    await settle(tx, account)
    await follow_plan(tx, account)
