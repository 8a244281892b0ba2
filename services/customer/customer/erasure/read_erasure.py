"""Shows how far an erasure is, and its certificate when every service has answered (P05.14)."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from uuid import UUID

from chassis.auth import Principal
from chassis.http import Cursor, Limit, Page, get
from chassis.lists import newest_first
from chassis.problems import NotFound, Refused
from chassis.tx import Tx
from pydantic import BaseModel

from customer.erasure.model import ERASURES, Erasure, ErasureState
from customer.erasure.views import ErasureView, view_of
from customer.permissions import ERASE_CUSTOMER
from customer.tables import erasures

RULES = ("P05.14",)


class NotComplete(Refused):
    """Not every service has answered yet."""

    title = "The erasure is not complete"
    zh = "信息删除尚未全部完成，暂无证明。请稍后再查看。"
    rules = RULES


class Certificate(BaseModel):
    """That a customer was forgotten: by whom it was asked, what each service destroyed, and the digest of all that."""

    erasure: ErasureView
    completed_at: datetime
    sha256: str


@get("/v1/erasures", needs=ERASE_CUSTOMER)
async def list_erasures(principal: Principal, tx: Tx, limit: Limit = 50, cursor: Cursor = None) -> Page[ErasureView]:
    """The erasures within your reach, newest first."""
    wanted = [ERASE_CUSTOMER.reach(principal).condition(erasures.c.branch)]
    found, following = await newest_first(tx, ERASURES, wanted, limit, cursor)
    return Page(items=[view_of(one) for one in found], next=following)


@get("/v1/erasures/{erasure_id}", needs=ERASE_CUSTOMER)
async def read_erasure(erasure_id: UUID, principal: Principal, tx: Tx) -> ErasureView:
    """One erasure with the answers that have come."""
    return view_of(await _within(tx, erasure_id, principal))


@get("/v1/erasures/{erasure_id}/certificate", needs=ERASE_CUSTOMER)
async def read_certificate(erasure_id: UUID, principal: Principal, tx: Tx) -> Certificate:
    """The certificate; 409 with the services that are missing until all have answered."""
    erasure = await _within(tx, erasure_id, principal)
    if erasure.state is not ErasureState.COMPLETED or erasure.completed_at is None:
        raise NotComplete("Wait until every service has answered; `missing` names them.", missing=erasure.missing)
    view = view_of(erasure)
    digest = sha256(view.model_dump_json(exclude={"version", "held"}).encode()).hexdigest()
    return Certificate(erasure=view, completed_at=erasure.completed_at, sha256=digest)


async def _within(tx: Tx, identifier: UUID, principal: Principal) -> Erasure:
    erasure = await tx.get(ERASURES, identifier, lock=False)
    if not ERASE_CUSTOMER.reach(principal).includes(erasure.branch):
        raise NotFound("There is no such erasure, or none at a branch of yours. Check the id.")
    return erasure
