"""A system of real processes for the benchmark: broker, database and services, each service in the roles asked for."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import psutil
from chassis.kit.keys import write_keys
from chassis.topics import ensure
from dev import children
from dev.kafka import Kafka
from dev.postgres import Postgres

from chassis import dev_issuer


class Cluster:
    """Everything under `directory`; stopped by `stop`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.postgres = Postgres.start(
            directory / "postgres", settings={"shared_buffers": "1GB", "wal_buffers": "32MB", "max_wal_size": "8GB"}
        )
        self.kafka = Kafka.start(directory / "kafka", long_running=True)
        self.keys = write_keys(directory / "keys")
        self.issuer_port = children.free_port()
        self._issuer_key = directory / "keys" / "issuer.json"
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        asyncio.run(ensure(self.kafka.bootstrap))
        self.spawn("issuer", [sys.executable, "-m", "chassis.dev_issuer", "--port", str(self.issuer_port),
                              "--key-file", str(self._issuer_key)], {"KEHU_ENVIRONMENT": "test"})  # fmt: skip
        self._wait(self.issuer_port, "issuer")

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.issuer_port}"

    def token(self, *grants: str, scopes: Sequence[str] = ()) -> str:
        """A token of the running issuer."""
        key = dev_issuer.key_in(self._issuer_key)
        return dev_issuer.mint(key, self.issuer, "bench", grants=list(grants), scopes=list(scopes))

    def database(self, service: str, module: str = "") -> str:
        """The migrated database of a service, which `module` defines; its DSN."""
        dsn = self.postgres.create_database(service)
        found = import_module(module or f"{service}.app").service
        asyncio.run(found.migrate(dsn.replace("postgresql://", "postgresql+asyncpg://", 1)))
        return dsn

    def environment(self, service: str, port: int, **more: str) -> dict[str, str]:
        """What a process of the service is told."""
        master, token = self.keys
        return {
            "KEHU_ENVIRONMENT": "test",
            "KEHU_DATABASE_URL": self.postgres.dsn(service),
            "KEHU_KAFKA": self.kafka.bootstrap,
            "KEHU_HTTP_PORT": str(port),
            "KEHU_GRANTS_FROM": "token",
            "KEHU_ISSUERS": json.dumps([{"issuer": self.issuer}]),
            "KEHU_MASTER_KEYS_FILE": str(master),
            "KEHU_TOKEN_KEYS_FILE": str(token),
            **more,
        }

    def service(self, name: str, role: str, copy: int = 0, *, module: str = "", **more: str) -> int:
        """Start one process of a service; its port, which answers when the role has an API."""
        port = children.free_port()
        command = [sys.executable, "-m", module or name, role]
        self.spawn(f"{name}-{role}-{copy}", command, self.environment(name, port, **more))
        if role in ("all", "api"):
            self._wait(port, f"{name}-{role}-{copy}")
        return port

    def spawn(self, name: str, command: list[str], environment: dict[str, str]) -> None:
        self._children[name] = children.start(command, self.directory / "logs" / f"{name}.log", env=environment)

    def end(self, name: str) -> None:
        """Stop one process."""
        children.stop(self._children.pop(name, None), name)

    def cpu_seconds(self) -> dict[str, float]:
        """CPU time that each part has used so far, by name."""
        used = {name: _cpu(child.pid) for name, child in self._children.items()}
        return used | {"postgres": _cpu(self.postgres.pid), "kafka": _cpu(self.kafka.pid)}

    def stop(self) -> None:
        for name, child in list(self._children.items()):
            children.stop(child, name, within=15)
        self.kafka.stop()
        self.postgres.stop()

    def _wait(self, port: int, name: str) -> None:
        log = self.directory / "logs" / f"{name}.log"
        children.wait_until(lambda: children.listens(port), self._children[name], name, log, 30)


def spent(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    """CPU seconds between two readings, by part."""
    parts: dict[str, float] = {}
    for name, used in after.items():
        part = re.sub(r"-\d+$", "", name)
        parts[part] = parts.get(part, 0.0) + used - before.get(name, 0.0)
    return parts


def _cpu(pid: int) -> float:
    """CPU seconds of a process and everything below it, ended children included."""
    try:
        process = psutil.Process(pid)
        times = process.cpu_times()
        total: float = times.user + times.system + times.children_user + times.children_system
        return total + sum(_cpu_alone(child) for child in process.children(recursive=True))
    except psutil.NoSuchProcess:
        return 0.0


def _cpu_alone(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
        return float(times.user + times.system)
    except psutil.NoSuchProcess:
        return 0.0


def machine() -> dict[str, Any]:
    """What the figures were taken on."""
    model = next(
        (
            line.split(":", 1)[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        "unknown",
    )
    return {"cpu": model, "cores": os.cpu_count(), "date": time.strftime("%Y-%m-%d"), "python": sys.version.split()[0]}
