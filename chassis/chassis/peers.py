"""Calls to other services over HTTP, under this service's own token: from jobs and screens, never in a transaction."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

import httpx
from contracts.roles import Scope

from chassis import telemetry
from chassis.problems import Busy
from chassis.settings import Settings

#: seconds a peer may take to answer, in all
PATIENCE = 10.0
#: seconds before its end at which a token is no longer used
MARGIN = 30.0


@cache
def trusted() -> ssl.SSLContext:
    """Which certificates are trusted, for every client of the process: reading them takes 50 ms of CPU."""
    return httpx.create_ssl_context()


class PeerAway(Busy):
    """Another service does not answer now; a job tries again by its schedule, a screen shows what it has."""

    title = "Another service does not answer"
    zh = "所需的服务暂时没有响应，已输入的内容保留在本页。请稍后重试。"


class Peers:
    """The other services, by name. One a process: `runtime.peers`."""

    def __init__(self, name: str, settings: Settings) -> None:
        self._name = name
        self._settings = settings
        self._client = httpx.AsyncClient(timeout=PATIENCE, verify=trusted())
        self._tokens: dict[Scope, tuple[str, float]] = {}
        self._asking = asyncio.Lock()

    async def get(self, peer: str, path: str, *, scope: Scope, params: Mapping[str, Any] | None = None) -> Any:
        """What the peer answers as JSON; `PeerAway` when it does not, httpx.HTTPStatusError when it refuses."""
        return (await self._call("GET", peer, path, scope=scope, params=params)).json()

    async def post(self, peer: str, path: str, body: Any, *, scope: Scope, key: str | None = None) -> Any:
        """Post JSON and return the JSON that is answered; `key` makes a repetition safe. Errors as in `get`."""
        headers = {"Idempotency-Key": key} if key else {}
        return (await self._call("POST", peer, path, scope=scope, json=body, headers=headers)).json()

    @asynccontextmanager
    async def stream(self, peer: str, path: str, *, scope: Scope) -> AsyncIterator[httpx.Response]:
        """What the peer answers, its headers first, its body to be read piece by piece. Errors as in `get`."""
        headers = {"Authorization": f"Bearer {await self._token(scope)}", **_trace()}
        try:
            async with self._client.stream("GET", self._url(peer) + path, headers=headers) as answer:
                self._refuse(peer, answer)
                yield answer
        except httpx.TransportError as error:
            raise PeerAway(f"{peer} does not answer.", retry_after=5) from error

    async def close(self) -> None:
        await self._client.aclose()

    async def _call(self, method: str, peer: str, path: str, *, scope: Scope, **more: Any) -> httpx.Response:
        more["headers"] = {
            **more.get("headers", {}),
            "Authorization": f"Bearer {await self._token(scope)}",
            **_trace(),
        }
        try:
            async with asyncio.timeout(PATIENCE):
                answer = await self._client.request(method, self._url(peer) + path, **more)
        except (httpx.TransportError, TimeoutError) as error:
            raise PeerAway(f"{peer} does not answer.", retry_after=5) from error
        self._refuse(peer, answer)
        return answer

    @staticmethod
    def _refuse(peer: str, answer: httpx.Response) -> None:
        if answer.status_code >= 500 or answer.status_code == 429:
            raise PeerAway(f"{peer} answers {answer.status_code}.", retry_after=5)
        answer.raise_for_status()

    def _url(self, peer: str) -> str:
        if peer not in self._settings.peers:
            raise PeerAway(f"It is not configured where {peer} answers (KEHU_PEERS).", retry_after=60)
        return self._settings.peers[peer].rstrip("/")

    async def _token(self, scope: Scope) -> str:
        """A token of this service for one purpose, kept until shortly before its end."""
        async with self._asking:
            token, until = self._tokens.get(scope, ("", 0.0))
            if time.monotonic() < until:
                return token
            settings = self._settings
            if settings.token_endpoint is None:
                raise PeerAway("It is not configured where tokens are given (KEHU_TOKEN_ENDPOINT).", retry_after=60)
            secret = settings.client_secret_file.read_text().strip() if settings.client_secret_file else ""
            form = {"grant_type": "client_credentials", "client_id": f"service:{self._name}", "scope": scope.value}
            if secret:
                form["client_secret"] = secret
            try:
                answer = await self._client.post(settings.token_endpoint, data=form)
                answer.raise_for_status()
            except httpx.HTTPError as error:
                raise PeerAway("The identity provider gives no token now.", retry_after=5) from error
            given = answer.json()
            self._tokens[scope] = (given["access_token"], time.monotonic() + given.get("expires_in", 300) - MARGIN)
            return self._tokens[scope][0]


def _trace() -> dict[str, str]:
    parent = telemetry.traceparent_now()
    return {} if parent is None else {"traceparent": parent}
