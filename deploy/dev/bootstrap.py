"""Makes the environment in `.venv` what the lock files say; needs nothing but Python and its standard library."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / "kehu.stamp"
LOCKS = (ROOT / "requirements.lock", ROOT / "deploy" / "dev" / "uv.lock")


class NotReady(RuntimeError):
    """The environment could not be made; the text says what to do."""


def members() -> list[Path]:
    """The packages of the workspace, lower layers first."""
    found = [ROOT / name for name in ("contracts", "chassis", "policy")]
    found += sorted(path.parent for path in (ROOT / "services").glob("*/pyproject.toml"))
    return [path for path in found if (path / "pyproject.toml").exists()]


def stamp() -> str:
    """What the environment must have been made from."""
    digest = hashlib.sha256(f"{sys.version} {ROOT}".encode())
    for path in (*LOCKS, *(member / "pyproject.toml" for member in members())):
        digest.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    return digest.hexdigest()


def main() -> int:
    """Bring the environment up to date; exit 1 with one sentence when that is not possible."""
    try:
        if sys.version_info < (3, 11):  # noqa: UP036
            raise NotReady(
                f"Kehu needs Python 3.11 or newer, this is {sys.version.split()[0]}: "
                "install one and run make PYTHON=python3.11"
            )
        wanted = stamp()
        if STAMP.exists() and STAMP.read_text() == wanted:
            return 0
        (ROOT / "run").mkdir(exist_ok=True)
        with (ROOT / "run" / "setup.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (STAMP.exists() and STAMP.read_text() == wanted):
                make()
                STAMP.write_text(wanted)
    except NotReady as problem:
        print(problem, file=sys.stderr)
        return 1
    except OSError as problem:
        print(f"{problem.strerror}: {problem.filename or ROOT}. Make room or mend the rights, then run make again.",
              file=sys.stderr)  # fmt: skip
        return 1
    return 0


def make() -> None:
    """Create what is missing and install what is locked."""
    free = shutil.disk_usage(ROOT).free
    if free < 2 * 1024**3:
        raise NotReady(
            f"Only {free // 1024**2} MB are free on the disk of {ROOT}: make room for 2 GB and run make again"
        )
    python = VENV / "bin" / "python"
    if not python.exists():
        step("environment", [sys.executable, "-m", "venv", "--clear", str(VENV)],
             "Python cannot make a virtual environment: install its venv module (Debian: python3-venv)")  # fmt: skip
    registry = "The packages could not be fetched: check that the package registry is reachable and run make again"
    if not (VENV / "bin" / "uv").exists():
        step("uv", [str(python), "-m", "pip", "install", "-q", "--require-hashes", "-r", str(LOCKS[1])], registry)
    uv = [str(VENV / "bin" / "uv"), "pip", "install", "-q", "--python", str(python), "--compile-bytecode"]
    step("packages (480 MB, the first time a minute or two)", [*uv, "--require-hashes", "-r", str(LOCKS[0])], registry)
    editable = [part for member in members() for part in ("-e", str(member))]
    step("workspace", [*uv, "--no-deps", "--no-build-isolation", *editable], registry)


def step(name: str, command: list[str], otherwise: str) -> None:
    """Run a step and say how long it took; `NotReady` with what to do when it fails."""
    began = time.monotonic()
    print(f"  {name} …", end="", flush=True)
    environment = {key: value for key, value in os.environ.items() if key not in ("VIRTUAL_ENV", "PYTHONPATH")}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode != 0:
        print(" failed", flush=True)
        last = (done.stderr or done.stdout).strip().splitlines()[-3:]
        raise NotReady(otherwise + "\n" + "\n".join(last))
    print(f" {time.monotonic() - began:.0f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main())
