"""The contents page of the console service: every way in, every local copy, by room."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from chassis.auth import Verifier
from chassis.http import App
from chassis.peers import trusted
from chassis.runtime import Runtime
from chassis.service import Service
from policy.engines import DIRECTORY

from console import tables
from console.browser import Browser, Doors
from console.gateway.forward import Gateway
from console.pages.serve_pages import Pages
from console.people.list_people import list_people
from console.people.list_places import list_places
from console.people.who_am_i import who_am_i
from console.session import Sessions
from console.settings import ConsoleSettings
from console.signin.provider import Provider
from console.signin.sign_in import SignIn
from console.work.change_of_case import case_marked, case_overruled
from console.work.count_work import count_work
from console.work.known_work import known_work
from console.work.list_my_work import list_my_work
from console.work.show_board import show_board
from console.work.stream_work import stream_work
from console.work.watch import PART as WATCH
from console.work.watch import Watch

HTTP = "browser.http"


@asynccontextmanager
async def parts(runtime: Runtime) -> AsyncIterator[None]:
    """Connections to services and provider, and the watch over everybody's work."""
    watch = Watch(runtime)
    runtime.parts[WATCH] = watch
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=100)
    async with httpx.AsyncClient(limits=limits, trust_env=False, verify=trusted()) as http:
        runtime.parts[HTTP] = http
        try:
            yield
        finally:
            await watch.close()


def fronts(runtime: Runtime, verifier: Verifier) -> Mapping[tuple[str, str], App]:
    """The application of browsers, beside the service's own API."""
    settings = runtime.settings
    assert isinstance(settings, ConsoleSettings)
    http: httpx.AsyncClient = runtime.parts[HTTP]
    provider = Provider(settings, http, verifier)
    sessions = Sessions(runtime, settings, provider)
    sign_in = SignIn(runtime, settings, provider, sessions)
    return Doors(Browser(settings, sessions, sign_in, Gateway(settings, sessions, http), Pages(settings.pages_dir)))


service = Service(
    name="console",
    title="Console",
    tables=tables.metadata,
    migrations=Path(__file__).parent.parent / "migrations",
    settings=ConsoleSettings,
    routes=[
        list_my_work,  # work
        show_board,
        count_work,
        stream_work,
        who_am_i,  # people
        list_places,
        list_people,
    ],
    reactions=[case_marked, case_overruled],  # work
    projections=[known_work],
    libraries=[DIRECTORY],
    parts=parts,
    front=fronts,
)
