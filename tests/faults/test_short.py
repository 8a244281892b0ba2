"""The short form: 500 complaints accepted under 20 faults, nothing lost and nothing twice."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.faults.checker import promises
from tests.faults.planted import BUGS, QUICK, caught
from tests.faults.run import SHORT, general, play
from tests.faults.system import Ground, ground

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def here(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Ground]:
    """Servers that may be killed."""
    async with ground(tmp_path_factory.mktemp("ground")) as found:
        yield found


@pytest.mark.whole_system
@pytest.mark.timeout(300)
async def test_nothing_is_lost_and_nothing_happens_twice_under_kills(here: Ground) -> None:
    seed = random.randrange(10**6)
    result = await play(here, seed, general(random.Random(seed), 500, 20, SHORT))
    print(result.text())
    assert result.counts["accepted"] >= 500
    assert sum(result.faults.values()) == 20
    assert result.passed, result.text()


@pytest.mark.whole_system
@pytest.mark.timeout(300)
async def test_the_checker_catches_bugs_that_are_planted(here: Ground) -> None:
    seed = random.randrange(10**6)
    missed = [bug.name for bug in BUGS if bug.name in QUICK and await caught(here, bug, seed) is None]
    assert missed == [], f"from seed {seed}"


async def test_what_a_planted_bug_may_be_caught_by_is_looked_at() -> None:
    named = {promise for bug in BUGS for promise in bug.promises}
    assert named - promises().keys() == {"drained in bounded time"}  # looked at while the run lasts
