"""What the keeping of customer files may be told by policy: confirmation, erasure (P03.3, P05.14)."""

from __future__ import annotations

from contracts.roles import Role
from policy.approvals import Approval, Chain, Seat
from policy.obligations import Deadline, Obligation
from policy.policies import Policy, rule
from policy.terms import Term

ERASURE = Approval("customer.erasure", ("P05.14",), frozenset({"order"}), "删除客户资料", "the erasure of a customer")
ANSWERS = Obligation("erasure_answers", ("P05.14",), "各服务确认删除", "every service answers that it has erased")


class CustomerPolicy(Policy):
    """How customer files are kept."""

    NAME = "customer"

    reconfirm: tuple[str, ...] = rule(
        "P03.3",
        zh="变更后须重新确认的项目",
        default=("name", "id_number", "enterprise_nature", "supervising_unit", "contact_person"),
        ours=True,
        reading="A12",
    )
    erasure: Chain = rule(
        "P05.14",
        zh="删除客户资料的审批",
        default=((Seat(role=Role.CUSTOMER_SERVICE_MANAGER, otherwise=(Role.GENERAL_MANAGER,)),),),
        ours=True,
        reading="A25",
    )
    holders: tuple[str, ...] = rule(
        "P05.14", zh="持有客户资料的服务", default=("complaint", "archive", "credit"), ours=True
    )
    answers: Deadline = rule(
        "P05.14",
        zh="删除确认期限",
        default=Deadline(
            within=Term.parse("1 working day"),
            role=Role.INFORMATION_SUPERVISOR,
            then=(Role.CUSTOMER_SERVICE_MANAGER, Role.GENERAL_MANAGER),
        ),
        ours=True,
    )
