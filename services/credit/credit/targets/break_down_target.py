"""Breaks a target down to the salespeople of its area; the parts are the whole, to the cent (P02.1)."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from chassis.auth import Principal
from chassis.fields import Slug
from chassis.http import put
from chassis.problems import Invalid
from chassis.tx import Tx
from chassis.wrong import Wrong
from contracts.money import Amount
from policy.directory import Directory
from policy.obligations import met
from pydantic import BaseModel, ConfigDict, Field

from credit.permissions import BREAK_DOWN_TARGET
from credit.policy import BREAK_DOWN
from credit.salespeople import sells
from credit.targets.assign_salesperson import Subject
from credit.targets.read_targets import TargetView, target_of, view_of

RULES = ("P02.1",)


class PartForm(BaseModel):
    """What one salesperson is to reach at a branch."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    person: Subject
    branch: Slug
    amount: Annotated[Amount, Field(gt=0)]


class PartsForm(BaseModel):
    """Every part; each person once a branch."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    shares: Annotated[list[PartForm], Field(min_length=1, max_length=500)]


@put("/v1/targets/{target_id}/shares", needs=BREAK_DOWN_TARGET)
async def break_down_target(target_id: UUID, form: PartsForm, principal: Principal, tx: Tx) -> TargetView:
    """Say who is to reach what. 409 with the difference where the parts are not the whole; again: replaced."""
    target = await target_of(tx, target_id, BREAK_DOWN_TARGET, principal)
    branches = set(Directory.of(tx.runtime).branches_of(target.place))
    errors, named = [], set()
    for n, share in enumerate(form.shares):
        if share.branch not in branches:
            errors.append(Wrong.NOT_BELONGING.at(f"/shares/{n}/branch", f"does not belong to {target.place}"))
        elif not sells(tx, share.person, [share.branch]):
            errors.append(Wrong.WITHOUT_ROLE.at(f"/shares/{n}/person", f"sells nothing at {share.branch} now"))
        if (share.person, share.branch) in named:
            errors.append(Wrong.DUPLICATE.at(f"/shares/{n}"))
        named.add((share.person, share.branch))
    if errors:
        raise Invalid("A target is broken down to those who sell in its area.", rules=RULES, errors=errors[:50])
    target.break_down(
        [{"person": one.person, "branch": one.branch, "amount": str(one.amount)} for one in form.shares],
        principal.subject,
        tx.now,
    )
    met(tx, BREAK_DOWN, target.id, at=tx.now)
    await tx.flush()
    return view_of(tx, target, principal)
