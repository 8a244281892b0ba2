"""Who may open the ladder of a case: within reach, and neither complained about nor excluded (P12.2)."""

from __future__ import annotations

from uuid import UUID

from chassis.auth import Principal
from chassis.problems import NotFound
from chassis.tx import Tx
from policy.access import Permission, within_reach

from complaint.serious.climbing import Climb, climbs_of


async def climb_within(tx: Tx, case_id: UUID, permission: Permission, principal: Principal) -> Climb:
    """The case with its ladder, where it lies within the caller's reach; else 404."""
    climb = (await climbs_of(tx, [case_id])).get(case_id)
    if (
        climb is None
        or principal.subject in climb.excluded
        or not await within_reach(tx, permission, principal, climb.case.id, climb.case.branch)
    ):
        raise NotFound("There is no such complaint, or none at a branch that you may see. Check the id.")
    return climb
