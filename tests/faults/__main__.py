"""`python -m tests.faults [n=500] [faults=20] [seed=…]`; with `planted=1`, or a bug's name: are planted bugs caught?"""

from __future__ import annotations

import asyncio
import random
import sys
from pathlib import Path

from tests.faults.planted import BUGS, caught
from tests.faults.run import general, play
from tests.faults.system import ground

RUN = Path("run/faults")


async def _main(n: int, faults: int, seed: int) -> int:
    async with ground(RUN) as here:
        result = await play(here, seed, general(random.Random(seed), n, faults))
    result.write(RUN / "report.json")
    print(result.text())
    return 0 if result.passed else 1


async def _planted(wanted: str, seed: int) -> int:
    bugs = missed = 0
    async with ground(RUN) as here:
        for bug in [bug for bug in BUGS if wanted in ("1", bug.name)]:
            bugs += 1
            found = await caught(here, bug, seed)
            missed += found is None
            if found is None:
                print(f"{bug.name}: NOT caught by seeds {seed} to {seed + 2}", flush=True)
            else:
                shown = found.violations[0]
                print(f"{bug.name}: caught, seed {found.seed}, {shown.promise}: {shown.account}", flush=True)
    print(f"VERDICT: {bugs - missed} of {bugs} planted bugs caught")
    return min(missed, 1)


def main() -> int:
    """Exit 0 when nothing was lost and nothing happened twice; with `planted`, when every bug was caught."""
    given = dict(word.split("=", 1) for word in sys.argv[1:])
    seed = int(given.get("seed") or random.randrange(10**6))
    if given.get("planted"):
        return asyncio.run(_planted(given["planted"], seed))
    return asyncio.run(_main(int(given.get("n") or 500), int(given.get("faults") or 20), seed))


if __name__ == "__main__":
    sys.exit(main())
