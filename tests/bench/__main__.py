"""`make bench [scale=0.1] [only=credit]`: the fast paths with real processes, against pgbench in the same run."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import asyncpg
from dev.postgres import bin_dir

from tests.bench import load
from tests.bench.cluster import Cluster, machine, spent
from tests.bench.consuming import consuming
from tests.bench.credit import decisions
from tests.bench.forms import Forms
from tests.bench.lists import lists
from tests.bench.obligations import obligations
from tests.bench.webhooks import webhooks

RUN = Path("run/bench")
CONNECTIONS = 64
WARM_SECONDS = 6.0

#: the yardstick: one commit of one narrow row, with the settings and the wheel that the services have
_YARDSTICK = """\\set n random(1, 1000000000)
INSERT INTO yardstick (id, body) VALUES (uuidv7(), repeat('x', 600));
"""
_IN_OUTBOX = "SELECT count(*) FROM (SELECT 1 FROM kehu.outbox LIMIT 1) o"
#: complaints that are taken, and of which the worker has not heard yet
_NOT_HANDLED = """SELECT (SELECT count(*) FROM cases)
    - (SELECT count(*) FROM kehu.inbox WHERE handler = 'begin_handling')"""


def say(text: str) -> None:
    print(text, flush=True)


async def count(dsn: str, sql: str) -> int:
    connection = await asyncpg.connect(dsn)
    try:
        return int(await connection.fetchval(sql))
    finally:
        await connection.close()


def yardstick(cluster: Cluster, seconds: float) -> float:
    """Transactions a second of pgbench: 16 clients, one insert each."""
    dsn = cluster.postgres.create_database("yardstick")
    script = RUN / "yardstick.sql"
    script.write_text(_YARDSTICK)
    asyncio.run(_prepare(dsn))
    command = [str(bin_dir() / "pgbench"), "-n", "-c16", "-j1", "-Mprepared", f"-T{max(2, int(seconds))}"]
    out = subprocess.run([*command, "-f", str(script), dsn], capture_output=True, text=True, check=True).stdout
    found = re.search(r"tps = ([\d.]+)", out)
    assert found is not None, out
    return float(found[1])


async def _prepare(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute("CREATE TABLE yardstick (id uuid PRIMARY KEY, body text)")
    await connection.close()


async def analyze(dsn: str) -> None:
    """Let the server know what is there: plans made for empty tables would be kept until autovacuum comes by."""
    connection = await asyncpg.connect(dsn)
    await connection.execute("ANALYZE")
    await connection.close()


def intake(cluster: Cluster, ports: list[int], token: str, seconds: float) -> dict[str, Any]:
    """Closed loop at 64 connections with relay and worker at work, then an open loop at half that rate.

    A complaint's CPU time counts until everything is done that follows from it, whoever has fallen behind meanwhile.
    """
    dsn = cluster.postgres.dsn("complaint")
    forms = Forms(token)
    asyncio.run(load.closed_loop(ports, 8, WARM_SECONDS, forms.request))
    settled(dsn)
    asyncio.run(analyze(dsn))
    before, begun = cluster.cpu_seconds(), time.process_time()
    closed = asyncio.run(load.closed_loop(ports, CONNECTIONS, seconds, forms.request))
    generator = time.process_time() - begun
    left = asyncio.run(count(dsn, "SELECT count(*) FROM kehu.outbox"))
    behind = asyncio.run(count(dsn, _NOT_HANDLED))
    drained, handled = settled(dsn)
    parts = spent(before, cluster.cpu_seconds()) | {"generator": generator}
    rate = closed.accepted / closed.seconds
    opened = asyncio.run(load.open_loop(ports, 128, rate / 2, seconds, forms.request))
    settled(dsn)
    micros = {name: round(value * 1e6 / closed.accepted) for name, value in parts.items()}
    return {
        "accepted_per_s": round(rate),
        "p50_ms": round(closed.quantile(0.5), 1),
        "p99_ms": round(closed.quantile(0.99), 1),
        "other_answers": {status: n for status, n in closed.statuses.items() if status >= 300},
        "outbox_left_at_the_end": left,
        "outbox_empty_after_s": round(drained, 1),
        "not_handled_at_the_end": behind,
        "all_handled_after_s": round(handled, 1),
        "handled_per_s": round(closed.accepted / (closed.seconds + handled)),
        "cpu_us_a_complaint": {name: n for name, n in sorted(micros.items()) if n} | {"sum": sum(micros.values())},
        "half_rate_open_loop": {
            "per_s": round(opened.accepted / opened.seconds),
            "p50_ms": round(opened.quantile(0.5), 1),
            "p99_ms": round(opened.quantile(0.99), 1),
        },
    }


def settled(dsn: str) -> tuple[float, float]:
    """Seconds until the outbox is empty, and until the worker has done everything that follows."""
    drained = asyncio.run(drain(dsn))
    return drained, drained + asyncio.run(drain(dsn, _NOT_HANDLED, every=0.5))


async def drain(dsn: str, waiting: str = _IN_OUTBOX, every: float = 0.05) -> float:
    """Seconds until nothing waits any more; it is looked `every` so many seconds."""
    begun = time.perf_counter()
    while await count(dsn, waiting):  # noqa: ASYNC110
        await asyncio.sleep(every)
    return time.perf_counter() - begun


def relay(cluster: Cluster, rows: int) -> dict[str, Any]:
    """A backlog of the outbox, relayed by one process that starts to find it there."""
    dsn = cluster.postgres.dsn("complaint")
    cluster.end("complaint-relay-0")
    asyncio.run(backlog(dsn, rows))
    before, begun = cluster.cpu_seconds(), time.perf_counter()
    cluster.service("complaint", "relay")
    while asyncio.run(count(dsn, _IN_OUTBOX)) == 1 and _full(dsn, rows):
        time.sleep(0.02)
    first = time.perf_counter()
    sent_before = rows - asyncio.run(count(dsn, "SELECT count(*) FROM kehu.outbox"))
    asyncio.run(drain(dsn))
    ended = time.perf_counter()
    used = spent(before, cluster.cpu_seconds()).get("complaint-relay", 0.0)
    return {
        "rows": rows,
        "events_per_s": round((rows - sent_before) / max(ended - first, 1e-6)),
        "start_of_the_process_s": round(first - begun, 1),
        "cpu_us_a_row": round(used * 1e6 / rows),
    }


def _full(dsn: str, rows: int) -> bool:
    return asyncio.run(count(dsn, "SELECT count(*) FROM kehu.outbox")) == rows


async def backlog(dsn: str, rows: int) -> None:
    """Rows like those of intake, many keys."""
    connection = await asyncpg.connect(dsn)
    await connection.execute(
        """INSERT INTO kehu.outbox (topic, key, event_id, type, sequence, occurred_at, traceparent, value, created_at)
        SELECT 'notify.commands', (n % 5000)::text, uuidv7(), 'notify.bench.v1', n / 5000 + 1, now(), NULL,
            convert_to('{"pad":"' || repeat('x', 550) || '"}', 'UTF8'), now() FROM generate_series(1, $1) n""",
        rows,
    )
    await connection.close()


def complaints(cluster: Cluster, scale: float) -> dict[str, Any]:
    """Intake with everything on, then its relay from a backlog."""
    cluster.database("complaint")
    ports = [cluster.service("complaint", "api", copy) for copy in range(2)]
    cluster.service("complaint", "relay")
    cluster.service("complaint", "worker")
    found = {
        "intake": intake(cluster, ports, cluster.token("call_centre@group"), 60 * scale),
        "relay": relay(cluster, int(200_000 * scale)),
    }
    for name in ("complaint-api-0", "complaint-api-1", "complaint-relay-0", "complaint-worker-0"):
        cluster.end(name)
    return found


def copies(cluster: Cluster, scale: float) -> dict[str, Any]:
    """Local copies, reactions, and how long a message takes when nothing else is done."""
    found = consuming(cluster, int(400_000 * scale), int(200_000 * scale), max(40, int(300 * scale)))
    cluster.end("probe-all-0")
    return found


#: what can be measured by itself: `make bench only=credit,lists`
PARTS: dict[str, Callable[[Cluster, float], dict[str, Any]]] = {
    "intake": complaints,
    "copies": copies,
    "obligations": lambda c, scale: {"obligations": obligations(c, int(1_000_000 * scale), 1000, int(100_000 * scale))},
    "lists": lambda c, scale: {"lists": lists(c, int(2_000_000 * scale))},
    "credit": lambda c, scale: {"credit": decisions(c, max(5, 30 * scale), entries=int(5_000_000 * scale))},
    "webhooks": lambda c, scale: {"webhooks": webhooks(c, max(20, int(300 * scale)))},
}
#: figures that are told as a share of pgbench's transactions
RATIOS = {
    "complaints": ("intake", "accepted_per_s"),
    "relayed events": ("relay", "events_per_s"),
    "entries copied": ("projections", "per_s"),
    "reactions": ("reactions", "per_s"),
    "decisions": ("credit", "over_all", "per_s"),
    "decisions on one account": ("credit", "on_one", "per_s"),
    "webhooks": ("webhooks", "per_s"),
}


def ratios(report: Mapping[str, Any]) -> dict[str, float]:
    """What has been measured so far, to pgbench's transactions."""
    found = {}
    for name, way in RATIOS.items():
        value: Any = report
        for step in way:
            value = None if value is None else value.get(step)
        if value is not None:
            found[f"{name} to pgbench transactions"] = round(value / report["pgbench_per_s"], 2)
    return found


def main() -> int:
    """Print the figures as JSON; run/bench/report.json has each as soon as it is measured."""
    given = dict(word.split("=", 1) for word in sys.argv[1:])
    scale = float(given.get("scale") or 1)
    wanted = given["only"].split(",") if given.get("only") else list(PARTS)
    if unknown := sorted(set(wanted) - set(PARTS)):
        say(f"There is no {', '.join(unknown)}: only= some of {','.join(PARTS)}")
        return 2
    shutil.rmtree(RUN, ignore_errors=True)
    RUN.mkdir(parents=True)
    cluster = Cluster(RUN)
    try:
        say("pgbench, the yardstick")
        report: dict[str, Any] = {"machine": machine(), "scale": scale}
        report["pgbench_per_s"] = round(yardstick(cluster, 10 * scale))
        for name in wanted:
            say(name)
            report |= PARTS[name](cluster, scale)
            report["ratios"] = ratios(report)
            text = json.dumps(report, indent=2, ensure_ascii=False)
            (RUN / "report.json").write_text(text + "\n")
    finally:
        cluster.stop()
    say(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
