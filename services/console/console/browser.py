"""What a browser meets: pages, sign-in, and the way to the services; one answer's headers for all of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass

from chassis.http import App, Receive, Scope, Send
from chassis.problems import Problem, response
from starlette.requests import Request
from starlette.responses import Response

from console.gateway.forward import Gateway
from console.gateway.same_origin import refuse_foreign
from console.pages.serve_pages import Pages
from console.session import Sessions
from console.settings import ConsoleSettings
from console.signin.show_session import show_session
from console.signin.sign_in import SignIn
from console.signin.sign_out import sign_out

#: what the service's own API keeps for itself
OWN = ("/v1/", "/livez", "/readyz", "/openapi.json")
#: on every answer; a page says more itself
HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
}


@dataclass(frozen=True)
class Place:
    """What metrics and the log call a request, so that no id of an address gets into a label."""

    path: str


class Browser:
    """The application of browsers, an ASGI function."""

    def __init__(
        self, settings: ConsoleSettings, sessions: Sessions, sign_in: SignIn, gateway: Gateway, pages: Pages
    ) -> None:
        self._settings = settings
        self._sessions = sessions
        self._sign_in = sign_in
        self._gateway = gateway
        self._pages = pages
        self._auth: dict[tuple[str, str], Callable[[Request], Awaitable[Response]]] = {
            ("GET", "/auth/sign-in"): sign_in.begin,
            ("GET", "/auth/callback"): sign_in.finish,
            ("GET", "/auth/session"): lambda request: show_session(request, settings, sessions),
            ("POST", "/auth/sign-out"): lambda request: sign_out(request, settings, sessions),
        }
        self._headers = HEADERS
        if settings.secure:
            self._headers = {**HEADERS, "strict-transport-security": "max-age=31536000"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)

        async def guarded(message: Scope) -> None:
            if message["type"] == "http.response.start":
                present = {name.lower() for name, _ in message["headers"]}
                more = ((name.encode(), value.encode()) for name, value in self._headers.items())
                added = [(name, value) for name, value in more if name not in present]
                message = {**message, "headers": [*message["headers"], *added]}
            await send(message)

        try:
            answer = await self._answer(request, scope)
        except Problem as problem:
            answer = response(problem, scope["path"])
        await answer(scope, receive, guarded)

    async def _answer(self, request: Request, scope: Scope) -> Response:
        refuse_foreign(request, self._settings)
        path: str = scope["path"]
        if path.startswith("/api/"):
            sent = scope.get("raw_path", path.encode()).decode("latin-1").partition("?")[0]
            service, _, rest = sent.removeprefix("/api/").partition("/")
            scope["route"] = Place(f"/api/{service if service in self._settings.gateway_services else '?'}/…")
            return await self._gateway.forward(request, service, rest)
        if path.startswith("/auth/"):
            found = self._auth.get((request.method, path))
            scope["route"] = Place(path if found else "/auth/…")
            if found is not None:
                answer = await found(request)
                answer.headers.setdefault("cache-control", "no-store")
                return answer
        scope["route"] = Place("/assets/…" if path.startswith("/assets/") else "/…")
        return await self._pages.serve(request)


class Doors(Mapping[tuple[str, str], App]):
    """Every way in that is not the service's own API leads to the browser's application."""

    def __init__(self, browser: App) -> None:
        self._browser = browser

    def __getitem__(self, place: tuple[str, str]) -> App:
        if place[1].startswith(OWN):
            raise KeyError(place)
        return self._browser

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter([("GET", "/")])

    def __len__(self) -> int:
        return 1
