"""Lists the warnings that were not given in time, with those who answer for it (P12.8)."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Annotated
from uuid import UUID

import sqlalchemy as sa
from chassis.auth import Principal
from chassis.fields import Slug
from chassis.http import Cursor, Limit, Page, get
from chassis.lists import newest_first
from chassis.tx import Tx
from contracts.roles import Role
from fastapi import Query
from policy.directory import Directory
from pydantic import BaseModel

from complaint.case import CASES
from complaint.permissions import READ_SERIOUS
from complaint.serious.climbing import EXCLUDED
from complaint.serious.ladder import STEPS, SeriousStep
from complaint.serious.policy import DUTY_OF
from complaint.serious.tables import serious_steps
from complaint.tables import cases

RULES = ("P12.8",)

#: beside the roles of the policy: who handles the case now (业务经办人)
HANDLER = "handler"

_HARM = "SELECT DISTINCT case_id, party, harm FROM harms WHERE case_id = ANY($1::uuid[]) ORDER BY 1, 2, 3"


class Liable(BaseModel):
    """A role that answers, and who held it when the term ended."""

    role: str
    people: list[str]


class LateStep(BaseModel):
    """A warning that was late or is overdue: what, since when, who answers; `harm`: what came of the case."""

    id: UUID
    case_id: UUID
    number: str
    branch: str
    kind: str
    rules: list[str]
    role: str
    due_at: datetime | None
    done_at: datetime | None
    missing: list[str]
    liable: list[Liable]
    harm: list[str]
    path: str


@get("/v1/serious/late", needs=READ_SERIOUS)
async def list_late(
    principal: Principal,
    tx: Tx,
    branch: Annotated[Slug | None, Query(description="of one branch only")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[LateStep]:
    """The warnings within your reach that were not given in time, newest first."""
    wanted = [
        late_at(tx.now),
        READ_SERIOUS.reach(principal).condition(serious_steps.c.branch, record=serious_steps.c.case_id, now=tx.now),
    ]
    mine = sa.select(cases.c.id).where(cases.c.id == serious_steps.c.case_id, cases.c.respondent == principal.subject)
    wanted.append(sa.not_(mine.exists()))
    if branch is not None:
        wanted.append(serious_steps.c.branch == branch)
    found, following = await newest_first(tx, STEPS, wanted, limit, cursor)
    ids = sorted({step.case_id for step in found})
    of = await tx.load(CASES, ids, lock=False)
    kept = {one.id: set(one.concerned) for one in of.values()}
    for record, person in await tx.driver.fetch(EXCLUDED, ids):
        kept[record].add(person)
    harm: dict[UUID, list[str]] = defaultdict(list)
    for case_id, party, what in await tx.driver.fetch(_HARM, ids):
        harm[case_id].append(f"{party}:{what}")
    items = [
        _late(tx, step, harm[step.case_id], kept[step.case_id], of[step.case_id].handler) for step in found
    ]  # fmt: skip
    return Page(items=items, next=following)


def late_at(now: datetime) -> sa.ColumnElement[bool]:
    """Done late, or not done and overdue; in the words of the index."""
    table = serious_steps
    return sa.and_(
        sa.or_(table.c.late, table.c.state == sa.literal_column("'open'")), sa.or_(table.c.late, table.c.due_at < now)
    )


def _late(tx: Tx, step: SeriousStep, harm: list[str], kept: set[str], handler: str | None) -> LateStep:
    """Who is kept out of the case never heard of it, and answers for no warning of it (P12.2)."""
    directory, at = Directory.of(tx.runtime), step.due_at or tx.now
    roles = dict.fromkeys((step.answers.value, *step.liable))
    places = [step.answers_at, step.branch]
    liable = [
        Liable(role=role, people=sorted(set(directory.holders(Role(role), places, at)) - kept)) for role in roles
    ]  # fmt: skip
    if handler is not None:
        liable.append(Liable(role=HANDLER, people=[handler]))
    return LateStep(
        id=step.id,
        case_id=step.case_id,
        number=step.number,
        branch=step.branch,
        kind=step.kind.value,
        rules=list(DUTY_OF[step.kind].rules),
        role=step.role,
        due_at=step.due_at,
        done_at=step.ended_at,
        missing=list(step.missing),
        liable=liable,
        harm=harm,
        path=f"/v1/complaints/{step.case_id}/serious",
    )
