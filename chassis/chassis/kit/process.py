"""A service as the processes that run it, for tests that kill, pause and restart them."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)
_STARTED = b'"event":"started"'


def _die_with_parent() -> None:
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class ServiceProcess:
    """`python -m <module> <role>`, its log appended to a file; it dies with whoever started it.

    `module` may be several words: a wrapper, and what it runs.
    """

    def __init__(self, module: Sequence[str], role: str, env: Mapping[str, str], log: Path) -> None:
        self.log = log
        self._command = [sys.executable, "-m", *module, role]
        self._env = env
        self._child: subprocess.Popen[bytes] | None = None
        self._log_begin = 0

    def start(self, **more: str) -> None:
        """Run it; `more` is added to its environment, this time only."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as out:
            self._log_begin = out.tell()
            self._child = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self._env, **more},
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )

    @property
    def pid(self) -> int:
        assert self._child is not None, "the process has not been started"
        return self._child.pid

    @property
    def alive(self) -> bool:
        """Whether it runs, be it paused."""
        return self._child is not None and self._child.poll() is None

    @property
    def exit_status(self) -> int | None:
        """What it ended with; None while it runs."""
        return None if self._child is None else self._child.poll()

    @property
    def started(self) -> bool:
        """Whether it has said, since its last start, that it is at work."""
        with self.log.open("rb") as log:
            log.seek(self._log_begin)
            return _STARTED in log.read()

    def kill(self) -> None:
        """`kill -9`; returns when it is gone."""
        self._signal(signal.SIGKILL)
        if self._child is not None:
            self._child.wait(10)

    def pause(self) -> None:
        """Let it stand still, its connections open."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def stop(self, within: float = 15.0) -> None:
        """Ask it to finish, and end it when it does not."""
        self._signal(signal.SIGTERM)
        try:
            if self._child is not None:
                self._child.wait(within)
        except subprocess.TimeoutExpired:
            self.kill()

    def _signal(self, number: int) -> None:
        if self.alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)
