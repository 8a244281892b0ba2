"""The list of shipments as a file: what is held and why, what went when, what left without a release (P11.6)."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import sqlalchemy as sa
from chassis.auth import Principal
from chassis.fields import Slug
from chassis.http import get
from chassis.runtime import Runtime
from chassis.sheets import Cell, Column
from fastapi import Query, Response
from policy.calendar import civil
from policy.directory import Directory

from credit.exports.file import MOST, FileKind, Kind, as_file, record_export, refuse_too_long
from credit.numbers import number_of
from credit.permissions import READ_ACCOUNT
from credit.shipments.list_shipments import wanted_shipments
from credit.shipments.model import SHIPMENTS, Shipment, ShipmentState

RULES = ("P11.6", "P11.11")

_STATES = {
    ShipmentState.HELD: "暂停", ShipmentState.RELEASED: "已放行", ShipmentState.INVOICED: "已开票",
    ShipmentState.ISSUED: "已出库", ShipmentState.DELIVERED: "已送达", ShipmentState.CANCELLED: "已取消",
}  # fmt: skip
_COLUMNS = (
    Column("发货单", "shipment", 16),
    Column("来源单号", "reference", 30),
    Column("账户", "account", 16),
    Column("客户编号", "customer", 16),
    Column("分支", "branch"),
    Column("分支名称", "branch title", 22),
    Column("状态", "state"),
    Column("目的地", "destination"),
    Column("金额", "amount"),
    Column("预付", "prepaid"),
    Column("退货", "returned"),
    Column("申请日期", "asked on"),
    Column("放行日期", "released on"),
    Column("开票日期", "invoiced on"),
    Column("出库日期", "issued on"),
    Column("送达日期", "delivered on"),
    Column("未经放行", "unreleased"),
    Column("原因", "reasons", 40),
)


@get("/v1/shipments/export", needs=READ_ACCOUNT)
async def export_shipments(
    principal: Principal,
    runtime: Runtime,
    kind: Kind = FileKind.XLSX,
    state: Annotated[ShipmentState | None, Query(description="where they stand")] = None,
    account_id: Annotated[UUID | None, Query(description="of one account only")] = None,
    branch: Annotated[Slug | None, Query(description="of one branch only")] = None,
) -> Response:
    """The shipments within your reach, newest first, at most 20,000."""
    wanted = wanted_shipments(principal, state, account_id, branch)
    query = sa.select(*SHIPMENTS.columns).where(*wanted).order_by(SHIPMENTS.table.c.id.desc()).limit(MOST + 1)
    async with runtime.transaction(actor=principal.subject) as tx:
        found = [SHIPMENTS.restore(row) for row in await tx.execute(query)]
        refuse_too_long(found)
        record_export(tx, "shipments", [str(account_id or branch or "all")], RULES)
    directory = Directory.of(runtime)
    return await as_file(kind, "发货清单", _COLUMNS, [_row(one, directory.title(one.branch)) for one in found])


def _row(one: Shipment, branch_title: str) -> list[Cell]:
    reasons = [str(reason["code"]) for reason in one.decision.get("reasons", [])]
    own = one.origin == "credit"
    return [
        number_of(one.id), None if own else one.origin_ref, number_of(one.account_id), number_of(one.customer_id),
        one.branch, branch_title,
        _STATES[one.state], one.destination, one.amount, one.prepaid, one.returned, civil(one.requested_at),
        one.released_on, one.invoiced_on, one.issued_on, one.delivered_on, "是 yes" if one.unreleased else None,
        " ".join(reasons) or None,
    ]  # fmt: skip
