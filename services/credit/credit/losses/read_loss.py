"""Opens and lists losses: what was found, who verified it, who bears what (P11.10–P11.13)."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from chassis.auth import Principal
from chassis.http import Cursor, Limit, Page, get
from chassis.lists import newest_first
from chassis.problems import NotFound
from chassis.tx import Tx
from fastapi import Query
from policy.access import Permission
from pydantic import BaseModel, Field

from credit.losses.model import LOSSES, Loss, LossKind, LossState
from credit.permissions import READ_LOSS
from credit.policy import SHARE
from credit.tables import losses
from credit.warehouse.model import GOODS_ISSUES, IssueView, issue_view

RULES = ("P11.10", "P11.11", "P11.12", "P11.13")

_EVIDENCE = "SELECT id FROM goods_issues WHERE loss_id = $1 ORDER BY id LIMIT 200"


class ShareView(BaseModel):
    """Who bears which part; nobody: the company. The amount stands once the loss is borne."""

    part: str
    person: str | None
    weight: int
    amount: Decimal | None = None


class LossView(BaseModel):
    """A loss and where it stands."""

    id: UUID
    kind: LossKind
    rule: str
    state: LossState
    account_id: UUID | None
    branch: str
    document_id: UUID | None
    shipment_id: UUID | None
    amount: Decimal
    occurred_on: date
    found_at: datetime
    legal_reserved: bool
    shares: list[ShareView]
    ended_at: datetime | None
    approval: str | None
    version: int
    evidence: Annotated[
        list[IssueView], Field(description="the lines of the warehouse's lists that it rests on; not in lists")
    ] = []


async def evidence_of(tx: Tx, loss_id: UUID) -> list[IssueView]:
    """The lines of the warehouse's lists that a loss rests on, at most 200, in their order."""
    found = await tx.load(GOODS_ISSUES, [row[0] for row in await tx.driver.fetch(_EVIDENCE, loss_id)], lock=False)
    return [issue_view(one) for _, one in sorted(found.items())]


def goods_path(loss: Loss, evidence: list[IssueView]) -> str | None:
    """Where the goods are shown to who may not see the loss."""
    if loss.shipment_id is not None:
        return f"/v1/shipments/{loss.shipment_id}"
    return f"/v1/goods-issues/{evidence[0].id}" if evidence else None


def view_of(loss: Loss, evidence: list[IssueView] | None = None) -> LossView:
    """The loss as it is shown."""
    held = loss.held.get(SHARE.name)
    return LossView(
        id=loss.id,
        kind=loss.kind,
        rule=loss.rule,
        state=loss.state,
        account_id=loss.account_id,
        branch=loss.branch,
        document_id=loss.document_id,
        shipment_id=loss.shipment_id,
        amount=loss.amount,
        occurred_on=loss.occurred_on,
        found_at=loss.found_at,
        legal_reserved=loss.legal_reserved,
        shares=[ShareView.model_validate(one) for one in loss.shares],
        ended_at=loss.ended_at,
        approval=None if held is None else f"/v1/approvals/{held['id']}",
        version=loss.version,
        evidence=evidence or [],
    )


async def loss_of(tx: Tx, loss_id: UUID, permission: Permission, principal: Principal, *, lock: bool = True) -> Loss:
    """The loss, where it lies within the caller's reach; else 404."""
    loss = (await tx.load(LOSSES, [loss_id], lock=lock)).get(loss_id)
    if loss is None or not permission.reach(principal).includes(loss.branch):
        raise NotFound("There is no such loss, or none at a branch that you may see. Check the id.")
    return loss


@get("/v1/losses/{loss_id}", needs=READ_LOSS)
async def read_loss(loss_id: UUID, principal: Principal, tx: Tx) -> LossView:
    """Open a loss. 404 when there is none within your reach."""
    loss = await loss_of(tx, loss_id, READ_LOSS, principal, lock=False)
    return view_of(loss, await evidence_of(tx, loss.id))


@get("/v1/losses", needs=READ_LOSS)
async def list_losses(
    principal: Principal,
    tx: Tx,
    state: Annotated[LossState | None, Query(description="where they stand")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[LossView]:
    """The losses within your reach, newest first."""
    wanted = [READ_LOSS.reach(principal).condition(losses.c.branch)]
    if state is not None:
        wanted.append(losses.c.state == state.value)
    found, following = await newest_first(tx, LOSSES, wanted, limit, cursor)
    return Page(items=[view_of(loss) for loss in found], next=following)
