"""Which cases somebody sees in a list: within reach, not kept from them, and not about them (P04.8, P12.2)."""

from __future__ import annotations

import sqlalchemy as sa
from chassis.auth import Principal
from chassis.tx import Tx

from complaint.permissions import READ_COMPLAINT
from complaint.tables import cases


def seen_by(principal: Principal, tx: Tx) -> list[sa.ColumnElement[bool]]:
    """The conditions on `cases`; every list has them."""
    reach = READ_COMPLAINT.reach(principal)
    return [
        reach.condition(
            cases.c.branch, department=cases.c.department, owner=cases.c.handler, record=cases.c.id, now=tx.now
        ),
        cases.c.respondent.is_distinct_from(principal.subject),
    ]
