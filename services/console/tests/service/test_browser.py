"""What a browser meets: sign-in, a session without tokens, the way to the services, pages."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import orjson
import pytest
import pytest_asyncio
import uvicorn
from chassis.dev_issuer import application
from chassis.kit.counterpart import Reply, Request, counterpart
from chassis.kit.eventually import eventually
from chassis.kit.keys import TestIssuer
from chassis.kit.stage import Stage, staged
from chassis.runtime import utc_now
from chassis.service import Service
from chassis.settings import Issuer
from console.gateway.forward import PASSED
from console.signin.sign_in import local
from dev.children import free_port
from joserfc.jwk import ECKey
from policy.kit import Clock

ORIGIN = "http://127.0.0.1:8000"
LIMIT = 1_000_000
OURS = {"kehu-console": "1", "origin": ORIGIN}


class Services:
    """The services behind the gateway: what reached them, and what they answer."""

    def __init__(self) -> None:
        self.asked: list[Request] = []
        self.reply: Reply | None = Reply(200, {"Content-Type": "application/json", "Set-Cookie": "a=b"}, b'{"ok":true}')

    def __call__(self, request: Request) -> Reply | None:
        self.asked.append(request)
        return self.reply


@pytest.fixture
def services() -> Services:
    return Services()


class OnAPort(TestIssuer):
    """The issuer is asked over the network, as any provider."""

    def http(self) -> httpx.AsyncClient:
        return httpx.AsyncClient()


@asynccontextmanager
async def issuing(key: ECKey) -> AsyncIterator[str]:
    """The development issuer on a real port."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    config = uvicorn.Config(application(key, address), port=port, log_config=None, lifespan="off")
    server = uvicorn.Server(config)

    serving = asyncio.create_task(server._serve())
    await eventually(lambda: server.started, every=0.01)
    try:
        yield address
    finally:
        server.should_exit = True
        await serving


@pytest_asyncio.fixture
async def stage(
    service: Service, database: str, keys: tuple[Path, Path], services: Services, tmp_path: Path
) -> AsyncIterator[Stage]:
    """The console with a provider on a real port and a complaint service behind it."""
    issuer = OnAPort()
    pages = tmp_path / "static"
    (pages / "assets").mkdir(parents=True)
    (pages / "index.html").write_text('<!doctype html><meta name="nonce" content="__CSP_NONCE__">')
    (pages / "assets" / "index-1a2b.js").write_text("console.log(1)")
    (pages / "assets" / "index-1a2b.js.gz").write_bytes(b"packed")
    (tmp_path / "secret.txt").write_text("kept apart")
    async with issuing(issuer.key) as address, counterpart(services) as peer:
        more: dict[str, Any] = {
            "console_url": ORIGIN,
            "pages_dir": pages,
            "body_limit": LIMIT,
            "issuers": (Issuer(issuer=address),),
            "peers": {"complaint": peer, "ledger": peer, "archive": "http://127.0.0.1:1"},
        }
        async with staged(service, database, keys, issuer, **more) as stage:
            yield stage


def browser(stage: Stage) -> httpx.AsyncClient:
    """A browser with its cookies, that does not follow redirects by itself."""
    transport = httpx.ASGITransport(stage.app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url=ORIGIN)


async def at_provider(where: str, who: str = "gm-1", grants: str = "general_manager@sh-pudong") -> str:
    """Choose somebody at the provider; where it sends the browser back to."""
    async with httpx.AsyncClient() as http:
        sent = await http.get(where, params={**dict(parse_qsl(urlsplit(where).query)), "sub": who, "grants": grants})
    assert sent.status_code == 302, sent.text
    return str(sent.headers["location"])


async def signed_in(page: httpx.AsyncClient, to: str = "/work") -> httpx.Response:
    begun = await page.get("/auth/sign-in", params={"to": to})
    assert begun.status_code == 303, begun.text
    return await page.get(await at_provider(begun.headers["location"]))


async def test_somebody_signs_in_and_the_browser_holds_no_token(stage: Stage) -> None:
    async with browser(stage) as page:
        assert (await page.get("/auth/session")).status_code == 401
        back = await signed_in(page, "/cases/1")
        assert (back.status_code, back.headers["location"]) == (303, "/cases/1")
        cookie = next(c for c in back.headers.get_list("set-cookie") if c.startswith("kehu="))
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        assert "ey" not in cookie.split(";")[0][:7]
        session = await page.get("/auth/session")
        assert session.json()["subject"] == "gm-1"
        assert set(session.json()) == {"subject", "name", "ends_at"}
    ((kept,),) = await stage.rows("SELECT encode(sealed, 'escape') FROM sessions")
    assert "eyJ" not in kept


async def test_a_code_that_another_browser_began_signs_nobody_in(stage: Stage) -> None:
    async with browser(stage) as mine, browser(stage) as theirs:
        begun = await mine.get("/auth/sign-in")
        back = await at_provider(begun.headers["location"])
        stolen = await theirs.get(back)
        assert stolen.headers["location"] == "/signed-out?why=unauthenticated"
        assert (await theirs.get("/auth/session")).status_code == 401
        other = back.replace("state=", "state=x")
        assert (await mine.get(other)).headers["location"].startswith("/signed-out")
    assert await stage.rows("SELECT id FROM sessions") == []


@pytest.mark.parametrize(
    "to", ["//evil.example", "https://evil.example", "/\\evil.example", "/auth/sign-in", "/a\r\nb", None, "/api/x"]
)
def test_after_signing_in_nobody_is_sent_to_another_site(to: str | None) -> None:
    assert local(to) == "/"


@pytest.mark.rule("P05.15")
async def test_a_request_goes_on_under_the_persons_own_token_and_nothing_else(stage: Stage, services: Services) -> None:
    async with browser(stage) as page:
        assert (await page.get("/api/complaint/v1/complaints")).status_code == 401
        await signed_in(page)
        headers = {**OURS, "idempotency-key": "k1", "x-forwarded-for": "1.2.3.4", "authorization": "Bearer mine"}
        answer = await page.post("/api/complaint/v1/complaints?limit=5", json={"text": "异响"}, headers=headers)
    assert (answer.status_code, answer.json()) == (200, {"ok": True})
    assert "set-cookie" not in answer.headers
    assert answer.headers["cache-control"] == "no-store"
    (asked,) = services.asked
    assert (asked.method, asked.path) == ("POST", "/v1/complaints?limit=5")
    assert json.loads(asked.body) == {"text": "异响"}
    known = {*PASSED, "authorization", "traceparent", "host", "user-agent", "connection", "accept-encoding"}
    assert set(asked.headers) <= known
    token = asked.headers["authorization"].removeprefix("Bearer ")
    assert orjson.loads(_payload(token))["sub"] == "gm-1"


@pytest.mark.rule("P04.8")
@pytest.mark.parametrize(
    ("said", "led"),
    [
        ("/v1/complaints/7", "/api/complaint/v1/complaints/7"),
        ("https://elsewhere.example/v1/complaints/7", None),
        ("//elsewhere.example/v1", None),
    ],
)
async def test_where_a_service_leads_on_is_where_browsers_reach_it(
    stage: Stage, services: Services, said: str, led: str | None
) -> None:
    services.reply = Reply(303, {"Location": said}, b"")
    async with browser(stage) as page:
        await signed_in(page)
        answer = await page.get("/api/complaint/v1/complaints/1")
    assert (answer.status_code, answer.headers.get("location")) == (303, led)


@pytest.mark.parametrize(
    "path",
    [
        "/api/ledger/v1/entries",
        "/api/unknown/v1/x",
        "/api/complaint/openapi.json",
        "/api/complaint/v1/../readyz",
        "/api/complaint/v1/%2e%2e/readyz",
        "/api/complaint/v1/x%2f..%2f..%2freadyz",
        "/api/complaint/v1/..%5creadyz",
        "/api/",
    ],
)
async def test_only_named_services_and_their_api_are_reached(stage: Stage, services: Services, path: str) -> None:
    async with browser(stage) as page:
        await signed_in(page)
        request = page.build_request("GET", ORIGIN)
        request.url = httpx.URL(ORIGIN).copy_with(raw_path=path.encode())
        answer = await page.send(request)
    assert answer.status_code == 404
    assert services.asked == []


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"kehu-console": "1"},
        {"origin": ORIGIN},
        {"kehu-console": "1", "origin": "https://evil.example"},
        {"kehu-console": "1", "sec-fetch-site": "cross-site"},
    ],
)
async def test_a_page_of_another_site_changes_nothing(
    stage: Stage, services: Services, headers: dict[str, str]
) -> None:
    async with browser(stage) as page:
        await signed_in(page)
        answer = await page.post("/api/complaint/v1/complaints", json={}, headers=headers)
        out = await page.post("/auth/sign-out", headers=headers)
        assert (answer.status_code, answer.json()["type"], out.status_code) == (403, "/problems/foreign-page", 403)
        assert (await page.get("/auth/session")).status_code == 200
    assert services.asked == []


async def test_signing_out_ends_the_session_for_a_copied_cookie_too(stage: Stage) -> None:
    async with browser(stage) as page, browser(stage) as copy:
        await signed_in(page)
        copy.cookies.update(page.cookies)
        assert (await copy.get("/auth/session")).status_code == 200
        assert (await page.post("/auth/sign-out", headers=OURS)).status_code == 204
        assert (await copy.get("/auth/session")).status_code == 401


async def test_a_session_ends_when_it_is_not_used_and_after_its_time_whatever_is_done(stage: Stage) -> None:
    stage.runtime.clock = clock = Clock(utc_now())
    async with browser(stage) as page:
        await signed_in(page)
        for _ in range(2):
            clock.later(minutes=50)
            assert (await page.get("/auth/session")).status_code == 200
        clock.later(minutes=61)
        assert (await page.get("/auth/session")).json()["type"] == "/problems/signed-out"
    async with browser(stage) as page:
        await stage.rows("DELETE FROM sessions RETURNING 1")
        clock.now = utc_now()
        await signed_in(page)
        ((ends, opened),) = await stage.rows("SELECT ends_at, opened_at FROM sessions")
        assert ends - opened == timedelta(hours=10)
        await stage.rows("UPDATE sessions SET ends_at = now() RETURNING 1")
        clock.later(seconds=1)
        assert (await page.get("/auth/session")).status_code == 401


async def test_a_token_near_its_end_is_renewed_once_for_all_who_wait(stage: Stage, services: Services) -> None:

    stage.runtime.clock = clock = Clock(utc_now())
    async with browser(stage) as page:
        await signed_in(page)
        await page.get("/api/complaint/v1/first")
        # the issuer's tokens of one second are the same: wait for the next second
        begun = int(utc_now().timestamp())
        await eventually(lambda: int(utc_now().timestamp()) > begun + 1)
        clock.now = datetime.fromtimestamp(begun + 59 * 60 + 1, UTC)
        answers = await asyncio.gather(*(page.get("/api/complaint/v1/later") for _ in range(5)))
    assert [answer.status_code for answer in answers] == [200] * 5
    first, *later = [request.headers["authorization"] for request in services.asked]
    assert len(set(later)) == 1
    assert later[0] != first


async def test_a_service_that_does_not_answer_is_a_problem_that_says_what_to_do(
    stage: Stage, services: Services
) -> None:
    services.reply = None
    async with browser(stage) as page:
        await signed_in(page)
        for path in ("/api/archive/v1/dossiers", "/api/complaint/v1/complaints"):
            answer = await page.get(path)
            assert (answer.status_code, answer.json()["type"]) == (503, "/problems/peer-away")
            assert answer.headers["retry-after"] == "3"
            assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_body_that_is_too_large_is_refused(stage: Stage) -> None:
    async with browser(stage) as page:
        await signed_in(page)
        body = b"x" * (LIMIT + 1)
        answer = await page.post("/api/complaint/v1/files", content=body, headers=OURS)
    assert (answer.status_code, answer.json()["type"]) == (413, "/problems/too-large")


@pytest.mark.rule("P05.15")
async def test_a_page_loads_nothing_from_elsewhere_and_nothing_inline(stage: Stage) -> None:
    async with browser(stage) as page:
        first, second = await page.get("/"), await page.get("/cases/0190")
        assert first.status_code == second.status_code == 200
        said = first.headers["content-security-policy"]
        assert "script-src 'self';" in said
        assert "unsafe" not in said
        nonce = said.partition("'nonce-")[2].partition("'")[0]
        assert f'content="{nonce}"' in first.text
        assert nonce not in second.text
        assert (first.headers["x-frame-options"], first.headers["cache-control"]) == ("DENY", "no-store")


async def test_hashed_files_are_kept_for_ever_and_no_other_file_is_ever_read(stage: Stage) -> None:
    async with browser(stage) as page:
        plain = await page.get("/assets/index-1a2b.js", headers={"accept-encoding": "br"})
        assert (plain.text, plain.headers["cache-control"]) == ("console.log(1)", "public, max-age=31536000, immutable")
        packed = page.build_request("GET", "/assets/index-1a2b.js", headers={"accept-encoding": "gzip"})
        answer = await page.send(packed, stream=True)
        assert (answer.headers["content-encoding"], answer.headers["content-type"]) == (
            "gzip",
            "text/javascript; charset=utf-8",
        )
        assert (await page.get("/assets/other.js")).status_code == 404
        for path in ("/../secret.txt", "/assets/../../secret.txt", "/assets/%2e%2e/%2e%2e/secret.txt"):
            assert "kept apart" not in (await page.get(path)).text
        assert (await page.post("/", headers=OURS)).status_code == 404


def _payload(token: str) -> bytes:

    part = token.split(".")[1]
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
