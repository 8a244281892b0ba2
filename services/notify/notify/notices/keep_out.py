"""Withdraws what was told to whom of staff a case turned out to be about; they hear no more of it (P12.2)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from chassis.handlers import Received, on
from chassis.tx import Tx
from contracts.complaint import KeptOut
from policy.access import exclude, excluded_from_each
from policy.obligations import waive

from notify.notices.tell_people import Told, pass_over, told_so_far
from notify.policy import CONFIRM

RULES = ("P12.2",)

_ORDERS = "SELECT id FROM sends WHERE subject = $1"
#: also what is about a paper, a task or a payment of the case
_NOTICES = """SELECT id, send_id FROM notices WHERE person = ANY($1::text[]) AND withdrawn_at IS NULL
    AND (subject = $2 OR path = $3 OR path LIKE $3 || '/%')"""


@dataclass
class About:
    """What was told about a case: everything, which notices are theirs who are kept out now, who was before."""

    told: list[Told]
    notices: set[UUID]
    already: set[str]


async def told_about(tx: Tx, events: Sequence[Received[KeptOut]]) -> list[About]:
    """What was told about each case, locked."""
    already = await excluded_from_each(tx, {event.said.case_id for event in events})
    found: list[About] = []
    for event in events:
        case = event.said.case_id
        path = f"/v1/complaints/{case}"
        theirs = await tx.driver.fetch(_NOTICES, event.said.people, str(case), path)
        orders = {row["id"] for row in await tx.driver.fetch(_ORDERS, str(case))}
        told = await told_so_far(tx, orders | {row["send_id"] for row in theirs})
        found.append(About(list(told.values()), {row["id"] for row in theirs}, already[case]))
    return found


@on(KeptOut, loads=told_about)
def keep_out(event: Received[KeptOut], found: About, tx: Tx) -> None:
    """What they were told is theirs to read no more; whoever is next confirms in their place."""
    people = set(event.said.people)
    exclude(tx, event.said.case_id, people - found.already, because="case about them")
    found.already |= people
    for told in found.told:
        told.order.keep_from(people)
        for notice in [one for one in told.notices if one.id in found.notices]:
            if notice.awaited:
                pass_over(tx, told, notice, "excluded")
                waive(tx, CONFIRM, notice.id, at=tx.now, reason="excluded")
            notice.withdraw(tx.now)


async def kept_out_of(tx: Tx, subjects: Collection[str]) -> dict[str, set[str]]:
    """Who hears nothing of which subject any more, also where it was to be told before that was known."""
    records = {record for record in map(_as_id, subjects) if record is not None}
    return {str(record): people for record, people in (await excluded_from_each(tx, records)).items()}


def _as_id(subject: str) -> UUID | None:
    try:
        return UUID(subject)
    except ValueError:
        return None
