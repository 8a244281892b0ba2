"""Issues an approved loan against signature; it is due back in the term of the policy (P05.10)."""

from __future__ import annotations

from uuid import UUID

from chassis.auth import Principal
from chassis.http import post
from chassis.problems import NotFound, Refused
from chassis.tx import Tx
from policy.access import excluded_from
from policy.obligations import owe
from policy.policies import policy

from archive.dossier import ITEMS
from archive.loans.model import LOANS_KEPT, Loan
from archive.loans.request_loan import lendable
from archive.loans.views import LoanLine, line_of
from archive.permissions import KEEP_DOSSIERS
from archive.policy import RETURN, ArchivePolicy
from archive.seeing import within

RULES = ("P05.10", "P12.2")

_OUT = "SELECT items FROM loans WHERE dossier_id = $1 AND state = 'issued'"


class LentAlready(Refused):
    """A paper of the loan is with somebody else."""

    title = "A paper is lent already"
    zh = "所借文件已借出。请待归还后再借。"
    rules = ("P05.10",)


class PaperGone(Refused):
    """A paper of the loan has been lost since it was asked for."""

    title = "A paper is not there any more"
    zh = "所借文件申请后已登记遗失。请就现存文件另行申请。"
    rules = ("P05.10",)


class BorrowerKeptOut(Refused):
    """The case of the dossier has turned out to be about who wanted to borrow from it."""

    title = "The borrower has no part in this dossier any more"
    zh = "申请人现已不得接触此案卷。请勿发放任何文件。"
    rules = ("P12.2",)


@post("/v1/loans/{loan_id}/issue", needs=KEEP_DOSSIERS)
async def issue_loan(loan_id: UUID, principal: Principal, tx: Tx) -> LoanLine:
    """Give the papers out against signature; from now on they are due back in the term of the policy."""
    loan = await loan_kept(tx, loan_id, principal)
    if loan.borrower in await excluded_from(tx, loan.dossier_id):
        raise BorrowerKeptOut("The borrower may not see this dossier any more. Do not give anything out.")
    out = {item for (items,) in await tx.driver.fetch(_OUT, loan.dossier_id) for item in items}
    if out & set(loan.items):
        raise LentAlready("A paper of this loan is with somebody else. Wait for its return.")
    wanted = await tx.load(ITEMS, [UUID(one) for one in loan.items], lock=False)
    if not all(map(lendable, wanted.values())):
        raise PaperGone("A paper of this loan was noted as lost since. Have what is there asked for anew.")
    deadline = policy(tx, ArchivePolicy, loan.branch, tx.now).give_back
    loan.refuse_while_held("issue")
    owed = owe(
        tx,
        RETURN,
        loan.id,
        deadline,
        branch=loan.branch,
        since=tx.now,
        path=f"/v1/loans/{loan.id}",
        person=loan.borrower,
        about=loan.dossier_id,
    )
    loan.issue(principal.subject, tx.now, owed.due_at)
    await tx.flush()
    return line_of(loan, tx.now)


async def loan_kept(tx: Tx, loan_id: UUID, principal: Principal) -> Loan:
    """The loan of a dossier that the principal keeps, the dossier locked first; else 404."""
    dossier_id = await tx.driver.fetchval("SELECT dossier_id FROM loans WHERE id = $1", loan_id)
    if dossier_id is None:
        raise NotFound("There is no such loan of a dossier that you keep. Check the id.")
    await within(tx, dossier_id, principal, doing=KEEP_DOSSIERS, lock=True)
    return await tx.get(LOANS_KEPT, loan_id)
