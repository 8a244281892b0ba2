"""The containers are told what their services understand, with nothing set beside it (deploy/compose.yaml)."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest
import yaml
from chassis.service import Service
from dev.system import services

COMPOSE = Path("deploy/compose.yaml")


def told(service: str) -> dict[str, str]:
    """The environment of a service's API where nobody has set a variable: each with what stands in the file for it."""
    environment = yaml.safe_load(COMPOSE.read_text())["services"][f"{service}-api"]["environment"]
    whole = {name: re.sub(r"^\$\{\w+:-(.*)\}$", r"\1", str(value)) for name, value in environment.items()}
    return {name: re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value) for name, value in whole.items()}


@pytest.mark.parametrize("name", services())
def test_a_container_that_nobody_has_set_anything_for_is_told_enough(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = told(name)
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    service: Service = import_module(f"{name}.app").service

    settings = service.settings()

    assert settings.database_url.endswith(f"@postgres/{name}")
    assert [issuer.issuer for issuer in settings.issuers] == ["http://issuer:8002"]
    assert set(settings.peers) >= set(services()) - {name}
    # handed on empty: nothing is to be sent anywhere
    assert environment["KEHU_OTLP_ENDPOINT"] == ""
    assert settings.otlp_endpoint is None
