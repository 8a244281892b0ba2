"""What a service answers when it says no: problem+json (RFC 9457), in words that say what to do next."""

from __future__ import annotations

import re
import secrets
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, MutableMapping
from http import HTTPStatus
from typing import Any

import orjson
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from pydantic_core import to_jsonable_python
from starlette.exceptions import HTTPException
from starlette.routing import Match

from chassis import telemetry
from chassis.wrong import FieldError, Wrong

log = structlog.get_logger()

MEDIA_TYPE = "application/problem+json"
MOST_ERRORS = 50
LONGEST_POINTER = 200

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Problem(Exception):
    """A refusal; the class name says what is wrong, its base what the caller does next.

    `detail` is for people and says what to do; it must not repeat what was sent. `rules` are the ids of the
    rules that refuse, `errors` the places with what is wrong there (`Wrong.…at(pointer)`). Further `members` become
    members of the answer. A subclass without a `title` is titled by its name; each has `zh`, what it means and what to
    do next in Chinese, for the screens (`make docs` carries it there).
    """

    status = 500
    title = "Something went wrong on our side"
    zh = "系统出现意外错误，可重试；持续出现请报告追踪号。"
    rules: tuple[str, ...] = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "title" not in cls.__dict__:
            cls.title = " ".join(_words(cls)).capitalize()

    def __init__(
        self,
        detail: str,
        *,
        rules: Iterable[str] | None = None,
        errors: Iterable[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        **members: Any,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.rules = self.rules if rules is None else tuple(rules)
        self.errors = list(errors)
        self.headers = dict(headers or {})
        self.members = members

    @classmethod
    def type(cls) -> str:
        """The problem's address: `LoanTooLong` is `/problems/loan-too-long`."""
        return "/problems/" + "-".join(_words(cls))


def _words(cls: type[Problem]) -> list[str]:
    return re.sub(r"(?<!^)(?=[A-Z])", " ", cls.__name__).lower().split()


class Refused(Problem):
    """It does not fit the state of things; change the request or the state."""

    status = 409
    zh = "当前状态不允许此操作。请重新载入，核对后再办理。"


class Invalid(Refused):
    """It is not well formed; `errors` point at the places."""

    status, title = 422, "The request is not valid"
    zh = "有字段需要更正，请按标注修改后重新提交。"


class KeyReused(Refused):
    """An Idempotency-Key came with another request than before."""

    title = "The Idempotency-Key was used before"
    zh = "此次提交与先前用同一登记键提交的内容不同。请重新载入页面，核对后再提交。"


class Malformed(Problem):
    """The body cannot be read at all."""

    status, title = 400, "The request cannot be read"
    zh = "提交的内容无法读取。请重新载入页面后再试。"


class NotJson(Problem):
    """The body does not say that it is JSON (RFC 9110, 15.5.16)."""

    status, title = 415, "The body must be JSON"
    zh = "提交的内容格式不对。请重新载入页面后再试。"


class Unauthenticated(Problem):
    """The request does not prove who sends it (RFC 6750)."""

    status = 401
    zh = "尚未登录。请登录后再办理。"
    challenge = 'Bearer realm="kehu"'

    def __init__(self, detail: str, **more: Any) -> None:
        super().__init__(detail, headers={"WWW-Authenticate": self.challenge}, **more)


class Forbidden(Problem):
    """The caller is known, and may not do this."""

    status = 403
    zh = "您的岗位不能执行此操作，如需要请申请相应权限。"


class NotFound(Problem):
    """There is no such thing within the caller's reach."""

    status = 404
    zh = "不存在，或不在您的查看范围内。请核对编号。"


class Erased(Problem):
    """What it held of a person is gone for good."""

    status, title = 410, "Erased"
    zh = "有关个人信息已按规定删除，无法再查看。"


class MethodNotAllowed(Problem):
    """The address exists and does not do that."""

    status = 405
    zh = "此地址不支持该操作。请重新载入页面后再试。"


class Stale(Problem):
    """It has changed since the caller read it; read it again."""

    status, title = 412, "Changed in the meantime"
    zh = "他人已修改此记录，请重新载入后再办理。"


class TooLarge(Problem):
    """The body is larger than is taken."""

    status = 413
    zh = "内容超过允许的大小。请压缩，或分成几份后再提交。"


class TooMany(Problem):
    """The caller sends more requests than are taken from one."""

    status, title = 429, "Too many requests"
    zh = "数量超过一次允许的上限。请缩小范围，或稍后再试。"


class Busy(Problem):
    """It could not be done now; send the same again after `retry_after` seconds."""

    status = 503
    zh = "系统繁忙，此操作暂未完成。请稍后重试。"

    def __init__(self, detail: str, *, retry_after: int = 1, **more: Any) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after)}, **more)


class Unexpected(Problem):
    """Nobody foresaw it; the trace id leads to what happened."""

    title = Problem.title
    zh = Problem.zh


class StatusOnly(Problem):
    """A refusal of the framework that says no more than its status (RFC 9457, 4.2.1)."""

    zh = "请求未被接受。请重新载入页面后再试。"

    def __init__(self, status: int, headers: Mapping[str, str] | None) -> None:
        super().__init__("The request was refused. Compare it with /openapi.json.", headers=headers)
        self.status, self.title = status, HTTPStatus(status).phrase

    @classmethod
    def type(cls) -> str:
        """No address of ours says more."""
        return "about:blank"


#: words of our own routes, and ids
_HARMLESS = re.compile(r"|v\d|[a-z][a-z_.-]{0,39}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


# -- answers -------------------------------------------------------------------------------------


def body(problem: Problem, instance: str, trace_id: str) -> bytes:
    """The problem as JSON; `instance` is the path that was asked, as far as it cannot be somebody's data."""
    content: dict[str, Any] = {
        "type": problem.type(),
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "instance": "/".join(part if _HARMLESS.fullmatch(part) else "-" for part in instance.split("/")),
        "trace_id": trace_id,
        "rules": problem.rules,
    }
    if problem.errors:
        content["errors"] = problem.errors
    return orjson.dumps(problem.members | content, default=to_jsonable_python)


def response(problem: Problem, instance: str, trace_id: str | None = None) -> Response:
    """The problem as an answer, with its line in the log: INFO, for a refusal is expected.

    Without a trace at hand the answer gets an id of its own, so that it can be found in the log.
    """
    trace_id = trace_id or telemetry.trace_id_now() or secrets.token_hex(16)
    if not isinstance(problem, Unexpected):
        log.info("refused", problem=problem.type(), status=problem.status, trace_id=trace_id)
    return Response(
        body(problem, instance, trace_id),
        status_code=problem.status,
        headers=problem.headers,
        media_type=MEDIA_TYPE,
    )


async def send_problem(send: Send, problem: Problem, instance: str, trace_id: str | None = None) -> None:
    """The problem as the answer of a bare ASGI function."""
    answer = response(problem, instance, trace_id)
    await send({"type": "http.response.start", "status": answer.status_code, "headers": answer.raw_headers})
    await send({"type": "http.response.body", "body": answer.body})


def unexpected(error: Exception, trace_id: str | None = None) -> Unexpected:
    """The answer to what nobody foresaw, logged at ERROR; none of the error's text is in the answer."""
    log.error("unexpected failure", exc_info=error, **({"trace_id": trace_id} if trace_id else {}))
    return Unexpected("The request failed and may have to be sent again. Report the trace id if it goes on.")


class Guard:
    """Lets only answers leave an ASGI application: whatever it raises is sent as a problem.

    An answer that has begun is left unfinished, so that the server cuts the connection: half of an answer
    must not pass for a whole one.
    """

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def watched(message: MutableMapping[str, Any]) -> None:
            nonlocal begun
            begun = True
            await send(message)

        trace_id = telemetry.trace_id_now() or secrets.token_hex(16)
        try:
            await self._app(scope, receive, watched)
        except Exception as error:
            if begun:
                unexpected(error, trace_id)
                return
            problem = error if isinstance(error, Problem) else unexpected(error, trace_id)
            await send_problem(send, problem, scope["path"], trace_id)


# -- what the framework finds --------------------------------------------------------------------


def install(app: FastAPI) -> None:
    """Make every error of the application leave as a problem, the framework's own ones too."""
    app.add_exception_handler(Problem, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _of_framework)
    app.add_middleware(Guard)


async def _refused(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, Problem)
    return response(problem, request.url.path)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    if isinstance(error.body, bytes):  # the framework has not read it
        return response(
            NotJson("Send JSON in UTF-8, with the header Content-Type: application/json."), request.url.path
        )
    return response(of_validation(error), request.url.path)


async def _of_framework(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return response(_problem_of(request, error), request.url.path)


def _problem_of(request: Request, error: HTTPException) -> Problem:
    if isinstance(error.__cause__, Problem):  # raised while the framework read the body
        return error.__cause__
    if error.status_code == 400:
        return Malformed("The body could not be read. Send well-formed JSON in UTF-8.")
    if error.status_code == 404:
        return NotFound("There is nothing at this address. Compare the path with /openapi.json.")
    if error.status_code == 405:
        methods = ", ".join(sorted(_methods_at(request)))
        return MethodNotAllowed(f"Use {methods} at this address.", headers={"Allow": methods})
    return StatusOnly(error.status_code, error.headers)


def _methods_at(request: Request) -> set[str]:
    """Every method of the address: the framework names those of the first route that has it only."""
    return {
        method
        for route in request.app.routes
        if route.matches(request.scope)[0] is not Match.NONE
        for method in getattr(route, "methods", None) or ()
    }


# -- what pydantic finds -------------------------------------------------------------------------

# which part of the context is the limit of a kind
_LIMITS = (
    "limit", "min_length", "max_length", "gt", "ge", "lt", "le", "multiple_of", "max_digits", "decimal_places",
)  # fmt: skip


def of_validation(error: ValidationError | RequestValidationError) -> Invalid:
    """What pydantic found, as pointers to the places and what to do there; never what was sent."""
    found = [_place(item, isinstance(error, RequestValidationError)) for item in error.errors()[:MOST_ERRORS]]
    return Invalid("Correct the places that `errors` names and send the request again.", errors=found)


def _place(item: Mapping[str, Any], prefixed: bool) -> FieldError:
    location = list(item["loc"])
    where = location.pop(0) if prefixed and location else "body"
    if item["type"] == "json_invalid":
        location.clear()  # the framework puts a position there
    pointer = "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in location)
    context = item.get("ctx", {})
    limit = next((str(context[name]) for name in _LIMITS if name in context), None)
    said = _said(item, limit)
    found = FieldError(
        pointer=pointer[:LONGEST_POINTER],
        detail=said if where == "body" else f"the {where} parameter {said}",
        code=_kind(item),
    )
    return found if limit is None else {**found, "limit": limit}


def _kind(item: Mapping[str, Any]) -> str:
    """Pydantic's name of the kind; a text that a validator of ours has seen is measured in characters, not in items."""
    kind: str = item["type"]
    return f"string_{kind}" if kind in ("too_short", "too_long") and isinstance(item.get("input"), str) else kind


def _said(item: Mapping[str, Any], limit: str | None) -> str:
    kind, context = _kind(item), item.get("ctx", {})
    if kind in ("value_error", "assertion_error"):
        text = str(context.get("error", ""))
        # our validators say what to do; a library's text may quote the value
        quotes = any(len(sent) > 2 and sent in text for sent in _texts(item.get("input")))
        return Wrong.VALUE_ERROR.en if quotes or not text else text
    said: str = context.get("detail") or Wrong.of(kind).en.format_map({**context, "limit": limit})
    return said


def _texts(value: Any) -> Iterator[str]:
    """Every scalar in what was sent, as text."""
    if isinstance(value, Mapping):
        value = [*value.keys(), *value.values()]
    if isinstance(value, list | tuple | set | frozenset):
        for part in value:
            yield from _texts(part)
    else:
        yield str(value)
