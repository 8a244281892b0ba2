"""The console is reached over TLS, except on this machine."""

from __future__ import annotations

import pytest
from console.session import cookie_name
from console.settings import ConsoleSettings
from pydantic import ValidationError


def settings(url: str) -> ConsoleSettings:
    return ConsoleSettings(
        database_url="postgresql://x", kafka="x", master_keys_file="x", token_keys_file="x", console_url=url
    )


def test_over_tls_the_cookie_is_bound_to_the_host() -> None:
    assert cookie_name(settings("https://kehu.example/")) == "__Host-kehu"
    assert cookie_name(settings("http://127.0.0.1:8000")) == "kehu"


@pytest.mark.parametrize("url", ["http://kehu.example", "https://kehu.example/app", "kehu.example", "ftp://127.0.0.1"])
def test_browsers_do_not_come_in_clear_or_under_a_path(url: str) -> None:
    with pytest.raises(ValidationError):
        settings(url)
