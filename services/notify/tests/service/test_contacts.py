"""How staff are reached: pulled from staff, kept sealed, followed, forgotten."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from chassis.kit.at_work import at_work
from chassis.kit.eventually import eventually
from chassis.kit.keys import TestIssuer
from chassis.kit.stage import Stage
from chassis.problems import NotFound
from chassis.service import Service
from contracts.staff import Employment
from notify.recipients.pull_contacts import known_reach
from policy.kit import hire

from .people import MAIL, MOBILE, Staff, clock, told


@pytest.fixture
def staff() -> Staff:
    return Staff()


@pytest_asyncio.fixture
async def stage(
    service: Service, database: str, keys: tuple[Path, Path], issuer: TestIssuer, staff: Staff
) -> AsyncIterator[Stage]:
    async with told(service, database, keys, issuer, staff) as stage:
        yield stage


async def reach(stage: Stage, person: str) -> dict[str, Any] | None:
    async with stage.runtime.transaction() as tx:
        return await known_reach(tx, person)


@pytest.mark.rule("P05.15")
async def test_a_contact_is_pulled_and_lies_sealed(stage: Stage, staff: Staff) -> None:
    staff.reach("rm-1")
    await hire(stage, "rm-1", "relations_manager@sh-pudong")
    async with at_work(stage.runner()):
        found = await eventually(lambda: reach(stage, "rm-1"))
    assert found == {"mobile": MOBILE, "mail": MAIL, "language": "zh"}
    assert staff.asked == [["rm-1"]]
    dumped = str([list(row) for row in await stage.rows("SELECT * FROM contacts")])
    assert MOBILE not in dumped
    assert MAIL not in dumped


async def test_a_change_is_followed_and_an_older_word_changes_nothing(stage: Stage, staff: Staff) -> None:
    staff.reach("rm-1")
    await hire(stage, "rm-1", "relations_manager@sh-pudong")
    async with at_work(stage.runner()):
        await eventually(lambda: reach(stage, "rm-1"))
        staff.reach("rm-1", mobile="13700000000")
        await hire(stage, "rm-1", "relations_manager@sh-pudong")

        async def moved() -> bool:
            return (await reach(stage, "rm-1") or {}).get("mobile") == "13700000000"

        await eventually(moved)


@pytest.mark.rule("P01.9")
async def test_who_has_left_is_forgotten_for_good(stage: Stage, staff: Staff) -> None:
    staff.reach("rm-1")
    await hire(stage, "rm-1", "relations_manager@sh-pudong")
    async with at_work(stage.runner()):
        await eventually(lambda: reach(stage, "rm-1"))
        ((subject,),) = await stage.rows("SELECT subject_id FROM contacts")
        await hire(stage, "rm-1", employment=Employment.LEFT)

        async def gone() -> bool:
            return await reach(stage, "rm-1") == {}

        await eventually(gone)
    (key,) = await stage.rows("SELECT wrapped, destroyed_at FROM kehu.subject_keys WHERE subject_id = $1", subject)
    assert key["wrapped"] is None
    assert key["destroyed_at"] is not None
    with pytest.raises(NotFound):
        async with stage.runtime.transaction() as tx:
            await tx._key_of(subject)


@pytest.mark.parametrize("answer", [{}, {"people": [{"mail": MAIL}]}, {"people": [{"subject": "rm-1", "mail": 7}]}, []])
async def test_an_answer_that_cannot_be_read_is_asked_for_again(stage: Stage, staff: Staff, answer: Any) -> None:
    staff.instead = answer
    await hire(stage, "rm-1", "relations_manager@sh-pudong")
    async with at_work(stage.runner()):

        async def tried() -> list[Any]:
            return await stage.rows("SELECT error FROM kehu.jobs WHERE attempt = 1 AND error IS NOT NULL")

        assert [row[0] for row in await eventually(tried)] == ["ValidationError"]


async def test_while_staff_does_not_answer_it_is_asked_again(stage: Stage, staff: Staff) -> None:
    staff.reach("rm-1")
    staff.away = True
    await hire(stage, "rm-1", "relations_manager@sh-pudong")
    async with at_work(stage.runner()):

        async def tried() -> bool:
            return (await stage.rows("SELECT 1 FROM kehu.jobs WHERE attempt = 1 AND error IS NOT NULL")) != []

        await eventually(tried)
        staff.away = False
        clock(stage).later(minutes=1)
        await eventually(lambda: reach(stage, "rm-1"))
