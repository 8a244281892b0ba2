"""`python -m tests.faults [n=500] [faults=20] [seed=…]`."""

from __future__ import annotations

import asyncio
import random
import sys
from pathlib import Path

from tests.faults.run import general, play
from tests.faults.system import ground

RUN = Path("run/faults")


async def _main(n: int, faults: int, seed: int) -> int:
    async with ground(RUN) as here:
        result = await play(here, seed, general(random.Random(seed), n, faults))
    result.write(RUN / "report.json")
    print(result.text())
    return 0 if result.passed else 1


def main() -> int:
    """Exit 0 when nothing was lost and nothing happened twice."""
    given = dict(word.split("=", 1) for word in sys.argv[1:])
    seed = int(given.get("seed") or random.randrange(10**6))
    return asyncio.run(_main(int(given.get("n") or 500), int(given.get("faults") or 20), seed))


if __name__ == "__main__":
    sys.exit(main())
