"""Takes a loan back: completeness is checked, the line of the register struck out (P05.10, P13.13)."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from chassis.auth import Principal
from chassis.http import post
from chassis.tx import Tx
from policy.obligations import met
from pydantic import BaseModel, ConfigDict, Field

from archive.dossier import DOSSIERS, ITEMS, Condition
from archive.filing import tell
from archive.loans.issue_loan import loan_kept
from archive.loans.views import LoanLine, line_of
from archive.permissions import KEEP_DOSSIERS
from archive.policy import RETURN

RULES = ("P05.10", "P13.13")


class Return(BaseModel):
    """What the keeper finds when the papers come back: those of the loan that are lacking or not whole."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    lacking: Annotated[list[UUID], Field(max_length=100)] = []


@post("/v1/loans/{loan_id}/return", needs=KEEP_DOSSIERS)
async def return_loan(loan_id: UUID, found: Return, principal: Principal, tx: Tx) -> LoanLine:
    """Take the papers back: what is lacking is noted as lost, and the line is struck out."""
    loan = await loan_kept(tx, loan_id, principal)
    loan.give_back(principal.subject, tx.now, [str(one) for one in found.lacking])
    met(tx, RETURN, loan.id, at=tx.now)
    if loan.lacking:
        for item in (await tx.load(ITEMS, [UUID(one) for one in loan.lacking])).values():
            item.condition = Condition.LOST
        await tell(tx, await tx.get(DOSSIERS, loan.dossier_id))
    await tx.flush()
    return line_of(loan, tx.now)
