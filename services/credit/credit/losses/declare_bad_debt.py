"""Finance declares what is open of an invoice a bad debt (死呆账); it is written off when it is approved (P11.10)."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID, uuid5

from chassis.auth import Principal
from chassis.http import Answer, post
from chassis.problems import NotFound, Refused
from chassis.tx import Tx
from pydantic import BaseModel, ConfigDict

from credit.account import account_of
from credit.ledger.model import DOCUMENTS
from credit.losses.find_loss import known_loss, lost, open_loss
from credit.losses.model import LOSSES, LossKind, LossState
from credit.losses.read_loss import LossView, view_of
from credit.permissions import BOOK
from credit.shipments.model import SHIPMENTS

RULES = ("P11.7", "P11.8", "P11.10")

_OF = "SELECT account_id FROM documents WHERE id = $1"


class NothingOwed(Refused):
    """Nothing of it is open."""

    title = "Nothing is owed on this document"
    zh = "此项已了结，没有待办或待收。请重新载入查看。"


class BadDebtForm(BaseModel):
    """The invoice or opening balance that will not be paid."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    document_id: UUID


@post("/v1/losses", needs=BOOK, status=201)
async def declare_bad_debt(form: BadDebtForm, principal: Principal, tx: Tx) -> Answer[LossView]:
    """Declare it. A first overrun counts as within the limit, a last one is borne under P11.8. Declared before: 200.

    What is open again after a loss was borne is another one.
    """
    account_id = await tx.driver.fetchval(_OF, form.document_id)
    if account_id is None:
        raise NotFound("There is no such document, or none at a branch that you may see. Check the id.")
    account = await account_of(tx, account_id, BOOK, principal)
    document, about = await tx.get(DOCUMENTS, form.document_id), form.document_id
    while (earlier := await known_loss(tx, LossKind.BAD_DEBT, about)) is not None:
        loss = await tx.get(LOSSES, earlier)
        if loss.state is not LossState.BORNE or document.open <= 0:
            return Answer(view_of(loss), status=200)
        about = uuid5(earlier, "again")  # a payment has bounced since: what it had paid was not written off
    if not document.is_debit or document.open <= 0:
        raise NothingOwed("Only what is open of an invoice or opening balance can go bad.", rules=RULES[2:])
    shipment = None if document.shipment_id is None else await tx.get(SHIPMENTS, document.shipment_id)
    rule = "P11.8" if shipment is not None and shipment.overrun == "last" else "P11.10"
    loss = open_loss(tx, replace(lost(tx, LossKind.BAD_DEBT, rule, account, document, shipment), about=about))
    await tx.flush()
    return Answer(view_of(loss), status=201)
