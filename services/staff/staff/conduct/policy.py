"""What breaches cost, who decides where the originals are silent, and when a month is closed: data, with their rules.

Kinds are named as the services send them. What the originals have lost is not set: such a breach waits for a decision.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from contracts.money import Money
from contracts.roles import Role
from policy.approvals import Approval, Chain, Seat
from policy.obligations import Deadline, Obligation
from policy.policies import Policy, rule
from policy.terms import Term
from pydantic import BaseModel, ConfigDict, Field

#: what no policy sets must be decided by somebody
DECIDE = Obligation("decide_breach", ("P04.11", "P04.12"), "裁定违规处罚", "decide what a breach costs")
#: a month's ledger is closed, so that pay can rest on it
CLOSE_MONTH = Obligation("close_conduct_month", ("P13.11",), "月度处罚结账", "close the month's conduct ledger")

CORRECTION = Approval(
    "conduct.correction", ("P04.12", "P13.11"), frozenset({"correct", "withdraw"}), "处罚更正", "a corrected penalty"
)
WITHDRAWAL = Approval(
    "conduct.withdrawal", ("P04.12", "P13.11"), frozenset({"correct", "withdraw"}), "处罚撤销", "a withdrawn penalty"
)


class Sanction(StrEnum):
    """A disciplinary sanction beside money and points."""

    REPRIMAND = "reprimand"
    MAJOR_DEMERIT = "major_demerit"


class Bands(BaseModel):
    """Points for every band of percentage points below a standard; bands that are only begun count if `started`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    standard: Decimal
    width: Annotated[Decimal, Field(gt=0)]
    points: Annotated[int, Field(ge=0)]
    started: bool = False


class BreachKind(BaseModel):
    """What one breach of a kind costs. Where nothing is set it waits for a decision.

    `performance_pay` is in percent of the month's. `family` are the kinds that are counted together for doubling.
    `share` names the loss that several bear: what each bears was approved with it (P11.15). `again`: it repeats an
    earlier breach at the same amount.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    zh: str
    en: str
    rule: str
    tier: Annotated[int, Field(ge=1, le=5)] | None = None
    fine: Money | None = None
    points: Annotated[int, Field(ge=0)] | None = None
    sanction: Sanction | None = None
    company_notice: bool = False
    performance_pay: Annotated[int, Field(ge=0, le=100)] | None = None
    family: str | None = None
    share: str | None = None
    bands: Bands | None = None
    again: bool = False


class Doubling(BaseModel):
    """From which breach of the civil month on a fine is multiplied, and what performance pay may go besides."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    from_nth: Annotated[int, Field(ge=2)]
    factor: Annotated[int, Field(ge=2)] = 2
    performance_pay: tuple[int, int] | None = None


def _yuan(amount: int) -> Money:
    return Money(amount=Decimal(amount))


_TIERS = {
    1: {},
    2: {"fine": _yuan(200), "points": 5, "company_notice": True},
    3: {"fine": _yuan(300), "points": 10, "company_notice": True, "sanction": Sanction.REPRIMAND},
    4: {"fine": _yuan(1000), "performance_pay": 100, "company_notice": True, "sanction": Sanction.MAJOR_DEMERIT},
    5: {},
}  # fmt: skip
_TIER_NAMES = {
    1: ("态度不佳, 效率低下, 业务不熟, 不尊重客户", "poor attitude, low efficiency, ignorance, disrespect"),
    2: ("冷淡, 擅减流程, 刁难, 与客户争执", "indifference, skipped steps, obstruction, quarrel"),
    3: ("拒不承认事实, 主管管理不力", "denying the facts, failure to supervise"),
    4: ("隐瞒不报, 不配合致恶化", "concealment, refusing to help so that it grows"),
    5: ("辱骂殴打, 报复, 重大声誉损失, 不实承诺", "insult, violence, retaliation, major loss, false promises"),
}


def _kinds() -> dict[str, BreachKind]:
    kinds = {
        f"misconduct_{tier}": BreachKind(
            zh=_TIER_NAMES[tier][0], en=_TIER_NAMES[tier][1], rule="P04.11", tier=tier, **values
        )
        for tier, values in _TIERS.items()
    }
    for name, family, fine, zh, en in (
        ("new_car_file_late", "sales_consultant", 50, "新车档案逾期移交 (每车)", "new-car file late, a car"),
        ("checklist_signature_missing", "sales_consultant", 20, "检查类档案无用户签名 (每项)",
         "customer signature missing or wrong on a check sheet, an item"),
        ("contact_not_verified", "service_adviser", 50, "接车未核对联系人 (每车)",
         "contact not verified at reception, a car"),
        ("after_sales_file_late", "service_adviser", 50, "售后档案逾期移交或补齐 (每车)",
         "after-sales file late, a car"),
        ("after_sales_paper_wrong", "service_adviser", 20, "纸质档案不完整或错误 (每项)",
         "paper incomplete or wrong, an item"),
        ("customer_signature_missing", "service_adviser", 50, "无用户签名或签名错误 (每项)",
         "customer signature missing or wrong, an item"),
        ("staff_signature_missing", "service_adviser", 20, "无内部人员签名或签名错误 (每项)",
         "staff signature missing or wrong, an item"),
    ):  # fmt: skip
        kinds[name] = BreachKind(zh=zh, en=en, rule="P13.7", fine=_yuan(fine), family=family)
    kinds["file_lost"] = BreachKind(
        zh="档案遗失毁损 (每件)", en="file lost or damaged, a piece", rule="P13.7", fine=_yuan(20)
    )
    kinds["not_corrected"] = BreachKind(
        zh="逾期未改正, 视同再次违规", en="not corrected in time, a further breach", rule="P13.9", again=True
    )
    kinds["call_back_rate_low"] = BreachKind(
        zh="回访率低于标准", en="call-back rate below the standard", rule="P07.7",
        bands=Bands(standard=Decimal(100), width=Decimal(5), points=1),
    )  # fmt: skip
    for name, number, zh, en in (
        ("bad_debt", "P11.10", "授信内死呆账", "bad debt within the limit"),
        ("unauthorised_shipment", "P11.11", "未经审批超授信发货", "unauthorised shipment over the limit"),
        ("last_overrun_unpaid", "P11.12", "末次超授信发货当月未回笼", "last over-limit shipment unpaid at month end"),
        ("unapproved_goods", "P11.13", "未经批准超授信货款", "unapproved over-limit goods"),
    ):
        kinds[name] = BreachKind(zh=zh, en=en, rule=number, share=name)
    kinds["late_registration"] = BreachKind(
        zh="多次督促仍未备案", en="registration missing after repeated reminders", rule="P01.14"
    )
    kinds["timeliness_low"] = BreachKind(zh="部门档案及时率", en="timeliness rate of a department", rule="P13.10")
    kinds["completeness_low"] = BreachKind(zh="部门档案完整率", en="completeness rate of a department", rule="P13.10")
    return kinds


_ANSWERABLE: Chain = (
    (Seat(role=Role.GENERAL_MANAGER, within=Term.parse("2 working days"), otherwise=(Role.HR_ADMIN_MANAGER,)),),
)


class ConductPolicy(Policy):
    """What breaches cost, and who decides about them."""

    NAME = "conduct"

    kinds: dict[str, BreachKind] = rule(
        "P01.14", "P04.11", "P07.7", "P11.10", "P11.11", "P11.12", "P11.13", "P13.7", "P13.9", "P13.10",
        zh="违规种类与处罚", default=_kinds(), reading="A19, A28, A40",
    )  # fmt: skip
    doubling: dict[str, Doubling] = rule(
        "P13.8", zh="当月累计翻倍", reading="A40",
        default={
            "sales_consultant": Doubling(from_nth=2),
            "service_adviser": Doubling(from_nth=3, performance_pay=(10, 30)),
        },
    )  # fmt: skip
    decide: Deadline = rule(
        "P04.12", zh="裁定期限与责任岗位", ours=True, reading="A20",
        default=Deadline(
            within=Term.parse("5 working days"), role=Role.DEPARTMENT_MANAGER,
            then=(Role.HR_ADMIN_MANAGER, Role.GENERAL_MANAGER),
        ),
    )  # fmt: skip
    close_month: Deadline = rule(
        "P13.11", zh="月度结账期限", ours=True,
        default=Deadline(
            within=Term.parse("5 working days"), role=Role.HR_ADMIN_MANAGER, then=(Role.FINANCE, Role.GENERAL_MANAGER)
        ),
    )  # fmt: skip
    correction: Chain = rule("P04.12", "P13.11", zh="更正与撤销的审批", default=_ANSWERABLE, ours=True)
