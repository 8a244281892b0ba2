"""A repeated complaint is found by the system, not by memory: same caller or vehicle within 90 days (P12.5)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from chassis.handlers import Received, on
from chassis.tx import Tx
from contracts.complaint import ComplaintOpened, MarkedBy, RepeatFound, SeriousKind
from contracts.customer import TokenKind

from complaint.case import CASES, Case
from complaint.serious.warning import warn

RULES = ("P12.5",)

WINDOW = timedelta(days=90)

# For each opened case and each of its tokens: the cases of the same token close in time, whichever was
# committed first. Intake does not see what another batch commits at the same instant, so the later of two
# cases may have been looked at when the earlier was not there yet: each looks in both directions.
_SAME = """
SELECT o.id AS opened, s.id AS same
FROM cases o
CROSS JOIN LATERAL (
    (SELECT id FROM cases WHERE phone_token = o.phone_token AND id <> o.id
        AND taken_at BETWEEN o.taken_at - $2::interval AND o.taken_at + $2::interval ORDER BY taken_at DESC LIMIT 20)
    UNION
    (SELECT id FROM cases WHERE plate_token = o.plate_token AND id <> o.id
        AND taken_at BETWEEN o.taken_at - $2::interval AND o.taken_at + $2::interval ORDER BY taken_at DESC LIMIT 20)
    UNION
    (SELECT id FROM cases WHERE vin_token = o.vin_token AND id <> o.id
        AND taken_at BETWEEN o.taken_at - $2::interval AND o.taken_at + $2::interval ORDER BY taken_at DESC LIMIT 20)
) s
WHERE o.id = ANY($1::uuid[])
"""


async def same_caller_or_vehicle(tx: Tx, events: Sequence[Received[ComplaintOpened]]) -> list[list[Case]]:
    """For each opened case: itself and its like, locked in id order; empty for the most, who have none."""
    rows = await tx.driver.fetch(_SAME, [event.said.case_id for event in events], WINDOW)
    like: dict[UUID, set[UUID]] = {}
    for opened, same in rows:
        like.setdefault(opened, {opened}).add(same)
    found = await tx.load(CASES, {identifier for group in like.values() for identifier in group})
    return [[found[i] for i in sorted(like.get(event.said.case_id, ()))] for event in events]


@on(ComplaintOpened, loads=same_caller_or_vehicle)
def find_repeats(event: Received[ComplaintOpened], cases: list[Case], tx: Tx) -> None:
    """Of cases of one caller or vehicle, every one but the first repeats the first; a repeat is serious."""
    for later in cases:
        earlier = [c for c in cases if _comes_before(c, later) and agreeing(c, later)]
        if not earlier:
            continue
        first = min(earlier, key=lambda c: (c.taken_at, c.id))
        if not later.repeats(first.id):
            continue
        tx.publish(
            later,
            RepeatFound(case_id=later.id, earlier_case_id=first.id, by=agreeing(first, later)),
            at=event.time,
        )
        new = later.mark_serious([SeriousKind.REPEAT], tx.now)
        if new:
            warn(later, new, MarkedBy.SYSTEM, tx.now, tx)


def agreeing(one: Case, other: Case) -> list[TokenKind]:
    """By which tokens two cases are of the same caller or vehicle."""
    pairs = (
        (TokenKind.PHONE, one.phone_token, other.phone_token),
        (TokenKind.PLATE, one.plate_token, other.plate_token),
        (TokenKind.VIN, one.vin_token, other.vin_token),
    )
    return [kind for kind, a, b in pairs if a is not None and a == b]


def _comes_before(one: Case, other: Case) -> bool:
    return (one.taken_at, one.id) < (other.taken_at, other.id)
