"""The OpenID provider that people sign in at: where it is, codes for tokens, newer tokens for old ones."""

from __future__ import annotations

import base64
import time
from dataclasses import dataclass
from typing import Any

import httpx
import orjson
from chassis.auth import Principal, Verifier
from chassis.peers import PeerAway
from chassis.problems import Problem
from chassis.settings import Issuer
from pydantic import BaseModel, ValidationError

from console.session import SignedOut, Tokens
from console.settings import ConsoleSettings

#: seconds after which the discovery document is read again
FRESH = 600.0
PATIENCE = 10.0


class Discovery(BaseModel):
    """Where a provider answers."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str


class Given(BaseModel):
    """What the token endpoint answers."""

    access_token: str
    id_token: str | None = None
    refresh_token: str | None = None


@dataclass(frozen=True)
class SignedIn:
    """Who has signed in, with their tokens."""

    subject: str
    name: str
    tokens: Tokens


class Provider:
    """Talks to the provider; `PeerAway` while it does not answer, `SignedOut` when it refuses."""

    def __init__(self, settings: ConsoleSettings, http: httpx.AsyncClient, verifier: Verifier) -> None:
        self._settings = settings
        self._http = http
        self._verifier = verifier
        issuers = {one.issuer: one for one in settings.issuers}
        named = settings.sign_in_issuer or next(iter(issuers), None)
        self._issuer = named
        known = issuers.get(named or "")
        jwks = known.jwks_uri if known else None
        own = [Issuer(issuer=named, audience=settings.sign_in_client_id, jwks_uri=jwks)] if named else []
        self._identities = Verifier(own, http=http)
        self._discovery: tuple[float, Discovery] | None = None

    @property
    def redirect_uri(self) -> str:
        """Where the provider sends the browser back to."""
        return f"{self._settings.console_url}/auth/callback"

    async def discovery(self) -> Discovery:
        """Where the provider answers, read again now and then."""
        if self._issuer is None:
            raise PeerAway("It is not configured where people sign in (KEHU_ISSUERS).", retry_after=60)
        if self._discovery is None or self._discovery[0] < time.monotonic():
            place = self._issuer.rstrip("/") + "/.well-known/openid-configuration"
            try:
                answer = (await self._http.get(place, timeout=PATIENCE)).raise_for_status()
                found = Discovery.model_validate_json(answer.content)
            except (httpx.HTTPError, ValidationError) as error:
                raise PeerAway("The identity provider does not answer.", retry_after=5) from error
            if found.issuer != self._issuer:
                raise PeerAway("The identity provider calls itself by another name than configured.", retry_after=60)
            self._discovery = time.monotonic() + FRESH, found
        return self._discovery[1]

    async def authorize_url(self) -> str:
        """Where a browser goes to sign in."""
        return self._settings.sign_in_authorize_url or (await self.discovery()).authorization_endpoint

    async def exchange(self, code: str, code_verifier: str, nonce: str) -> SignedIn:
        """Who stands behind a code: both tokens are checked, and say the same person."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": self.redirect_uri}
        given = await self._ask({**form, "code_verifier": code_verifier})
        if given.id_token is None:
            raise SignedOut("The identity provider does not say who signed in (no id_token). Ask its administrator.")
        who = await self._identities.verify(given.id_token)
        claims = _claims(given.id_token)
        if claims.get("nonce") != nonce:
            raise SignedOut("The answer of the identity provider belongs to another sign-in. Sign in again.")
        acting = await self._verifier.verify(given.access_token)
        if (acting.subject, acting.issuer) != (who.subject, who.issuer) or acting.machine:
            raise SignedOut("The tokens of the identity provider are not one person's. Ask its administrator.")
        name = claims.get("name") or claims.get("preferred_username") or who.subject
        return SignedIn(who.subject, str(name)[:100], _tokens(given, acting))

    async def renew(self, refresh: str, subject: str) -> Tokens:
        """Newer tokens of the same person."""
        given = await self._ask({"grant_type": "refresh_token", "refresh_token": refresh})
        acting = await self._verifier.verify(given.access_token)
        if acting.subject != subject:
            raise SignedOut("The identity provider answered with another person's token. Sign in again.")
        tokens = _tokens(given, acting)
        return tokens if tokens.refresh else Tokens(tokens.access, refresh, tokens.expires_at)

    async def _ask(self, form: dict[str, str]) -> Given:
        form = {**form, "client_id": self._settings.sign_in_client_id}
        if self._settings.sign_in_client_secret_file is not None:
            form["client_secret"] = self._settings.sign_in_client_secret_file.read_text().strip()
        place = (await self.discovery()).token_endpoint
        try:
            answer = await self._http.post(place, data=form, timeout=PATIENCE)
        except httpx.TransportError as error:
            raise PeerAway("The identity provider does not answer.", retry_after=5) from error
        if answer.status_code >= 500:
            raise PeerAway("The identity provider does not answer.", retry_after=5)
        try:
            return Given.model_validate_json(answer.raise_for_status().content)
        except (httpx.HTTPStatusError, ValidationError):
            raise SignedOut("The identity provider did not let the sign-in pass. Sign in again.") from None


def _tokens(given: Given, acting: Principal) -> Tokens:
    return Tokens(given.access_token, given.refresh_token, acting.expires_at)


def _claims(token: str) -> dict[str, Any]:
    """What a token says whose signature has been checked."""
    part = token.split(".")[1]
    found: dict[str, Any] = orjson.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


def slug(problem: Problem) -> str:
    """What the page after a failed sign-in is told: the kind of problem, no words of it."""
    return problem.type().rpartition("/")[2]
