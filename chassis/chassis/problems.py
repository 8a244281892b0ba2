"""What a service answers when it says no: problem+json (RFC 9457), in words that say what to do next."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

import orjson
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.exceptions import HTTPException

from chassis import telemetry

log = structlog.get_logger()

MEDIA_TYPE = "application/problem+json"


class Problem(Exception):
    """An expected refusal; the class name says what is wrong, its base what the caller does next.

    `detail` is for people and says what to do; it never repeats what was sent. Further members become
    members of the answer.
    """

    status = 500
    title = "Internal error"
    rules: tuple[str, ...] = ()

    def __init__(
        self,
        detail: str,
        *,
        rules: Iterable[str] | None = None,
        errors: Iterable[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
        **members: Any,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.rules = tuple(rules) if rules is not None else self.rules
        self.errors = [dict(error) for error in errors]
        self.headers = dict(headers or {})
        self.members = members

    @classmethod
    def type(cls) -> str:
        """`/problems/<class name in kebab case>`."""
        return "/problems/" + re.sub(r"(?<!^)(?=[A-Z])", "-", cls.__name__).lower()


class Refused(Problem):
    """What was asked does not fit the state of things; change the request or the state."""

    status, title = 409, "Refused"


class Invalid(Refused):
    """What was sent is not well formed; `errors` point at the places."""

    status, title = 422, "The request is not valid"


class KeyReused(Refused):
    """An Idempotency-Key came with another request than before."""

    title = "The Idempotency-Key was used before"


class Stale(Problem):
    """It has changed since it was read; read again."""

    status, title = 412, "Changed in the meantime"


class NotFound(Problem):
    """There is no such thing within the caller's reach."""

    status, title = 404, "Not found"


class MethodNotAllowed(Problem):
    """The path does not do that."""

    status, title = 405, "Method not allowed"


class Unauthenticated(Problem):
    """The request does not say who sends it."""

    status, title = 401, "Who are you?"

    def __init__(self, detail: str, **more: Any) -> None:
        super().__init__(detail, headers={"WWW-Authenticate": 'Bearer realm="kehu"'}, **more)


class Forbidden(Problem):
    """The caller is known, and may not do this."""

    status, title = 403, "Not allowed"


class TooLarge(Problem):
    """The body is larger than is taken."""

    status, title = 413, "Too large"


class TooMany(Problem):
    """More requests than are taken from one caller."""

    status, title = 429, "Too many requests"


class Busy(Problem):
    """It could not be done now; the same request may be sent again."""

    status, title = 503, "Busy"

    def __init__(self, detail: str, *, retry_after: int = 1, **more: Any) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after)}, **more)


class Unexpected(Problem):
    """Something that nobody foresaw; the trace id leads to it."""

    title = "Something went wrong on our side"


def body(problem: Problem, instance: str, trace_id: str | None) -> bytes:
    """The problem as JSON."""
    content: dict[str, Any] = {
        "type": problem.type(),
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "instance": instance,
        "trace_id": trace_id,
        "rules": list(problem.rules),
    }
    if problem.errors:
        content["errors"] = problem.errors
    return orjson.dumps(content | problem.members, default=str)


def response(problem: Problem, instance: str) -> Response:
    """The problem as an answer."""
    log_refusal(problem)
    return Response(
        body(problem, instance, telemetry.trace_id_now()),
        status_code=problem.status,
        headers=problem.headers,
        media_type=MEDIA_TYPE,
    )


async def send_problem(send: Callable[[dict[str, Any]], Awaitable[None]], problem: Problem, instance: str) -> None:
    """The problem as an answer of a bare ASGI function."""
    answer = response(problem, instance)
    await send({"type": "http.response.start", "status": answer.status_code, "headers": answer.raw_headers})
    await send({"type": "http.response.body", "body": bytes(answer.body)})


def log_refusal(problem: Problem) -> None:
    """One line at INFO: a refusal is ordinary life."""
    log.info("refused", problem=problem.type(), status=problem.status)


def of_validation(error: ValidationError | RequestValidationError) -> Invalid:
    """What pydantic found, as pointers into the body (RFC 6901) and what to do; never what was sent."""
    found = []
    for item in error.errors():
        place = [str(part).replace("~", "~0").replace("/", "~1") for part in item["loc"]]
        if isinstance(error, RequestValidationError) and place[:1] == ["body"]:
            place = place[1:]
        found.append({"pointer": "".join(f"/{part}" for part in place), "detail": _said(item)})
    return Invalid(
        "Some fields are missing or not well formed; `errors` names each one. Correct them and send again.",
        errors=found[:50],
    )


def _said(item: Mapping[str, Any]) -> str:
    """pydantic's words where they speak of the type only; our own text where a validator spoke."""
    if item["type"] == "value_error":
        return str(item["msg"]).removeprefix("Value error, ")
    if item["type"] in ("json_invalid", "literal_error", "enum", "union_tag_invalid"):
        expected = item.get("ctx", {}).get("expected")
        return f"must be {expected}" if expected else "is not well-formed JSON"
    return str(item["msg"])


def install(app: FastAPI) -> None:
    """Make every error of the application leave as a problem."""

    async def refused(request: Request, problem: Exception) -> Response:
        assert isinstance(problem, Problem)
        return response(problem, request.url.path)

    async def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return response(of_validation(error), request.url.path)

    async def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return response(_of_status(error), request.url.path)

    app.add_exception_handler(Problem, refused)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http)


def unexpected(error: BaseException) -> Unexpected:
    """The answer to what nobody foresaw: logged with its place, answered without its text."""
    log.error("unexpected failure", exc_info=error)
    return Unexpected("The request could not be handled. Nothing is known to be saved; report the trace id.")


def _of_status(error: HTTPException) -> Problem:
    if error.status_code == 404:
        return NotFound("There is nothing at this address. Check the path.")
    if error.status_code == 405:
        allowed = dict(error.headers or {})
        methods = allowed.get("Allow", "another method")
        return MethodNotAllowed(f"This address takes {methods} only.", headers=allowed)
    if error.status_code == 400:
        return Invalid("The body could not be read. Send well-formed JSON in UTF-8.")
    problem = Refused("The request was refused. Check it against the API description.")
    problem.status = error.status_code
    return problem
