"""The web application among the checks: what does not fit its types is found without building it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from dev import check, web


def test_make_check_finds_what_does_not_fit_the_types_of_the_console(tmp_path: Path) -> None:
    command = dict(check.checks(write=False))["types of the console's pages"]
    web.install(web.WEB, web.NO_REGISTRY)
    for entry in web.WEB.iterdir():
        if entry.name != "node_modules":
            (tmp_path / entry.name).symlink_to(entry)
    # packages are shared, what the compiler keeps is not
    (tmp_path / "node_modules").mkdir()
    for package in (web.WEB / "node_modules").iterdir():
        if package.suffix != ".tsbuildinfo":
            (tmp_path / "node_modules" / package.name).symlink_to(package)
    (tmp_path / "src").unlink()
    (tmp_path / "src").mkdir()
    for days, exit_status in (("3", 0), ('"three"', 1)):
        (tmp_path / "src" / "term.ts").write_text(f"export const days: number = {days}\n")
        checked = subprocess.run(
            [*command, str(tmp_path)],
            cwd=web.ROOT,
            env=os.environ | {"PYTHONPATH": "deploy"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert checked.returncode == exit_status, checked.stdout + checked.stderr
    assert "src/term.ts" in checked.stdout
    assert "TS2322" in checked.stdout
