"""Who approves compensation: the authority matrix, or data of its own where the sales-handling rules say (P12.10)."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar, Literal

from contracts.complaint import CompensationKind
from contracts.roles import Role
from contracts.staff import Profile
from policy.approvals import Approval, Band, Chain, Matrix, Seat
from policy.policies import Policy, rule
from policy.terms import Term

#: while it is asked nothing of the case is paid, answered or closed
COMPENSATION = Approval(
    "complaint.compensation", ("P12.10", "P17.8"), frozenset({"pay", "answer", "close"}), "赔偿补偿", "compensation"
)

_DAY = Term.parse("1 working day")
_MANAGER = (Seat(role=Role.RELATIONS_MANAGER, within=_DAY, otherwise=(Role.GENERAL_MANAGER,)),)
_GENERAL = (Seat(role=Role.GENERAL_MANAGER, within=_DAY, otherwise=(Role.BRAND_DIVISION, Role.VP_OPERATIONS)),)
_LEADERS = (Seat(role=Role.VP_OPERATIONS, place="group", within=_DAY, otherwise=(Role.CEO,)),)
_LEGAL = (Seat(role=Role.LEGAL, place="group", within=_DAY),)


def _bands(*limits: tuple[str | None, Chain]) -> tuple[Band, ...]:
    return tuple(Band(up_to=None if limit is None else Decimal(limit), chain=chain) for limit, chain in limits)


#: the matrix of the originals (权限核决表) is lost: ours, until the group sets its own
_USUAL = _bands(("2000", (_MANAGER,)), ("20000", (_MANAGER, _GENERAL)), (None, (_GENERAL, _LEADERS)))
_GRAVE = _bands(("20000", (_GENERAL, _LEGAL)), (None, (_GENERAL, _LEGAL, _LEADERS)))
MATRIX = Matrix(
    kinds={
        CompensationKind.REPAIR: _USUAL,
        CompensationKind.PRICE_REDUCTION: _USUAL,
        CompensationKind.GOODWILL: _USUAL,
        CompensationKind.DAMAGES: _GRAVE,
        CompensationKind.EXCHANGE: _GRAVE,
        CompensationKind.RETURN: _GRAVE,
    }
)


class CompensationPolicy(Policy):
    """By which table a branch decides on compensation, and what it says."""

    NAME = "compensation"
    SHIPPED: ClassVar = {
        Profile.DEALERSHIP: {"authority_matrix": MATRIX},
        Profile.RETAIL: {"by": "sales_rules"},
    }

    by: Literal["authority_matrix", "sales_rules"] = rule(
        "P12.10", "P17.8", zh="赔偿补偿依据", default="authority_matrix"
    )  # fmt: skip
    authority_matrix: Matrix | None = rule("P12.10", zh="权限核决表", default=None, ours=True)
    sales_rules: Matrix | None = rule("P17.8", zh="销售业务处理规定中的折价与赔偿权限", default=None)

    @property
    def matrix(self) -> Matrix:
        """The table that decides here; `NotSet`, naming it, where nobody has set it."""
        found: Matrix = self.need(self.by)
        return found
