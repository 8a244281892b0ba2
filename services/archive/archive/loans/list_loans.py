"""The loan register: one's own lines, and those of the branch whose register one keeps (P05.10)."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from chassis.auth import Principal
from chassis.http import Cursor, Limit, Page, get
from chassis.lists import newest_first
from chassis.problems import NotFound
from chassis.tx import Tx

from archive.loans.model import LOANS_KEPT, LoanState
from archive.loans.views import LoanLine, line_of
from archive.permissions import LOANS
from archive.seeing import words_of
from archive.tables import loans

RULES = ("P05.10",)


@get("/v1/loans", needs=LOANS)
async def list_loans(
    principal: Principal, tx: Tx, state: LoanState | None = None, limit: Limit = 50, cursor: Cursor = None
) -> Page[LoanLine]:
    """The loan register: your own lines, and those of the branches whose register you keep."""
    wanted = [_readable(principal, tx.now)]
    if state is not None:
        wanted.append(loans.c.state == state)
    found, following = await newest_first(tx, LOANS_KEPT, wanted, limit, cursor)
    return Page(items=[line_of(loan, tx.now) for loan in found], next=following)


@get("/v1/loans/{loan_id}", needs=LOANS)
async def read_loan(loan_id: UUID, principal: Principal, tx: Tx) -> LoanLine:
    """A loan with its reason, for who signs it. 404 when there is none within your reach."""
    query = sa.select(loans.c.id).where(loans.c.id == loan_id, _readable(principal, tx.now))
    if (await tx.execute(query)).scalar() is None:
        raise NotFound("There is no such loan within your reach. Check the id.")
    loan = await tx.get(LOANS_KEPT, loan_id, lock=False)
    return line_of(loan, tx.now, await words_of(tx, loan, RULES))


def _readable(principal: Principal, now: datetime) -> sa.ColumnElement[bool]:
    columns = loans.c
    kept = LOANS.reach(principal).condition(columns.branch, record=columns.dossier_id, now=now)
    return sa.or_(columns.borrower == principal.subject, kept)
