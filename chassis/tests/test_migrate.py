"""Migrations are found wherever the checkout lies."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from chassis.kit.probe import probe
from chassis.kit.stage import Stage
from chassis.migrate import migrate
from chassis.service import Service


@pytest.fixture(scope="session")
def service() -> Service:
    return probe()


async def test_a_path_may_have_what_stands_for_something_in_a_configuration(stage: Stage, tmp_path: Path) -> None:
    odd = tmp_path / "100% %(here)s" / "migrations"
    shutil.copytree(stage.service.migrations, odd)
    await migrate(stage.runtime.settings.sqlalchemy_url, odd)
    assert await stage.rows("SELECT count(*) FROM probes") == [(0,)]
