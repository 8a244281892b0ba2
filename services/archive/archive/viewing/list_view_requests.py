"""The register of viewings: who asked to see what and why, and what came of it (P05.9)."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from chassis.auth import Principal
from chassis.http import Cursor, Limit, Page, get
from chassis.lists import newest_first
from chassis.problems import NotFound
from chassis.tx import Tx

from archive.permissions import VIEW_REQUESTS
from archive.seeing import words_of
from archive.tables import view_requests
from archive.viewing.model import REQUESTS, ViewState
from archive.viewing.views import ViewRequestLine, line_of

RULES = ("P05.9",)


@get("/v1/view-requests", needs=VIEW_REQUESTS)
async def list_view_requests(
    principal: Principal, tx: Tx, state: ViewState | None = None, limit: Limit = 50, cursor: Cursor = None
) -> Page[ViewRequestLine]:
    """The register of viewings: your own, and those of the branches whose register you keep or sign for."""
    wanted = [_readable(principal, tx.now)]
    if state is not None:
        wanted.append(view_requests.c.state == state)
    found, following = await newest_first(tx, REQUESTS, wanted, limit, cursor)
    return Page(items=[line_of(request) for request in found], next=following)


@get("/v1/view-requests/{request_id}", needs=VIEW_REQUESTS)
async def read_view_request(request_id: UUID, principal: Principal, tx: Tx) -> ViewRequestLine:
    """A request with its reason, for who signs it. 404 when there is none within your reach."""
    query = sa.select(view_requests.c.id).where(view_requests.c.id == request_id, _readable(principal, tx.now))
    if (await tx.execute(query)).scalar() is None:
        raise NotFound("There is no such request within your reach. Check the id.")
    request = await tx.get(REQUESTS, request_id, lock=False)
    return line_of(request, await words_of(tx, request, RULES))


def _readable(principal: Principal, now: datetime) -> sa.ColumnElement[bool]:
    columns = view_requests.c
    kept = VIEW_REQUESTS.reach(principal).condition(columns.branch, record=columns.dossier_id, now=now)
    return sa.or_(columns.applicant == principal.subject, kept)
