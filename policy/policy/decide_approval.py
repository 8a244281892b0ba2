"""Deciding, the same way in every service: what waits for me, what it shows, sign, refuse, take back."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import sqlalchemy as sa
from chassis.auth import Principal
from chassis.http import Cursor, Limit, Page, get, post
from chassis.lists import newest_first
from chassis.problems import Invalid, NotFound
from chassis.tx import Tx
from chassis.wrong import Wrong
from contracts.roles import Role
from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from policy.access import Permission, Reach, excluded_from
from policy.approvals import (
    APPROVALS,
    ASKED,
    Asked,
    AskedState,
    DecidedAlready,
    NotYours,
    decide,
    end,
    may_sign,
    place_of,
    subjects_of,
    withdrawn,
)
from policy.reasons import SAID, Reason, say, words_of
from policy.tables import approvals

#: whoever holds a role; which seat is whose the chain says
DECIDE = Permission("approvals.decide", dict.fromkeys(Role, Reach.BRANCH))


class SeatView(BaseModel):
    """A signature of the chain: whose it is, why it moved to them, who gave it for whom."""

    role: str
    place: str
    within: str | None
    waiting: bool
    nobody: bool
    moved: list[dict[str, str]]
    signed_by: str | None
    on_behalf_of: str | None
    signed_at: datetime | None
    reason: str | None


class ApprovalView(BaseModel):
    """What is asked, by whom, and where it stands; `digest` is sent back with the decision.

    A `reason` is null where none was given, or where it was forgotten with what it is about.
    """

    id: UUID
    name: str
    title: str
    title_zh: str
    rules: list[str]
    subject: UUID
    path: str
    branch: str
    department: str | None
    asked_by: str
    asked_at: datetime
    amount: Decimal | None
    offer: dict[str, Any]
    digest: str
    state: AskedState
    ended_at: datetime | None
    reason: str | None
    stages: list[list[SeatView]]
    yours: bool
    version: int


async def views_of(found: list[Asked], principal: Principal, tx: Tx) -> list[ApprovalView]:
    """The askings as their signers see them; that somebody's words were read is recorded."""
    said = [UUID(seat["id"]) for asked in found for stage in asked.stages for seat in stage if seat.get("reason")]
    said += [asked.id for asked in found if asked.reason == SAID]
    said += [asked.subject for asked in found if "reason" in asked.offer]
    words = await words_of(tx, said, why="approval")
    return [_view(asked, words, principal, tx) for asked in found]


def _view(asked: Asked, words: dict[UUID, str], principal: Principal, tx: Tx) -> ApprovalView:
    approval, waiting = APPROVALS[asked.name], [seat["id"] for seat in asked.waiting]
    stages = [
        [
            SeatView(
                role=seat["role"],
                place=place_of(tx, asked, seat),
                within=seat["within"],
                waiting=seat["id"] in waiting,
                nobody=seat["id"] in waiting and not may_sign(tx, asked, seat),
                moved=seat["moved"],
                signed_by=seat["by"],
                on_behalf_of=seat["on_behalf_of"],
                signed_at=None if seat["at"] is None else datetime.fromisoformat(seat["at"]),
                reason=words.get(UUID(seat["id"])),
            )
            for seat in stage
        ]
        for stage in asked.stages
    ]
    return ApprovalView(
        id=asked.id,
        name=asked.name,
        title=approval.en,
        title_zh=approval.zh,
        rules=list(approval.rules),
        subject=asked.subject,
        path=asked.path,
        branch=asked.branch,
        department=asked.department,
        asked_by=asked.asked_by,
        asked_at=asked.asked_at,
        amount=asked.amount,
        offer={**asked.offer, "reason": words[asked.subject]} if asked.subject in words else asked.offer,
        digest=asked.digest.hex(),
        state=asked.state,
        ended_at=asked.ended_at,
        reason=words.get(asked.id) if asked.reason == SAID else asked.reason,
        stages=stages,
        yours=any(principal.subject in may_sign(tx, asked, seat) for seat in asked.waiting),
        version=asked.version,
    )


@get("/v1/approvals", needs=DECIDE)
async def list_approvals(
    principal: Principal,
    tx: Tx,
    subject: Annotated[UUID | None, Query(description="of one subject only")] = None,
    state: Annotated[AskedState | None, Query(description="where it stands")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[ApprovalView]:
    """What was asked within your reach, newest first; `yours` says which wait for you. None that is about you."""
    column = approvals.c
    reach = DECIDE.reach(principal)
    closed = {whose: column.excluded.contains([whose]) for whose in reach.acts_for}
    wanted: list[sa.ColumnElement[bool]] = [
        reach.condition(column.branch, record=column.subject, now=tx.now, closed=closed),
        sa.or_(column.asked_by == principal.subject, sa.not_(column.excluded.contains([principal.subject]))),
    ]
    if subject is not None:
        wanted.append(column.subject == subject)
    if state is not None:
        wanted.append(column.state == state.value)
    found, following = await newest_first(tx, ASKED, wanted, limit, cursor)
    return Page(items=await views_of(found, principal, tx), next=following)


@get("/v1/approvals/{approval_id}", needs=DECIDE)
async def read_approval(approval_id: UUID, principal: Principal, tx: Tx) -> ApprovalView:
    """One asking with its chain."""
    asked = await _within(tx, approval_id, principal, lock=False)
    return (await views_of([asked], principal, tx))[0]


class Decision(BaseModel):
    """Granted or refused, on what was shown under this digest; a refusal says why."""

    model_config = ConfigDict(extra="forbid")

    grant: bool
    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    reason: Reason | None = None


@post("/v1/approvals/{approval_id}/decide", needs=DECIDE)
async def decide_approval(approval_id: UUID, decision: Decision, principal: Principal, tx: Tx) -> ApprovalView:
    """Sign the seat that is yours, or refuse. The first counts; whoever comes second is told (409)."""
    if not decision.grant and decision.reason is None:
        raise Invalid("A refusal says why.", errors=[Wrong.MISSING.at("/reason", "required when refusing")])
    asked = await _within(tx, approval_id, principal, lock=True)
    await decide(tx, asked, principal, grants=decision.grant, digest=decision.digest, words=decision.reason)
    await tx.flush()
    return (await views_of([asked], principal, tx))[0]


class Withdrawal(BaseModel):
    """Why it is not asked any more."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason


@post("/v1/approvals/{approval_id}/withdraw", needs=DECIDE)
async def withdraw_approval(approval_id: UUID, withdrawal: Withdrawal, principal: Principal, tx: Tx) -> ApprovalView:
    """Take back what you asked for; what it held is free again."""
    asked = await _within(tx, approval_id, principal, lock=True)
    if asked.asked_by != principal.subject:
        raise NotYours("Only who asked takes it back.")
    if asked.state is not AskedState.OPEN:
        raise DecidedAlready(f"It is {asked.state.value}: there is nothing left to take back.", state=asked.state.value)
    withdrawn(tx, asked, principal.subject)
    await say(tx, asked.id, asked.subject, withdrawal.reason)
    await end(tx, asked, AskedState.WITHDRAWN, SAID)
    await tx.flush()
    return (await views_of([asked], principal, tx))[0]


async def _within(tx: Tx, identifier: UUID, principal: Principal, *, lock: bool) -> Asked:
    """The asking, where the caller holds a role at its place or asked it, and is not kept out of its subject (P12.2).

    The subject is locked before it, as whoever asks does: two who meet here queue.
    """
    found = await ASKED.fetch(tx.driver, [identifier], lock=False)
    if not found or not await _is_shown(tx, found[0], principal):
        raise NotFound("There is no such approval, or none at a place of yours. Check the id.")
    if lock:
        await tx.get(subjects_of(found[0].name), found[0].subject)
    return await tx.get(ASKED, identifier, lock=lock)


async def _is_shown(tx: Tx, asked: Asked, principal: Principal) -> bool:
    kept_out = await excluded_from(tx, asked.subject)
    if asked.asked_by != principal.subject:
        barred = {*asked.excluded, *kept_out}
        within = DECIDE.reach(principal).includes(asked.branch, barred=barred)
        if not within or principal.subject in asked.excluded:
            return False
    return principal.subject not in kept_out
