"""Bugs on purpose: `python -m tests.faults.planted <bug> <module> <role>` runs a service with one of them.

Each is a mistake that is really made with an outbox, an inbox, an acknowledgement or a ledger, in as few lines as it
takes to make it. The checker has to find each of them by what it does, or its verdict means nothing.
"""

from __future__ import annotations

import asyncio
import random
import runpy
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg
from aiokafka import AIOKafkaProducer, ConsumerRecord
from chassis.consume import Consumer, Pair
from chassis.ids import uuid7
from chassis.relay import Relay, Row, partition_of
from chassis.store import Store
from chassis.tx import Tx
from complaint.intake import writer
from contracts.envelope import Envelope, to_headers
from contracts.topics import TOPICS
from credit.account import ACCOUNTS, Account
from credit.imports import import_documents, import_payments
from credit.ledger import book_document, booking
from credit.ledger.book_document import Booked, DocumentForm
from credit.ledger.model import Document, DocumentKind

from chassis import failpoints, relay
from tests.faults.run import Plan, Result, Service, play
from tests.faults.system import Ground
from tests.faults.troubles import Fault

#: two of what takes, two of what could relay, one of what handles: enough for each of the bugs to show
SMALL: tuple[Service, ...] = (
    ("complaint", "api", 2),
    ("complaint", "worker", 1),
    ("complaint", "relay", 2),
    ("tally", "worker", 1),
)
#: the same with those who tell people, and whom they tell
TELLING: tuple[Service, ...] = (*SMALL, ("notify", "all", 1), ("staff", "all", 1))
#: money alone, and who says that its customers are confirmed
TRADING: tuple[Service, ...] = (("credit", "all", 2), ("customer", "all", 1))
#: the same with those who sign and those who bear a loss
SIGNING: tuple[Service, ...] = (*TRADING, ("staff", "all", 1))
#: where a planted bug opens a gap, a process may die in it, as at the product's own failpoints
GAP = "planted.gap"


def ack_before_commit() -> None:
    """The caller is told a number as soon as the complaint waits to be written."""
    submit, kept = writer.Writer.submit, set[asyncio.Task[Any]]()

    async def hasty(self: writer.Writer, written: writer.Written) -> writer.Outcome:
        kept.add(asyncio.create_task(submit(self, written)))
        return writer.Outcome(written.id, None, "pending", None)

    writer.Writer.submit = hasty  # type: ignore[method-assign]


def publish_before_commit() -> None:
    """Messages go to Kafka directly, while the transaction that they tell of is still open."""
    flush, producers = Tx.flush, list[AIOKafkaProducer]()

    async def telling(self: Tx) -> None:
        told = list(self._outbox)
        self._outbox.clear()
        await flush(self)
        if not producers:
            settings = self.runtime.settings
            producers.append(AIOKafkaProducer(bootstrap_servers=settings.kafka, enable_idempotence=True))
            await producers[0].start()
        for topic, key, event_id, kind, sequence, at, traceparent, value, _ in told:
            envelope = Envelope(event_id, kind, self.runtime.name, key, at, sequence, traceparent)
            await producers[0].send_and_wait(
                TOPICS[topic].kafka_name(self.runtime.settings.topic_prefix),
                value,
                key=key.encode(),
                partition=partition_of(key.encode(), TOPICS[topic].partitions),
                headers=to_headers(envelope),
            )
        if told:
            await failpoints.reach(GAP)

    Tx.flush = telling  # type: ignore[method-assign]


def delete_before_ack() -> None:
    """The relay takes rows out of the outbox, then sends them."""

    async def once(self: Relay, connection: asyncpg.Connection[Any]) -> int:
        rows = [Row(*record) for record in await connection.fetch(relay._POLL, self._floor.value, relay.BATCH)]
        if not rows:
            return 0
        await connection.execute(relay._DELETE, [row.id for row in rows])
        await failpoints.reach(GAP)
        sent, failure = await self._send(rows)
        if failure is not None:
            raise failure
        return len(sent)

    Relay._relay_once = once  # type: ignore[method-assign]


class _Unnoted(set[tuple[str, UUID]]):
    """What has not been handled before, also after it has been: twice in one batch is handled twice."""

    def discard(self, element: tuple[str, UUID], /) -> None:
        """Nothing is noted."""


def no_inbox() -> None:
    """What was handled before is handled again: nobody asks the inbox.

    In tally alone, which counts effects: elsewhere unique rows refuse the second one, the consumer halts, and what is
    seen is that it never ends.
    """
    enter = Consumer._enter

    async def careless(self: Consumer, tx: Tx, pairs: Sequence[Pair]) -> set[tuple[str, UUID]]:
        fresh = await enter(self, tx, pairs)
        if self._runtime.name != "tally":
            return fresh
        return _Unnoted((reaction.name, event.id) for reaction, event in pairs)

    Consumer._enter = careless  # type: ignore[method-assign]


def inbox_in_its_own_transaction() -> None:
    """That a message was handled is committed before its effects are."""
    enter = Consumer._enter

    async def apart(self: Consumer, tx: Tx, pairs: Sequence[Pair]) -> set[tuple[str, UUID]]:
        async with self._runtime.transaction() as own:
            fresh = await enter(self, own, pairs)
        await failpoints.reach(GAP)
        return fresh

    Consumer._enter = apart  # type: ignore[method-assign]


def auto_commit() -> None:
    """Offsets are committed when records are fetched, not when their effects are."""
    consume = Consumer.consume

    async def early(self: Consumer, records: Sequence[ConsumerRecord[Any, Any]]) -> None:
        await self._commit(records)
        await failpoints.reach(GAP)
        await consume(self, records)

    Consumer.consume = early  # type: ignore[method-assign]


def auto_commit_of_sends() -> None:
    """The same in notify alone, where what is lost are words to people."""
    consume = Consumer.consume

    async def early(self: Consumer, records: Sequence[ConsumerRecord[Any, Any]]) -> None:
        if self._runtime.name == "notify":
            await self._commit(records)
            await failpoints.reach(GAP)
        await consume(self, records)

    Consumer.consume = early  # type: ignore[method-assign]


def id_watermark() -> None:
    """The relay goes on from the highest id that it has sent."""
    send = Relay._send

    async def onwards(self: Relay, rows: Sequence[Row]) -> tuple[list[Row], Exception | None]:
        sent, failure = await send(self, rows)
        self._floor.value = max([self._floor.value, *[row.id for row in sent]])
        return sent, failure

    Relay._send = onwards  # type: ignore[method-assign]


def two_relays_with_skip_locked() -> None:
    """Several relays share the outbox, each takes the next rows that no other one holds."""
    poll = relay._POLL.rstrip() + " FOR UPDATE SKIP LOCKED"

    async def without_lock(self: Relay) -> None:
        connection = await self._runtime.direct("relay")
        try:
            self.active = True
            await connection.add_listener(relay.CHANNEL, lambda *_: self.wake())
            while True:
                async with connection.transaction():
                    rows = [Row(*record) for record in await connection.fetch(poll, 0, 10)]
                    sent, failure = await self._send(rows) if rows else ([], None)
                    await failpoints.reach(GAP)
                    await connection.execute(relay._DELETE, [row.id for row in sent])
                if failure is not None:
                    raise failure
                await self._pause(len(sent))
        finally:
            connection.terminate()

    Relay._hold_lock_and_relay = without_lock  # type: ignore[method-assign]


def last_write_wins() -> None:
    """An account is decided about without its row being locked, and written whatever became of it meanwhile."""
    fetch = Store.fetch

    async def unlocked(
        self: Store[Any], connection: asyncpg.Connection[Any], ids: Iterable[UUID], *, lock: bool
    ) -> list[Any]:
        return await fetch(self, connection, ids, lock=lock and self is not ACCOUNTS)

    Store.fetch = unlocked  # type: ignore[method-assign]
    ACCOUNTS._update = ACCOUNTS._update.replace("AND t.version = u.version", "")


def booked_again() -> None:
    """A document whose answer was lost is booked once more: its reference is kept, and not looked for."""

    async def unknown(tx: Tx, origin: str, origin_ref: str) -> Document | None:
        return None

    def fresh(tx: Tx, account: Account, kind: DocumentKind, amount: Decimal, **more: Any) -> Document:
        return booking.new_document(tx, account, kind, amount, **{**more, "origin": str(uuid7())})

    book_document.known = unknown  # type: ignore[attr-defined]
    book_document.new_document = fresh  # type: ignore[attr-defined]


def each_file_its_own_source() -> None:
    """A row of a file is known by the file that it came with: handed in again, it is booked again."""
    take = import_payments.take_document  # type: ignore[attr-defined]

    async def anew(tx: Tx, account: Account, form: DocumentForm) -> tuple[Document, Booked]:
        found: tuple[Document, Booked] = await take(tx, account, form.model_copy(update={"origin": f"file-{uuid7()}"}))
        return found

    import_payments.take_document = anew  # type: ignore[attr-defined]
    import_documents.take_document = anew  # type: ignore[attr-defined]


def overruns_forgotten() -> None:
    """Nobody notes which goods went over the limit: each of them is the first of its episode."""

    def overran(self: Account, *_: object) -> None:
        pass

    Account.overran = overran  # type: ignore[method-assign,assignment]


@dataclass(frozen=True)
class Planted:
    """A bug, what is done to the system that has it, and which promises it may be caught by."""

    plant: Callable[[], None]
    faults: tuple[Fault, ...]
    promises: tuple[str, ...]
    complaints: int = 200
    services: tuple[Service, ...] = SMALL
    deeds: int = 0

    @property
    def name(self) -> str:
        return self.plant.__name__


_LOST = "nothing acknowledged is lost"
_AGREE = "state and events agree"
_GAPS = "sequences have no gaps"
_ONCE = "one effect an event"
_LEFT = "drained in bounded time"

BUGS = (
    Planted(
        ack_before_commit,
        (Fault("kill", "complaint.api"), *[Fault("failpoint", "complaint.api")] * 3),
        (_LOST, "one case a key"),
    ),
    Planted(
        publish_before_commit,
        (*[Fault("storm")] * 3, *[Fault("failpoint", "complaint.worker")] * 3),
        (_AGREE, _GAPS, "an event is always the same", "the work topic says what the obligations are"),
    ),
    Planted(
        delete_before_ack,
        (Fault("kill kafka"), *[Fault("failpoint", "complaint.relay")] * 4),
        (_AGREE, _GAPS),
    ),
    Planted(no_inbox, (*[Fault("repeat records")] * 2, *[Fault("failpoint", "tally.worker")] * 2), (_ONCE,), 80),
    Planted(
        inbox_in_its_own_transaction,
        (*[Fault("storm")] * 2, *[Fault("failpoint", "tally.worker")] * 3),
        (_ONCE, _AGREE, "every repeat is found"),
    ),
    Planted(auto_commit, (Fault("kill", "tally.worker"), *[Fault("failpoint", "tally.worker")] * 3), (_ONCE, _AGREE)),
    Planted(
        auto_commit_of_sends,
        (Fault("kill", "notify.all"), *[Fault("failpoint", "notify.all")] * 3),
        ("every send is told or nobody is", "what was missed is told to those above"),
        complaints=60,  # each is many words to people, and all of them must have gone before one counts as lost
        services=TELLING,
    ),
    Planted(id_watermark, (*[Fault("freeze")] * 6,), (_LEFT, "nothing is left to do", _AGREE, _GAPS), 900),
    Planted(
        two_relays_with_skip_locked,
        (*[Fault("pause", "complaint.relay")] * 3, *[Fault("failpoint", "complaint.relay")] * 3),
        (_GAPS, "effects come in order"),
    ),
    Planted(
        last_write_wins,
        (*[Fault("kill", "credit.all")] * 2, *[Fault("pause", "credit.all")] * 2),
        ("the ledger agrees with each account", "money is conserved", "no goods go over the limit unsigned"),
        complaints=0,
        services=TRADING,
        deeds=120,
    ),
    Planted(
        booked_again,
        (*[Fault("failpoint", "credit.all")] * 2, *[Fault("pause", "credit.all")] * 2),
        ("a reference is one document", "every acknowledged document is booked once", "money is conserved"),
        complaints=0,
        services=TRADING,
        deeds=120,
    ),
    Planted(
        each_file_its_own_source,
        (*[Fault("kill", "credit.all")] * 2, *[Fault("failpoint", "credit.all")] * 2),
        ("each row of a file has one effect", "a reference is one document"),
        complaints=0,
        services=TRADING,
        deeds=120,
    ),
    Planted(
        overruns_forgotten,
        (*[Fault("kill", "credit.all")] * 2, *[Fault("pause", "credit.all")] * 2),
        ("an episode has a first and a last overrun at most",),
        complaints=0,
        services=SIGNING,
        deeds=400,
    ),
)
#: the one that is caught soonest, for every test run; the others by `make test-faults planted=1`
QUICK = ("no_inbox",)


def plan_for(bug: Planted, seed: int) -> Plan:
    """The faults of the bug in an order drawn from the seed, into the load of a small system."""
    faults = list(bug.faults)
    random.Random(seed).shuffle(faults)
    return Plan(bug.complaints, faults, bug.deeds, marked_share=0.5, services=bug.services, bound=40.0)


async def caught(ground: Ground, bug: Planted, seed: int, runs: int = 3) -> Result | None:
    """The run that shows the bug by one of its promises, of `runs` with the seeds from `seed`; None when none does."""
    for number in range(seed, seed + runs):
        result = await play(ground, number, plan_for(bug, number), wrapper=("tests.faults.planted", bug.name))
        shown = [violation for violation in result.violations if violation.promise in bug.promises]
        unfinished = any(violation.promise == _LEFT for violation in result.violations)
        if shown and (_LEFT in bug.promises or not unfinished):  # what is merely late proves nothing
            return replace(result, violations=shown)
    return None


def main() -> None:
    """Plant the bug, then run the module as `python -m` would."""
    _, name, module, *rest = sys.argv
    next(bug for bug in BUGS if bug.name == name).plant()
    sys.argv = [module, *rest]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
