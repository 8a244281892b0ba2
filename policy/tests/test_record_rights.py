"""Rights on single records: a grant opens one until its end, an exclusion closes it whatever the roles."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from chassis.auth import Delegated, Grant, Principal
from chassis.ids import uuid7
from chassis.kit.stage import Stage
from contracts.roles import Role
from policy.access import (
    PERMISSIONS,
    Permission,
    Reach,
    end_record_grant,
    exclude,
    excluded_from,
    grant_record,
    within_reach,
)
from policy.kit import Clock

READ = PERMISSIONS.get("test.files.read") or Permission("test.files.read", {Role.ARCHIVIST: Reach.BRANCH})
FILE = uuid7()


def who(subject: str, *grants: Grant) -> Principal:
    return Principal(subject, "https://id.example", frozenset(grants), frozenset(), 0.0)


async def seen(stage: Stage, principal: Principal, record: UUID = FILE) -> bool:
    """Whether the record is in the lists of this person; one record and lists say the same."""
    files = sa.select(sa.literal(record, sa.Uuid).label("id"), sa.literal("sh-01").label("branch")).subquery()
    async with stage.runtime.transaction() as tx:
        condition = READ.reach(principal).condition(files.c.branch, record=files.c.id, now=tx.now)
        listed = (await tx.execute(sa.select(files.c.id).where(condition))).all() != []
        assert await within_reach(tx, READ, principal, record, "sh-01") == listed
    return listed


@pytest.mark.rule("P05.9")
async def test_a_grant_opens_one_record_until_its_end(stage: Stage, clock: Clock) -> None:
    reader = who("reader-1")
    assert not await seen(stage, reader)
    async with stage.runtime.transaction() as tx:
        until = tx.now + timedelta(days=3)
        grant_record(tx, READ, FILE, "reader-1", from_at=tx.now, until_at=until, because="/v1/approvals/1")
    assert await seen(stage, reader)
    assert not await seen(stage, reader, uuid7())
    clock.later(days=3)
    assert not await seen(stage, reader)


async def test_a_grant_can_be_taken_back(stage: Stage, clock: Clock) -> None:
    async with stage.runtime.transaction() as tx:
        given = grant_record(
            tx, READ, FILE, "reader-1", from_at=tx.now, until_at=tx.now + timedelta(days=1), because="a test"
        )
    async with stage.runtime.transaction() as tx:
        await end_record_grant(tx, given)
    assert not await seen(stage, who("reader-1"))


@pytest.mark.rule("P12.2")
async def test_an_exclusion_wins_over_role_and_grant(stage: Stage, clock: Clock) -> None:
    accused = who("head-3", Grant(Role.ARCHIVIST, "group"), Grant(Role.ARCHIVIST, "sh-01"))
    assert await seen(stage, accused)
    async with stage.runtime.transaction() as tx:
        grant_record(tx, READ, FILE, "head-3", from_at=tx.now, until_at=tx.now + timedelta(days=1), because="a test")
        exclude(tx, FILE, ["head-3"], because="complained about")
    assert not await seen(stage, accused)
    async with stage.runtime.transaction() as tx:
        assert await excluded_from(tx, FILE) == ["head-3"]


@pytest.mark.rule("P12.2")
async def test_a_role_held_for_somebody_excluded_opens_nothing_of_it(stage: Stage, clock: Clock) -> None:
    theirs = Delegated(Role.ARCHIVIST, "group", "head-3")
    deputy, both = who("deputy-1", theirs), who("deputy-1", theirs, Grant(Role.ARCHIVIST, "sh-01"))
    for_another = who("deputy-1", theirs, Delegated(Role.ARCHIVIST, "sh-01", "head-4"))
    assert await seen(stage, deputy)
    async with stage.runtime.transaction() as tx:
        exclude(tx, FILE, ["head-3"], because="complained about")
    assert not await seen(stage, deputy)
    assert await seen(stage, deputy, uuid7()), "of every other record it holds as it did"
    assert await seen(stage, both), "what they are themselves they may do"
    assert await seen(stage, for_another)
