"""An OpenID provider for development that gives tokens to whoever asks, and therefore starts nowhere else."""

from __future__ import annotations

import argparse
import contextlib
import ipaddress
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import parse_qsl

import uvicorn
from contracts.roles import Role
from fastapi import FastAPI, Request
from joserfc import jwt
from joserfc.jwk import ECKey
from pydantic import AfterValidator, AliasChoices, BaseModel, Field, ValidationError

from chassis import problems

AUDIENCE = "kehu"
LONGEST = 12 * 3600


def mint(
    key: ECKey,
    issuer: str,
    subject: str,
    *,
    grants: Iterable[str] = (),
    scopes: Iterable[str] = (),
    lifetime: int = 3600,
    **claims: Any,
) -> str:
    """A signed token for `subject`, good for `lifetime` seconds; `claims` come on top and win.

    `grants` are written `role@place`. Who has scopes and no grants is a machine, as at providers that give
    it the token in its own name.
    """
    now = int(time.time())
    grants, scopes = list(grants), list(scopes)
    content = {
        "iss": issuer,
        "sub": subject,
        "aud": AUDIENCE,
        "iat": now,
        "exp": now + lifetime,
        "kehu_grants": grants,
        "scope": " ".join(scopes),
    }
    if scopes and not grants:
        content["client_id"] = subject
    return jwt.encode({"alg": "ES256", "kid": str(key.kid)}, content | claims, key)


def key_in(path: Path) -> ECKey:
    """The issuer's key, made once and kept in a file that only its owner can read.

    Processes that start together all get the one key that was first.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        made = ECKey.generate_key("P-256", auto_kid=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent) as file:  # mode 600
            json.dump(made.as_dict(private=True), file)
            file.flush()
            with contextlib.suppress(FileExistsError):
                os.link(file.name, path)
    return ECKey.import_key(json.loads(path.read_text()))


def _each_is_a_grant(text: str) -> str:
    for entry in text.split():
        role, _, place = entry.partition("@")
        if role not in set(Role) or not place:
            raise ValueError("write each grant as role@place with a role of contracts.roles: call_centre@group")
    return text


class TokenRequest(BaseModel):
    """Whose token, with what; `grants` and `scope` separate their entries by spaces, `ttl` is in seconds.

    A service that asks for its own (RFC 6749, 4.4) names itself by `client_id`.
    """

    sub: Annotated[
        str,
        Field(
            min_length=1,
            max_length=200,
            pattern=r"^[^\x00-\x1f]+$",
            validation_alias=AliasChoices("sub", "client_id"),
        ),
    ]
    grants: Annotated[str, Field(max_length=2000), AfterValidator(_each_is_a_grant)] = ""
    scope: Annotated[str, Field(max_length=2000)] = ""
    ttl: Annotated[int, Field(ge=1, le=LONGEST)] = 3600


def application(key: ECKey, issuer: str) -> FastAPI:
    """Discovery, keys, and tokens for the asking."""
    app = FastAPI(title="Development issuer", docs_url=None, redoc_url=None)
    problems.install(app)

    @app.get("/.well-known/openid-configuration")
    async def discovery() -> dict[str, Any]:
        return {
            "issuer": issuer,
            "jwks_uri": f"{issuer}/jwks",
            "token_endpoint": f"{issuer}/token",
            "response_types_supported": ["token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
        }

    @app.get("/jwks")
    async def jwks() -> dict[str, Any]:
        return {"keys": [key.as_dict(private=False)]}

    @app.post("/token")
    async def token(request: Request) -> dict[str, Any]:
        form = (await request.body()).decode(errors="replace")
        try:
            asked = TokenRequest.model_validate(dict(parse_qsl(form)))
        except ValidationError as error:
            raise problems.of_validation(error) from None
        grants, scopes = asked.grants.split(), asked.scope.split()
        minted = mint(key, issuer, asked.sub, grants=grants, scopes=scopes, lifetime=asked.ttl)
        return {"access_token": minted, "token_type": "Bearer", "expires_in": asked.ttl}

    return app


def refusal(environment: str, host: str, name: str | None = None) -> str | None:
    """Why this issuer must not start here; None when it may.

    It listens to this machine only, unless it was given the `name` under which the other containers of a
    development system find it.
    """
    if environment not in ("development", "test"):
        return (
            "The development issuer gives tokens to anyone and starts only with "
            "KEHU_ENVIRONMENT=development or test; name your OpenID provider in KEHU_ISSUERS instead."
        )
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = host == "localhost"
    if not loopback and name is None:
        return (
            "The development issuer listens to this machine only: start it with --host 127.0.0.1, or, among "
            "containers, name it with --issuer."
        )
    return None


def main() -> None:
    """Command line: `python -m chassis.dev_issuer --port N --key-file F [--host H] [--issuer URL]`."""
    parser = argparse.ArgumentParser(prog="python -m chassis.dev_issuer", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--key-file", type=Path, required=True)
    parser.add_argument("--issuer", help="its name, where others reach it under another address")
    arguments = parser.parse_args()
    why_not = refusal(os.environ.get("KEHU_ENVIRONMENT", "production"), arguments.host, arguments.issuer)
    if why_not:
        sys.exit(why_not)
    host = f"[{arguments.host}]" if ":" in arguments.host else arguments.host
    app = application(key_in(arguments.key_file), arguments.issuer or f"http://{host}:{arguments.port}")
    uvicorn.run(app, host=arguments.host, port=arguments.port, access_log=False, log_level="warning")


if __name__ == "__main__":
    main()
