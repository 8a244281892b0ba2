"""What the `infra` container runs: PostgreSQL or Kafka as its only program, or what both need before services start."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from chassis.topics import ensure

from dev.children import NotStarted
from dev.databases import make_databases
from dev.kafka import Kafka
from dev.keys import write_keys
from dev.postgres import Postgres

DATA = Path("/data")
KEYS = Path("/keys")
POSTGRES, KAFKA, CONTROLLER = 5432, 9092, 9093


def main(arguments: list[str]) -> int:
    """`python -m dev.contained postgres|kafka|prepare SERVICE…`; exit 1 with one sentence when it cannot."""
    try:
        match arguments:
            case ["postgres"]:
                server = Postgres.prepared(
                    DATA / "postgres", POSTGRES, network_password=_told("KEHU_POSTGRES_PASSWORD")
                )
                _become(server.command())
            case ["kafka"]:
                told = _told("KEHU_ADVERTISED")
                kafka = Kafka.prepared(DATA / "kafka", KAFKA, CONTROLLER, advertised=told, long_running=True)
                _become(kafka.command())
            case ["prepare", *services] if services:
                write_keys(KEYS, services)
                password = _told("KEHU_POSTGRES_PASSWORD")
                admin = f"postgresql://postgres:{password}@{_told('KEHU_POSTGRES')}/postgres"
                asyncio.run(make_databases(admin, dict.fromkeys(services, password)))
                asyncio.run(ensure(_told("KEHU_KAFKA")))
            case _:
                sys.stderr.write("usage: python -m dev.contained postgres|kafka|prepare SERVICE…\n")
                return 2
    except NotStarted as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    return 0


def _told(name: str) -> str:
    if not os.environ.get(name):
        raise NotStarted(f"Set {name} in the environment of this container.")
    return os.environ[name]


def _become(command: list[str]) -> None:
    os.execv(command[0], command)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
