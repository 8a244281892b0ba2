"""Asks that a customer be forgotten; once approved, keys and tokens are destroyed here and everywhere (P05.14)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from chassis.auth import Principal
from chassis.http import post
from chassis.ids import uuid7
from chassis.jobs import Work, job
from chassis.problems import Refused
from chassis.tx import Tx
from contracts.archive import AccessRecorded
from contracts.customer import CustomerErased
from contracts.topics import CUSTOMER_STATE
from policy.approvals import Asked, ask, granted, refused
from policy.obligations import owe
from policy.policies import policy
from policy.reasons import forget_reasons
from pydantic import BaseModel, ConfigDict

from customer.customer import CUSTOMERS
from customer.erasure.model import ERASURES, Erasure, ErasureState, Ground
from customer.erasure.views import ErasureView, view_of
from customer.files.read_customer import within
from customer.permissions import ERASE_CUSTOMER
from customer.policy import ANSWERS, ERASURE, CustomerPolicy

RULES = ("P05.14",)

_OPEN = "SELECT id FROM erasures WHERE customer_id = $1 AND state <> 'refused'"
_ASKED = "SELECT id FROM erasures WHERE customer_id = $1"


class ErasureAsked(Refused):
    """The erasure of this customer has been asked for already."""

    title = "It has been asked for already"
    zh = "此客户的信息删除已经申请。请等待审批与执行。"
    rules = RULES


class ErasureForm(BaseModel):
    """Why the customer may be forgotten."""

    model_config = ConfigDict(extra="forbid")

    ground: Ground


@post("/v1/customers/{customer_id}/erasure", needs=ERASE_CUSTOMER, status=201)
async def ask_erasure(customer_id: UUID, form: ErasureForm, principal: Principal, tx: Tx) -> ErasureView:
    """Ask for the erasure of a customer. Nothing is gone before it is approved; afterwards nothing comes back."""
    customer = await within(tx, customer_id, ERASE_CUSTOMER, principal, lock=True)
    found = await tx.driver.fetchval(_OPEN, customer_id)
    if found is not None:
        raise ErasureAsked(f"Read how far it is at /v1/erasures/{found}.", path=f"/v1/erasures/{found}")
    own = policy(tx, CustomerPolicy, customer.branch, tx.now)
    erasure = Erasure(
        id=uuid7(),
        customer_id=customer.id,
        branch=customer.branch,
        ground=form.ground,
        asked_by=principal.subject,
        asked_at=tx.now,
        expected=["customer", *own.holders],
    )
    tx.add(erasure)
    ask(
        tx,
        ERASURE,
        erasure,
        {"customer_id": str(customer.id), "ground": form.ground.value},
        chain=own.erasure,
        by=principal.subject,
        branch=customer.branch,
        path=f"/v1/erasures/{erasure.id}",
    )
    await tx.flush()
    return view_of(erasure)


@granted(ERASURE, ERASURES)
def order_erasure(erasure: Erasure, asked: Asked, tx: Tx) -> None:
    """It is approved: a job destroys what is here, and tells the others in the same transaction."""
    tx.later(erase_customer, erasure.id)


@refused(ERASURE)
def drop_erasure(erasure: Erasure, asked: Asked, tx: Tx) -> None:
    """The customer stays."""
    erasure.refuse()


@job(retry=("1s", "5s", "1m", "10m", "1h"))
async def erase_customer(ref: str, work: Work) -> None:
    """Destroy the file's key and tokens, leave a tombstone in the directory, and tell every other service."""
    async with work.runtime.transaction() as tx:
        erasure = await tx.get(ERASURES, UUID(ref))
        if erasure.state is not ErasureState.ASKED:
            return
        customer = await tx.get(CUSTOMERS, erasure.customer_id)
        keys = await tx.destroy_keys([customer.subject_id])
        keys += await forget_reasons(tx, [row[0] for row in await tx.driver.fetch(_ASKED, customer.id)])
        tokens = await tx.driver.fetch("DELETE FROM customer_tokens WHERE customer_id = $1 RETURNING 1", customer.id)
        customer.erased_at = tx.now
        erasure.order(tx.now, keys + len(tokens))
        told = CustomerErased(erasure_id=erasure.id, customer_id=customer.id, erased_at=tx.now)
        tx.publish(customer, told)
        tx.withdraw(CUSTOMER_STATE, customer)
        record_erasure(tx, erasure, "erase")
        deadline = policy(tx, CustomerPolicy, erasure.branch, tx.now).answers
        path = f"/v1/erasures/{erasure.id}"
        owe(tx, ANSWERS, erasure.id, deadline, branch=erasure.branch, since=tx.now, path=path)


def record_erasure(tx: Tx, erasure: Erasure, did: str) -> None:
    """What was destroyed on whose word, for the audit log."""
    said: dict[str, Any] = {"action": did, "table": "customers", "purpose": erasure.ground.value, "digests": []}
    tx.record(
        AccessRecorded(
            service=tx.runtime.name,
            actor=erasure.asked_by,
            ids=[str(erasure.customer_id), str(erasure.id)],
            rules=list(RULES),
            at=tx.now,
            **said,
        )
    )
