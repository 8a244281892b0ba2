"""The contents page of the notify service: every way in, reaction and job, by room."""

from __future__ import annotations

from pathlib import Path

from chassis.service import Service
from policy.engines import ENGINES

from notify import tables
from notify.deliveries.deliver import deliver, sending
from notify.deliveries.list_deliveries import list_deliveries, redeliver
from notify.deliveries.plan_deliveries import plan_deliveries
from notify.settings import NotifySettings
from notify.subscriptions.manage_subscriptions import (
    change_subscription,
    end_subscription,
    list_subscriptions,
    open_subscription,
    read_subscription,
    rotate_secret,
)

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
    ],
    reactions=[plan_deliveries],  # deliveries
    jobs=[deliver],
    libraries=[ENGINES],
    parts=sending,
)
