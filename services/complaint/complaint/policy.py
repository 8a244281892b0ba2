"""What a complaint's handling may be told by policy: who keeps which gate, by when, who must agree, who handles it.

Shipped for the service branches (P04, the group's default), dealerships (P12), retail (P17), property (P08), GPS (P16).
"""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from typing import ClassVar, Literal, Self

from contracts.complaint import SeriousKind
from contracts.roles import Role
from contracts.staff import Profile
from policy.approvals import Approval, Chain, Seat
from policy.obligations import Deadline, Obligation
from policy.policies import Policy, rule
from policy.terms import Term
from pydantic import BaseModel, ConfigDict, Field, model_validator

from complaint.way import Gate

#: whoever takes it has it judged: do reason and demand hold
JUDGE = Obligation("judge", ("P04.3",), "判定投诉是否成立", "judge whether the complaint holds")
HAND_OVER = Obligation("hand_over", ("P04.4", "P17.3"), "移交受理部门", "hand it over to department and handler")
INVESTIGATE = Obligation("investigate", ("P04.9",), "展开调查", "start the investigation")
REPORT = Obligation("report", ("P04.5", "P17.4"), "提交调查报告", "report what was found")
OPINION = Obligation("opinion", ("P17.5",), "附具体意见", "add the opinion of HR-admin")
PROPOSE = Obligation("propose", ("P04.5", "P17.6"), "拟定处理方案", "draft a resolution")
ANSWER = Obligation("answer", ("P04.9", "P17.6"), "答复客户", "answer the customer")
ANSWER_UNFOUNDED = Obligation(
    "answer_unfounded", ("P04.3", "P17.2"), "答复不成立的投诉", "answer the complaint that does not hold"
)
RETURN_RESULT = Obligation("return_result", ("P12.4",), "向集团反馈处理结果", "return the result to the group")
CALL_BACK = Obligation("call_back", ("P04.7", "P12.4"), "回访客户", "call the customer back")
CLOSE = Obligation("close", ("P17.9",), "结案", "close the complaint")
PENALISE = Obligation("penalise", ("P04.12",), "决定处罚", "decide about penalties")
ASK_CUSTOMER = Obligation("ask_customer", ("P04.5", "P04.9"), "跟进客户答复", "ask the customer who is waited for")
MEASURE = Obligation("measure", ("P04.14", "P17.12"), "落实措施", "carry the measure through")

#: where the profile wants a second pair of eyes on the judgement
JUDGEMENT = Approval("complaint.judgement", ("P04.3", "P17.2"), frozenset({"judge"}), "投诉判定", "the judgement")
REVIEW = Approval(
    "complaint.investigation", ("P17.4",), frozenset({"investigate", "propose"}), "调查报告", "the report"
)
HR_OPINION = Approval("complaint.opinion", ("P17.5",), frozenset({"investigate", "propose"}), "行政人事意见", "opinion")
RESOLUTION = Approval(
    "complaint.resolution",
    ("P17.6",),
    frozenset({"resolve", "propose", "answer", "close"}),
    "处理方案",
    "the resolution",
)
MISCONDUCT = Approval(
    "complaint.misconduct", ("P04.11", "P04.12"), frozenset({"decide", "change"}), "违规处罚", "the penalty"
)

#: why the clocks of a case stand
WAITING_FOR_CUSTOMER = "waiting_for_customer"


class ReportPart(StrEnum):
    """A part of the investigation report (P17.4)."""

    CAUSE = "cause"
    COURSE = "course"
    RESPONSIBILITY = "responsibility"
    CONCLUSION = "conclusion"
    COUNTERMEASURES = "countermeasures"
    PREVENTION = "prevention"


class Keeper(BaseModel):
    """Who keeps a gate, where, by when, and who must agree.

    `roles` may pass it, the first of them owes it; with `handler` the handler of the case does. The term counts from
    the recorded receipt of the complaint or from when the case has come to this step; without one it is owed, but not
    due. `ours` says that the term is not the originals' (†).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rules: tuple[str, ...] = ()
    skipped: bool = False
    roles: tuple[Role, ...] = Field((), max_length=10)
    handler: bool = False
    place: Literal["department", "branch", "group"] = "branch"
    within: Term | None = None
    counted_from: Literal["receipt", "step"] = "step"
    then: tuple[Role, ...] = Field((), max_length=5)
    chain: Chain = ()
    ours: bool = False
    reading: str | None = None

    @property
    def from_receipt(self) -> bool:
        return self.counted_from == "receipt"

    def deadline(self, role: Role | None = None) -> Deadline:
        """What is owed at this gate, by its first role or by the one that is said."""
        return _deadline(self.within, role or self.roles[0], self.then)


@lru_cache(1024)
def _deadline(within: Term | None, role: Role, then: tuple[Role, ...]) -> Deadline:
    """One object for all that are owed alike: making it anew costs a complaint more than finding it."""
    return Deadline(within=within, role=role, then=then)


_NEXT_DAY, _TWO_DAYS = Term.parse("1 working day"), Term.parse("2 working days")
_GM = (Role.GENERAL_MANAGER,)
_SKIPPED = Keeper(skipped=True)
_BY_SUPERIOR: Chain = (
    (Seat(role=Role.DEPARTMENT_MANAGER, within=_NEXT_DAY, otherwise=(Role.GENERAL_MANAGER,)),),
)  # fmt: skip
_BY_GM: Chain = ((Seat(role=Role.GENERAL_MANAGER, within=_NEXT_DAY, otherwise=(Role.CEO,)),),)
_SUPERIOR_REVIEWS: Chain = (
    (
        Seat(
            role=Role.DEPARTMENT_MANAGER,
            place="department",
            within=_NEXT_DAY,
            otherwise=(Role.GENERAL_MANAGER,),
        ),
    ),
)
_DEPARTMENT_MANAGER_DECIDES: Chain = (
    (
        Seat(
            role=Role.DEPARTMENT_MANAGER,
            place="department",
            within=Term.parse("5 working days"),
            otherwise=(Role.GENERAL_MANAGER,),
        ),
    ),
)
_RELATIONS = (Role.CUSTOMER_RELATIONS, Role.RELATIONS_SPECIALIST, Role.RELATIONS_MANAGER)
_HEADS = [Role.DEPARTMENT_SUPERVISOR, Role.DEPARTMENT_HEAD]

_DEALERSHIP = {
    "judge": Keeper(
        rules=("P12.2",), roles=(Role.CUSTOMER_RELATIONS, Role.RELATIONS_MANAGER), within=_NEXT_DAY,
        counted_from="receipt",
        then=(Role.RELATIONS_MANAGER, Role.GENERAL_MANAGER), ours=True, reading="A2",
    ),
    "name_department": Keeper(
        rules=("P12.2",), roles=_RELATIONS, within=_NEXT_DAY,
        then=(Role.RELATIONS_MANAGER, Role.GENERAL_MANAGER), ours=True, reading="A2",
    ),
    "investigate": Keeper(
        rules=("P12.2",), handler=True, within=_NEXT_DAY, then=(Role.RELATIONS_MANAGER, Role.GENERAL_MANAGER),
        ours=True, reading="A2",
    ),
    "answer": Keeper(
        rules=("P12.4",), handler=True, roles=_RELATIONS, within=_TWO_DAYS,
        then=(Role.RELATIONS_MANAGER, Role.GENERAL_MANAGER), ours=True, reading="A2",
    ),
    "answer_unfounded": Keeper(
        rules=("P12.2",), roles=_RELATIONS, within=_TWO_DAYS, then=(Role.RELATIONS_MANAGER, Role.GENERAL_MANAGER),
        ours=True, reading="A2",
    ),
    "return_result": Keeper(
        rules=("P12.4",), roles=(Role.CUSTOMER_RELATIONS, Role.RELATIONS_MANAGER, Role.RELATIONS_SPECIALIST),
        within=Term.parse("24 hours"), then=(Role.RELATIONS_MANAGER, Role.GENERAL_MANAGER), reading="A43",
    ),
    "call_back": Keeper(
        rules=("P12.4",), roles=(Role.GROUP_CUSTOMER_SERVICE, Role.CALL_CENTRE), place="group", within=_NEXT_DAY,
        then=(Role.GROUP_CUSTOMER_SERVICE,), ours=True, reading="A2",
    ),
    "close": Keeper(
        rules=("P12.9",), roles=(Role.RELATIONS_MANAGER, Role.CUSTOMER_RELATIONS, Role.GROUP_CUSTOMER_SERVICE),
        within=_NEXT_DAY, then=_GM, ours=True, reading="A2",
    ),
    "survey": True,
    "penalties": None,
    "told_of_taken": (Role.RELATIONS_MANAGER,),
    "levels": {
        "normal": [*_RELATIONS, *_HEADS],
        "serious": [Role.RELATIONS_MANAGER, Role.DEPARTMENT_MANAGER],
        "gravest": [Role.GENERAL_MANAGER],
    },
}  # fmt: skip
_RETAIL = {
    "judge": Keeper(
        rules=("P17.2",), roles=(Role.DEPARTMENT_SUPERVISOR,), within=_NEXT_DAY, counted_from="receipt",
        then=(Role.OPERATIONS_CUSTOMER_SERVICE, Role.HR_ADMIN), ours=True, reading="A2",
    ),
    "accept": Keeper(rules=("P17.2",), chain=_BY_SUPERIOR),
    "name_department": Keeper(
        rules=("P17.3",), roles=(Role.HR_ADMIN,), within=_NEXT_DAY, then=_GM, ours=True, reading="A2",
    ),
    "investigate": Keeper(
        rules=("P17.3", "P17.4"), handler=True, within=_NEXT_DAY, then=(Role.HR_ADMIN, Role.GENERAL_MANAGER),
        ours=True, reading="A2",
    ),
    "review_investigation": Keeper(rules=("P17.4",), chain=_SUPERIOR_REVIEWS),
    "opinion": Keeper(
        rules=("P17.5",), roles=(Role.HR_ADMIN,), within=_NEXT_DAY, then=_GM, chain=_BY_GM, ours=True, reading="A2",
    ),
    "approve_resolution": Keeper(rules=("P17.6",), handler=True, chain=_SUPERIOR_REVIEWS),
    "answer": Keeper(
        rules=("P17.6",), roles=(Role.OPERATIONS_CUSTOMER_SERVICE,), within=_NEXT_DAY,
        then=(Role.HR_ADMIN, Role.GENERAL_MANAGER), ours=True, reading="A2",
    ),
    "answer_unfounded": Keeper(
        rules=("P17.2",), roles=(Role.DEPARTMENT_SUPERVISOR, Role.OPERATIONS_CUSTOMER_SERVICE), within=_NEXT_DAY,
        then=(Role.OPERATIONS_CUSTOMER_SERVICE,), ours=True, reading="A41",
    ),
    "call_back": _SKIPPED,
    "close": Keeper(
        rules=("P17.9", "P17.11"), roles=(Role.OPERATIONS_CUSTOMER_SERVICE,), within=Term.parse("7 days"),
        counted_from="receipt", then=(Role.HR_ADMIN, Role.GENERAL_MANAGER), reading="A48",
    ),
    "pauses": False,
    "report": tuple(ReportPart),
    "penalties": None,
    "told_of_refused": (Role.HR_ADMIN,),
}  # fmt: skip
_PROPERTY = {
    "judge": Keeper(
        rules=("P08.6",), roles=(Role.PROPERTY, Role.PROPERTY_MANAGER), within=_NEXT_DAY,
        counted_from="receipt",
        then=(Role.PROPERTY_MANAGER, Role.GENERAL_MANAGER), ours=True, reading="A2",
    ),
    "name_department": Keeper(
        rules=("P08.6",), roles=(Role.PROPERTY, Role.PROPERTY_MANAGER), within=_NEXT_DAY,
        then=(Role.PROPERTY_MANAGER, Role.GENERAL_MANAGER), ours=True, reading="A2",
    ),
    "answer_unfounded": Keeper(
        rules=("P04.3", "P08.6"), roles=(Role.PROPERTY, Role.PROPERTY_MANAGER), within=_TWO_DAYS,
        counted_from="receipt", then=_GM, reading="A16",
    ),
    "call_back": Keeper(
        rules=("P04.7", "P08.6"), roles=(Role.PROPERTY, Role.PROPERTY_MANAGER), within=_NEXT_DAY,
        then=(Role.PROPERTY_MANAGER, Role.GENERAL_MANAGER), ours=True, reading="A2",
    ),
    "close": Keeper(
        rules=("P08.6",), roles=(Role.PROPERTY, Role.PROPERTY_MANAGER), within=_NEXT_DAY, then=_GM, ours=True,
        reading="A2",
    ),
    "levels": {
        "normal": [Role.PROPERTY_MANAGER, *_HEADS],
        "serious": [Role.PROPERTY_MANAGER, Role.DEPARTMENT_MANAGER],
        "gravest": [Role.GENERAL_MANAGER],
    },
}  # fmt: skip
_GPS = {
    "judge": Keeper(
        rules=("P16.6",), roles=(Role.SERVICE_AGENT, Role.DIVISION_MANAGER), within=_NEXT_DAY,
        counted_from="receipt",
        then=(Role.DIVISION_MANAGER, Role.GENERAL_MANAGER), ours=True, reading="A2",
    ),
    "name_department": Keeper(
        rules=("P16.6",), roles=(Role.SERVICE_AGENT, Role.DIVISION_MANAGER), within=_NEXT_DAY,
        then=(Role.DIVISION_MANAGER, Role.GENERAL_MANAGER), ours=True, reading="A2",
    ),
    "answer": Keeper(
        rules=("P16.6", "P16.9"), handler=True, roles=(Role.SERVICE_AGENT,), within=_NEXT_DAY, counted_from="receipt",
        then=(Role.DIVISION_MANAGER, Role.GENERAL_MANAGER), ours=True, reading="A2",
    ),
    "answer_unfounded": Keeper(
        rules=("P16.6", "P16.9"), roles=(Role.SERVICE_AGENT, Role.DIVISION_MANAGER), within=_NEXT_DAY,
        counted_from="receipt", then=(Role.DIVISION_MANAGER,), ours=True, reading="A2",
    ),
    "call_back": Keeper(
        rules=("P16.9",), roles=(Role.SERVICE_AGENT,), within=_NEXT_DAY,
        then=(Role.DIVISION_MANAGER, Role.GENERAL_MANAGER), ours=True, reading="A2",
    ),
    "close": Keeper(
        rules=("P16.9",), roles=(Role.SERVICE_AGENT, Role.DIVISION_MANAGER), within=_NEXT_DAY, then=_GM, ours=True,
        reading="A2",
    ),
    "levels": {
        "normal": [Role.DIVISION_MANAGER, *_HEADS],
        "serious": [Role.DIVISION_MANAGER, Role.DEPARTMENT_MANAGER],
        "gravest": [Role.GENERAL_MANAGER],
    },
}  # fmt: skip


class ComplaintPolicy(Policy):
    """How a branch handles complaints."""

    NAME = "complaint"
    SHIPPED: ClassVar = {
        Profile.DEALERSHIP: _DEALERSHIP,
        Profile.RETAIL: _RETAIL,
        Profile.PROPERTY: _PROPERTY,
        Profile.GPS: _GPS,
    }

    judge: Keeper = rule(
        "P04.3", "P12.2", "P17.2",
        zh="判定",
        default=Keeper(
            rules=("P04.3",), roles=(Role.HR_ADMIN_MANAGER,), within=_NEXT_DAY, counted_from="receipt",
            then=_GM, ours=True, reading="A2",
        ),
        ours=True,
        reading="A2",
    )  # fmt: skip
    accept: Keeper = rule("P17.2", zh="裁定受理", default=_SKIPPED, reading="A14")
    name_department: Keeper = rule(
        "P04.4", "P17.3",
        zh="确定受理部门",
        default=Keeper(
            rules=("P04.4",), roles=(Role.HR_ADMIN_MANAGER,), within=_NEXT_DAY, then=_GM, ours=True, reading="A2",
        ),
        ours=True,
        reading="A2",
    )  # fmt: skip
    investigate: Keeper = rule(
        "P04.5", "P04.9", "P17.4",
        zh="调查",
        default=Keeper(
            rules=("P04.9",), handler=True, within=_NEXT_DAY, counted_from="receipt",
            then=(Role.DEPARTMENT_MANAGER, Role.GENERAL_MANAGER), reading="A16",
        ),
        reading="A16",
    )  # fmt: skip
    review_investigation: Keeper = rule("P17.4", zh="审核调查报告", default=_SKIPPED)
    opinion: Keeper = rule("P17.5", zh="行政人事意见与总经理批阅", default=_SKIPPED)
    approve_resolution: Keeper = rule(
        "P04.5", "P17.6", zh="处理方案审核", default=Keeper(rules=("P04.5",), handler=True), reading="A17"
    )
    answer: Keeper = rule(
        "P04.5", "P04.9", "P17.6",
        zh="答复客户",
        default=Keeper(
            rules=("P04.5", "P04.9"), handler=True, within=_TWO_DAYS, counted_from="receipt",
            then=(Role.DEPARTMENT_MANAGER, Role.GENERAL_MANAGER), reading="A16",
        ),
        reading="A16",
    )  # fmt: skip
    answer_unfounded: Keeper = rule(
        "P04.3", "P17.2",
        zh="答复不成立的投诉",
        default=Keeper(
            rules=("P04.3",), roles=(Role.HR_ADMIN_MANAGER, Role.CUSTOMER_RELATIONS, Role.RELATIONS_MANAGER),
            within=_TWO_DAYS, counted_from="receipt", then=_GM, reading="A16",
        ),
        reading="A16",
    )  # fmt: skip
    return_result: Keeper = rule("P12.4", zh="向集团反馈处理结果", default=_SKIPPED, reading="A43")
    call_back: Keeper = rule(
        "P04.7", "P12.4",
        zh="回访",
        default=Keeper(
            rules=("P04.7",), roles=(Role.HR_ADMIN_MANAGER,), within=_NEXT_DAY, then=_GM, ours=True, reading="A2",
        ),
        ours=True,
        reading="A2",
    )  # fmt: skip
    close: Keeper = rule(
        "P04.6", "P04.7", "P17.9",
        zh="结案",
        default=Keeper(
            rules=("P04.7",), roles=(Role.HR_ADMIN_MANAGER,), within=_NEXT_DAY, then=_GM, ours=True, reading="A2",
        ),
        ours=True,
        reading="A48",
    )  # fmt: skip
    settle: tuple[Role, ...] = rule("P04.5", zh="客户不接受时的决定人", default=_GM, ours=True, reading="A17")
    proposals: int | None = rule("P04.5", zh="处理方案最多次数", default=None, reading="A17")
    call_back_unfounded: bool = rule("P04.7", zh="不成立的投诉也回访", default=False, reading="A14")
    report: tuple[ReportPart, ...] = rule(
        "P04.5", "P17.4",
        zh="调查报告必备内容",
        default=(ReportPart.COURSE, ReportPart.RESPONSIBILITY, ReportPart.CONCLUSION),
    )  # fmt: skip
    survey: bool = rule("P12.4", zh="回访须调查满意度", default=False)
    pauses: bool = rule("P04.9", "P17.9", zh="等待客户时暂停计时", default=True, ours=True, reading="A48")
    ask_customer: Term = rule(
        "P04.5", "P04.9", zh="等待客户多久后须跟进", default=Term.parse("3 working days"), ours=True, reading="A16"
    )  # fmt: skip
    told_of_taken: tuple[Role, ...] = rule("P12.4", zh="集团受理后通知的岗位", default=())
    told_of_refused: tuple[Role, ...] = rule("P17.2", zh="非客户原因不受理时告知", default=(), reading="A41")
    levels: dict[str, list[Role]] = rule(
        "P04.10",
        zh="投诉级别与处理经理",
        default={"normal": _HEADS, "serious": [Role.DEPARTMENT_MANAGER], "gravest": [Role.GENERAL_MANAGER]},
        ours=True,
        reading="A18",
    )
    superiors: tuple[Role, ...] = rule(
        "P04.4",
        zh="部门主管被投诉时的上级",
        default=(Role.DEPARTMENT_MANAGER, Role.DEPARTMENT_DIRECTOR, Role.GENERAL_MANAGER, Role.CEO),
        ours=True,
        reading="A15",
    )
    gravest: tuple[SeriousKind, ...] = rule(
        "P04.10", zh="最高级别的情形", default=(SeriousKind.NEGATIVE_MEDIA, SeriousKind.WIDE_OR_VICIOUS), ours=True,
        reading="A18",
    )  # fmt: skip
    penalties: Deadline | None = rule(
        "P04.12",
        zh="处罚期限",
        default=Deadline(within=Term.parse("5 working days"), role=Role.DEPARTMENT_MANAGER, then=(Role.HR_ADMIN, *_GM)),
        ours=True,
        reading="A20",
    )
    penalty: Chain = rule("P04.12", zh="处罚审批", default=_DEPARTMENT_MANAGER_DECIDES, reading="A15")
    penalty_late: Chain = rule("P04.12", zh="部门经理逾期后的处罚审批", default=_BY_GM, reading="A20")
    unset_sanctions: tuple[int, ...] = rule(
        "P04.11", zh="原文缺失处分的档次,须由决定人写明", default=(1, 5), reading="A19"
    )
    offences: dict[str, int] = rule(
        "P04.11",
        zh="违规情节与档次",
        default={
            "poor_attitude": 1, "low_efficiency": 1, "ignorance_of_business": 1, "mocking_customer": 1,
            "indifferent_reception": 2, "skipping_steps": 2, "making_difficulties": 2, "quarrelling": 2,
            "denying_facts": 3, "failing_to_supervise": 3,
            "concealing_complaint": 4, "refusing_to_help": 4,
            "insulting_or_hitting": 5, "retaliation": 5, "loss_of_reputation": 5, "false_promises": 5,
        },
        reading="A19",
    )  # fmt: skip

    @model_validator(mode="after")
    def _no_way_around(self) -> Self:
        for gate in (Gate.JUDGE, Gate.NAME_DEPARTMENT, Gate.INVESTIGATE, Gate.APPROVE_RESOLUTION, Gate.ANSWER):
            if self.keeper(gate).skipped:
                raise ValueError(f"{gate} cannot be skipped")
        for gate in Gate:
            keeper = self.keeper(gate)
            if not (keeper.skipped or keeper.roles or keeper.handler or keeper.chain):
                raise ValueError(f"{gate} has no keeper")
        return self

    def keeper(self, gate: Gate) -> Keeper:
        """Who keeps a gate."""
        found: Keeper = getattr(self, gate.value)
        return found

    def gates(self, *, founded: bool) -> list[Gate]:
        """Which gates a complaint has to pass, in order."""
        if not founded:
            apply = {Gate.JUDGE, Gate.ACCEPT, Gate.ANSWER} | ({Gate.CALL_BACK} if self.call_back_unfounded else set())
        else:
            apply = set(Gate)
        return [gate for gate in Gate if gate in apply and not self.keeper(gate).skipped]
