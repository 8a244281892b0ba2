"""Moves goods of a batch from one holder to the next: nobody passes on more than they have received (P02.3)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from uuid import UUID

from chassis.ids import uuid7
from chassis.problems import Refused
from chassis.tx import Tx

from credit.destinations.model import WAREHOUSE, Movement, account_holder

RULES = ("P02.3",)

#: locks the holder's row, so that of what they have each part is passed on once
_TAKE = """UPDATE holdings SET passed_on = passed_on + $5 WHERE branch = $1 AND product = $2 AND batch = $3
    AND holder = $4 AND received - passed_on >= $5 RETURNING true"""
_LEFT = """SELECT received - passed_on FROM holdings
    WHERE branch = $1 AND product = $2 AND batch = $3 AND holder = $4"""
_GIVE = """INSERT INTO holdings (branch, product, batch, holder, received, passed_on) VALUES ($1, $2, $3, $4, $5, 0)
    ON CONFLICT (branch, product, batch, holder) DO UPDATE SET received = holdings.received + excluded.received"""

#: what of a product a shipment brought to its account and has not come back, the named batch first
_WENT = """SELECT batch, sum(CASE from_holder WHEN $4 THEN quantity ELSE -quantity END) AS there FROM movements
    WHERE branch = $1 AND product = $2 AND shipment_id = $5 GROUP BY batch ORDER BY batch <> $3, batch"""


class MoreThanReceived(Refused):
    """The holder has not that much of the batch left."""

    title = "More would go than was received"
    zh = "转出数量超过该持有人收到的数量。请核对数量。"


async def move(tx: Tx, movement: Movement) -> None:
    """Record it. What leaves our own warehouse has no account to be checked against; `MoreThanReceived` otherwise."""
    batch = (movement.branch, movement.product, movement.batch)
    if movement.from_holder != WAREHOUSE:
        taken = await tx.driver.fetchval(_TAKE, *batch, movement.from_holder, movement.quantity)
        if not taken:
            left = await tx.driver.fetchval(_LEFT, *batch, movement.from_holder) or Decimal("0.000")
            raise MoreThanReceived(
                f"Of this batch {left} is left there. Report what they have received first, or less.",
                rules=RULES,
                left=str(left),
            )
    if movement.to_holder != WAREHOUSE:
        await tx.driver.execute(_GIVE, *batch, movement.to_holder, movement.quantity)
    tx.add(movement)


async def goods_left(
    tx: Tx,
    *,
    shipment: UUID,
    account: UUID,
    branch: str,
    destination: str,
    lines: Iterable[Mapping[str, str]],
    on: date,
) -> None:
    """The lines of a shipment left our warehouse: its account has them from now on, batch by batch."""
    for batch, quantity in _by_batch(lines):
        movement = _of_shipment(tx, shipment, branch, batch, quantity, WAREHOUSE, account_holder(account), on)
        await move(tx, replace(movement, destination=destination))


async def goods_came_back(
    tx: Tx, *, shipment: UUID, account: UUID, branch: str, lines: Iterable[Mapping[str, str]], on: date
) -> None:
    """Lines of a shipment are in our warehouse again, batch by batch. `MoreThanReceived` where they were passed on.

    Of a batch that left instead of the one of the line, that one comes back. Goods that left before movements were
    kept have none to take back.
    """
    holder = account_holder(account)
    for (product, batch), quantity in _by_batch(lines):
        left = quantity
        for row in await tx.driver.fetch(_WENT, branch, product, batch, WAREHOUSE, shipment):
            part = min(left, row["there"])
            if part > 0:
                goods = product, row["batch"]
                await move(tx, _of_shipment(tx, shipment, branch, goods, part, holder, WAREHOUSE, on))
                left -= part
        await tx.flush()


def _by_batch(lines: Iterable[Mapping[str, str]]) -> list[tuple[tuple[str, str], Decimal]]:
    """How much of each product and batch, in their order."""
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for line in lines:
        sums[line["product"], line["batch"]] += Decimal(line["quantity"])
    return sorted(sums.items())


def _of_shipment(
    tx: Tx, shipment: UUID, branch: str, goods: tuple[str, str], quantity: Decimal, source: str, to: str, on: date
) -> Movement:
    identifier = uuid7()
    return Movement(
        id=identifier,
        branch=branch,
        product=goods[0],
        batch=goods[1],
        quantity=quantity,
        from_holder=source,
        to_holder=to,
        moved_on=on,
        shipment_id=shipment,
        reported_by=tx.actor,
        reported_at=tx.now,
        origin="credit",
        origin_ref=str(identifier),
    )
