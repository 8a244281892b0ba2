"""What the console is told besides what every service is."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from chassis.settings import Settings
from pydantic import Field, field_validator

LOOPBACK = ("127.0.0.1", "localhost", "::1")


class ConsoleSettings(Settings):
    """`KEHU_CONSOLE_*`, `KEHU_SIGN_IN_*`, `KEHU_SESSION_*`, `KEHU_GATEWAY_*`."""

    console_url: str = Field(
        "http://127.0.0.1:8000", description="where browsers reach the console: scheme, host, port"
    )
    sign_in_issuer: str | None = Field(None, description="the OpenID provider people sign in at; the first of issuers")
    sign_in_authorize_url: str | None = Field(
        None, description="where browsers reach the provider, if not where its discovery document says"
    )
    sign_in_client_id: str = "console"
    sign_in_client_secret_file: Path | None = None
    sign_in_scope: str = Field("openid profile", description="add offline_access where refresh tokens need it")
    session_hours: float = Field(10.0, gt=0, description="after which somebody signs in again, whatever they do")
    session_idle_minutes: float = Field(60.0, gt=0, description="after which a session that nobody uses ends")
    gateway_services: tuple[str, ...] = Field(
        ("customer", "complaint", "archive", "credit", "visit", "notify", "staff", "console"),
        description="the services that browsers may ask",
    )
    gateway_seconds: float = Field(60.0, description="how long a service may keep a browser waiting for the next byte")
    body_limit: int = Field(100 * 1024**2, description="largest request body in bytes: attachments pass here")
    pages_dir: Path = Field(Path(__file__).parent / "static", description="the built web application")

    @field_validator("console_url")
    @classmethod
    def _safe(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.path not in ("", "/") or not parts.hostname:
            raise ValueError("write scheme, host and port only: https://kehu.example")
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
            raise ValueError("browsers reach the console over https; http is for this machine only")
        return value.rstrip("/")

    @property
    def secure(self) -> bool:
        """Whether browsers come over TLS; without it only on this machine."""
        return self.console_url.startswith("https")
