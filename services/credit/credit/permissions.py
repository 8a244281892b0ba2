"""Who may open accounts, book, ship and see where an account stands (P11.1, P11.6, P02.4)."""

from __future__ import annotations

from contracts.roles import Role, Scope
from policy.access import Permission, Reach

OPEN_ACCOUNT = Permission(
    "credit.open_account",
    {Role.SALES: Reach.BRANCH, Role.SALES_MANAGER: Reach.BRANCH, Role.FINANCE: Reach.BRANCH},
)

READ_ACCOUNT = Permission(
    "credit.read",
    {
        Role.SALES: Reach.BRANCH,
        Role.SALESPERSON: Reach.BRANCH,
        Role.SALES_MANAGER: Reach.BRANCH,
        Role.SALES_DIRECTOR: Reach.GROUP,
        Role.AREA_MANAGER: Reach.AREA,
        Role.FINANCE: Reach.BRANCH,
        Role.MARKETING_HEAD: Reach.BRANCH,
        Role.LOGISTICS_SPECIALIST: Reach.BRANCH,
        Role.WAREHOUSE_KEEPER: Reach.BRANCH,
        Role.GENERAL_MANAGER: Reach.BRANCH,
    },
    scopes=(Scope.CREDIT_IMPORT, Scope.CREDIT_SHIP),
)

BOOK = Permission("credit.book", {Role.FINANCE: Reach.BRANCH}, scopes=(Scope.CREDIT_IMPORT,))

#: sales and the order desk ask; that it may go is decided by the rules, never by who asks
REQUEST_SHIPMENT = Permission(
    "credit.request",
    {
        Role.SALES: Reach.BRANCH,
        Role.SALESPERSON: Reach.BRANCH,
        Role.SALES_MANAGER: Reach.BRANCH,
        Role.ORDER_AGENT: Reach.BRANCH,
        Role.LOGISTICS_SPECIALIST: Reach.BRANCH,
    },
    scopes=(Scope.CREDIT_SHIP,),
)

INVOICE = Permission("credit.invoice", {Role.FINANCE: Reach.BRANCH}, scopes=(Scope.CREDIT_SHIP,))

ISSUE_GOODS = Permission(
    "credit.issue_goods",
    {Role.WAREHOUSE_KEEPER: Reach.BRANCH, Role.LOGISTICS_SPECIALIST: Reach.BRANCH},
    scopes=(Scope.CREDIT_SHIP,),
)

#: finance checks what the warehouse says, whoever hands its list in
LIST_ISSUES = Permission(
    "credit.list_issues",
    {Role.WAREHOUSE_KEEPER: Reach.BRANCH, Role.LOGISTICS_SPECIALIST: Reach.BRANCH, Role.FINANCE: Reach.BRANCH},
    scopes=(Scope.CREDIT_SHIP,),
)

#: losses name who bears them: finance, and who decides
READ_LOSS = Permission(
    "credit.read_loss",
    {
        Role.FINANCE: Reach.BRANCH,
        Role.GENERAL_MANAGER: Reach.BRANCH,
        Role.SALES_DIRECTOR: Reach.GROUP,
        Role.AREA_MANAGER: Reach.AREA,
        Role.MARKETING_HEAD: Reach.BRANCH,
    },
)
