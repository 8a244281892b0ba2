"""Builds the web application of the console with the Node of the environment, when its sources have changed."""

from __future__ import annotations

import contextlib
import fcntl
import gzip
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from dev.children import ROOT, NotStarted

WEB = ROOT / "services" / "console" / "web"
BROWSER = ROOT / "services" / "console" / "tests" / "browser"
STATIC = ROOT / "services" / "console" / "console" / "static"
STAMP = ROOT / "run" / "web.stamp"
PACKED = (".js", ".css", ".svg")
NO_REGISTRY = "The packages of the web application could not be fetched: check that the npm registry is reachable"


def sources() -> str:
    """What the application is built from: every file beside its packages, and the Node that builds it."""
    digest = hashlib.sha256(str(ROOT).encode())
    for path in sorted(WEB.rglob("*")):
        if path.is_file() and "node_modules" not in path.relative_to(WEB).parts:
            digest.update(str(path.relative_to(WEB)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def is_built() -> bool:
    """Whether what is there was made from today's sources."""
    return (STATIC / "index.html").exists() and STAMP.exists() and STAMP.read_text() == sources()


def build() -> None:
    """Bring `console/static` up to date; `NotStarted` with what to do when that is not possible."""
    with _alone("web-build"):
        if is_built():
            return
        wanted = sources()
        install(WEB, NO_REGISTRY)
        run([npm(), "run", "--silent", "build"], WEB, "The web application does not build")
        for path in STATIC.rglob("*"):
            if path.suffix in PACKED:
                path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes(), 9, mtime=0))
        STAMP.write_text(wanted)


def install(folder: Path, otherwise: str) -> None:
    """The packages that the folder's lock file names, and no others; nothing of theirs is run."""
    done = folder / "node_modules" / ".kehu"
    wanted = hashlib.sha256((folder / "package-lock.json").read_bytes()).hexdigest()
    with _alone("web-packages"):
        if done.exists() and done.read_text() == wanted:
            return
        run([npm(), "ci", "--ignore-scripts", "--no-progress"], folder, otherwise)
        done.write_text(wanted)


def check_types(folder: Path = WEB) -> int:
    """The types of the application; exit 1 when something does not fit, with where and what."""
    install(folder, NO_REGISTRY)
    command = [str(folder / "node_modules" / ".bin" / "tsc"), "--project", str(folder)]
    return subprocess.run(command, env=node_environment(), check=False).returncode


@contextlib.contextmanager
def _alone(what: str) -> Iterator[None]:
    """Checks and build run side by side, and so do tests: one of them does it, the others wait and find it done."""
    STAMP.parent.mkdir(exist_ok=True)
    with (STAMP.parent / f"{what}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def npm() -> str:
    """The npm of the environment."""
    return str(Path(sys.executable).parent / "npm")


def node_environment() -> dict[str, str]:
    """The environment in which our Node is found first."""
    return {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}


def run(command: list[str], folder: Path, otherwise: str) -> None:
    """Run a step; `NotStarted` with its last lines when it fails."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=node_environment(),
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    if done.returncode != 0:
        last = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()][-8:]
        raise NotStarted(f"{otherwise}; npm said:\n" + "\n".join(last))


def main() -> int:
    """`python -m dev.web [--again | --types [FOLDER]]`; exit 1 with one sentence when it cannot."""
    try:
        if "--types" in sys.argv:
            return check_types(*map(Path, sys.argv[2:]))
        if "--again" in sys.argv:
            STAMP.unlink(missing_ok=True)
            shutil.rmtree(STATIC, ignore_errors=True)
        build()
    except NotStarted as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
