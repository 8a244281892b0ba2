"""Prints a letter as PDF and its statement as XLSX, from the frozen figures; the name is pulled for it alone (P02.4).

The papers are sealed, for they name the customer; what is kept in clear is their digest.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from chassis.ids import uuid7
from chassis.jobs import TryAgain, Work, job
from chassis.paper import print_paper
from chassis.peers import PeerAway
from chassis.sheets import Column, write_xlsx
from chassis.tx import Tx
from contracts.credit import DunningLetterSent
from contracts.money import Money
from contracts.roles import Scope
from policy.approvals import Asked, ask, granted, refused
from policy.directory import Directory
from policy.obligations import waive

from credit import tables
from credit.account import ACCOUNTS, Account
from credit.dunning.model import LETTERS, Letter, LetterState
from credit.policy import DUNNING, LETTER
from credit.salespeople import responsible, tell

RULES = ("P02.4",)

#: why a letter is void that is made anew
OUTDATED = "what it asks for was paid or changed meanwhile"
_OPEN = "SELECT id, open FROM documents WHERE id = ANY($1)"

FORMS = Path(__file__).parent / "forms"
KINDS_ZH = {"invoice": "发票", "opening": "期初余额"}
_COLUMNS = (
    Column("单据编号", "document", 38),
    Column("单据类别", "kind", 12),
    Column("单据日期", "dated on", 12),
    Column("到期日", "due on", 12),
    Column("逾期天数", "days overdue", 14),
    Column("单据金额", "amount"),
    Column("未付金额", "open"),
)


@dataclass(frozen=True)
class Printed:
    """The papers of one letter in clear."""

    letter: bytes
    statement: bytes

    def kinds(self) -> dict[str, bytes]:
        """Each paper by its kind."""
        return {"letter": self.letter, "statement": self.statement}


@job(retry=("10s", "1m", "10m", "1h", "6h", "1d"))
async def print_letter(ref: str, work: Work) -> None:
    """Pull the name, print, seal, and ask for the signatures that the level needs; without any it goes out at once."""
    async with work.runtime.transaction() as tx:
        letter = await tx.get(LETTERS, UUID(ref), lock=False)
    if letter.state is not LetterState.MADE:
        return
    name = await _name_of(work, letter.customer_id)
    title = Directory.of(work.runtime).title(letter.branch)
    printed = None if name is None else await papers_of(letter, name, title)
    async with work.runtime.transaction() as tx:
        account = await tx.get(ACCOUNTS, letter.account_id)
        letter = await tx.get(LETTERS, letter.id)
        if letter.state is not LetterState.MADE:
            return
        if printed is None:
            letter.void("the customer is not known any more")
            waive(tx, DUNNING, letter.id, at=tx.now, reason="the customer is not known any more")
            return
        await _keep(tx, letter, printed)
        await _sign(tx, account, letter)


async def _name_of(work: Work, customer: UUID) -> str | None:
    """How the letter is addressed; None where the directory has no such customer (any more)."""
    path = f"/v1/customers/{customer}/addressee"
    params = {"purpose": "dunning-letter"}
    try:
        said = await work.runtime.peers.get("customer", path, scope=Scope.CUSTOMER_ADDRESS, params=params)
    except PeerAway as away:
        raise TryAgain(str(away)) from away
    except httpx.HTTPStatusError as error:
        if error.response.status_code == httpx.codes.NOT_FOUND:
            return None
        raise
    return str(said["name"])


async def papers_of(letter: Letter, name: str, title: str) -> Printed:
    """The papers, from what was frozen when the letter was made; the branch bears its title of today."""
    data = {
        "name": name,
        "number": str(letter.id),
        "level": letter.level,
        "made_on": letter.made_on,
        "branch": title,
        "total": f"{letter.total:,.2f}",
        "days_over": letter.days_over,
        "lines": [
            {
                **line,
                "kind": KINDS_ZH[line["kind"]],
                "amount": f"{Decimal(line['amount']):,.2f}",
                "open": f"{Decimal(line['open']):,.2f}",
            }
            for line in letter.lines
        ],
    }
    return Printed(
        letter=await print_paper(FORMS, "dunning_letter", data),
        statement=await asyncio.to_thread(_statement, letter, name, title),
    )


def _statement(letter: Letter, name: str, title: str) -> bytes:
    rows: list[tuple[str | int | Decimal | date | None, ...]] = [
        (
            line["document"],
            KINDS_ZH[line["kind"]],
            date.fromisoformat(line["dated_on"]),
            date.fromisoformat(line["due_on"]),
            int(line["days_over"]),
            Decimal(line["amount"]),
            Decimal(line["open"]),
        )
        for line in letter.lines
    ]
    rows.append(("合计 total", None, None, None, None, None, letter.total))
    above = (f"对账单 {name}", f"截至 {letter.made_on} 逾期未付 {letter.total} 元", f"出具 {title}")
    return write_xlsx("对账单", _COLUMNS, rows, above=above)


async def _keep(tx: Tx, letter: Letter, printed: Printed) -> None:
    subject = tx.new_subject()
    kept: dict[str, Any] = {}
    for kind, content in printed.kinds().items():
        identifier = uuid7()
        sealed = {"content": base64.b64encode(content).decode()}
        tx.insert(
            tables.dunning_papers,
            id=identifier,
            letter_id=letter.id,
            kind=kind,
            subject_id=subject,
            sealed=await tx.seal(tables.dunning_papers, identifier, subject, sealed),
        )
        kept[kind] = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
    letter.printed(kept)


async def _sign(tx: Tx, account: Account, letter: Letter) -> None:
    """Signatures as the policy says for the level; who looks after the account is told when it may go out."""
    levels = account.policy(tx).letters
    chain = levels[letter.level - 1].chain if letter.level <= len(levels) else None
    if not chain:
        await give_out(tx, account, letter)
        return
    ask(
        tx,
        LETTER,
        letter,
        {
            "account": str(account.id),
            "level": letter.level,
            "days_over": letter.days_over,
            "letter": letter.papers["letter"]["sha256"],
            "statement": letter.papers["statement"]["sha256"],
        },
        chain=chain,
        by=tx.actor,
        branch=account.branch,
        path=f"/v1/dunning-letters/{letter.id}",
        amount=letter.total,
    )


async def give_out(tx: Tx, account: Account, letter: Letter) -> None:
    """It goes to who looks after the account, to be handed over; the notice carries ids only.

    One that asks for what is not owed any more, or not as it says, is void: the next night makes another one.
    """
    if await _says_otherwise(tx, account, letter):
        letter.void(OUTDATED)
        waive(tx, DUNNING, letter.id, at=tx.now, reason=OUTDATED)
        return
    person = await responsible(tx, account)
    letter.send(person, tx.now)
    role = account.policy(tx).letter_within.role
    tell(
        tx, account, person, () if person else (role,), template="dunning_letter",
        number=str(letter.level), subject=letter.id, path=f"/v1/dunning-letters/{letter.id}", rules=RULES,
    )  # fmt: skip
    tx.publish(
        account,
        DunningLetterSent(
            letter_id=letter.id,
            account_id=account.id,
            branch=account.branch,
            level=letter.level,
            total=Money(amount=letter.total),
            digest=letter.papers["letter"]["sha256"],
            sent_at=tx.now,
        ),
    )


async def _says_otherwise(tx: Tx, account: Account, letter: Letter) -> bool:
    """Whether a document that it names was paid, bounced or fell due otherwise since its figures were frozen."""
    names = [UUID(line["document"]) for line in letter.lines]
    now = {row["id"]: row["open"] for row in await tx.driver.fetch(_OPEN, names)}
    term = timedelta(days=account.term_days)
    return any(
        now.get(name) != Decimal(line["open"]) or line["due_on"] != str(date.fromisoformat(line["dated_on"]) + term)
        for name, line in zip(names, letter.lines, strict=True)
    )


@job(retry=("1s", "10s", "1m", "10m", "1h"))
async def send_letter(ref: str, work: Work) -> None:
    """It is signed: give it out."""
    async with work.runtime.transaction() as tx:
        seen = await tx.driver.fetchval("SELECT account_id FROM dunning_letters WHERE id = $1", UUID(ref))
        account = await tx.get(ACCOUNTS, seen)
        letter = await tx.get(LETTERS, UUID(ref))
        if letter.state is LetterState.PRINTED:
            await give_out(tx, account, letter)


@granted(LETTER, LETTERS)
def letter_signed(letter: Letter, asked: Asked, tx: Tx) -> None:
    """Every signature is there; its account is locked by a job for what follows."""
    tx.later(send_letter, letter.id)


@refused(LETTER)
def letter_refused(letter: Letter, asked: Asked, tx: Tx) -> None:
    """It will not go out; the next level is made when it is reached."""
    because = f"the approval is {asked.state.value}"
    if letter.void(because):
        waive(tx, DUNNING, letter.id, at=tx.now, reason=because)
