"""Lists and searches over many complaints: how long each kind takes, asked over HTTP one after the other."""

from __future__ import annotations

import asyncio
import random
import statistics
import time
from typing import Any

import asyncpg
import httpx

from tests.bench.cluster import Cluster

ASKED = 60
YEARS = 5
BRANCHES = 200
#: the slowest that a list or a search may be: of twenty, nineteen are answered in this time
P95_MS = 50

# of fifty-three, one is under way, as many in each branch; of a hundred, one is serious; the ids are spread over the
# years
_CASES = f"""
INSERT INTO cases (id, number, branch, channel, state, taken_at, brand, facts, text, match, serious_kinds, subject_id,
    sealed, version, sequence, serious_sequence, profile, held, gates, course, handler, level, department, customer_id,
    serious_at, closed_at, phone_token)
SELECT uuidv7(shift), 'N' || n, 'branch-' || n % {BRANCHES}, 'phone',
    CASE WHEN n % 53 = 0 THEN 'investigating' ELSE 'closed' END, now() + shift, '品牌',
    '{{"series": "轩逸", "model": "2020款", "fault_codes": []}}',
    repeat('变速箱低速顿挫, 升级程序后仍然存在, 影响行车安全, 请尽快联系处理。', 2), 'none', '[]', uuidv7(), '',
    1, 1, 0,
    'dealership', '{{}}', '{{}}', '{{}}', 'handler-' || n % 4000, CASE WHEN n % 100 = 0 THEN 'grave' ELSE 'general' END,
    'department-' || n % 7, md5((n % 500000)::text)::uuid, CASE WHEN n % 100 = 0 THEN now() END,
    CASE WHEN n % 53 > 0 THEN now() END, decode(md5((n % 500000)::text), 'hex')
FROM (SELECT n, -(random() * {YEARS} * 365) * interval '1 day' AS shift FROM generate_series($1::bigint, $2) n) s
"""
# every case has the first phrase, one of twenty the second, one of fifty the third, one of a hundred the fourth, one of
# two thousand the fifth, besides sixty others
_WORDS = """
INSERT INTO case_words
SELECT id, ('''@' || branch || ''' ''变速'':1 ''速箱'':2'
    || CASE WHEN substr(number, 2)::int % 20 = 3 THEN ' ''异响'':5' ELSE '' END
    || CASE WHEN substr(number, 2)::int % 50 = 9 THEN ' ''顿挫'':6' ELSE '' END
    || CASE WHEN substr(number, 2)::int % 100 = 31 THEN ' ''黑屏'':8' ELSE '' END
    || CASE WHEN substr(number, 2)::int % 2000 = 7 THEN ' ''漏油'':7' ELSE '' END
    || (SELECT string_agg(format(' ''词%s'':%s', (substr(number, 2)::bigint * (k + 7)) % 9000, k), '')
        FROM generate_series(10, 69) k))::tsvector
FROM cases
"""
_OWED = """
INSERT INTO kehu.obligations (id, duty, subject, path, branch, role, since, plan, course, due_at, state, version,
    sequence, ended_at)
SELECT uuidv7(), 'investigate', id, '/v1/complaints/' || id, branch, 'general_manager', now(), '{}', '{}',
    now() + (random() * 20 - 10) * interval '1 day', CASE WHEN state = 'closed' THEN 'met' ELSE 'open' END, 1, 1,
    closed_at
FROM cases
"""


def lists(cluster: Cluster, count: int) -> dict[str, Any]:
    """p50 and p95 of each list and search over `count` cases, in ms, and those that are slower than they may be."""
    dsn = cluster.postgres.create_database("complaint_lists")
    return asyncio.run(_measured(cluster, dsn, count))


async def _measured(cluster: Cluster, dsn: str, count: int) -> dict[str, Any]:
    from complaint.app import service

    await service.migrate(dsn.replace("postgresql://", "postgresql+asyncpg://", 1))
    begun = time.perf_counter()
    await _load(dsn, count)
    loaded = time.perf_counter() - begun
    port = cluster.service("complaint", "api", 7, KEHU_DATABASE_URL=dsn)
    figures = {}
    try:
        for place in ("group", "branch-50"):
            role = "call_centre" if place == "group" else "relations_manager"
            token = cluster.token(f"{role}@{place}")
            headers = {"Authorization": f"Bearer {token}"}
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60) as client:
                for name, (path, body) in _kinds().items():
                    figures[f"{name}, {place}"] = await _asked(client, path, body)
    finally:
        cluster.end("complaint-api-7")
    slow = sorted(name for name, figure in figures.items() if figure["p95_ms"] > P95_MS)
    return {"cases": count, "loaded_in_s": round(loaded), "kinds": figures, "slower_than_50_ms": slow}


def _kinds() -> dict[str, tuple[str, dict[str, str] | None]]:
    """What is asked: a path with `#` for a number drawn each time, and the body of a search."""
    search = "/v1/complaints/search"
    return {
        "newest": ("/v1/complaints", None),
        "a state": ("/v1/complaints?state=investigating", None),
        "serious": ("/v1/complaints?serious=true", None),
        "a level": ("/v1/complaints?level=grave", None),
        "of a handler": ("/v1/complaints?handler=handler-#", None),
        "of a department": ("/v1/complaints?branch=branch-50&department=department-3", None),
        "the board of what is due": ("/v1/complaints/due", None),
        "what was missed before": ("/v1/complaints/due?before=2020-01-01T00:00:00Z", None),
        "by phone": (search, {"phone": "1990000####"}),
        "a word of every case": (search, {"words": "变速箱"}),
        "a word of one in twenty": (search, {"words": "异响"}),
        "a word of one in fifty": (search, {"words": "顿挫"}),
        "a word of one in a hundred": (search, {"words": "黑屏"}),
        "a word of one in two thousand": (search, {"words": "漏油"}),
        "a word of none": (search, {"words": "词语"}),
        "a word in a branch": (search, {"words": "异响", "branch": "branch-50"}),
        "a word in a state": (search, {"words": "异响", "state": "investigating"}),
        "a word of one in fifty in a state": (search, {"words": "顿挫", "state": "investigating"}),
        "a rare word in a state": (search, {"words": "漏油", "state": "investigating"}),
        "a word of none in a state": (search, {"words": "词语", "state": "investigating"}),
    }


async def _asked(client: httpx.AsyncClient, path: str, body: dict[str, str] | None) -> dict[str, float]:
    drawn = random.Random(1)
    times = []
    for n in range(ASKED + 8):
        numbered = path.replace("#", str(drawn.randrange(4000)))
        said = {k: v.replace("####", f"{drawn.randrange(10000):04d}") for k, v in (body or {}).items()}
        begun = time.perf_counter()
        answer = await (client.get(numbered) if body is None else client.post(numbered, json=said))
        took = (time.perf_counter() - begun) * 1000
        answer.raise_for_status()
        if n >= 8:  # the first ones fill the caches of the connections
            times.append(took)
    return {"p50_ms": round(statistics.median(times), 1), "p95_ms": round(statistics.quantiles(times, n=20)[-1], 1)}


async def _load(dsn: str, count: int) -> None:
    connection = await asyncpg.connect(dsn)
    part = 100_000
    for first in range(1, count + 1, part):
        await connection.execute(_CASES, first, min(first + part - 1, count))
    await connection.execute(_WORDS)
    await connection.execute(_OWED)
    await connection.execute("VACUUM ANALYZE cases")
    await connection.execute("VACUUM ANALYZE case_words")
    await connection.execute("VACUUM ANALYZE kehu.obligations")
    await connection.close()
