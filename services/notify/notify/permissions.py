"""Who may say what outside parties are told (P05.13)."""

from __future__ import annotations

from contracts.roles import Role, Scope
from policy.access import Permission, Reach

SUBSCRIBE = Permission(
    "notify.subscribe",
    {Role.ADMINISTRATOR: Reach.GROUP, Role.INFORMATION_SUPERVISOR: Reach.GROUP},
    scopes=(Scope.NOTIFY_SUBSCRIBE,),
)
