"""Goods over the limit: a distributor for each way out, up to who bears what is never paid (P11.6 – P11.10, P11.15).

Everything has its own reference: what was done before is only read.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from chassis.runtime import utc_now
from policy.calendar import civil

from tests.journeys.trading import (
    AREA_MANAGER,
    FINANCE,
    HEAD,
    SELLER,
    asked,
    booked,
    deduction,
    leaves,
    proportions,
)
from tests.journeys.walk import Walk


@dataclass(frozen=True)
class Goods:
    """Goods with which an account comes to so much of its limit, and the way by which they go."""

    reaches: Decimal
    way: str


#: what is signed for is less than a third of the limit
WITHIN = Goods(Decimal("0.90"), "within_limit")
FIRST, LAST = Goods(Decimal("1.20"), "first_overrun"), Goods(Decimal("1.40"), "last_overrun")
REMIT = Goods(Decimal("1.50"), "remit_first")
#: which distributor takes which ways, one after the other
WAYS: dict[int, tuple[Goods, ...]] = {1: (WITHIN, FIRST), 2: (WITHIN, FIRST, LAST), 3: (REMIT,)}
#: whose last overrun is never paid
LOST = 2


async def went_over(walk: Walk, accounts: dict[int, tuple[str, str]], database: str) -> dict[str, Any]:
    """What became of the goods, and of the one debt that is lost.

    `accounts` has each distributor's account and customer. `database` is credit's: the day from which it is said who
    bears a bad debt is brought forward, as the nights are.
    """
    gone: dict[int, list[dict[str, Any]]] = {}
    for n, ways in WAYS.items():
        gone[n] = [await _goes(walk, *accounts[n], f"trade-{n:03d}-goods-{turn}", way) for turn, way in enumerate(ways)]
    return {
        "over_the_limit": [
            {"distributor": n, "way_out": goods.way, **_line(one)}
            for n, shipments in gone.items()
            for goods, one in zip(WAYS[n], shipments, strict=True)
        ],
        "never_paid": await _lost(walk, gone[LOST][-1], database),
    }


async def _goes(walk: Walk, account: str, customer: str, ref: str, goods: Goods) -> dict[str, Any]:
    """Goods are asked for, held until their way out is taken, invoiced and gone; as credit shows them then."""
    path = f"/v1/accounts/{account}"
    known = await walk.sees(SELLER, "credit", f"/v1/shipments?account_id={account}&limit=100", lambda seen: True)
    shipment = next((one for one in known["items"] if one["lines"][0]["batch"] == ref), None)
    if shipment is None:
        stands = await walk.sees(SELLER, "credit", path, lambda seen: True)
        amount = Decimal(stands["limit"]) * goods.reaches - Decimal(stands["exposure"])
        shipment = await asked(walk, stands, customer, f"{amount:.2f}", batch=ref, origin="trade", origin_ref=ref)
    own = f"/v1/shipments/{shipment['id']}"
    if shipment["state"] == "held":
        offered = {way["code"] for way in shipment["decision"]["ways_out"]}
        assert goods.way in offered, f"{ref}: {goods.way} is not among {sorted(offered)}"
        if goods is REMIT:
            today = str(civil(utc_now()))
            await booked(walk, path, customer, "payment", shipment["amount"], today, shipment_id=shipment["id"])
        else:
            if not shipment["waits_for"]:
                await walk.does(SELLER, "credit", f"{own}/ask-signature")
            await walk.signs([AREA_MANAGER], shipment["id"], "credit")
    shipment = await walk.sees(SELLER, "credit", own, lambda seen: seen["state"] != "held")
    await leaves(walk, shipment)
    gone: dict[str, Any] = await walk.sees(SELLER, "credit", own, lambda seen: seen["state"] == "issued")
    return gone


def _line(shipment: dict[str, Any]) -> dict[str, Any]:
    """How much went, what of it was paid before, by which rules it was released, who signed."""
    return {
        "shipment": shipment["id"],
        "amount": shipment["amount"],
        "prepaid": shipment["prepaid"],
        "way": shipment["decision"]["way"],
        "rules": shipment["decision"]["rules"],
        "signature": shipment["signature"],
    }


async def _lost(walk: Walk, shipment: dict[str, Any], database: str) -> dict[str, Any]:
    """The last overrun that is never paid: declared by finance, shared as approved, deducted by staff (P11.8)."""
    loss = await walk.does(FINANCE, "credit", "/v1/losses", {"document_id": shipment["invoice_id"]})
    path = f"/v1/losses/{loss['id']}"
    if loss["state"] != "borne":
        await proportions(walk, database)
        named = {"salesperson": SELLER, "area_manager": AREA_MANAGER}
        bearers = [{"part": part, "person": person} for part, person in named.items()]
        await walk.does(FINANCE, "credit", f"{path}/ask-shares", {"bearers": bearers})
        await walk.signs([HEAD], loss["id"], "credit")
    borne = await walk.sees(FINANCE, "credit", path, lambda seen: seen["state"] == "borne")
    return {
        "loss": loss["id"],
        "rule": borne["rule"],
        "amount": borne["amount"],
        "shares": {one["part"]: one["amount"] for one in borne["shares"]},
        "deducted": {
            who: str(await deduction(walk, who, loss["id"], loss["amount"])) for who in (SELLER, AREA_MANAGER)
        },
    }
