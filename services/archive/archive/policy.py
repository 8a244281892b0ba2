"""What the archive may be told by policy: kinds of paper, terms, who allows what (P05.2, P05.9, P05.10, P13.3)."""

from __future__ import annotations

from typing import ClassVar

from contracts.archive import DossierKind
from contracts.roles import Role
from policy.obligations import Deadline, Obligation
from policy.policies import Policy, rule
from policy.terms import Term

#: what was handed over has not arrived whole: somebody has to see to it
TAKE_OVER = Obligation("take_over", ("P04.8", "P13.3"), "补齐移交档案", "complete a hand-over")

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
    SHIPPED: ClassVar = {}

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
