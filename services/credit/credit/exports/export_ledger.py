"""The ledger of an account as a file: every document with debit, credit and the balance after it (P02.4)."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from chassis.auth import Principal
from chassis.http import get
from chassis.runtime import Runtime
from chassis.sheets import Cell, Column
from fastapi import Response

from credit.account import account_of
from credit.exports.file import MOST, FileKind, Kind, Since, Until, as_file, record_export, refuse_too_long
from credit.numbers import number_of
from credit.permissions import READ_ACCOUNT

RULES = ("P02.4",)

_BEFORE = """SELECT coalesce(sum(amount), 0) FROM entries
    WHERE account_id = $1 AND ledger = 'receivable' AND dated_on < $2"""
_DOCUMENTS = """SELECT d.dated_on, d.kind, d.origin, d.origin_ref, d.customer_id, d.open, d.issued_on, e.amount AS owed
    FROM documents d JOIN entries e ON e.document_id = d.id AND e.ledger = 'receivable'
    WHERE d.account_id = $1 AND ($2::date IS NULL OR d.dated_on >= $2) AND ($3::date IS NULL OR d.dated_on <= $3)
    ORDER BY d.dated_on, d.id LIMIT $4"""
KINDS = {
    "invoice": "发票", "payment": "回款", "return": "退货", "credit_note": "红字发票", "write_off": "核销坏账",
    "opening": "期初余额", "reversal": "冲销",
}  # fmt: skip
_COLUMNS = (
    Column("日期", "date"),
    Column("单据类型", "kind"),
    Column("来源", "origin"),
    Column("单据编号", "number", 30),
    Column("客户编号", "customer", 16),
    Column("发货日期", "issued on"),
    Column("应收", "debit"),
    Column("已收", "credit"),
    Column("余额", "balance"),
    Column("未核销", "open"),
)


@get("/v1/accounts/{account_id}/documents/export", needs=READ_ACCOUNT)
async def export_ledger(
    account_id: UUID,
    principal: Principal,
    runtime: Runtime,
    kind: Kind = FileKind.XLSX,
    since: Since = None,
    until: Until = None,
) -> Response:
    """The ledger, oldest first, at most 20,000 documents; with `since` the balance before is its first row."""
    async with runtime.transaction(actor=principal.subject) as tx:
        await account_of(tx, account_id, READ_ACCOUNT, principal, lock=False)
        balance = Decimal("0.00")
        if since is not None:
            balance += await tx.driver.fetchval(_BEFORE, account_id, since)
        found = await tx.driver.fetch(_DOCUMENTS, account_id, since, until, MOST + 1)
        refuse_too_long(found)
        record_export(tx, "documents", [str(account_id)], RULES)
    rows: list[list[Cell]] = []
    if since is not None:
        rows.append([since, "上期结转 carried forward", None, None, None, None, None, None, balance, None])
    for one in found:
        balance += one["owed"]
        debit, credit = (one["owed"], None) if one["owed"] > 0 else (None, -one["owed"])
        rows.append([
            one["dated_on"], KINDS[one["kind"]], one["origin"], one["origin_ref"], number_of(one["customer_id"]),
            one["issued_on"], debit, credit, balance, one["open"],
        ])  # fmt: skip
    return await as_file(kind, "应收明细账", _COLUMNS, rows)
