"""Who may open, change, confirm, find, read and erase customer files (P01.3, P01.4, P01.15, P03.3, P05.9, P05.14)."""

from __future__ import annotations

from contracts.roles import Role, Scope
from policy.access import Permission, Reach

_REGISTRARS = {
    Role.MARKETING_PROMOTION: Reach.BRANCH,
    Role.MARKETING_ADMINISTRATOR: Reach.BRANCH,
    Role.BUSINESS_DEPARTMENT: Reach.BRANCH,
    Role.SALES_CONSULTANT: Reach.BRANCH,
    Role.SERVICE_ADVISER: Reach.BRANCH,
    Role.INFORMATION_SPECIALIST: Reach.BRANCH,
    Role.CALL_CENTRE: Reach.GROUP,
}

REGISTER_CUSTOMER = Permission("customer.register", _REGISTRARS, scopes=(Scope.CUSTOMER_REGISTER,))

CHANGE_CUSTOMER = Permission("customer.change", _REGISTRARS)

READ_CUSTOMER = Permission(
    "customer.read",
    {
        **_REGISTRARS,
        Role.GENERAL_MANAGER: Reach.BRANCH,
        Role.INFORMATION_SUPERVISOR: Reach.GROUP,
        Role.CUSTOMER_SERVICE_MANAGER: Reach.BRANCH,
        Role.RELATIONS_MANAGER: Reach.BRANCH,
        Role.RELATIONS_SPECIALIST: Reach.BRANCH,
        Role.GROUP_CUSTOMER_SERVICE: Reach.GROUP,
    },
)

#: by a number that they were given; whoever opens an account finds whose it is, and opens no file
SEARCH_CUSTOMER = Permission(
    "customer.search",
    {
        **READ_CUSTOMER.roles,
        Role.SALES: Reach.BRANCH,
        Role.SALES_MANAGER: Reach.BRANCH,
        Role.FINANCE: Reach.BRANCH,
    },
)

CONFIRM_CUSTOMER = Permission(
    "customer.confirm", {Role.SALES_DIRECTOR: Reach.BRANCH, Role.GENERAL_MANAGER: Reach.BRANCH}
)

ERASE_CUSTOMER = Permission(
    "customer.erase",
    {
        Role.INFORMATION_SUPERVISOR: Reach.GROUP,
        Role.INFORMATION_SPECIALIST: Reach.BRANCH,
        Role.CUSTOMER_SERVICE_MANAGER: Reach.BRANCH,
        Role.GENERAL_MANAGER: Reach.BRANCH,
    },
)

#: those who give credit and ship see on their screens whose account it is, masked; a file they do not open
RESOLVE_CUSTOMER = Permission(
    "customer.resolve",
    {
        **READ_CUSTOMER.roles,
        Role.COMPLAINT_AGENT: Reach.BRANCH,
        Role.SERVICE_AGENT: Reach.BRANCH,
        Role.SALES: Reach.BRANCH,
        Role.SALESPERSON: Reach.BRANCH,
        Role.SALES_MANAGER: Reach.BRANCH,
        Role.SALES_DIRECTOR: Reach.GROUP,
        Role.AREA_MANAGER: Reach.AREA,
        Role.FINANCE: Reach.BRANCH,
    },
    scopes=(Scope.CUSTOMER_RESOLVE,),
)

#: machines only: a letter to a customer bears their name
ADDRESS_CUSTOMER = Permission("customer.address", {}, scopes=(Scope.CUSTOMER_ADDRESS,))
