"""Books a breach that another service saw and had approved, once, whatever arrives in which order (P04.11, P13.7)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from chassis.handlers import Received, on
from chassis.tx import Tx
from contracts.money import Money
from contracts.staff import BreachItem, RecordBreach
from policy.access import GROUP
from policy.calendar import civil
from policy.directory import Directory
from policy.obligations import owe
from policy.policies import policy

from staff.conduct.ledger import Because
from staff.conduct.model import Breach, BreachState, account_id_of
from staff.conduct.policy import DECIDE, ConductPolicy
from staff.conduct.recount import Recount, hold_accounts
from staff.conduct.tariff import price

RULES = ("P01.14", "P04.11", "P07.7", "P11.10", "P11.11", "P11.12", "P11.13", "P13.7", "P13.8", "P13.9", "P13.10")

#: more items than a hand-over can have: the number is a slip
MOST_ITEMS = 1000

_KNOWN = "SELECT id FROM breaches WHERE id = ANY($1::uuid[])"


class CannotBeBooked(ValueError):
    """The command contradicts itself; it is parked, and its sender must be asked."""


async def booked_before(tx: Tx, events: Sequence[Received[RecordBreach]]) -> list[set[UUID]]:
    """Which of the breaches are in the ledger; one set for all, so that a batch does not book one twice.

    The accounts are held first: who books the same breach at the same time is waited for.
    """
    await hold_accounts(tx, {event.said.person for event in events})
    rows = await tx.driver.fetch(_KNOWN, [event.said.breach_id for event in events])
    known = {row[0] for row in rows}
    return [known for _ in events]


@on(RecordBreach, loads=booked_before)
def record_breach(event: Received[RecordBreach], known: set[UUID], tx: Tx) -> None:
    """Take the breach in under the policy of the day it was decided; a second booking changes nothing."""
    said = event.said
    if said.breach_id in known:
        return
    if any(not 1 <= item.count <= MOST_ITEMS for item in said.items or ()):
        raise CannotBeBooked("an item is found at least once")
    if any(amount is not None and amount.amount < 0 for amount in (said.base, said.share)):
        raise CannotBeBooked("nobody bears a share of less than nothing")
    known.add(said.breach_id)
    one = breach_of(said, tx)
    tx.add(one)
    tx.extension(Recount).want(one, Because.BOOKED)
    if one.state is BreachState.UNDECIDED:
        owe(
            tx,
            DECIDE,
            one.id,
            policy(tx, ConductPolicy, one.branch, one.decided_at).decide,
            branch=one.branch,
            since=one.decided_at,
            path=one.path,
            place=one.branch if one.department is None else f"{one.branch}/{one.department}",
        )


def breach_of(said: RecordBreach, tx: Tx) -> Breach:
    """The breach with what the policy of its day sets for it; `undecided` where that is nothing."""
    branch, department = place_of(tx, said.person)
    values = policy(tx, ConductPolicy, branch, said.decided_at)
    items = [(item.kind, item.count) for item in said.items or ()]
    tariff = price(values, said.kind, items, measured=said.measured, share=said.share)
    return Breach(
        id=said.breach_id,
        account_id=account_id_of(said.person),
        person=said.person,
        branch=branch,
        department=department,
        kind=said.kind,
        items=[list(item) for item in items],
        rule=said.rule,
        subject=said.subject,
        occurred_on=said.occurred_on,
        decided_at=said.decided_at,
        measured=said.measured,
        base=None if said.base is None else said.base.model_dump(mode="json"),
        part=said.part,
        repeats=said.repeats,
        tariff=tariff.model_dump(mode="json"),
        state=BreachState.RECORDED if tariff.not_set is None else BreachState.UNDECIDED,
        booked_at=tx.now,
    )


def place_of(tx: Tx, person: str) -> tuple[str, str | None]:
    """Branch and department of a person; the group's own where the directory does not know them."""
    found = Directory.of(tx.runtime).people.get(person)
    return (GROUP, None) if found is None else (found.branch, found.department)


def trial(
    tx: Tx,
    person: str,
    kind: str,
    items: Sequence[BreachItem],
    *,
    identifier: UUID,
    subject: str,
    measured: Decimal | None = None,
    share: Money | None = None,
    repeats: UUID | None = None,
) -> Breach:
    """A breach as it would be booked now; nothing is kept."""
    said = RecordBreach(
        breach_id=identifier,
        person=person,
        rule="",
        kind=kind,
        subject=subject,
        occurred_on=civil(tx.now),
        decided_at=tx.now,
        base=None,
        items=list(items) or None,
        measured=measured,
        share=share,
        repeats=repeats,
    )
    return breach_of(said, tx)
