"""Problems: one shape for every error, words that help, and nothing of what was sent or what broke."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

import httpx
import orjson
import pytest
import uvicorn
from chassis.fields import Phone, Text
from chassis.problems import (
    MOST_ERRORS,
    App,
    Busy,
    Forbidden,
    Guard,
    Invalid,
    KeyReused,
    Malformed,
    MethodNotAllowed,
    NotFound,
    Problem,
    Receive,
    Refused,
    Scope,
    Send,
    Stale,
    TooLarge,
    TooMany,
    Unauthenticated,
    body,
    install,
    of_validation,
    send_problem,
)
from chassis.service import SPEAKING
from chassis.wrong import Wrong
from fastapi import FastAPI, Header, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, field_validator

from chassis import telemetry


class LoanTooLong(Refused):
    rules = ("P05.10",)


def served_by(app: App) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


def application() -> FastAPI:
    app = FastAPI()
    install(app)
    return app


# -- the shape -----------------------------------------------------------------------------------


def test_a_problem_is_named_and_titled_by_its_class() -> None:
    content = orjson.loads(body(LoanTooLong("Lend it for 30 days at most."), "/v1/loans", "ab" * 16))
    assert content == {
        "type": "/problems/loan-too-long",
        "title": "Loan too long",
        "status": 409,
        "detail": "Lend it for 30 days at most.",
        "instance": "/v1/loans",
        "trace_id": "ab" * 16,
        "rules": ["P05.10"],
    }


@pytest.mark.parametrize(
    ("problem", "status"),
    [
        (Refused("no"), 409),
        (KeyReused("no"), 409),
        (Invalid("no"), 422),
        (Malformed("no"), 400),
        (Unauthenticated("no"), 401),
        (Forbidden("no"), 403),
        (NotFound("no"), 404),
        (MethodNotAllowed("no"), 405),
        (Stale("no"), 412),
        (TooLarge("no"), 413),
        (TooMany("no"), 429),
        (Busy("no"), 503),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Problem) else "",
)
async def test_every_kind_of_refusal_leaves_as_problem_json_with_its_status(problem: Problem, status: int) -> None:
    app = application()

    @app.get("/it")
    async def refuse() -> None:
        raise problem

    async with served_by(app) as client:
        answer = await client.get("/it")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status
    assert answer.json()["instance"] == "/it"


def test_a_refusal_can_name_other_rules_than_its_class() -> None:
    assert LoanTooLong("no", rules=["P13.13"]).rules == ("P13.13",)
    assert LoanTooLong("no").rules == ("P05.10",)


def test_further_members_travel_and_cannot_displace_the_standard_ones() -> None:
    customer = UUID(int=7)
    problem = Refused(
        "There is one already.", candidates=[customer], owed=Decimal("1.50"), until=date(2026, 2, 27), status=200
    )
    content = orjson.loads(body(problem, "/", "0" * 32))
    assert content["candidates"] == [str(customer)]
    assert (content["owed"], content["until"]) == ("1.50", "2026-02-27")
    assert content["status"] == 409


async def test_the_headers_say_when_to_come_back_and_how_to_sign_in() -> None:
    app = application()

    @app.get("/busy")
    async def busy() -> None:
        raise Busy("Later.", retry_after=7)

    @app.get("/who")
    async def who() -> None:
        raise Unauthenticated("Sign in.")

    async with served_by(app) as client:
        assert (await client.get("/busy")).headers["retry-after"] == "7"
        assert (await client.get("/who")).headers["www-authenticate"].startswith("Bearer ")


async def test_the_trace_at_hand_is_in_the_answer() -> None:
    app = application()

    @app.get("/it")
    async def refuse() -> None:
        raise Refused("no")

    async with served_by(app) as client:
        with telemetry.span("request", parent=f"00-{'c' * 32}-{'d' * 16}-00"):
            traced = await client.get("/it")
        first, second = await client.get("/it"), await client.get("/it")
    assert traced.json()["trace_id"] == "c" * 32
    assert len(first.json()["trace_id"]) == 32
    assert first.json()["trace_id"] != second.json()["trace_id"]


# -- what the framework finds --------------------------------------------------------------------


class Kind(StrEnum):
    PHONE = "phone"
    STORE = "store"


class Cat(BaseModel):
    kind: Literal["cat"]


class Dog(BaseModel):
    kind: Literal["dog"]


class Part(BaseModel):
    name: Annotated[str, Field(max_length=3)]


class Form(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id: UUID | None = None
    count: Annotated[int, Field(ge=1, le=5)] | None = None
    at: AwareDatetime | None = None
    day: date | None = None
    open: bool | None = None
    owed: Decimal | None = None
    kind: Kind | None = None
    pet: Annotated[Cat | Dog, Field(discriminator="kind")] | None = None
    code: Annotated[str, Field(pattern="^[A-Z]+$")] | None = None
    parts: list[Part] = []
    by_place: dict[str, Part] = {}
    quoted: str | None = None
    helpful: str | None = None
    words: Annotated[Text, Field(min_length=2)] | None = None
    phone: Phone | None = None
    hour: str | None = None

    @field_validator("hour")
    @classmethod
    def hours(cls, value: str | None) -> str | None:
        raise Wrong.LIKE.error("an hour of the day {as here}", limit="09:00")

    @field_validator("quoted")
    @classmethod
    def quoting(cls, value: str | None) -> str | None:
        raise ValueError(f"cannot make anything of {value}")

    @field_validator("helpful")
    @classmethod
    def helping(cls, value: str | None) -> str | None:
        raise ValueError("must end with a full stop")


def with_form() -> FastAPI:
    app = application()

    @app.post("/forms")
    async def post(
        form: Form,
        limit: Annotated[int, Query(le=100)] = 1,
        if_match: Annotated[int | None, Header()] = None,
    ) -> None: ...

    return app


async def errors_of(content: Any, path: str = "/forms", **headers: str) -> dict[str, str]:
    async with served_by(with_form()) as client:
        answer = await client.post(path, json=content, headers=headers)
    assert answer.status_code == 422
    assert answer.json()["type"] == "/problems/invalid"
    return {error["pointer"]: error["detail"] for error in answer.json()["errors"]}


@pytest.mark.parametrize(
    ("content", "pointer", "detail"),
    [
        ({"parts": [{"name": "a"}, {}]}, "/parts/1/name", "is missing"),
        ({"by_place": {"a/b~c": {}}}, "/by_place/a~1b~0c/name", "is missing"),
        ({"parts": [{"name": "long"}]}, "/parts/0/name", "must have at most 3 characters"),
        ({"words": "a"}, "/words", "must have at least 2 characters"),
        ({"count": 9}, "/count", "must be at most 5"),
        ({"count": "x"}, "/count", "must be a whole number"),
        ({"kind": "x"}, "/kind", "must be 'phone' or 'store'"),
        ({"pet": {"kind": "cow"}}, "/pet", "must be one of 'cat', 'dog'"),
        ({"pet": {}}, "/pet", "must say its kind in 'kind'"),
        ({"at": "2026-02-13T17:50:00"}, "/at", "must carry an offset from UTC, as in 2026-02-13T17:50:00+08:00"),
        ({"day": "13.2."}, "/day", "must be a date, as in 2026-02-13"),
        ({"id": "x"}, "/id", "must be a UUID"),
        ({"open": "perhaps"}, "/open", "must be true or false"),
        ({"owed": "much"}, "/owed", "must be a decimal number"),
        ({"parts": 1}, "/parts", "must be a list"),
        ({"more": 1}, "/more", "is not known here: leave it out"),
        ({"helpful": "no"}, "/helpful", "must end with a full stop"),
        ({"phone": "none"}, "/phone", Wrong.PHONE.en),
        ({"hour": "nine"}, "/hour", "an hour of the day {as here}"),
        ([], "", "must be an object"),
        (None, "", "is missing"),
    ],
)
async def test_each_wrong_place_is_pointed_at_and_told_what_to_do(content: Any, pointer: str, detail: str) -> None:
    assert await errors_of(content) == {pointer: detail}


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ({"parts": [{}]}, {"code": "missing"}),
        ({"parts": [{"name": "long"}]}, {"code": "string_too_long", "limit": "3"}),
        ({"words": "a"}, {"code": "string_too_short", "limit": "2"}),
        ({"count": 9}, {"code": "less_than_equal", "limit": "5"}),
        ({"count": "x"}, {"code": "int_parsing"}),
        ({"helpful": "no"}, {"code": "value_error"}),
        ({"words": "a\x00"}, {"code": "nul"}),
        ({"phone": "none"}, {"code": "phone"}),
        ({"hour": "nine"}, {"code": "like", "limit": "09:00"}),
        ({"pet": {"kind": "cow"}}, {"code": "union_tag_invalid"}),
    ],
)
async def test_each_wrong_place_names_its_kind_and_limit_for_whoever_says_it_in_another_language(
    content: Any, kind: dict[str, str]
) -> None:
    async with served_by(with_form()) as client:
        (error,) = (await client.post("/forms", json=content)).json()["errors"]
    assert {name: error[name] for name in error if name not in ("pointer", "detail")} == kind


def test_a_wrong_place_says_its_kind_in_english_unless_more_is_known_to_say() -> None:
    assert Wrong.MISSING.at("/reason") == {"pointer": "/reason", "detail": "is missing", "code": "missing"}
    assert Wrong.NOT_BEFORE.at("/on", limit=date(2026, 2, 13)) == {
        "pointer": "/on",
        "detail": "must not lie before 2026-02-13",
        "code": "not_before",
        "limit": "2026-02-13",
    }
    assert Wrong.SAME.at("/into", "another case")["detail"] == "another case"


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("string_too_long", Wrong.STRING_TOO_LONG),
        ("int_parsing", Wrong.ANY_INT),
        ("no_such_attribute", Wrong.VALUE_ERROR),
    ],
)
def test_a_kind_without_words_of_its_own_has_those_of_its_beginning_or_the_general_ones(code: str, kind: Wrong) -> None:
    assert Wrong.of(code) is kind


async def test_a_wrong_parameter_is_pointed_at_as_a_parameter() -> None:
    assert await errors_of({}, "/forms?limit=500") == {"/limit": "the query parameter must be at most 100"}
    assert await errors_of({}, **{"if-match": "x"}) == {"/if-match": "the header parameter must be a whole number"}


@pytest.mark.parametrize(
    "place",
    [
        "id",
        "count",
        "at",
        "day",
        "open",
        "owed",
        "kind",
        "code",
        "parts",
        "quoted",
        "helpful",
        "pet",
        "phone",
        "hour",
        "more",
    ],
)
@pytest.mark.parametrize("wrap", [lambda value: value, lambda value: [value], lambda value: {"kind": value}])
async def test_what_was_sent_is_never_repeated(place: str, wrap: Callable[[str], Any]) -> None:
    async with served_by(with_form()) as client:
        answer = await client.post("/forms?limit=13812345678x", json={place: wrap("张三13812345678")})
    assert answer.status_code == 422
    assert "13812345678" not in answer.text
    assert "张三" not in answer.text


async def test_a_flood_of_errors_is_answered_with_the_first_ones() -> None:
    assert len(await errors_of({"parts": [{}] * 5_000})) == MOST_ERRORS


async def test_a_bare_function_reports_the_same_errors_as_the_framework() -> None:
    content = {"count": 9, "parts": [{}]}
    with pytest.raises(ValidationError) as found:
        Form.model_validate_json(orjson.dumps(content))
    bare = {error["pointer"]: error["detail"] for error in of_validation(found.value).errors}
    assert bare == await errors_of(content)


async def test_a_body_that_is_no_json_is_refused_in_words() -> None:
    async with served_by(with_form()) as client:
        broken = await client.post("/forms", content=b'{"a": ', headers={"content-type": "application/json"})
        latin = await client.post("/forms", content=b'{"a": "\xff"}', headers={"content-type": "application/json"})
    assert broken.status_code == 422
    assert broken.json()["errors"] == [{"pointer": "", "detail": "is not well-formed JSON", "code": "json_invalid"}]
    assert (latin.status_code, latin.json()["type"]) == (400, "/problems/malformed")


async def test_an_unknown_address_is_a_problem() -> None:
    async with served_by(application()) as client:
        answer = await client.get("/nowhere")
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-found")


async def test_a_method_that_an_address_has_not_is_answered_with_all_it_has() -> None:
    app = application()

    @app.get("/loans/{loan}")
    async def read(loan: int) -> None: ...

    @app.delete("/loans/{loan}")
    async def give_back(loan: int) -> None: ...

    async with served_by(app) as client:
        answer = await client.put("/loans/1")
    assert (answer.status_code, answer.json()["type"]) == (405, "/problems/method-not-allowed")
    assert answer.headers["allow"] == "DELETE, GET"
    assert "DELETE, GET" in answer.json()["detail"]


async def test_a_problem_met_while_the_body_is_read_keeps_its_status() -> None:
    app = with_form()

    async def limited(scope: Scope, receive: Receive, send: Send) -> None:
        async def too_much() -> Any:
            raise TooLarge("Send less at once.")

        await app(scope, too_much, send)

    async with served_by(limited) as client:
        assert (await client.post("/forms", json={})).status_code == 413


async def test_any_other_status_of_the_framework_keeps_its_number_and_its_headers() -> None:
    from starlette.exceptions import HTTPException

    app = application()

    @app.get("/tea")
    async def tea() -> None:
        raise HTTPException(418, "13812345678", headers={"X-Pot": "short"})

    async with served_by(app) as client:
        answer = await client.get("/tea")
    assert (answer.status_code, answer.json()["status"], answer.headers["x-pot"]) == (418, 418, "short")
    assert (answer.json()["type"], answer.json()["title"]) == ("about:blank", "I'm a Teapot")
    assert "13812345678" not in answer.text


# -- the unexpected, and the log -----------------------------------------------------------------


async def test_the_unexpected_leaves_neither_its_text_in_the_answer_nor_in_the_log(
    lines: Callable[[], list[dict[str, Any]]],
) -> None:
    app = application()

    @app.get("/it")
    async def break_down() -> None:
        raise RuntimeError("Key (phone)=(+8613812345678) of 张三 exists")

    async with served_by(app) as client:
        answer = await client.get("/it")
    assert (answer.status_code, answer.json()["type"]) == (500, "/problems/unexpected")
    (line,) = lines()
    assert line["level"] == "error"
    assert line["exception"] == ["RuntimeError"]
    assert any("test_problems.py" in place and "break_down" in place for place in line["where"])
    assert line["trace_id"] == answer.json()["trace_id"]
    for told in (answer.text, str(line)):
        assert "13812345678" not in told
        assert "张三" not in told


async def test_an_expected_refusal_is_one_line_at_info_without_its_words(
    lines: Callable[[], list[dict[str, Any]]],
) -> None:
    app = application()

    @app.get("/it")
    async def refuse() -> None:
        raise LoanTooLong("Mr Zhang has had it for a year.", borrower="Zhang")

    async with served_by(app) as client:
        answer = await client.get("/it")
    (line,) = lines()
    assert (line["level"], line["problem"], line["status"]) == ("info", "/problems/loan-too-long", 409)
    assert line["trace_id"] == answer.json()["trace_id"]
    assert "Zhang" not in str(line)


# -- bare ASGI -----------------------------------------------------------------------------------


async def test_a_bare_function_answers_the_same_bytes_as_a_route() -> None:
    problem = LoanTooLong("Lend it for 30 days at most.")
    app = application()

    @app.get("/loans")
    async def refuse() -> None:
        raise problem

    async def bare(scope: Scope, receive: Receive, send: Send) -> None:
        await send_problem(send, problem, scope["path"])

    with telemetry.span("request"):
        async with served_by(app) as route, served_by(bare) as function:
            routed, called = await route.get("/loans"), await function.get("/loans")
    assert (called.status_code, called.content) == (routed.status_code, routed.content)
    assert sorted(called.headers.items()) == sorted(routed.headers.items())


@pytest.mark.parametrize(("error", "status"), [(NotFound("no"), 404), (ZeroDivisionError("13812345678"), 500)])
async def test_a_guarded_function_answers_whatever_it_raises(error: Exception, status: int) -> None:
    async def function(scope: Scope, receive: Receive, send: Send) -> None:
        raise error

    async with served_by(Guard(function)) as client:
        answer = await client.get("/it")
    assert (answer.status_code, answer.json()["status"]) == (status, status)
    assert "13812345678" not in answer.text


@asynccontextmanager
async def listening(app: App) -> AsyncIterator[str]:
    """A real server; yields its address."""
    with socket.create_server(("127.0.0.1", 0)) as bound:
        config = uvicorn.Config(app, **SPEAKING)
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve(sockets=[bound]))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"
        server.should_exit = True
        await serving


async def test_half_an_answer_does_not_pass_for_a_whole_one() -> None:
    app = application()

    @app.get("/list")
    async def half() -> Response:
        async def rows() -> AsyncIterator[bytes]:
            yield b"1\n"
            raise RuntimeError("the database went away")

        return StreamingResponse(rows())

    async with listening(app) as address, httpx.AsyncClient() as client:
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get(f"{address}/list")


HOST = b" HTTP/1.1\r\nHost: kehu\r\n"


@pytest.mark.parametrize(
    "sent",
    [
        b"BREW /pot" + HOST + b"\r\n",
        b"GET /" + b"a" * 70_000 + HOST + b"\r\n",
        b"GET /13812345678" + HOST + b"not a header: 1\r\n\r\n",
        b"POST /forms" + HOST + b"Content-Length: 13812345678x\r\n\r\n",
        b"POST /forms" + HOST + b"Transfer-Encoding: chunked\r\n\r\n13812345678y\r\n",
        b"\x16\x03\x01\x02\x00\x01",
    ],
    ids=["method", "long address", "header", "length", "chunk", "TLS"],
)
async def test_bytes_that_are_no_request_are_refused_as_a_problem(
    sent: bytes, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    async with listening(with_form()) as address:
        host, _, port = address.removeprefix("http://").partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(sent)
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
    status, *headers = head.lower().split(b"\r\n")
    assert status == b"http/1.1 400 bad request"
    assert b"content-type: application/problem+json" in headers
    assert b"connection: close" in headers
    assert f"content-length: {len(body)}".encode() in headers
    said = orjson.loads(body)
    assert (said["type"], said["status"]) == ("/problems/malformed", 400)
    assert "/openapi.json" in said["detail"]
    assert said["trace_id"] in {line.get("trace_id") for line in lines()}
    assert "13812345678" not in body.decode()


@pytest.mark.parametrize("protocol", [b"websocket", b"h2c", b"13812345678"])
async def test_a_request_for_another_protocol_is_answered_in_ours_and_told_to_nobody(
    protocol: bytes, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    app = application()

    @app.get("/livez")
    async def livez() -> str:
        return "ok"

    asked = b"GET /livez" + HOST + b"Connection: Upgrade\r\nUpgrade: " + protocol + b"\r\n"
    asked += b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    async with listening(app) as address:
        host, _, port = address.removeprefix("http://").partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        for _ in range(2):  # the connection stays good
            writer.write(asked)
            assert (await reader.readline()).lower() == b"http/1.1 200 ok\r\n"
            assert (await reader.readuntil(b'"ok"')).endswith(b'\r\n\r\n"ok"')
        writer.close()
    assert lines() == []


def test_an_answer_repeats_nothing_of_an_address_but_words_of_ours_and_ids() -> None:
    identifier = "019cac1c-e220-7000-8000-00000000ca5e"
    for asked, told in (
        (f"/v1/customers/{identifier}/changes", f"/v1/customers/{identifier}/changes"),
        ("/v1/customers/14207779182", "/v1/customers/-"),
        ("/v1/customers/王小芳/x", "/v1/customers/-/x"),
        ("/", "/"),
    ):
        assert orjson.loads(body(NotFound("no"), asked, "0" * 32))["instance"] == told
