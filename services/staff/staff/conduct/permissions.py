"""Who sees the conduct ledger, and who decides in it (P04.12, P13.11)."""

from __future__ import annotations

from chassis.auth import Principal
from contracts.roles import Role
from policy.access import Permission, Reach

_OVERSEERS = {
    Role.DEPARTMENT_MANAGER: Reach.DEPARTMENT,
    Role.DEPARTMENT_HEAD: Reach.DEPARTMENT,
    Role.CUSTOMER_DIRECTOR: Reach.BRANCH,
    Role.HR_ADMIN_MANAGER: Reach.BRANCH,
    Role.HR_ADMIN: Reach.BRANCH,
    Role.FINANCE: Reach.BRANCH,
    Role.GENERAL_MANAGER: Reach.BRANCH,
}

#: everybody sees their own; who answers for others sees theirs
READ_CONDUCT = Permission("conduct.read", {**dict.fromkeys(Role, Reach.OWN), **_OVERSEERS})

#: signers ask what a breach would cost before they sign
PREVIEW_CONDUCT = Permission("conduct.preview", _OVERSEERS)

DECIDE_BREACH = Permission(
    "conduct.decide", {Role.DEPARTMENT_MANAGER: Reach.DEPARTMENT, Role.GENERAL_MANAGER: Reach.BRANCH}
)
DEDUCT_PAY = Permission(
    "conduct.deduct_pay", {Role.CUSTOMER_DIRECTOR: Reach.BRANCH, Role.GENERAL_MANAGER: Reach.BRANCH}
)
CORRECT_BREACH = Permission(
    "conduct.correct",
    {
        Role.DEPARTMENT_MANAGER: Reach.DEPARTMENT,
        Role.CUSTOMER_DIRECTOR: Reach.BRANCH,
        Role.HR_ADMIN_MANAGER: Reach.BRANCH,
        Role.GENERAL_MANAGER: Reach.BRANCH,
    },
)
CLOSE_CONDUCT_MONTH = Permission(
    "conduct.close_month", {Role.HR_ADMIN_MANAGER: Reach.BRANCH, Role.FINANCE: Reach.BRANCH}
)


def sees(permission: Permission, principal: Principal, branch: str, department: str | None, person: str) -> bool:
    """Whether the principal may do this about a person of this place; reading one's own follows one everywhere."""
    own = permission is READ_CONDUCT and person == principal.subject
    return own or permission.reach(principal).includes(branch, department=department, owner=person)
