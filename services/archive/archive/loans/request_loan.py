"""Asks to borrow papers; the information specialist approves (P05.10)."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from chassis.auth import Principal
from chassis.fields import Text
from chassis.http import post
from chassis.ids import uuid7
from chassis.problems import Invalid, NotFound
from chassis.tx import Tx
from chassis.wrong import Wrong
from policy.access import excluded_from
from policy.approvals import Asked, ask, granted, refused
from policy.policies import policy
from pydantic import BaseModel, ConfigDict, Field

from archive import tables
from archive.dossier import DOSSIERS, ITEMS, WITHOUT_BODY, Condition, Item, Secrecy
from archive.loans.model import LOANS_KEPT, Loan, LoanState
from archive.loans.views import LoanLine, line_of
from archive.permissions import LOANS
from archive.policy import BORROWING, ArchivePolicy

RULES = ("P05.10", "P13.13")

_OF_DOSSIER = "SELECT id FROM items WHERE dossier_id = $1 AND id = ANY($2::uuid[])"


class NewLoan(BaseModel):
    """Which papers are borrowed, and why. The reason is kept sealed."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "dossier_id": "0197f3a2-0000-7000-8000-000000000001",
                    "items": ["0197f3a2-0000-7000-8000-000000000002"],
                    "reason": "年检需要购车发票原件",
                }
            ]
        },
    )

    dossier_id: UUID
    items: Annotated[list[UUID], Field(min_length=1, max_length=100)]
    reason: Annotated[Text, Field(min_length=4, max_length=1000)]


@post("/v1/loans", needs=LOANS, status=201)
async def request_loan(new: NewLoan, principal: Principal, tx: Tx) -> LoanLine:
    """Ask to borrow papers of a dossier."""
    dossier = await tx.get(DOSSIERS, new.dossier_id, lock=False)
    excluded = await excluded_from(tx, dossier.id)
    if principal.subject in excluded:
        raise NotFound("There is no such dossier. Check the id.")
    of_it = await tx.driver.fetch(_OF_DOSSIER, dossier.id, new.items)
    wanted = await tx.load(ITEMS, [row[0] for row in of_it], lock=False)
    if not wanted or set(wanted) != set(new.items) or not all(map(lendable, wanted.values())):
        raise Invalid(
            "Only papers of this dossier that can be held in hand are lent.",
            errors=[Wrong.NOT_BELONGING.at("/items", "must be papers of this dossier, on paper, disk or photo")],
        )
    identifier = uuid7()
    loan = Loan(
        id=identifier,
        dossier_id=dossier.id,
        branch=dossier.branch,
        borrower=principal.subject,
        items=[str(one) for one in sorted(wanted)],
        copies=sum(item.copies for item in wanted.values()),
        subject_id=dossier.subject_id,
        sealed=await tx.seal(tables.loans, identifier, dossier.subject_id, {"reason": new.reason}),
        state=LoanState.ASKED,
        asked_at=tx.now,
    )
    tx.add(loan)
    ask(
        tx,
        BORROWING,
        loan,
        {"dossier": str(dossier.id), "items": loan.items},
        chain=policy(tx, ArchivePolicy, dossier.branch, tx.now).borrowing(
            classified=dossier.secrecy is not Secrecy.NONE
        ),
        by=principal.subject,
        branch=dossier.branch,
        path=f"/v1/loans/{loan.id}",
        excluded=excluded,
    )
    return line_of(loan, tx.now)


def lendable(item: Item) -> bool:
    """Whether somebody can carry it away."""
    return item.medium not in WITHOUT_BODY and item.condition is not Condition.LOST


@granted(BORROWING, LOANS_KEPT)
def may_be_issued(loan: Loan, asked: Asked, tx: Tx) -> None:
    """The keeper may issue it."""
    loan.approve()


@refused(BORROWING)
def stays_here(loan: Loan, asked: Asked, tx: Tx) -> None:
    """Refused, with the reason that the approval keeps, or taken back."""
    loan.end(LoanState(asked.state.value))
