"""Makes the letter that an account's overdue documents have reached, once a level and episode, every night (P02.4).

An episode is of one customer: from its first letter until nothing of theirs is overdue as far as the first level.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from chassis.ids import uuid7
from chassis.jobs import Work, job
from chassis.tx import Tx
from policy.approvals import take_back
from policy.calendar import civil
from policy.obligations import owe, waive

from credit import tables
from credit.account import ACCOUNTS, ZERO, Account
from credit.dunning.model import LETTERS, Letter, level_of
from credit.dunning.print_letter import OUTDATED, print_letter
from credit.policy import DUNNING, LETTER
from credit.salespeople import responsible

RULES = ("P02.4",)

_OVERDUE = """SELECT id, customer_id, kind, dated_on, amount, open FROM documents
    WHERE account_id = $1 AND open > 0 AND kind IN ('invoice', 'opening') AND dated_on < $2 ORDER BY dated_on, id"""
# a letter that was outdated before it went out is made anew
_EPISODES = """SELECT e.id, e.customer_id,
        coalesce(max(l.level) FILTER (WHERE l.void_because IS DISTINCT FROM $2), 0)
    FROM dunning_episodes e LEFT JOIN dunning_letters l ON l.episode_id = e.id
    WHERE e.account_id = $1 AND e.ended_on IS NULL GROUP BY e.id, e.customer_id"""
_UNSENT = """SELECT id FROM dunning_letters WHERE episode_id = $1
    AND (state IN ('made', 'printed') OR (state = 'sent' AND $2)) ORDER BY id"""
_END = "UPDATE dunning_episodes SET ended_on = $2 WHERE id = $1"


@job(retry=("10s", "1m", "10m", "1h", "6h"))
async def dun_account(ref: str, work: Work) -> None:
    """Look at one account with its row locked: each customer's overdue documents, and the letters they had."""
    async with work.runtime.transaction() as tx:
        account = await tx.get(ACCOUNTS, UUID(ref))
        today, levels = civil(tx.now), account.policy(tx).letters
        overdue: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
        for row in await tx.driver.fetch(_OVERDUE, account.id, today - timedelta(days=account.term_days)):
            overdue[row["customer_id"]].append(_line(row, account.term_days, today))
        running = {row[1]: (row[0], row[2]) for row in await tx.driver.fetch(_EPISODES, account.id, OUTDATED)}
        for customer in sorted({*overdue, *running}):
            lines = overdue[customer]
            reached = level_of(max((int(line["days_over"]) for line in lines), default=0), levels)
            episode, had = running.get(customer, (None, 0))
            if reached > had:
                await _make(tx, account, customer, reached, lines, episode)
            elif reached == 0 and episode is not None:
                await _end_episode(tx, episode, today)


def _line(row: Any, term_days: int, today: date) -> dict[str, str]:
    due = row["dated_on"] + timedelta(days=term_days)
    return {
        "document": str(row["id"]),
        "kind": row["kind"],
        "dated_on": str(row["dated_on"]),
        "due_on": str(due),
        "days_over": str((today - due).days),
        "amount": str(row["amount"]),
        "open": str(row["open"]),
    }


async def _make(
    tx: Tx, account: Account, customer: UUID, level: int, lines: list[dict[str, str]], episode: UUID | None
) -> None:
    """Freeze the figures, owe its way to the customer, and have it printed. A lower one that is not out yet is void."""
    today = civil(tx.now)
    if episode is None:
        episode = uuid7()
        tx.insert(
            tables.dunning_episodes, id=episode, account_id=account.id, customer_id=customer, begun_on=today,
            ended_on=None,
        )  # fmt: skip
    else:
        await void_unsent(tx, episode, "a higher level was reached")
    letter = Letter(
        id=uuid7(),
        episode_id=episode,
        account_id=account.id,
        customer_id=customer,
        branch=account.branch,
        level=level,
        made_on=today,
        made_at=tx.now,
        total=sum((Decimal(line["open"]) for line in lines), ZERO),
        days_over=max(int(line["days_over"]) for line in lines),
        lines=tuple(lines),
    )
    tx.add(letter)
    owe(
        tx,
        DUNNING,
        letter.id,
        account.policy(tx).letter_within,
        branch=account.branch,
        since=tx.now,
        path=f"/v1/dunning-letters/{letter.id}",
        person=await responsible(tx, account),
        about=account.id,
    )
    tx.later(print_letter, letter.id)


async def _end_episode(tx: Tx, episode: UUID, today: date) -> None:
    """Who has paid gets no letter any more, also none that was given out for them."""
    await void_unsent(tx, episode, "nothing has reached the first level any more", given_out=True)
    await tx.driver.execute(_END, episode, today)


async def void_unsent(tx: Tx, episode: UUID, because: str, *, given_out: bool = False) -> None:
    """What is not out yet of an episode will not go out; `given_out`: nor reach the customer."""
    found = await tx.load(LETTERS, [row[0] for row in await tx.driver.fetch(_UNSENT, episode, given_out)])
    for letter in found.values():
        if letter.void(because, given_out=given_out):
            waive(tx, DUNNING, letter.id, at=tx.now, reason=because)
            await take_back(tx, LETTER, letter, because)
