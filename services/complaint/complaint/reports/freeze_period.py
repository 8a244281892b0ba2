"""Counts what every case was in a period that has ended, and freezes it for each branch and the group (P12.9, P17.10).

Facts count by their own times, up to the period's end, so that the figures are the same whenever they are counted.
What becomes known later of a frozen period changes nothing in it and is told as a correction by the next report.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import orjson
import sqlalchemy as sa
from chassis.jobs import Work, job
from chassis.runtime import Runtime
from chassis.tx import Tx
from policy.access import GROUP
from policy.directory import Directory
from policy.obligations import owe
from policy.policies import policy
from policy.tables import obligations

from complaint.reports.counting import Fact, Known, counted, stand_at
from complaint.reports.model import Report, digest_of
from complaint.reports.period import Period, PeriodKind
from complaint.reports.policy import FILL_IN, StatisticsPolicy
from complaint.tables import IMPORTED, cases, entries

RULES = ("P12.9", "P17.10")

#: cases that are looked at in one transaction
CHUNK = 1000
#: no transaction lasts longer: what one has imported is visible to whoever reads this much later
LONGEST = timedelta(minutes=5)

_PERIOD = "SELECT kind, first_day, read_at, frozen_at FROM report_periods WHERE id = $1"
_READ = "UPDATE report_periods SET read_at = coalesce(read_at, $2) WHERE id = $1"
_CASES = """SELECT id, number, branch, channel, brand, taken_at, merged_at FROM cases
    WHERE id = ANY($1::uuid[]) AND taken_at < $2"""
#: what a merged case has left to the survivor is none of the survivor's facts
_FACTS = """SELECT case_id, kind, at, facts FROM entries WHERE case_id = ANY($1::uuid[]) AND NOT facts ? 'of'
    ORDER BY case_id, id"""
_MARKS = "SELECT case_id, marks FROM serious_ladders WHERE case_id = ANY($1::uuid[])"
#: lines of older code do not say whether the case was open, but they were counted as it
_EARLIER = """SELECT case_id, jsonb_build_object('open', tags ? 'open') || about AS about FROM report_lines
    WHERE period_id = $1 AND case_id = ANY($2::uuid[])"""
_REPORTED = """SELECT DISTINCT l.case_id FROM report_lines l JOIN report_periods p ON p.id = l.period_id
    WHERE l.case_id = ANY($1::uuid[]) AND p.kind = $2 AND p.first_day < $3"""
_FIRST = "SELECT min(first_day) FROM report_periods WHERE kind = $1"
_KEEP = """INSERT INTO report_lines (period_id, case_id, number, branch, tags, about)
    SELECT $1, u.case_id, u.number, u.branch, u.tags::jsonb, u.about::jsonb
    FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[])
        AS u(case_id, number, branch, tags, about) ON CONFLICT DO NOTHING"""
_FIGURES = """SELECT branch, tag, count(*) FROM report_lines, jsonb_array_elements_text(tags) AS tag
    WHERE period_id = $1 GROUP BY branch, tag"""
_OPENED = "SELECT true FROM report_periods WHERE id = $1"
_FREEZE = "UPDATE report_periods SET frozen_at = $2 WHERE id = $1 AND frozen_at IS NULL RETURNING true"


def cases_of(period: Period) -> sa.CompoundSelect[Any]:
    """The cases that were under way in the period: by index those open now, and those closed since it began."""
    received = cases.c.taken_at < period.ends
    return (
        sa.select(cases.c.id)
        .where(cases.c.closed_at.is_(None), received)
        .where(sa.or_(cases.c.merged_at.is_(None), cases.c.merged_at >= period.begins))
        .union_all(sa.select(cases.c.id).where(cases.c.closed_at >= period.begins, received))
    )


def imported_since(instant: datetime) -> sa.Select[Any]:
    """The cases that came in lists since then, whenever they were closed."""
    return sa.select(entries.c.case_id).where(IMPORTED, entries.c.at >= instant)


def terms_of(period: Period) -> sa.CompoundSelect[Any]:
    """The terms that ended in the period: missed, or met in time; of which case, which duty, whether missed."""
    about = sa.func.coalesce(sa.cast(obligations.c.plan["about"].astext, sa.Uuid), obligations.c.subject)
    whose = about.label("case_id")
    missed = sa.select(whose, obligations.c.duty, sa.true().label("missed")).where(
        obligations.c.missed_at >= period.begins, obligations.c.missed_at < period.ends
    )
    met = sa.select(whose, obligations.c.duty, sa.false().label("missed")).where(
        obligations.c.ended_at >= period.begins,
        obligations.c.ended_at < period.ends,
        sa.text("state = 'met' AND missed_at IS NULL"),  # as the index has it, whatever the plan is made for
        obligations.c.due_at.is_not(None),
    )
    return missed.union_all(met)


@job(retry=("1m", "10m", "1h", "6h", "1d"))
async def freeze_period(ref: str, work: Work) -> None:
    """Freeze a period, after the one before it; a second time changes nothing."""
    identifier, runtime = UUID(ref), work.runtime
    async with runtime.transaction() as tx:
        row = await tx.driver.fetchrow(_PERIOD, identifier)
        if row is None or row["frozen_at"] is not None:
            return
        period = Period(PeriodKind(row["kind"]), row["first_day"])
        before = await tx.driver.fetchrow(_PERIOD, period.before.id)
        if before is not None and before["frozen_at"] is None:
            return  # the one before hands this one on when it is frozen
        await tx.driver.execute(_READ, identifier, tx.now)
        began = Period(period.kind, await tx.driver.fetchval(_FIRST, period.kind.value))
        terms: dict[UUID, dict[bool, set[str]]] = defaultdict(lambda: {True: set(), False: set()})
        for row in await tx.execute(terms_of(period)):
            terms[row.case_id][row.missed].add(row.duty)
        wanted = {row[0] for row in await tx.execute(cases_of(period))} | set(terms)
        if before is not None:
            wanted |= {row[0] for row in await tx.execute(imported_since(before["read_at"] - LONGEST))}
    ordered = sorted(wanted)
    for first in range(0, len(ordered), CHUNK):
        await _count(runtime, period, ordered[first : first + CHUNK], terms, began)
        await work.report(done=min(first + CHUNK, len(ordered)), of=len(ordered))
    async with runtime.transaction() as tx:
        await _freeze(tx, period)


async def _count(
    runtime: Runtime,
    period: Period,
    ids: Sequence[UUID],
    terms: Mapping[UUID, Mapping[bool, set[str]]],
    first: Period,
) -> None:
    """Keep what these cases count as; `first` is the first period of this kind that was reported."""
    async with runtime.transaction() as tx:
        facts: dict[UUID, list[Fact]] = defaultdict(list)
        for case_id, kind, at, said in await tx.driver.fetch(_FACTS, ids):
            facts[case_id].append(Fact(kind, at, said))
        marks = {row["case_id"]: row["marks"] for row in await tx.driver.fetch(_MARKS, ids)}
        earlier = {row["case_id"]: row["about"] for row in await tx.driver.fetch(_EARLIER, period.before.id, ids)}
        reported = {row[0] for row in await tx.driver.fetch(_REPORTED, ids, period.kind.value, period.first)}
        lines = []
        for case_id, number, branch, channel, brand, taken_at, merged_at in await tx.driver.fetch(
            _CASES, ids, period.ends
        ):
            known = Known(channel, brand, taken_at, facts[case_id], marks.get(case_id, ()), merged_at)
            ended = terms.get(case_id, {})
            found = counted(
                known,
                period,
                met=ended.get(False, ()),
                missed=ended.get(True, ()),
                earlier=earlier.get(case_id),
                late=case_id not in reported and _missing(known, first, period),
            )
            if found is not None:
                lines.append((case_id, number, branch, _json(found.tags), _json(found.about)))
        columns = [list(column) for column in zip(*lines, strict=True)] or [[], [], [], [], []]
        await tx.driver.execute(_KEEP, period.id, *columns)


def _missing(case: Known, first: Period, period: Period) -> bool:
    """Whether it belongs into a report before this one: received since they began, or open when they did."""
    if first == period or case.taken_at >= period.begins:
        return False
    return case.taken_at >= first.begins or stand_at(case, first.begins).open


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


async def _freeze(tx: Tx, period: Period) -> None:
    """The reports of the period, once: for every branch that there is, and for the group."""
    if not await tx.driver.fetchval(_FREEZE, period.id, tx.now):
        return
    figures: dict[str, dict[str, int]] = defaultdict(dict)
    total: dict[str, int] = defaultdict(int)
    for branch, tag, count in await tx.driver.fetch(_FIGURES, period.id):
        figures[branch][tag] = count
        total[tag] += count
    for branch in sorted({*Directory.of(tx.runtime).branches, *figures}):
        report = _report(tx, period, branch, figures.get(branch, {}))
        deadline = policy(tx, StatisticsPolicy, branch, period.ends).fill_in
        if deadline is not None and period.kind is PeriodKind.MONTH:
            path = f"/v1/complaints/reports/{report.id}"
            owe(tx, FILL_IN, report.id, deadline, branch=branch, since=period.ends, path=path)
    _report(tx, period, GROUP, dict(total))
    if await tx.driver.fetchval(_OPENED, period.following.following.id):  # so the following one has ended, too
        tx.later(freeze_period, period.following.id)


def _report(tx: Tx, period: Period, branch: str, figures: dict[str, int]) -> Report:
    report = Report(
        id=uuid5(period.id, branch),
        period_id=period.id,
        kind=period.kind,
        first_day=period.first,
        branch=branch,
        figures=figures,
        digest=digest_of(figures),
        frozen_at=tx.now,
    )
    tx.add(report)
    return report
