"""The processes of the test kit: started, told apart, killed, and what they ended with."""

from __future__ import annotations

import os
from pathlib import Path

from chassis.kit.eventually import eventually
from chassis.kit.process import ServiceProcess

ENV = {"PYTHONPATH": str(Path(__file__).parent), "WORD": "first"}


async def test_a_process_has_an_environment_a_session_a_log_and_a_status_of_its_own(tmp_path: Path) -> None:
    log = tmp_path / "leaving.log"
    process = ServiceProcess(("leaving",), "3", ENV, log)
    assert (process.alive, process.exit_status) == (False, None)
    process.start()
    await eventually(lambda: not process.alive)
    first = process.pid
    process.start(WORD="second")
    await eventually(lambda: not process.alive)
    assert process.exit_status == 3
    assert process.pid != first
    assert log.read_text().splitlines() == ["first True", "second True"]


async def test_a_process_is_killed_alone_and_stopped_when_asked(tmp_path: Path) -> None:
    killed, other = (ServiceProcess(("leaving",), "stay", ENV, tmp_path / f"{n}.log") for n in range(2))
    for process in (killed, other):
        process.start()
        await eventually(lambda process=process: process.log.read_text())
    killed.kill()
    assert (killed.alive, killed.exit_status, other.alive) == (False, -9, True)
    other.pause()
    assert other.alive
    other.resume()
    other.stop()
    assert (other.alive, other.exit_status) == (False, -15)
    killed.kill()  # what is gone is not killed again
    assert os.getpid() not in (killed.pid, other.pid)


async def test_a_module_that_is_not_there_ends_its_process_and_says_so_in_the_log(tmp_path: Path) -> None:
    process = ServiceProcess(("no_such_service",), "all", ENV, tmp_path / "missing.log")
    process.start()
    await eventually(lambda: not process.alive)
    assert process.exit_status == 1
    assert "no_such_service" in process.log.read_text()
