"""An erasure as it is shown; when it is complete this is the certificate."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from customer.erasure.model import Erasure


class AnswerView(BaseModel):
    """What one service destroyed: keys, links and tokens together."""

    service: str
    destroyed: int
    at: datetime


class ErasureView(BaseModel):
    """Who asked that who be forgotten and why, and which services have answered; `missing` have not."""

    id: UUID
    customer_id: UUID
    branch: str
    ground: str
    state: str
    asked_by: str
    asked_at: datetime
    ordered_at: datetime | None
    completed_at: datetime | None
    answers: list[AnswerView]
    missing: list[str]
    held: dict[str, object]
    rules: list[str]
    version: int


def view_of(erasure: Erasure) -> ErasureView:
    """The erasure with its answers."""
    return ErasureView(
        id=erasure.id,
        customer_id=erasure.customer_id,
        branch=erasure.branch,
        ground=erasure.ground.value,
        state=erasure.state.value,
        asked_by=erasure.asked_by,
        asked_at=erasure.asked_at,
        ordered_at=erasure.ordered_at,
        completed_at=erasure.completed_at,
        answers=[AnswerView(service=name, **said) for name, said in sorted(erasure.answers.items())],
        missing=erasure.missing,
        held=erasure.held,
        rules=["P05.14"],
        version=erasure.version,
    )
