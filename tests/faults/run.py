"""One run: the system up, complaints and faults together, then quiet, then the verdict."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from asyncpg import PostgresError

from tests.faults import records
from tests.faults.callers import Callers
from tests.faults.checker import DAILY, Violation, check
from tests.faults.evidence import Evidence, read_tables
from tests.faults.factory import Factory
from tests.faults.staff import entered
from tests.faults.system import Ground, System, app_of, rows, system
from tests.faults.traders import Traders
from tests.faults.troubles import Fault, Troubles, drawn

#: the processes of the whole system: service, role, how many
Service = tuple[str, str, int]
FULL: tuple[Service, ...] = (
    ("complaint", "api", 2),
    ("complaint", "worker", 2),
    ("complaint", "relay", 2),
    ("credit", "all", 2),
    ("customer", "all", 1),
    ("notify", "all", 2),
    ("staff", "all", 1),
    ("tally", "worker", 2),
)
#: the same with one of what two of another kind show as well: for every test run
_ALONE = {("complaint", "worker"), ("credit", "all"), ("tally", "worker")}
SHORT: tuple[Service, ...] = tuple(
    (service, role, 1 if (service, role) in _ALONE else count) for service, role, count in FULL
)
TOPICS = [
    "archive.state",
    "complaint.events",
    "complaint.serious",
    "complaint.work",
    "credit.events",
    "credit.work",
    "customer.events",
    "customer.state",
    "notify.commands",
    "notify.events",
    "notify.work",
    "staff.commands",
    "staff.work",
]
#: in a general run traders do one thing while so many complaints come in
DEEDS = 4
#: seconds after the last fault within which everything must be done: a dead consumer's session, a lease, retries
BOUND = 60.0


@dataclass(frozen=True)
class Plan:
    """What a run is made of."""

    complaints: int
    faults: Sequence[Fault]
    #: what traders do, from nothing at all to as many things
    deeds: int = 0
    #: share of complaints that whoever takes them marks as serious
    marked_share: float = 0.1
    callers: int = 24
    #: complaints are let in just before each fault; further ones while it lasts
    lasting: float = 0.7
    #: the processes, as (service, role, how many)
    services: Sequence[Service] = FULL
    #: seconds within which everything must be done after the last fault
    bound: float = BOUND


@dataclass(frozen=True)
class Result:
    """What a run showed."""

    seed: int
    verdict: str
    faults: dict[str, int]
    restarts: dict[str, int]
    counts: dict[str, int]
    seconds: dict[str, float]
    violations: list[Violation]

    @property
    def passed(self) -> bool:
        return not self.violations

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n")

    def text(self) -> str:
        """The account of the run, for a terminal."""
        lines = [f"seed {self.seed}"]
        for title, table in (("faults", self.faults), ("started again", self.restarts), ("counts", self.counts)):
            lines.append(f"{title}: " + (", ".join(f"{name} {n}" for name, n in sorted(table.items())) or "none"))
        lines.append("seconds: " + ", ".join(f"{name} {value:.1f}" for name, value in self.seconds.items()))
        by_promise = Counter(violation.promise for violation in self.violations)
        for promise, count in by_promise.items():
            lines.append(f"BROKEN, {count} times: {promise}")
            accounts = [v.account for v in self.violations if v.promise == promise]
            lines += [f"    {account}" for account in accounts[:5]]
        lines.append(f"VERDICT: {self.verdict}")
        return "\n".join(lines)


def general(rng: random.Random, complaints: int, faults: int, services: Sequence[Service] = FULL) -> Plan:
    """A plan with every sort of fault on every kind of part, as far as their number goes."""
    kinds = [f"{service}.{role}" for service, role, _ in services]
    return Plan(complaints, drawn(rng, faults, kinds), deeds=complaints // DEEDS, services=services)


async def play(ground: Ground, seed: int, plan: Plan, *, wrapper: Sequence[str] = ()) -> Result:
    """Bring a system up, let the plan happen to it, wait until it is quiet, and check everything."""
    rng = random.Random(seed)
    marks = {"begin": time.monotonic()}
    factory = Factory(rng)
    async with AsyncExitStack() as stack:
        running = await stack.enter_async_context(system(ground, plan.services, wrapper=wrapper))
        if running.serving("staff"):
            await entered(running)
        if running.serving("notify"):
            await stack.enter_async_context(factory.subscribed(running))
        marks["start"] = time.monotonic()
        callers = Callers(running, rng, marked_share=plan.marked_share)
        traders = Traders(running, callers.history, seed)
        troubles = Troubles(running, rng)
        if plan.deeds:
            await traders.open()
        callers.start(plan.callers)
        traders.start()
        await _trouble(plan, callers, traders, troubles, rng)
        await troubles.end()
        await running.ready(60)
        await callers.finish(plan.complaints, within=120)
        await traders.finish(within=120)
        marks["faults"] = time.monotonic()
        left = await _quiet(running, plan.bound)
        marks["quiet"] = time.monotonic()
        found = await records.read_all(ground.bootstrap, running.prefix, TOPICS)
        tables = await read_tables(running.databases)
        evidence = Evidence(callers.history, found, tables, factory.log, factory.subscription)
        violations = check(evidence) + [Violation("drained in bounded time", said) for said in left]
        marks["check"] = time.monotonic()
        callers.history.write(ground.directory / f"history-{seed}.jsonl")
        return Result(
            seed=seed,
            verdict="nothing lost, nothing twice" if not violations else f"{len(violations)} violations",
            faults=dict(troubles.done),
            restarts=dict(running.deaths),
            counts=_counts(evidence),
            seconds={name: at - before for (_, before), (name, at) in pairwise(marks.items())},
            violations=violations,
        )


async def _trouble(plan: Plan, callers: Callers, traders: Traders, troubles: Troubles, rng: random.Random) -> None:
    """One fault after the other, each into a load."""
    share = plan.complaints / (len(plan.faults) + 1)
    allowed = 0.0
    for number, fault in enumerate(plan.faults, 1):
        before, allowed = int(allowed), allowed + share
        now = int((allowed - before) * (1 - plan.lasting))
        callers.allow(now)
        traders.allow(_part(plan, number) - _part(plan, number - 1))
        await asyncio.sleep(rng.uniform(0, 0.1))
        making = asyncio.create_task(troubles.make(fault))
        for _ in range(int(allowed) - before - now):
            callers.allow(1)
            await asyncio.sleep(0.02)
        await making
    traders.allow(plan.deeds - _part(plan, len(plan.faults)))


def _part(plan: Plan, fault: int) -> int:
    """How many deeds have been begun when a fault is over, counted from 1."""
    return plan.deeds * fault // (len(plan.faults) + 1)


async def _quiet(running: System, within: float) -> list[str]:
    """Wait until no message, job or outbox row waits any more; what still does after `within` seconds."""
    deadline = time.monotonic() + within
    admin = AIOKafkaAdminClient(bootstrap_servers=running.ground.bootstrap)
    consumer = AIOKafkaConsumer(bootstrap_servers=running.ground.bootstrap)
    await admin.start()
    await consumer.start()
    try:
        calm = 0
        while True:
            try:
                left = await _unfinished(running, admin, consumer)
            except (PostgresError, KafkaError, OSError) as error:
                left = [f"cannot look: {type(error).__name__}"]
            calm = 0 if left else calm + 1
            if calm == 2 or time.monotonic() > deadline:
                return left
            await asyncio.sleep(0.3)
    finally:
        await consumer.stop()
        await admin.close()


_DUE = "state = 'waiting' AND kind <> ALL($1::text[])"


async def _unfinished(running: System, admin: AIOKafkaAdminClient, consumer: AIOKafkaConsumer) -> list[str]:
    left = []
    for service, dsn in running.databases.items():
        daily = list(DAILY.get(service, ()))
        await rows(dsn, f"UPDATE kehu.jobs SET run_at = now() WHERE {_DUE} AND lease IS NULL", daily)
        ((waiting, due),) = await rows(
            dsn, f"SELECT (SELECT count(*) FROM kehu.outbox), (SELECT count(*) FROM kehu.jobs WHERE {_DUE})", daily
        )
        if waiting or due:
            left.append(f"{service}: {waiting} rows in the outbox, {due} jobs")
        lag = await _lag(running, service, admin, consumer)
        if lag:
            left.append(f"{service}: {lag} records not consumed")
    return left


async def _lag(running: System, service: str, admin: AIOKafkaAdminClient, consumer: AIOKafkaConsumer) -> int:
    app = app_of(service)
    heard = {topic.name for reaction in app.reactions for topic in reaction.topics}
    heard |= {topic.name for projection in app.projections for topic in projection.topics}
    names = [running.prefix + topic for topic in sorted(heard)]
    places = [TopicPartition(name, number) for name in names for number in await records.partitions(consumer, name)]
    ends = await consumer.end_offsets(places)
    committed = await admin.list_consumer_group_offsets(f"{running.prefix}{service}")
    return sum(end - max(0, committed[place].offset if place in committed else 0) for place, end in ends.items())


def _counts(evidence: Evidence) -> dict[str, int]:
    events = Counter(event.type for event in evidence.events)
    return {
        **evidence.history.counts(),
        "accepted": evidence.history.accepted,
        "cases": len(evidence.cases),
        "customers": len(evidence.history.customers),
        "records": len(evidence.records),
        "webhooks": len(evidence.webhooks),
        "unreadable records": sum(record.is_poison for record in evidence.records),
        **events,
    }
