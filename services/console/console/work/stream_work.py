"""Tells a page at once when the caller's work changes: counts and changed ids as server-sent events."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any
from uuid import UUID

import orjson
from chassis.auth import Principal
from chassis.http import get
from chassis.problems import Invalid
from chassis.runtime import Runtime
from fastapi import Header, Query, Response
from fastapi.responses import StreamingResponse
from policy.list_obligations import READ_WORK

from console.work.count_work import counted
from console.work.watch import CHANGED, PART, Change, Watch
from console.work.whose import falls_to

RULES = ("P06.2", "P12.5")

#: seconds after which a silent stream says that it lives
HEARTBEAT = 15.0
#: seconds after which the browser is to come again; its request carries its newest token
LONGEST = 900.0
#: changes that a returning page is told one by one; after more it reads everything anew
MOST_MISSED = 200


class NotAStream(Invalid):
    """The caller would not understand what is sent."""

    title = "This is a stream of events"
    zh = "实时连接的请求方式不对。请重新载入页面。"


@get("/v1/work/stream", needs=READ_WORK)
async def stream_work(
    principal: Principal,
    runtime: Runtime,
    accept: Annotated[str, Header()] = "",
    last_event_id: Annotated[str | None, Header(max_length=40)] = None,
    subject: Annotated[UUID | None, Query(description="and whatever is owed to this one, whoever owes it")] = None,
) -> Response:
    """Follow your work: `counts` first and after every change, `changed` with the ids of the items, the subjects that
    they are about and the instants `at` which those changed, `anew` when too much was missed.

    Who took a step and has read its subject since knows the change by its instant: it is that of the step's entry.

    Who has a case open follows everybody's work on it within their reach, and that it was marked as serious, or
    overruled, which is nobody's work where the branch has no ladder.

    A page that was away sends the last id it saw and is told what changed since.
    """
    if "text/event-stream" not in accept:
        raise NotAStream("Ask for it with `Accept: text/event-stream`, or read /v1/work/counts.")
    since = _known(last_event_id)
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    watch: Watch = runtime.parts[PART]
    watch.admit(principal.subject)
    return StreamingResponse(
        _events(runtime, watch, principal, since, subject), media_type="text/event-stream", headers=headers
    )


async def _events(
    runtime: Runtime, watch: Watch, principal: Principal, since: UUID | None, subject: UUID | None
) -> AsyncIterator[bytes]:
    ends = time.monotonic() + min(LONGEST, max(1.0, principal.expires_at - runtime.clock().timestamp()))
    async with watch.stream(principal.subject) as stream:
        yield b"retry: 2000\n\n"
        missed, lost = await _missed(runtime, since)
        yield await _told(runtime, principal, missed, lost, subject, first=True)
        while (left := ends - time.monotonic()) > 0:
            try:
                async with asyncio.timeout(min(HEARTBEAT, left)):
                    await stream.woken.wait()
            except TimeoutError:
                yield b": alive\n\n"
                continue
            taken, lost = stream.take()
            if told := await _told(runtime, principal, taken, lost, subject):
                yield told


async def _missed(runtime: Runtime, since: UUID | None) -> tuple[Sequence[Change], bool]:
    """What changed while the page was away, and whether that is too much to tell."""
    if since is None:
        return [], False
    async with runtime.transaction() as tx:
        rows = await tx.driver.fetch(CHANGED, since, MOST_MISSED + 1)
    return rows[:MOST_MISSED], len(rows) > MOST_MISSED


async def _told(
    runtime: Runtime,
    principal: Principal,
    changes: Sequence[Change],
    lost: bool,
    subject: UUID | None,
    *,
    first: bool = False,
) -> bytes:
    """The events for these changes; nothing when none concerns the caller."""
    own = [one for one in changes if falls_to(principal, one) or _about(subject, one, principal)]
    if not (own or lost or first):
        return b""
    async with runtime.transaction() as tx:
        counts = await counted(tx, principal)
    newest = max((change["change"] for change in changes), default=None)
    mark = "" if newest is None else f"id: {newest}\n"
    parts = [_event("counts", counts.model_dump(), mark)]
    if lost:
        parts.append(_event("anew", {}))
    elif own:
        about = sorted({str(change["subject"]) for change in own})
        # null where it was heard before instants were kept
        at = {one: list({change["told_at"] for change in own if change["subject"] == one}) for one in about}
        parts.append(_event("changed", {"ids": [str(change["id"]) for change in own], "subjects": about, "at": at}))
    return b"".join(parts)


def _about(subject: UUID | None, change: Change, principal: Principal) -> bool:
    """Whether it is owed to the case that the caller has open, within reach, and not about the caller (P12.2)."""
    if subject is None or change["subject"] != str(subject) or principal.subject in (change["excluded"] or ()):
        return False
    return READ_WORK.reach(principal).includes(change["branch"], barred=change["excluded"] or ())


def _event(name: str, data: Any, mark: str = "") -> bytes:
    return f"{mark}event: {name}\ndata: ".encode() + orjson.dumps(data) + b"\n\n"


def _known(text: str | None) -> UUID | None:
    """The last id a page saw; one that is none of ours is as good as none."""
    try:
        found = UUID(text or "")
    except ValueError:
        return None
    return found if found.version == 7 else None
