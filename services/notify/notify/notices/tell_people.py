"""Tells people something: one notice a person, over the channels of the policy, the next one where it does not arrive.

What was not confirmed goes out over the next channel, then to the next person, then to the next role (P12.6, P12.7).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import structlog
from chassis.ids import uuid7
from chassis.jobs import TryAgain, Work, job
from chassis.peers import PeerAway
from chassis.tx import Tx
from contracts.notify import NobodyTold, NoticeSent
from contracts.roles import Role
from policy.access import branch_of
from policy.directory import Directory
from policy.obligations import owe
from policy.policies import policy
from policy.terms import Term, Unit
from pydantic import ValidationError

from notify import tables
from notify.channels.outlets import Outlets
from notify.channels.refusals import NotReachable, Refusal
from notify.notice import (
    DISPATCHES,
    NOTICES,
    ORDERS,
    Dispatch,
    DispatchState,
    Notice,
    Order,
    dispatch_id,
)
from notify.policy import CONFIRM, Channel, NotifyPolicy
from notify.recipients.pull_contacts import known_reach, reach_of
from notify.recipients.rota import Rotas, Seat, rotas_at
from notify.recipients.who_is_there import PERSON, Found, named, way, who_is_there, why
from notify.templates.words import chosen, in_code, say

log = structlog.get_logger()

RULES = ("P12.4", "P12.6", "P12.7", "P05.15", "P06.2")

#: what a term is written with has four digits
LONGEST = 9999

_OF_ORDERS = "SELECT id FROM notices WHERE send_id = ANY($1::uuid[])"
_OF_NOTICES = "SELECT id FROM dispatches WHERE notice_id = ANY($1::uuid[])"
_ROLES = {role.value: role for role in Role}
#: why somebody is passed over of whom no confirmation can come: others of the same seat are told first
_NOT_THERE = ("left", "excluded")


@dataclass
class Told:
    """An order with all that came of it so far, and what is needed to go on."""

    order: Order
    rotas: Rotas
    notices: list[Notice] = field(default_factory=list)
    dispatches: list[Dispatch] = field(default_factory=list)

    def notice_of(self, person: str) -> Notice | None:
        return next((one for one in self.notices if one.person == person), None)

    def over(self, notice: Notice) -> dict[Channel, Dispatch]:
        """The channels over which a notice went or is to go."""
        return {one.channel: one for one in self.dispatches if one.notice_id == notice.id}


# -- reading -------------------------------------------------------------------------------------


def policy_of(tx: Tx, place: str) -> NotifyPolicy:
    """How people of a place are told today."""
    return policy(tx, NotifyPolicy, branch_of(place), tx.now)


def way_of(tx: Tx, to: str) -> list[Seat]:
    """The seats that can be told instead of one another, the one meant first."""
    directory = Directory.of(tx.runtime)
    kind, _, rest = to.partition(":")
    person = directory.people.get(rest) if kind == PERSON else None
    place = person.branch if person is not None else to.partition("@")[2]
    return way(to, policy_of(tx, place), directory)


async def rotas_for(tx: Tx, asked: Collection[str]) -> Rotas:
    """The rotas of all seats on the ways of those who are asked for."""
    seats = {seat for to in asked for seat in way_of(tx, to)}
    return await rotas_at(tx, seats, tx.now)


async def told_so_far(tx: Tx, orders: Collection[UUID]) -> dict[UUID, Told]:
    """Orders with their notices and dispatches, locked: orders first, so that two who go on with one queue."""
    found = await tx.load(ORDERS, orders)
    rotas = await rotas_for(tx, {seat["to"] for order in found.values() for seat in order.seats})
    told = {identifier: Told(order, rotas) for identifier, order in found.items()}
    notices = await tx.load(NOTICES, [row[0] for row in await tx.driver.fetch(_OF_ORDERS, list(found))])
    for notice in notices.values():
        told[notice.send_id].notices.append(notice)
    dispatches = await tx.load(DISPATCHES, [row[0] for row in await tx.driver.fetch(_OF_NOTICES, list(notices))])
    for one in dispatches.values():
        told[notices[one.notice_id].send_id].dispatches.append(one)
    return told


# -- telling -------------------------------------------------------------------------------------


def tell(
    tx: Tx,
    rotas: Rotas,
    *,
    send_id: UUID,
    service: str,
    template: str,
    to: Sequence[str],
    subject: str,
    path: str,
    params: dict[str, str],
    rules: Sequence[str],
    asked_at: datetime,
    confirm_by: datetime | None = None,
    urgent: bool = False,
    works: Sequence[str] = (),
    excluded: Sequence[str] = (),
) -> Told:
    """Have people told, those excluded never; it lies in their inboxes with this transaction, the rest is planned."""
    name, kept = chosen(template, params)
    asked = dict.fromkeys(one if in_code(one) else "" for one in to or [""])
    order = Order(
        id=send_id,
        service=service,
        template=name,
        subject=subject if in_code(subject) else "",
        path=path if in_code(path) else "",
        params=kept,
        rules=tuple(one for one in rules if in_code(one)),
        confirm_by=confirm_by,
        urgent=urgent,
        works=tuple(works),
        excluded=tuple(excluded),
        seats=tuple({"to": one, "step": -1, "people": [], "tried": []} for one in asked),
        asked_at=asked_at,
        received_at=tx.now,
    )
    tx.add(order)
    told = Told(order, rotas)
    for index in range(len(order.seats)):
        _go_on(tx, told, index)
    return told


def _go_on(tx: Tx, told: Told, index: int, *, again: bool = False) -> None:
    """Tell the next ones of a seat, with `again` others at the same step first; say so where there is nobody left."""
    order, seat = told.order, told.order.seats[index]
    directory = Directory.of(tx.runtime)
    seats = way_of(tx, seat["to"])
    first = seat["step"] < 0
    known = {one.person for one in told.notices}
    tried = tuple((one, reason) for one, reason in seat["tried"])
    found = who_is_there(
        seats,
        directory,
        told.rotas,
        tx.now,
        start=seat["step"] + (0 if again else 1),
        told=() if first else known,
        because=tried,
        excluded=order.excluded,
    )
    order.moved(index, step=found.step, people=list(found.people), tried=[list(one) for one in found.tried])
    if not found.people:
        log.error("nobody is left to be told", send_id=str(order.id), rules=list(order.rules))
        if first:
            tx.publish(order, NobodyTold(send_id=order.id, tried=[named(one) for one in seats], at=tx.now))
    for person in found.people:
        if person not in known:
            _notify(tx, told, person, found)


def _notify(tx: Tx, told: Told, person: str, found: Found) -> None:
    order, ways = told.order, policy_of(tx, found.place)
    directory = Directory.of(tx.runtime)
    place = found.place
    if found.role == PERSON:
        place = directory.people[person].branch
    notice = Notice(
        id=uuid7(),
        send_id=order.id,
        person=person,
        role=found.role,
        place=place,
        branch=branch_of(place),
        because=found.tried,
        service=order.service,
        template=order.template,
        subject=order.subject,
        path=order.path,
        params=order.params,
        rules=order.rules,
        urgent=order.urgent,
        works=order.works,
        made_at=tx.now,
        confirm_by=_confirm_by(order, ways, tx.now),
    )
    tx.add(notice)
    told.notices.append(notice)
    if notice.confirm_by is not None:
        _await_confirmation(tx, notice, ways)
    for channel in _at_once(order, ways):
        plan(tx, told, notice, channel, "urgent" if order.urgent else "policy")


def _at_once(order: Order, ways: NotifyPolicy) -> list[Channel]:
    """Over which channels a notice goes from the start; the inbox is always one of them."""
    found = ways.channels if order.urgent else ways.at_once.get(order.template, ways.channels[:1])
    return list(dict.fromkeys([Channel.INBOX, *found]))


def _confirm_by(order: Order, ways: NotifyPolicy, now: datetime) -> datetime | None:
    """Until when; whoever is told after that has the term of the policy from then on (A2)."""
    if order.confirm_by is None or order.confirm_by > now:
        return order.confirm_by
    term = ways.confirm.within or Term(Unit.MINUTES, 30)
    spans = {Unit.MINUTES: timedelta(minutes=1), Unit.HOURS: timedelta(hours=1), Unit.DAYS: timedelta(days=1)}
    return now + spans.get(term.unit, timedelta(hours=1)) * max(term.amount, 1)


def _await_confirmation(tx: Tx, notice: Notice, ways: NotifyPolicy) -> None:
    """The receiver owes a confirmation; its reminders mean the next channel, its end the next person."""
    assert notice.confirm_by is not None
    minutes = max(1, math.ceil((notice.confirm_by - tx.now) / timedelta(minutes=1)))
    hours = min(math.ceil(minutes / 60), LONGEST)
    term = Term(Unit.MINUTES, minutes) if minutes <= LONGEST else Term(Unit.HOURS, hours)
    role = _ROLES.get(notice.role, ways.confirm.role)
    span = timedelta(minutes=term.amount) if term.unit is Unit.MINUTES else timedelta(hours=term.amount)
    owe(
        tx,
        CONFIRM,
        notice.id,
        ways.confirm.model_copy(update={"within": term, "role": role, "then": ()}),
        branch=notice.branch,
        since=notice.confirm_by - span,
        path=f"/v1/inbox/{notice.id}",
        person=notice.person,
        place=notice.place,
    )


def plan(tx: Tx, told: Told, notice: Notice, channel: Channel, because: str) -> None:
    """Put a notice on its way over a channel; in the inbox it is there with this transaction."""
    one = Dispatch(
        dispatch_id(notice.id, channel), notice.id, channel, DispatchState.PLANNED, because, planned_at=tx.now
    )
    tx.add(one)
    told.dispatches.append(one)
    if channel is Channel.INBOX:
        one.state, one.ended_at, one.attempts = DispatchState.SENT, tx.now, 1
        _sent(tx, told.order, notice, one)
    else:
        tx.later(dispatch, one.id, lane=channel.value)


def _sent(tx: Tx, order: Order, notice: Notice, one: Dispatch) -> None:
    assert one.ended_at is not None
    tx.publish(
        order,
        NoticeSent(
            send_id=order.id,
            notice_id=notice.id,
            person=notice.person,
            role=notice.role,
            place=notice.place,
            channel=one.channel.value,
            sent_at=one.ended_at,
            because=why(notice.because),
        ),
    )


# -- going on ------------------------------------------------------------------------------------


def next_channel(tx: Tx, told: Told, notice: Notice, because: str) -> bool:
    """Tell the same person over the next channel; False when there is none left."""
    used = told.over(notice)
    for channel in policy_of(tx, notice.place).channels:
        if channel not in used:
            plan(tx, told, notice, channel, because)
            return True
    return False


def pass_over(tx: Tx, told: Told, notice: Notice, reason: str) -> None:
    """Go on to the next ones in every seat that this person was told for, unless another of it has confirmed."""
    if notice.passed_over_at is not None or notice.confirmed_at is not None or notice.settled_at is not None:
        return
    notice.passed_over_at = tx.now
    order = told.order
    for index, seat in enumerate(order.seats):
        if notice.person not in seat["people"]:
            continue
        others = [told.notice_of(person) for person in seat["people"]]
        if any(one is not None and one.confirmed_at is not None for one in others):
            continue
        if reason in ("unreachable", *_NOT_THERE) and any(
            one is not None and one.passed_over_at is None for one in others
        ):
            continue
        here = way_of(tx, seat["to"])[seat["step"]]
        order.moved(index, tried=[*seat["tried"], [named(here), reason]])
        _go_on(tx, told, index, again=reason in _NOT_THERE)


# -- over a channel ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Outcome:
    """How an attempt over a channel ended; `final`: no other follows."""

    at: datetime
    error: str | None
    milliseconds: int
    final: bool = False


async def dispatched(tx: Tx, ended: Sequence[tuple[str, Outcome]]) -> None:
    """Write how attempts ended and tell the others; where no channel is left, go on to the next person."""
    rows = await tx.driver.fetch(
        "SELECT d.id, n.send_id FROM dispatches d JOIN notices n ON n.id = d.notice_id WHERE d.id = ANY($1::uuid[])",
        [UUID(ref) for ref, _ in ended],
    )
    order_of = {row["id"]: row["send_id"] for row in rows}
    found = await told_so_far(tx, set(order_of.values()))
    for ref, outcome in ended:
        if UUID(ref) not in order_of:
            continue
        told = found[order_of[UUID(ref)]]
        one = next(each for each in told.dispatches if each.id == UUID(ref))
        if one.state is not DispatchState.PLANNED:
            continue
        one.attempts, one.error = one.attempts + 1, outcome.error
        tx.insert(
            tables.tries,
            id=uuid7(),
            dispatch_id=one.id,
            tried_at=outcome.at,
            error=outcome.error,
            milliseconds=outcome.milliseconds,
        )
        notice = next(each for each in told.notices if each.id == one.notice_id)
        if outcome.error is None:
            one.state, one.ended_at = DispatchState.SENT, outcome.at
            _sent(tx, told.order, notice, one)
        elif outcome.final:
            one.state, one.ended_at = DispatchState.FAILED, outcome.at
            _after_failure(tx, told, notice, one.channel)


def _after_failure(tx: Tx, told: Told, notice: Notice, channel: Channel) -> None:
    """A channel has failed for good: the next one; the next person, where all failed and it lies unread.

    A mere reminder waits in the inbox: it is no cause to tell others.
    """
    order = told.order
    insists = order.urgent or order.confirm_by is not None
    insists = insists or order.template in policy_of(tx, notice.place).insists
    if not notice.unread or not insists:
        return
    if next_channel(tx, told, notice, f"{channel.value} failed"):
        return
    outside = [one for one in told.over(notice).values() if one.channel is not Channel.INBOX]
    if all(one.state is DispatchState.FAILED for one in outside):
        pass_over(tx, told, notice, "unreachable")


@job(retry=("10s", "1m", "5m"), finish=dispatched)
async def dispatch(ref: str, work: Work) -> Outcome | None:
    """One attempt to get a notice out over its channel; the same id at every attempt, at least once."""
    runtime, identifier = work.runtime, UUID(ref)
    async with runtime.transaction() as tx:
        one = (await tx.load(DISPATCHES, [identifier], lock=False)).get(identifier)
        if one is None or one.state is not DispatchState.PLANNED:
            return None
        notice = await tx.get(NOTICES, one.notice_id, lock=False)
        if notice.settled_at is not None or notice.confirmed_at is not None:
            return Outcome(tx.now, "no longer needed", 0, final=True)
        reach: dict[str, Any] | None = await known_reach(tx, notice.person)
    begun = runtime.clock()
    try:
        if reach is None:
            reach = dict((await reach_of(runtime, notice.person)).known)
        words = say(notice.template, notice.params, Directory.of(runtime), reach.get("language", "zh"))
        outlets: Outlets = Outlets.of(runtime)
        await outlets.send(one.channel, one.id, notice, reach, words)
    except NotReachable as never:
        return Outcome(begun, str(never), 0, final=True)
    except (Refusal, PeerAway, httpx.HTTPError, OSError, ValidationError) as failure:
        error = str(failure) if isinstance(failure, Refusal) else type(failure).__name__
        spent = _milliseconds(runtime.clock() - begun)
        raise TryAgain(error, result=Outcome(begun, error, spent, final=work.last_attempt)) from failure
    return Outcome(begun, None, _milliseconds(runtime.clock() - begun))


def _milliseconds(spent: timedelta) -> int:
    return round(spent / timedelta(milliseconds=1))
