"""Where SMS and mail end in development and tests: a table that can be read, without addresses."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from chassis.http import Limit, get
from chassis.problems import Refused
from chassis.runtime import Runtime
from chassis.tx import Tx
from pydantic import BaseModel

from notify.channels.refusals import NotReachable
from notify.notice import Notice
from notify.permissions import READ_NOTICES
from notify.policy import Channel
from notify.tables import sink
from notify.templates.words import Words

_PUT = """INSERT INTO sink (id, channel, person, title, text, taken_at) VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT DO NOTHING"""
_NEEDS = {Channel.SMS: "mobile", Channel.MAIL: "mail"}


class Sink:
    """Takes what would have left over a channel; twice the same is once."""

    def __init__(self, runtime: Runtime, channel: Channel) -> None:
        self._runtime = runtime
        self._channel = channel

    async def send(self, identifier: UUID, notice: Notice, reach: dict[str, Any], words: Words, link: str) -> None:
        """Keep it; `NotReachable` where the person has no such address."""
        if not reach.get(_NEEDS[self._channel]):
            raise NotReachable(f"no {_NEEDS[self._channel]} is known")
        async with self._runtime.transaction() as tx:
            text = f"{words.text}\n\n{link}"
            await tx.driver.execute(_PUT, identifier, self._channel.value, notice.person, words.title, text, tx.now)


class OnlyInDevelopment(Refused):
    """There is no sink in production: messages leave."""

    title = "Only in development"
    zh = "此功能只在开发环境可用。"


class SunkView(BaseModel):
    """A message as it would have been read; `person` is the subject it was for."""

    id: UUID
    channel: str
    person: str
    title: str
    text: str
    taken_at: datetime


class Sunk(BaseModel):
    """The newest messages of the sink."""

    items: list[SunkView]


@get("/v1/sink", needs=READ_NOTICES)
async def read_sink(tx: Tx, runtime: Runtime, limit: Limit = 50) -> Sunk:
    """What would have left by SMS and mail, newest first; refused in production."""
    if runtime.settings.environment == "production":
        raise OnlyInDevelopment("Messages leave by SMS and mail here. Look at the notice instead.")
    rows = await tx.execute(sa.select(sink).order_by(sink.c.taken_at.desc(), sink.c.id.desc()).limit(limit))
    return Sunk(items=[SunkView(**row._mapping) for row in rows])
