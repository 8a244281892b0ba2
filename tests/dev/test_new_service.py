"""A service that `make service` has just made passes every check and its own tests."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from dev.children import KEEP_BYTECODE, ROOT
from dev.new_service import main

#: what is not the repository's own; what the type checker knows of it goes along
LEFT_OUT = shutil.ignore_patterns(".git", ".venv", "run", "__pycache__", ".pytest_cache", ".ruff_cache", "node_modules")


def test_a_new_service_passes_the_checks_and_its_own_tests(tmp_path: Path) -> None:
    copy = tmp_path / "kehu"
    shutil.copytree(ROOT, copy, ignore=LEFT_OUT)
    # the environment's own editable packages lead to the original: the copies come first, the new service too
    members = [copy / name for name in ("contracts", "chassis", "policy")]
    members += sorted(path for path in (copy / "services").iterdir() if path.is_dir())
    path = os.pathsep.join(str(p) for p in (copy / "deploy", copy, copy / "services" / "visit", *members))
    # a dozen processes import the same: compile once
    environment = os.environ | KEEP_BYTECODE | {"PYTHONPATH": path}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", *arguments]
        return subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, check=False)

    subprocess.run(["git", "init", "-q", str(copy)], check=True)
    made = run("dev.new_service", "visit")
    assert made.returncode == 0, made.stdout + made.stderr
    checked = run("dev.check", "--write")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "## visit: Visit" in (copy / "docs" / "services.md").read_text()
    tested = run("pytest", "services/visit", "-p", "no:cacheprovider")
    assert tested.returncode == 0, tested.stdout + tested.stderr
    assert "2 passed" in tested.stdout
    again = run("dev.new_service", "visit")
    assert again.returncode == 2


def test_a_name_that_will_not_do_is_refused() -> None:
    for name in ("", "Visit", "two words", "chassis", "x", "complaint"):
        assert main([name]) == 2
