"""Shows targets, and how far they have come by person, branch and area, also as XLSX (P02.1)."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

import sqlalchemy as sa
from chassis.auth import Principal
from chassis.http import Cursor, Limit, Page, get
from chassis.lists import newest_first
from chassis.problems import NotFound
from chassis.runtime import Runtime
from chassis.sheets import XLSX, Column, write_xlsx
from chassis.tx import Tx
from fastapi import Query, Response
from policy.access import Permission, Reached
from policy.calendar import civil
from policy.directory import Directory
from policy.policies import policy
from pydantic import BaseModel, StringConstraints

from credit.account import ZERO
from credit.permissions import READ_TARGET
from credit.policy import CreditPolicy
from credit.tables import targets
from credit.targets.model import PERIOD, TARGETS, Measure, Target

RULES = ("P02.1",)

#: by branch and salesperson of the day; a correction counts on the day of the invoice it takes back
_REACHED = """SELECT a.branch, s.person, d.kind, sum(d.amount) AS amount FROM accounts a
    JOIN day_sums d ON d.account_id = a.id AND d.day BETWEEN $2 AND $3 AND d.kind = ANY($4::text[])
    LEFT JOIN LATERAL (SELECT person FROM salespeople x WHERE x.account_id = a.id AND x.from_on <= d.day
        ORDER BY x.from_on DESC LIMIT 1) s ON true
    WHERE a.branch = ANY($1::text[]) GROUP BY a.branch, s.person, d.kind"""

_COLUMNS = (
    Column("范围", "scope", 10),
    Column("门店", "branch", 18),
    Column("门店名称", "branch title", 22),
    Column("业务员", "salesperson", 20),
    Column("目标", "target", 16),
    Column("开票净额", "invoiced, net", 16),
    Column("回款", "paid", 16),
    Column("完成率 %", "reached %", 12),
)


class ShareView(BaseModel):
    """A salesperson's part."""

    person: str
    branch: str
    amount: Decimal


class TargetView(BaseModel):
    """A target; of its parts those within the caller's reach."""

    id: UUID
    place: str
    period: str
    from_on: date
    until_on: date
    measure: Measure
    amount: Decimal
    broken_down: bool
    shares: list[ShareView]
    set_by: str
    set_at: datetime
    version: int


class ProgressLine(BaseModel):
    """How far a person, a branch or the area has come. No target: nothing was given to them.

    A line of a branch without a person, of scope `person`, is what accounts bring that nobody looks after.
    `percent` is what was reached of the target by its measure, cut to a tenth.
    """

    scope: str
    branch: str | None
    person: str | None
    target: Decimal | None
    invoiced: Decimal
    paid: Decimal
    percent: Decimal | None


class ProgressView(BaseModel):
    """The target beside what was reached by today, within the caller's reach: people, their branches, the area."""

    target: TargetView
    on: date
    net_of: list[str]
    lines: list[ProgressLine]
    rules: list[str]


async def target_of(
    tx: Tx, target_id: UUID, permission: Permission, principal: Principal, *, lock: bool = True
) -> Target:
    """The target, where its place lies within the caller's reach (to read it, a branch of it does); else 404."""
    target = (await tx.load(TARGETS, [target_id], lock=lock)).get(target_id)
    reach = permission.reach(principal)
    if target is None or not _touches(tx, target, reach, whole=permission is not READ_TARGET):
        raise NotFound("There is no such target, or none at a place of yours. Check the id.")
    return target


def _touches(tx: Tx, target: Target, reach: Reached, *, whole: bool) -> bool:
    if reach.includes(target.place):
        return True
    branches = Directory.of(tx.runtime).branches_of(target.place)
    if whole:
        return bool(branches) and all(reach.includes(branch) for branch in branches)
    return any(reach.includes(branch) or branch in reach.own for branch in branches)


def view_of(tx: Tx, target: Target, principal: Principal) -> TargetView:
    """The target with those of its parts that the caller may see."""
    reach, all_of_it = _seen(target, principal)
    return TargetView(
        id=target.id,
        place=target.place,
        period=target.period,
        from_on=target.from_on,
        until_on=target.until_on,
        measure=target.measure,
        amount=target.amount,
        broken_down=bool(target.shares),
        shares=[
            ShareView.model_validate(one)
            for one in target.shares
            if all_of_it or reach.includes(one["branch"], owner=one["person"])
        ],
        set_by=target.set_by,
        set_at=target.set_at,
        version=target.version,
    )


def _seen(target: Target, principal: Principal) -> tuple[Reached, bool]:
    reach = READ_TARGET.reach(principal)
    return reach, reach.includes(target.place)


@get("/v1/targets", needs=READ_TARGET)
async def list_targets(
    principal: Principal,
    tx: Tx,
    period: Annotated[
        str | None, StringConstraints(pattern=PERIOD), Query(description="2026-03, 2026-Q1, 2026")
    ] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[TargetView]:
    """The targets of the places within your reach, newest first; each with the parts that you may see."""
    reach = READ_TARGET.reach(principal)
    wanted = [_within(tx, reach)]
    if period is not None:
        wanted.append(targets.c.period == period)
    found, following = await newest_first(tx, TARGETS, wanted, limit, cursor)
    return Page(items=[view_of(tx, one, principal) for one in found], next=following)


def _within(tx: Tx, reach: Reached) -> sa.ColumnElement[bool]:
    """The targets of the reached branches and of the areas they lie in."""
    if reach.everywhere:
        return sa.true()
    directory = Directory.of(tx.runtime)
    places = {*reach.places, *reach.own}
    places |= {area for branch in (*reach.places, *reach.own) if (area := directory.area(branch)) is not None}
    return targets.c.place.in_(sorted(places))


@get("/v1/targets/{target_id}", needs=READ_TARGET)
async def read_target(target_id: UUID, principal: Principal, tx: Tx) -> TargetView:
    """Open a target. 404 when there is none at a place of yours."""
    return view_of(tx, await target_of(tx, target_id, READ_TARGET, principal, lock=False), principal)


@get("/v1/targets/{target_id}/progress", needs=READ_TARGET)
async def read_progress(target_id: UUID, principal: Principal, tx: Tx) -> ProgressView:
    """How far it has come by today: people, branches, area; what lies outside your reach is left out."""
    return await progress_of(tx, await target_of(tx, target_id, READ_TARGET, principal, lock=False), principal)


@get("/v1/targets/{target_id}/progress.xlsx", needs=READ_TARGET)
async def print_progress(target_id: UUID, principal: Principal, runtime: Runtime) -> Response:
    """The same as XLSX."""
    async with runtime.transaction(actor=principal.subject) as tx:
        target = await target_of(tx, target_id, READ_TARGET, principal, lock=False)
        progress = await progress_of(tx, target, principal)
    content = await asyncio.to_thread(_printed, progress, Directory.of(runtime))
    headers = {"Content-Disposition": f'attachment; filename="target-{target.period}-{target.id}.xlsx"'}
    return Response(content, media_type=XLSX, headers=headers)


async def progress_of(tx: Tx, target: Target, principal: Principal) -> ProgressView:
    """What was invoiced, net, and paid from the period's first day to today, by who looked after each account then."""
    directory, today = Directory.of(tx.runtime), civil(tx.now)
    branches = directory.branches_of(target.place)
    net_of = policy(tx, CreditPolicy, branches[0] if branches else target.place, tx.now).target_net_of
    kinds = ["invoiced", "received", *(f"{kind}_invoiced" for kind in net_of)]
    rows = await tx.driver.fetch(_REACHED, branches, target.from_on, min(target.until_on, today), kinds)
    reached: dict[tuple[str, str | None], dict[str, Decimal]] = defaultdict(lambda: {"invoiced": ZERO, "paid": ZERO})
    for branch, person, kind, amount in rows:
        if kind == "received":
            reached[branch, person]["paid"] += amount
        else:
            reached[branch, person]["invoiced"] += amount if kind == "invoiced" else -amount
    given = {(one["branch"], one["person"]): Decimal(one["amount"]) for one in target.shares}
    return ProgressView(
        target=view_of(tx, target, principal),
        on=today,
        net_of=list(net_of),
        lines=list(_lines(target, given, reached, principal)),
        rules=list(RULES),
    )


def _lines(
    target: Target,
    given: dict[tuple[str, str], Decimal],
    reached: dict[tuple[str, str | None], dict[str, Decimal]],
    principal: Principal,
) -> Iterable[ProgressLine]:
    reach, all_of_it = _seen(target, principal)
    people = sorted({*given, *reached}, key=lambda key: (key[0], key[1] is None, key[1] or ""))
    by_branch: dict[str, list[tuple[str, str | None]]] = defaultdict(list)
    for key in people:
        by_branch[key[0]].append(key)

    def line(scope: str, branch: str | None, person: str | None, keys: list[tuple[str, str | None]]) -> ProgressLine:
        parts = [given[key] for key in keys if key in given]
        whole = target.amount if scope == "place" else sum(parts, ZERO) if parts else None
        sums = {
            name: sum((reached[key][name] for key in keys if key in reached), ZERO) for name in ("invoiced", "paid")
        }
        done = sums["invoiced" if target.measure is Measure.INVOICED else "paid"]
        percent = None if whole is None else (1000 * done // whole) / Decimal(10)
        return ProgressLine(
            scope=scope, branch=branch, person=person, target=whole, invoiced=sums["invoiced"], paid=sums["paid"],
            percent=percent,
        )  # fmt: skip

    for branch, keys in sorted(by_branch.items()):
        for key in keys:
            if all_of_it or reach.includes(branch, owner=key[1]):
                yield line("person", branch, key[1], [key])
        if all_of_it or reach.includes(branch):
            yield line("branch", branch, None, keys)
    if all_of_it:
        yield line("place", None, None, people)


def _printed(progress: ProgressView, directory: Directory) -> bytes:
    names = {"person": "业务员", "branch": "门店", "place": "区域"}
    above = (f"销售目标 {directory.place_title(progress.target.place)} {progress.target.period}", f"截至 {progress.on}")
    rows = [
        (
            names[one.scope], one.branch, None if one.branch is None else directory.title(one.branch), one.person,
            one.target, one.invoiced, one.paid, one.percent,
        )
        for one in progress.lines
    ]  # fmt: skip
    return write_xlsx("销售目标完成情况", _COLUMNS, rows, above=above)
