"""Whether the code is as it must be: lint, format, strict types, layers, generated files in step, links that lead."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from dev.children import KEEP_BYTECODE, ROOT
from dev.system import say, services

BIN = Path(sys.executable).parent


def checks(write: bool) -> list[tuple[str, list[str]]]:
    """What is run, by name."""
    packages = ["contracts/contracts", "chassis/chassis", "policy/policy", "deploy/dev", "tests/bench"]
    packages += [f"services/{name}/{name}" for name in services()]
    return [
        ("types", [str(BIN / "mypy"), *packages]),
        ("types of the console's pages", [sys.executable, "-m", "dev.web", "--types"]),
        ("lint", [str(BIN / "ruff"), "check", "--quiet", "."]),
        ("format", [str(BIN / "ruff"), "format", "--check", "--quiet", "."]),
        ("layers", [str(BIN / "lint-imports"), "--config", str(layers())]),
        ("generated files", [sys.executable, "-m", "dev.generated", *([] if write else ["--check"])]),
    ]


def layers() -> Path:
    """The import rules, written for the services there are."""
    names = services()
    path = ROOT / "run" / "importlinter.ini"
    path.parent.mkdir(exist_ok=True)
    packages = "\n    ".join(["contracts", "chassis", "policy", *names])
    beside = " | ".join(names)
    path.write_text(
        f"""[importlinter]
root_packages =
    {packages}

[importlinter:contract:layers]
name = services beside each other, on policy, on chassis, on contracts
type = layers
layers =
    {beside}
    policy
    chassis
    contracts

[importlinter:contract:pure]
name = contracts know nothing but types
type = forbidden
source_modules = contracts
forbidden_modules =
    chassis
    policy
"""
    )
    return path


def dead_links() -> list[str]:
    """Links in the documents of the repository that lead to no file of it."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    dead = []
    for name in listed:
        for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", (ROOT / name).read_text()):
            if "://" not in link and not (ROOT / name).parent.joinpath(link).exists():
                dead.append(f"{name}: {link}")
    return dead


def main(arguments: Sequence[str]) -> int:
    """`python -m dev.check [--write]`; exit 1 when one check fails, with what it said."""
    write = "--write" in arguments
    failed = []
    named = checks(write)
    with ThreadPoolExecutor(2) as lanes:
        for (name, _), done in zip(named, lanes.map(_run, [command for _, command in named]), strict=True):
            if done.returncode != 0:
                failed.append(name)
                say(f"{name}:\n{done.stdout}{done.stderr}")
    if dead := dead_links():
        failed.append("links")
        say("links:\n" + "\n".join(dead))
    say(f"check failed: {', '.join(failed)}" if failed else "check: all good")
    return 1 if failed else 0


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    # what is imported here is compiled for the tests that follow
    return subprocess.run(
        command, cwd=ROOT, env=os.environ | KEEP_BYTECODE, capture_output=True, text=True, check=False
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
