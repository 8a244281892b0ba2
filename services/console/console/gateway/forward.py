"""Passes a browser's request on to a service under the person's own token, and the answer back as it comes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import unquote

import httpx
from chassis.peers import PeerAway
from chassis.problems import NotFound
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from chassis import telemetry
from console.session import Sessions, cookie_name
from console.settings import ConsoleSettings

RULES = ("P05.15",)

#: what of a request goes on; everything else, cookies first, ends here
PASSED = (
    "accept", "accept-language", "content-type", "content-length", "idempotency-key", "if-match", "if-none-match",
    "last-event-id", "range",
)  # fmt: skip
#: what of an answer does not come back (RFC 9110, 7.6.1), nor what would set the browser's state; where it leads on
#: comes back as browsers reach it, and not when that is elsewhere
KEPT_BACK = (
    "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer", "transfer-encoding",
    "upgrade", "set-cookie", "www-authenticate", "server", "strict-transport-security", "content-security-policy",
    "location",
)  # fmt: skip
CONNECT_SECONDS = 3.0


class Gateway:
    """One a process: its connections to the services are kept open."""

    def __init__(self, settings: ConsoleSettings, sessions: Sessions, http: httpx.AsyncClient) -> None:
        self._settings = settings
        self._sessions = sessions
        self._http = http

    async def forward(self, request: Request, service: str, path: str) -> Response:
        """What the service answers, streamed; `PeerAway` when it does not.

        `path` is as it was sent, still escaped.
        """
        streams = "text/event-stream" in request.headers.get("accept", "")
        session = await self._sessions.of(request.cookies.get(cookie_name(self._settings)), used=not streams)
        url = self._address(service, path)
        if request.url.query:
            url += f"?{request.url.query}"
        headers = [(name, value) for name, value in request.headers.items() if name in PASSED]
        headers.append(("authorization", f"Bearer {session.tokens.access}"))
        if (parent := telemetry.traceparent_now()) is not None:
            headers.append(("traceparent", parent))
        has_body = "content-length" in request.headers or "transfer-encoding" in request.headers
        body = request.stream() if has_body else None
        asked = self._http.build_request(request.method, url, headers=headers, content=body)
        asked.extensions["timeout"] = httpx.Timeout(self._settings.gateway_seconds, connect=CONNECT_SECONDS).as_dict()
        try:
            answer = await self._http.send(asked, stream=True)
        except httpx.TransportError as error:
            raise PeerAway(f"{service} does not answer. What you entered is kept: try again.", retry_after=3) from error
        back = StreamingResponse(_pieces(answer), status_code=answer.status_code)
        back.raw_headers = [
            (name.lower(), value) for name, value in answer.headers.raw if name.lower().decode() not in KEPT_BACK
        ]
        if answer.headers.get("location", "").startswith("/v1/"):
            back.headers["location"] = f"/api/{service}{answer.headers['location']}"
        if "cache-control" not in answer.headers:
            back.headers["cache-control"] = "no-store"
        return back

    def _address(self, service: str, path: str) -> str:
        """Where the service answers; 404 for what browsers may not ask."""
        segments = unquote(unquote(path)).replace("\\", "/").split("/")
        place = self._settings.peers.get(service)
        if service not in self._settings.gateway_services or place is None:
            raise NotFound("There is no such service here, or none that browsers may ask.")
        if not path.startswith("v1/") or ".." in segments or "." in segments:
            raise NotFound("There is nothing at this address.")
        return f"{place.rstrip('/')}/{path}"


async def _pieces(answer: httpx.Response) -> AsyncIterator[bytes]:
    """The body as it comes, still in its encoding; the connection is given back however it ends."""
    try:
        async for piece in answer.aiter_raw():
            yield piece
    finally:
        await answer.aclose()
