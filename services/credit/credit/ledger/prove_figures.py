"""Proves an account's running figures from the entries, allocations and shipments they consist of (P02.4)."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from chassis.auth import Principal
from chassis.http import get
from chassis.tx import Tx
from pydantic import BaseModel

from credit.account import account_of
from credit.permissions import BOOK

RULES = ("P02.4",)

_PROOF = """
WITH counted AS (
    SELECT d.dated_on AS day, 'invoiced' AS kind, d.amount FROM documents d
        WHERE d.account_id = $1 AND d.kind = 'invoice' AND d.reversed_by IS NULL
    UNION ALL SELECT greatest(d.dated_on, d.issued_on), 'shipped', d.amount FROM documents d
        WHERE d.account_id = $1 AND d.kind = 'invoice' AND d.issued_on IS NOT NULL AND d.reversed_by IS NULL
    UNION ALL SELECT d.dated_on, 'received', d.amount FROM documents d
        WHERE d.account_id = $1 AND d.kind = 'payment' AND d.reversed_by IS NULL
    UNION ALL SELECT o.dated_on, CASE d.kind WHEN 'return' THEN 'returned_invoiced' ELSE 'credited_invoiced' END,
        d.amount FROM documents d JOIN documents o ON o.id = d.corrects
        WHERE d.account_id = $1 AND d.kind IN ('return', 'credit_note') AND d.reversed_by IS NULL
    UNION ALL SELECT greatest(o.dated_on, o.issued_on), CASE d.kind WHEN 'return' THEN 'returned' ELSE 'credited' END,
        d.amount FROM documents d JOIN documents o ON o.id = d.corrects AND o.issued_on IS NOT NULL
        WHERE d.account_id = $1 AND d.kind IN ('return', 'credit_note') AND d.reversed_by IS NULL
), days AS (SELECT day, kind, sum(amount) AS amount FROM counted GROUP BY day, kind)
SELECT 'balance' AS figure, a.balance AS kept,
    (SELECT coalesce(sum(e.amount), 0) FROM entries e WHERE e.account_id = $1 AND e.ledger = 'receivable') AS proved
    FROM accounts a WHERE a.id = $1
UNION ALL SELECT 'open', a.balance, (SELECT coalesce(sum(CASE WHEN d.kind IN ('invoice', 'opening') THEN d.open
    ELSE -d.open END), 0) FROM documents d WHERE d.account_id = $1) FROM accounts a WHERE a.id = $1
UNION ALL SELECT 'released', a.released, (SELECT coalesce(sum(s.amount), 0) FROM shipments s WHERE s.account_id = $1
    AND (s.state = 'released' OR (s.state IN ('issued', 'delivered') AND s.invoice_id IS NULL)))
    FROM accounts a WHERE a.id = $1
UNION ALL SELECT 'reserved', a.reserved, (SELECT coalesce(sum(least(s.amount, s.prepaid)), 0) FROM shipments s
    WHERE s.account_id = $1 AND s.state = 'held') FROM accounts a WHERE a.id = $1
UNION ALL SELECT 'prepaid of ' || s.id, s.prepaid, (SELECT coalesce(sum(d.amount), 0) FROM documents d
    WHERE d.shipment_id = s.id AND d.kind = 'payment' AND d.reserved) FROM shipments s
    WHERE s.account_id = $1 AND s.state IN ('held', 'released')
UNION ALL SELECT 'open of ' || d.id, d.open, CASE WHEN d.reversed_by IS NOT NULL OR d.kind = 'reversal' THEN 0
    ELSE d.amount - coalesce(l.amount, 0) END
    FROM documents d LEFT JOIN LATERAL (SELECT sum(x.amount) AS amount FROM allocations x
        WHERE x.credit_id = d.id OR x.debit_id = d.id) l ON true WHERE d.account_id = $1
UNION ALL SELECT 'entries of ' || e.document_id, 0, sum(e.amount) FROM entries e WHERE e.account_id = $1
    GROUP BY e.document_id
UNION ALL SELECT coalesce(k.kind, p.kind) || ' on ' || coalesce(k.day, p.day), coalesce(k.amount, 0),
    coalesce(p.amount, 0) FROM (SELECT * FROM day_sums WHERE account_id = $1) k
    FULL JOIN days p ON p.day = k.day AND p.kind = k.kind
"""


class FigureView(BaseModel):
    """A running figure that is not what its parts add up to."""

    figure: str
    kept: Decimal
    proved: Decimal


class ProofView(BaseModel):
    """How many figures were proved; `wrong` must be empty."""

    proved: int
    wrong: list[FigureView]


async def proof_of(tx: Tx, account_id: UUID) -> ProofView:
    """Every running figure of the account against the rows it consists of."""
    rows = await tx.driver.fetch(_PROOF, account_id)
    wrong = [FigureView(**dict(row)) for row in rows if row["kept"] != row["proved"]]
    return ProofView(proved=len(rows), wrong=wrong)


@get("/v1/accounts/{account_id}/proof", needs=BOOK)
async def prove_figures(account_id: UUID, principal: Principal, tx: Tx) -> ProofView:
    """Add everything up again and compare it with the figures that decisions rest on."""
    await account_of(tx, account_id, BOOK, principal, lock=True)
    return await proof_of(tx, account_id)
