"""Who reviews and approves policy documents, and by when: data, with their rules (P01.18, P13.15)."""

from __future__ import annotations

from contracts.roles import Role
from policy.approvals import Approval, Chain, Seat
from policy.obligations import Deadline, Obligation
from policy.policies import Policy, rule
from policy.terms import Term

#: somebody other than the drafter reads it before the general manager does
REVIEW = Obligation("review_document", ("P13.15",), "制度文件审核", "review a policy document")
#: it holds only with the general manager's approval
TAKE_EFFECT = Approval(
    "document.take_effect", ("P01.18", "P13.15"), frozenset({"take_effect", "end"}), "制度批准", "a policy document"
)


class DocumentPolicy(Policy):
    """How policy documents come to hold."""

    NAME = "documents"

    review: Deadline = rule(
        "P13.15", zh="制度文件审核期限", ours=True,
        default=Deadline(
            within=Term.parse("5 working days"), role=Role.DEPARTMENT_HEAD,
            then=(Role.HR_ADMIN_MANAGER, Role.GENERAL_MANAGER),
        ),
    )  # fmt: skip
    branch_approval: Chain = rule("P01.18", zh="分支机构制度的批准", default=((Seat(role=Role.GENERAL_MANAGER),),))
    group_approval: Chain = rule(
        "P01.18", zh="集团制度的批准", default=((Seat(role=Role.GENERAL_MANAGER, place="group"),),)
    )
