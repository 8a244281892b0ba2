"""Who may keep the directory: branches, calendar, people, leave, rota (P01.9, P06.2, P06.9)."""

from __future__ import annotations

from contracts.roles import Role, Scope
from policy.access import Permission, Reach

_EVERYONE = dict.fromkeys(Role, Reach.BRANCH)
_HR = {Role.ADMINISTRATOR: Reach.BRANCH, Role.HR_ADMIN: Reach.BRANCH, Role.HR_ADMIN_MANAGER: Reach.BRANCH}

#: opens branches and says under which profile they run: the whole group's business
KEEP_BRANCHES = Permission("staff.branches", {Role.ADMINISTRATOR: Reach.GROUP, Role.GM_OFFICE_MEETING: Reach.GROUP})

#: hours and days of a branch, its complaint phone and mailbox
CHANGE_BRANCH = Permission(
    "staff.branch", {Role.ADMINISTRATOR: Reach.BRANCH, Role.HR_ADMIN_MANAGER: Reach.BRANCH,
                     Role.GENERAL_MANAGER: Reach.BRANCH}
)  # fmt: skip

#: where the branches are and when they are open is no secret in the house
READ_BRANCHES = Permission("staff.branches.read", dict.fromkeys(Role, Reach.GROUP), scopes=(Scope.STAFF_RESOLVE,))

KEEP_CALENDAR = Permission("staff.calendar", {Role.ADMINISTRATOR: Reach.GROUP})

KEEP_PEOPLE = Permission("staff.people", _HR)

READ_PEOPLE = Permission(
    "staff.people.read",
    {**_HR, Role.GENERAL_MANAGER: Reach.BRANCH, Role.DEPARTMENT_HEAD: Reach.DEPARTMENT,
     Role.DEPARTMENT_MANAGER: Reach.DEPARTMENT, Role.CUSTOMER_SERVICE_SUPERVISOR: Reach.BRANCH},
)  # fmt: skip

#: who a subject on a screen is: a colleague's name, branch and post
RESOLVE_PEOPLE = Permission("staff.people.resolve", _EVERYONE, scopes=(Scope.STAFF_RESOLVE,))

#: mail and mobile, for telling them something: machines only
REACH_PEOPLE = Permission("staff.people.reach", {}, scopes=(Scope.STAFF_REACH,))

#: everybody plans their own leave; who keeps people, and heads, that of others
PLAN_LEAVE = Permission(
    "staff.leave",
    {**dict.fromkeys(Role, Reach.OWN), **_HR, Role.GENERAL_MANAGER: Reach.BRANCH,
     Role.DEPARTMENT_HEAD: Reach.DEPARTMENT, Role.DEPARTMENT_MANAGER: Reach.DEPARTMENT},
)  # fmt: skip

SET_ROTA = Permission(
    "staff.rota",
    {**_HR, Role.CUSTOMER_SERVICE_SUPERVISOR: Reach.BRANCH, Role.CUSTOMER_SERVICE_MANAGER: Reach.BRANCH,
     Role.DEPARTMENT_HEAD: Reach.BRANCH, Role.DEPARTMENT_MANAGER: Reach.BRANCH, Role.GENERAL_MANAGER: Reach.BRANCH},
)  # fmt: skip

READ_ROTA = Permission("staff.rota.read", _EVERYONE)
