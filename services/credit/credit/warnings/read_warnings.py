"""Lists warnings, and opens one: its rule, figures beside thresholds, the documents, what was done (P02.4)."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from chassis.auth import Principal
from chassis.fields import Slug
from chassis.http import Cursor, Limit, Page, get
from chassis.lists import newest_first
from chassis.problems import NotFound
from chassis.tx import Tx
from contracts.credit import RiskKind
from fastapi import Query
from policy.access import Permission
from pydantic import BaseModel

from credit.permissions import READ_ACCOUNT
from credit.tables import risk_warnings
from credit.warnings.model import RUNNING, WARNINGS, RiskWarning, WarningState
from credit.warnings.steps import StepView, steps_of

RULES = ("P02.4",)


class WarningLine(BaseModel):
    """A warning in a list; `amount` is what is at risk, as it was seen last."""

    id: UUID
    account_id: UUID
    branch: str
    kind: RiskKind
    state: WarningState
    amount: Decimal
    raised_on: date
    seen_on: date
    acted_at: datetime | None
    ended_at: datetime | None
    over_on: date | None
    version: int


class EvidenceView(BaseModel):
    """Figures beside their thresholds; each document and plan opens under its path."""

    figures: dict[str, str]
    thresholds: dict[str, Any]
    documents: list[str]
    plans: str | None


class WarningView(WarningLine):
    """A warning opened: why it was raised, what the figures say now, what people did. `rules` name the rulebook."""

    raised: EvidenceView
    latest: EvidenceView
    steps: list[StepView]
    rules: list[str]


def line_of(warning: RiskWarning) -> WarningLine:
    """The warning as a line."""
    return WarningLine(**{name: getattr(warning, name) for name in WarningLine.model_fields})


async def view_of(tx: Tx, warning: RiskWarning) -> WarningView:
    """The warning opened; that notes were read is recorded."""
    return WarningView(
        **line_of(warning).model_dump(),
        raised=_evidence(warning, warning.evidence),
        latest=_evidence(warning, warning.latest),
        steps=await steps_of(tx, warning),
        rules=list(RULES),
    )


def _evidence(warning: RiskWarning, kept: dict[str, Any]) -> EvidenceView:
    return EvidenceView(
        figures=kept["figures"],
        thresholds=kept["thresholds"],
        documents=[f"/v1/documents/{one}" for one in kept["documents"]],
        plans=f"/v1/accounts/{warning.account_id}/plans" if kept["plans"] else None,
    )


async def warning_of(
    tx: Tx, warning_id: UUID, permission: Permission, principal: Principal, *, lock: bool = True
) -> RiskWarning:
    """The warning, where it lies within the caller's reach; else 404."""
    warning = (await tx.load(WARNINGS, [warning_id], lock=lock)).get(warning_id)
    if warning is None or not permission.reach(principal).includes(warning.branch):
        raise NotFound("There is no such warning, or none at a branch that you may see. Check the id.")
    return warning


@get("/v1/risk-warnings/{warning_id}", needs=READ_ACCOUNT)
async def read_warning(warning_id: UUID, principal: Principal, tx: Tx) -> WarningView:
    """Open a warning. 404 when there is none within your reach."""
    return await view_of(tx, await warning_of(tx, warning_id, READ_ACCOUNT, principal, lock=False))


@get("/v1/risk-warnings", needs=READ_ACCOUNT)
async def list_warnings(
    principal: Principal,
    tx: Tx,
    running: Annotated[bool, Query(description="only those that stand now")] = False,
    kind: Annotated[RiskKind | None, Query(description="of one rule only")] = None,
    account_id: Annotated[UUID | None, Query(description="of one account only")] = None,
    branch: Annotated[Slug | None, Query(description="of one branch only")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[WarningLine]:
    """The warnings within your reach, newest first."""
    column = risk_warnings.c
    wanted = [READ_ACCOUNT.reach(principal).condition(column.branch)]
    if running:
        wanted.append(column.state.in_([state.value for state in RUNNING]))
    if kind is not None:
        wanted.append(column.kind == kind.value)
    if account_id is not None:
        wanted.append(column.account_id == account_id)
    if branch is not None:
        wanted.append(column.branch == branch)
    found, following = await newest_first(tx, WARNINGS, wanted, limit, cursor)
    return Page(items=[line_of(one) for one in found], next=following)
