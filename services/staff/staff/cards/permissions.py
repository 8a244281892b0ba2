"""Who keeps a branch's complaint contacts, and who has cards printed (P04.13)."""

from __future__ import annotations

from contracts.roles import Role
from policy.access import Permission, Reach

KEEP_CONTACTS = Permission("cards.keep_contacts", {Role.HR_ADMIN_MANAGER: Reach.BRANCH, Role.HR_ADMIN: Reach.BRANCH})
READ_CONTACTS = Permission("cards.read_contacts", dict.fromkeys(Role, Reach.BRANCH))
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
