"""The ageing of an account as a file: each open document in the column of its band (P02.4)."""

from __future__ import annotations

from uuid import UUID

from chassis.auth import Principal
from chassis.http import get
from chassis.runtime import Runtime
from chassis.sheets import Cell, Column
from fastapi import Response

from credit.exports.export_ledger import KINDS
from credit.exports.file import FileKind, Kind, as_file, record_export
from credit.ledger.read_ageing import ageing_of
from credit.numbers import number_of
from credit.permissions import READ_ACCOUNT

RULES = ("P02.4",)

_COLUMNS = (
    Column("单据", "document", 16),
    Column("单据类型", "kind"),
    Column("日期", "date"),
    Column("到期日", "due on"),
    Column("逾期天数", "days over"),
    Column("金额", "amount"),
    Column("未收", "open"),
)
_BANDS = {
    "not_due": "未到期",
    "1-30": "逾期1-30天",
    "31-60": "逾期31-60天",
    "61-90": "逾期61-90天",
    "over_90": "逾期90天以上",
}


@get("/v1/accounts/{account_id}/ageing/export", needs=READ_ACCOUNT)
async def export_ageing(
    account_id: UUID, principal: Principal, runtime: Runtime, kind: Kind = FileKind.XLSX
) -> Response:
    """What is open today, the oldest first, with a sum a band; money that has paid nothing yet lowers the last sum."""
    async with runtime.transaction(actor=principal.subject) as tx:
        ageing = await ageing_of(tx, account_id, principal)
        record_export(tx, "documents", [str(account_id)], RULES)
    rows: list[list[Cell]] = [
        [
            number_of(one.document_id), KINDS[one.kind], one.dated_on, one.due_on, one.days_over, one.amount, one.open,
            *(one.open if one.band == band else None for band in _BANDS),
        ]
        for one in ageing.documents
    ]  # fmt: skip
    empty: list[Cell] = [None] * 5
    sums = [ageing.bands[band] for band in _BANDS]
    rows.append(["合计 sum", *empty, sum(sums), *sums])
    rows.append(["未核销回款 unused", *empty, -ageing.unused, *([None] * len(_BANDS))])
    rows.append(["余额 balance", *empty, ageing.balance, *([None] * len(_BANDS))])
    columns = (*_COLUMNS, *(Column(chinese, band.replace("_", " ")) for band, chinese in _BANDS.items()))
    return await as_file(kind, "账龄表", columns, rows)
