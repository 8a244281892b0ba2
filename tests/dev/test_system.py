"""The system on one machine where the machine is not as expected: closed folders, odd paths, a part that is away."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from dev import children, postgres, status, system
from dev.children import free_port
from dev.kafka import Kafka
from dev.postgres import Postgres


def test_postgresql_runs_under_a_folder_that_only_its_owner_can_pass(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    programs = postgres.bin_dir()
    (closed / "bin").symlink_to(programs)
    monkeypatch.setattr(postgres, "bin_dir", lambda: closed / "bin")
    server = Postgres.start(closed / "postgres", fsync=False)
    try:
        assert server.psql("SELECT 1").strip() == "1"
    finally:
        server.stop()


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of an instance of its own, at a path that nobody would choose."""
    run = tmp_path / "100% 客户" / "run"
    (run / "logs").mkdir(parents=True)
    monkeypatch.setattr(system, "RUN", run)
    monkeypatch.setattr(system, "LOGS", run / "logs")
    monkeypatch.setattr(system, "SUPERVISORD", run / "supervisord.conf")
    monkeypatch.setattr(system, "SUPERVISOR", free_port())
    monkeypatch.setattr(system, "POSTGRES", free_port())
    monkeypatch.setattr(system, "KAFKA", free_port())
    return run


def test_a_full_disk_is_said_before_anything_is_started(
    instance: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(system, "ROOM", shutil.disk_usage(instance).total + 1)
    monkeypatch.setattr(system, "port_of", lambda service: free_port())
    monkeypatch.setattr(system, "ISSUER", free_port())
    assert system.main(["up"]) == 1
    assert "make room for" in capsys.readouterr().out
    assert not (instance / "kafka").exists()


def test_no_part_outlives_a_supervisor_that_was_killed(instance: Path) -> None:
    server = Postgres.prepared(instance / "postgres", system.POSTGRES, fsync=False)
    broker = Kafka.prepared(instance / "kafka", system.KAFKA, controller=free_port())
    system.write_supervisord(broker, server)
    command = [sys.executable, "-W", "ignore", "-m", "supervisor.supervisord", "-c", str(system.SUPERVISORD)]
    daemon = children.start(command, instance / "logs" / "supervisord.log")
    try:
        children.wait_until(system.is_running, daemon, "supervisor", instance / "logs" / "supervisord.log", 60)
        system.run_program("postgres", server.answers)
        system.run_program("kafka", lambda: children.listens(system.KAFKA))
        daemon.send_signal(signal.SIGKILL)
        daemon.wait()
        deadline = time.monotonic() + 30
        while children.listens(system.KAFKA) or children.listens(system.POSTGRES):
            assert time.monotonic() < deadline, "the ports are still held"
            time.sleep(0.1)
    finally:
        children.stop(daemon, "supervisor")


def test_the_status_names_the_part_that_does_not_answer(
    instance: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Supervisor:
        @staticmethod
        def getAllProcessInfo() -> list[dict[str, str]]:  # noqa: N802
            return []

    async def counts(service: str) -> tuple[int, ...]:
        if service == "archive":
            raise ConnectionRefusedError
        return (0, 0, 0, 0, 0, 0)

    monkeypatch.setattr(system, "is_running", lambda: True)
    monkeypatch.setattr(system, "supervisor", Supervisor)
    monkeypatch.setattr(system, "services", lambda: ["archive", "complaint"])
    monkeypatch.setattr(status, "_counts", counts)
    status.show()
    said = capsys.readouterr().out
    assert "archive      PostgreSQL does not answer: make logs s=postgres" in said
    assert "Kafka does not answer: make logs s=kafka" in said


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_start_that_is_broken_off_ends_without_a_traceback(ending: signal.Signals, tmp_path: Path) -> None:
    waits = "import time; import dev.system as s; s.start = lambda: (print('waits', flush=True), time.sleep(60))"
    runs = f"{waits}; sys.exit(s.entered(['up']))"
    child = subprocess.Popen(
        [sys.executable, "-c", f"import sys; {runs}"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env=os.environ | {"PYTHONPATH": f"{children.ROOT / 'deploy'}:{children.ROOT}"},
    )  # fmt: skip
    assert child.stdout is not None
    assert child.stdout.readline() == "waits\n"
    child.send_signal(ending)
    assert child.communicate(timeout=30)[0] == "\nbroken off\n"
    assert child.returncode == 1


def test_a_running_instance_is_found_where_it_was_started_and_a_stopped_one_goes_where_it_is_told(
    instance: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KEHU_DEV_PORT_BASE", raising=False)
    assert system.port_base() == 18000
    monkeypatch.setattr(system, "PORT_BASE", 28000)
    system.remembered()
    assert system.port_base() == 28000
    monkeypatch.setenv("KEHU_DEV_PORT_BASE", "38000")
    assert system.port_base() == 38000
    waits = [sys.executable, "-c", "print(flush=True); input()", str(system.SUPERVISORD)]
    with subprocess.Popen(waits, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as supervisor:
        assert supervisor.stdout is not None
        assert supervisor.stdout.readline() == b"\n"
        (instance / "supervisord.pid").write_text(f"{supervisor.pid}\n")
        assert system.port_base() == 28000
        supervisor.communicate(b"\n")
    assert system.port_base() == 38000


@pytest.mark.parametrize("asked", [["psql", "complaint"], ["operate", "complaint", "parked"]])
def test_what_needs_the_running_system_says_how_to_start_it(
    asked: list[str], instance: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "execv", lambda *command: pytest.fail("it was started"))
    assert system.main(asked) == 1
    assert capsys.readouterr().out == "\nThe system is not running: make up\n"
