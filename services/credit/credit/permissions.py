"""Who may open accounts, book, ship and see where an account stands (P11.1, P11.6, P02.1, P02.3, P02.4)."""

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

#: who deals with a customer's money acts on a warning and hands letters over
ACT_ON_WARNING = Permission(
    "credit.act_on_warning",
    {
        Role.SALES: Reach.BRANCH,
        Role.SALESPERSON: Reach.BRANCH,
        Role.SALES_MANAGER: Reach.BRANCH,
        Role.SALES_DIRECTOR: Reach.GROUP,
        Role.AREA_MANAGER: Reach.AREA,
        Role.FINANCE: Reach.BRANCH,
    },
)

#: that a risk is none any more is not said by whoever sells
CLOSE_WARNING = Permission(
    "credit.close_warning",
    {
        Role.SALES_MANAGER: Reach.BRANCH,
        Role.SALES_DIRECTOR: Reach.GROUP,
        Role.AREA_MANAGER: Reach.AREA,
        Role.FINANCE: Reach.BRANCH,
    },
)

#: a letter names the customer: for those who hand it over or sign it
READ_LETTER = Permission(
    "credit.read_letter", {**ACT_ON_WARNING.roles, Role.GENERAL_MANAGER: Reach.BRANCH, Role.LEGAL: Reach.BRANCH}
)

ASSIGN_SALESPERSON = Permission(
    "credit.assign_salesperson",
    {
        Role.SALES_MANAGER: Reach.BRANCH,
        Role.SALES_DIRECTOR: Reach.GROUP,
        Role.AREA_MANAGER: Reach.AREA,
        Role.BUSINESS_DEPARTMENT_MANAGER: Reach.BRANCH,
    },
)

SET_TARGET = Permission(
    "credit.set_target",
    {
        Role.SALES_DIRECTOR: Reach.GROUP,
        Role.GENERAL_MANAGER: Reach.BRANCH,
        Role.BUSINESS_DEPARTMENT_MANAGER: Reach.BRANCH,
    },
)

BREAK_DOWN_TARGET = Permission(
    "credit.break_down_target",
    {
        Role.SALES_DIRECTOR: Reach.GROUP,
        Role.AREA_MANAGER: Reach.AREA,
        Role.BUSINESS_DEPARTMENT_MANAGER: Reach.BRANCH,
    },
)

#: a salesperson sees their own part, a branch its people's, an area its branches'
READ_TARGET = Permission(
    "credit.read_target",
    {
        Role.SALESPERSON: Reach.OWN,
        Role.SALES: Reach.BRANCH,
        Role.SALES_MANAGER: Reach.BRANCH,
        Role.SALES_DIRECTOR: Reach.GROUP,
        Role.AREA_MANAGER: Reach.AREA,
        Role.BUSINESS_DEPARTMENT_MANAGER: Reach.BRANCH,
        Role.FINANCE: Reach.BRANCH,
        Role.GENERAL_MANAGER: Reach.BRANCH,
    },
)

#: channel members report through whoever looks after them, or through their own system
REPORT_MOVEMENT = Permission(
    "credit.report_movement",
    {
        Role.SALES: Reach.BRANCH,
        Role.SALESPERSON: Reach.BRANCH,
        Role.SALES_MANAGER: Reach.BRANCH,
        Role.LOGISTICS_SPECIALIST: Reach.BRANCH,
    },
    scopes=(Scope.CREDIT_SHIP,),
)
