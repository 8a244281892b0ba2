"""Says who is signed in at this browser, and until when."""

from __future__ import annotations

import orjson
from starlette.requests import Request
from starlette.responses import Response

from console.session import Sessions, cookie_name
from console.settings import ConsoleSettings

RULES: tuple[str, ...] = ()


async def show_session(request: Request, settings: ConsoleSettings, sessions: Sessions) -> Response:
    """Subject, name and end of the session; `SignedOut` (401) without one."""
    session = await sessions.of(request.cookies.get(cookie_name(settings)))
    said = {"subject": session.subject, "name": session.name, "ends_at": session.ends_at}
    return Response(orjson.dumps(said), media_type="application/json")
