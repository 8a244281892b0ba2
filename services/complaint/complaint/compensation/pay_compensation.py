"""Records that compensation was paid or given, only after it was granted and while nothing holds it (P12.10)."""

from __future__ import annotations

from uuid import UUID

from chassis.auth import Principal
from chassis.http import post
from chassis.problems import Invalid
from chassis.tx import Tx
from chassis.wrong import Wrong
from contracts.complaint import CompensationPaid
from pydantic import AwareDatetime, BaseModel, ConfigDict

from complaint.compensation.offer_compensation import compensation_within
from complaint.compensation.views import CompensationView, view_of
from complaint.permissions import PAY_COMPENSATION

RULES = ("P12.10", "P17.8")


class Payment(BaseModel):
    """When it was paid or given, if not now."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"paid_at": "2026-03-02T07:30:00Z"}]})

    paid_at: AwareDatetime | None = None


@post("/v1/compensations/{compensation_id}/pay", needs=PAY_COMPENSATION)
async def pay_compensation(compensation_id: UUID, payment: Payment, principal: Principal, tx: Tx) -> CompensationView:
    """Record the payment. 409 while an approval of the case is open, and when this one was not granted."""
    case, compensation = await compensation_within(tx, compensation_id, PAY_COMPENSATION, principal)
    case.refuse_while_held("pay")
    at = payment.paid_at or tx.now
    compensation.pay(principal.subject, at)
    if not (compensation.decided_at or tx.now) <= at <= tx.now:
        wrong = Wrong.IN_FUTURE if at > tx.now else Wrong.BEFORE_BEGIN
        raise Invalid(
            "It is paid after it was granted, and recorded when it has been.",
            errors=[wrong.at("/paid_at", "between the grant and now")],
            rules=RULES[:1],
        )
    tx.publish(
        case,
        CompensationPaid(case_id=case.id, compensation_id=compensation.id, amount=compensation.money, paid_at=at),
    )
    await tx.flush()
    return view_of(compensation)
