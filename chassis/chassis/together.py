"""Routes whose waiting requests are done together: one transaction, every row locked once, one statement a table.

    @post("/v1/shipments", needs=REQUEST_SHIPMENT, status=201, finds=grounds_of)
    def request_shipment(asked: Asked[ShipmentForm], ground: Ground, tx: Tx) -> Answer[ShipmentView] | Problem: ...

`finds(tx, asked)` reads and locks what all of them need, in as many statements as for one, and answers for each in
their order; the plain function then does one after the other. A Problem that it returns refuses this request alone:
by returning it, it says that it has changed nothing. Whatever it raises rolls the batch back, and each request is
done again in a transaction of its own. Nothing sealed is opened here: a batch works for several people.
"""

from __future__ import annotations

import asyncio
import inspect
import typing
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

import structlog
from starlette.responses import Response

from chassis import failpoints, telemetry
from chassis.auth import Principal
from chassis.batching import Batcher
from chassis.failures import passes_by_itself
from chassis.problems import Busy, Problem
from chassis.repeats import Repeat, answers_of, keep
from chassis.runtime import Runtime
from chassis.tx import Tx

log = structlog.get_logger()

F = TypeVar("F")

BATCH = 64
QUEUE = 1024
#: how many at a time are done by themselves after their batch has failed
ALONE = 4
#: a batch does not wait longer than this for a row: whoever needs it waits by itself
PATIENCE = "250ms"


@dataclass(frozen=True, slots=True)
class Asked(Generic[F]):
    """A request among others. What is made of it takes its `id`, which stays when it is done again.

    So a batch whose COMMIT was lost finds what it had made: `finds` looks for these ids too.
    """

    id: UUID
    form: F
    principal: Principal


Finds = Callable[[Tx, Sequence[Asked[Any]]], Awaitable[Sequence[Any]]]


@dataclass(frozen=True, slots=True)
class _Waiting:
    asked: Asked[Any]
    repeat: Repeat | None
    traceparent: str | None


class Together:
    """One such route in one process; one batch at a time, and beside it those that are done by themselves."""

    def __init__(
        self,
        runtime: Runtime,
        act: Callable[..., Any],
        finds: Finds,
        render: Callable[[Any], Response],
    ) -> None:
        self._runtime = runtime
        self._act = act
        self._finds = finds
        self._render = render
        self._batcher: Batcher[_Waiting, Response] = Batcher(self._flush, most=BATCH, queue=QUEUE)
        self._slots = asyncio.Semaphore(ALONE)

    async def submit(self, asked: Asked[Any], repeat: Repeat | None) -> Response:
        """The answer, when what it says is on disk; Problem when it was refused, `Busy` when too many wait."""
        return await self._batcher.submit(_Waiting(asked, repeat, telemetry.traceparent_now()))

    async def _flush(self, batch: Sequence[_Waiting]) -> Sequence[Response | BaseException | asyncio.Future[Response]]:
        """What became of each; who repeats another of them, or could not be done with them, is done by itself."""
        together = _once_a_key(batch)
        done: dict[UUID, Response | Problem] = {}
        try:
            done = await self._do(together, patience=PATIENCE)
        except Exception as error:
            if isinstance(error, Problem) and len(batch) == 1:
                return [error]
            log.info("batch_retreats", act=self._act.__name__, requests=len(together), error=type(error).__name__)
        return [done.get(one.asked.id) or asyncio.ensure_future(self._by_itself(one)) for one in batch]

    async def _by_itself(self, one: _Waiting) -> Response:
        async with self._slots:
            try:
                answer = (await self._do([one]))[one.asked.id]
            except Exception as error:
                if passes_by_itself(error):
                    raise Busy("The database is busy. Send the request again in a moment.", retry_after=1) from error
                raise
        if isinstance(answer, Problem):
            raise answer
        return answer

    async def _do(self, batch: Sequence[_Waiting], *, patience: str | None = None) -> dict[UUID, Response | Problem]:
        """Do them in one transaction; what each is answered, once it is committed."""
        async with self._runtime.transaction(patience=patience) as tx:
            before = await answers_of(tx, [one.repeat for one in batch if one.repeat is not None])
            answers = {one.asked.id: before[one.repeat.key] for one in batch if one.repeat and one.repeat.key in before}
            left = [one for one in batch if one.asked.id not in answers]
            kept: list[tuple[Repeat, Response]] = []
            for one, result in zip(left, await self._act_on(left, tx), strict=True):
                answers[one.asked.id] = answer = result if isinstance(result, Problem) else self._render(result)
                if one.repeat is not None and isinstance(answer, Response):
                    kept.append((one.repeat, answer))
            await tx.flush()
            if not await keep(tx, kept):
                raise Busy("The same request is being handled. Send it again in a second.", retry_after=1)
        await failpoints.reach("together.committed")
        return answers

    async def _act_on(self, batch: Sequence[_Waiting], tx: Tx) -> list[Any]:
        if not batch:
            return []
        found = await self._finds(tx, [one.asked for one in batch])
        results = []
        itself = tx.actor
        for one, its in zip(batch, found, strict=True):
            tx.actor = one.asked.principal.subject
            with telemetry.within(one.traceparent):
                results.append(self._act(one.asked, its, tx))
        tx.actor = itself
        return results


def form_of(signature: inspect.Signature) -> Any:
    """What a route that takes `Asked[F]` is sent: F."""
    for parameter in signature.parameters.values():
        if typing.get_origin(parameter.annotation) is Asked:
            return typing.get_args(parameter.annotation)[0]
    raise TypeError("a route with `finds` takes Asked[F]")


def _once_a_key(batch: Sequence[_Waiting]) -> list[_Waiting]:
    """The batch without those that repeat the key of an earlier one: they are answered with its answer."""
    seen: set[bytes] = set()
    kept = []
    for one in batch:
        if one.repeat is None or one.repeat.key not in seen:
            kept.append(one)
        if one.repeat is not None:
            seen.add(one.repeat.key)
    return kept
