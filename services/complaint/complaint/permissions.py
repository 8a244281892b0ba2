"""Who may take, read, handle and see complaints (P04.3, P04.8, P12.2, P12.4); which step is whose the policy says."""

from __future__ import annotations

from contracts.roles import Role, Scope
from policy.access import Permission, Reach

TAKE_COMPLAINT = Permission(
    "complaint.take",
    {
        Role.CALL_CENTRE: Reach.GROUP,
        Role.GROUP_CUSTOMER_SERVICE: Reach.GROUP,
        Role.HR_ADMIN_MANAGER: Reach.BRANCH,
        Role.CUSTOMER_RELATIONS: Reach.BRANCH,
        Role.RELATIONS_SPECIALIST: Reach.BRANCH,
        Role.RELATIONS_MANAGER: Reach.BRANCH,
        Role.COMPLAINT_AGENT: Reach.BRANCH,
        Role.SERVICE_AGENT: Reach.BRANCH,
        Role.OPERATIONS_CUSTOMER_SERVICE: Reach.BRANCH,
    },
    scopes=(Scope.COMPLAINT_TAKE,),
)

#: a head sees what their department handles; who takes part in a case sees that one
_READERS = {
    Role.CALL_CENTRE: Reach.GROUP,
    Role.GROUP_CUSTOMER_SERVICE: Reach.GROUP,
    Role.GENERAL_MANAGER: Reach.BRANCH,
    #: signs and handles where the general manager may not (A15)
    Role.CEO: Reach.GROUP,
    Role.DEPARTMENT_DIRECTOR: Reach.BRANCH,
    Role.DEPARTMENT_MANAGER: Reach.DEPARTMENT,
    Role.DEPARTMENT_HEAD: Reach.DEPARTMENT,
    Role.DEPARTMENT_SUPERVISOR: Reach.DEPARTMENT,
    Role.HR_ADMIN_MANAGER: Reach.BRANCH,
    Role.HR_ADMIN: Reach.BRANCH,
    Role.CUSTOMER_RELATIONS: Reach.BRANCH,
    Role.RELATIONS_SPECIALIST: Reach.BRANCH,
    Role.RELATIONS_MANAGER: Reach.BRANCH,
    Role.COMPLAINT_AGENT: Reach.BRANCH,
    Role.SERVICE_AGENT: Reach.BRANCH,
    Role.PROPERTY: Reach.BRANCH,
    Role.PROPERTY_MANAGER: Reach.BRANCH,
    Role.DIVISION_MANAGER: Reach.BRANCH,
    Role.OPERATIONS_CUSTOMER_SERVICE: Reach.BRANCH,
    Role.SALES_CONSULTANT: Reach.OWN,
    Role.SERVICE_ADVISER: Reach.OWN,
}

READ_COMPLAINT = Permission("complaint.read", _READERS, scopes=(Scope.COMPLAINT_READ,))

#: whoever may have a part in the handling; whose a step is the branch's policy says
HANDLE_COMPLAINT = Permission("complaint.handle", _READERS)

#: which of them judges at a branch its policy says
JUDGE_COMPLAINT = Permission(
    "complaint.judge",
    {
        Role.HR_ADMIN_MANAGER: Reach.BRANCH,
        Role.CUSTOMER_RELATIONS: Reach.BRANCH,
        Role.RELATIONS_MANAGER: Reach.BRANCH,
        Role.DEPARTMENT_SUPERVISOR: Reach.BRANCH,
        Role.OPERATIONS_CUSTOMER_SERVICE: Reach.BRANCH,
        Role.PROPERTY: Reach.BRANCH,
        Role.PROPERTY_MANAGER: Reach.BRANCH,
        Role.DIVISION_MANAGER: Reach.BRANCH,
        Role.SERVICE_AGENT: Reach.BRANCH,
        Role.GENERAL_MANAGER: Reach.BRANCH,
    },
)

#: misconduct is proposed by who handles complaints or staff, decided along a chain
PROPOSE_MISCONDUCT = Permission(
    "complaint.propose_misconduct",
    {
        Role.HR_ADMIN: Reach.BRANCH,
        Role.HR_ADMIN_MANAGER: Reach.BRANCH,
        Role.DEPARTMENT_MANAGER: Reach.DEPARTMENT,
        Role.DEPARTMENT_HEAD: Reach.DEPARTMENT,
        Role.DEPARTMENT_SUPERVISOR: Reach.DEPARTMENT,
        Role.RELATIONS_MANAGER: Reach.BRANCH,
        Role.GENERAL_MANAGER: Reach.BRANCH,
    },
)

#: the archive fetches what a closed case hands over
FETCH_DOSSIER = Permission("complaint.fetch_dossier", {}, scopes=(Scope.COMPLAINT_DOSSIER,))
_HANDLERS = {
    Role.CALL_CENTRE: Reach.GROUP,
    Role.GROUP_CUSTOMER_SERVICE: Reach.GROUP,
    Role.HR_ADMIN_MANAGER: Reach.BRANCH,
    Role.CUSTOMER_RELATIONS: Reach.BRANCH,
    Role.RELATIONS_SPECIALIST: Reach.BRANCH,
    Role.RELATIONS_MANAGER: Reach.BRANCH,
    Role.COMPLAINT_AGENT: Reach.BRANCH,
    Role.OPERATIONS_CUSTOMER_SERVICE: Reach.BRANCH,
    Role.DEPARTMENT_HEAD: Reach.BRANCH,
    Role.GENERAL_MANAGER: Reach.BRANCH,
}
_TOLD = {
    Role.BRAND_DIVISION: Reach.AREA,
    Role.LEGAL: Reach.GROUP,
    Role.VP_OPERATIONS: Reach.GROUP,
    Role.CEO: Reach.GROUP,
}

#: mark a complaint as serious, and overrule it (P12.5)
MARK_SERIOUS = Permission("complaint.mark_serious", _HANDLERS)
#: who must be told may see what was done
READ_SERIOUS = Permission("complaint.read_serious", {**_HANDLERS, **_TOLD})
#: which of them a step belongs to its policy says
RECORD_STEP = Permission("complaint.record_step", {**_HANDLERS, **_TOLD})
#: a brand's own system; which brand it speaks for its policy says (P05.13)
READ_DETAIL = Permission("complaint.detail", {}, scopes=(Scope.COMPLAINT_DETAIL,))
CONVENE_GROUP = Permission("complaint.convene_crisis_group", {Role.GENERAL_MANAGER: Reach.BRANCH})
#: members are named one by one, whatever their roles (P12.7)
SIT_IN_GROUP = Permission("complaint.crisis_group", dict.fromkeys(Role, Reach.OWN))

OFFER_COMPENSATION = Permission(
    "complaint.offer_compensation",
    {
        Role.CUSTOMER_RELATIONS: Reach.BRANCH,
        Role.RELATIONS_SPECIALIST: Reach.BRANCH,
        Role.RELATIONS_MANAGER: Reach.BRANCH,
        Role.DEPARTMENT_SUPERVISOR: Reach.BRANCH,
        Role.DEPARTMENT_HEAD: Reach.BRANCH,
        Role.OPERATIONS_CUSTOMER_SERVICE: Reach.BRANCH,
        Role.HR_ADMIN_MANAGER: Reach.BRANCH,
        Role.GENERAL_MANAGER: Reach.BRANCH,
    },
)
PAY_COMPENSATION = Permission("complaint.pay_compensation", {Role.FINANCE: Reach.BRANCH})
READ_COMPENSATION = Permission(
    "complaint.read_compensation",
    {**OFFER_COMPENSATION.roles, Role.FINANCE: Reach.BRANCH, **_TOLD},
)

#: statistics name no person: figures, and the numbers of the cases that they consist of (P12.9, P17.10)
READ_STATISTICS = Permission(
    "complaint.read_statistics",
    {
        Role.HR_ADMIN: Reach.BRANCH,
        Role.HR_ADMIN_MANAGER: Reach.BRANCH,
        Role.GENERAL_MANAGER: Reach.BRANCH,
        Role.DEPARTMENT_DIRECTOR: Reach.BRANCH,
        Role.CUSTOMER_RELATIONS: Reach.BRANCH,
        Role.RELATIONS_MANAGER: Reach.BRANCH,
        Role.OPERATIONS_CUSTOMER_SERVICE: Reach.BRANCH,
        Role.PROPERTY_MANAGER: Reach.BRANCH,
        Role.DIVISION_MANAGER: Reach.BRANCH,
        Role.BRAND_DIVISION: Reach.AREA,
        Role.GROUP_CUSTOMER_SERVICE: Reach.GROUP,
        Role.VP_OPERATIONS: Reach.GROUP,
        Role.CEO: Reach.GROUP,
    },
)
FILL_IN_STATISTICS = Permission(
    "complaint.fill_in_statistics", {Role.HR_ADMIN: Reach.BRANCH, Role.HR_ADMIN_MANAGER: Reach.BRANCH}
)
