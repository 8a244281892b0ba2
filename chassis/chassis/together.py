"""Routes whose waiting requests are done together: one transaction, every row locked once, one statement a table.

    @post("/v1/shipments", needs=REQUEST_SHIPMENT, status=201, finds=Finds(grounds_of, lane=account_id))
    def request_shipment(asked: Asked[ShipmentForm], ground: Ground, tx: Tx) -> Answer[ShipmentView] | Problem: ...

What it `finds` is read and locked for all of them, in as many statements as for one, an answer for each in their
order; the plain function then does one after the other. A Problem that it returns refuses this request alone:
by returning it, it says that it has changed nothing. Whatever it raises rolls the batch back, and each request is
done again in a transaction of its own. Where a row stays locked, those of each lane go on as a batch of their own,
so that nobody waits for the row of another. Nothing sealed is opened here: a batch works for several people.
"""

from __future__ import annotations

import asyncio
import inspect
import typing
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar
from uuid import UUID

import structlog
from starlette.responses import Response

from chassis import failpoints, telemetry
from chassis.auth import Principal
from chassis.batching import Batcher
from chassis.failures import passes_by_itself, waited_for_a_lock
from chassis.problems import Busy, Problem
from chassis.repeats import Repeat, answers_of, keep
from chassis.runtime import Runtime
from chassis.tx import Tx

log = structlog.get_logger()

F = TypeVar("F")

BATCH = 64
QUEUE = 1024
#: how many transactions there are at a time beside the batch
BESIDE = 4
#: a batch does not wait longer than this for a row: those who need it wait in their lane
PATIENCE = "250ms"


@dataclass(frozen=True, slots=True)
class Asked(Generic[F]):
    """A request among others. What is made of it takes its `id`, which stays when it is done again.

    So a batch whose COMMIT was lost finds what it had made: `finds` looks for these ids too.
    """

    id: UUID
    form: F
    principal: Principal


@dataclass(frozen=True)
class Finds:
    """What a batch rests on: `read(tx, asked)` finds it, an answer for each.

    `lane` says which row a request needs for itself alone: those of one lane wait for one another.
    """

    read: Callable[[Tx, Sequence[Asked[Any]]], Awaitable[Sequence[Any]]]
    lane: Callable[[Any], Hashable]


@dataclass(frozen=True, slots=True)
class _Waiting:
    asked: Asked[Any]
    repeat: Repeat | None
    traceparent: str | None


class Together:
    """One such route in one process: one batch at a time, and beside it lanes, and those that are done alone."""

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
        self._lanes: dict[Hashable, Batcher[_Waiting, Response]] = {}
        self._slots = asyncio.Semaphore(BESIDE)

    async def submit(self, asked: Asked[Any], repeat: Repeat | None) -> Response:
        """The answer, when what it says is on disk; Problem when it was refused, `Busy` when too many wait."""
        one = _Waiting(asked, repeat, telemetry.traceparent_now())
        return await self._lanes.get(self._finds.lane(asked.form), self._batcher).submit(one)

    async def _flush(self, batch: Sequence[_Waiting]) -> Sequence[Response | BaseException | asyncio.Future[Response]]:
        """What became of each; who repeats another of them, or could not be done with them, is done beside them."""
        together = _once_a_key(batch)
        try:
            done = await self._do(together, patience=PATIENCE)
        except Exception as error:
            if waited_for_a_lock(error):
                return [asyncio.ensure_future(self._in_lane(one)) for one in batch]
            return self._retreat(batch, error)
        return [done.get(one.asked.id) or self._alone(one) for one in batch]

    async def _in_lane(self, one: _Waiting) -> Response:
        """Done with those of its lane only; the lane is there while somebody waits in it."""
        lane = self._finds.lane(one.asked.form)
        if lane not in self._lanes:
            self._lanes[lane] = Batcher(partial(self._flush_lane, lane), most=BATCH, queue=QUEUE)
        return await self._lanes[lane].submit(one)

    async def _flush_lane(
        self, lane: Hashable, batch: Sequence[_Waiting]
    ) -> Sequence[Response | BaseException | asyncio.Future[Response]]:
        try:
            async with self._slots:
                done = await self._do(_once_a_key(batch))
        except Exception as error:
            if waited_for_a_lock(error):
                return [_busy(error) for _ in batch]
            return self._retreat(batch, error)
        finally:
            if not self._lanes[lane].depth:
                del self._lanes[lane]
        return [done.get(one.asked.id) or self._alone(one) for one in batch]

    def _retreat(
        self, batch: Sequence[_Waiting], error: Exception
    ) -> Sequence[Response | BaseException | asyncio.Future[Response]]:
        if isinstance(error, Problem) and len(batch) == 1:
            return [error]
        log.info("batch_retreats", act=self._act.__name__, requests=len(batch), error=type(error).__name__)
        return [self._alone(one) for one in batch]

    def _alone(self, one: _Waiting) -> asyncio.Future[Response]:
        return asyncio.ensure_future(self._by_itself(one))

    async def _by_itself(self, one: _Waiting) -> Response:
        async with self._slots:
            try:
                answer = (await self._do([one]))[one.asked.id]
            except Exception as error:
                if passes_by_itself(error):
                    raise _busy(error) from error
                raise
        if isinstance(answer, Problem):
            raise answer
        return answer

    async def _do(self, batch: Sequence[_Waiting], *, patience: str | None = None) -> dict[UUID, Response | Problem]:
        """Do them in one transaction; what each is answered, once it is committed."""
        async with self._runtime.transaction(patience=patience, one_plan=True) as tx:
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
        found = await self._finds.read(tx, [one.asked for one in batch])
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


def _busy(error: BaseException) -> Busy:
    busy = Busy("The database is busy. Send the request again in a moment.", retry_after=1)
    busy.__cause__ = error
    return busy


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
