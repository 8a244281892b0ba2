"""A request to view as the register shows it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from contracts.archive import DossierKind
from pydantic import BaseModel

from archive.viewing.model import Proof, ViewRequest, ViewState


class ViewRequestLine(BaseModel):
    """A line of the register; `reason` and `outsider` where the request was opened."""

    id: UUID
    dossier: str
    kind: DossierKind
    branch: str
    department: str | None
    applicant: str
    purpose: str
    proof: Proof | None
    state: ViewState
    asked_at: datetime
    decided_at: datetime | None
    until_at: datetime | None
    held: dict[str, Any]
    reason: str | None
    outsider: dict[str, str] | None
    version: int


def line_of(request: ViewRequest, personal: dict[str, Any] | None = None) -> ViewRequestLine:
    """The request as it is shown."""
    said = personal or {}
    return ViewRequestLine(
        id=request.id,
        dossier=f"/v1/dossiers/{request.dossier_id}",
        kind=request.kind,
        branch=request.branch,
        department=request.department,
        applicant=request.applicant,
        purpose=request.purpose,
        proof=request.proof,
        state=request.state,
        asked_at=request.asked_at,
        decided_at=request.decided_at,
        until_at=request.until_at,
        held=request.held,
        reason=said.get("reason"),
        outsider=said.get("outsider"),
        version=request.version,
    )
