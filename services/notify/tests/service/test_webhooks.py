"""Serious complaints reach outside subscribers: signed, once a subscription, however often it takes."""

from __future__ import annotations

import asyncio
import hmac
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from chassis.kit.counterpart import Reply, Request, counterpart
from chassis.kit.eventually import eventually
from chassis.kit.stage import Stage
from contracts.complaint import ComplaintSerious
from contracts.notify import EndpointDisabled, WebhookDelivered, WebhookGivenUp
from notify import tables
from notify.deliveries.deliver import Outcome, finish
from notify.subscription import SUBSCRIPTIONS, SubscriptionState
from standardwebhooks.webhooks import Webhook


def signed_as_the_text_says(secret: str, headers: Mapping[str, str], body: bytes | str) -> bool:
    """What a subscriber writes who has read the Standard Webhooks and has no library for them."""
    sent = body if isinstance(body, bytes) else body.encode()
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + sent
    mac = hmac.digest(b64decode(secret.removeprefix("whsec_")), signed, "sha256")
    return f"v1,{b64encode(mac).decode()}" in headers["webhook-signature"].split(" ")


@dataclass
class Subscriber:
    """An outside system, and what it has seen."""

    url: str = ""
    seen: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@asynccontextmanager
async def subscriber(
    answer: Callable[[int], tuple[int, dict[str, str]]] = lambda n: (204, {}),
) -> AsyncIterator[Subscriber]:
    """One that answers the n-th request with this status and these headers."""
    made = Subscriber()

    def take(request: Request) -> Reply:
        made.seen.append((request.headers, request.body))
        return Reply(*answer(len(made.seen)))

    async with counterpart(take) as address:
        made.url = f"{address}/hook"
        yield made


def serious(**changes: Any) -> ComplaintSerious:
    at = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
    return ComplaintSerious(
        **{
            "case_id": uuid4(), "number": "20261124-0000001-3", "brand": "东风日产", "series": "轩逸", "model": None,
            "model_year": 2020, "fault_codes": ["H93"], "kinds": ["repeat"], "branch": "sh-pudong", "region": None,
            "taken_at": at, "serious_at": at, "summary": "变速箱抖动", "detail": "/v1/complaints/x/detail", **changes,
        }
    )  # fmt: skip


async def subscribed(stage: Stage, url: str, **more: Any) -> dict[str, Any]:
    async with stage.client("administrator@group") as admin:
        form = {"party": "factory", "url": url, "types": ["complaint.serious.v1"], **more}
        answer = await admin.post("/v1/subscriptions", json=form)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def told(stage: Stage, message: ComplaintSerious) -> Any:
    return await stage.receive(message, key=str(message.case_id))


@asynccontextmanager
async def working(stage: Stage) -> AsyncIterator[None]:
    task = asyncio.create_task(stage.runner().run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def states(stage: Stage) -> list[str]:
    return [row[0] for row in await stage.rows("SELECT state FROM deliveries ORDER BY planned_at, id")]


async def come_due(stage: Stage) -> None:
    """The pauses between the attempts have passed."""
    await stage.rows("UPDATE kehu.jobs SET run_at = now() WHERE lease IS NULL")


@pytest.mark.rule("P12.8")
async def test_a_serious_complaint_reaches_the_factory_signed(stage: Stage) -> None:
    async with subscriber() as factory, working(stage):
        made = await subscribed(stage, factory.url)
        message = serious()
        await told(stage, message)
        await eventually(lambda: factory.seen)
        await eventually(lambda: stage.outbox(WebhookDelivered))
    headers, body = factory.seen[0]
    payload = Webhook(made["secret"]).verify(body, headers)
    assert signed_as_the_text_says(made["secret"], headers, body)
    assert payload["type"] == "complaint.serious.v1"
    assert payload["data"]["number"] == message.number
    assert "traceparent" not in headers
    (delivery,) = await stage.rows("SELECT id, state, attempts FROM deliveries")
    assert (str(delivery["id"]), delivery["state"], delivery["attempts"]) == (headers["webhook-id"], "delivered", 1)


async def test_an_event_that_comes_twice_is_delivered_once(stage: Stage) -> None:
    async with subscriber() as factory, working(stage):
        await subscribed(stage, factory.url)
        record = await told(stage, serious())
        await stage.consumer.consume([record])
        await told(stage, serious())
        await eventually(lambda: len(factory.seen) >= 2)
        await eventually(lambda: _delivered(stage, 2))
    assert len(factory.seen) == 2


async def _delivered(stage: Stage, count: int) -> bool:
    return (await states(stage)).count("delivered") == count


async def test_a_refused_message_comes_again_with_the_same_id_and_bytes(stage: Stage) -> None:
    async with subscriber(lambda n: (500, {}) if n == 1 else (200, {})) as factory, working(stage):
        made = await subscribed(stage, factory.url)
        await told(stage, serious())
        await eventually(lambda: _tried(stage, 1))
        await come_due(stage)
        await eventually(lambda: _delivered(stage, 1))
    (first, body), (second, again) = factory.seen
    assert body == again
    assert first["webhook-id"] == second["webhook-id"]
    async with stage.client("administrator@group") as admin:
        log = (await admin.get(f"/v1/subscriptions/{made['id']}/deliveries")).json()["items"][0]["attempts"]
    assert [attempt["status"] for attempt in log] == [500, 200]
    assert (await stage.rows("SELECT failing_since FROM subscriptions"))[0][0] is None


async def _tried(stage: Stage, count: int) -> bool:
    return len(await stage.rows("SELECT 1 FROM attempts")) >= count


async def test_after_the_last_attempt_it_is_given_up_and_can_be_sent_again(stage: Stage) -> None:
    taken = {"ok": False}
    async with subscriber(lambda n: (200 if taken["ok"] else 500, {})) as factory, working(stage):
        await subscribed(stage, factory.url)
        await told(stage, serious())
        for attempt in range(1, 8):
            await eventually(lambda attempt=attempt: _tried(stage, attempt))
            await come_due(stage)
        await eventually(lambda: stage.outbox(WebhookGivenUp))
        assert await states(stage) == ["given_up"]
        taken["ok"] = True
        async with stage.client("administrator@group") as admin:
            again = await admin.post(f"/v1/deliveries/{factory.seen[0][0]['webhook-id']}/redeliver")
            assert again.status_code == 202, again.text
        await eventually(lambda: _delivered(stage, 1))
    assert len({headers["webhook-id"] for headers, _ in factory.seen}) == 1


async def test_one_dead_endpoint_delays_nobody(stage: Stage) -> None:
    hanging = await asyncio.start_server(lambda reader, writer: asyncio.sleep(3600), "127.0.0.1", 0)
    async with subscriber() as factory, working(stage):
        await subscribed(stage, f"http://127.0.0.1:{hanging.sockets[0].getsockname()[1]}/", party="dead")
        await subscribed(stage, factory.url)
        for _ in range(100):
            await told(stage, serious())
        await eventually(lambda: len(factory.seen) == 100)
        await eventually(lambda: _delivered(stage, 100))
    hanging.close()


async def test_an_endpoint_that_is_gone_gets_no_more_and_what_comes_is_held_for_it(stage: Stage) -> None:
    gone = {"is": True}
    async with subscriber(lambda n: (410 if gone["is"] else 200, {})) as factory, working(stage):
        made = await subscribed(stage, factory.url)
        await told(stage, serious())
        await eventually(lambda: stage.outbox(EndpointDisabled))
        await told(stage, serious())
        assert sorted(await states(stage)) == ["given_up", "held"]
        gone["is"] = False
        async with stage.client("administrator@group") as admin:
            await admin.patch(f"/v1/subscriptions/{made['id']}", json={"state": "active"})
        await eventually(lambda: _delivered(stage, 1))
    assert len(factory.seen) == 2


async def test_an_endpoint_that_fails_for_five_days_is_disabled(stage: Stage) -> None:
    async with subscriber(lambda n: (500, {})) as factory, working(stage):
        await subscribed(stage, factory.url)
        await told(stage, serious())
        await eventually(lambda: _tried(stage, 1))
        await stage.rows("UPDATE subscriptions SET failing_since = now() - interval '5 days'")
        await come_due(stage)
        await eventually(lambda: stage.outbox(EndpointDisabled))
    assert (await stage.rows("SELECT state FROM subscriptions"))[0][0] == "disabled"


async def test_the_pause_that_a_subscriber_asks_for_is_kept(stage: Stage) -> None:
    async with subscriber(lambda n: (503, {"Retry-After": "1800"})) as factory, working(stage):
        await subscribed(stage, factory.url)
        await told(stage, serious())
        await eventually(lambda: _tried(stage, 1))
    (row,) = await stage.rows("SELECT run_at - now() AS pause FROM kehu.jobs")
    assert timedelta(minutes=29) < row["pause"] <= timedelta(minutes=30)


async def test_a_redirect_is_not_followed(stage: Stage) -> None:
    async with (
        subscriber() as inside,
        subscriber(lambda n: (302, {"Location": inside.url})) as factory,
        working(stage),
    ):
        await subscribed(stage, factory.url)
        await told(stage, serious())
        await eventually(lambda: _tried(stage, 1))
    assert inside.seen == []


async def test_a_private_address_is_refused_at_the_connection_and_said_in_the_log(stage: Stage) -> None:
    async with working(stage):
        await subscribed(stage, "https://10.0.0.1/hook")
        await told(stage, serious())
        await eventually(lambda: _tried(stage, 1))
    assert (await stage.rows("SELECT error FROM attempts"))[0][0] == "not a public address"


async def test_a_subscriber_hears_of_its_brands_only(stage: Stage) -> None:
    async with subscriber() as factory:
        await subscribed(stage, factory.url, brands=["东风日产"])
        await told(stage, serious(brand="别的"))
        await told(stage, serious())
    assert len(await states(stage)) == 1


async def test_a_paused_subscription_loses_nothing(stage: Stage) -> None:
    async with subscriber() as factory, working(stage), stage.client("administrator@group") as admin:
        made = await subscribed(stage, factory.url)
        await admin.patch(f"/v1/subscriptions/{made['id']}", json={"state": "paused"})
        await told(stage, serious())
        assert await states(stage) == ["held"]
        await admin.patch(f"/v1/subscriptions/{made['id']}", json={"state": "active"})
        await eventually(lambda: _delivered(stage, 1))


async def test_what_was_found_paused_while_it_was_made_active_is_sent_all_the_same(stage: Stage) -> None:
    async with subscriber() as factory, stage.client("administrator@group") as admin:
        made = await subscribed(stage, factory.url)
        await told(stage, serious())
        ((delivery,),) = await stage.rows("SELECT id FROM deliveries")
        # the attempt looked while the subscription was paused, and ends after it was made active
        held = Outcome(stage.runtime.clock(), None, None, 0, held=UUID(made["id"]))
        async with stage.runtime.transaction() as tx:
            await finish(tx, [(str(delivery), held)])
        assert await states(stage) == ["planned"]
        await admin.patch(f"/v1/subscriptions/{made['id']}", json={"state": "paused"})
        async with stage.runtime.transaction() as tx:
            await finish(tx, [(str(delivery), held)])
        assert await states(stage) == ["held"]


async def test_an_event_that_is_planned_while_its_subscription_is_made_active_is_not_left_held(stage: Stage) -> None:
    async with subscriber() as factory, working(stage), stage.client("administrator@group") as admin:
        made = await subscribed(stage, factory.url)
        await admin.patch(f"/v1/subscriptions/{made['id']}", json={"state": "paused"})
        async with stage.runtime.transaction() as resuming:
            subscription = await resuming.get(SUBSCRIPTIONS, UUID(made["id"]))
            subscription.state = SubscriptionState.ACTIVE
            telling = asyncio.create_task(told(stage, serious()))
            await asyncio.wait([telling], timeout=0.3)
        await telling
        await eventually(lambda: _delivered(stage, 1))


async def test_nothing_is_sent_again_to_an_ended_subscription(stage: Stage) -> None:
    async with subscriber() as factory, working(stage), stage.client("administrator@group") as admin:
        made = await subscribed(stage, factory.url)
        await told(stage, serious())
        await eventually(lambda: _delivered(stage, 1))
        await admin.delete(f"/v1/subscriptions/{made['id']}")
        again = await admin.post(f"/v1/deliveries/{factory.seen[0][0]['webhook-id']}/redeliver")
    assert (again.status_code, again.json()["type"]) == (409, "/problems/not-ended")
    assert await states(stage) == ["delivered"]


async def test_after_a_rotation_both_secrets_verify(stage: Stage) -> None:
    async with subscriber() as factory, working(stage), stage.client("administrator@group") as admin:
        made = await subscribed(stage, factory.url)
        rotated = (await admin.post(f"/v1/subscriptions/{made['id']}/rotate-secret")).json()
        await told(stage, serious())
        await eventually(lambda: factory.seen)
    headers, body = factory.seen[0]
    assert rotated["secret"] != made["secret"]
    for secret in (made["secret"], rotated["secret"]):
        assert Webhook(secret).verify(body, headers)


async def test_a_secret_is_shown_once_and_kept_under_the_master_key(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    made = await subscribed(stage, "https://quality.example/kehu")
    async with stage.client("administrator@group") as admin:
        shown = [(await admin.get("/v1/subscriptions")).text, (await admin.get(f"/v1/subscriptions/{made['id']}")).text]
    assert not any(made["secret"] in text for text in [*shown, capsys.readouterr().out])
    ((kept,),) = await stage.rows("SELECT secret FROM subscriptions")
    assert made["secret"].encode() not in kept
    assert b64decode(made["secret"].removeprefix("whsec_")) not in kept


@pytest.mark.parametrize(
    "url", ["ftp://x.example/", "https://user:pw@x.example/", "https:///x", "javascript:alert(1)", "https://x:99999/"]
)
async def test_what_is_no_address_of_a_webhook_is_refused(stage: Stage, url: str) -> None:
    async with stage.client("administrator@group") as admin:
        form = {"party": "factory", "url": url, "types": ["complaint.serious.v1"]}
        answer = await admin.post("/v1/subscriptions", json=form)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/url"


async def test_an_ended_subscription_is_told_nothing(stage: Stage) -> None:
    async with stage.client("administrator@group") as admin:
        made = await subscribed(stage, "https://quality.example/kehu")
        assert (await admin.delete(f"/v1/subscriptions/{made['id']}")).status_code == 204
        assert (await admin.patch(f"/v1/subscriptions/{made['id']}", json={"state": "active"})).status_code == 409
    await told(stage, serious())
    assert await states(stage) == []


async def test_only_who_may_can_subscribe(stage: Stage) -> None:
    async with stage.client("call_centre@group") as agent:
        assert (await agent.get("/v1/subscriptions")).status_code == 403


async def test_the_deliveries_of_a_subscription_are_read_from_an_index(stage: Stage) -> None:
    await stage.rows("""
        INSERT INTO deliveries SELECT uuidv7(), ('00000000-0000-0000-0000-' || lpad((n % 100)::text, 12, '0'))::uuid,
            uuidv7(), 'complaint.serious.v1', '', 'delivered', 1, now(), now(), 1, 1 FROM generate_series(1, 200000) n
    """)
    c = tables.deliveries.c
    query = sa.select(c.id).where(c.subscription_id == sa.text("'00000000-0000-0000-0000-000000000007'"))
    query = query.order_by(c.planned_at.desc(), c.id.desc()).limit(51)
    plan = await stage.plan(query)
    assert "Seq Scan" not in plan
    assert "Sort" not in plan


async def test_the_migrations_make_the_tables_of_the_code(stage: Stage) -> None:
    assert await stage.differences() == []
