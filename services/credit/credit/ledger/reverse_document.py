"""Takes a document back by another one that says why: a bounced payment, a wrong booking; none is deleted (P02.4)."""

from __future__ import annotations

from uuid import UUID

from chassis.auth import Principal
from chassis.http import Answer, post
from chassis.problems import NotFound, Refused
from chassis.tx import Tx
from policy.calendar import civil
from pydantic import BaseModel, ConfigDict

from credit.account import account_of, settle
from credit.ledger.book_document import receive
from credit.ledger.booking import give_reason, new_document, reverse
from credit.ledger.model import DOCUMENTS, Document, DocumentKind
from credit.ledger.read_document import DocumentView, view_of
from credit.notes import Reason
from credit.overruns.collect_last import owe_again
from credit.permissions import BOOK
from credit.plans.follow_plan import follow_plan
from credit.shipments.model import SHIPMENTS
from credit.shipments.release_shipment import decide_all_again

RULES = ("P02.4",)

_OF = "SELECT account_id FROM documents WHERE id = $1"
_PAID = """SELECT debit_id FROM allocations WHERE credit_id = $1 GROUP BY debit_id HAVING sum(amount) > 0"""


class BelongsToShipment(Refused):
    """The document follows a shipment: cancel or return that."""

    title = "Cancel the shipment instead"
    zh = "此单据随发货产生，不能单独冲销。请取消发货，或办理退货。"


class ReverseForm(BaseModel):
    """Why it is taken back; kept sealed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reason: Reason


@post("/v1/documents/{document_id}/reverse", needs=BOOK, status=201)
async def reverse_document(document_id: UUID, form: ReverseForm, principal: Principal, tx: Tx) -> Answer[DocumentView]:
    """Book the contrary. What it had paid is open again, and goods that were released on it are decided again."""
    account_id = await tx.driver.fetchval(_OF, document_id)
    if account_id is None:
        raise NotFound("There is no such document, or none at a branch that you may see. Check the id.")
    account = await account_of(tx, account_id, BOOK, principal)
    document = await tx.get(DOCUMENTS, document_id)
    if document.shipment_id is not None and document.kind is not DocumentKind.PAYMENT:
        raise BelongsToShipment("It follows a shipment. Cancel the shipment, or take the goods back.", rules=RULES)
    waited, paid = document.reserved, [row[0] for row in await tx.driver.fetch(_PAID, document.id)]
    reversal = new_document(
        tx,
        account,
        DocumentKind.REVERSAL,
        document.amount,
        customer_id=document.customer_id,
        dated_on=civil(tx.now),
        corrects=document.id,
        shipment_id=document.shipment_id,
    )
    await reverse(tx, account, document, reversal)
    await give_reason(tx, reversal, form.reason)
    if waited and document.shipment_id is not None:
        receive(account, await tx.get(SHIPMENTS, document.shipment_id), -document.amount)
    reopened: dict[UUID, Document] = await tx.load(DOCUMENTS, paid)
    await owe_again(tx, account, reopened.values())
    await settle(tx, account)
    await follow_plan(tx, account)
    tx.later(decide_all_again, account.id)
    await tx.flush()
    return Answer(await view_of(tx, reversal), status=201)
