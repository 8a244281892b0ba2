"""Counts the events of complaints, at once and by a job."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from chassis.handlers import Received, on
from chassis.jobs import Work, job
from chassis.service import Service
from chassis.tx import Tx
from contracts.complaint import ComplaintMatched, ComplaintOpened, ComplaintSerious, MarkedSerious, RepeatFound

metadata = sa.MetaData()

effects = sa.Table(
    "effects",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("handler", sa.Text, nullable=False),
    sa.Column("event_id", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
)


def _count(handler: str, event: Received[Any], tx: Tx) -> None:
    tx.insert(effects, handler=handler, event_id=str(event.id), key=event.key, sequence=event.sequence)


@on(ComplaintOpened)
def count_opened(event: Received[ComplaintOpened], tx: Tx) -> None:
    _count("count_opened", event, tx)


@on(ComplaintMatched)
def count_matched(event: Received[ComplaintMatched], tx: Tx) -> None:
    _count("count_matched", event, tx)


@on(RepeatFound)
def count_repeat(event: Received[RepeatFound], tx: Tx) -> None:
    _count("count_repeat", event, tx)


@on(MarkedSerious)
def count_marked(event: Received[MarkedSerious], tx: Tx) -> None:
    _count("count_marked", event, tx)


@on(ComplaintSerious)
def count_serious(event: Received[ComplaintSerious], tx: Tx) -> None:
    """The one that also has work to do afterwards."""
    _count("count_serious", event, tx)
    tx.later(follow_up, event.id)


async def followed_up(tx: Tx, done: Sequence[tuple[str, bool]]) -> None:
    """The job's outcome, written where the job ends."""
    for ref, _ in done:
        tx.insert(effects, handler="follow_up", event_id=ref, key=ref, sequence=1)


@job(retry=("1s", "1s", "1s", "1s", "1s", "1s", "1s", "1s", "1s", "1s"), finish=followed_up)
async def follow_up(ref: str, work: Work) -> bool:
    """Nothing to do outside: what is looked at is that its end is written once."""
    return True


service = Service(
    name="tally",
    title="Tally",
    tables=metadata,
    migrations=Path(__file__).parent / "migrations",
    reactions=[count_opened, count_matched, count_repeat, count_marked, count_serious],
    jobs=[follow_up],
)
