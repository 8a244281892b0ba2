"""The directory: which tokens lead to whom, here and, on `customer.state`, for the other services."""

from __future__ import annotations

import base64
from datetime import datetime
from uuid import UUID

from chassis.problems import Refused
from chassis.tokens import Tokens
from chassis.tx import Tx
from contracts.archive import AccessRecorded
from contracts.customer import CustomerEntry, Token, TokenKind

from customer.customer import Customer
from customer.files.form import Override, Personal
from customer.tables import customer_tokens, customers

#: A token of these kinds that someone has already is a reason to ask; the last six of a VIN are not.
DISTINCTIVE = (TokenKind.PHONE, TokenKind.PLATE, TokenKind.VIN, TokenKind.ID_NUMBER, TokenKind.MAIL)

Known = dict[tuple[TokenKind, bytes], str]

_LOCK = "SELECT pg_advisory_xact_lock(k) FROM (SELECT DISTINCT k FROM unnest($1::bigint[]) k ORDER BY k) s"
_CANDIDATES = """
SELECT c.id, c.branch, c.kind, array_agg(DISTINCT t.kind ORDER BY t.kind) AS matched_by
FROM customer_tokens t JOIN customers c ON c.id = t.customer_id
WHERE t.token = ANY($1::bytea[]) AND c.id <> $2
GROUP BY c.id ORDER BY count(DISTINCT t.token) DESC, c.id LIMIT 20
"""
_FORGET = "DELETE FROM customer_tokens WHERE customer_id = $1"


def tokens_of(tokens: Tokens, personal: Personal) -> Known:
    """The tokens of a file under every valid key: (kind, token) to the key's id."""
    return {(kind, token): key for kind, value in personal.values() for key, token in tokens.all(kind, value)}


class DuplicateCustomer(Refused):
    """Someone with the same phone, plate, VIN, id number or mail has a file already."""

    title = "There may be a file on this customer already"
    zh = "可能已有此客户的档案（电话、车牌、车架号、证件号或邮箱相同）。请先核对原档案。"
    rules = ("P01.2",)


async def duplicates_overridden(
    tx: Tx, known: Known, customer_id: UUID, override: Override | None, *, purpose: str
) -> bool:
    """Whether others have one of these tokens and someone who saw them says that this is another customer.

    That is put into the audit log; without `override`, `DuplicateCustomer` names the candidates (P01.2).
    """
    same = await _candidates(tx, known, customer_id)
    if not same:
        return False
    if override is None:
        raise DuplicateCustomer(
            "Look at the candidates. If it is one of them, change that file; if it is someone else, send the form "
            "again with override.reason.",
            candidates=same,
        )
    tx.record(
        AccessRecorded(
            service=tx.runtime.name,
            actor=tx.actor,
            action="duplicates_overridden",
            table=customers.name,
            ids=[str(customer_id), *[str(one["id"]) for one in same]],
            purpose=purpose,
            rules=["P01.2"],
            at=tx.now,
            digests=[],
        )
    )
    return True


async def _candidates(tx: Tx, known: Known, besides: UUID) -> list[dict[str, object]]:
    """Who has one of the distinctive tokens already; two who register the same one take turns here.

    Whoever holds the locks sees every commit before them: the statement that looks begins after they are held.
    """
    sought = [token for (kind, token) in known if kind in DISTINCTIVE]
    await tx.driver.fetch(_LOCK, [int.from_bytes(token[:8], "big", signed=True) for token in sought])
    rows = await tx.driver.fetch(_CANDIDATES, sought, besides)
    return [
        {
            "id": str(row["id"]),
            "branch": row["branch"],
            "kind": row["kind"],
            "matched_by": list(row["matched_by"]),
            "path": f"/v1/customers/{row['id']}",
        }
        for row in rows
    ]


async def enter(tx: Tx, customer: Customer, known: Known, *, replaces: bool) -> None:
    """Make the file findable by these tokens, here and for the others."""
    if replaces:
        await tx.driver.execute(_FORGET, customer.id)
    for (kind, token), key in known.items():
        tx.insert(customer_tokens, customer_id=customer.id, kind=kind.value, key_id=key, token=token)
    tx.publish(customer, entry_of(customer, known, tx.now))


def entry_of(customer: Customer, known: Known, at: datetime) -> CustomerEntry:
    """What `customer.state` says of the file."""
    return CustomerEntry(
        customer_id=customer.id,
        kind=customer.kind,
        customer_class=customer.customer_class,
        branch=customer.branch,
        tokens=[
            Token(kind=kind, token=base64.urlsafe_b64encode(token).decode().rstrip("="), key=key)
            for (kind, token), key in known.items()
        ],
        as_of=at,
        confirmed_at=customer.confirmed_at,
    )
