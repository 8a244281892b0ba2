"""The factory is warned by its own rules: what it asks for is complete, and its system has taken it (P12.8)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis.handlers import Received, on
from chassis.tx import Tx
from contracts.complaint import ComplaintSerious
from contracts.notify import WebhookDelivered, WebhookGivenUp
from policy.obligations import Deadline, met, owe

from complaint.serious import tables
from complaint.serious.climbing import Climb, climbs_of, ended, owe_step
from complaint.serious.factory import BrandRules, missing
from complaint.serious.ladder import SeriousStep, StepState, ladder_id
from complaint.serious.policy import COMPLETE, StepKind

RULES = ("P12.8",)

#: whom the step addresses, at its brand; no role of the group
FACTORY = "factory"

_DELIVERED = """SELECT event_id, min(at) AS at FROM factory_deliveries
    WHERE event_id = ANY($1::uuid[]) AND delivered GROUP BY event_id"""
_WARNED = "SELECT event_id, case_id FROM factory_warnings WHERE event_id = ANY($1::uuid[]) AND complete"


async def warned_cases(
    tx: Tx, events: Sequence[Received[ComplaintSerious]]
) -> list[tuple[Climb | None, datetime | None]]:
    """The case of each warning, and when its webhook was taken if that is known already."""
    found = await climbs_of(tx, {event.said.case_id for event in events})
    delivered: dict[UUID, datetime] = dict(list(await tx.driver.fetch(_DELIVERED, [event.id for event in events])))
    return [(found.get(event.said.case_id), delivered.get(event.id)) for event in events]


@on(ComplaintSerious, loads=warned_cases)
def warn_factory(event: Received[ComplaintSerious], found: tuple[Climb | None, datetime | None], tx: Tx) -> None:
    """Owe the warning as the brand's rules have it, and to the handler what they ask for and the record lacks."""
    climb, delivered = found
    if climb is None:
        return
    case = climb.case
    rules = climb.policy(tx).brands.get(case.brand)
    lacks = missing(case, rules) if rules else []
    tx.insert(tables.factory_warnings, event_id=event.id, case_id=case.id, warned_at=event.time, complete=not lacks)
    if rules is None or not case.serious:
        return
    step = _step(climb)
    if step is None:
        deadline = Deadline(within=rules.within, role=rules.answers, then=rules.then)
        met_by = "delivered" if rules.channel == "webhook" else "sent"
        whom = (FACTORY, case.brand)
        step = owe_step(tx, climb, StepKind.FACTORY, whom, deadline, case.branch, met_by, event.time)
    _note_missing(tx, climb, step, rules, lacks, event.time)
    if not lacks and rules.channel == "topic":
        taken(tx, climb, step, event.time)
    elif not lacks and delivered is not None:
        taken(tx, climb, step, delivered)


def _note_missing(tx: Tx, climb: Climb, step: SeriousStep, rules: BrandRules, lacks: list[str], at: datetime) -> None:
    """The handler owes what is missing, in the term of the warning itself; nothing once it is there."""
    case, before = climb.case, step.missing
    step.lacks(lacks)
    if lacks and not before and step.state is StepState.OPEN:
        deadline = Deadline(within=rules.within, role=rules.answers, then=rules.then)
        path = f"/v1/complaints/{case.id}/facts"
        ladder = ladder_id(case.id)
        owe(
            tx,
            COMPLETE,
            ladder,
            deadline,
            branch=case.branch,
            since=step.since,
            path=path,
            about=case.id,
            excluded=climb.excluded,
        )
    elif before and not lacks:
        met(tx, COMPLETE, ladder_id(case.id), at=at)


def taken(tx: Tx, climb: Climb, step: SeriousStep, at: datetime) -> None:
    """The factory has it, whole."""
    if step.meet(at):
        ended(tx, climb, step, at)


def _step(climb: Climb) -> SeriousStep | None:
    factory = [step for step in climb.steps if step.kind is StepKind.FACTORY and step.state is not StepState.WAIVED]
    return factory[-1] if factory else None


async def cases_of_deliveries(tx: Tx, events: Sequence[Received[Any]]) -> list[Climb | None]:
    """The case whose complete warning was delivered; None for other events, and for what is still on its way."""
    rows = dict(list(await tx.driver.fetch(_WARNED, [event.said.event_id for event in events])))
    climbs = await climbs_of(tx, set(rows.values()))
    return [climbs.get(rows[e.said.event_id]) if e.said.event_id in rows else None for e in events]


@on(WebhookDelivered, loads=cases_of_deliveries)
def factory_told(event: Received[WebhookDelivered], climb: Climb | None, tx: Tx) -> None:
    """A subscriber has taken a message; where it is a complete warning, the factory has been warned."""
    said = event.said
    _keep(tx, event, delivered=True, at=said.delivered_at)
    step = _step(climb) if climb is not None else None
    if climb is not None and step is not None and step.met_by == "delivered" and not step.missing:
        taken(tx, climb, step, said.delivered_at)


@on(WebhookGivenUp)
def factory_not_told(event: Received[WebhookGivenUp], tx: Tx) -> None:
    """A subscriber did not take it: that stays, and the warning stays owed."""
    _keep(tx, event, delivered=False, at=event.said.given_up_at)


def _keep(tx: Tx, event: Received[Any], *, delivered: bool, at: datetime) -> None:
    said: WebhookDelivered | WebhookGivenUp = event.said
    tx.insert(
        tables.factory_deliveries,
        id=event.id,
        delivery_id=said.delivery_id,
        event_id=said.event_id,
        subscription_id=said.subscription_id,
        attempts=said.attempts,
        delivered=delivered,
        at=at,
    )
