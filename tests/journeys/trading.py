"""Goods on credit, step by step as a branch's people take them; used by the tests and the demo."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from chassis.runtime import utc_now
from policy.calendar import civil

from tests.faults.system import rows
from tests.journeys.walk import Walk

BRANCH = "nj-jiangning"
KEEPER, HEAD = f"information-specialist-{BRANCH}-1", f"general-manager-{BRANCH}-1"
FINANCE, SELLER, WAREHOUSE = f"finance-{BRANCH}-1", f"salesperson-{BRANCH}-1", f"warehouse-keeper-{BRANCH}-1"
AREA_MANAGER = "area-east-1"
DRAFTER, DECIDER = "hr-2", "gm-1"
#: whoever bears a bad debt, in equal parts
PARTS = {"salesperson": 1, "area_manager": 1, "company": 1}


async def booked(walk: Walk, path: str, customer: str, kind: str, amount: str, on: str, **more: Any) -> dict[str, Any]:
    """Finance books a document."""
    form = {"kind": kind, "customer_id": customer, "amount": amount, "dated_on": on, "origin": "erp",
            "origin_ref": f"{path}/{kind}/{amount}", **more}  # fmt: skip
    found: dict[str, Any] = await walk.does(FINANCE, "credit", f"{path}/documents", form)
    return found


async def asked(
    walk: Walk, account: dict[str, Any], customer: str, amount: str, batch: str = "b-7", **more: Any
) -> dict[str, Any]:
    """Goods of this amount are asked for."""
    line = {"product": "p-100", "batch": batch, "quantity": "1", "price": amount}
    form = {"account_id": account["id"], "customer_id": customer, "destination": "nj-depot-2", "lines": [line],
            **more}  # fmt: skip
    found: dict[str, Any] = await walk.does(SELLER, "credit", "/v1/shipments", form)
    return found


async def leaves(walk: Walk, shipment: dict[str, Any]) -> None:
    """Released goods are invoiced and leave the warehouse; those that were invoiced or have left stay as they are."""
    path = f"/v1/shipments/{shipment['id']}"
    if shipment["state"] == "released":
        shipment = await walk.does(FINANCE, "credit", f"{path}/invoice")
    issued = await walk.does(WAREHOUSE, "credit", f"{path}/issue") if shipment["state"] == "invoiced" else shipment
    assert (issued["state"], issued["unreleased"]) == ("issued", False)


async def proportions(walk: Walk, database: str) -> None:
    """Who bears which part of a bad debt: proposed, approved, and in force.

    A change holds from a later day on (P01.18). That day is brought forward, with the decision about it.
    """
    tomorrow = str(civil(utc_now()) + timedelta(days=1))
    now = await walk.sees(DRAFTER, "credit", f"/v1/policies/explain?branch={BRANCH}", lambda seen: True)
    value = next(one["value"] for one in now["values"] if (one["policy"], one["name"]) == ("credit", "proportions"))
    form = {"policy": "credit", "layer": "group", "values": {"proportions": {**value, "bad_debt": PARTS}},
            "effective_on": tomorrow, "reason": "损失分担比例"}  # fmt: skip
    proposed = await walk.does(DRAFTER, "credit", "/v1/policies/versions", form)
    await walk.signs([DECIDER], proposed["id"], "credit")
    path = f"/v1/policies/versions/{proposed['id']}"
    await walk.sees(DRAFTER, "credit", path, lambda seen: seen["state"] == "approved")
    await rows(
        database,
        "UPDATE kehu.policy_versions SET effective_on = effective_on - 2, decided_at = decided_at - interval '2 d' "
        "WHERE id::text = $1",
        proposed["id"],
    )


async def deduction(walk: Walk, who: str, loss: str, amount: str) -> Decimal:
    """What a bearer finds in their own conduct ledger about a loss: that one share, and nothing else."""
    page = await walk.sees(
        who,
        "staff",
        f"/v1/conduct/breaches?person={who}",
        lambda page: any(one["subject"] == loss for one in page["items"]),
    )
    (line,) = [one for one in page["items"] if one["subject"] == loss]
    seen = await walk.sees(who, "staff", f"/v1/conduct/breaches/{line['id']}", lambda seen: bool(seen["entries"]))
    assert (seen["rule"], seen["kind"], seen["state"]) == ("P11.8", "bad_debt", "recorded")
    assert seen["base"]["amount"] == amount
    (entry,) = seen["entries"]
    assert entry["cost"]["share"] == seen["consequence"]["cost"]["share"]
    return Decimal(entry["cost"]["share"]["amount"])
