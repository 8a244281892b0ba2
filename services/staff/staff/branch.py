"""A branch: where business is done, under a profile, at its hours; and which places there are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import NAMESPACE_URL, UUID, uuid5

from chassis.problems import NotFound
from chassis.store import Store
from chassis.tx import Tx
from contracts.staff import BranchEntry, DepartmentLine, Profile
from policy.access import AREA, GROUP

from staff import tables


@dataclass
class Branch:
    """One branch. Days are written 2026-02-13, hours 09:00-12:00; `departments` are `{department, title}`."""

    id: UUID
    branch: str
    title: str
    kind: str
    profile: Profile
    region: str | None
    complaint_phone: str | None
    complaint_mailbox: str | None
    week: list[list[str]] | None
    closed: list[str]
    opened: list[str]
    departments: list[dict[str, str]]
    opened_at: datetime
    version: int
    sequence: int


BRANCHES = Store(tables.branches, Branch)


def branch_id(branch: str) -> UUID:
    """The id of a branch follows from its name, which is given once."""
    return uuid5(NAMESPACE_URL, f"kehu:branch:{branch}")


def tell(tx: Tx, branch: Branch) -> None:
    """Say on `staff.state` how the branch stands."""
    branch.sequence += 1
    tx.publish(
        branch,
        BranchEntry(
            branch_id=branch.id,
            branch=branch.branch,
            kind=branch.kind,
            profile=branch.profile,
            region=branch.region,
            week=branch.week,
            closed=[date.fromisoformat(day) for day in branch.closed],
            opened=[date.fromisoformat(day) for day in branch.opened],
            title=branch.title,
            departments=[DepartmentLine.model_validate(one) for one in branch.departments],
        ),
    )


async def branch_named(tx: Tx, name: str, *, lock: bool = False) -> Branch:
    """The branch of this name; `NotFound` when none is open under it."""
    found = await tx.load(BRANCHES, [branch_id(name)], lock=lock)
    if not found:
        raise NotFound("There is no such branch. Look at /v1/branches.")
    return found[branch_id(name)]


async def place_exists(tx: Tx, place: str) -> bool:
    """Whether a grant can be given there: the group, an area with a branch, a branch, a department of one."""
    if place == GROUP:
        return True
    if place.startswith(AREA):
        sql = "SELECT true FROM branches WHERE region = $1 LIMIT 1"
        return bool(await tx.driver.fetchval(sql, place.removeprefix(AREA)))
    name, _, department = place.partition("/")
    branch = (await tx.load(BRANCHES, [branch_id(name)], lock=False)).get(branch_id(name))
    if branch is None:
        return False
    return "/" not in place or any(one["department"] == department for one in branch.departments)
