"""Tells people of their work: reminders, what was missed, approvals that wait; and no more once it is done (P12.8)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID, uuid5

from chassis.handlers import Received, on
from chassis.tx import Tx
from contracts.topics import WORK_TOPICS
from contracts.work import WorkItem, WorkState
from policy.directory import Directory

from notify.notice import NOTICES, ORDERS, Notice
from notify.notices.tell_people import policy_of, rotas_for, tell, way_of
from notify.policy import CONFIRM
from notify.recipients.rota import Rotas
from notify.recipients.who_is_there import PERSON, who_is_there
from notify.work.seen import DIGESTS, SEEN, Digest, Seen, digest_of
from notify.work.send_digest import send_digest

RULES = ("P04.9", "P12.2", "P12.8", "P12.10", "P17.9")

#: what the kind of an approval's step begins with
APPROVAL = "approve."

#: what was told about the same thing
_ABOUT = "SELECT id FROM sends WHERE subject = ANY($1::text[])"
_UNSETTLED = "SELECT id FROM notices WHERE works ?| $1::text[] AND settled_at IS NULL"
_ENDED = (WorkState.DONE, WorkState.WAIVED)


@dataclass
class Work:
    """A piece of work as it is known here, and whom a word on it concerns."""

    seen: Seen
    rotas: Rotas
    notices: list[Notice] = field(default_factory=list)
    #: whom a reminder is for
    people: tuple[str, ...] = ()


@dataclass
class Batch:
    """What the words of one batch share, so that one person has one digest in it."""

    seen: dict[UUID, Seen]
    digests: dict[str, Digest]


def _seat(item: WorkItem) -> str:
    """Whom it is asked of: the person where one is named, else the role at the place."""
    return f"{PERSON}:{item.person}" if item.person else f"{item.role}@{item.place}"


def _items(events: Sequence[Received[WorkItem]]) -> list[WorkItem | None]:
    """What each event says; None for a tombstone, and for confirmations, which have a ladder of their own."""
    return [None if event.message is None or event.said.kind == CONFIRM.name else event.said for event in events]


async def concerned(tx: Tx, events: Sequence[Received[WorkItem]]) -> list[tuple[Work, Batch] | None]:
    """For each word what was known before, whom it concerns, which notices it may settle."""
    items = _items(events)
    await _keep_from(tx, [item for item in items if item is not None and item.excluded])
    ids = {item.id for item in items if item is not None}
    seen = await tx.load(SEEN, ids)
    places = {f"{role}@{item.place}" for item in items if item for role in (item.escalated_to or [])}
    rotas = await rotas_for(tx, places | {_seat(item) for item in items if item is not None})
    settled = {str(item.id) for item in items if item is not None and item.state in _ENDED}
    rows = await tx.driver.fetch(_UNSETTLED, list(settled)) if settled else []
    notices = await tx.load(NOTICES, [row["id"] for row in rows])
    found: list[Work | None] = []
    for item in items:
        if item is None:
            found.append(None)
            continue
        if item.id not in seen:
            seen[item.id] = Seen(item.id)
            tx.add(seen[item.id])
        one = Work(seen[item.id], rotas, [each for each in notices.values() if str(item.id) in each.works])
        if item.reminders and item.state == WorkState.OPEN:
            seats, directory = way_of(tx, _seat(item)), Directory.of(tx.runtime)
            there = who_is_there(seats, directory, rotas, tx.now, excluded=item.excluded or ())
            one.people = there.people
        found.append(one)
    people = sorted({person for one in found if one is not None for person in one.people})
    loaded = await tx.load(DIGESTS, [digest_of(person) for person in people])
    batch = Batch(seen, {})
    for person in people:
        digest = loaded.get(digest_of(person))
        if digest is None:
            digest = Digest(digest_of(person), person)
            tx.add(digest)
        batch.digests[person] = digest
    return [None if one is None else (one, batch) for one in found]


async def _keep_from(tx: Tx, items: Sequence[WorkItem]) -> None:
    """Whom a matter turns out to be about is not the next one to be told of it either (P12.2)."""
    if not items:
        return
    rows = await tx.driver.fetch(_ABOUT, sorted({item.subject for item in items}))
    orders = await tx.load(ORDERS, [row["id"] for row in rows])
    for item in items:
        for order in orders.values():
            if order.subject == item.subject:
                order.keep_from(item.excluded or ())


@on(WorkItem, loads=concerned, topics=WORK_TOPICS)
def follow_work(event: Received[WorkItem], found: tuple[Work, Batch] | None, tx: Tx) -> None:
    """Pass on what is new in the newest word on a piece of work."""
    if found is None:
        return
    (one, batch), item = found, event.said
    seen = one.seen
    if seen.ended:
        return
    reminded, escalated = seen.reminded(item), seen.newly_escalated(item)
    seen.state = item.state
    if seen.ended:
        for notice in one.notices:
            notice.done(str(item.id), tx.now)
        return
    if item.kind.startswith(APPROVAL) and seen.new_to(_seat(item)):
        _tell(tx, one, item, "approval_waiting", _seat(item), f"waits:{_seat(item)}", event)
    elif item.state == WorkState.OPEN:
        minutes = policy_of(tx, item.place).digest_minutes
        for person in one.people:
            digest = batch.digests[person]
            # also a reminder that waits while its term has become a shorter one
            if (reminded or digest.waits_for_other(item)) and digest.gather(item, tx.now, timedelta(minutes=minutes)):
                tx.later(send_digest, digest.id, at=digest.due_at, lane="digests")
    for role in escalated:
        _tell(tx, one, item, "work_missed", f"{role}@{item.place}", f"missed:{role}", event)


def _tell(tx: Tx, one: Work, item: WorkItem, template: str, to: str, which: str, event: Received[WorkItem]) -> None:
    due = {} if item.due_at is None else {"due_at": item.due_at.isoformat()}
    tell(
        tx,
        one.rotas,
        send_id=uuid5(item.id, which),
        service=item.service,
        template=template,
        to=[to],
        subject=item.subject,
        path=item.path,
        params={
            "kind": item.kind,
            "role": item.role,
            "place": item.place,
            "rules": ", ".join(item.rules),
            **due,
        },
        rules=item.rules,
        asked_at=event.time,
        works=[str(item.id)],
        excluded=item.excluded or (),
    )
