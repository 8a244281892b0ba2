"""Calls to other services: under a token of their own, kept while it is good; away is said as away."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import parse_qs

import httpx
import pytest
from chassis.kit.counterpart import Reply, Request, answered, counterpart
from chassis.peers import PeerAway, Peers
from chassis.settings import Settings
from contracts.roles import Scope


@asynccontextmanager
async def peers(seen: list[Request], reply: Reply | None = None) -> AsyncIterator[Peers]:
    """`staff` and the identity provider at one address; what they were asked."""

    def answer(request: Request) -> Reply | None:
        seen.append(request)
        if request.path == "/token":
            return answered({"access_token": f"t{len(seen)}", "expires_in": 300})
        return reply or answered({"asked": request.path})

    async with counterpart(answer) as address:
        settings = Settings.model_construct(peers={"staff": address}, token_endpoint=f"{address}/token")
        peers = Peers("notify", settings)
        try:
            yield peers
        finally:
            await peers.close()


async def test_a_token_is_asked_for_once_a_purpose_and_names_the_service() -> None:
    seen: list[Request] = []
    async with peers(seen) as peer:
        assert await peer.get("staff", "/v1/people/1", scope=Scope.STAFF_REACH) == {"asked": "/v1/people/1"}
        await peer.post("staff", "/v1/people", {}, scope=Scope.STAFF_REACH, key="once")
    token, first, second = seen
    asked = parse_qs(token.body.decode())
    assert asked == {
        "grant_type": ["client_credentials"],
        "client_id": ["service:notify"],
        "scope": ["staff.reach"],
    }
    assert first.headers["authorization"] == second.headers["authorization"] == "Bearer t1"
    assert second.headers["idempotency-key"] == "once"


@pytest.mark.parametrize("status", [500, 503, 429])
async def test_a_peer_that_cannot_now_is_away(status: int) -> None:
    async with peers([], Reply(status)) as peer:
        with pytest.raises(PeerAway):
            await peer.get("staff", "/v1/people/1", scope=Scope.STAFF_REACH)


async def test_a_refusal_is_the_callers_fault_and_said_as_it_is() -> None:
    async with peers([], Reply(404)) as peer:
        with pytest.raises(httpx.HTTPStatusError):
            await peer.get("staff", "/v1/people/1", scope=Scope.STAFF_REACH)


async def test_who_is_not_configured_or_does_not_listen_is_away() -> None:
    settings = Settings.model_construct(
        peers={"staff": "http://127.0.0.1:1"}, token_endpoint="http://127.0.0.1:1/token"
    )
    peer = Peers("notify", settings)
    for name in ("archive", "staff"):
        with pytest.raises(PeerAway):
            await peer.get(name, "/v1/x", scope=Scope.STAFF_REACH)
    await peer.close()
