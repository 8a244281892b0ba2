"""Who may say what outside parties are told, read their inbox, see who was told what (P05.13, P12.6)."""

from __future__ import annotations

from contracts.roles import Role, Scope
from policy.access import Permission, Reach

SUBSCRIBE = Permission(
    "notify.subscribe",
    {Role.ADMINISTRATOR: Reach.GROUP, Role.INFORMATION_SUPERVISOR: Reach.GROUP},
    scopes=(Scope.NOTIFY_SUBSCRIBE,),
)

#: one's own notices, whoever one is
READ_INBOX = Permission("notify.inbox", dict.fromkeys(Role, Reach.OWN))

#: who was told what when, and who confirmed: the proof of the ladder (P12.6, P12.8)
READ_NOTICES = Permission(
    "notify.notices",
    {
        Role.ADMINISTRATOR: Reach.GROUP,
        Role.GROUP_CUSTOMER_SERVICE: Reach.GROUP,
        Role.VP_OPERATIONS: Reach.GROUP,
        Role.CEO: Reach.GROUP,
        Role.LEGAL: Reach.GROUP,
        Role.GENERAL_MANAGER: Reach.BRANCH,
        Role.HR_ADMIN_MANAGER: Reach.BRANCH,
        Role.RELATIONS_MANAGER: Reach.BRANCH,
    },
)
