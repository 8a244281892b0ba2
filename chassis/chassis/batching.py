"""Natural batching: while one batch is written, the next one collects."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Generic, TypeVar

from chassis.problems import Busy

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class Batcher(Generic[Item, Answer]):
    """Groups concurrent callers into one flush; one flush is in flight at a time.

    `flush` takes up to `most` items and returns an answer or an exception for each, in order; or a future of the
    answer, for an item that goes on by itself while the next batch is taken.
    At most `queue` items wait; one more is refused with `Busy`, so that a slow database
    turns callers away instead of filling the memory.
    """

    def __init__(
        self,
        flush: Callable[[Sequence[Item]], Awaitable[Sequence[Answer | BaseException | asyncio.Future[Answer]]]],
        *,
        most: int,
        queue: int,
    ) -> None:
        self._flush = flush
        self._most = most
        self._queue = queue
        self._waiting: list[tuple[Item, asyncio.Future[Answer]]] = []
        self._running: asyncio.Task[None] | None = None
        self._apart: set[asyncio.Future[Answer]] = set()

    @property
    def depth(self) -> int:
        return len(self._waiting)

    async def submit(self, item: Item) -> Answer:
        """The answer to this item, after the flush that took it has come back."""
        if len(self._waiting) >= self._queue:
            raise Busy("Too many requests are waiting to be written. Send it again in a second.", retry_after=1)
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._running is None:
            self._running = asyncio.create_task(self._run())
        return await future

    async def drain(self) -> None:
        """Return when everything submitted so far has its answer."""
        while self._running is not None or self._apart:
            if self._running is not None:
                await asyncio.wait([self._running])
            elif self._apart:
                await asyncio.wait(self._apart)

    async def _run(self) -> None:
        try:
            await asyncio.sleep(0)  # the other requests of this turn of the loop come along
            while self._waiting:
                batch = self._waiting[: self._most]
                del self._waiting[: self._most]
                await self._answer(batch)
        finally:
            self._running = None

    async def _answer(self, batch: list[tuple[Item, asyncio.Future[Answer]]]) -> None:
        answers: Sequence[Answer | BaseException | asyncio.Future[Answer]]
        try:
            answers = await self._flush([item for item, _ in batch])
        except Exception as error:  # whoever waits must hear of it, whatever it is
            answers = [error] * len(batch)
        for (_, future), answer in zip(batch, answers, strict=True):
            if isinstance(answer, asyncio.Future):
                self._apart.add(answer)
                answer.add_done_callback(partial(self._ended, future))
            elif not future.done():  # else its caller has gone away
                _tell(future, answer)

    def _ended(self, future: asyncio.Future[Answer], apart: asyncio.Future[Answer]) -> None:
        self._apart.discard(apart)
        if apart.cancelled():
            future.cancel()
            return
        answer = apart.exception() or apart.result()
        if not future.done():
            _tell(future, answer)


def _tell(future: asyncio.Future[Answer], answer: Answer | BaseException) -> None:
    if isinstance(answer, BaseException):
        future.set_exception(answer)
    else:
        future.set_result(answer)
