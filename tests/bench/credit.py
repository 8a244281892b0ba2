"""Credit: decisions about shipments a second, over many accounts and on a single hot one, with a ledger behind them."""

from __future__ import annotations

import asyncio
import itertools
import json
import random
from collections.abc import Callable
from typing import Any

import asyncpg

from tests.bench import load
from tests.bench.cluster import Cluster, spent

CONNECTIONS = 32

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
_LEDGER = """
WITH numbered AS (SELECT id, row_number() OVER (ORDER BY id) - 1 AS place FROM accounts),
made AS (
    INSERT INTO documents (id, account_id, customer_id, kind, dated_on, amount, currency, open, reserved, origin,
        origin_ref, booked_at, booked_by, version, sequence)
    SELECT uuidv7(), a.id, a.id, 'invoice', current_date - (n % 300)::int, 100, 'CNY', 0, false, 'bench',
        $2 || '-' || n, now(), 'bench', 1, 0
    FROM generate_series(1, $1::bigint) n JOIN numbered a ON a.place = n % (SELECT count(*) FROM accounts)
    RETURNING id, account_id, dated_on
)
INSERT INTO entries (id, document_id, account_id, ledger, amount, dated_on)
SELECT uuidv7(), id, account_id, side, sign * 100, dated_on FROM made,
    (VALUES ('receivable', 1), ('sales', -1)) AS s(side, sign)
"""
_STEP = 100_000


async def fill(dsn: str, accounts: int, entries: int) -> list[str]:
    """Accounts, and a ledger of so many entries behind them; the accounts' ids."""
    connection = await asyncpg.connect(dsn)
    await connection.execute(_ACCOUNTS, accounts)
    for n, begin in enumerate(range(0, entries // 2, _STEP)):
        await connection.execute(_LEDGER, min(_STEP, entries // 2 - begin), str(n))
    await connection.execute("ANALYZE")
    found = await connection.fetch("SELECT id FROM accounts ORDER BY id")
    await connection.close()
    return [str(row[0]) for row in found]


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
    """Decisions over all accounts and on one, by two API processes; each is a commit with its event."""
    dsn = cluster.database("credit")
    known = asyncio.run(fill(dsn, accounts, entries))
    ports = [cluster.service("credit", "api", copy) for copy in range(2)]
    token = cluster.token(scopes=["credit.ship"])
    figures: dict[str, Any] = {"accounts": accounts, "ledger_entries": entries}
    for seed, (name, among) in enumerate({"over_all": known, "on_one": known[:1]}.items()):
        asyncio.run(load.closed_loop(ports, 8, min(3.0, seconds), requests(token, among, seed + 10)))
        before = cluster.cpu_seconds()
        found = asyncio.run(load.closed_loop(ports, CONNECTIONS, seconds, requests(token, among, seed)))
        parts = spent(before, cluster.cpu_seconds())
        rate = found.accepted / found.seconds
        opened = asyncio.run(load.open_loop(ports, CONNECTIONS, rate / 2, seconds, requests(token, among, seed + 20)))
        figures[name] = {
            "per_s": round(rate),
            "p50_ms": round(found.quantile(0.5), 1),
            "p95_ms": round(found.quantile(0.95), 1),
            "half_rate_p95_ms": round(opened.quantile(0.95), 1),
            "other_answers": {status: n for status, n in found.statuses.items() if status >= 300},
            "cpu_us": {part: round(used * 1e6 / max(found.accepted, 1)) for part, used in sorted(parts.items())},
        }
    for copy in range(2):
        cluster.end(f"credit-api-{copy}")
    return figures
