"""What tests of a service that uses the rule engines need: people with roles, and a clock in the test's hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import NAMESPACE_URL, UUID, uuid5

from chassis.ids import uuid7
from chassis.kit.stage import Stage
from contracts.staff import BranchEntry, DepartmentLine, Employment, GrantLine, PersonEntry, Profile

from policy.calendar import ZONE
from policy.directory import Directory
from policy.reasons import say, words_of

_sequences: dict[tuple[int, UUID], int] = {}


@dataclass
class Clock:
    """What a service takes for now: `stage.runtime.clock = Clock(…)`."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now

    def at(self, text: str) -> datetime:
        """Set it to a civil time, in Shanghai."""
        self.now = datetime.fromisoformat(text).replace(tzinfo=ZONE)
        return self.now

    def later(self, **delta: float) -> datetime:
        self.now += timedelta(**delta)
        return self.now


async def hire(
    stage: Stage,
    subject: str,
    *grants: str,
    employment: Employment = Employment.ACTIVE,
    on_behalf_of: str | None = None,
    until: datetime | None = None,
    department: str | None = None,
) -> None:
    """Tell, as staff does, that somebody holds these roles from now on, and no others.

    `role@place`, or `role@place for <subject>` where it is another's.
    """
    await _told(stage, [_person(subject, grants, employment, on_behalf_of, until, department)])


async def hire_all(
    stage: Stage, people: Mapping[str, Sequence[str]], departments: Mapping[str, str] | None = None
) -> None:
    """`hire` for many at once, each with their roles, and with a department where one is named."""
    within = departments or {}
    await _told(stage, [_person(subject, grants, department=within.get(subject)) for subject, grants in people.items()])


async def open_branch(
    stage: Stage,
    branch: str,
    profile: Profile,
    *,
    region: str | None = None,
    title: str | None = None,
    departments: Mapping[str, str] | None = None,
) -> None:
    """Tell, as staff does, under which profile a branch runs, to which area it belongs, what people call it."""
    await _told(stage, [_branch(branch, profile, region, title, departments)])


async def open_branches(stage: Stage, branches: Mapping[str, Profile], *, region: str | None = None) -> None:
    """`open_branch` for many at once, all in one area."""
    await _told(stage, [_branch(branch, profile, region) for branch, profile in branches.items()])


def _branch(
    branch: str,
    profile: Profile,
    region: str | None,
    title: str | None = None,
    departments: Mapping[str, str] | None = None,
) -> BranchEntry:
    named = [DepartmentLine(department=code, title=said) for code, said in (departments or {}).items()]
    return BranchEntry(
        branch_id=uuid5(NAMESPACE_URL, branch), branch=branch, kind="store", profile=profile, region=region, week=None,
        closed=[], opened=[], title=title, departments=named,
    )  # fmt: skip


def _person(
    subject: str,
    grants: Sequence[str],
    employment: Employment = Employment.ACTIVE,
    on_behalf_of: str | None = None,
    until: datetime | None = None,
    department: str | None = None,
) -> PersonEntry:
    since = datetime(2020, 1, 1, tzinfo=UTC)
    lines = []
    for grant in grants:
        held, _, whose = grant.partition(" for ")
        role, _, place = held.partition("@")
        lines.append(
            GrantLine(role=role, place=place, from_at=since, until_at=until, on_behalf_of=whose or on_behalf_of)
        )
    return PersonEntry(
        person_id=uuid5(NAMESPACE_URL, subject), subject=subject, employment=employment, branch="sh-pudong",
        department=department, grants=lines,
    )  # fmt: skip


async def give_reasons(stage: Stage, *about: UUID | str) -> None:
    """Somebody has given a reason, in words, about each of these records."""
    async with stage.runtime.transaction() as tx:
        for one in about:
            await say(tx, uuid7(), UUID(str(one)), "客户本人要求")


async def reasons_about(stage: Stage, *about: UUID | str) -> list[bool]:
    """Whether the reasons about each of these records can still be read."""
    found = []
    async with stage.runtime.transaction() as tx:
        for one in about:
            ids = [row[0] for row in await stage.rows("SELECT id FROM kehu.reasons WHERE about::text = $1", str(one))]
            assert ids, "reasons were given about it"
            found.append(bool(await words_of(tx, ids, why="test")))
    return found


async def _told(stage: Stage, entries: Sequence[PersonEntry | BranchEntry]) -> None:
    records = []
    for entry in entries:
        key = entry.person_id if isinstance(entry, PersonEntry) else entry.branch_id
        records.append(stage.record(entry, key=str(key), sequence=_next(stage, key)))
    await stage.consumer.consume(records)
    await Directory.of(stage.runtime).refresh()


def _next(stage: Stage, key: UUID) -> int:
    _sequences[id(stage), key] = _sequences.get((id(stage), key), 0) + 1
    return _sequences[id(stage), key]
