"""What the policy says of serious complaints: what counts as a repeat, who is told by when, what each brand asks."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar, Literal

from contracts.roles import Role
from contracts.staff import Profile
from policy.obligations import Deadline, Obligation
from policy.policies import Policy, rule
from policy.terms import Term
from pydantic import BaseModel, ConfigDict, Field

from complaint.serious.factory import BrandRules


class StepKind(StrEnum):
    """The steps of the ladder, as the system names them."""

    MANAGEMENT = "management"
    DIVISION = "division"
    LEGAL = "legal"
    LEADERSHIP = "leadership"
    FACTORY = "factory"
    CRISIS_GROUP = "crisis_group"


#: what each step is owed as
DUTY_OF = {
    StepKind.MANAGEMENT: Obligation(
        "serious.management", ("P12.7",), "重大投诉:确认已获通知", "serious complaint: confirm that you know"
    ),
    StepKind.DIVISION: Obligation(
        "serious.division", ("P12.6",), "重大投诉:向品牌事业部/管理部预警报备", "serious complaint: warn the division"
    ),
    StepKind.LEGAL: Obligation(
        "serious.legal", ("P12.6",), "重大投诉:向法务部预警报备", "serious complaint: warn legal"
    ),
    StepKind.LEADERSHIP: Obligation(
        "serious.leadership", ("P12.6",), "重大投诉:向运营副总裁、CEO报备", "serious complaint: report to VP and CEO"
    ),
    StepKind.FACTORY: Obligation(
        "serious.factory", ("P12.8",), "重大投诉:按厂家要求预警", "serious complaint: warn the factory as it requires"
    ),
    StepKind.CRISIS_GROUP: Obligation(
        "serious.crisis_group", ("P12.7",), "重大投诉:召集危机处理小组", "serious complaint: convene the crisis group"
    ),
}
#: what the factory asks for and the record does not have
COMPLETE = Obligation(
    "serious.complete", ("P12.8",), "重大投诉:补全厂家要求的信息", "serious complaint: complete what the factory asks"
)
#: what the crisis group has decided that somebody does
TASK = Obligation("serious.task", ("P12.7",), "危机处理小组交办事项", "task of the crisis group")


class StepRule(BaseModel):
    """One step for one addressee.

    `to` at `place` (and `department` of the branch) is told; where nobody but an excluded person holds the post,
    the first of `otherwise`. `deadline` says whose duty it is, by when, who hears of a miss. It is met when the notice
    has left (`sent`), when the addressee has confirmed, or when it is recorded as `done`; then nobody is told.
    It begins with the marking, or when a step of kind `after` is met.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: StepKind
    to: Role
    place: Literal["branch", "area", "group"] = "branch"
    department: str | None = Field(None, max_length=50)
    deadline: Deadline
    met_by: Literal["sent", "confirmed", "done"]
    after: StepKind | None = None
    otherwise: tuple[Role, ...] = Field((), max_length=5)


_AT_ONCE = Term.parse("30 minutes")
_PROMPTLY = Term.parse("1 working day")
_A_DAY = Term.parse("24 hours")

#: P12.6, P12.7: the ladder of a dealership
LADDER: tuple[StepRule, ...] = (
    StepRule(
        kind=StepKind.MANAGEMENT,
        to=Role.DEPARTMENT_HEAD,
        department="customer_relations",
        deadline=Deadline(within=_AT_ONCE, role=Role.DEPARTMENT_HEAD, then=(Role.GENERAL_MANAGER,)),
        met_by="confirmed",
        otherwise=(Role.RELATIONS_MANAGER, Role.GENERAL_MANAGER),
    ),
    StepRule(
        kind=StepKind.MANAGEMENT,
        to=Role.GENERAL_MANAGER,
        deadline=Deadline(within=_AT_ONCE, role=Role.GENERAL_MANAGER, then=(Role.BRAND_DIVISION, Role.VP_OPERATIONS)),
        met_by="confirmed",
        otherwise=(Role.BRAND_DIVISION, Role.VP_OPERATIONS),
    ),
    StepRule(
        kind=StepKind.DIVISION,
        to=Role.BRAND_DIVISION,
        place="area",
        deadline=Deadline(
            within=_A_DAY, role=Role.CUSTOMER_RELATIONS, then=(Role.RELATIONS_MANAGER, Role.GENERAL_MANAGER)
        ),
        met_by="sent",
    ),
    StepRule(
        kind=StepKind.LEGAL,
        to=Role.LEGAL,
        place="group",
        deadline=Deadline(
            within=_A_DAY, role=Role.CUSTOMER_RELATIONS, then=(Role.RELATIONS_MANAGER, Role.GENERAL_MANAGER)
        ),
        met_by="sent",
    ),
    *(
        StepRule(
            kind=StepKind.LEADERSHIP,
            to=leader,
            place="group",
            deadline=Deadline(within=_PROMPTLY, role=Role.BRAND_DIVISION),
            met_by="sent",
            after=StepKind.DIVISION,
        )
        for leader in (Role.VP_OPERATIONS, Role.CEO)
    ),
    StepRule(
        kind=StepKind.CRISIS_GROUP,
        to=Role.GENERAL_MANAGER,
        deadline=Deadline(within=None, role=Role.GENERAL_MANAGER),
        met_by="done",
    ),
)


class SeriousPolicy(Policy):
    """How a branch deals with serious complaints."""

    NAME = "serious"
    SHIPPED: ClassVar = {Profile.DEALERSHIP: {"ladder": LADDER}}

    repeat_days: int = rule(
        "P12.5", zh="重复投诉:结案后多少天内", default=90, ours=True, reading="A44"
    )  # fmt: skip
    likeness: float = rule(
        "P12.5", zh="重复投诉:事由相似度门槛(0 至 1)", default=0.3, ours=True, reading="A44"
    )  # fmt: skip
    ladder: tuple[StepRule, ...] = rule("P12.6", "P12.7", zh="重大投诉上报步骤", default=(), reading="A45")
    liable: tuple[Role, ...] = rule(
        "P12.8",
        zh="未按要求预警的责任岗位",
        default=(Role.CUSTOMER_RELATIONS, Role.RELATIONS_MANAGER, Role.GENERAL_MANAGER),
        ours=True,
    )
    brands: dict[str, BrandRules] = rule("P12.8", zh="各品牌厂家的预警要求", default={})
    machines: dict[str, str] = rule("P05.13", "P12.8", zh="厂家系统账号所代表的品牌", default={})
