"""A write with an `Idempotency-Key` happens once and answers the same ever after."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.responses import Response

from chassis.problems import Erased, Invalid, KeyReused, Problem
from chassis.store import transpose
from chassis.tx import Tx

_KEPT = "SELECT key, request, status, headers, body FROM kehu.idempotency WHERE key = ANY($1::bytea[])"
_KEEP = """INSERT INTO kehu.idempotency (key, request, status, headers, body, subjects)
    SELECT key, request, status, headers::jsonb, body, $6::uuid[]
    FROM unnest($1::bytea[], $2::bytea[], $3::smallint[], $4::text[], $5::bytea[])
        AS u(key, request, status, headers, body)
    ON CONFLICT DO NOTHING RETURNING key"""


@dataclass(frozen=True, slots=True)
class Repeat:
    """Under which key an answer is kept, and to which request."""

    key: bytes
    request: bytes

    @classmethod
    def of(cls, subject: str, method: str, path: str, query: bytes, key: str, body: bytes) -> Repeat:
        """A key belongs to who sent it, and to one address; `Invalid` when it is too long."""
        if not 1 <= len(key) <= 200:
            raise Invalid("The Idempotency-Key must have 1 to 200 characters.")
        place = f"{subject}\n{method}\n{path}\n{key}"
        return cls(hashlib.sha256(place.encode()).digest(), hashlib.sha256(query + b"\n" + body).digest())


async def answers_of(tx: Tx, repeats: Sequence[Repeat]) -> dict[bytes, Response | Problem]:
    """What was answered before, by key; `KeyReused` where the key was used for another request."""
    if not repeats:
        return {}
    rows = {row["key"]: row for row in await tx.driver.fetch(_KEPT, [one.key for one in repeats])}
    return {one.key: _again(tx, one, rows[one.key]) for one in repeats if one.key in rows}


def _again(tx: Tx, repeat: Repeat, row: Mapping[str, Any]) -> Response | Problem:
    if row["request"] != repeat.request:
        return KeyReused("This Idempotency-Key was used for another request. Take a new one for a new request.")
    if row["body"] is None:
        return Erased("It was done. What was answered held data of somebody who has been erased since.")
    body = tx.runtime.master_keys.unwrap(row["body"], repeat.key.hex())
    response = Response(body, status_code=row["status"], headers=row["headers"])
    response.headers["Idempotent-Replayed"] = "true"
    return response


async def keep(tx: Tx, answers: Sequence[tuple[Repeat, Response]]) -> bool:
    """Store the answers with their effects; False when somebody else was first under one of the keys.

    Then this transaction must not be kept.
    """
    if not answers:
        return True
    rows = []
    for repeat, response in sorted(answers, key=lambda answer: answer[0].key):  # in one order, against deadlocks
        headers = {name: value for name, value in response.headers.items() if name != "content-length"}
        sealed = tx.runtime.master_keys.wrap(bytes(response.body), repeat.key.hex())
        rows.append((repeat.key, repeat.request, response.status_code, orjson.dumps(headers).decode(), sealed))
    return len(await tx.driver.fetch(_KEEP, *transpose(rows, 5), tx.subjects)) == len(rows)
