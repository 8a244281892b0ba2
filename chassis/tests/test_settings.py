"""Settings: what is wrong is said by the name it is set under; production believes no issuer without a certificate."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from chassis.settings import Settings, read
from chassis.vault import VaultSettings

SECRET = "geheim"
TOLD = {
    "DATABASE_URL": f"postgresql://kehu:{SECRET}@db/kehu",
    "KAFKA": "kafka:9092",
    "MASTER_KEYS_FILE": "/keys/master.json",
    "TOKEN_KEYS_FILE": "/keys/token.json",
}


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment that is enough to start with."""
    for name, value in TOLD.items():
        monkeypatch.setenv(f"KEHU_{name}", value)
    return monkeypatch


@pytest.mark.parametrize(
    ("environment", "issuer", "taken"),
    [
        ("production", "https://login.example", True),
        ("production", "http://127.0.0.1:18002", False),
        ("production", "http://issuer:8002", False),
        (None, "http://127.0.0.1:18002", False),
        ("development", "http://127.0.0.1:18002", True),
        ("test", "http://127.0.0.1:18002", True),
    ],
)
def test_the_development_issuer_is_believed_in_development_only(
    told: pytest.MonkeyPatch, environment: str | None, issuer: str, taken: bool
) -> None:
    if environment is not None:
        told.setenv("KEHU_ENVIRONMENT", environment)
    told.setenv("KEHU_ISSUERS", json.dumps([{"issuer": "https://first.example"}, {"issuer": issuer}]))
    if taken:
        assert [one.issuer for one in read(Settings).issuers] == ["https://first.example", issuer]
    else:
        with pytest.raises(ValueError, match=f"KEHU_ISSUERS: .*https://.*{issuer}"):
            read(Settings)


def test_what_is_wrong_is_named_as_it_is_set_and_its_value_is_not_repeated(told: pytest.MonkeyPatch) -> None:
    told.delenv("KEHU_KAFKA")
    told.setenv("KEHU_ENVIRONMENT", SECRET)
    told.setenv("KEHU_ISSUERS", '[{"audience": "kehu"}]')
    with pytest.raises(ValueError, match="KEHU_KAFKA") as wrong:
        read(VaultSettings)
    said = str(wrong.value)
    assert [line.split(":")[0] for line in said.splitlines()] == ["KEHU_ENVIRONMENT", "KEHU_KAFKA", "KEHU_ISSUERS"]
    assert SECRET not in said


def test_a_wrong_value_in_the_whole_is_said_without_the_others(told: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="KEHU_BLOB_STORE") as wrong:
        read(VaultSettings)
    assert SECRET not in str(wrong.value)
    told.setenv("KEHU_BLOB_STORE", str(tmp_path))
    assert read(VaultSettings).database_url == TOLD["DATABASE_URL"]
