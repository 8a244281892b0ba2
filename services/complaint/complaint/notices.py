"""Asks notify to tell people about a case: ids, numbers and codes go into the words, never a customer (P05.15)."""

from __future__ import annotations

from collections.abc import Iterable

from chassis.ids import uuid7
from chassis.tx import Tx
from contracts.notify import Send

from complaint.case import Case


def send(tx: Tx, case: Case, template: str, to: Iterable[str], rules: Iterable[str], *, urgent: bool = False) -> None:
    """Have holders of roles (`role@place`) or people (`person:subject`) told, never whom it is about (P12.2)."""
    addressees = list(to)
    if not addressees:
        return
    message = Send(
        send_id=uuid7(),
        service=tx.runtime.name,
        template=template,
        to=addressees,
        subject=str(case.id),
        path=f"/v1/complaints/{case.id}",
        params={"number": case.number, "branch": case.branch},
        rules=list(rules),
        confirm_by=None,
        urgent=urgent,
        excluded=list(case.concerned) or None,
    )
    tx.command(message, case.id)
