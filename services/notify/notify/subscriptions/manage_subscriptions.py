"""Opens, changes and ends subscriptions of outside parties; a secret is shown once (P05.13)."""

from __future__ import annotations

import base64
import secrets
from datetime import datetime, timedelta
from typing import Annotated, Literal
from urllib.parse import urlsplit
from uuid import UUID

from chassis.auth import Principal
from chassis.fields import Text, no_nul
from chassis.http import Cursor, Limit, Page, delete, get, patch, post
from chassis.ids import uuid7
from chassis.lists import newest_first
from chassis.problems import Invalid, Refused
from chassis.runtime import Runtime
from chassis.tx import Tx
from chassis.wrong import Wrong
from contracts.complaint import ComplaintSerious
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from notify.deliveries.deliver import deliver
from notify.delivery import DELIVERIES, DeliveryState
from notify.permissions import SUBSCRIBE
from notify.settings import NotifySettings
from notify.subscription import SUBSCRIPTIONS, Subscription, SubscriptionState
from notify.tables import subscriptions

RULES = ("P05.13",)

#: how long a replaced secret goes on signing, beside the new one
OVERLAP = timedelta(hours=24)

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), AfterValidator(no_nul)]
Url = Annotated[Text, StringConstraints(max_length=2000)]
Kind = Literal["complaint.serious.v1"]
assert ComplaintSerious.TYPE == "complaint.serious.v1"


class SubscriptionForm(BaseModel):
    """What an outside party wants to be told, and where."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [{"party": "factory", "url": "https://quality.example/kehu", "types": ["complaint.serious.v1"]}]
        },
    )

    party: Line
    url: Url
    types: Annotated[list[Kind], Field(min_length=1, max_length=20)]
    brands: Annotated[list[Line], Field(min_length=1, max_length=100, description="of these only")] | None = None


class SubscriptionView(BaseModel):
    """A subscription; its secret is never shown again."""

    id: UUID
    party: str
    url: str
    types: list[str]
    brands: list[str] | None
    state: str
    created_at: datetime
    failing_since: datetime | None
    version: int


class WithSecret(SubscriptionView):
    """A subscription with its new secret, this once."""

    secret: str


class SubscriptionChange(BaseModel):
    """What is changed: the address, or whether messages are sent."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: Url | None = None
    state: Literal["active", "paused"] | None = None


class Ended(Refused):
    """The subscription has been ended; open a new one."""

    zh = "此订阅已终止。如需继续，请新建订阅。"


@post("/v1/subscriptions", needs=SUBSCRIBE, status=201)
async def open_subscription(form: SubscriptionForm, principal: Principal, runtime: Runtime, tx: Tx) -> WithSecret:
    """Open a subscription; keep the secret of the answer, it is not shown again."""
    check_url(form.url, runtime)
    identifier, secret = uuid7(), new_secret()
    subscription = Subscription(
        id=identifier,
        party=form.party,
        url=form.url,
        types=tuple(form.types),
        brands=None if form.brands is None else tuple(form.brands),
        state=SubscriptionState.ACTIVE,
        created_at=tx.now,
        created_by=principal.subject,
        failing_since=None,
        secret=runtime.master_keys.wrap(secret.encode(), str(identifier)),
        previous_secret=None,
        previous_until=None,
        version=1,
        sequence=0,
    )
    tx.add(subscription)
    return WithSecret(**view_of(subscription).model_dump(), secret=secret)


@get("/v1/subscriptions", needs=SUBSCRIBE)
async def list_subscriptions(tx: Tx, limit: Limit = 50, cursor: Cursor = None) -> Page[SubscriptionView]:
    """The subscriptions that have not been ended, newest first."""
    live = subscriptions.c.state != SubscriptionState.ENDED.value
    found, following = await newest_first(tx, SUBSCRIPTIONS, [live], limit, cursor)
    return Page(items=[view_of(one) for one in found], next=following)


@get("/v1/subscriptions/{subscription_id}", needs=SUBSCRIBE)
async def read_subscription(subscription_id: UUID, tx: Tx) -> SubscriptionView:
    """One subscription."""
    return view_of(await tx.get(SUBSCRIPTIONS, subscription_id, lock=False))


@patch("/v1/subscriptions/{subscription_id}", needs=SUBSCRIBE)
async def change_subscription(
    subscription_id: UUID, change: SubscriptionChange, runtime: Runtime, tx: Tx
) -> SubscriptionView:
    """Move a subscription, pause it, or make it active again: what was held meanwhile is sent then."""
    subscription = await _live(tx, subscription_id)
    if change.url is not None:
        check_url(change.url, runtime)
        subscription.url = change.url
    if change.state is not None:
        subscription.state = SubscriptionState(change.state)
        if subscription.state is SubscriptionState.ACTIVE:
            subscription.failing_since = None
            await _send_held(tx, subscription)
    await tx.flush()
    return view_of(subscription)


@post("/v1/subscriptions/{subscription_id}/rotate-secret", needs=SUBSCRIBE)
async def rotate_secret(subscription_id: UUID, runtime: Runtime, tx: Tx) -> WithSecret:
    """Replace the secret; for 24 hours messages carry a signature of either."""
    subscription = await _live(tx, subscription_id)
    secret = new_secret()
    subscription.previous_secret, subscription.previous_until = subscription.secret, tx.now + OVERLAP
    subscription.secret = runtime.master_keys.wrap(secret.encode(), str(subscription.id))
    await tx.flush()
    return WithSecret(**view_of(subscription).model_dump(), secret=secret)


@delete("/v1/subscriptions/{subscription_id}", needs=SUBSCRIBE, status=204)
async def end_subscription(subscription_id: UUID, tx: Tx) -> None:
    """End a subscription; what it was sent can still be looked up."""
    subscription = await _live(tx, subscription_id)
    subscription.state = SubscriptionState.ENDED


async def _live(tx: Tx, identifier: UUID) -> Subscription:
    subscription = await tx.get(SUBSCRIPTIONS, identifier)
    if subscription.state is SubscriptionState.ENDED:
        raise Ended("It has been ended. Open a new subscription.")
    return subscription


async def _send_held(tx: Tx, subscription: Subscription) -> None:
    rows = await tx.driver.fetch(
        "SELECT id FROM deliveries WHERE subscription_id = $1 AND state = 'held'", subscription.id
    )
    for delivery in (await tx.load(DELIVERIES, [row[0] for row in rows])).values():
        if delivery.state is DeliveryState.HELD:
            delivery.state = DeliveryState.PLANNED
            tx.later(deliver, delivery.id, lane=str(subscription.id))


def check_url(url: str, runtime: Runtime) -> None:
    """Refuse what is no address of a webhook; where its name leads is checked at each connection."""
    settings = runtime.settings
    assert isinstance(settings, NotifySettings)
    try:
        parts = urlsplit(url)
        port_is_one = parts.port is None or parts.port > 0
    except ValueError:
        parts, port_is_one = urlsplit(""), False
    schemes = ("https", "http") if settings.webhook_allow_loopback else ("https",)
    if parts.scheme not in schemes or not parts.hostname or parts.username or parts.fragment or not port_is_one:
        raise Invalid(
            "The address must be https, without user name and fragment.",
            errors=[Wrong.LIKE.at("/url", limit="https://quality.example/kehu")],
        )


def new_secret() -> str:
    """256 bits, written as Standard Webhooks asks."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def view_of(subscription: Subscription) -> SubscriptionView:
    """The subscription without its secret."""
    return SubscriptionView(
        id=subscription.id,
        party=subscription.party,
        url=subscription.url,
        types=list(subscription.types),
        brands=None if subscription.brands is None else list(subscription.brands),
        state=subscription.state.value,
        created_at=subscription.created_at,
        failing_since=subscription.failing_since,
        version=subscription.version,
    )
