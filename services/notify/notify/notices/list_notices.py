"""Lists who was told what, when, over which channel, and who confirmed when: the proof of the ladder (P12.6, P12.8)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import sqlalchemy as sa
from chassis.auth import Principal
from chassis.http import Cursor, Limit, Page, get
from chassis.lists import newest_first
from chassis.tx import Tx
from fastapi import Query
from policy.directory import Directory
from pydantic import BaseModel

from notify.notice import NOTICES, Notice
from notify.permissions import READ_NOTICES
from notify.recipients.who_is_there import why
from notify.tables import dispatches, notices, tries

RULES = ("P12.6", "P12.7", "P12.8")


class TryView(BaseModel):
    """One attempt to get it out; `error` is null where it was taken."""

    tried_at: datetime
    error: str | None
    milliseconds: int


class DispatchView(BaseModel):
    """A notice over a channel: why over this one, how it ended, every attempt."""

    id: UUID
    channel: str
    state: str
    because: str
    planned_at: datetime
    ended_at: datetime | None
    error: str | None
    attempts: list[TryView]


class NoticeView(BaseModel):
    """Who was told as what, why not somebody else, over which channels, and what they did."""

    id: UUID
    send_id: UUID
    service: str
    template: str
    subject: str
    path: str
    rules: list[str]
    person: str
    role: str
    place: str
    because: str | None
    because_zh: str | None
    urgent: bool
    made_at: datetime
    confirm_by: datetime | None
    read_at: datetime | None
    confirmed_at: datetime | None
    settled_at: datetime | None
    passed_over_at: datetime | None
    withdrawn_at: datetime | None
    channels: list[DispatchView]


@get("/v1/notices", needs=READ_NOTICES)
async def list_notices(
    principal: Principal,
    tx: Tx,
    send: Annotated[UUID | None, Query(description="of one send only")] = None,
    subject: Annotated[str | None, Query(max_length=200, description="about one case, file, … only")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[NoticeView]:
    """The notices within your reach, newest first, each with its whole history."""
    c = notices.c
    wanted: list[sa.ColumnElement[bool]] = [READ_NOTICES.reach(principal).condition(c.branch)]
    if send is not None:
        wanted.append(c.send_id == send)
    if subject is not None:
        wanted.append(c.subject == subject)
    found, following = await newest_first(tx, NOTICES, wanted, limit, cursor)
    ways = await _ways(tx, [one.id for one in found])
    directory = Directory.of(tx.runtime)
    return Page(items=[_view(one, ways[one.id], directory) for one in found], next=following)


async def _ways(tx: Tx, ids: list[UUID]) -> dict[UUID, list[DispatchView]]:
    d = dispatches.c
    rows = list(await tx.execute(sa.select(dispatches).where(d.notice_id.in_(ids)).order_by(d.planned_at, d.id)))
    tried = sa.select(tries).where(tries.c.dispatch_id.in_([row.id for row in rows])).order_by(tries.c.id)
    attempts: dict[UUID, list[TryView]] = {row.id: [] for row in rows}
    for one in await tx.execute(tried):
        attempts[one.dispatch_id].append(TryView(tried_at=one.tried_at, error=one.error, milliseconds=one.milliseconds))
    found: dict[UUID, list[DispatchView]] = {identifier: [] for identifier in ids}
    for row in rows:
        shown = {name: getattr(row, name) for name in DispatchView.model_fields if name != "attempts"}
        found[row.notice_id].append(DispatchView(**shown, attempts=attempts[row.id]))
    return found


def _view(notice: Notice, channels: list[DispatchView], directory: Directory) -> NoticeView:
    shown = {
        name: getattr(notice, name)
        for name in NoticeView.model_fields
        if name not in ("because", "because_zh", "channels", "rules")
    }
    return NoticeView(
        **shown,
        rules=list(notice.rules),
        because=why(notice.because, "en", directory),
        because_zh=why(notice.because, "zh", directory),
        channels=channels,
    )
