"""Who sends a request: bearer tokens of any OpenID provider, checked against its published keys."""

from __future__ import annotations

import asyncio
import base64
import binascii
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import orjson
import structlog
from contracts.roles import Role
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from chassis.problems import Busy, Unauthenticated
from chassis.settings import Issuer

log = structlog.get_logger()

ALGORITHMS = ["ES256", "ES384", "RS256", "PS256", "EdDSA"]
LEEWAY = 30
LONGEST_TOKEN = 8192
MOST_CACHED = 20_000
REFRESH_PAUSE = 10.0


@dataclass(frozen=True, slots=True)
class Grant:
    """A role at a place: a branch, a department, or `group` for everywhere."""

    role: Role
    place: str


@dataclass(frozen=True, slots=True)
class Principal:
    """Who sends a request, and what was granted to them."""

    subject: str
    issuer: str
    grants: frozenset[Grant]
    scopes: frozenset[str]
    expires_at: float


def grants_of(claims: Mapping[str, Any]) -> frozenset[Grant]:
    """The grants a token carries in `kehu_grants`, each written `role@place`; unknown roles give nothing."""
    listed = claims.get("kehu_grants", [])
    found = set()
    for text in listed if isinstance(listed, list) else []:
        role, _, place = str(text).partition("@")
        if place and role in Role.__members__.values():
            found.add(Grant(Role(role), place))
    return frozenset(found)


class Provider:
    """One OpenID provider: where its keys are, and the keys as last read."""

    def __init__(self, issuer: Issuer, http: httpx.AsyncClient) -> None:
        self.issuer = issuer
        self._http = http
        self._keys: KeySet | None = None
        self._read_at = -REFRESH_PAUSE
        self._reading = asyncio.Lock()

    async def keys(self, kid: str | None) -> KeySet:
        """The provider's keys, read again when `kid` is not among them, at most every few seconds.

        A provider that is down keeps the keys it had; one that never answered is `Busy`.
        """
        if self._has(kid):
            assert self._keys is not None
            return self._keys
        async with self._reading:
            if not self._has(kid) and time.monotonic() - self._read_at >= REFRESH_PAUSE:
                self._read_at = time.monotonic()
                await self._read()
        if self._keys is None:
            raise Busy("The identity provider does not answer. Try again in a moment.", retry_after=5)
        return self._keys

    def _has(self, kid: str | None) -> bool:
        return self._keys is not None and (kid is None or any(key.kid == kid for key in self._keys.keys))

    async def _read(self) -> None:
        try:
            uri = self.issuer.jwks_uri
            if uri is None:
                place = self.issuer.issuer.rstrip("/") + "/.well-known/openid-configuration"
                uri = (await self._http.get(place)).raise_for_status().json()["jwks_uri"]
            self._keys = KeySet.import_key_set((await self._http.get(uri)).raise_for_status().json())
        except (httpx.HTTPError, JoseError, ValueError, KeyError) as error:
            log.warning("keys of the identity provider not read", error=type(error).__name__)


class Verifier:
    """Checks tokens; those that were checked are remembered until they expire."""

    def __init__(
        self, issuers: Sequence[Issuer], *, http: httpx.AsyncClient, clock: Callable[[], float] = time.time
    ) -> None:
        self._providers = {issuer.issuer: Provider(issuer, http) for issuer in issuers}
        self._clock = clock
        self._known: dict[str, Principal] = {}

    def cached(self, token: str) -> Principal | None:
        """The principal of a token that was checked before and is still valid."""
        principal = self._known.get(token)
        if principal is None:
            return None
        if principal.expires_at <= self._clock():
            del self._known[token]
            return None
        return principal

    async def verify(self, token: str) -> Principal:
        """The principal of a token; `Unauthenticated` says what is wrong with it."""
        if len(token) > LONGEST_TOKEN:
            raise Unauthenticated("The token is too long.")
        header, claimed = _unverified(token)
        provider = self._providers.get(str(claimed.get("iss")))
        if provider is None:
            raise Unauthenticated("The token comes from a provider that is not accepted here.")
        kid = header.get("kid")
        keys = await provider.keys(kid if isinstance(kid, str) else None)
        try:
            claims = jwt.decode(token, keys, algorithms=ALGORITHMS).claims
        except (JoseError, ValueError):
            raise Unauthenticated("The token is not signed by its provider. Fetch a new one.") from None
        principal = self._principal(claims, provider.issuer)
        if len(self._known) >= MOST_CACHED:
            self._known.pop(next(iter(self._known)))
        self._known[token] = principal
        return principal

    def _principal(self, claims: Mapping[str, Any], issuer: Issuer) -> Principal:
        now = self._clock()
        expires, begins, subject = claims.get("exp"), claims.get("nbf", 0), claims.get("sub")
        audience = claims.get("aud", [])
        if not isinstance(expires, int | float) or expires <= now - LEEWAY:
            raise Unauthenticated("The token has expired. Fetch a new one.")
        if not isinstance(begins, int | float) or begins > now + LEEWAY:
            raise Unauthenticated("The token is not valid yet. Check the clocks.")
        if issuer.audience not in (audience if isinstance(audience, list) else [audience]):
            raise Unauthenticated("The token is for somebody else. Fetch one for this service.")
        if not isinstance(subject, str) or not 1 <= len(subject) <= 200:
            raise Unauthenticated("The token does not say whose it is.")
        return Principal(
            subject=subject,
            issuer=issuer.issuer,
            grants=grants_of(claims),
            scopes=frozenset(str(claims.get("scope", "")).split()),
            expires_at=float(expires),
        )


def _unverified(token: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Header and claims before any check, to know whom to ask for the keys."""
    try:
        parts = token.split(".")
        if len(parts) != 3:
            raise ValueError("not three parts")
        header, claims = (
            orjson.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))) for part in parts[:2]
        )
    except (ValueError, binascii.Error):
        raise Unauthenticated("This is not a token of an OpenID provider (a signed JWT).") from None
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise Unauthenticated("This is not a token of an OpenID provider (a signed JWT).")
    return header, claims
