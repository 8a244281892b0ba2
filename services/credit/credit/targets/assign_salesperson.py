"""Says who looks after an account from a day on: what it buys and pays from then on counts for them (P02.1, P02.4)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from chassis.auth import Principal
from chassis.fields import Text
from chassis.http import Page, get, post
from chassis.ids import uuid7
from chassis.problems import Invalid
from chassis.tx import Tx
from chassis.wrong import Wrong
from policy.calendar import civil
from pydantic import BaseModel, ConfigDict, Field

from credit.account import account_of
from credit.permissions import ASSIGN_SALESPERSON, READ_ACCOUNT
from credit.salespeople import sells

RULES = ("P02.1", "P02.4")

#: how many of an account's salespeople are shown, the newest first
_MOST = 100
_ASSIGN = """INSERT INTO salespeople (id, account_id, person, from_on, assigned_by, assigned_at)
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (account_id, from_on) DO UPDATE
    SET person = excluded.person, assigned_by = excluded.assigned_by, assigned_at = excluded.assigned_at"""
_ASSIGNED = """SELECT person, from_on, assigned_by, assigned_at FROM salespeople WHERE account_id = $1
    ORDER BY from_on DESC LIMIT $2"""

Subject = Annotated[Text, Field(min_length=1, max_length=100)]


class AssignForm(BaseModel):
    """Who, from the beginning of which day on; the subject of somebody of staff who sells at the branch."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    person: Subject
    from_on: date | None = None


class AssignedView(BaseModel):
    """Who looks after the account from a day on, until the next one's."""

    person: str
    from_on: date
    assigned_by: str
    assigned_at: datetime


@post("/v1/accounts/{account_id}/salespeople", needs=ASSIGN_SALESPERSON)
async def assign_salesperson(account_id: UUID, form: AssignForm, principal: Principal, tx: Tx) -> Page[AssignedView]:
    """Assign the account, from today or a later day on; the same day again takes the place of what was said."""
    account = await account_of(tx, account_id, ASSIGN_SALESPERSON, principal)
    today = civil(tx.now)
    if form.from_on is not None and form.from_on < today:
        raise Invalid(
            "What was sold before today counts for who looked after the account then.",
            errors=[Wrong.NOT_BEFORE.at("/from_on", limit=today)],
        )
    if not sells(tx, form.person, [account.branch]):
        raise Invalid(
            "Name somebody who sells at the account's branch: a salesperson, sales, or its sales manager.",
            rules=RULES,
            errors=[Wrong.WITHOUT_ROLE.at("/person", f"sells nothing at {account.branch} now")],
        )
    await tx.driver.execute(_ASSIGN, uuid7(), account.id, form.person, form.from_on or today, principal.subject, tx.now)
    return await _assigned(tx, account.id)


@get("/v1/accounts/{account_id}/salespeople", needs=READ_ACCOUNT)
async def list_salespeople(account_id: UUID, principal: Principal, tx: Tx) -> Page[AssignedView]:
    """Who has looked after the account, the newest first; at most 100."""
    await account_of(tx, account_id, READ_ACCOUNT, principal, lock=False)
    return await _assigned(tx, account_id)


async def _assigned(tx: Tx, account_id: UUID) -> Page[AssignedView]:
    rows = await tx.driver.fetch(_ASSIGNED, account_id, _MOST)
    return Page(items=[AssignedView.model_validate(dict(row)) for row in rows])
