"""An OpenID provider for development that gives tokens to whoever asks, and therefore starts nowhere else."""

from __future__ import annotations

import argparse
import base64
import contextlib
import hashlib
import html
import ipaddress
import json
import os
import secrets
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl, urlencode, urlsplit

import uvicorn
from contracts.roles import Role
from fastapi import FastAPI, Request, Response
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey
from pydantic import AfterValidator, AliasChoices, BaseModel, Field, ValidationError

from chassis import problems

AUDIENCE = "kehu"
LONGEST = 12 * 3600
#: seconds a code may be exchanged
CODE_LIFETIME = 60
#: who the sign-in page offers, with their grants: people of the demo (deploy/dev/people.py)
PEOPLE = (
    ("agent-7", "call_centre@group"),
    ("group-cs-1", "group_customer_service@group"),
    ("customer-relations-sh-pudong-1", "customer_relations@sh-pudong"),
    ("relations-manager-sh-pudong-1", "relations_manager@sh-pudong"),
    ("department-head-sh-pudong-2", "department_head@sh-pudong/after_sales"),
    ("general-manager-sh-pudong-1", "general_manager@sh-pudong"),
    ("hr-admin-manager-sh-pudong-1", "hr_admin_manager@sh-pudong"),
    ("brand-1", "brand_division@group"),
    ("legal-1", "legal@group"),
    ("finance-1", "finance@group"),
    ("area-east-1", "area_manager@area:east"),
    ("clerk-1", "marketing_promotion@group"),
)


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


class SignInRequest(BaseModel):
    """What an application sends a browser with (OpenID Connect Core, 3.1.2.1; PKCE as in RFC 7636, S256 only).

    With `sub` nobody is asked: the code is given at once.
    """

    response_type: Literal["code"]
    client_id: Annotated[str, Field(min_length=1, max_length=200)]
    redirect_uri: Annotated[str, Field(max_length=500), AfterValidator(lambda uri: _on_this_machine(uri))]
    code_challenge: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{43}$")]
    code_challenge_method: Literal["S256"]
    state: Annotated[str, Field(max_length=500)] = ""
    nonce: Annotated[str, Field(max_length=500)] = ""
    sub: Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f]*$")] = ""
    grants: Annotated[str, Field(max_length=2000), AfterValidator(_each_is_a_grant)] = ""


def _on_this_machine(uri: str) -> str:
    parts = urlsplit(uri)
    if parts.scheme != "http" or parts.hostname not in ("127.0.0.1", "localhost", "::1"):
        raise ValueError("codes are given to applications of this machine only: http://127.0.0.1:…")
    return uri


class CodeRequest(BaseModel):
    """A code for the tokens it stands for, or a refresh token for newer ones (RFC 6749, 4.1.3 and 6)."""

    grant_type: Literal["authorization_code", "refresh_token"]
    client_id: Annotated[str, Field(max_length=200)]
    redirect_uri: str = ""
    code: Annotated[str, Field(max_length=8000)] = ""
    code_verifier: Annotated[str, Field(max_length=200)] = ""
    refresh_token: Annotated[str, Field(max_length=8000)] = ""


class Codes:
    """Codes and refresh tokens: signed, for this issuer alone, a code good once and for a minute."""

    def __init__(self, key: ECKey, issuer: str) -> None:
        self._key = key
        self._issuer = issuer
        self._used: dict[str, int] = {}

    def code(self, asked: SignInRequest) -> str:
        """A code for who was chosen."""
        return self._signed("code", asked.model_dump(exclude={"state", "response_type"}), CODE_LIFETIME)

    def exchange(self, asked: CodeRequest) -> dict[str, Any]:
        """The tokens; `Refused` when the code is not good, was used, or is another application's."""
        if asked.grant_type == "refresh_token":
            said = self._read("refresh", asked.refresh_token, asked)
        else:
            said = self._read("code", asked.code, asked)
            digest = hashlib.sha256(asked.code_verifier.encode()).digest()
            proof = base64.urlsafe_b64encode(digest).decode().rstrip("=")
            if proof != said["code_challenge"] or asked.redirect_uri != said["redirect_uri"]:
                raise problems.Refused("The code was given to another sign-in. Begin again.")
        if said["jti"] in self._used:
            raise problems.Refused("The code was used before. Begin the sign-in again.")
        now = int(time.time())
        self._used = {jti: exp for jti, exp in self._used.items() if exp > now} | {said["jti"]: said["exp"]}
        kept = {name: said[name] for name in ("client_id", "sub", "grants", "nonce")}
        lifetime = 3600
        return {
            "access_token": mint(self._key, self._issuer, said["sub"], grants=said["grants"].split()),
            "id_token": self._id_token(said, lifetime),
            "refresh_token": self._signed("refresh", kept, LONGEST),
            "token_type": "Bearer",
            "expires_in": lifetime,
        }

    def _id_token(self, said: Mapping[str, Any], lifetime: int) -> str:
        more = {"aud": said["client_id"], "nonce": said["nonce"], "name": said["sub"]}
        return mint(self._key, self._issuer, said["sub"], lifetime=lifetime, **more)

    def _signed(self, kind: str, content: Mapping[str, Any], lifetime: int) -> str:
        exp = int(time.time()) + lifetime
        more = {"iss": self._issuer, "aud": f"{self._issuer}#{kind}", "jti": secrets.token_hex(8), "exp": exp}
        return jwt.encode({"alg": "ES256", "kid": str(self._key.kid)}, {**content, **more}, self._key)

    def _read(self, kind: str, text: str, asked: CodeRequest) -> dict[str, Any]:
        try:
            said = jwt.decode(text, self._key, algorithms=["ES256"]).claims
        except (JoseError, ValueError):
            said = {}
        mine = said.get("aud") == f"{self._issuer}#{kind}" and said.get("client_id") == asked.client_id
        if not mine or said["exp"] < time.time():
            raise problems.Refused(f"The {kind} is not good, or no longer. Begin the sign-in again.")
        return said


def _choice(asked: SignInRequest) -> str:
    """The page on which somebody is chosen to sign in as."""
    hidden = "".join(
        f'<input type="hidden" name="{name}" value="{html.escape(value)}">'
        for name, value in asked.model_dump(exclude={"sub", "grants"}).items()
    )
    people = "".join(
        f'<form>{hidden}<input type="hidden" name="grants" value="{grants}">'
        f'<button name="sub" value="{subject}"><b>{subject}</b> {grants}</button></form>'
        for subject, grants in PEOPLE
    )
    other = (
        f'<form>{hidden}<label>subject <input name="sub" required></label>'
        '<label>grants <input name="grants" placeholder="role@place role@place" size="40"></label>'
        "<button>sign in</button></form>"
    )
    style = "body{font:16px sans-serif;max-width:40em;margin:3em auto}button{font:inherit;padding:.5em;margin:.2em}"
    return (
        f'<!doctype html><html lang="zh"><meta charset="utf-8"><title>Kehu 开发登录</title><style>{style}</style>'
        f"<h1>开发登录 · development sign-in</h1><p>选择以谁的身份登录:</p>{people}<h2>其他 · someone else</h2>{other}"
    )


def application(key: ECKey, issuer: str) -> FastAPI:
    """Discovery, keys, tokens for the asking, and sign-in as whom one chooses."""
    app = FastAPI(title="Development issuer", docs_url=None, redoc_url=None)
    problems.install(app)
    codes = Codes(key, issuer)

    @app.get("/.well-known/openid-configuration")
    async def discovery() -> dict[str, Any]:
        return {
            "issuer": issuer,
            "jwks_uri": f"{issuer}/jwks",
            "authorization_endpoint": f"{issuer}/authorize",
            "token_endpoint": f"{issuer}/token",
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
            "code_challenge_methods_supported": ["S256"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
        }

    @app.get("/jwks")
    async def jwks() -> dict[str, Any]:
        return {"keys": [key.as_dict(private=False)]}

    @app.post("/token")
    async def token(request: Request) -> dict[str, Any]:
        form = dict(parse_qsl((await request.body()).decode(errors="replace")))
        try:
            if form.get("grant_type") in ("authorization_code", "refresh_token"):
                return codes.exchange(CodeRequest.model_validate(form))
            asked = TokenRequest.model_validate(form)
        except ValidationError as error:
            raise problems.of_validation(error) from None
        grants, scopes = asked.grants.split(), asked.scope.split()
        minted = mint(key, issuer, asked.sub, grants=grants, scopes=scopes, lifetime=asked.ttl)
        return {"access_token": minted, "token_type": "Bearer", "expires_in": asked.ttl}

    @app.get("/authorize")
    async def authorize(request: Request) -> Response:
        try:
            asked = SignInRequest.model_validate(dict(request.query_params))
        except ValidationError as error:
            raise problems.of_validation(error) from None
        if not asked.sub:
            return Response(_choice(asked), media_type="text/html")
        answer = urlencode({"code": codes.code(asked), "state": asked.state, "iss": issuer})
        return Response(status_code=302, headers={"Location": f"{asked.redirect_uri}?{answer}"})

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
