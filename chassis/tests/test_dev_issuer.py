"""The development issuer: a real process whose tokens pass every check, and that starts nowhere else."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Barrier
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from chassis.auth import Grant, Principal, TokenRefused, Verifier
from chassis.dev_issuer import key_in
from chassis.settings import Issuer
from contracts.roles import Role
from joserfc.jwk import ECKey


def start(*arguments: str, environment: str | None) -> subprocess.Popen[str]:
    others = {name: value for name, value in os.environ.items() if name != "KEHU_ENVIRONMENT"}
    return subprocess.Popen(
        (sys.executable, "-m", "chassis.dev_issuer", *arguments),
        env=others if environment is None else others | {"KEHU_ENVIRONMENT": environment},
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def running(key_file: Path, environment: str = "development") -> Iterator[httpx.Client]:
    """The issuer as `make dev` starts it; yields a client of its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = start("--port", str(port), "--key-file", str(key_file), environment=environment)
    try:
        transport = httpx.HTTPTransport(retries=7)  # until it listens
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", transport=transport) as client:
            client.get("/jwks").raise_for_status()
            yield client
    finally:
        process.terminate()
        process.communicate()


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with running(tmp_path_factory.mktemp("issuer") / "keys" / "issuer.json") as client:
        yield client


def token(issuer: httpx.Client, form: dict[str, str]) -> str:
    answer = issuer.post("/token", data=form)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


async def whose(issuer: httpx.Client, form: dict[str, str]) -> Principal:
    """Who the token for `form` is, as a service finds out."""
    address = str(issuer.base_url).rstrip("/")
    async with httpx.AsyncClient() as http:
        return await Verifier([Issuer(issuer=address)], http=http).verify(token(issuer, form))


async def test_a_person_gets_a_token_with_their_grants(issuer: httpx.Client) -> None:
    grants = "call_centre@group department_head@branch-sh-01"
    principal = await whose(issuer, {"sub": "陈静", "grants": grants})
    assert principal.subject == "陈静"
    assert principal.grants == {
        Grant(Role.CALL_CENTRE, "group"),
        Grant(Role.DEPARTMENT_HEAD, "branch-sh-01"),
    }
    assert not principal.machine


async def test_a_machine_gets_a_token_with_its_scopes(issuer: httpx.Client) -> None:
    principal = await whose(issuer, {"sub": "factory", "scope": "complaint.detail"})
    assert principal.machine
    assert principal.scopes == {"complaint.detail"}


@pytest.mark.parametrize(("asked", "seconds"), [({}, 3600), ({"ttl": "60"}, 60), ({"ttl": "43200"}, 43200)])
async def test_a_token_lasts_an_hour_unless_said(asked: dict[str, str], seconds: int, issuer: httpx.Client) -> None:
    before = int(time.time())
    principal = await whose(issuer, {"sub": "anna"} | asked)
    assert before + seconds <= principal.expires_at <= time.time() + seconds


@pytest.mark.parametrize(
    ("form", "pointer"),
    [
        ({}, "/sub"),
        ({"sub": "anna\x00"}, "/sub"),
        ({"sub": "anna", "ttl": "43201"}, "/ttl"),
        ({"sub": "anna", "ttl": "0"}, "/ttl"),
        ({"sub": "anna", "grants": "call_centre"}, "/grants"),
        ({"sub": "anna", "grants": "emperor@group"}, "/grants"),
    ],
)
def test_a_wrong_request_is_answered_with_the_place_to_correct(
    issuer: httpx.Client, form: dict[str, str], pointer: str
) -> None:
    answer = issuer.post("/token", data=form)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


def test_every_other_error_is_a_problem_too(issuer: httpx.Client) -> None:
    for answer, status in ((issuer.get("/token"), 405), (issuer.get("/nowhere"), 404)):
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"


def test_the_published_key_is_only_the_public_half(issuer: httpx.Client) -> None:
    (key,) = issuer.get("/jwks").json()["keys"]
    assert (key["kty"], key["crv"]) == ("EC", "P-256")
    assert "d" not in key


def test_tokens_stay_good_when_the_issuer_starts_again(tmp_path: Path) -> None:
    path = tmp_path / "issuer.json"
    with running(path) as client:
        before = client.get("/jwks").json()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with running(path, environment="test") as client:
        assert client.get("/jwks").json() == before


def test_issuers_that_start_together_share_one_key(tmp_path: Path) -> None:
    together = Barrier(8)

    def start_one(path: Path) -> ECKey:
        together.wait()
        return key_in(path)

    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(start_one, [tmp_path / "issuer.json"] * 8))
    assert len({key.thumbprint() for key in keys}) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["issuer.json"]
    assert json.loads((tmp_path / "issuer.json").read_text())["kid"] == keys[0].kid


@pytest.mark.parametrize(
    ("environment", "host", "told"),
    [
        ("production", "127.0.0.1", "KEHU_ENVIRONMENT=development"),
        (None, "127.0.0.1", "KEHU_ENVIRONMENT=development"),
        ("staging", "127.0.0.1", "KEHU_ENVIRONMENT=development"),
        ("development", "0.0.0.0", "--host 127.0.0.1"),
        ("test", "::", "--host 127.0.0.1"),
        ("development", "kehu.example", "--host 127.0.0.1"),
    ],
)
def test_it_refuses_in_one_sentence_to_start_where_it_must_not(
    environment: str | None, host: str, told: str, tmp_path: Path
) -> None:
    path = tmp_path / "issuer.json"
    process = start("--host", host, "--port", "0", "--key-file", str(path), environment=environment)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert told in said
    assert len(said.splitlines()) == 1
    assert not path.exists()


VERIFIER = "a-verifier-of-at-least-forty-three-characters-long"
REDIRECT = "http://127.0.0.1:9/auth/callback"


def sign_in(**changes: str) -> dict[str, str]:
    challenge = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
    return {
        "response_type": "code",
        "client_id": "console",
        "redirect_uri": REDIRECT,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        "state": "s1",
        "nonce": "n1",
        **changes,
    }


def exchanged(issuer: httpx.Client, code: str, **changes: str) -> httpx.Response:
    form = {
        "grant_type": "authorization_code",
        "client_id": "console",
        "redirect_uri": REDIRECT,
        "code": code,
        "code_verifier": VERIFIER,
    }
    return issuer.post("/token", data=form | changes)


def renew(issuer: httpx.Client, refresh_token: str) -> httpx.Response:
    form = {"grant_type": "refresh_token", "client_id": "console", "refresh_token": refresh_token}
    return issuer.post("/token", data=form)


def code_for(issuer: httpx.Client, **changes: str) -> str:
    sent = issuer.get("/authorize", params=sign_in(sub="gm-1", grants="general_manager@sh-pudong", **changes))
    assert sent.status_code == 302, sent.text
    address = urlsplit(sent.headers["location"])
    said = dict(parse_qsl(address.query))
    assert sent.headers["location"].startswith(REDIRECT)
    assert said["state"] == "s1"
    return said["code"]


def test_who_signs_in_chooses_as_whom(issuer: httpx.Client) -> None:
    page = issuer.get("/authorize", params=sign_in(state='"><script>alert(1)</script>'))
    assert page.status_code == 200
    assert 'value="agent-7"' in page.text
    assert "<script>" not in page.text


async def test_a_code_is_good_for_tokens_once(issuer: httpx.Client) -> None:
    code = code_for(issuer)
    given = exchanged(issuer, code)
    assert given.status_code == 200, given.text
    tokens = given.json()
    address = str(issuer.base_url).rstrip("/")
    async with httpx.AsyncClient() as http:
        principal = await Verifier([Issuer(issuer=address)], http=http).verify(tokens["access_token"])
    assert (principal.subject, principal.grants) == ("gm-1", {Grant(Role.GENERAL_MANAGER, "sh-pudong")})
    assert exchanged(issuer, code).status_code == 409
    renewed = renew(issuer, tokens["refresh_token"])
    assert renewed.status_code == 200, renewed.text
    assert renew(issuer, tokens["refresh_token"]).status_code == 409


async def test_a_refresh_token_is_no_access_token(issuer: httpx.Client) -> None:
    tokens = exchanged(issuer, code_for(issuer)).json()
    address = str(issuer.base_url).rstrip("/")
    async with httpx.AsyncClient() as http:
        verifier = Verifier([Issuer(issuer=address)], http=http)
        for name in ("refresh_token", "id_token"):
            with pytest.raises(TokenRefused):
                await verifier.verify(tokens[name])


@pytest.mark.parametrize(
    "changes",
    [{"code_verifier": "another-verifier-of-at-least-forty-three-chars"}, {"client_id": "x"}, {"redirect_uri": "x"}],
)
def test_a_code_is_good_for_its_own_sign_in_only(issuer: httpx.Client, changes: dict[str, str]) -> None:
    assert exchanged(issuer, code_for(issuer), **changes).status_code == 409


@pytest.mark.parametrize(
    "changes",
    [{"redirect_uri": "https://evil.example/"}, {"code_challenge_method": "plain"}, {"response_type": "token"}],
)
def test_a_sign_in_that_is_not_safe_is_refused(issuer: httpx.Client, changes: dict[str, str]) -> None:
    assert issuer.get("/authorize", params=sign_in(sub="gm-1", **changes)).status_code == 422
