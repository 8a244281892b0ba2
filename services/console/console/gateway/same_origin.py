"""Lets only our own pages change anything: a header that no form can send, from where the console is."""

from __future__ import annotations

from chassis.problems import Forbidden
from starlette.requests import Request

from console.settings import ConsoleSettings

HEADER = "kehu-console"
READING = ("GET", "HEAD")


class ForeignPage(Forbidden):
    """A page of another site tried to act in the person's name."""

    title = "This did not come from the console"
    zh = "此操作不是由本系统页面发出。请重新载入页面后再试。"


def refuse_foreign(request: Request, settings: ConsoleSettings) -> None:
    """Refuse a write that does not come from a page of ours."""
    if request.method in READING:
        return
    origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site")
    ours = origin == settings.console_url if origin is not None else site == "same-origin"
    if not ours or HEADER not in request.headers:
        raise ForeignPage("Only pages of the console change anything. Reload the page and try again.")
