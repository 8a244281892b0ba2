"""The locked jars of Kafka: one version of everything of Kafka's, a logger, each by its hash."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import pytest
from dev.kafka import JARS


@pytest.fixture
def locked() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tomllib.loads((JARS / "jgo.lock.toml").read_text())["dependencies"]
    return found


def test_a_broker_and_its_clients_are_of_one_version(locked: list[dict[str, Any]]) -> None:
    """A resolver that follows log4j's own wishes puts the clients of another version under the broker."""
    versions = {one["artifactId"]: one["version"] for one in locked if one["groupId"] == "org.apache.kafka"}
    assert {"kafka_2.13", "kafka-clients"} <= set(versions)
    assert len(set(versions.values())) == 1, versions


def test_the_broker_has_something_to_log_with(locked: list[dict[str, Any]]) -> None:
    assert "log4j-slf4j-impl" in {one["artifactId"] for one in locked}


def test_every_jar_is_known_by_its_hash(locked: list[dict[str, Any]]) -> None:
    assert len(locked) > 40
    assert all(re.fullmatch("[0-9a-f]{64}", one["sha256"]) for one in locked)
