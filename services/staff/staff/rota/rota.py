"""The shifts of a role at a place on a civil day (P06.2): only of people who hold it, and nobody twice at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Any
from uuid import NAMESPACE_URL, UUID, uuid5

from chassis.problems import Invalid
from chassis.store import Store
from chassis.tx import Tx
from chassis.wrong import Wrong
from contracts.roles import Role
from contracts.staff import Employment, RotaEntry, ShiftLine
from policy.access import AREA, GROUP, branch_of
from policy.calendar import at as instant_of
from policy.calendar import civil
from pydantic import Field

from staff.branch import branch_named
from staff.people.form import Part, Subject
from staff.person import PEOPLE, Grant, Person, grants_of
from staff.rota import tables

Minute = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$", description="civil time, as in 08:30")]


@dataclass
class Rota:
    """One day of one role at one place; `shifts` are `{person, from_at, until_at}` with instants in UTC."""

    id: UUID
    role: Role
    place: str
    branch: str
    date: date
    shifts: list[dict[str, Any]]
    set_by: str
    version: int
    sequence: int


ROTAS = Store(tables.rotas, Rota)

_SHIFTS_OF = """SELECT id FROM rotas WHERE date >= $1
    AND shifts @> jsonb_build_array(jsonb_build_object('person', $2::text)) ORDER BY id"""


class Shift(Part):
    """Who is there from when until when; one that ends at or before its begin ends on the next day."""

    person: Subject
    from_time: Minute
    until_time: Minute


class ShiftsRefused(Invalid):
    """Somebody would be on duty twice at once, or does not hold the role then."""

    title = "The shifts do not fit"
    zh = "排班有冲突：同一人不能同时值两班，且须在岗。请按标注调整。"
    rules = ("P06.2",)


def rota_id(role: Role, place: str, day: date) -> UUID:
    """The id of a day follows from role, place and date."""
    return uuid5(NAMESPACE_URL, f"kehu:rota:{role.value}@{place}:{day}")


def on_day(shift: Shift, day: date) -> dict[str, Any]:
    """The shift as instants of this day."""
    begin, end = _minutes(shift.from_time), _minutes(shift.until_time)
    from_at = instant_of(day, begin)
    until_at = instant_of(day, end) if end > begin else instant_of(day + timedelta(days=1), end)
    return {"person": shift.person, "from_at": from_at.isoformat(), "until_at": until_at.isoformat()}


def _minutes(text: str) -> int:
    hours, _, minutes = text.partition(":")
    return int(hours) * 60 + int(minutes)


async def set_day(
    tx: Tx,
    role: Role,
    place: str,
    day: date,
    shifts: Sequence[dict[str, Any]],
    by: str,
    *,
    replaced: Sequence[UUID] = (),
) -> Rota:
    """Replace the shifts of a day and tell it; `ShiftsRefused` names what does not fit, by its number.

    `replaced` are the days that the same act sets: what they held before does not count.
    """
    await _lock(tx, shifts)
    identifier = rota_id(role, place, day)
    await tx.driver.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", str(identifier))
    refused = await _unfit(tx, role, place, day, shifts, {identifier, *replaced})
    if refused:
        raise ShiftsRefused(
            "Correct the shifts that `errors` names.",
            errors=[wrong.at(f"/shifts/{n}", f"{day}: {wrong.en}") for n, wrong in refused],
        )
    shifts = sorted(shifts, key=lambda one: (one["from_at"], one["person"]))
    found = (await tx.load(ROTAS, [identifier])).get(identifier)
    if found is None:
        found = Rota(identifier, role, place, branch_of(place), day, list(shifts), by, 1, 0)
        tx.add(found)
    elif found.shifts == list(shifts):
        return found
    else:
        found.shifts, found.set_by = list(shifts), by
    _tell(tx, found)
    return found


async def drop_shifts(tx: Tx, person: Person, at: datetime) -> None:
    """Take the person off the shifts from this instant on for which they hold the role no more, and tell it (P01.9).

    Where they were the only one, every holder is on duty again.
    """
    rows = await tx.driver.fetch(_SHIFTS_OF, civil(at) - timedelta(days=1), person.subject)
    grants = await grants_of(tx, person)
    for rota in (await tx.load(ROTAS, [row[0] for row in rows])).values():
        places = await _places_of(tx, rota.place)
        kept = []
        for one in rota.shifts:
            from_at, until_at = datetime.fromisoformat(one["from_at"]), datetime.fromisoformat(one["until_at"])
            theirs = one["person"] == person.subject and from_at >= at
            if not theirs or _holds(grants, rota.role, places, from_at, until_at):
                kept.append(one)
        if kept != rota.shifts:
            rota.shifts = kept
            _tell(tx, rota)


def _tell(tx: Tx, found: Rota) -> None:
    found.sequence += 1
    lines = [
        ShiftLine(
            person=one["person"],
            from_at=datetime.fromisoformat(one["from_at"]),
            until_at=datetime.fromisoformat(one["until_at"]),
        )
        for one in found.shifts
    ]
    tx.publish(
        found, RotaEntry(rota_id=found.id, role=found.role.value, place=found.place, date=found.date, shifts=lines)
    )


async def _lock(tx: Tx, shifts: Sequence[dict[str, Any]]) -> None:
    """Two who put the same person on duty take turns here."""
    subjects = sorted({one["person"] for one in shifts})
    rows = await tx.driver.fetch("SELECT id FROM people WHERE subject = ANY($1::text[])", subjects)
    await tx.load(PEOPLE, [row[0] for row in rows])


async def _unfit(
    tx: Tx, role: Role, place: str, day: date, shifts: Sequence[dict[str, Any]], replaced: set[UUID]
) -> list[tuple[int, Wrong]]:
    """What does not fit: the number of the shift, and why."""
    people = {person.subject: person for person in tx.loaded(Person)}
    held: dict[str, list[Grant]] = {}
    for subject in sorted({one["person"] for one in shifts} & people.keys()):
        held[subject] = await grants_of(tx, people[subject], lock=False)
    counted = await _places_of(tx, place)
    others = await _elsewhere(tx, rota_id(role, place, day), replaced, day, sorted(people))
    refused = []
    for n, one in enumerate(shifts):
        person = people.get(one["person"])
        from_at, until_at = datetime.fromisoformat(one["from_at"]), datetime.fromisoformat(one["until_at"])
        # of a shift that is under way, what is left of it counts
        left = max(from_at, min(tx.now, until_at))
        if person is None or person.employment is Employment.LEFT:
            refused.append((n, Wrong.NO_SUCH_PERSON))
        elif not _holds(held[person.subject], role, counted, left, until_at):
            refused.append((n, Wrong.WITHOUT_ROLE))
        elif any(_overlap(one, other) for other in [*shifts[:n], *others]):
            refused.append((n, Wrong.ON_DUTY))
    return refused


def _holds(grants: Sequence[Grant], role: Role, places: set[str], from_at: datetime, until_at: datetime) -> bool:
    """Whether one of these grants counts for a shift from its begin to its end."""
    return any(
        grant.role is role and grant.place in places and grant.holds_at(from_at)
        and (grant.until_at is None or grant.until_at >= until_at)
        for grant in grants
    )  # fmt: skip


async def _places_of(tx: Tx, place: str) -> set[str]:
    """Where a role counts for the place: there, at its branch, in its area, in the whole group."""
    if place == GROUP or place.startswith(AREA):
        return {place, GROUP}
    region = (await branch_named(tx, branch_of(place))).region
    return {place, branch_of(place), GROUP} | ({f"{AREA}{region}"} if region else set())


async def _elsewhere(
    tx: Tx, identifier: UUID, replaced: set[UUID], day: date, subjects: Sequence[str]
) -> list[dict[str, Any]]:
    """The shifts of these people in other roles and places, and on the days around; with what this act has set."""
    rows = await tx.driver.fetch(
        "SELECT s.shift FROM rotas r, jsonb_array_elements(r.shifts) AS s(shift) "
        "WHERE r.date BETWEEN $1::date - 1 AND $1::date + 1 AND NOT r.id = ANY($2::uuid[]) "
        "AND s.shift->>'person' = ANY($3::text[])",
        day,
        sorted(replaced),
        subjects,
    )
    kept = {rota.id: rota.shifts for rota in tx.loaded(Rota) if rota.id != identifier}
    return [row[0] for row in rows] + [shift for shifts in kept.values() for shift in shifts]


def _overlap(one: dict[str, Any], other: dict[str, Any]) -> bool:
    mine = datetime.fromisoformat(one["from_at"]), datetime.fromisoformat(one["until_at"])
    theirs = datetime.fromisoformat(other["from_at"]), datetime.fromisoformat(other["until_at"])
    return one["person"] == other["person"] and mine[0] < theirs[1] and theirs[0] < mine[1]
