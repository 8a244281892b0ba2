"""Credit: decisions about shipments a second, over many accounts and on a single hot one, with a ledger behind them."""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import asyncpg

from tests.bench import load
from tests.bench.cluster import Cluster, spent

CONNECTIONS = 32
WARM_SECONDS = 3.0

#: accounts with a customer that is confirmed, its papers, goods of the last thirty days
_ACCOUNTS = """
WITH made AS (
    INSERT INTO accounts (id, branch, contract, term_days, opened_at, opened_by, reviewed_at, balance, released,
        reserved, limit_on, limit_amount, missing, overruns, held, version, sequence)
    SELECT uuidv7(), 'branch-' || n % 50, 'distribution', 30, now() - interval '1 year', 'bench', now(), 0, 0, 0,
        (now() AT TIME ZONE 'Asia/Shanghai')::date, 30000000000, '[]', '[]', '{}', 1, 1 FROM generate_series(1, $1) n
    RETURNING id
), shared AS (
    INSERT INTO account_customers (customer_id, account_id) SELECT id, id FROM made
), known AS (
    INSERT INTO known_customers (customer_id, sequence, gone, branch, as_of, confirmed_at)
    SELECT id, 1, false, 'branch-1', now(), now() FROM made
), filed AS (
    INSERT INTO known_dossiers (dossier_id, sequence, gone, kind, about, as_of)
    SELECT id, 1, false, 'customer', id::text, now() FROM made
), papers AS (
    INSERT INTO known_papers (dossier_id, item_id, kind)
    SELECT id, uuidv7(), kind FROM made, unnest(ARRAY['account_opener_identity', 'distribution_contract']) kind
)
INSERT INTO day_sums (account_id, day, kind, amount)
SELECT id, (now() AT TIME ZONE 'Asia/Shanghai')::date - n, 'shipped', 1000000000 FROM made, generate_series(1, 30) n
"""
#: what was delivered before: the requests of the run are looked for among these
_SHIPMENTS = """
INSERT INTO shipments (id, account_id, customer_id, branch, state, destination, lines, amount, prepaid, decision,
    issued_on, delivered_on, unreleased, returned, back, requested_by, requested_at, origin, origin_ref, held, version,
    sequence)
SELECT uuidv7(), a.id, a.id, a.branch, 'delivered', 'depot-2', '[]', 100, 0, '{}', current_date - n, current_date - n,
    false, 0, '{}', 'bench', now() - n * interval '1 day', 'earlier', a.id || '-' || n, '{}', 1, 1
FROM accounts a, generate_series(1, $1) n
"""
#: documents of one COPY; every one has two entries
_STEP = 100_000
_DOCUMENT = (
    "id", "account_id", "customer_id", "kind", "dated_on", "amount", "currency", "open", "reserved", "origin",
    "origin_ref", "booked_at", "booked_by", "version", "sequence",
)  # fmt: skip
_ENTRY = ("id", "document_id", "account_id", "ledger", "amount", "dated_on")
#: of a hundred invoices, these are not paid yet
_UNPAID = 3
_BALANCE = """UPDATE accounts SET balance = owed.amount
    FROM (SELECT account_id, sum(amount) AS amount FROM entries WHERE ledger = 'receivable' GROUP BY account_id) owed
    WHERE owed.account_id = accounts.id"""


async def fill(dsn: str, accounts: int, entries: int) -> list[str]:
    """Accounts with so many entries behind them, invoices nearly all paid, goods delivered; the accounts' ids."""
    connection = await asyncpg.connect(dsn)
    await connection.execute(_ACCOUNTS, accounts)
    ids = [str(row[0]) for row in await connection.fetch("SELECT id FROM accounts ORDER BY id")]
    for first in range(0, entries // 2, _STEP):
        places = range(first, min(first + _STEP, entries // 2))
        for table, columns, rows in (("documents", _DOCUMENT, _documents), ("entries", _ENTRY, _entries)):
            await connection.copy_to_table(table, source=_lines(rows(places, ids)), columns=list(columns))
    await connection.execute(_SHIPMENTS, entries // accounts // 25)
    await connection.execute(_BALANCE)
    await connection.execute("VACUUM ANALYZE")
    await connection.close()
    return ids


async def _lines(rows: Iterator[str]) -> AsyncIterator[bytes]:
    """The text format of COPY, some thousand rows at a time."""
    while chunk := list(itertools.islice(rows, 5000)):
        yield "".join(chunk).encode()


def _documents(places: Iterable[int], ids: Sequence[str]) -> Iterator[str]:
    now = datetime.now(UTC)
    for n in places:
        account, on, pays, unpaid = _document(n, ids)
        kind, left = ("payment", 0) if pays else ("invoice", 100 if unpaid else 0)
        yield (
            f"{_uuid(n, 0)}\t{account}\t{account}\t{kind}\t{on}\t100\tCNY\t{left}\tf\tbench\t{n}\t{now}\tbench\t1\t0\n"
        )


def _entries(places: Iterable[int], ids: Sequence[str]) -> Iterator[str]:
    for n in places:
        account, on, pays, _ = _document(n, ids)
        amount = -100 if pays else 100
        for side, ledger in enumerate(("receivable", "cash" if pays else "sales")):
            yield f"{_uuid(n, side + 1)}\t{_uuid(n, 0)}\t{account}\t{ledger}\t{-amount if side else amount}\t{on}\n"


def _document(n: int, ids: Sequence[str]) -> tuple[str, date, bool, bool]:
    """Whose the n-th document is, its day, whether it pays, whether it stays unpaid: then it is of today."""
    turn, place = divmod(n, len(ids))
    unpaid = turn // 2 % 100 < _UNPAID
    today = datetime.now(UTC).date()
    return ids[place], today if unpaid else today - timedelta(days=turn % 300), turn % 2 == 1 and not unpaid, unpaid


def _uuid(n: int, kind: int) -> str:
    return f"{n:08x}-0000-7000-8000-{kind:012x}"


def requests(token: str, accounts: list[str], seed: int = 1) -> Callable[[], bytes]:
    """Makes requests for goods on one of the accounts, each with a reference of its own."""
    chosen, count = random.Random(seed), itertools.count(1)
    run = chosen.randrange(10**9)

    def make() -> bytes:
        account = chosen.choice(accounts)
        line = {"product": "p-100", "batch": "b-7", "quantity": "3", "price": "12.50"}
        form = {
            "account_id": account, "customer_id": account, "destination": "depot-2", "lines": [line],
            "origin": "bench", "origin_ref": f"{seed}-{run}-{next(count)}",
        }  # fmt: skip
        body = json.dumps(form).encode()
        head = (
            "POST /v1/shipments HTTP/1.1\r\nHost: kehu\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {token}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    return make


def decisions(cluster: Cluster, seconds: float, *, accounts: int = 1000, entries: int = 5_000_000) -> dict[str, Any]:
    """Decisions over all accounts and on one, by two API processes, with the relay at work.

    Each is asked for by a request of its own, and answered when it is on disk with its event.
    """
    dsn = cluster.database("credit")
    begun = time.perf_counter()
    known = asyncio.run(fill(dsn, accounts, entries))
    loaded = time.perf_counter() - begun
    cluster.service("credit", "relay")
    ports = [cluster.service("credit", "api", copy) for copy in range(2)]
    token = cluster.token(scopes=["credit.ship"])
    figures: dict[str, Any] = {"accounts": accounts, "ledger_entries": entries, "loaded_in_s": round(loaded)}
    for seed, (name, among) in enumerate({"over_all": known, "on_one": known[:1]}.items()):
        asyncio.run(load.closed_loop(ports, 8, min(WARM_SECONDS, seconds), requests(token, among, seed + 10)))
        before, begun = cluster.cpu_seconds(), time.process_time()
        found = asyncio.run(load.closed_loop(ports, CONNECTIONS, seconds, requests(token, among, seed)))
        parts = spent(before, cluster.cpu_seconds()) | {"generator": time.process_time() - begun}
        micros = {part: round(used * 1e6 / max(found.accepted, 1)) for part, used in sorted(parts.items())}
        rate = found.accepted / found.seconds
        opened = asyncio.run(load.open_loop(ports, CONNECTIONS, rate / 2, seconds, requests(token, among, seed + 20)))
        figures[name] = {
            "per_s": round(rate),
            "p50_ms": round(found.quantile(0.5), 1),
            "p95_ms": round(found.quantile(0.95), 1),
            "half_rate_p95_ms": round(opened.quantile(0.95), 1),
            "other_answers": {status: n for status, n in found.statuses.items() if status >= 300},
            "cpu_us_a_decision": {part: n for part, n in micros.items() if n} | {"sum": sum(micros.values())},
        }
    for name in ("credit-api-0", "credit-api-1", "credit-relay-0"):
        cluster.end(name)
    return figures
