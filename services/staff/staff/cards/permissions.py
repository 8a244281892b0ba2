"""Who has cards printed, and who reads them (P04.13)."""

from __future__ import annotations

from contracts.roles import Role
from policy.access import Permission, Reach

MAKE_CARD = Permission("cards.make", {Role.HR_ADMIN_MANAGER: Reach.BRANCH, Role.HR_ADMIN: Reach.BRANCH})
READ_CARD = Permission(
    "cards.read",
    {
        **dict.fromkeys(Role, Reach.OWN),
        Role.HR_ADMIN_MANAGER: Reach.BRANCH,
        Role.HR_ADMIN: Reach.BRANCH,
        Role.GENERAL_MANAGER: Reach.BRANCH,
    },
)
