"""A customer is forgotten: amounts and dates stay in the books, what leads from them to the customer goes (P05.14).

Letters to them, notes on warnings of their account and the reasons given about it are unreadable from then on.

Those who share the account go on with it: who is forgotten is none of its customers any more.

Who still owes is not forgotten before it is paid or written off: the claim would lose its debtor. The answer waits
for that, and is looked at again every night.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from chassis.handlers import Received, on
from chassis.ids import uuid7
from chassis.jobs import Work, job
from chassis.tx import Tx
from contracts.customer import ConfirmErasure, CustomerErased
from policy.calendar import civil, midnight
from policy.reasons import forget_reasons

from credit.account import ACCOUNTS
from credit.shipments.release_shipment import decide_all_again

RULES = ("P05.14",)

_ACCOUNT = "SELECT account_id FROM account_customers WHERE customer_id = $1"
_UNSETTLED = """SELECT EXISTS (SELECT FROM documents WHERE account_id = $1 AND customer_id = $2
        AND open > 0 AND kind IN ('invoice', 'opening'))
    OR EXISTS (SELECT FROM shipments WHERE account_id = $1 AND customer_id = $2
        AND (state IN ('held', 'released', 'invoiced') OR (state <> 'cancelled' AND invoice_id IS NULL)))"""
_CUT = (
    """UPDATE accounts SET code = NULL, version = version + 1 WHERE id = $1 AND code IS NOT NULL
        AND $2::uuid IS DISTINCT FROM $3::uuid
        AND (SELECT count(*) FROM account_customers WHERE account_id = $1) = 1""",
    """DELETE FROM account_customers WHERE account_id = $1 AND customer_id = $2 AND $2::uuid IS DISTINCT FROM $3::uuid
        AND (SELECT count(*) FROM account_customers WHERE account_id = $1) > 1""",
    "UPDATE account_customers SET customer_id = $3 WHERE account_id = $1 AND customer_id = $2",
    "UPDATE documents SET customer_id = $3, version = version + 1 WHERE account_id = $1 AND customer_id = $2",
    "UPDATE dunning_episodes SET customer_id = $3 WHERE account_id = $1 AND customer_id = $2",
    "UPDATE dunning_letters SET customer_id = $3, version = version + 1 WHERE account_id = $1 AND customer_id = $2",
    """UPDATE shipments SET customer_id = $3::uuid, version = version + 1,
        decision = replace(decision::text, $2::uuid::text, $3::uuid::text)::jsonb
        WHERE account_id = $1 AND customer_id = $2::uuid""",
    # what others who share the account were held for may name who is forgotten
    """UPDATE shipments SET version = version + 1,
        decision = replace(decision::text, $2::uuid::text, $3::uuid::text)::jsonb
        WHERE account_id = $1 AND position($2::uuid::text IN decision::text) > 0""",
)

#: whose papers name the customer, and whose notes may
_SEALED = """SELECT p.subject_id FROM dunning_papers p JOIN dunning_letters l ON l.id = p.letter_id
        WHERE l.account_id = $1 AND l.customer_id = $2
    UNION SELECT s.subject_id FROM warning_steps s JOIN risk_warnings w ON w.id = s.warning_id
        WHERE w.account_id = $1
    UNION SELECT r.subject_id FROM document_reasons r JOIN documents d ON d.id = r.document_id
        WHERE d.account_id = $1"""
#: what somebody may have given a reason about, in words
_ABOUT = """SELECT $1::uuid UNION ALL SELECT id FROM losses WHERE account_id = $1
    UNION ALL SELECT id FROM shipments WHERE account_id = $1 AND customer_id = $2
    UNION ALL SELECT id FROM dunning_letters WHERE account_id = $1 AND customer_id = $2"""


@on(CustomerErased)
def customer_erased(event: Received[CustomerErased], tx: Tx) -> None:
    """Cut what leads to them by a job: their account is locked for it."""
    tx.later(forget_customer, f"{event.said.erasure_id} {event.said.customer_id}")


@job(retry=("1s", "5s", "1m", "10m", "1h", "6h"))
async def forget_customer(ref: str, work: Work) -> None:
    """Put an id that means nobody in the customer's place, the same throughout the account, and answer."""
    erasure_id, customer_id = map(UUID, ref.split())
    async with work.runtime.transaction() as tx:
        account_id = await tx.driver.fetchval(_ACCOUNT, customer_id)
        destroyed = 0
        if account_id is not None:
            await tx.get(ACCOUNTS, account_id)
            if await tx.driver.fetchval(_UNSETTLED, account_id, customer_id):
                tx.later(forget_customer, ref, at=midnight(civil(tx.now) + timedelta(days=1)))
                return
            nobody = uuid7()
            sealed = [row[0] for row in await tx.driver.fetch(_SEALED, account_id, customer_id)]
            destroyed += await tx.destroy_keys(sealed)
            about = [row[0] for row in await tx.driver.fetch(_ABOUT, account_id, customer_id)]
            destroyed += await forget_reasons(tx, about)
            for cut in _CUT:
                done = await tx.driver.execute(cut, account_id, customer_id, nobody)
                destroyed += int(done.rpartition(" ")[2])
            tx.later(decide_all_again, account_id)
        answer = ConfirmErasure(
            erasure_id=erasure_id,
            customer_id=customer_id,
            service=tx.runtime.name,
            destroyed=destroyed,
            at=tx.now,
        )
        tx.command(answer, customer_id)
