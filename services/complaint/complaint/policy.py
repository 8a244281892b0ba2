"""What a complaint's handling may be told by policy: who judges, by when, who must agree (P04.3, P12.2, P17.2)."""

from __future__ import annotations

from typing import ClassVar

from contracts.roles import Role
from contracts.staff import Profile
from policy.approvals import Approval, Chain, Seat
from policy.obligations import Deadline, Obligation
from policy.policies import Policy, rule
from policy.terms import Term

#: whoever takes it has it judged: do reason and demand hold
JUDGE = Obligation("judge", ("P04.3",), "判定投诉是否成立", "judge whether the complaint holds")
#: where the profile wants a second pair of eyes on the judgement
JUDGEMENT = Approval("complaint.judgement", ("P04.3", "P17.2"), frozenset({"judge"}), "投诉判定", "the judgement")

_NEXT_DAY = Term.parse("1 working day")
_SUPERIOR: Chain = ((Seat(role=Role.DEPARTMENT_MANAGER, within=_NEXT_DAY, otherwise=(Role.GENERAL_MANAGER,)),),)


class ComplaintPolicy(Policy):
    """How a branch handles complaints."""

    NAME = "complaint"
    SHIPPED: ClassVar = {
        Profile.DEALERSHIP: {
            "judge": Deadline(
                within=_NEXT_DAY, role=Role.CUSTOMER_RELATIONS, then=(Role.RELATIONS_MANAGER, Role.GENERAL_MANAGER)
            )
        },
        Profile.RETAIL: {
            "judge": Deadline(
                within=_NEXT_DAY,
                role=Role.DEPARTMENT_SUPERVISOR,
                then=(Role.OPERATIONS_CUSTOMER_SERVICE, Role.HR_ADMIN),
            ),
            "founded": _SUPERIOR,
            "unfounded": _SUPERIOR,
        },
        Profile.PROPERTY: {
            "judge": Deadline(within=_NEXT_DAY, role=Role.PROPERTY, then=(Role.PROPERTY_MANAGER, Role.GENERAL_MANAGER))
        },
        Profile.GPS: {
            "judge": Deadline(
                within=_NEXT_DAY, role=Role.SERVICE_AGENT, then=(Role.DIVISION_MANAGER, Role.GENERAL_MANAGER)
            )
        },
    }

    judge: Deadline = rule(
        "P04.3", "P12.2", "P17.2",
        zh="判定期限与责任岗位",
        default=Deadline(within=_NEXT_DAY, role=Role.HR_ADMIN_MANAGER, then=(Role.GENERAL_MANAGER,)),
        ours=True,
        reading="A2",
    )  # fmt: skip
    founded: Chain = rule("P17.2", zh="判定成立的审批", default=())
    unfounded: Chain = rule("P04.3", "P17.2", zh="判定不成立的审批", default=(), reading="A14")
    levels: dict[str, list[Role]] | None = rule("P04.10", zh="投诉级别与处理经理", default=None, reading="A18")
