"""Sets what an area is to sell in a period, or revises it; that it is broken down is owed from then on (P02.1)."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from chassis.auth import Principal
from chassis.http import Answer, post
from chassis.ids import uuid7
from chassis.problems import Forbidden, Refused
from chassis.tx import Tx
from contracts.money import Amount
from policy.access import AREA
from policy.directory import Directory
from policy.obligations import owe, waive
from policy.policies import policy
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from credit.permissions import SET_TARGET
from credit.policy import BREAK_DOWN, CreditPolicy
from credit.targets.model import PERIOD, TARGETS, Measure, Target, days_of
from credit.targets.read_targets import TargetView, target_of, view_of

RULES = ("P02.1",)

Place = Annotated[str, StringConstraints(pattern=r"^(area:)?[a-z0-9][a-z0-9-]{0,49}$")]
Period = Annotated[str, StringConstraints(pattern=PERIOD)]

_ONCE = """INSERT INTO targets (id, place, period, from_on, until_on, measure, amount, shares, set_by, set_at, version,
    sequence) VALUES ($1, $2, $3, $4, $5, $6, $7, '[]', $8, $9, 1, 0)
    ON CONFLICT (place, period, measure) DO NOTHING RETURNING id"""


class TargetSet(Refused):
    """There is a target for this place, period and measure."""

    title = "There is such a target already"
    zh = "该地区、期间和指标已有目标。请修改原目标。"


class NoBranches(Refused):
    """The place has no branch."""

    title = "Nothing is sold there"
    zh = "所选地区没有门店。请改选地区或门店。"


class TargetForm(BaseModel):
    """Where (`area:east`, or a branch), in which period (`2026-03`, `2026-Q1`, `2026`), what counts, how much."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    place: Place
    period: Period
    measure: Measure
    amount: Annotated[Amount, Field(gt=0)]


class AmountForm(BaseModel):
    """The new amount."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    amount: Annotated[Amount, Field(gt=0)]


@post("/v1/targets", needs=SET_TARGET, status=201)
async def set_target(form: TargetForm, principal: Principal, tx: Tx) -> Answer[TargetView]:
    """Set it. 409 where there is one: revise that."""
    directory = Directory.of(tx.runtime)
    reach = SET_TARGET.reach(principal)
    known = [branch for branch in directory.branches_of(form.place) if branch in directory.branches]
    if not reach.includes(form.place) and not (known and all(reach.includes(branch) for branch in known)):
        raise Forbidden("You may not set targets for this place. Ask for the role there.")
    if not known:
        raise NoBranches("The staff directory knows no branch at this place. Check its name.", rules=RULES)
    first, last = days_of(form.period)
    identifier = await tx.driver.fetchval(
        _ONCE, uuid7(), form.place, form.period, first, last, form.measure.value, form.amount, principal.subject,
        tx.now,
    )  # fmt: skip
    if identifier is None:
        raise TargetSet("Revise the one that is there, under /v1/targets/{id}/revise.", rules=RULES)
    target = await tx.get(TARGETS, identifier)
    _owe(tx, target)
    await tx.flush()
    return Answer(view_of(tx, target, principal), status=201)


@post("/v1/targets/{target_id}/revise", needs=SET_TARGET)
async def revise_target(target_id: UUID, form: AmountForm, principal: Principal, tx: Tx) -> TargetView:
    """Another amount; how it is broken down falls away and is owed anew."""
    target = await target_of(tx, target_id, SET_TARGET, principal)
    if form.amount != target.amount:
        target.revise(form.amount, principal.subject, tx.now)
        waive(tx, BREAK_DOWN, target.id, at=tx.now, reason="the target was revised")
        await tx.flush()
        _owe(tx, target)
        await tx.flush()
    return view_of(tx, target, principal)


def _owe(tx: Tx, target: Target) -> None:
    """Whoever heads the area breaks it down."""
    branch = Directory.of(tx.runtime).branches_of(target.place)[0]
    owe(
        tx,
        BREAK_DOWN,
        target.id,
        policy(tx, CreditPolicy, branch, tx.now).break_down,
        branch=branch,
        since=tx.now,
        path=f"/v1/targets/{target.id}",
        place=target.place if target.place.startswith(AREA) else Directory.of(tx.runtime).area(branch),
    )
