"""Notices that somebody is entered already: by subject, employee number, mail or mobile, however written."""

from __future__ import annotations

from uuid import UUID

from chassis.problems import Refused
from chassis.tx import Tx

from staff.people.form import Personal
from staff.tables import person_tokens

_LOCK = "SELECT pg_advisory_xact_lock(k) FROM (SELECT DISTINCT k FROM unnest($1::bigint[]) k ORDER BY k) s"
_NAMED = "SELECT pg_advisory_xact_lock(hashtextextended(k, 0)) FROM unnest($1::text[]) k ORDER BY k"
_SAME = """SELECT DISTINCT p.id, p.branch, t.kind FROM person_tokens t JOIN people p ON p.id = t.person_id
    WHERE t.token = ANY($1::bytea[]) AND p.id <> $2 ORDER BY p.id, t.kind"""
_SAME_NAMED = """SELECT id, branch, CASE WHEN subject = $1 THEN 'subject' ELSE 'employee_number' END
    FROM people WHERE (subject = $1 OR employee_number = $2) AND id <> $3 ORDER BY id"""


class EnteredAlready(Refused):
    """Somebody has this subject, employee number, mail or mobile."""

    title = "Somebody of staff has the same subject, number, mail or mobile"
    zh = "已有相同账号、工号、邮箱或手机的员工。请核对。"


async def refuse_duplicates(tx: Tx, person: UUID, subject: str, number: str | None, personal: Personal) -> None:
    """`EnteredAlready` names whom; two who enter the same person take turns here."""
    known = _tokens(tx, personal)
    named = [f"subject {subject}", *([f"number {number}"] if number else [])]
    await tx.driver.fetch(_NAMED, named)
    await tx.driver.fetch(_LOCK, [int.from_bytes(token[:8], "big", signed=True) for _, token in known])
    same = await tx.driver.fetch(_SAME_NAMED, subject, number, person)
    same += await tx.driver.fetch(_SAME, [token for _, token in known], person)
    if same:
        raise EnteredAlready(
            "Look at the candidates: change the entry that is there, or correct the one you send.",
            candidates=[{"id": str(row[0]), "branch": row[1], "matched_by": row[2]} for row in same],
        )


async def enter_tokens(tx: Tx, person: UUID, personal: Personal) -> None:
    """Make the entry noticeable by its mail and mobile."""
    await forget_tokens(tx, person)
    for (kind, token), key in _tokens(tx, personal).items():
        tx.insert(person_tokens, person_id=person, kind=kind, key_id=key, token=token)


async def forget_tokens(tx: Tx, person: UUID) -> None:
    """Whoever has left keeps no number from another."""
    await tx.driver.execute("DELETE FROM person_tokens WHERE person_id = $1", person)


def _tokens(tx: Tx, personal: Personal) -> dict[tuple[str, bytes], str]:
    return {
        (kind.value, token): key
        for kind, value in personal.values()
        for key, token in tx.runtime.tokens.all(kind, value)
    }
