"""A service as the processes that run it, for tests that kill, pause and restart them."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from chassis.kit.fork_server import die_with_parent

_STARTED = b'"event":"started"'


class _Forks:
    """A fork server (`fork_server.py`) and what it has said of the processes that it has started."""

    def __init__(self, words: Sequence[str], env: Mapping[str, str]) -> None:
        self._server = subprocess.Popen(
            [sys.executable, "-m", "chassis.kit.fork_server", *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=env,
            start_new_session=True,
            preexec_fn=die_with_parent,
        )
        self._one_at_a_time = threading.Lock()
        self._said = threading.Condition()
        self._started: list[int] = []
        self._ended: dict[int, int] = {}
        self._gone = False
        threading.Thread(target=self._listen, daemon=True).start()

    def start(self, argv: Sequence[str], env: Mapping[str, str], log: Path) -> int:
        """The pid of a new process."""
        assert self._server.stdin is not None
        with self._one_at_a_time, self._said:
            self._server.stdin.write(json.dumps({"argv": argv, "env": dict(env), "log": str(log)}).encode() + b"\n")
            self._server.stdin.flush()
            self._said.wait_for(lambda: self._started or self._gone)
            if not self._started:
                raise RuntimeError(f"{argv[0]} cannot be imported; what it says is above")
            pid = self._started.pop()
            self._ended.pop(pid, None)
            return pid

    def status(self, pid: int, within: float = 0.0) -> int | None:
        """What the process ended with, waited for as long as said; None when it still runs."""
        with self._said:
            self._said.wait_for(lambda: pid in self._ended or self._gone, within)
            return self._ended.get(pid, -signal.SIGKILL if self._gone else None)

    def _listen(self) -> None:
        assert self._server.stdout is not None
        for line in self._server.stdout:
            said = json.loads(line)
            with self._said:
                if "started" in said:
                    self._started.append(said["started"])
                else:
                    self._ended[said["ended"]] = said["status"]
                self._said.notify_all()
        with self._said:
            self._gone = True
            self._said.notify_all()


@cache
def _forks(words: tuple[str, ...], path: str) -> _Forks:
    """The fork server of these words, kept for as long as the tests run."""
    return _Forks(words, {**os.environ, "PYTHONPATH": path})


class ServiceProcess:
    """`python -m <module> <role>`, its log appended to a file; it dies with whoever started it.

    `module` may be several words: a wrapper, and what it runs. All processes of a module are forked from one that has
    its imports behind it.
    """

    def __init__(self, module: Sequence[str], role: str, env: Mapping[str, str], log: Path) -> None:
        self.log = log
        self._module = tuple(module)
        self._role = role
        self._env = env
        self._forks: _Forks | None = None
        self._pid = 0
        self._log_begin = 0

    def start(self, **more: str) -> None:
        """Run it; `more` is added to its environment, this time only."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.log.touch()
        self._log_begin = self.log.stat().st_size
        env = {**os.environ, **self._env, **more}
        self._forks = _forks(self._module, env.get("PYTHONPATH", ""))
        self._pid = self._forks.start([*self._module, self._role], env, self.log)

    @property
    def pid(self) -> int:
        assert self._forks is not None, "the process has not been started"
        return self._pid

    @property
    def alive(self) -> bool:
        """Whether it runs, be it paused."""
        return self._forks is not None and self.exit_status is None

    @property
    def exit_status(self) -> int | None:
        """What it ended with; None while it runs."""
        return None if self._forks is None else self._forks.status(self._pid)

    @property
    def started(self) -> bool:
        """Whether it has said, since its last start, that it is at work."""
        with self.log.open("rb") as log:
            log.seek(self._log_begin)
            return _STARTED in log.read()

    def kill(self) -> None:
        """`kill -9`; returns when it is gone."""
        self._signal(signal.SIGKILL)
        self._ended(10)

    def pause(self) -> None:
        """Let it stand still, its connections open."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def stop(self, within: float = 15.0) -> None:
        """Ask it to finish, and end it when it does not."""
        self._signal(signal.SIGTERM)
        if not self._ended(within):
            self.kill()

    def _ended(self, within: float) -> bool:
        return self._forks is None or self._forks.status(self._pid, within) is not None

    def _signal(self, number: int) -> None:
        if self.alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)
