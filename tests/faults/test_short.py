"""The short form: 500 complaints accepted under 20 faults, nothing lost and nothing twice."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.faults.planted import BUGS, QUICK, caught
from tests.faults.run import general, play
from tests.faults.system import ground


@pytest.mark.serial
@pytest.mark.timeout(300)
async def test_nothing_is_lost_and_nothing_happens_twice_under_kills(tmp_path: Path) -> None:
    seed = random.randrange(10**6)
    async with ground(tmp_path) as here:
        result = await play(here, seed, general(random.Random(seed), 500, 20))
    print(result.text())
    assert result.counts["accepted"] >= 500
    assert sum(result.faults.values()) == 20
    assert result.passed, result.text()


@pytest.mark.serial
@pytest.mark.timeout(300)
async def test_the_checker_catches_bugs_that_are_planted(tmp_path: Path) -> None:
    seed = random.randrange(10**6)
    async with ground(tmp_path) as here:
        missed = [bug.name for bug in BUGS if bug.name in QUICK and await caught(here, bug, seed) is None]
    assert missed == [], f"from seed {seed}"
