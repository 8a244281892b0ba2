"""Notes the collection plan that a customer has made, with dates and amounts; it is followed (P11.4, P11.9, P11.14)."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Annotated
from uuid import UUID

from chassis.auth import Principal
from chassis.http import Answer, Cursor, Limit, Page, get, post
from chassis.ids import uuid7
from chassis.lists import newest_first
from chassis.problems import Invalid
from chassis.tx import Tx
from chassis.wrong import Wrong
from contracts.money import Amount
from policy.calendar import civil
from policy.obligations import met, waive
from pydantic import BaseModel, ConfigDict, Field

from credit.account import account_of
from credit.permissions import READ_ACCOUNT, REQUEST_SHIPMENT
from credit.plans.follow_plan import owe_instalment, running_plan
from credit.plans.model import PLANS, Plan, PlanState, broken
from credit.policy import INSTALMENT, PLAN
from credit.tables import plans

RULES = ("P11.4", "P11.9", "P11.14")

_OWED = """SELECT o.subject FROM kehu.obligations o JOIN shipments s ON s.id = o.subject
    WHERE o.duty = $1 AND s.account_id = $2 AND o.ended_at IS NULL"""


class InstalmentForm(BaseModel):
    """How much, by the end of which day."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    due_on: date
    amount: Annotated[Amount, Field(gt=0)]


class PlanForm(BaseModel):
    """What the customer promises, earliest first."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    instalments: Annotated[list[InstalmentForm], Field(min_length=1, max_length=60)]


class InstalmentView(BaseModel):
    """A promise and when it was kept."""

    due_on: date
    amount: Decimal
    met_on: date | None


class PlanView(BaseModel):
    """A plan; `broken` counts promises paid late or not at all."""

    id: UUID
    account_id: UUID
    state: PlanState
    instalments: list[InstalmentView]
    broken: int
    agreed_at: datetime
    version: int


@post("/v1/accounts/{account_id}/plans", needs=REQUEST_SHIPMENT, status=201)
async def make_plan(account_id: UUID, form: PlanForm, principal: Principal, tx: Tx) -> Answer[PlanView]:
    """Note it: it covers all that is owed, and takes the place of an earlier one, whose open promises fall away."""
    account = await account_of(tx, account_id, REQUEST_SHIPMENT, principal)
    owed = account.balance + account.reserved
    days = [one.due_on for one in form.instalments]
    errors = []
    if days[0] < (today := civil(tx.now)):
        errors.append(Wrong.NOT_BEFORE.at("/instalments/0/due_on", limit=today))
    if any(later <= earlier for earlier, later in pairwise(days)):
        errors.append(Wrong.IN_ORDER.at("/instalments"))
    if sum(one.amount for one in form.instalments) < owed:
        errors.append(Wrong.SUM_TOO_SMALL.at("/instalments", limit=owed))
    if errors:
        raise Invalid("The plan does not hold.", rules=RULES[2:], errors=errors)
    earlier = await running_plan(tx, account)
    if earlier is not None:
        earlier.supersede(civil(tx.now))
        for one in earlier.instalments:
            waive(tx, INSTALMENT, UUID(one["id"]), at=tx.now, reason="another plan was agreed")
        await tx.flush()
    plan = Plan(
        id=uuid7(),
        account_id=account.id,
        branch=account.branch,
        instalments=tuple(
            {"id": str(uuid7()), "due_on": str(one.due_on), "amount": str(one.amount), "met_on": None}
            for one in form.instalments
        ),
        agreed_at=tx.now,
        noted_by=principal.subject,
    )
    tx.add(plan)
    for kept, said in zip(plan.instalments, form.instalments, strict=True):
        owe_instalment(tx, account, UUID(kept["id"]), said.due_on)
    for row in await tx.driver.fetch(_OWED, PLAN.name, account.id):
        met(tx, PLAN, row[0], at=tx.now)
    await tx.flush()
    return Answer(_view(plan, civil(tx.now)), status=201)


@get("/v1/accounts/{account_id}/plans", needs=READ_ACCOUNT)
async def list_plans(
    account_id: UUID, principal: Principal, tx: Tx, limit: Limit = 50, cursor: Cursor = None
) -> Page[PlanView]:
    """The plans of an account, the newest first, with what was kept and broken of each."""
    await account_of(tx, account_id, READ_ACCOUNT, principal, lock=False)
    found, following = await newest_first(tx, PLANS, [plans.c.account_id == account_id], limit, cursor)
    return Page(items=[_view(plan, civil(tx.now)) for plan in found], next=following)


def _view(plan: Plan, today: date) -> PlanView:
    return PlanView(
        id=plan.id,
        account_id=plan.account_id,
        state=plan.state,
        instalments=[InstalmentView.model_validate(one) for one in plan.instalments],
        broken=broken(plan.instalments, today),
        agreed_at=plan.agreed_at,
        version=plan.version,
    )
