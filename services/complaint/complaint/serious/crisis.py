"""The dealership's crisis group: who sits in it, what it decided, who does what (P12.7)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chassis.problems import Refused
from chassis.store import Store
from chassis.tx import Tx

from complaint.serious import tables


class Excluded(Refused):
    """Somebody named is kept out of this case: complained about, or excluded from it."""

    title = "Somebody named is excluded from this case"
    zh = "所列人员须回避此投诉。请改选其他人员。"
    rules = ("P12.2", "P12.7")


class NotInTheGroup(Refused):
    """Who is named does not belong to the crisis group."""

    title = "Not a member of the crisis group"
    zh = "所列人员不是危机处理小组成员。请先将其加入小组。"


class TaskDone(Refused):
    """The task was done before."""

    title = "The task has been done"
    zh = "此交办事项已办完，无须再登记。"


def refuse_excluded(people: Iterable[str], excluded: set[str]) -> None:
    """`Excluded` when one of these may not take part; it does not say which: that would name them."""
    if not excluded.isdisjoint(people):
        raise Excluded("One of those named must not take part in this case. Name others.")


@dataclass
class CrisisGroup:
    """Who meets about a serious complaint."""

    id: UUID
    case_id: UUID
    branch: str
    convened_by: str
    convened_at: datetime
    members: tuple[str, ...]
    version: int = 1
    sequence: int = 0

    def join(self, people: Iterable[str]) -> None:
        """Further members."""
        self.members = tuple(dict.fromkeys((*self.members, *people)))

    def refuse_strangers(self, people: Iterable[str]) -> None:
        """`NotInTheGroup` unless all of these are members."""
        if not set(people) <= set(self.members):
            raise NotInTheGroup("Name members of the group, or have them join first.", rules=("P12.7",))


@dataclass
class CrisisTask:
    """What a member does by when, as the group decided; the words are sealed."""

    id: UUID
    group_id: UUID
    meeting_id: UUID
    person: str
    due_at: datetime | None
    done_at: datetime | None
    subject_id: UUID
    sealed: bytes
    version: int = 1
    sequence: int = 0

    def done(self, at: datetime) -> None:
        """It is done."""
        if self.done_at is not None:
            raise TaskDone("It was recorded as done before. Nothing is left to do.")
        self.done_at = at


GROUPS = Store(tables.crisis_groups, CrisisGroup)
TASKS = Store(tables.crisis_tasks, CrisisTask)


async def group_of(tx: Tx, case_id: UUID, *, lock: bool = True) -> CrisisGroup | None:
    """The one crisis group of a case; it may have been convened for one that was merged into it."""
    found = await tx.driver.fetchval("SELECT id FROM crisis_groups WHERE case_id = $1", case_id)
    return None if found is None else await tx.get(GROUPS, found, lock=lock)
