"""PostgreSQL and Kafka for a test run as containers of the `infra` image, by testcontainers."""

from __future__ import annotations

import asyncio
import os
import secrets
import time
from collections.abc import Callable

from testcontainers.core.container import DockerContainer

from dev import children
from dev.databases import answers as postgres_answers
from dev.kafka import answers as kafka_answers

IMAGE = "KEHU_INFRA_IMAGE"


class Containers:
    """Both servers, on ports of the loopback address; `stop` removes them with their data."""

    def __init__(self) -> None:
        self._image = os.environ.get(IMAGE, "kehu-infra")
        self._started: list[DockerContainer] = []
        password, kafka = secrets.token_hex(16), children.free_port()
        try:
            postgres = self._run("postgres", 5432, children.free_port(), KEHU_POSTGRES_PASSWORD=password)
            self.admin_dsn = f"postgresql://postgres:{password}@127.0.0.1:{postgres}/postgres"
            self.bootstrap = f"127.0.0.1:{kafka}"
            self._run("kafka", 9092, kafka, KEHU_ADVERTISED=self.bootstrap)
        except Exception as error:
            self.stop()
            raise children.NotStarted(
                f"The containers did not start ({error}): is the engine running, and the image {self._image} built? "
                "docker build -f deploy/Dockerfile --target infra -t kehu-infra ."
            ) from error
        self._wait("PostgreSQL", lambda: asyncio.run(postgres_answers(self.admin_dsn)))
        self._wait("Kafka", lambda: asyncio.run(kafka_answers(self.bootstrap)))

    def stop(self) -> None:
        while self._started:
            self._started.pop().stop()

    def _run(self, what: str, inside: int, outside: int, **env: str) -> int:
        container = DockerContainer(self._image).with_command(what).with_bind_ports(inside, outside)
        for name, value in env.items():
            container = container.with_env(name, value)
        self._started.append(container)
        container.start()
        return outside

    def _wait(self, name: str, ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 90
        while not ready():
            if time.monotonic() > deadline:
                logs = [b"".join(container.get_logs()).decode(errors="replace")[-500:] for container in self._started]
                self.stop()
                raise children.NotStarted(f"{name} did not come up in its container; the logs end:\n" + "\n".join(logs))
            time.sleep(0.2)
