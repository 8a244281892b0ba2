"""Branches, people and the calendar, known locally in every service from `staff.state` (P01.9, P06.2)."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

import structlog
from chassis.auth import Delegated, Grant, Principal
from chassis.failures import passes_by_itself
from chassis.handlers import Received, project
from chassis.runtime import Runtime
from chassis.tx import Tx
from contracts.roles import Role
from contracts.staff import BranchEntry, CalendarYear, Employment, PersonEntry, Profile

from policy import tables
from policy.access import AREA, GROUP, branch_of
from policy.calendar import Calendar, Overlay, Year, spans_of

log = structlog.get_logger()

PART = "directory"
#: how often a process looks whether its copy has changed
LOOK = 1.0

_ROLES = {role.value: role for role in Role}
#: an accepted entry raises the sum: the newest sequence of a key wins
_STAMP = """SELECT (SELECT count(*) + coalesce(sum(sequence), 0) FROM kehu.known_people),
    (SELECT count(*) + coalesce(sum(sequence), 0) FROM kehu.known_branches),
    (SELECT count(*) + coalesce(sum(sequence), 0) FROM kehu.known_years)"""
_PEOPLE = """SELECT p.subject, p.employment, p.branch, p.department, g.role, g.place, g.from_at, g.until_at,
    g.on_behalf_of FROM kehu.known_people p LEFT JOIN kehu.known_grants g ON g.person_id = p.id WHERE NOT p.gone"""
_BRANCHES = (
    "SELECT branch, profile, region, week, closed, opened, title, departments FROM kehu.known_branches WHERE NOT gone"
)
_YEARS = "SELECT year, source, days FROM kehu.known_years WHERE NOT gone"


@project(PersonEntry, into=tables.known_people, lines=tables.known_grants)
def known_people(entry: Received[PersonEntry]) -> tuple[Mapping[str, Any], Sequence[Mapping[str, Any]]]:
    """Who a subject is, and a line a grant."""
    said = entry.said
    row = {
        "subject": said.subject,
        "employment": said.employment,
        "branch": said.branch,
        "department": said.department,
    }
    return row, [grant.model_dump() for grant in said.grants]


@project(BranchEntry, into=tables.known_branches)
def known_branches(entry: Received[BranchEntry]) -> Mapping[str, Any]:
    """A branch with its titles, profile and working time."""
    said = entry.said
    return {
        "branch": said.branch,
        "profile": said.profile,
        "region": said.region,
        "week": said.week,
        "closed": [str(day) for day in said.closed],
        "opened": [str(day) for day in said.opened],
        "title": said.title,
        "departments": {one.department: one.title for one in said.departments or []},
    }


@project(CalendarYear, into=tables.known_years)
def known_years(entry: Received[CalendarYear]) -> Mapping[str, Any]:
    """A decreed year."""
    days = [{"date": str(day.date), "off": day.off, "name": day.holiday} for day in entry.said.days]
    return {"year": entry.said.year, "source": entry.said.source, "days": days}


@dataclass(frozen=True, slots=True)
class Held:
    """A role somebody holds somewhere for a time, perhaps for another."""

    role: Role
    place: str
    from_at: datetime
    until_at: datetime | None
    on_behalf_of: str | None

    @property
    def grant(self) -> Grant:
        """What it lets its holder act as."""
        if self.on_behalf_of is None:
            return Grant(self.role, self.place)
        return Delegated(self.role, self.place, self.on_behalf_of)

    def at(self, now: datetime) -> bool:
        """Whether it holds at this instant."""
        return self.from_at <= now and (self.until_at is None or now < self.until_at)


@dataclass(frozen=True)
class Person:
    """Someone of staff."""

    subject: str
    employment: str
    branch: str
    department: str | None
    held: tuple[Held, ...]


@dataclass(frozen=True)
class Branch:
    """A branch: what people call it and its departments, the profile it runs under, and its working time."""

    name: str
    profile: str
    region: str | None
    calendar: Calendar
    title: str | None = None
    departments: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Directory:
    """This process's copy of staff's state, at most a second behind the database's."""

    runtime: Runtime
    people: dict[str, Person] = field(default_factory=dict)
    branches: dict[str, Branch] = field(default_factory=dict)
    #: for places that staff does not know (yet): the national calendar, the usual hours
    national: Calendar = field(default_factory=Calendar)
    #: titles that more than one branch bears
    _shared: frozenset[str] = frozenset()
    _stamp: tuple[Any, ...] = ()

    @classmethod
    def of(cls, runtime: Runtime) -> Directory:
        """The directory of the process."""
        found: Directory = runtime.parts[PART]
        return found

    def calendar(self, branch: str) -> Calendar:
        """The working time of a branch."""
        return self.branches[branch].calendar if branch in self.branches else self.national

    def profile(self, branch: str) -> str:
        """The profile a branch runs under; `group` for one that staff does not know."""
        return self.branches[branch].profile if branch in self.branches else Profile.GROUP

    def title(self, branch: str) -> str:
        """What people call the branch, with its code behind where another is called the same; else its code."""
        title = self._said(branch)
        return self.named(branch) if title in self._shared else title or branch

    def department_title(self, branch: str, department: str) -> str:
        """What people call a department of the branch; its code where staff has not said."""
        return self.branches[branch].departments.get(department, department) if branch in self.branches else department

    def named(self, branch: str) -> str:
        """The branch where a paper of our own identifies it: its title, with its code behind."""
        return _with_code(self._said(branch), branch)

    def named_department(self, branch: str, department: str) -> str:
        """The department where a paper of our own identifies it: its title, with its code behind."""
        return _with_code(self.department_title(branch, department), department)

    def _said(self, branch: str) -> str | None:
        """The title as staff has said it."""
        return self.branches[branch].title if branch in self.branches else None

    def place_title(self, place: str, language: str = "zh") -> str:
        """What people call the group, a branch or a department of one; the code of any other place."""
        if place == GROUP:
            return "the group" if language == "en" else "集团"
        branch, _, department = place.partition("/")
        if not department or branch not in self.branches:
            return self.title(place)
        return f"{self.title(branch)} · {self.department_title(branch, department)}"

    def area(self, branch: str) -> str | None:
        """The area of a branch, as the place of a grant; None where staff names none."""
        region = self.branches[branch].region if branch in self.branches else None
        return None if region is None else f"{AREA}{region}"

    def branches_of(self, place: str) -> list[str]:
        """The branches that a place stands for: of an area all of them, else the one it lies in."""
        if place.startswith(AREA):
            return sorted(b.name for b in self.branches.values() if f"{AREA}{b.region}" == place)
        return [branch_of(place)]

    def grants(self, subject: str, now: datetime) -> frozenset[Grant]:
        """What somebody may act as at this instant; nothing once they have left or while they are on leave.

        Who is granted an area holds the role at each of its branches too.
        """
        person = self.people.get(subject)
        if person is None or person.employment != Employment.ACTIVE:
            return frozenset()
        found = {held.grant for held in person.held if held.at(now)}
        areas = [grant for grant in found if grant.place.startswith(AREA)]
        return frozenset(found | {replace(g, place=branch) for g in areas for branch in self.branches_of(g.place)})

    def holders(self, role: Role, places: Iterable[str], now: datetime) -> dict[str, str | None]:
        """Who is there to act as `role` at one of the places, and for whom where it is delegated to them."""
        wanted = set(places)
        found: dict[str, str | None] = {}
        for person in self.people.values():
            if person.employment != Employment.ACTIVE:
                continue
            for held in person.held:
                if held.role is role and held.place in wanted and held.at(now):
                    own = held.on_behalf_of is None
                    if own or person.subject not in found:
                        found[person.subject] = held.on_behalf_of
        return found

    async def refresh(self) -> bool:
        """Look at the database again; whether anything had changed."""
        # what comes between the look and the reading is read, and read once more at the next look
        (stamp,) = [tuple(row) for row in await self.runtime.glance(_STAMP)]
        if stamp == self._stamp:
            return False
        async with self.runtime.transaction() as tx:
            await self._read(tx)
        self._stamp = stamp
        return True

    async def _read(self, tx: Tx) -> None:
        years = {
            row["year"]: Year.of_rows(row["year"], row["days"], published=True, source=row["source"])
            for row in await tx.driver.fetch(_YEARS)
        }
        self.national = Calendar(years)
        self.branches = {row["branch"]: _branch(row, years) for row in await tx.driver.fetch(_BRANCHES)}
        borne = Counter(branch.title for branch in self.branches.values() if branch.title is not None)
        self._shared = frozenset(title for title, many in borne.items() if many > 1)
        people: dict[str, tuple[Any, list[Held]]] = {}
        for row in await tx.driver.fetch(_PEOPLE):
            _, held = people.setdefault(row["subject"], (row, []))
            if row["role"] in _ROLES:
                held.append(
                    Held(_ROLES[row["role"]], row["place"], row["from_at"], row["until_at"], row["on_behalf_of"])
                )
        self.people = {
            subject: Person(subject, row["employment"], row["branch"], row["department"], tuple(held))
            for subject, (row, held) in people.items()
        }


def _with_code(title: str | None, code: str) -> str:
    return code if title in (None, code) else f"{title}（{code}）"


def _branch(row: Mapping[str, Any], years: Mapping[int, Year]) -> Branch:
    calendar = Calendar(years, _overlay(row))
    return Branch(row["branch"], row["profile"], row["region"], calendar, row["title"], row["departments"] or {})


def _overlay(row: Mapping[str, Any]) -> Overlay:
    closed, opened = (frozenset(map(date.fromisoformat, row[name])) for name in ("closed", "opened"))
    if row["week"] is None:
        return Overlay(closed=closed, opened=opened)
    return Overlay(tuple(spans_of(texts) for texts in row["week"]), closed, opened)


@asynccontextmanager
async def known(runtime: Runtime) -> AsyncIterator[None]:
    """The directory, read once and then watched, while a process runs; it says what people may do."""
    directory = Directory(runtime)
    runtime.parts[PART] = directory
    await directory.refresh()
    if runtime.settings.grants_from == "staff":
        runtime.granted = lambda principal: granted(principal, directory, runtime)
    watching = asyncio.create_task(_watch(directory))
    try:
        yield
    finally:
        watching.cancel()


def granted(principal: Principal, directory: Directory, runtime: Runtime) -> frozenset[Grant]:
    """What the staff directory grants a person now; a token proves who they are, and no more."""
    return directory.grants(principal.subject, runtime.clock())


async def _watch(directory: Directory) -> None:
    pause = LOOK
    while True:
        await asyncio.sleep(pause)
        begun = time.monotonic()
        try:
            await directory.refresh()
        except Exception as error:
            if not passes_by_itself(error):
                log.error("the staff directory cannot be read, an older one is used", exc_info=error)
        pause = LOOK + min(5.0, time.monotonic() - begun)
