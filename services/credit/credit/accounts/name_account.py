"""Keeps the number under which the books know an account, so that their lists find it (P02.4)."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from chassis.auth import Principal
from chassis.http import put
from chassis.problems import Refused
from chassis.tx import Tx
from pydantic import BaseModel, ConfigDict, StringConstraints

from credit.account import account_of
from credit.accounts.read_account import AccountView, view_of
from credit.permissions import BOOK

RULES = ("P02.4",)

#: as ERP systems number their debtors: no blanks, no names
AccountCode = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z][0-9A-Za-z._/-]{0,39}$")]

_ALONE = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"
_TAKEN = "SELECT EXISTS (SELECT FROM accounts WHERE branch = $1 AND code = $2)"


class CodeTaken(Refused):
    """Another account of the branch has this number."""

    title = "Another account has this number"
    zh = "本门店已有账户使用此编号。请另取编号。"


class CodeForm(BaseModel):
    """The number that the books give the debtor."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: AccountCode


@put("/v1/accounts/{account_id}/code", needs=BOOK)
async def name_account(account_id: UUID, form: CodeForm, principal: Principal, tx: Tx) -> AccountView:
    """Give it the number of the books. 409 when another account of the branch has it."""
    account = await account_of(tx, account_id, BOOK, principal)
    if account.code != form.code:
        await refuse_taken(tx, account.branch, form.code)
        account.known_as(form.code)
        await tx.flush()
    return await view_of(tx, account)


async def refuse_taken(tx: Tx, branch: str, code: str) -> None:
    """`CodeTaken`; two who take the same number at once come one after the other."""
    await tx.driver.execute(_ALONE, f"{branch}\n{code}")
    if await tx.driver.fetchval(_TAKEN, branch, code):
        raise CodeTaken("Another account of this branch has this number. Check it.", rules=RULES)
