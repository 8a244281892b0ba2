"""Who sends a request: bearer tokens of any OpenID provider, checked against the keys it publishes."""

from __future__ import annotations

import asyncio
import base64
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import orjson
import structlog
from contracts.roles import Role
from joserfc import jwk, jwt
from joserfc.errors import ExpiredTokenError, InvalidClaimError, JoseError, MissingClaimError, SecurityWarning
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry
from pydantic import BaseModel

from chassis.problems import Busy, Unauthenticated
from chassis.settings import Issuer

log = structlog.get_logger()

#: signatures that only the holder of a private key can make: never `none`, never HS*
ALGORITHMS = ("ES256", "ES384", "RS256", "PS256", "Ed25519", "EdDSA")
LONGEST_TOKEN = 8192
LEEWAY = 30
MOST_CACHED = 20_000
#: seconds until a known token is checked again, so that a withdrawn key does not live on in the cache
CHECKED_FOR = 300.0
#: seconds after which the keys of a provider are read again
KEYS_FRESH = 600.0
#: seconds between two readings, whatever unknown keys are named
PAUSE = 10.0
#: seconds a provider may take to give its keys
PATIENCE = 5.0

# providers still sign with this name of Ed25519, which RFC 9864 replaces
warnings.filterwarnings("ignore", "EdDSA is deprecated", SecurityWarning)
# header fields that are not known are ignored (RFC 7515, 4), except those named in `crit`
_registry = JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)

Key = ECKey | RSAKey | OKPKey


class TokenRefused(Unauthenticated):
    """The token proves nothing here; get another one."""

    zh = "登录凭证无效。请重新登录后再办理。"
    challenge = 'Bearer realm="kehu", error="invalid_token"'


class TokenExpired(TokenRefused):
    """The token was good until a moment ago; get a new one."""

    zh = "登录已过期。请重新登录后再办理。"


@dataclass(frozen=True, slots=True)
class Grant:
    """A role at a place: a branch, a department, or `group` for everywhere."""

    role: Role
    place: str


@dataclass(frozen=True, slots=True)
class Delegated(Grant):
    """A role that is held for somebody else: it opens nothing that is closed to them (P12.2)."""

    on_behalf_of: str


@dataclass(frozen=True, slots=True)
class Principal:
    """Who sends a request, and what was granted to them.

    A machine acts for itself, not for a person: its `scopes` say what it may do, and roles only where staff has
    entered it as it enters people. `expires_at` is in seconds since the epoch.
    """

    subject: str
    issuer: str
    grants: frozenset[Grant]
    scopes: frozenset[str]
    expires_at: float
    machine: bool = False


_ROLES = {role.value: role for role in Role}


def grants_of(claims: Mapping[str, Any]) -> frozenset[Grant]:
    """The grants a token carries: `kehu_grants`, a list of `role@place`; an unknown role grants nothing."""
    listed = claims.get("kehu_grants", [])
    if not isinstance(listed, list) or not all(isinstance(entry, str) for entry in listed):
        raise TokenRefused("The claim kehu_grants must be a list of texts. Correct it at the provider.")
    parted = [entry.partition("@") for entry in listed]
    if not all(role and place for role, _, place in parted):
        raise TokenRefused("Each entry of kehu_grants must be role@place. Correct it at the provider.")
    return frozenset(Grant(_ROLES[role], place) for role, _, place in parted if role in _ROLES)


class Verifier:
    """Checks tokens, and remembers those that passed."""

    def __init__(
        self, issuers: Sequence[Issuer], *, http: httpx.AsyncClient, clock: Callable[[], float] = time.time
    ) -> None:
        self._providers = {issuer.issuer: Provider(issuer, http, clock) for issuer in issuers}
        self._clock = clock
        self._checked: dict[str, tuple[float, Principal]] = {}

    def cached(self, token: str) -> Principal | None:
        """The principal of a token that passed a short time ago and has not expired; no I/O, no cryptography."""
        found = self._checked.get(token)
        if found is None:
            return None
        until, principal = found
        if until <= self._clock():
            del self._checked[token]
            return None
        return principal

    async def verify(self, token: str) -> Principal:
        """The principal of a token.

        Raises `TokenRefused`, or `Busy` while the provider cannot be asked for the key that the token names.
        """
        if len(token) > LONGEST_TOKEN:
            raise TokenRefused(f"The token is longer than {LONGEST_TOKEN} characters. Ask for fewer claims.")
        header, claims = _unverified(token)
        provider = self._providers.get(str(claims.get("iss")))
        if provider is None:
            raise TokenRefused("The token comes from a provider that is not accepted here. Use another one.")
        key = await provider.key(header.get("kid"))
        try:
            claims = jwt.decode(token, key, registry=_registry).claims
        except (JoseError, ValueError):
            raise TokenRefused("The signature of the token is not its provider's. Get a new one.") from None
        principal = self._principal(claims, provider.issuer)
        if len(self._checked) >= MOST_CACHED:
            del self._checked[next(iter(self._checked))]
        now = self._clock()
        self._checked[token] = min(principal.expires_at, now + CHECKED_FOR), principal
        return principal

    def _principal(self, claims: dict[str, Any], issuer: Issuer) -> Principal:
        rules = jwt.JWTClaimsRegistry(
            now=int(self._clock()),
            leeway=LEEWAY,
            iss={"essential": True, "value": issuer.issuer},
            aud={"essential": True, "value": issuer.audience},
            sub={"essential": True},
            exp={"essential": True},
        )
        try:
            rules.validate(claims)
        except ExpiredTokenError:
            raise TokenExpired("The token has expired. Get a new one.") from None
        except (InvalidClaimError, MissingClaimError) as error:
            raise TokenRefused(_CLAIMS.get(error.claim, "The claims of the token are not valid.")) from None
        scope = claims.get("scope")
        return Principal(
            subject=claims["sub"],
            issuer=issuer.issuer,
            grants=grants_of(claims),
            scopes=frozenset(scope.split()) if isinstance(scope, str) else frozenset(),
            expires_at=claims["exp"],
            machine=claims.get("client_id") == claims["sub"],  # RFC 9068, 2.2: no person is behind it
        )


_CLAIMS = {
    "aud": "The token is for another service. Ask for one with the audience of this one.",
    "nbf": "The token is not valid yet. Wait, or set the clocks.",
    "iat": "The token was issued in the future. Set the clocks.",
    "sub": "The token does not say whose it is (claim sub). Correct it at the provider.",
    "exp": "The token has no end (claim exp). Correct it at the provider.",
}


def _unverified(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims before any check: only to know which provider and key to ask for."""
    try:
        header, claims = (
            orjson.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))) for part in token.split(".")[:2]
        )
    except ValueError:
        header = claims = None
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise TokenRefused("This is not a signed JWT. Send the access token of your identity provider.")
    return header, claims


# -- the keys of a provider ----------------------------------------------------------------------


class _Discovery(BaseModel):
    issuer: str
    jwks_uri: str


class _KeySet(BaseModel):
    keys: list[dict[str, Any]]


class Provider:
    """One OpenID provider and the keys it published when it was last asked.

    Keys are read again when they are old, in the background, and when a token names one that is not known,
    by one request for all who wait for it. While the provider is down the keys it had stay good.
    """

    def __init__(self, issuer: Issuer, http: httpx.AsyncClient, clock: Callable[[], float]) -> None:
        self.issuer = issuer
        self._http = http
        self._clock = clock
        self._keys: dict[str | None, Key] = {}
        self._asked_at: float | None = None
        self._answered = False
        self._reading: asyncio.Task[None] | None = None

    async def key(self, kid: object) -> Key:
        """The key of that id; without an id the only key there is."""
        key = self._known(kid)
        if key is None:
            if self._older_than(PAUSE):
                self._read()
            if self._reading is not None:
                await asyncio.shield(self._reading)
            key = self._known(kid)
        elif self._older_than(KEYS_FRESH if self._answered else PAUSE):
            self._read()
        if key is not None:
            return key
        if not self._answered:
            raise Busy("The identity provider does not answer. Send the request again.", retry_after=int(PAUSE))
        raise TokenRefused("The token names a key that its provider does not publish. Get a new one.")

    def _known(self, kid: object) -> Key | None:
        if kid is None and len(self._keys) == 1:
            return next(iter(self._keys.values()))
        return self._keys.get(kid) if isinstance(kid, str) else None

    def _older_than(self, seconds: float) -> bool:
        # a clock set back must not keep old keys
        return self._asked_at is None or not 0 <= self._clock() - self._asked_at < seconds

    def _read(self) -> None:
        if self._reading is None:
            self._asked_at = self._clock()
            self._reading = asyncio.create_task(self._ask())

    async def _ask(self) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                self._keys = await self._published()
            self._answered = True
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError) as error:
            self._answered = False
            name = type(error).__name__
            log.warning("identity provider not read", issuer=self.issuer.issuer, error=name)
        finally:
            self._reading = None

    async def _published(self) -> dict[str | None, Key]:
        uri = self.issuer.jwks_uri
        if uri is None:
            place = self.issuer.issuer.rstrip("/") + "/.well-known/openid-configuration"
            found = _Discovery.model_validate_json(await self._get(place))
            if found.issuer != self.issuer.issuer:
                raise ValueError("the discovery document is another issuer's")
            uri = found.jwks_uri
        keys = [_signing_key(key) for key in _KeySet.model_validate_json(await self._get(uri)).keys]
        by_id: dict[str | None, Key] = {key.kid: key for key in keys if key is not None}
        if not by_id:
            raise ValueError("no key to check signatures with")
        return by_id

    async def _get(self, uri: str) -> bytes:
        return (await self._http.get(uri)).raise_for_status().content


def _signing_key(published: dict[str, Any]) -> Key | None:
    """The key, if it is one that checks signatures; a provider may publish others beside it."""
    if published.get("use", "sig") != "sig":
        return None
    try:
        key = jwk.import_key(published)
    except (JoseError, ValueError, TypeError, KeyError):  # of a kind or curve that the library has not
        return None
    return key if isinstance(key, Key) else None
