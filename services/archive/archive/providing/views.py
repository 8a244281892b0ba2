"""Agreements as they are shown."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from archive.providing.model import Agreement, AgreementState


class AgreementView(BaseModel):
    """An agreement: to whom what may be given, for what, when."""

    id: UUID
    branch: str
    party: str
    brand: str
    purpose: str
    fields: list[str]
    from_on: date
    until_on: date
    state: AgreementState
    in_force: bool
    asked_by: str
    asked_at: datetime
    decided_at: datetime | None
    held: dict[str, Any]
    version: int


def view_of(agreement: Agreement, today: date) -> AgreementView:
    """The agreement as it stands today."""
    return AgreementView(
        id=agreement.id,
        branch=agreement.branch,
        party=agreement.party,
        brand=agreement.brand,
        purpose=agreement.purpose,
        fields=agreement.fields,
        from_on=agreement.from_on,
        until_on=agreement.until_on,
        state=agreement.state,
        in_force=agreement.in_force(today),
        asked_by=agreement.asked_by,
        asked_at=agreement.asked_at,
        decided_at=agreement.decided_at,
        held=agreement.held,
        version=agreement.version,
    )
