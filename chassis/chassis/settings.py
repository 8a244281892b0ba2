"""What a process is told by its environment, read once and frozen."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Issuer(BaseModel):
    """An OpenID provider whose tokens are accepted; without `jwks_uri` its discovery document is asked."""

    model_config = ConfigDict(frozen=True)

    issuer: str
    audience: str = "kehu"
    jwks_uri: str | None = None


class Settings(BaseSettings):
    """Environment variables `KEHU_*`; a service adds its own by subclassing.

    An empty one says nothing: whoever hands an environment on (Compose, Kubernetes) hands on empty what nobody has set.
    """

    model_config = SettingsConfigDict(
        env_prefix="KEHU_", frozen=True, extra="ignore", env_ignore_empty=True, hide_input_in_errors=True
    )

    environment: Literal["development", "test", "production"] = "production"
    database_url: str
    kafka: str
    topic_prefix: str = ""

    http_host: str = "127.0.0.1"
    http_port: int = 8000
    body_limit: int = Field(1024 * 1024, description="largest request body in bytes")
    drain_notice_seconds: float = Field(
        0.0, description="behind a balancer: how long a stopping process still takes requests while /readyz says no"
    )
    drain_seconds: float = Field(10.0, description="how long a stopping process finishes what it began")

    issuers: tuple[Issuer, ...] = ()
    grants_from: Literal["staff", "token"] = Field(
        "staff", description="what says which roles a person has: the staff directory, or the token's kehu_grants"
    )
    master_keys_file: Path
    token_keys_file: Path

    peers: dict[str, str] = Field({}, description="where other services answer: name -> http address")
    token_endpoint: str | None = Field(None, description="where this service gets tokens of its own (RFC 6749, 4.4)")
    client_secret_file: Path | None = None

    pool_size: int = 10
    worker_slots: int = Field(64, description="jobs in work at the same time in one process")
    job_lease_seconds: float = Field(60.0, description="after how long a job is taken from a worker that has died")

    otlp_endpoint: str | None = None
    trace_ratio: float = 0.01
    trace_file: Path | None = None

    failpoints: str = Field("", description="tests only: name=action, see chassis.failpoints")

    @model_validator(mode="after")
    def _proven_issuers_in_production(self) -> Self:
        for one in self.issuers:
            if self.environment == "production" and not one.issuer.startswith("https://"):
                raise ValueError(
                    f"KEHU_ISSUERS: in production the name of an issuer begins with https:// (OpenID Connect Core, 2), "
                    f"and that of {one.issuer} does not. The development issuer is for development only"
                )
        return self

    @property
    def sqlalchemy_url(self) -> str:
        return self.database_url.replace("postgresql://", "postgresql+asyncpg://", 1)


def read(kind: type[Settings]) -> Settings:
    """What this process is told; ValueError with a line for each setting that is wrong, without what it holds."""
    try:
        return kind()
    except ValidationError as error:
        prefix = str(kind.model_config.get("env_prefix"))
        lines = []
        for wrong in error.errors(include_input=False):
            name = f"{prefix}{wrong['loc'][0]}".upper() + ": " if wrong["loc"] else ""
            inside = "".join(f"{part}: " for part in wrong["loc"][1:])
            lines.append(f"{name}{inside}{wrong['msg'].removeprefix('Value error, ')}.")
        raise ValueError("\n".join(lines)) from None
