"""What a branch's statistics may be told by policy: who fills them in by when, and who reviews them (P17.10; A48)."""

from __future__ import annotations

from typing import ClassVar

from contracts.roles import Role
from contracts.staff import Profile
from policy.approvals import Approval, Chain, Seat
from policy.obligations import Deadline, Obligation
from policy.policies import Policy, rule
from policy.terms import Term

FILL_IN = Obligation("fill_in_statistics", ("P17.10",), "填报投诉统计表", "fill in the complaint statistics")
STATISTICS = Approval(
    "complaint.statistics", ("P17.10",), frozenset({"fill_in"}), "投诉统计表", "the complaint statistics"
)  # fmt: skip

_REVIEW: Chain = (
    (Seat(role=Role.GENERAL_MANAGER, within=Term.parse("1 working day"), otherwise=(Role.CEO,)),),
)  # fmt: skip


class StatisticsPolicy(Policy):
    """Whether the monthly statistics are owed; where they are not, the figures are frozen and readable all the same."""

    NAME = "complaint_statistics"
    SHIPPED: ClassVar = {
        Profile.RETAIL: {
            "fill_in": Deadline(
                within=Term.parse("by the 10th"), role=Role.HR_ADMIN, then=(Role.HR_ADMIN_MANAGER, Role.GENERAL_MANAGER)
            ),
            "review": _REVIEW,
        }
    }

    fill_in: Deadline | None = rule("P17.10", zh="填报投诉统计表的期限", default=None, reading="A48")
    review: Chain = rule("P17.10", zh="投诉统计表的审核", default=(), reading="A48")
