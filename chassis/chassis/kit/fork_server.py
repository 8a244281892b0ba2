"""Imports what a service needs once, then forks a process for every start.

`python -m chassis.kit.fork_server complaint`; `process.py` asks it.

A kill −9 and a new start are what many tests are made of, and importing takes longer than all that is tested. What
forks is the process as it would be after its imports: it has a pid, a session, an environment and a log of its own, and
`runpy` runs its module as `python -m` does.

Each line on standard input asks for a process (`argv`, `env`, `log`); lines on standard output say what was started
(`{"started": pid}`) and what has ended (`{"ended": pid, "status": -9}`). It ends with whoever started it, and with it
all that it has forked.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import json
import os
import runpy
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Any

_PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """Let the kernel kill this process when the one that started it is gone."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def prepare(words: Sequence[str]) -> None:
    """Import the application of each word that is a service, and what every service needs."""
    gc.disable()
    importlib.import_module("chassis.service")
    for word in words:
        named = all(part.isidentifier() for part in word.split("."))
        found = find_spec(word) if named else None
        if found is not None and found.submodule_search_locations and find_spec(f"{word}.app") is not None:
            importlib.import_module(f"{word}.app")
    gc.freeze()
    gc.enable()
    if threading.active_count() != 1:
        raise RuntimeError("an import has started a thread, which no fork takes along")


def serve() -> Mapping[str, Any] | None:
    """Fork a process for each request; in the process that was forked, the request; None at the end."""
    signal.signal(signal.SIGCHLD, _tell_ended)
    for line in sys.stdin:
        request: Mapping[str, Any] = json.loads(line)
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])  # first that it started, then that it ended
        pid = os.fork()
        if pid == 0:
            return request
        _tell(started=pid)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])
    return None


def _tell_ended(*_: object) -> None:
    try:
        while (found := os.waitpid(-1, os.WNOHANG))[0]:
            _tell(ended=found[0], status=os.waitstatus_to_exitcode(found[1]))
    except ChildProcessError:
        pass


def _tell(**said: int) -> None:
    os.write(1, json.dumps(said).encode() + b"\n")


def become(request: Mapping[str, Any]) -> None:
    """Make this process the one that was asked for, and run its module."""
    die_with_parent()
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])
    nothing = os.open(os.devnull, os.O_RDONLY)
    log = os.open(request["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    for kept, fd in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(kept, fd)
    os.environ.clear()
    os.environ.update(request["env"])
    sys.argv = list(request["argv"])
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


def main() -> None:
    """Serve until the asking end is closed; a process that was forked runs its module instead."""
    die_with_parent()
    prepare(sys.argv[1:])
    request = serve()
    if request is not None:
        become(request)


if __name__ == "__main__":
    main()
