"""Gives a pytest run its own PostgreSQL and Kafka, once, whatever the number of workers.

They are processes of this machine, or with KEHU_TEST_INFRA=containers containers of the `infra` image; servers named by
KEHU_TEST_POSTGRES_DSN and KEHU_TEST_KAFKA are used as they are.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler.loadscope import LoadScopeScheduling

from dev.kafka import Kafka
from dev.postgres import Postgres

ROOT = Path(__file__).parent.parent.parent
_started: list[Any] = []


def pytest_configure(config: pytest.Config) -> None:
    """Start the servers in the controlling process; workers inherit where they are."""
    if hasattr(config, "workerinput") or config.option.collectonly or config.option.help:
        return
    if os.environ.get("KEHU_TEST_INFRA") == "containers":
        from dev.containers import Containers

        containers = Containers()
        _started.append(containers)
        os.environ["KEHU_TEST_POSTGRES_DSN"] = containers.admin_dsn
        os.environ["KEHU_TEST_KAFKA"] = containers.bootstrap
    directory = ROOT / "run" / f"test-{os.getpid()}"
    if "KEHU_TEST_POSTGRES_DSN" not in os.environ:
        postgres = Postgres.start(directory / "postgres", fsync=False)
        _started.append(postgres)
        os.environ["KEHU_TEST_POSTGRES_DSN"] = postgres.admin_dsn
    if "KEHU_TEST_KAFKA" not in os.environ:
        kafka = Kafka.start(directory / "kafka")
        _started.append(kafka)
        os.environ["KEHU_TEST_KAFKA"] = kafka.bootstrap


class BySystem(LoadScopeScheduling):  # type: ignore[misc]
    """Gives the tests that share a whole system to one worker: those of a file, or of a directory that starts it."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        directory = file.rpartition("/")[0]
        return directory if (ROOT / directory / "conftest.py").exists() else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Tests that need a whole system are shared out by system, all others as they were asked to be."""
    return BySystem(config, log) if config.option.markexpr == "whole_system" else None


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop what was started, and remove its data."""
    if hasattr(config, "workerinput"):
        return
    while _started:
        _started.pop().stop()
    shutil.rmtree(ROOT / "run" / f"test-{os.getpid()}", ignore_errors=True)


def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    """Note which rules a passed test proves, for `make rules`."""
    directory = os.environ.get("KEHU_TEST_RESULTS")
    rules = [str(mark.args[0]) for mark in item.iter_markers("rule")]
    if directory and rules and call.when == "call" and call.excinfo is None:
        line = json.dumps({"test": item.nodeid, "rules": rules})
        with (Path(directory) / f"{os.getpid()}.jsonl").open("a") as file:
            file.write(line + "\n")
