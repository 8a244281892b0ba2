"""Runs the checks and every test: first the many small ones, then those that need a whole system, side by side."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from dev import check, web
from dev.children import KEEP_BYTECODE, ROOT, NotStarted
from dev.system import say, services

NO_TESTS = 5


def main(arguments: list[str]) -> int:
    """`python -m dev.testing [service]`; exit 0 when all passed and at least one test ran."""
    began = time.monotonic()
    where = arguments[:1]
    if where and where[0] not in [*services(), "contracts", "chassis", "policy"]:
        say(f"There is no {where[0]}: make test s= one of {', '.join(services())}, contracts, chassis, policy")
        return 2
    under = ROOT / ("services" if where and where[0] in services() else "") / (where[0] if where else "")
    with ThreadPoolExecutor() as beside:
        built = beside.submit(web.build)
        beside.submit(compile_tests, under)
        if check.main([]) != 0:
            return 1
    try:
        built.result()
    except NotStarted as problem:
        say(str(problem))
        return 1
    results = ROOT / "run" / "results"
    results.mkdir(parents=True, exist_ok=True)
    for old in results.glob("*.jsonl"):
        old.unlink()
    environment = os.environ | KEEP_BYTECODE | {"KEHU_TEST_RESULTS": str(results)}
    ran = []
    # many of the small ones wait for a clock or another process: more of them at a time keep the cores at work
    for kind, files, shared in (
        ("not whole_system", [under], ["-n", "4", "--dist", "load", "--maxschedchunk", "1"]),
        ("whole_system", whole_systems(under), ["-n", "2", "--dist", "loadscope"]),
    ):
        if not files:
            continue
        lanes = [sys.executable, "-m", "pytest", *map(str, files), *shared, "-m", kind]
        status = subprocess.run(lanes, cwd=ROOT, env=environment, check=False).returncode
        if status not in (0, NO_TESTS):
            return status
        ran.append(status == 0)
        say(f"{kind.replace('_', ' ')}: {time.monotonic() - began:.0f} s since the start")
    return 0 if any(ran) else 1


def compile_tests(under: Path) -> None:
    """Have the tests compiled once, while the checks leave a core idle; else each lane does it for itself."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "--quiet", str(under)]
    subprocess.run(command, cwd=ROOT, env=os.environ | KEEP_BYTECODE, capture_output=True, check=False)


def whole_systems(under: Path) -> list[Path]:
    """The files with tests that need a whole system: to look through all others takes as long as some of these."""
    files = sorted(under.rglob("test_*.py"))
    return [file for file in files if ".venv" not in file.parts and "pytest.mark.whole_system" in file.read_text()]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
