"""What a branch's credit may be told by policy: basis and window of the limit, who signs what, by when; what warns.

P11.1–P11.14, P02.1, P02.4.

Values that the originals lack are not set, and a decision that needs one is refused, naming it.
"""

from __future__ import annotations

from typing import Annotated, Literal

from contracts.money import Amount
from contracts.roles import Role
from policy.approvals import Approval, Chain, Seat
from policy.obligations import Deadline, Obligation
from policy.policies import Policy, rule
from policy.terms import Term
from pydantic import BaseModel, ConfigDict, Field

#: papers and customer data of an account are looked at again
REVIEW = Obligation("credit.review", ("P11.1",), "授信资格年审", "review the account")
#: the contract ends: without a new one there is no credit
RENEW = Obligation("credit.renew_contract", ("P11.1",), "续签业务合同", "renew the contract")
#: who pays first because there is no credit left, says how the rest comes back
PLAN = Obligation("credit.collection_plan", ("P11.4", "P11.9", "P11.14"), "制定货款回笼计划", "agree a collection plan")
#: what the customer has promised to pay by a day
INSTALMENT = Obligation("credit.instalment", ("P11.9", "P11.14"), "按回笼计划回款", "collect an instalment of the plan")
#: the last shipment over the limit is paid by the end of the month
LAST_OVERRUN = Obligation("credit.last_overrun", ("P11.8", "P11.12"), "末次超额货款回笼", "collect the last overrun")

#: a loss is verified, and its shares are approved
LOSS = Obligation("credit.loss", ("P11.10", "P11.11", "P11.12"), "查实并裁定损失承担", "settle who bears a loss")

#: a fund risk was seen: somebody acts on it
WARNING = Obligation("credit.risk_warning", ("P02.4",), "处理资金风险预警", "act on a fund-risk warning")
#: a dunning letter reaches the customer
DUNNING = Obligation("credit.dunning", ("P02.4",), "送达催款函", "hand over a dunning letter")
#: an area's sales target is broken down to its salespeople
BREAK_DOWN = Obligation("credit.break_down_target", ("P02.1",), "分解落实销售目标", "break down a sales target")

#: an area manager signs a shipment over the limit; it is not changed meanwhile
OVERRUN = Approval(
    "credit.overrun", ("P11.7", "P11.8"), frozenset({"change"}), "超授信额签发", "a shipment over the limit"
)
#: sales approves terms over the ordinary payment term
TERMS = Approval("credit.terms", ("P11.5",), frozenset({"terms"}), "超三十天款期授信", "credit at a longer term")
#: who bears a loss is approved before it reaches anybody's pay
SHARE = Approval(
    "credit.share_loss", ("P11.10", "P11.11", "P11.12"), frozenset({"dismiss"}), "损失分担", "who bears a loss"
)
#: sales signs a dunning letter before it goes out
LETTER = Approval("credit.letter", ("P02.4",), frozenset({"send"}), "催款函签发", "a dunning letter")

_NEXT_DAY = Term.parse("1 working day")
_AREA_MANAGER: Chain = ((Seat(role=Role.AREA_MANAGER, place="area", within=_NEXT_DAY),),)
_SALES: Chain = ((Seat(role=Role.SALES_MANAGER, within=_NEXT_DAY, otherwise=(Role.SALES_DIRECTOR,)),),)
_GENERAL_MANAGER: Chain = ((Seat(role=Role.GENERAL_MANAGER, within=Term.parse("2 working days")),),)
_PROPORTIONS: dict[str, dict[str, int] | None] = {
    "bad_debt": None,
    "unauthorised_shipment": {Role.LOGISTICS_SPECIALIST: 1, Role.WAREHOUSE_KEEPER: 1, Role.MARKETING_HEAD: 1},
    "last_overrun_unpaid": None,
}


Percent = Annotated[int, Field(ge=1, le=100)]
Days = Annotated[int, Field(ge=1, le=3660)]


class _Thresholds(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Ageing(_Thresholds):
    """Warns when at least `percent` of what is open has been due for `days_over` days or more."""

    days_over: Days = 15
    percent: Percent = 10


class Promises(_Thresholds):
    """Warns when `unpaid` promises are past their day, or `late` of the last `days` were paid late or promised anew."""

    unpaid: Annotated[int, Field(ge=1, le=60)] = 1
    late: Annotated[int, Field(ge=1, le=60)] = 3
    days: Days = 90


class Shrinking(_Thresholds):
    """Warns when the last `days` brought less than `percent` of the mean of the `before` stretches before them."""

    days: Annotated[int, Field(ge=1, le=92)] = 30
    before: Annotated[int, Field(ge=1, le=12)] = 3
    percent: Percent = 50


class Concentration(_Thresholds):
    """Warns when one account owes at least `percent` of what a branch with `accounts` debtors or more is owed."""

    percent: Percent = 40
    accounts: Annotated[int, Field(ge=1, le=10_000)] = 5


class LetterLevel(_Thresholds):
    """A dunning letter: from how many days past due on, and who signs it; without a chain it goes out by itself."""

    days_over: Days
    chain: Chain | None = None


_LEVELS = (
    LetterLevel(days_over=7),
    LetterLevel(days_over=30, chain=_SALES),
    LetterLevel(days_over=60, chain=(*_SALES, *_GENERAL_MANAGER)),
)


class CreditPolicy(Policy):
    """How a branch gives credit and ships."""

    NAME = "credit"

    # -- who gets credit ---------------------------------------------------------------------
    identity_papers: tuple[str, ...] = rule("P11.1", zh="开户人身份证件", default=("account_opener_identity",))
    contract_papers: dict[str, tuple[str, ...]] = rule(
        "P11.1",
        zh="业务合同",
        default={"distribution": ("distribution_contract",), "direct": ("direct_contract",)},
    )
    facts_hold_days: int = rule("P11.1", zh="资格事实有效天数", default=366, ours=True)
    review: Deadline = rule(
        "P11.1",
        zh="资格年审",
        default=Deadline(
            within=Term.parse("365 days"), role=Role.SALES, remind=(0.9, 0.97), then=(Role.SALES_MANAGER,)
        ),
        ours=True,
    )
    renew_days: int = rule("P11.1", zh="合同到期前提醒天数", default=30, ours=True)
    renew: Deadline = rule(
        "P11.1",
        zh="续签合同",
        default=Deadline(within=Term.parse("30 days"), role=Role.SALES, then=(Role.SALES_MANAGER,)),
        ours=True,
    )

    # -- the rolling limit -------------------------------------------------------------------
    basis: Literal["shipped", "invoiced", "received"] = rule("P11.2", zh="授信额依据", default="shipped", reading="A34")
    window_days: int = rule("P11.2", zh="授信额天数", default=30, reading="A34")
    day_included: bool = rule("P11.2", zh="是否含开票当日", default=False, reading="A34")
    net_of: tuple[Literal["returned", "credited"], ...] = rule(
        "P11.2", zh="扣减项", default=("returned", "credited"), reading="A34"
    )
    opening_limit: Amount | None = rule("P11.2", "P11.4", zh="新客户授信额", default=None, reading="A34")
    cap: Amount | None = rule("P11.2", zh="授信额上限", default=None, reading="A34")
    exposure: tuple[Literal["receivable", "released", "batch"], ...] = rule(
        "P11.6", zh="占用额构成", default=("receivable", "released", "batch"), reading="A35"
    )

    # -- over the limit ----------------------------------------------------------------------
    ordinary_term_days: int = rule("P11.5", zh="普通款期天数", default=30, reading="A42")
    terms: Chain = rule("P11.5", zh="超三十天款期审批", default=_SALES, reading="A42")
    overrun_part: int = rule("P11.7", "P11.8", zh="超额发货上限(授信额的几分之一)", default=3, reading="A37")
    overrun_measure: Literal["batch", "excess"] = rule(
        "P11.7", "P11.8", zh="发货额口径", default="batch", reading="A37"
    )
    overrun_reset: Literal["episode", "month", "year", "never"] = rule(
        "P11.7", "P11.8", zh="首次末次的重计", default="episode", reading="A37"
    )
    first_overrun: Chain = rule("P11.7", zh="首次超额签发人", default=_AREA_MANAGER, reading="A37")
    last_overrun: Chain = rule("P11.8", zh="末次超额签发人", default=_AREA_MANAGER, reading="A37")
    signature_days: Annotated[int, Field(ge=1, le=60)] = rule(
        "P11.7", "P11.8", zh="签发后有效工作日数", default=3, ours=True
    )
    last_paid: Deadline = rule(
        "P11.12",
        zh="末次超额货款回笼期限",
        default=Deadline(within=Term.parse("month end"), role=Role.AREA_MANAGER, then=(Role.GENERAL_MANAGER,)),
        reading="A38",
    )
    plan: Literal["always", "if_open"] = rule("P11.4", "P11.9", "P11.14", zh="何时须回笼计划", default="if_open",
        reading="A42")  # fmt: skip
    plan_within: Deadline = rule(
        "P11.14",
        zh="回笼计划期限",
        default=Deadline(within=_NEXT_DAY, role=Role.SALESPERSON, then=(Role.SALES_MANAGER,)),
        ours=True,
    )
    instalment: Deadline = rule(
        "P11.14",
        zh="分期回款期限",
        default=Deadline(within=Term.parse("24 hours"), role=Role.SALESPERSON, then=(Role.SALES_MANAGER,)),
        ours=True,
    )

    # -- losses ------------------------------------------------------------------------------
    proportions: dict[str, dict[str, Annotated[int, Field(ge=0)]] | None] = rule(
        "P11.8", "P11.10", "P11.11", "P11.12", "P11.15", zh="损失分担比例", default=_PROPORTIONS, reading="A36, A38"
    )
    share_loss: Chain = rule("P11.10", "P11.11", "P11.12", zh="损失分担审批", default=_GENERAL_MANAGER, reading="A38")
    loss_within: Deadline = rule(
        "P11.10", "P11.11", "P11.12", zh="查实并裁定损失期限", ours=True,
        default=Deadline(
            within=Term.parse("5 working days"), role=Role.FINANCE, remind=(0.8,), then=(Role.GENERAL_MANAGER,)
        ),
    )  # fmt: skip

    # -- early warning and dunning -------------------------------------------------------------
    instalment_ahead_days: Annotated[int, Field(ge=0, le=60)] = rule(
        "P11.14", zh="分期回款提前提醒天数", default=3, ours=True
    )
    warn_ageing: Ageing | None = rule("P02.4", zh="预警:账龄", default=Ageing(), ours=True)
    warn_promises: Promises | None = rule("P02.4", "P11.14", zh="预警:失信", default=Promises(), ours=True)
    warn_shrinking: Shrinking | None = rule("P02.4", zh="预警:回款下降", default=Shrinking(), ours=True)
    warn_concentration: Concentration | None = rule("P02.4", zh="预警:集中度", default=Concentration(), ours=True)
    warning_within: Deadline = rule(
        "P02.4",
        zh="预警处理期限",
        default=Deadline(within=_NEXT_DAY, role=Role.SALESPERSON, then=(Role.SALES_MANAGER, Role.SALES_DIRECTOR)),
        reading="A2",
        ours=True,
    )
    warning_told: tuple[Role, ...] = rule(
        "P02.4", zh="预警另行通知岗位", default=(Role.SALES_MANAGER, Role.FINANCE), ours=True
    )
    letters: Annotated[tuple[LetterLevel, ...], Field(max_length=9)] = rule(
        "P02.4", zh="催款函级别", default=_LEVELS, ours=True
    )
    letter_within: Deadline = rule(
        "P02.4",
        zh="催款函送达期限",
        default=Deadline(within=Term.parse("3 working days"), role=Role.SALESPERSON, then=(Role.SALES_MANAGER,)),
        ours=True,
    )

    # -- sales targets -------------------------------------------------------------------------
    break_down: Deadline = rule(
        "P02.1",
        zh="销售目标分解期限",
        default=Deadline(
            within=Term.parse("5 working days"), role=Role.AREA_MANAGER, then=(Role.BUSINESS_DEPARTMENT_MANAGER,)
        ),
        ours=True,
    )
    target_net_of: tuple[Literal["returned", "credited"], ...] = rule(
        "P02.1", zh="目标完成额扣减项", default=("returned",), ours=True
    )
