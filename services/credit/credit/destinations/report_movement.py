"""Takes a report of goods that a channel member has passed on, sold again or sent back (P02.3)."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

from chassis.auth import Principal
from chassis.fields import Slug
from chassis.http import Answer, post
from chassis.ids import uuid7
from chassis.problems import Forbidden, Invalid
from chassis.tx import Tx
from chassis.wrong import Wrong
from policy.calendar import civil
from pydantic import BaseModel, ConfigDict, StringConstraints

from credit.account import ACCOUNTS
from credit.destinations.model import MOVEMENTS, WAREHOUSE, Movement
from credit.destinations.move_goods import move
from credit.destinations.trace_goods import MovementView, view_of
from credit.permissions import REPORT_MOVEMENT
from credit.shipments.form import Code, Quantity, Reference
from credit.shipments.request_shipment import ReferenceUsed

RULES = ("P02.3",)

_UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
Holder = Annotated[str, StringConstraints(pattern=rf"^(warehouse|account:{_UUID}|place:[a-z0-9][a-z0-9-]{{0,49}})$")]

_KNOWN = "SELECT id FROM movements WHERE origin = $1 AND origin_ref = $2"
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"


class MovementForm(BaseModel):
    """Whose goods went where; a holder is `account:<id>`, `place:<code>` or, for what a place sends us, `warehouse`.

    `origin` and `origin_ref` are the report's own number: told twice it is recorded once.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    branch: Slug
    product: Code
    batch: Code
    quantity: Quantity
    from_holder: Holder
    to_holder: Holder
    moved_on: date
    origin: Slug
    origin_ref: Reference


@post("/v1/movements", needs=REPORT_MOVEMENT, status=201)
async def report_movement(form: MovementForm, principal: Principal, tx: Tx) -> Answer[MovementView]:
    """Record it. 409 where more would go than was received; the same report again answers 200."""
    if not REPORT_MOVEMENT.reach(principal).includes(form.branch):
        raise Forbidden("You may not report for this branch. Ask for the role there.")
    await tx.driver.execute(_LOCK, f"movement {form.origin} {form.origin_ref}")
    known = await tx.driver.fetchval(_KNOWN, form.origin, form.origin_ref)
    if known is not None:
        return Answer(view_of(_same(await tx.get(MOVEMENTS, known, lock=False), form)), status=200)
    await _refuse_misfit(tx, form)
    movement = Movement(
        id=uuid7(), reported_by=principal.subject, reported_at=tx.now, **form.model_dump()
    )  # fmt: skip
    await move(tx, movement)
    await tx.flush()
    return Answer(view_of(movement), status=201)


async def _refuse_misfit(tx: Tx, form: MovementForm) -> None:
    errors = []
    if form.moved_on > civil(tx.now):
        errors.append(Wrong.IN_FUTURE.at("/moved_on"))
    if form.from_holder == WAREHOUSE:
        errors.append(Wrong.NOT_HERE.at("/from_holder", "what leaves our warehouse is a shipment"))
    if form.from_holder.startswith("account:") and form.to_holder == WAREHOUSE:
        errors.append(Wrong.NOT_HERE.at("/to_holder", "what an account gives back is a return of its shipment"))
    if form.from_holder == form.to_holder:
        errors.append(Wrong.SAME.at("/to_holder", "is where they are already"))
    if form.to_holder.startswith("account:"):
        account = UUID(form.to_holder.partition(":")[2])
        found = (await tx.load(ACCOUNTS, [account], lock=False)).get(account)
        if found is None or found.branch != form.branch:
            errors.append(Wrong.NOT_BELONGING.at("/to_holder", "no account of this branch"))
    if errors:
        raise Invalid("The report does not fit together.", rules=RULES, errors=errors)


def _same(known: Movement, form: MovementForm) -> Movement:
    if any(getattr(known, name) != value for name, value in form):
        raise ReferenceUsed("Another movement was reported under this reference. Take a new one.")
    return known
