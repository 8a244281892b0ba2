"""Signs somebody out at this browser: the session is gone everywhere at once."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from console.session import Sessions, cookie_name
from console.settings import ConsoleSettings

RULES: tuple[str, ...] = ()


async def sign_out(request: Request, settings: ConsoleSettings, sessions: Sessions) -> Response:
    """End the session; without one nothing happens."""
    name = cookie_name(settings)
    if secret := request.cookies.get(name):
        await sessions.end(secret)
    answer = Response(status_code=204)
    answer.set_cookie(name, "", max_age=0, path="/", secure=settings.secure, httponly=True, samesite="lax")
    return answer
