"""Sends a message to its subscriber, signed, until it is taken (Standard Webhooks 1.0)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from uuid import UUID

import aiohttp
from chassis.batching import Batcher
from chassis.ids import uuid7
from chassis.jobs import TryAgain, Work, job
from chassis.runtime import Runtime
from chassis.tx import Tx
from contracts.notify import EndpointDisabled, WebhookDelivered, WebhookGivenUp
from standardwebhooks.webhooks import Webhook

from notify.deliveries.outside import NotPublic, open_session
from notify.delivery import DELIVERIES, DeliveryState
from notify.settings import NotifySettings
from notify.subscription import PATIENCE, SUBSCRIPTIONS, SubscriptionState
from notify.tables import attempts

SENDER = "webhooks"
ANSWER_LIMIT = 64 * 1024
LONGEST_PAUSE = timedelta(hours=1)

_TARGETS = """
SELECT d.id, d.body, d.state, s.id AS subscription_id, s.url, s.state AS subscription_state, s.secret,
    s.previous_secret, s.previous_until
FROM deliveries d JOIN subscriptions s ON s.id = d.subscription_id WHERE d.id = ANY($1::uuid[])
"""
_HEALTH = "SELECT id, failing_since FROM subscriptions WHERE id = ANY($1::uuid[]) AND state <> 'ended'"


@dataclass(frozen=True)
class Target:
    """What is sent where, and what it is signed with; `send` is False where it must not be sent now."""

    subscription_id: UUID
    url: str
    body: bytes
    secrets: tuple[str, ...]
    send: bool


@dataclass(frozen=True)
class Outcome:
    """How an attempt ended. `final`: no other follows; `held`: none was made, this subscription takes nothing now."""

    at: datetime
    status: int | None
    error: str | None
    milliseconds: int
    gone: bool = False
    final: bool = False
    held: UUID | None = None


class Sender:
    """What the attempts of a process share: connections, and reads that are made for many at once."""

    def __init__(self, runtime: Runtime) -> None:
        settings = runtime.settings
        assert isinstance(settings, NotifySettings)
        self._runtime = runtime
        self.timeout = settings.webhook_timeout_seconds
        self.session = open_session(allow_loopback=settings.webhook_allow_loopback)
        self._reads: Batcher[UUID, Target | None] = Batcher(self._read, most=200, queue=10_000)

    async def target(self, delivery: UUID) -> Target | None:
        """Where the delivery goes; None when there is no such delivery."""
        return await self._reads.submit(delivery)

    async def _read(self, wanted: Sequence[UUID]) -> Sequence[Target | BaseException | None]:
        async with self._runtime.transaction() as tx:
            rows = {row["id"]: row for row in await tx.driver.fetch(_TARGETS, list(wanted))}
        keys, now = self._runtime.master_keys, self._runtime.clock()
        found: list[Target | BaseException | None] = []
        for identifier in wanted:
            row = rows.get(identifier)
            if row is None:
                found.append(None)
                continue
            bound = str(row["subscription_id"])
            secrets = [keys.unwrap(row["secret"], bound).decode()]
            if row["previous_secret"] is not None and row["previous_until"] > now:
                secrets.append(keys.unwrap(row["previous_secret"], bound).decode())
            send = row["subscription_state"] == SubscriptionState.ACTIVE and row["state"] == DeliveryState.PLANNED
            found.append(Target(row["subscription_id"], row["url"], row["body"], tuple(secrets), send))
        return found


@asynccontextmanager
async def sending(runtime: Runtime) -> AsyncIterator[None]:
    """The sender, while a process runs."""
    sender = Sender(runtime)
    runtime.parts[SENDER] = sender
    try:
        yield
    finally:
        await sender.session.close()


@lru_cache(1000)
def _webhook(secret: str) -> Webhook:
    return Webhook(secret)


def headers_of(delivery: str, at: datetime, body: bytes, secrets: Sequence[str]) -> dict[str, str]:
    """The headers of a message: its id, the time of the attempt, one signature a valid secret."""
    text = body.decode()
    return {
        "content-type": "application/json",
        "user-agent": "Kehu-Webhooks/1",
        "webhook-id": delivery,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(_webhook(secret).sign(delivery, at, text) for secret in secrets),
    }


async def finish(tx: Tx, ended: Sequence[tuple[str, Outcome]]) -> None:
    """Write how attempts ended, tell the others, and judge the endpoints."""
    silent = await tx.load(SUBSCRIPTIONS, [outcome.held for _, outcome in ended if outcome.held is not None])
    found = await tx.load(DELIVERIES, [UUID(ref) for ref, _ in ended])
    health = {row[0]: row[1] for row in await tx.driver.fetch(_HEALTH, [d.subscription_id for d in found.values()])}
    good: set[UUID] = set()
    bad: dict[UUID, bool] = {}
    for ref, outcome in ended:
        delivery = found.get(UUID(ref))
        if delivery is None or delivery.state is not DeliveryState.PLANNED:
            continue
        if outcome.held is not None:
            # made active again since the attempt looked: whoever did it could not see this one among the held
            if silent[outcome.held].state is SubscriptionState.ACTIVE:
                tx.later(deliver, delivery.id, lane=str(outcome.held))
            else:
                delivery.state = DeliveryState.HELD
            continue
        delivery.attempts += 1
        tx.insert(
            attempts,
            id=uuid7(),
            delivery_id=delivery.id,
            tried_at=outcome.at,
            status=outcome.status,
            error=outcome.error,
            milliseconds=outcome.milliseconds,
        )
        ids = {"delivery_id": delivery.id, "subscription_id": delivery.subscription_id, "event_id": delivery.event_id}
        if outcome.error is None:
            delivery.state, delivery.ended_at = DeliveryState.DELIVERED, outcome.at
            tx.publish(delivery, WebhookDelivered(**ids, attempts=delivery.attempts, delivered_at=outcome.at))
            good.add(delivery.subscription_id)
            continue
        bad[delivery.subscription_id] = bad.get(delivery.subscription_id, False) or outcome.gone
        if outcome.final:
            delivery.state, delivery.ended_at = DeliveryState.GIVEN_UP, outcome.at
            tx.publish(delivery, WebhookGivenUp(**ids, attempts=delivery.attempts, given_up_at=outcome.at))
    recovered = {one for one in good if health.get(one)}
    worse = {one for one, since in health.items() if one in bad and (bad[one] or tired(since, tx.now))}
    await _judge(tx, recovered, worse, bad)


def tired(since: datetime | None, now: datetime) -> bool:
    """Whether one more failure says something new of an endpoint that has failed since then."""
    return since is None or now - since >= PATIENCE


async def _judge(tx: Tx, recovered: set[UUID], worse: set[UUID], bad: dict[UUID, bool]) -> None:
    """Rows of endpoints are only locked where something about them changes."""
    for identifier, subscription in (await tx.load(SUBSCRIPTIONS, recovered | worse)).items():
        if identifier in recovered:
            subscription.failing_since = None
        elif subscription.failed(tx.now, gone=bad[identifier]):
            assert subscription.failing_since is not None
            tx.publish(
                subscription,
                EndpointDisabled(
                    subscription_id=identifier, failing_since=subscription.failing_since, disabled_at=tx.now
                ),
            )


@job(retry=("5s", "5m", "30m", "2h", "5h", "10h"), finish=finish)
async def deliver(ref: str, work: Work) -> Outcome | None:
    """One attempt. The subscriber takes it with any 2xx; 410 ends the subscription, Retry-After is honoured."""
    sender: Sender = work.runtime.parts[SENDER]
    target = await sender.target(UUID(ref))
    if target is None:
        return None
    at, begun = work.runtime.clock(), time.monotonic()
    if not target.send:
        return Outcome(at, None, None, 0, held=target.subscription_id)
    status: int | None = None
    pause: timedelta | None = None
    error: str | None = None
    try:
        async with asyncio.timeout(sender.timeout):
            status, pause = await _send(sender.session, ref, at, target)
        if not 200 <= status < 300:
            error = f"answered {status}"
    except TimeoutError:
        error = "no answer in time"
    except (aiohttp.ClientError, OSError) as failure:
        inside = isinstance(failure, aiohttp.ClientConnectorError) and isinstance(failure.os_error, NotPublic)
        error = "not a public address" if inside else type(failure).__name__
    spent = round((time.monotonic() - begun) * 1000)
    gone = status == 410
    outcome = Outcome(at, status, error, spent, gone=gone, final=error is not None and (gone or work.last_attempt))
    if error is None or gone:
        return outcome
    raise TryAgain(error, result=outcome, after=pause)


async def _send(session: aiohttp.ClientSession, ref: str, at: datetime, target: Target) -> tuple[int, timedelta | None]:
    """The status of the answer, and the pause that it asks for; redirects are answers, not followed."""
    headers = headers_of(ref, at, target.body, target.secrets)
    async with session.post(target.url, data=target.body, headers=headers, allow_redirects=False) as answer:
        size = 0
        async for chunk in answer.content.iter_any():
            size += len(chunk)
            if size > ANSWER_LIMIT:
                break
        return answer.status, retry_after(answer.headers.get("Retry-After", ""), at)


def retry_after(value: str, now: datetime) -> timedelta | None:
    """The pause that an answer asks for (RFC 9110, 10.2.3), an hour at most; None when it asks for none."""
    try:
        pause = timedelta(seconds=int(value)) if value.isdigit() else parsedate_to_datetime(value) - now
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(pause, timedelta(seconds=1)), LONGEST_PAUSE)
