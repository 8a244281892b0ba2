"""Asks the area manager to sign goods over the limit, as the first or the last, for an amount and a time (P11.7)."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import islice
from uuid import UUID

from chassis.auth import Principal
from chassis.http import Answer, post
from chassis.problems import Refused
from chassis.tx import Tx
from contracts.credit import ReleaseStep
from policy.approvals import Asked, ask, granted
from policy.calendar import civil
from policy.directory import Directory

from credit.permissions import REQUEST_SHIPMENT
from credit.policy import OVERRUN
from credit.shipments.decide_invoiced import decide_invoiced
from credit.shipments.deciding import OVERRUNS, answered, decide_shipment, shipment_of
from credit.shipments.model import SHIPMENTS, Shipment, ShipmentState
from credit.shipments.release_shipment import decide_held_again
from credit.shipments.views import ShipmentView

RULES = ("P11.7", "P11.8", "P11.9")


class NothingToSign(Refused):
    """No signature would let these goods go."""

    title = "A signature is no way out here"
    zh = "此次暂停不能以签批放行。请按所列的其他办法处理。"


@post("/v1/shipments/{shipment_id}/ask-signature", needs=REQUEST_SHIPMENT)
async def ask_signature(shipment_id: UUID, principal: Principal, tx: Tx) -> Answer[ShipmentView]:
    """Ask for the signature, where it is one of the ways out now. Until it is decided the goods are not changed."""
    account, shipment, sums = await shipment_of(tx, shipment_id, REQUEST_SHIPMENT, principal)
    shipment.refuse_unless(ShipmentState.HELD, ShipmentState.INVOICED)
    if shipment.state is ShipmentState.INVOICED:
        decision = await decide_invoiced(tx, account, shipment, sums, leaving=False)
    else:
        decision = await decide_shipment(tx, account, shipment, ReleaseStep.RELEASE, sums)
    if decision.released:
        return await answered(tx, shipment)
    offered = [way.code for way in decision.ways_out]
    kind = next((kind for way, kind in OVERRUNS.items() if way.value in offered), None)
    if kind is None:
        raise NothingToSign(
            "A signature does not free these goods. Read the ways out of the shipment.",
            rules=RULES,
            ways_out=offered,
        )
    rules = account.policy(tx)
    ask(
        tx,
        OVERRUN,
        shipment,
        {
            "kind": kind,
            "account": str(account.id),
            "exposure": shipment.decision["exposure"],
            "limit": shipment.decision["limit"],
            "working_days": rules.signature_days,
        },
        chain=rules.first_overrun if kind == "first" else rules.last_overrun,
        by=principal.subject,
        branch=account.branch,
        path=f"/v1/shipments/{shipment.id}",
        amount=shipment.amount,
        parties=[f"account:{account.id}"],
    )
    return await answered(tx, shipment)


@granted(OVERRUN, SHIPMENTS)
def signature_given(shipment: Shipment, asked: Asked, tx: Tx) -> None:
    """It is signed, as it was shown; whether that frees the goods the rules say, on what is known then.

    It holds for some working days after the one on which it was signed, however long the signer let it wait.
    """
    last = asked.stages[-1][-1]
    shipment.sign(
        {
            "kind": asked.offer["kind"],
            "amount": str(asked.amount),
            "until": str(_until(asked, tx)),
            "signer": last["on_behalf_of"] or last["by"],
            "approval": str(asked.id),
        }
    )
    tx.later(decide_held_again, shipment.account_id)


def _until(asked: Asked, tx: Tx) -> date:
    """The last day of the working days that were shown; what was asked before there were any showed the day itself."""
    if "until" in asked.offer:
        return date.fromisoformat(asked.offer["until"])
    calendar = Directory.of(tx.runtime).calendar(asked.branch)
    worked = (day.date for day in calendar.from_(civil(tx.now) + timedelta(days=1)) if day.works)
    return next(islice(worked, asked.offer["working_days"] - 1, None))
