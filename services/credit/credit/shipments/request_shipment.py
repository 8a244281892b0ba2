"""Takes a request for goods and decides at once: released, or held with reasons and ways out (P11.4–P11.9).

A copy is a request like any other: nothing that was signed or paid for the first goes over to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from chassis.fields import Slug
from chassis.http import Answer, post
from chassis.problems import Invalid, Problem, Refused
from chassis.together import Asked, Finds
from chassis.tx import Tx
from chassis.wrong import Wrong
from contracts.credit import ReleaseStep
from pydantic import Field

from credit.account import (
    ACCOUNTS,
    Account,
    customers_of,
    move_to_today,
    no_such_account,
    rules_from,
    sums_of_all,
)
from credit.accounts.eligibility import Facts, facts_of_all
from credit.limit.rolling import DaySums
from credit.permissions import REQUEST_SHIPMENT
from credit.shipments.deciding import decide_on
from credit.shipments.form import GoodsForm, Reference, priced
from credit.shipments.model import SHIPMENTS, Shipment
from credit.shipments.views import ShipmentView, view_of

RULES = ("P11.4", "P11.5", "P11.6", "P11.7", "P11.8", "P11.9")

_KNOWN = """SELECT id FROM shipments WHERE id = ANY($1::uuid[])
    UNION SELECT id FROM shipments s
    JOIN unnest($2::text[], $3::text[]) AS asked(origin, ref) ON s.origin = asked.origin AND s.origin_ref = asked.ref"""


class ReferenceUsed(Refused):
    """The reference was given to something else before."""

    title = "This reference was used before"
    zh = "此参考号已用于其他业务。请核对，或换用新的参考号。"


class ShipmentForm(GoodsForm):
    """A request; `origin` and `origin_ref` make a repetition safe. One of our own needs neither."""

    account_id: UUID
    customer_id: UUID
    origin: Slug | None = None
    origin_ref: Reference | None = None
    copy_of: Annotated[UUID | None, Field(description="the shipment whose lines were taken over")] = None


@dataclass
class Ground:
    """What requests on one account rest on, read with the account locked."""

    account: Account
    sums: DaySums
    facts: Facts
    #: shipments that were asked for before, by id and by reference; those of this batch too
    known: dict[UUID | tuple[str, str], Shipment]


async def grounds_of(tx: Tx, asked: Sequence[Asked[ShipmentForm]]) -> list[Ground | None]:
    """What each rests on; None where there is no such account. Requests on one account share its ground."""
    accounts = await tx.load(ACCOUNTS, [one.form.account_id for one in asked])
    since = {account.id: rules_from(account.limit_on, account.policy(tx)) for account in accounts.values()}
    sums = await sums_of_all(tx, since)
    facts = await facts_of_all(tx, list(accounts.values()))
    references = [(one.form.origin, one.form.origin_ref) for one in asked if one.form.origin is not None]
    ids = await tx.driver.fetch(
        _KNOWN, [one.id for one in asked], [origin for origin, _ in references], [ref for _, ref in references]
    )
    known: dict[UUID | tuple[str, str], Shipment] = {}
    for shipment in (await tx.load(SHIPMENTS, [row[0] for row in ids], lock=False)).values():
        _note(known, shipment)
    grounds = {a.id: Ground(a, sums[a.id], facts[a.id], known) for a in accounts.values()}
    return [grounds.get(one.form.account_id) for one in asked]


GROUNDS = Finds(grounds_of, lane=lambda form: form.account_id)


@post("/v1/shipments", needs=REQUEST_SHIPMENT, status=201, finds=GROUNDS)
def request_shipment(asked: Asked[ShipmentForm], ground: Ground | None, tx: Tx) -> Answer[ShipmentView] | Problem:
    """Ask for goods. `state` and `decision` say whether they may go; the same reference again answers 200."""
    try:
        ground, lines, amount, earlier = _admitted(asked, ground)
    except Problem as refusal:
        return refusal
    if earlier is not None:
        return Answer(view_of(earlier), status=201 if earlier.id == asked.id else 200)
    form, account = asked.form, ground.account
    shipment = Shipment(
        id=asked.id,
        account_id=account.id,
        customer_id=form.customer_id,
        branch=account.branch,
        destination=form.destination,
        lines=tuple(lines),
        amount=amount,
        requested_by=asked.principal.subject,
        requested_at=tx.now,
        origin=form.origin or "credit",
        origin_ref=form.origin_ref or str(asked.id),
        copy_of=form.copy_of,
    )
    tx.add(shipment)
    _note(ground.known, shipment)
    move_to_today(tx, account, ground.sums)
    decide_on(tx, account, shipment, ReleaseStep.RELEASE, ground.sums, ground.facts)
    return Answer(view_of(shipment))


def _admitted(
    asked: Asked[ShipmentForm], ground: Ground | None
) -> tuple[Ground, list[dict[str, str]], Decimal, Shipment | None]:
    """What the goods rest on and are worth, and the shipment of an earlier such request; every refusal is here."""
    form = asked.form
    if (form.origin is None) != (form.origin_ref is None):
        raise Invalid("Give origin and origin_ref together, or neither.")
    if ground is None or not REQUEST_SHIPMENT.reach(asked.principal).includes(ground.account.branch):
        raise no_such_account()
    lines, amount = priced(form.lines)
    earlier = _earlier(asked, ground, lines)
    if earlier is None and form.customer_id not in {one.customer_id for one in ground.facts.customers}:
        raise stranger()
    return ground, lines, amount, earlier


def _earlier(asked: Asked[ShipmentForm], ground: Ground, lines: list[dict[str, str]]) -> Shipment | None:
    """The shipment that this very request has made before; `ReferenceUsed` where another one did."""
    form = asked.form
    earlier = ground.known.get(asked.id)
    if earlier is None and form.origin is not None and form.origin_ref is not None:
        earlier = ground.known.get((form.origin, form.origin_ref))
    if earlier is not None and (earlier.account_id != form.account_id or list(earlier.lines) != lines):
        raise ReferenceUsed("Another shipment was asked for under this reference. Take a new one for a new shipment.")
    return earlier


def _note(known: dict[UUID | tuple[str, str], Shipment], shipment: Shipment) -> None:
    known[shipment.id] = known[shipment.origin, shipment.origin_ref] = shipment


async def refuse_stranger(tx: Tx, account: Account, customer_id: UUID) -> None:
    """Only the customers of an account ship on it."""
    if customer_id not in await customers_of(tx, account.id):
        raise stranger()


def stranger() -> Invalid:
    """The refusal of a customer that does not share the account."""
    return Invalid(
        "This customer does not share the account. Name one that does.",
        errors=[Wrong.NOT_BELONGING.at("/customer_id", "not a customer of the account")],
    )
