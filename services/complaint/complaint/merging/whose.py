"""Who merges, links and splits: whoever judges at the branch or names the department there (P04.3, P04.4)."""

from __future__ import annotations

from uuid import UUID

from chassis.auth import Principal
from chassis.tx import Tx

from complaint.case import Case
from complaint.keeping import AnothersStep, takes, whose, within
from complaint.permissions import HANDLE_COMPLAINT
from complaint.policy import ComplaintPolicy

RULES = ("P04.3", "P04.4", "P12.2")


async def arranged(tx: Tx, case_id: UUID, principal: Principal) -> Case:
    """The case, locked, where the caller may arrange it; 404 out of reach, 403 where it is another role's."""
    case = await within(tx, case_id, HANDLE_COMPLAINT, principal, lock=True)
    policy = case.policy(tx, ComplaintPolicy)
    keepers = (policy.judge, policy.name_department)
    if not any(takes(one, case, principal, tx) for one in keepers):
        raise AnothersStep(
            f"At this branch cases are arranged by {' or '.join(dict.fromkeys(map(whose, keepers)))}.",
            rules=dict.fromkeys(rule for one in keepers for rule in one.rules),
        )
    return case
