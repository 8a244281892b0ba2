"""Builds the warning of a serious complaint for brand and factory: facts and redacted text, no person (P12.8)."""

from __future__ import annotations

from datetime import datetime

from chassis.tx import Tx
from contracts.complaint import ComplaintSerious, MarkedBy, MarkedSerious, SeriousKind

from complaint.case import Case
from complaint.serious.policy import SeriousPolicy

RULES = ("P12.5", "P12.8")

SUMMARY_LENGTH = 500


def marked(case: Case, kinds: tuple[SeriousKind, ...], by: MarkedBy) -> MarkedSerious:
    """That the case is serious in these further ways."""
    return MarkedSerious(case_id=case.id, kinds=list(kinds), by=by, rules=["P12.5"])


def warning(case: Case, tx: Tx) -> ComplaintSerious:
    """What the brand's division and the factory are told; `detail` is for whoever an agreement entitles."""
    assert case.serious_at is not None, "only a serious case is warned of"
    told = ComplaintSerious(
        case_id=case.id,
        number=case.number,
        brand=case.brand,
        series=case.facts.get("series"),
        model=case.facts.get("model"),
        model_year=case.facts.get("model_year"),
        fault_codes=case.facts.get("fault_codes", []),
        kinds=list(case.serious_kinds),
        branch=case.branch,
        region=case.region,
        taken_at=case.taken_at,
        serious_at=case.serious_at,
        summary=case.text[:SUMMARY_LENGTH],
        detail=f"/v1/complaints/{case.id}/detail",
    )
    return on_paper(told, case.policy(tx, SeriousPolicy))


def on_paper(told: ComplaintSerious, policy: SeriousPolicy) -> ComplaintSerious:
    """The warning with the paper of its brand's factory, where the brand's rules state one."""
    rules = policy.brands.get(told.brand)
    return told if rules is None else told.model_copy(update={"paper": rules.filled(told)})


def warn(case: Case, kinds: tuple[SeriousKind, ...], by: MarkedBy, at: datetime, tx: Tx) -> None:
    """Tell that the case is serious: the group on `complaint.events`, brand and factory on `complaint.serious`.

    The second topic counts the warnings of a case by itself, so that its order has no gaps.
    """
    tx.publish(case, marked(case, kinds, by), at=at)
    case.serious_sequence += 1
    tx.publish(case, warning(case, tx), at=at, sequence=case.serious_sequence)
