"""Signs somebody in: to the provider with a challenge, back with a code, a session for its tokens (RFC 7636)."""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from urllib.parse import urlencode

import orjson
from chassis.problems import Problem, Unauthenticated
from chassis.runtime import Runtime
from chassis.sealing import Unreadable
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from console.session import Sessions, cookie_name
from console.settings import ConsoleSettings
from console.signin.provider import Provider, slug

RULES: tuple[str, ...] = ()

#: seconds somebody may take at the provider
PATIENCE = 600
_BOUND = "console:sign-in"


class SignIn:
    """The two halves of a sign-in. What joins them lies sealed in a cookie of the browser that began it."""

    def __init__(self, runtime: Runtime, settings: ConsoleSettings, provider: Provider, sessions: Sessions) -> None:
        self._runtime = runtime
        self._settings = settings
        self._provider = provider
        self._sessions = sessions
        self._cookie = cookie_name(settings) + "-sign-in"

    async def begin(self, request: Request) -> Response:
        """Send the browser to the provider; `to` is the page it wanted."""
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        asked = {
            "response_type": "code",
            "client_id": self._settings.sign_in_client_id,
            "redirect_uri": self._provider.redirect_uri,
            "scope": self._settings.sign_in_scope,
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        try:
            place = await self._provider.authorize_url()
        except Problem as problem:
            return _failed(problem)
        answer = RedirectResponse(f"{place}{'&' if '?' in place else '?'}{urlencode(asked)}", 303)
        kept = {"state": state, "nonce": nonce, "verifier": verifier, "to": local(request.query_params.get("to"))}
        kept["until"] = str(int(time.time()) + PATIENCE)
        sealed = base64.urlsafe_b64encode(self._runtime.master_keys.wrap(orjson.dumps(kept), _BOUND)).decode()
        self._set(answer, self._cookie, sealed, PATIENCE)
        return answer

    async def finish(self, request: Request) -> Response:
        """Take the code, open the session, go to the page that was wanted."""
        try:
            kept = self._kept(request)
            code = request.query_params.get("code", "")
            signed_in = await self._provider.exchange(code, kept["verifier"], kept["nonce"])
            secret = await self._sessions.open(signed_in.subject, signed_in.name, signed_in.tokens)
        except Problem as problem:
            answer = _failed(problem)
        else:
            answer = RedirectResponse(kept["to"], 303)
            self._set(answer, cookie_name(self._settings), secret, int(self._settings.session_hours * 3600))
        self._set(answer, self._cookie, "", 0)
        return answer

    def _kept(self, request: Request) -> dict[str, str]:
        try:
            sealed = base64.urlsafe_b64decode(request.cookies.get(self._cookie, ""))
            kept: dict[str, str] = orjson.loads(self._runtime.master_keys.unwrap(sealed, _BOUND))
        except (Unreadable, ValueError):
            raise Unauthenticated("This browser has not begun a sign-in here. Begin again.") from None
        state = request.query_params.get("state", "")
        if int(kept["until"]) < time.time() or not secrets.compare_digest(kept["state"].encode(), state.encode()):
            raise Unauthenticated("The sign-in took too long or is another one's. Begin again.")
        return kept

    def _set(self, answer: Response, name: str, value: str, seconds: int) -> None:
        secure = self._settings.secure
        answer.set_cookie(name, value, max_age=seconds, path="/", secure=secure, httponly=True, samesite="lax")


def local(to: str | None) -> str:
    """A page of this console, never another site."""
    if to is None or not to.startswith("/") or to.startswith(("//", "/auth/", "/api/")) or "\\" in to:
        return "/"
    return to if to.isprintable() and len(to) <= 500 else "/"


def _failed(problem: Problem) -> Response:
    return RedirectResponse(f"/signed-out?why={slug(problem)}", 303)
