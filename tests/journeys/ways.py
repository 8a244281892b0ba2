"""How each process handles a complaint, and whose each step is: docs/complaint-gates.md as people do it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

JUDGEMENT = {"reason_holds": True, "demand_holds": True, "opinion": "三次维修未解决, 要求合理"}
RESOLUTION = {"words": "免费更换并致歉", "takes_up_demand": "以更换满足更换要求"}
ANSWER = {"way": "oral", "words": "已说明方案, 致歉"}
RESULT = {"words": "已更换, 客户接受"}
REPORT = {
    "cause": "部件磨损",
    "course": "三次上门, 仅清洗未更换",
    "responsible": [],
    "responsibility": "诊断流程缺失, 无个人责任",
    "conclusion": "投诉成立",
}
CALL_BACK = {
    "result": "已更换",
    "summary": "两日内处理",
    "evaluation": "处理及时",
    "final_opinion": "满意",
    "suggestion": "首次即升级诊断",
    "satisfaction": 5,
}

#: a person, the step that they take, what they enter
Step = tuple[str, str, Any]


@dataclass(frozen=True)
class Way:
    """A process at one branch of the demo. `handler` handles what is ordinary, `superior` what is serious (P04.10).

    Who stands where is a subject. `answers` is who speaks with the customer, where that is not the handler; the
    signature of one of `signers` is had after each step of `signed`.
    """

    process: str
    profile: str
    branch: str
    department: str
    channel: str
    judge: str
    hands_over: str
    handler: str
    superior: str
    closes: str
    answers: str | None = None
    opinion: str | None = None
    returns: str | None = None
    calls_back: str | None = None
    signed: tuple[str, ...] = ()
    signers: tuple[str, ...] = ()

    @property
    def reader(self) -> str:
        """Who reads the case and its dossier at the branch."""
        return f"general-manager-{self.branch}-1"

    def steps(self, *, serious: bool) -> list[Step]:
        """From the judgement to the closing, in order; the profile's gates with nobody here are left out."""
        handler = self.superior if serious else self.handler
        answers = self.answers or handler
        measures = [{"words": "增加首次检查项目"}] if self.signed else []
        everything: list[tuple[str | None, str, Any]] = [
            (self.judge, "judge", {**JUDGEMENT, "respondent_department": self.department}),
            (self.hands_over, "hand-over", {"handler": handler}),
            (handler, "start-investigation", None),
            (handler, "report", {**REPORT, "countermeasures": measures, "prevention": measures}),
            (self.opinion, "opinion", {"words": "同意调查结论"}),
            (handler, "resolution", RESOLUTION),
            (answers, "answer", ANSWER),
            (answers, "reaction", {"accepted": True}),
            (self.returns, "result", RESULT),
            (self.calls_back, "call-back", CALL_BACK),
            (self.closes, "close", None),
        ]
        return [(who, step, body) for who, step, body in everything if who is not None]


DEALERSHIP = Way(
    process="P12 经销店",
    profile="dealership",
    branch="sh-pudong",
    department="after_sales",
    channel="call_centre",
    judge="customer-relations-sh-pudong-1",
    hands_over="relations-manager-sh-pudong-1",
    handler="customer-relations-sh-pudong-1",
    superior="relations-manager-sh-pudong-1",
    returns="relations-manager-sh-pudong-1",
    calls_back="group-cs-1",
    closes="relations-manager-sh-pudong-1",
)
SERVICES = Way(
    process="P04/P10 服务机构",
    profile="services",
    branch="cd-wuhou",
    department="customer_service",
    channel="phone",
    judge="hr-admin-manager-cd-wuhou-1",
    hands_over="hr-admin-manager-cd-wuhou-1",
    handler="customer-service-supervisor-cd-wuhou-1",
    superior="department-manager-cd-wuhou-1",
    calls_back="hr-admin-manager-cd-wuhou-1",
    closes="hr-admin-manager-cd-wuhou-1",
)
RETAIL = Way(
    process="P17 零售",
    profile="retail",
    branch="gz-tianhe",
    department="operations",
    channel="phone",
    judge="department-supervisor-gz-tianhe-2",
    hands_over="hr-admin-gz-tianhe-1",
    handler="department-supervisor-gz-tianhe-1",
    superior="department-manager-gz-tianhe-1",
    answers="operations-customer-service-gz-tianhe-1",
    opinion="hr-admin-gz-tianhe-1",
    closes="operations-customer-service-gz-tianhe-1",
    signed=("judge", "report", "opinion", "resolution"),
    signers=("department-manager-gz-tianhe-2", "department-manager-gz-tianhe-1", "general-manager-gz-tianhe-1"),
)
PROPERTY = Way(
    process="P08 物业",
    profile="property",
    branch="sz-nanshan",
    department="property",
    channel="phone",
    judge="department-head-sz-nanshan-1",
    hands_over="department-head-sz-nanshan-1",
    handler="property-manager-sz-nanshan-1",
    superior="property-manager-sz-nanshan-1",
    calls_back="property-manager-sz-nanshan-1",
    closes="property-manager-sz-nanshan-1",
)
GPS = Way(
    process="P16 GPS",
    profile="gps",
    branch="xa-yanta",
    department="gps_division",
    channel="phone",
    judge="service-agent-xa-yanta-1",
    hands_over="service-agent-xa-yanta-1",
    handler="division-manager-xa-yanta-1",
    superior="division-manager-xa-yanta-1",
    answers="service-agent-xa-yanta-1",
    calls_back="service-agent-xa-yanta-1",
    closes="division-manager-xa-yanta-1",
)
#: each process that has a way of its own
WAYS = (SERVICES, DEALERSHIP, RETAIL, PROPERTY, GPS)
