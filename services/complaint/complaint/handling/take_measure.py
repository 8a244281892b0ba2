"""Records what is done once the facts are verified, and that it was carried through (P04.14, P17.12)."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from chassis.auth import Principal
from chassis.http import Page, get, post
from chassis.problems import NotFound
from chassis.tx import Tx
from contracts.complaint import MeasureEnded
from policy.obligations import met, waive
from pydantic import BaseModel

from complaint import tables
from complaint.case import Case, NotNow
from complaint.handling.measure import MEASURES, Measure, MeasureForm, MeasureKind, take
from complaint.keeping import AnothersStep, is_handler, takes, within
from complaint.permissions import HANDLE_COMPLAINT, READ_COMPLAINT
from complaint.policy import MEASURE, ComplaintPolicy
from complaint.timeline import Words, WordsForm, write
from complaint.way import CaseState

RULES = ("P04.14", "P17.12")

#: a later case shows so many measures of earlier ones like it
LIKE = 20


class MeasureView(BaseModel):
    """A measure, opened; `words` is what is to be done, `outcome` what came of it."""

    id: UUID
    case_id: UUID
    kind: str
    words: str
    outcome: str | None
    due_on: date | None
    owner: str | None
    state: str
    taken_at: datetime
    ended_at: datetime | None
    path: str


class Taking(MeasureForm):
    """A measure of this case."""

    kind: MeasureKind = MeasureKind.MEASURE


@post("/v1/complaints/{case_id}/measures", needs=HANDLE_COMPLAINT, status=201)
async def take_measure(case_id: UUID, form: Taking, principal: Principal, tx: Tx) -> MeasureView:
    """Record a measure; it is owed until it is done, also when the case has been closed."""
    case = await within(tx, case_id, HANDLE_COMPLAINT, principal, lock=True)
    _refuse_unless_handling(case, principal, tx)
    if case.state in (CaseState.TAKEN, CaseState.JUDGED, CaseState.REOPENED):
        raise NotNow("Measures follow once it is being investigated.", rules=RULES, state=case.state.value)
    measure = await take(tx, case, form.kind, form)
    await tx.flush()
    return _view(measure, {"words": form.words})


class Ending(WordsForm):
    """What came of it; a measure that is dropped says why."""

    done: bool
    words: Words


@post("/v1/complaints/{case_id}/measures/{measure_id}/end", needs=HANDLE_COMPLAINT)
async def end_measure(case_id: UUID, measure_id: UUID, form: Ending, principal: Principal, tx: Tx) -> MeasureView:
    """Say that a measure was carried through, or is dropped; by its owner or whoever handles the case."""
    case = await within(tx, case_id, HANDLE_COMPLAINT, principal, lock=True)
    measure = await tx.get(MEASURES, measure_id)
    if measure.case_id != case.id:
        raise NotFound("The complaint has no such measure. Check the id.")
    if measure.owner != principal.subject:
        _refuse_unless_handling(case, principal, tx)
    measure.end(done=form.done, at=tx.now)
    clear = await tx.unseal(measure, why="handling", rules=RULES)
    measure.sealed = await tx.seal(
        tables.measures, measure.id, measure.subject_id, {**clear, "outcome": form.words}
    )  # fmt: skip
    if form.done:
        met(tx, MEASURE, measure.id, at=tx.now)
    else:
        waive(tx, MEASURE, measure.id, at=tx.now, reason="the measure was dropped")
    await write(tx, case, "measure_ended", RULES, {"words": form.words}, measure=str(measure.id), done=form.done)
    ended = MeasureEnded(
        case_id=case.id, measure_id=measure.id, done=form.done, ended_at=tx.now, rules=list(RULES)
    )  # fmt: skip
    tx.publish(case, ended)
    await tx.flush()
    return _view(measure, {**clear, "outcome": form.words})


@get("/v1/complaints/{case_id}/measures", needs=READ_COMPLAINT)
async def list_measures(case_id: UUID, principal: Principal, tx: Tx) -> Page[MeasureView]:
    """The measures of a case, oldest first."""
    case = await within(tx, case_id, READ_COMPLAINT, principal, lock=False)
    table = tables.measures
    query = sa.select(*MEASURES.columns).where(table.c.case_id == case.id).order_by(table.c.id)
    return Page(items=await _opened(tx, [MEASURES.restore(row) for row in await tx.execute(query)]))


@get("/v1/complaints/{case_id}/earlier", needs=READ_COMPLAINT)
async def list_earlier(case_id: UUID, principal: Principal, tx: Tx) -> Page[MeasureView]:
    """What earlier cases of the same brand and series, or the case that this one repeats, led to; newest first."""
    case = await within(tx, case_id, READ_COMPLAINT, principal, lock=False)
    table = tables.measures
    like = sa.and_(
        table.c.branch == case.branch,
        table.c.brand == case.brand,
        table.c.series.is_not_distinct_from(case.facts.get("series")),
    )
    of_repeated = table.c.case_id == case.repeat_of
    query = (
        sa.select(*MEASURES.columns)
        .where(sa.or_(like, of_repeated), table.c.case_id != case.id, table.c.taken_at <= tx.now)
        .order_by(table.c.id.desc())
        .limit(LIKE)
    )
    return Page(items=await _opened(tx, [MEASURES.restore(row) for row in await tx.execute(query)]))


async def _opened(tx: Tx, measures: list[Measure]) -> list[MeasureView]:
    """The measures whose words are still there: what a forgotten customer's case led to is forgotten with it."""
    found = []
    for measure in measures:
        try:
            found.append(_view(measure, await tx.unseal(measure, why="handling", rules=RULES)))
        except NotFound:
            continue
    return found


def _view(measure: Measure, clear: dict[str, str]) -> MeasureView:
    return MeasureView(
        id=measure.id,
        case_id=measure.case_id,
        kind=measure.kind.value,
        words=clear["words"],
        outcome=clear.get("outcome"),
        due_on=measure.due_on,
        owner=measure.owner,
        state=measure.state.value,
        taken_at=measure.taken_at,
        ended_at=measure.ended_at,
        path=f"/v1/complaints/{measure.case_id}",
    )


def _refuse_unless_handling(case: Case, principal: Principal, tx: Tx) -> None:
    policy = case.policy(tx, ComplaintPolicy)
    keepers = (policy.investigate, policy.name_department, policy.opinion)
    if not (is_handler(case, principal.subject, tx) or any(takes(one, case, principal, tx) for one in keepers)):
        raise AnothersStep("Measures are recorded by the handler of the case, or by who handed it over.", rules=RULES)
