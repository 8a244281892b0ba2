"""An OpenID provider for development and tests that gives a token to whoever asks, and refuses to start elsewhere."""

from __future__ import annotations

import argparse
import ipaddress
import json
import os
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import uvicorn
from fastapi import FastAPI, Form
from joserfc import jwt
from joserfc.jwk import ECKey

from chassis import problems
from chassis.problems import Invalid

AUDIENCE = "kehu"
LONGEST = 12 * 3600


def mint(
    key: ECKey,
    issuer: str,
    subject: str,
    *,
    grants: list[str] | None = None,
    scopes: list[str] | None = None,
    lifetime: int = 3600,
    **claims: Any,
) -> str:
    """A signed token for `subject` with the given grants (`role@place`) and scopes."""
    now = int(time.time())
    content = {
        "iss": issuer,
        "sub": subject,
        "aud": AUDIENCE,
        "iat": now,
        "nbf": now,
        "exp": now + lifetime,
        "kehu_grants": grants or [],
        "scope": " ".join(scopes or []),
    }
    return jwt.encode({"alg": "ES256", "kid": str(key.kid), "typ": "JWT"}, content | claims, key)


def key_in(path: Path) -> ECKey:
    """The issuer's key, made once and kept in a file that only its owner can read."""
    if path.exists():
        return ECKey.import_key(json.loads(path.read_text()))
    key = ECKey.generate_key("P-256", auto_kid=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(key.as_dict(private=True), file)
    return key


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
            "id_token_signing_alg_values_supported": ["ES256"],
        }

    @app.get("/jwks")
    async def jwks() -> dict[str, Any]:
        return {"keys": [key.as_dict(private=False)]}

    @app.post("/token")
    async def token(
        sub: Annotated[str, Form(min_length=1, max_length=200)],
        grants: Annotated[str, Form(max_length=2000)] = "",
        scope: Annotated[str, Form(max_length=2000)] = "",
        ttl: Annotated[int, Form(ge=1, le=LONGEST)] = 3600,
    ) -> dict[str, Any]:
        if any("@" not in grant for grant in grants.split()):
            raise Invalid("Write each grant as role@place, for example call_centre@group.")
        minted = mint(key, issuer, sub, grants=grants.split(), scopes=scope.split(), lifetime=ttl)
        return {"access_token": minted, "token_type": "Bearer", "expires_in": ttl}

    return app


def refusal(environment: str, host: str) -> str | None:
    """Why this issuer must not start here; None when it may."""
    if environment not in ("development", "test"):
        return "The development issuer gives tokens to anyone: it only starts with KEHU_ENVIRONMENT=development."
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = host == "localhost"
    if not loopback:
        return "The development issuer only listens on the loopback address: use --host 127.0.0.1."
    return None


def main() -> int:
    """Command line: `python -m chassis.dev_issuer --port N --key-file F`."""
    parser = argparse.ArgumentParser(prog="python -m chassis.dev_issuer", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--key-file", type=Path, required=True)
    arguments = parser.parse_args()
    why_not = refusal(os.environ.get("KEHU_ENVIRONMENT", "production"), arguments.host)
    if why_not:
        sys.stderr.write(why_not + "\n")
        return 1
    app = application(key_in(arguments.key_file), f"http://{arguments.host}:{arguments.port}")
    uvicorn.run(app, host=arguments.host, port=arguments.port, access_log=False, log_level="warning")
    return 0


if __name__ == "__main__":
    sys.exit(main())
