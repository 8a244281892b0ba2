"""Tokens: who sends a request is proven by the provider's keys alone, also while the provider is away."""

from __future__ import annotations

import asyncio
import base64
import hmac
import socket
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import orjson
import pytest
import uvicorn
from chassis.auth import (
    ALGORITHMS,
    CHECKED_FOR,
    KEYS_FRESH,
    LEEWAY,
    LONGEST_TOKEN,
    PAUSE,
    Grant,
    Key,
    TokenExpired,
    TokenRefused,
    Verifier,
)
from chassis.dev_issuer import mint
from chassis.kit.eventually import eventually
from chassis.problems import Busy
from chassis.settings import Issuer
from contracts.roles import Role
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry
from joserfc.registry import HeaderParameter
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from chassis import auth


def ec_key() -> ECKey:
    return ECKey.generate_key("P-256", auto_kid=True)


@dataclass
class Provider:
    """An OpenID provider on a real port whose ways can be changed."""

    address: str
    keys: list[dict[str, Any]]
    key: ECKey
    says_it_is: str = ""
    down: bool = False
    asked: Counter[str] = field(default_factory=Counter)
    goes_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def discovery(self, request: Request) -> Response:
        return await self._answer(
            request, {"issuer": self.says_it_is or self.address, "jwks_uri": f"{self.address}/keys"}
        )

    async def jwks(self, request: Request) -> Response:
        return await self._answer(request, {"keys": self.keys})

    async def _answer(self, request: Request, content: dict[str, Any]) -> Response:
        self.asked[request.url.path] += 1
        await self.goes_on.wait()
        return Response(status_code=503) if self.down else JSONResponse(content)

    def token(self, subject: str = "anna", **more: Any) -> str:
        return mint(more.pop("key", self.key), more.pop("issuer", self.address), subject, **more)

    def rotate(self) -> None:
        self.key = ec_key()
        self.keys = [self.key.as_dict(private=False)]


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    with socket.create_server(("127.0.0.1", 0)) as bound:
        key = ec_key()
        made = Provider(f"http://127.0.0.1:{bound.getsockname()[1]}", [key.as_dict(private=False)], key)
        made.goes_on.set()
        routes = [Route("/.well-known/openid-configuration", made.discovery), Route("/keys", made.jwks)]
        server = uvicorn.Server(uvicorn.Config(Starlette(routes=routes), log_config=None, lifespan="off"))
        serving = asyncio.create_task(server.serve(sockets=[bound]))
        yield made
        made.goes_on.set()
        server.should_exit = True
        await serving


class Clock:
    """A clock that goes on when it is told to."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def verifier(provider: Provider, clock: Clock) -> AsyncIterator[Verifier]:
    async with httpx.AsyncClient(timeout=None) as http:  # the verifier's own patience is what is tested
        yield Verifier([Issuer(issuer=provider.address)], http=http, clock=clock)


# -- who it is -----------------------------------------------------------------------------------


async def test_a_token_says_who_sends_the_request_and_what_was_granted(provider: Provider, verifier: Verifier) -> None:
    begun = int(time.time())
    token = provider.token("anna", grants=["call_centre@group", "department_head@branch-sh-01"])
    ended = time.time()
    principal = await verifier.verify(token)
    assert (principal.subject, principal.issuer) == ("anna", provider.address)
    assert principal.grants == {
        Grant(Role.CALL_CENTRE, "group"),
        Grant(Role.DEPARTMENT_HEAD, "branch-sh-01"),
    }
    assert begun + 3600 <= principal.expires_at <= ended + 3600
    assert not principal.machine


async def test_a_token_in_the_name_of_its_client_is_a_machines(provider: Provider, verifier: Verifier) -> None:
    principal = await verifier.verify(provider.token("factory", scopes=["complaint.detail", "openid"]))
    assert principal.machine
    assert principal.scopes == {"complaint.detail", "openid"}
    person = await verifier.verify(provider.token("anna", client_id="browser", scope="openid"))
    assert not person.machine


async def test_an_unknown_role_grants_nothing(provider: Provider, verifier: Verifier) -> None:
    principal = await verifier.verify(provider.token(grants=["emperor@group", "call_centre@group"]))
    assert principal.grants == {Grant(Role.CALL_CENTRE, "group")}


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_every_accepted_algorithm_is_verified(algorithm: str, provider: Provider, verifier: Verifier) -> None:
    key: Key
    if algorithm.startswith("ES"):
        key = ECKey.generate_key("P-256" if algorithm == "ES256" else "P-384", auto_kid=True)
    elif algorithm.startswith("Ed"):
        key = OKPKey.generate_key("Ed25519", auto_kid=True)
    else:
        key = RSAKey.generate_key(2048, auto_kid=True)
    provider.keys = [key.as_dict(private=False)]
    claims = {"iss": provider.address, "sub": "anna", "aud": "kehu", "exp": int(time.time()) + 60}
    token = jwt.encode({"alg": algorithm, "kid": str(key.kid)}, claims, key, algorithms=[algorithm])
    assert (await verifier.verify(token)).subject == "anna"
    head, _, signature = token.split(".")
    changed = base64.urlsafe_b64encode(orjson.dumps(claims | {"sub": "boss"})).decode().rstrip("=")
    with pytest.raises(TokenRefused):
        await verifier.verify(f"{head}.{changed}.{signature}")


# a sender's library that knows a header field which ours does not
EXTENDED = JWSRegistry({"x": HeaderParameter("an extension", "str")})


# -- what is refused -----------------------------------------------------------------------------


def unsigned(header: dict[str, Any], claims: dict[str, Any]) -> str:
    parts = [base64.urlsafe_b64encode(orjson.dumps(part)).decode().rstrip("=") for part in (header, claims)]
    return ".".join([*parts, ""])


def with_secret(header: dict[str, Any], claims: dict[str, Any], secret: bytes) -> str:
    """What an attacker makes of a published key: a token signed with it as if it were a shared secret."""
    signed = unsigned(header, claims)
    digest = hmac.digest(secret, signed.rstrip(".").encode(), "sha256")
    return signed + base64.urlsafe_b64encode(digest).decode().rstrip("=")


async def test_tokens_that_prove_nothing_are_refused(provider: Provider, verifier: Verifier) -> None:
    kid = str(provider.key.kid)
    claims = {"iss": provider.address, "sub": "anna", "aud": "kehu", "exp": int(time.time()) + 60}
    stranger = ec_key()
    posing = ECKey.import_key(stranger.as_dict(private=True) | {"kid": kid})
    own_key = {"alg": "ES256", "kid": kid, "jwk": stranger.as_dict(private=False)}
    own_url = {"alg": "ES256", "kid": kid, "jku": "https://stranger.example/keys"}

    def without(name: str) -> str:
        rest = {key: value for key, value in claims.items() if key != name}
        return jwt.encode({"alg": "ES256", "kid": kid}, rest, provider.key)

    for what, token in {
        "no signature": unsigned({"alg": "none", "kid": kid}, claims),
        "no signature, another spelling": unsigned({"alg": "None", "kid": kid}, claims),
        "the public key as a secret": with_secret(
            {"alg": "HS256", "kid": kid}, claims, provider.key.as_pem(private=False)
        ),
        "another key under its id": jwt.encode({"alg": "ES256", "kid": kid}, claims, posing),
        "a key that it brings along": jwt.encode(own_key, claims, stranger),
        "a key at an address that it names": jwt.encode(own_url, claims, stranger),
        "a key that nobody published": provider.token(key=stranger),
        "another provider": provider.token(issuer="https://elsewhere.example"),
        "a provider's name that is no text": provider.token(iss=["x"]),
        "another service": provider.token(aud="other"),
        "no service": provider.token(aud=None),
        "nobody": provider.token(sub=None),
        "an empty name": provider.token(""),
        "no end": provider.token(exp=None),
        **{f"no {name} at all": without(name) for name in ("iss", "aud", "sub", "exp")},
        "an end that is no number": provider.token(exp="tomorrow"),
        "an end that is no end": provider.token(exp=True),
        "not begun": provider.token(nbf=int(time.time()) + 3600),
        "issued in the future": provider.token(iat=int(time.time()) + 3600),
        "grants that are no list": provider.token(kehu_grants="call_centre@group"),
        "a grant without a place": provider.token(kehu_grants=["call_centre"]),
        "a grant without a role": provider.token(kehu_grants=["@group"]),
        "an extension that must be understood": jwt.encode(
            {"alg": "ES256", "kid": kid, "crit": ["x"], "x": "1"}, claims, provider.key, registry=EXTENDED
        ),
        "no token": "anna:secret",
        "nothing": "",
        "no JSON": "e30x.e30x.e30x",
        "other than an object": "WzFd.e30.e30",
        "far too long": provider.token(padding="x" * LONGEST_TOKEN),
    }.items():
        with pytest.raises(TokenRefused) as refused:
            await verifier.verify(token)
        assert refused.value.status == 401, what
        assert 'error="invalid_token"' in refused.value.headers["WWW-Authenticate"]
        assert verifier.cached(token) is None, what
        told = refused.value.detail
        assert "anna" not in told
        assert provider.address not in told, what


async def test_a_header_field_that_need_not_be_understood_does_no_harm(provider: Provider, verifier: Verifier) -> None:
    claims = {"iss": provider.address, "sub": "anna", "aud": ["kehu", "other"], "exp": int(time.time()) + 60}
    header = {"alg": "ES256", "kid": str(provider.key.kid), "x": "1"}
    token = jwt.encode(header, claims, provider.key, registry=EXTENDED)
    assert (await verifier.verify(token)).subject == "anna"


async def test_a_key_serves_only_the_algorithm_it_was_published_for(provider: Provider, verifier: Verifier) -> None:
    key = RSAKey.generate_key(2048, auto_kid=True)
    provider.keys = [key.as_dict(private=False, alg="RS256")]
    claims = {"iss": provider.address, "sub": "anna", "aud": "kehu", "exp": int(time.time()) + 60}
    for algorithm, good in (("RS256", True), ("PS256", False)):
        token = jwt.encode({"alg": algorithm, "kid": str(key.kid)}, claims, key, algorithms=[algorithm])
        if good:
            await verifier.verify(token)
        else:
            with pytest.raises(TokenRefused):
                await verifier.verify(token)


async def test_clocks_that_differ_a_little_refuse_nobody(provider: Provider, verifier: Verifier, clock: Clock) -> None:
    now = int(clock.now)
    await verifier.verify(provider.token(exp=now - LEEWAY + 5, nbf=now + LEEWAY - 5, iat=now + LEEWAY - 5))
    with pytest.raises(TokenExpired):
        await verifier.verify(provider.token(exp=now - LEEWAY - 5))


@given(data=st.lists(st.one_of(st.binary(max_size=60), st.text(max_size=60)), max_size=4))
async def test_no_text_at_all_makes_the_check_fail_otherwise_than_by_refusing(data: list[bytes | str]) -> None:
    parts = [base64.urlsafe_b64encode(d).decode() if isinstance(d, bytes) else d for d in data]
    http = httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(404)))
    with pytest.raises(TokenRefused):
        await Verifier([Issuer(issuer="x")], http=http).verify(".".join(parts))


# -- what is remembered --------------------------------------------------------------------------


async def test_a_token_that_passed_is_known_without_asking_anybody(provider: Provider, verifier: Verifier) -> None:
    token = provider.token()
    assert verifier.cached(token) is None
    principal = await verifier.verify(token)
    asked = provider.asked.total()
    assert verifier.cached(token) is principal
    await verifier.verify(provider.token("berta"))
    assert provider.asked.total() == asked


async def test_a_known_token_is_forgotten_when_it_expires(provider: Provider, verifier: Verifier, clock: Clock) -> None:
    token = provider.token(lifetime=60)
    clock.now = (await verifier.verify(token)).expires_at + 1
    assert verifier.cached(token) is None
    clock.now += LEEWAY
    with pytest.raises(TokenExpired):
        await verifier.verify(token)


async def test_only_so_many_tokens_are_remembered_the_newest_of_them(
    provider: Provider, verifier: Verifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auth, "MOST_CACHED", 3)
    tokens = [provider.token(f"person-{n}") for n in range(5)]
    for token in tokens:
        await verifier.verify(token)
    assert [verifier.cached(token) is not None for token in tokens] == [False, False, True, True, True]


# -- the provider's keys -------------------------------------------------------------------------


async def test_a_given_address_of_the_keys_spares_the_discovery(provider: Provider) -> None:
    issuer = Issuer(issuer=provider.address, jwks_uri=f"{provider.address}/keys")
    async with httpx.AsyncClient() as http:
        await Verifier([issuer], http=http).verify(provider.token())
    assert provider.asked == {"/keys": 1}


async def test_a_discovery_document_of_another_issuer_is_not_believed(provider: Provider, verifier: Verifier) -> None:
    provider.says_it_is = "https://elsewhere.example"
    with pytest.raises(Busy):
        await verifier.verify(provider.token())
    assert provider.asked["/keys"] == 0


async def test_many_who_come_at_once_cost_one_reading_of_the_keys(provider: Provider, verifier: Verifier) -> None:
    await asyncio.gather(*(verifier.verify(provider.token(f"person-{n}")) for n in range(20)))
    assert provider.asked == {"/.well-known/openid-configuration": 1, "/keys": 1}


async def test_who_gives_up_waiting_does_not_take_the_keys_from_the_others(
    provider: Provider, verifier: Verifier
) -> None:
    provider.goes_on.clear()
    impatient = asyncio.create_task(verifier.verify(provider.token("anna")))
    patient = asyncio.create_task(verifier.verify(provider.token("berta")))
    await eventually(lambda: provider.asked.total() == 1)
    impatient.cancel()
    provider.goes_on.set()
    assert (await patient).subject == "berta"
    assert provider.asked["/keys"] == 1


async def test_a_new_key_of_the_provider_is_found_by_the_first_token_it_signs(
    provider: Provider, verifier: Verifier, clock: Clock
) -> None:
    await verifier.verify(provider.token())
    clock.now += PAUSE
    provider.rotate()
    assert (await verifier.verify(provider.token("berta"))).subject == "berta"
    assert provider.asked["/keys"] == 2


async def test_tokens_with_invented_keys_do_not_make_the_provider_work(
    provider: Provider, verifier: Verifier, clock: Clock
) -> None:
    await verifier.verify(provider.token())
    for _ in range(10):
        with pytest.raises(TokenRefused):
            await verifier.verify(provider.token(key=ec_key()))
    assert provider.asked["/keys"] == 1
    clock.now += PAUSE
    for _ in range(10):
        with pytest.raises(TokenRefused):
            await verifier.verify(provider.token(key=ec_key()))
    assert provider.asked["/keys"] == 2


async def test_keys_stay_good_while_their_provider_is_down(
    provider: Provider, verifier: Verifier, clock: Clock
) -> None:
    await verifier.verify(provider.token(lifetime=12 * 3600))
    provider.down = True
    for _ in range(3):
        provider.asked.clear()
        clock.now += KEYS_FRESH
        assert (await verifier.verify(provider.token("berta", lifetime=12 * 3600))).subject == "berta"
        await eventually(lambda: provider.asked.total() == 1)
    clock.now += PAUSE
    with pytest.raises(Busy) as busy:
        await verifier.verify(provider.token(key=ec_key(), lifetime=12 * 3600))
    assert busy.value.headers["Retry-After"] == str(int(PAUSE))


async def test_a_provider_that_was_never_reached_is_asked_again_after_a_pause(
    provider: Provider, verifier: Verifier, clock: Clock
) -> None:
    provider.down = True
    for _ in range(3):
        with pytest.raises(Busy):
            await verifier.verify(provider.token())
    assert provider.asked.total() == 1
    provider.down = False
    clock.now += PAUSE
    assert (await verifier.verify(provider.token())).subject == "anna"


async def test_a_provider_that_never_answers_holds_nobody_up_for_long(
    provider: Provider, verifier: Verifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auth, "PATIENCE", 0.05)
    provider.goes_on.clear()
    with pytest.raises(Busy):
        await verifier.verify(provider.token())


async def test_a_withdrawn_key_stops_working_also_for_tokens_that_were_checked(
    provider: Provider, verifier: Verifier, clock: Clock
) -> None:
    stolen = provider.token("thief", lifetime=12 * 3600)
    await verifier.verify(stolen)
    provider.rotate()
    clock.now += max(KEYS_FRESH, CHECKED_FOR)
    assert verifier.cached(stolen) is None
    await verifier.verify(stolen)  # its age makes the keys be read again, behind this answer
    await eventually(lambda: provider.asked["/keys"] == 2)
    await verifier.verify(provider.token("berta", lifetime=12 * 3600))
    assert provider.asked["/keys"] == 2
    clock.now += CHECKED_FOR
    with pytest.raises(TokenRefused):
        await verifier.verify(stolen)


async def test_an_empty_key_set_is_a_mishap_and_takes_no_key_away(
    provider: Provider, verifier: Verifier, clock: Clock
) -> None:
    await verifier.verify(provider.token())
    provider.keys = []
    clock.now += PAUSE
    with pytest.raises(Busy):
        await verifier.verify(provider.token(key=ec_key()))
    assert (await verifier.verify(provider.token("berta"))).subject == "berta"


async def test_keys_for_other_ends_and_of_unknown_kinds_beside_the_signing_key_do_no_harm(
    provider: Provider, verifier: Verifier
) -> None:
    provider.keys[:0] = [
        ec_key().as_dict(private=False, use="enc"),
        {"kty": "EC", "crv": "brainpoolP256r1", "x": "AA", "y": "AA", "kid": "b"},
        {"kty": "LMS", "kid": "l"},
        {"kty": ["?"]},
        {"kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQ", "kid": "o"},
        {},
    ]
    assert (await verifier.verify(provider.token())).subject == "anna"
    claims = {"iss": provider.address, "sub": "anna", "aud": "kehu", "exp": int(time.time()) + 60}
    with pytest.raises(TokenRefused):
        await verifier.verify(with_secret({"alg": "HS256", "kid": "o"}, claims, b"secret-secret-secret"))


async def test_a_provider_with_one_signing_key_need_not_name_it(provider: Provider, verifier: Verifier) -> None:
    provider.keys.append(ec_key().as_dict(private=False, use="enc"))
    claims = {"iss": provider.address, "sub": "anna", "aud": "kehu", "exp": int(time.time()) + 60}
    token = jwt.encode({"alg": "ES256"}, claims, provider.key)
    assert (await verifier.verify(token)).subject == "anna"


async def test_two_providers_do_not_speak_for_each_other(provider: Provider) -> None:
    other = ec_key()
    async with httpx.AsyncClient() as http:
        issuers = [Issuer(issuer=provider.address), Issuer(issuer="https://other.example")]
        verifier = Verifier(issuers, http=http)
        with pytest.raises(TokenRefused):
            await verifier.verify(provider.token(key=other))
        with pytest.raises(Busy):
            await verifier.verify(provider.token(issuer="https://other.example"))
