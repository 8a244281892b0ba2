"""The contents page of the notify service: every way in, reaction and job, by room."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from chassis.runtime import Runtime
from chassis.service import Service
from policy.engines import ENGINES

from notify import tables
from notify.channels.outlets import outlets
from notify.channels.sink import read_sink
from notify.deliveries.deliver import deliver, sending
from notify.deliveries.list_deliveries import list_deliveries, redeliver
from notify.deliveries.plan_deliveries import plan_deliveries
from notify.inbox.list_inbox import count_inbox, list_inbox
from notify.inbox.open_notice import confirm_notice, open_notice
from notify.inbox.watch_inbox import inboxes, watch_inbox
from notify.notices.climb import climb
from notify.notices.keep_out import keep_out
from notify.notices.list_notices import list_notices
from notify.notices.pass_on import pass_on
from notify.notices.take_sends import take_send
from notify.notices.tell_people import dispatch
from notify.recipients.pull_contacts import contact_changed, forget_contact, pull_contact
from notify.recipients.rota import known_rotas
from notify.settings import NotifySettings
from notify.subscriptions.manage_subscriptions import (
    change_subscription,
    end_subscription,
    list_subscriptions,
    open_subscription,
    read_subscription,
    rotate_secret,
)
from notify.work.follow_work import follow_work
from notify.work.send_digest import send_digest


@asynccontextmanager
async def parts(runtime: Runtime) -> AsyncIterator[None]:
    """The ways out, to subscribers and to people, and the live inboxes."""
    async with sending(runtime), outlets(runtime), inboxes(runtime):
        yield


service = Service(
    name="notify",
    title="Notifications",
    tables=tables.metadata,
    migrations=Path(__file__).parent.parent / "migrations",
    settings=NotifySettings,
    routes=[
        open_subscription,  # subscriptions
        list_subscriptions,
        read_subscription,
        change_subscription,
        rotate_secret,
        end_subscription,
        list_deliveries,  # deliveries
        redeliver,
        list_inbox,  # inbox
        count_inbox,
        watch_inbox,
        open_notice,
        confirm_notice,
        list_notices,  # notices
        read_sink,  # channels
    ],
    reactions=[
        plan_deliveries,  # deliveries
        take_send,  # notices
        climb,
        keep_out,
        pass_on,
        contact_changed,  # recipients
        follow_work,  # work
    ],
    projections=[known_rotas],  # recipients
    jobs=[
        deliver,  # deliveries
        dispatch,  # notices
        pull_contact,  # recipients
        forget_contact,
        send_digest,  # work
    ],
    libraries=[ENGINES],
    parts=parts,
)
