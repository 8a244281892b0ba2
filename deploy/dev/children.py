"""Starts programs that die with whoever started them, and says plainly why one did not come up."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


ROOT = Path(__file__).parent.parent.parent
#: compiled once, inside the checkout: a process then starts in a second instead of five
KEEP_BYTECODE = {"PYTHONDONTWRITEBYTECODE": ""}


class NotStarted(RuntimeError):
    """A part did not come up; the text says which, why, and what to do."""


def _die_with_parent() -> None:
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def start(
    command: Sequence[str], log: Path, *, env: Mapping[str, str] | None = None, dies_with_parent: bool = True
) -> subprocess.Popen[bytes]:
    """Start a program in a session of its own, its output appended to `log`; it does not outlive its parent."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as out:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env={**os.environ, **KEEP_BYTECODE, **(env or {})},
            start_new_session=True,
            preexec_fn=_die_with_parent if dies_with_parent else None,
        )


def wait_until(ready: Callable[[], bool], child: subprocess.Popen[bytes], name: str, log: Path, within: float) -> None:
    """Return when `ready`; `NotStarted` with the end of the log when the program dies or takes too long."""
    deadline = time.monotonic() + within
    while not ready():
        if child.poll() is not None:
            raise NotStarted(f"{name} ended with status {child.returncode}; the end of {log}:\n{tail(log)}")
        if time.monotonic() > deadline:
            raise NotStarted(f"{name} did not come up within {within:.0f} s; the end of {log}:\n{tail(log)}")
        time.sleep(0.05)


def tail(log: Path, lines: int = 8) -> str:
    """The last lines of a log."""
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return "(no log)"


def stop(child: subprocess.Popen[bytes] | None, name: str, within: float = 20.0, by: int = signal.SIGTERM) -> None:
    """Ask the program to end, and end it when it does not."""
    if child is None or child.poll() is not None:
        return
    child.send_signal(by)
    try:
        child.wait(within)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait(5)


#: bound, never listening: what keeps a port that was given out from being given out twice
_kept: list[socket.socket] = []


def free_port() -> int:
    """A port of the loopback address for one of our children, kept for it while this process lives.

    Nobody is given it as an ephemeral port, neither here nor in another process; a server that sets `SO_REUSEADDR`,
    as they all do, may listen on it, and listen on it again after its death.
    """
    keeper = socket.socket()
    keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    keeper.bind(("127.0.0.1", 0))
    _kept.append(keeper)
    return int(keeper.getsockname()[1])


def listens(port: int) -> bool:
    """Whether somebody listens on the port."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0
