"""What the archive may be told by policy: kinds of paper, terms, who allows what (P05.2, P05.9, P05.10, P13.3)."""

from __future__ import annotations

from typing import ClassVar

from contracts.archive import DossierKind
from contracts.roles import Role
from contracts.staff import Profile
from policy.approvals import Approval, Chain, Seat
from policy.obligations import Deadline, Obligation
from policy.policies import Policy, rule
from policy.terms import Term

#: what was handed over has not arrived whole: somebody has to see to it
TAKE_OVER = Obligation("take_over", ("P04.8", "P13.3"), "补齐移交档案", "complete a hand-over")

#: what is borrowed comes back in three days
RETURN = Obligation("return_loan", ("P05.10", "P13.13"), "归还借阅档案", "return what was borrowed")

VIEWING = Approval("archive.viewing", ("P01.5", "P05.9", "P15.1"), frozenset({"open"}), "查阅档案", "viewing a dossier")
BORROWING = Approval("archive.borrowing", ("P05.10",), frozenset({"issue"}), "借阅档案", "borrowing papers")
PROVIDING = Approval(
    "archive.providing", ("P05.13", "P15.1"), frozenset({"provide"}), "对外提供客户资料", "giving data to outsiders"
)

_DAY = Term.parse("1 working day")
_HEAD: Chain = ((Seat(role=Role.DEPARTMENT_HEAD, place="department", within=_DAY, otherwise=(Role.GENERAL_MANAGER,)),),)
_SERVICE: Chain = ((Seat(role=Role.CUSTOMER_SERVICE_MANAGER, within=_DAY, otherwise=(Role.INFORMATION_SUPERVISOR,)),),)
_GENERAL_MANAGER: Chain = ((Seat(role=Role.GENERAL_MANAGER, within=_DAY),),)

_PAPERS: dict[DossierKind, tuple[str, ...]] = {
    DossierKind.CUSTOMER: (
        "account_opener_identity",
        "distribution_contract",
        "direct_contract",
        "settlement_terms",
        "customer_form",
        "correspondence",
        "other",
    ),
    DossierKind.CASE: (
        "complaint_record",
        "investigation_report",
        "correspondence",
        "recording",
        "attachment",
        "approvals",
        "timeline",
        "other",
    ),
    DossierKind.VEHICLE: (
        "green_card",
        "purchase_invoice",
        "sales_contract",
        "identity_copy",
        "delivery_checklist",
        "vehicle_licence",
        "insurance_policy",
        "derivative_services",
        "conformity_certificate",
        "delivery_photo",
        "pdi_sheet",
        "other_proof",
        "reception_sheet",
        "job_order",
        "settlement_sheet",
        "free_check_sheet",
    ),
    DossierKind.OCCUPANCY: (
        "payments",
        "fit_out",
        "move_in",
        "supplement",
        "contacts",
        "violations",
        "repair_requests",
        "complaints",
        "engineering",
    ),
}


class ArchivePolicy(Policy):
    """How a branch keeps its files."""

    NAME = "archive"
    SHIPPED: ClassVar = {
        Profile.SERVICES: {"view_own": (*_HEAD, *_SERVICE), "view_other": (*_HEAD, *_SERVICE)},
        Profile.PROPERTY: {
            "view_own": ((Seat(role=Role.PROPERTY_MANAGER, within=_DAY, otherwise=(Role.GENERAL_MANAGER,)),),),
            "view_other": ((Seat(role=Role.PROPERTY_MANAGER, within=_DAY, otherwise=(Role.GENERAL_MANAGER,)),),),
        },
        Profile.DISTRIBUTION: {"besides": _GENERAL_MANAGER},
    }

    papers: dict[DossierKind, tuple[str, ...]] = rule(
        "P04.8", "P08.1", "P11.1", "P13.5", "P13.6", zh="各类档案的文件种类", default=_PAPERS
    )
    take_over: Deadline = rule(
        "P13.3",
        zh="移交不齐的补齐期限",
        default=Deadline(
            within=Term.parse("1 working day"), role=Role.INFORMATION_SPECIALIST, then=(Role.INFORMATION_SUPERVISOR,)
        ),
        ours=True,
        reading="A2",
    )
    view_own: Chain = rule(
        "P01.5", "P05.9", "P08.2", zh="查阅本部门档案的审批", reading="A4",
        default=(
            (
                Seat(
                    role=Role.DEPARTMENT_MANAGER, place="department", within=_DAY, otherwise=(Role.GENERAL_MANAGER,)
                ),
            ),
        ),
    )  # fmt: skip
    view_other: Chain = rule(
        "P01.5", "P05.9", "P08.2", zh="查阅其他部门档案的审批", reading="A4", default=_GENERAL_MANAGER
    )
    view_outsider: Chain = rule("P05.9", zh="外来人员查阅的审批", reading="A4", default=(*_HEAD, *_SERVICE))
    classified: Chain = rule(
        "P05.9", "P05.11", zh="查阅密级档案另加的审批", reading="A22",
        default=((Seat(role=Role.CUSTOMER_SERVICE_MANAGER, within=_DAY),),),
    )  # fmt: skip
    besides: Chain = rule("P15.1", zh="查阅与外传另加的审批", reading="A4", default=())
    view_lasts: Term = rule("P05.9", zh="查阅许可的有效期", default=Term.parse("1 working day"), ours=True)
    borrow: Chain = rule(
        "P05.10", zh="借阅的审批", reading="A23",
        default=((Seat(role=Role.INFORMATION_SPECIALIST, within=_DAY, otherwise=(Role.INFORMATION_SUPERVISOR,)),),),
    )  # fmt: skip
    give_back: Deadline = rule(
        "P05.10", zh="借阅归还期限", reading="A23",
        default=Deadline(
            within=Term.parse("3 days"),
            role=Role.INFORMATION_SPECIALIST,
            then=(Role.INFORMATION_SUPERVISOR, Role.CUSTOMER_SERVICE_MANAGER),
        ),
    )  # fmt: skip
    provide: Chain = rule(
        "P05.13", zh="对外提供客户资料的审批", reading="A24",
        default=(
            (
                Seat(role=Role.INFORMATION_SUPERVISOR, within=_DAY),
                Seat(role=Role.CUSTOMER_SERVICE_MANAGER, within=_DAY),
            ),
        ),
    )  # fmt: skip

    def viewing(self, *, own: bool, outsider: bool, classified: bool) -> Chain:
        """Who allows a viewing; the stricter adds to the chain, whoever is in it signs once."""
        chain = self.view_outsider if outsider else self.view_own if own else self.view_other
        return self._with(self._with(chain, self.classified if classified else ()), self.besides)

    def borrowing(self, *, classified: bool) -> Chain:
        """Who allows a loan."""
        return self._with(self._with(self.borrow, self.classified if classified else ()), self.besides)

    def providing(self) -> Chain:
        """Who allows that data is given to an outsider: both, and where P15 holds the general manager besides."""
        return self._with(self.provide, self.besides)

    @staticmethod
    def _with(chain: Chain, more: Chain) -> Chain:
        """The chain, then the stages of `more` whose roles are not in it; an empty chain stays empty."""
        roles = {seat.role for stage in chain for seat in stage}
        added = tuple(stage for stage in more if not {seat.role for seat in stage} <= roles)
        return (*chain, *added) if chain else ()
