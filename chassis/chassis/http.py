"""HTTP as every service speaks it: each route says what it needs, each error is a problem, each write may repeat."""

from __future__ import annotations

import asyncio
import base64
import binascii
import inspect
import re
import time
import types
import typing
from collections import ChainMap
from collections.abc import Awaitable, Callable, Coroutine, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Annotated, Any, Generic, Literal, Protocol, TypeVar

import orjson
import sqlalchemy as sa
import structlog
from fastapi import Depends, FastAPI, Header, Query, Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, TypeAdapter, ValidationError
from starlette.routing import compile_path

from chassis import problems, telemetry
from chassis.auth import Principal, Verifier
from chassis.failures import passes_by_itself
from chassis.ids import uuid7
from chassis.problems import Busy, Forbidden, Invalid, Problem, TooLarge, Unauthenticated
from chassis.repeats import Repeat, answers_of, keep
from chassis.runtime import Runtime
from chassis.together import Asked, Finds, Together, form_of
from chassis.tx import Tx
from chassis.wrong import Wrong

log = structlog.get_logger()

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

T = TypeVar("T")

_duration = telemetry.histogram("http.server.request.duration", "s", "From the first byte to the last")


class Need(Protocol):
    """What a route asks of its caller."""

    @property
    def name(self) -> str: ...

    def allows(self, principal: Principal) -> bool: ...


class Anyone:
    """A route that answers without a token: health, and nothing with data."""

    name = "anyone"

    def allows(self, principal: Principal | None) -> bool:
        return True


ANYONE = Anyone()


class Upload(bytes):
    """The body as it came, for a route that takes a file: read before its transaction begins."""


@dataclass(frozen=True)
class Route:
    """One way in, declared beside its use case. `body_limit` is given where it takes more than other routes.

    With `finds`, the requests that wait at the same time are done together (`chassis.together`).
    """

    method: str
    path: str
    endpoint: Callable[..., Any]
    needs: Need
    status: int
    summary: str
    body_limit: int | None = None
    finds: Finds | None = None


@dataclass(frozen=True)
class Answer(Generic[T]):
    """What a route returns when it must say more than a body: another status, headers."""

    body: T
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


class Page(BaseModel, Generic[T]):
    """A part of a list; `next` is where the following part begins, null at the end."""

    items: list[T]
    next: str | None = None


Limit = Annotated[int, Query(ge=1, le=100, description="how many at most")]
Cursor = Annotated[str | None, Query(max_length=500, description="`next` of the part before")]


def route(method: str) -> Callable[..., Callable[[Callable[..., Any]], Route]]:
    def declare(
        path: str, *, needs: Need, status: int = 200, body_limit: int | None = None, finds: Finds | None = None
    ) -> Callable[[Callable[..., Any]], Route]:
        def wrap(endpoint: Callable[..., Any]) -> Route:
            summary = (inspect.getdoc(endpoint) or endpoint.__name__.replace("_", " ")).splitlines()[0]
            return Route(method, path, endpoint, needs, status, summary, body_limit, finds)

        return wrap

    return declare


get, post, put, patch, delete = (route(method) for method in ("GET", "POST", "PUT", "PATCH", "DELETE"))


def cursor_of(*values: Any) -> str:
    """Where a list goes on, as an opaque text."""
    return base64.urlsafe_b64encode(orjson.dumps(values, default=str)).decode().rstrip("=")


def cursor_values(cursor: str, *kinds: Callable[[Any], T]) -> list[T]:
    """The values of a cursor, each read by its kind; 422 when it is not one of ours."""
    try:
        values = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(values, list) or len(values) != len(kinds):
            raise ValueError("wrong length")
        return [kind(value) for kind, value in zip(kinds, values, strict=True)]
    except (ValueError, TypeError, AttributeError, binascii.Error) as error:
        raise Invalid(
            "The cursor is not one that this list gave out. Begin the list again without it.",
            errors=[Wrong.CURSOR.at("/cursor")],
        ) from error


def if_match(value: Annotated[str | None, Header(alias="If-Match")] = None) -> int | None:
    """The version a caller believes to change, from If-Match; None when it does not say."""
    if value is None:
        return None
    bare = value.removeprefix("W/").strip('"')
    if not bare.isdigit():
        raise Invalid("If-Match holds no version. Send back the ETag of the last answer.")
    return int(bare)


def preferred(value: Annotated[str | None, Header(alias="Accept-Language")] = None) -> Literal["zh", "en"]:
    """Chinese for who takes it at least as well as English (RFC 9110, 12.5.4), of whichever country; else English."""
    weights: dict[str, float] = {}
    for part in (value or "").split(","):
        tag, *parameters = (said.strip().lower() for said in part.split(";"))
        weight = next((one[2:] for one in parameters if one.startswith("q=")), "1")
        if not re.fullmatch(r"[01](\.\d{0,3})?", weight):
            continue
        language = tag.partition("-")[0]
        weights[language] = max(weights.get(language, 0.0), float(weight))
    chinese = weights.get("zh", 0.0)
    return "zh" if chinese > 0 and chinese >= weights.get("en", 0.0) else "en"


#: which language the caller wants a paper in, from Accept-Language
Language = Annotated[Literal["zh", "en"], Depends(preferred)]


# -- one request ---------------------------------------------------------------------------------


async def authenticate(runtime: Runtime, verifier: Verifier, authorization: str | None) -> Principal:
    """Who sends the request, from its bearer token (RFC 6750), and what they are granted at this instant."""
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated("Send a token of your identity provider as `Authorization: Bearer …`.")
    token = token.strip()
    principal = verifier.cached(token) or await verifier.verify(token)
    if runtime.settings.grants_from == "token":
        return principal
    return replace(principal, grants=runtime.granted(principal))


def allow(needs: Need, principal: Principal) -> None:
    """Refuse whoever has not what the route needs."""
    if not needs.allows(principal):
        raise Forbidden(
            f"This needs the permission {needs.name}, which none of your roles carries. Ask for the role.",
        )


class Shape:
    """What a declared route takes and returns: worked out once, however many applications serve it."""

    def __init__(self, declared: Route) -> None:
        signature = inspect.signature(declared.endpoint, eval_str=True)
        self.tx = _parameter_of(signature, Tx)
        self.principal = _parameter_of(signature, Principal)
        self.runtime = _parameter_of(signature, Runtime)
        self.upload = _parameter_of(signature, Upload)
        self.request = _parameter_of(signature, Request)
        own = {self.tx, self.principal, self.runtime, self.upload, self.request}
        self.returns = _body_of(signature.return_annotation)
        self.takes: dict[str, Any] = _FILE if self.upload else {}
        self.render: TypeAdapter[Any] | None = None if self.returns in (None, Response) else TypeAdapter(self.returns)
        self.form: TypeAdapter[Any] | None = None
        taken = [p for p in signature.parameters.values() if p.name not in own]
        if declared.finds is not None:
            form = form_of(signature)
            taken = [inspect.Parameter("form", inspect.Parameter.KEYWORD_ONLY, annotation=form)]
            self.form = TypeAdapter(form)
        request = inspect.Parameter("request_", inspect.Parameter.KEYWORD_ONLY, annotation=Request)
        kept = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in taken]
        self.signature = inspect.Signature([*kept, request])


shape_of = cache(Shape)


class Endpoint:
    """Runs a declared route: token, permission, transaction, repetition, answer."""

    def __init__(self, declared: Route, runtime: Runtime, verifier: Verifier) -> None:
        self._route = declared
        self._runtime = runtime
        self._verifier = verifier
        self._shape = shape_of(declared)
        self._together: Together | None = None
        if declared.finds is not None:
            self._together = Together(runtime, declared.endpoint, declared.finds, self._response)

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A route whose requests are done together, before the framework: the same, for a third of the cost."""
        assert self._together is not None
        assert self._shape.form is not None
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        principal = await authenticate(self._runtime, self._verifier, headers.get(b"authorization"))
        allow(self._route.needs, principal)
        body = await _body(receive)
        try:
            form = self._shape.form.validate_json(body)
        except ValidationError as error:
            raise problems.of_validation(error) from error
        key, repeat = headers.get(b"idempotency-key"), None
        if key is not None:
            place = (self._route.method, scope["path"], scope["query_string"])
            repeat = Repeat.of(principal.subject, *place, key, body)
        response = await self._together.submit(Asked(uuid7(), form, principal), repeat)
        await response(scope, receive, send)

    async def admit(self, request: Request) -> None:
        """Let the caller in, or refuse, before anything that was sent is looked at."""
        request.state.principal = None
        if self._route.needs is not ANYONE:
            principal = await authenticate(self._runtime, self._verifier, request.headers.get("authorization"))
            allow(self._route.needs, principal)
            request.state.principal = principal

    async def __call__(self, *, request_: Request, **arguments: Any) -> Response:
        principal: Principal | None = request_.state.principal
        shape = self._shape
        if shape.principal:
            arguments[shape.principal] = principal
        if shape.runtime:
            arguments[shape.runtime] = self._runtime
        if shape.upload:
            arguments[shape.upload] = Upload(await request_.body())
        if shape.request:  # for a route that reads its body piece by piece; it takes no Tx
            arguments[shape.request] = request_
        if not shape.tx:
            return self._response(await self._route.endpoint(**arguments))
        key = request_.headers.get("idempotency-key")
        repeat: Repeat | None = None
        if key is not None and self._route.method != "GET":
            subject = principal.subject if principal else ""
            query = request_.url.query.encode()
            repeat = Repeat.of(subject, request_.method, request_.url.path, query, key, await request_.body())
        if self._together is not None:
            assert principal is not None
            return await self._together.submit(Asked(uuid7(), arguments["form"], principal), repeat)
        try:
            return await self._in_transaction(principal, arguments, repeat)
        except _Repeated as repeated:
            return repeated.response
        except Problem:
            raise
        except Exception as error:
            if passes_by_itself(error):
                raise Busy("The database is busy. Send the request again in a moment.", retry_after=1) from error
            raise

    async def _in_transaction(
        self, principal: Principal | None, arguments: dict[str, Any], repeat: Repeat | None
    ) -> Response:
        actor = principal.subject if principal else None
        async with self._runtime.transaction(actor=actor) as tx:
            if repeat is not None:
                await _answer_again(tx, repeat)
            response = self._response(await self._route.endpoint(**{**arguments, str(self._shape.tx): tx}))
            if repeat is not None:
                await tx.flush()
                if not await keep(tx, [(repeat, response)]):
                    await _answer_again(tx, repeat)
                    raise Busy("The same request is being handled. Send it again in a second.", retry_after=1)
        return response

    def _response(self, result: Any) -> Response:
        headers: dict[str, str] = {}
        status = self._route.status
        if isinstance(result, Answer):
            status, headers = result.status or status, dict(result.headers)
            result = result.body
        if isinstance(result, Response):
            return result
        version = getattr(result, "version", None)
        if isinstance(version, int):
            headers.setdefault("ETag", f'"{version}"')
        if self._shape.render is None:
            return Response(status_code=status, headers=headers)
        content = self._shape.render.dump_json(result)
        return Response(content, status_code=status, headers=headers, media_type="application/json")


#: how OpenAPI shows a route that takes a file
_FILE = {"requestBody": {"required": True, "content": {"application/octet-stream": {"schema": {"type": "string"}}}}}


class _Repeated(Exception):
    def __init__(self, response: Response) -> None:
        self.response = response


async def _answer_again(tx: Tx, repeat: Repeat) -> None:
    """Leave the transaction with the stored answer when the key has been used for this very request."""
    match (await answers_of(tx, [repeat])).get(repeat.key):
        case Problem() as problem:
            raise problem
        case Response() as response:
            raise _Repeated(response)


def _body_of(returned: Any) -> Any:
    """The type of the answer's body, of what a route is declared to return."""
    parts = typing.get_args(returned) if typing.get_origin(returned) in (typing.Union, types.UnionType) else (returned,)
    answer = next((part for part in parts if typing.get_origin(part) is Answer), None)
    return returned if answer is None else typing.get_args(answer)[0]


def _parameter_of(signature: inspect.Signature, kind: type) -> str | None:
    return next((name for name, p in signature.parameters.items() if p.annotation is kind), None)


# -- the application -----------------------------------------------------------------------------


@dataclass
class Health:
    """What the health routes ask: is the process alive, may it be given work."""

    alive: Callable[[], str | None]
    draining: bool = False


def build(
    runtime: Runtime,
    verifier: Verifier,
    routes: Sequence[Route],
    health: Health,
    *,
    title: str,
    front: Mapping[tuple[str, str], App] | None = None,
) -> App:
    """The ASGI application of a service: declared routes, health, problems, limits, one log line a request.

    `front` takes single paths before the framework does, for what must be fast; it owes its callers the
    same problems and answers.
    """
    app = FastAPI(title=title, version="1", docs_url=None, redoc_url=None, redirect_slashes=False)
    together: dict[tuple[str, str], App] = {}
    endpoints: dict[Route, Endpoint] = {}
    app.state.endpoints, app.state.health = endpoints, health
    problems.install(app)
    for declared in [*routes, livez, readyz]:
        endpoint = endpoints[declared] = Endpoint(declared, runtime, verifier)
        if declared.finds is not None:
            together[declared.method, declared.path] = endpoint.serve
        app.router.routes.append(_framed(declared))
    larger = [(declared.method, compile_path(declared.path)[0], declared.body_limit)
              for declared in routes if declared.body_limit is not None]  # fmt: skip
    # not a copy: what a service puts before the framework may be open-ended
    return Edge(app, ChainMap(together, front or {}), runtime.settings.body_limit, larger)  # type: ignore[arg-type]


class _Kept(APIRoute):
    """A route that asks who comes before it reads what they bring."""

    declared: Route

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def kept(request: Request) -> Response:
            await request.app.state.endpoints[self.declared].admit(request)
            return await handle(request)

        return kept


@cache
def _framed(declared: Route) -> APIRoute:
    """The route as the framework has it; which application serves it, the request says."""
    shape = shape_of(declared)

    async def call(*, request_: Request, **arguments: Any) -> Response:
        endpoint: Endpoint = request_.app.state.endpoints[declared]
        return await endpoint(request_=request_, **arguments)

    call.__signature__ = shape.signature  # type: ignore[attr-defined]
    call.__name__ = declared.endpoint.__name__
    call.__doc__ = declared.endpoint.__doc__
    found = _Kept(
        declared.path,
        call,
        methods=[declared.method],
        status_code=declared.status,
        summary=declared.summary,
        response_model=None,
        responses={declared.status: _described(shape.returns)},
        openapi_extra={"x-needs": declared.needs.name, **shape.takes},
        operation_id=declared.endpoint.__name__,
    )
    found.declared = declared
    return found


def _described(returns: Any) -> dict[str, Any]:
    if isinstance(returns, type) and issubclass(returns, BaseModel):
        return {"model": returns}
    return {}


@get("/livez", needs=ANYONE)
async def livez(request: Request) -> dict[str, str]:
    """Whether the process makes progress; what does not is restarted."""
    stuck = request.app.state.health.alive()
    if stuck:
        raise Busy(f"The {stuck} has made no progress for a minute.", retry_after=10)
    return {"status": "ok"}


@get("/readyz", needs=ANYONE)
async def readyz(request: Request, runtime: Runtime) -> dict[str, str]:
    """Whether the process may be given requests."""
    if request.app.state.health.draining:
        raise Busy("The process is stopping. Ask another one.", retry_after=1)
    try:
        async with asyncio.timeout(2), runtime.engine.connect() as connection:
            await connection.execute(sa.text("SELECT 1"))
    except Exception as error:
        if passes_by_itself(error):
            raise Busy("The database does not answer.", retry_after=2) from error
        raise
    return {"status": "ok"}


class Edge:
    """What every request passes first: its trace, its size limit, its line in the log."""

    def __init__(
        self,
        app: App,
        front: Mapping[tuple[str, str], App],
        body_limit: int,
        larger: Sequence[tuple[str, re.Pattern[str], int]] = (),
    ) -> None:
        self._app = app
        self._larger = larger
        self._front = front
        self._limit = body_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 0

        async def watched(message: MutableMapping[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        parent = next((v.decode("latin-1") for k, v in scope["headers"] if k == b"traceparent"), None)
        place = (scope["method"], scope["path"])
        app = self._front.get(place, self._app)
        with telemetry.span(scope["method"], kind="server", parent=parent) as span:
            try:
                await app(scope, _limited(receive, self._limit_of(*place)), watched)
            except Exception as error:
                if status:  # the answer has begun: all that is left is to break it off
                    raise
                problem = error if isinstance(error, Problem) else problems.unexpected(error)
                await problems.send_problem(watched, problem, scope["path"])
            seconds = time.perf_counter() - started
            path = getattr(scope.get("route"), "path", scope["path"] if app is not self._app else "unmatched")
            if span is not None:
                span.update_name(f"{scope['method']} {path}")
                span.set_attribute("http.response.status_code", status)
            _duration.record(seconds, {"method": scope["method"], "route": path, "status": status})
            if path not in ("/livez", "/readyz"):
                log.info("request", method=scope["method"], route=path, status=status, ms=round(seconds * 1000, 1))

    def _limit_of(self, method: str, path: str) -> int:
        return next((limit for m, pattern, limit in self._larger if m == method and pattern.match(path)), self._limit)


async def _body(receive: Receive) -> bytes:
    parts = []
    more = True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        more = message["type"] == "http.request" and message.get("more_body", False)
    return b"".join(parts)


def _limited(receive: Receive, limit: int) -> Receive:
    size = 0

    async def counted() -> MutableMapping[str, Any]:
        nonlocal size
        message = await receive()
        if message["type"] == "http.request":
            size += len(message.get("body", b""))
            if size > limit:
                raise TooLarge(f"The body is larger than {limit} bytes. Send less at once.")
        return message

    return counted
