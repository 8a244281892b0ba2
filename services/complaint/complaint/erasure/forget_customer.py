"""A customer is forgotten: the keys, tokens, words and links of their cases go; numbers and dates stay (P05.14).

What is still owed of such a case falls away: nobody can open it any more to do it.
"""

from __future__ import annotations

from uuid import UUID

from chassis.handlers import Received, on
from chassis.jobs import Work, job
from chassis.tx import Tx
from contracts.customer import ConfirmErasure, CustomerErased
from policy.obligations import waive
from policy.reasons import forget_reasons

from complaint.case import CASES
from complaint.files import sweep_upload

RULES = ("P05.14",)

CHUNK = 200

_WORDS = "DELETE FROM case_words WHERE case_id = ANY($1::uuid[])"
# nobody can open them any more; the entries stay
_FILES = """WITH kept AS (SELECT id, place FROM attachments WHERE case_id = ANY($1::uuid[]) AND place IS NOT NULL)
    UPDATE attachments a SET place = NULL, removed_at = $2, removed_by = $3, version = version + 1
    FROM kept WHERE kept.id = a.id RETURNING kept.place"""
_OWING = "SELECT unnest($1::uuid[]) UNION ALL SELECT id FROM measures WHERE case_id = ANY($1::uuid[])"
_ABOUT = "SELECT unnest($1::uuid[]) UNION ALL SELECT id FROM misconducts WHERE case_id = ANY($1::uuid[])"
# with each also what was merged into it before anybody was known: the same matter, perhaps from another telephone
_CASES = """WITH RECURSIVE theirs AS (
    (SELECT id FROM cases WHERE customer_id = $1 ORDER BY id LIMIT $2)
    UNION
    SELECT c.id FROM cases c JOIN theirs ON c.merged_into = theirs.id WHERE c.customer_id IS NULL OR c.customer_id = $1
) SELECT id FROM theirs ORDER BY id"""


@on(CustomerErased)
def customer_erased(event: Received[CustomerErased], tx: Tx) -> None:
    """Forget them by a job: there may be many cases."""
    tx.later(forget_customer, f"{event.said.erasure_id} {event.said.customer_id}")


@job(retry=("1s", "5s", "1m", "10m", "1h", "6h"))
async def forget_customer(ref: str, work: Work) -> None:
    """Go through the customer's cases, a part at a time, and answer when none is left."""
    erasure_id, customer_id = map(UUID, ref.split())
    destroyed = int(work.progress.get("destroyed", 0))
    while True:
        async with work.runtime.transaction() as tx:
            ids = [row[0] for row in await tx.driver.fetch(_CASES, customer_id, CHUNK)]
            cases = list((await tx.load(CASES, ids)).values())
            destroyed += await tx.destroy_keys(case.subject_id for case in cases)
            for row in await tx.driver.fetch(_OWING, ids):
                waive(tx, None, row[0], at=tx.now, reason="the customer was forgotten")
            destroyed += await forget_reasons(tx, [row[0] for row in await tx.driver.fetch(_ABOUT, ids)])
            destroyed += sum(case.forget() for case in cases)
            await tx.driver.execute(_WORDS, ids)
            for row in await tx.driver.fetch(_FILES, ids, tx.now, f"service:{tx.runtime.name}"):
                tx.later(sweep_upload, row[0])
            if not ids:
                answer = ConfirmErasure(
                    erasure_id=erasure_id,
                    customer_id=customer_id,
                    service=tx.runtime.name,
                    destroyed=destroyed,
                    at=tx.now,
                )
                tx.command(answer, customer_id)
        if not ids:
            return
        await work.report(destroyed=destroyed)
