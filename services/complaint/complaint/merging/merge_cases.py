"""Two cases about one matter become one: the loser is a redirect, nothing of it is lost (P04.8, P04.9).

Nothing undoes a merge: whoever finds that two matters were one case splits it, with clocks from the first receipt.
"""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from chassis.auth import Principal
from chassis.http import post
from chassis.problems import Invalid, Refused
from chassis.tx import Tx
from chassis.wrong import Wrong
from contracts.complaint import ComplaintMerged
from policy.approvals import Held
from pydantic import Field

from complaint.case import CASES, Case, NotNow
from complaint.cases.index_words import index
from complaint.cases.views import CaseProgress, progress_of
from complaint.keeping import kept_out
from complaint.merging.carry_over import (
    add_up,
    carry_over_clocks,
    carry_over_ladder,
    carry_over_people,
    carry_over_records,
)
from complaint.merging.whose import arranged
from complaint.permissions import HANDLE_COMPLAINT
from complaint.redirect import matter_of, survivors
from complaint.timeline import Said, WordsForm, write
from complaint.way import CaseState

RULES = ("P04.8", "P04.9", "P12.2")

#: how far each state is; the one that is further survives, so that no clock stands for a step that was passed
_FAR = {
    CaseState.TAKEN: 0,
    CaseState.JUDGED: 1,
    CaseState.REOPENED: 1,
    CaseState.INVESTIGATING: 2,
    CaseState.RESOLVED: 3,
    CaseState.APPROVED: 4,
    CaseState.ANSWERED: 5,
    CaseState.CALLED_BACK: 6,
}
_PROPOSED = """SELECT a.id, a.name FROM kehu.approvals a JOIN misconducts m ON m.id = a.subject
    WHERE m.case_id = $1 AND a.state = 'open' LIMIT 1"""
_OFFERS = "SELECT count(*) FROM compensations WHERE case_id = ANY($1::uuid[]) AND state IN ('asked', 'granted')"


class NotOneMatter(Refused):
    """The two are not of one branch, or of two customers, or one of them is closed: link them instead."""

    title = "These cannot be one case"
    zh = "并案须为同一门店、同一客户，且均未结案。请改为关联，或先重新处理已结案的投诉。"


class TheOtherSurvives(Refused):
    """The one that is further on its way survives."""

    title = "The other one survives"
    zh = "本投诉的办理比所选投诉更进一步，应予保留。请打开所选投诉，从那里并入本投诉。"


class MergedAlready(Refused):
    """It is part of another case, or of this one."""

    title = "It has been merged"
    zh = "这两个投诉已经并案，或其中一个已并入其他投诉。请打开并案后的投诉办理。"


class MergeForm(WordsForm):
    """Into which case it goes, and why."""

    into: UUID
    words: Annotated[Said, Field(min_length=2, max_length=2000, description="kept sealed")]


@post("/v1/complaints/{case_id}/merge", needs=HANDLE_COMPLAINT)
async def merge_cases(case_id: UUID, form: MergeForm, principal: Principal, tx: Tx) -> CaseProgress:
    """Merge a case into another one of its branch and customer; where the survivor stands.

    409 while an approval of the one that goes is open, naming it. Nothing undoes it: split the survivor instead.
    """
    if case_id == form.into:
        raise Invalid("A case is not merged into itself.", errors=[Wrong.SAME.at("/into", "another case")])
    await survivors(tx, [case_id, form.into])  # both are locked in one order before either is looked at
    survivor = await arranged(tx, form.into, principal)
    loser = await arranged(tx, case_id, principal)
    asked = await tx.get(CASES, case_id)
    if asked.merged_into is not None:
        if loser.id == survivor.id:
            if asked.merged_into == form.into:
                return progress_of(survivor)
            raise MergedAlready(
                f"It is part of {survivor.number} already.", rules=RULES[:1], path=f"/v1/complaints/{survivor.id}"
            )
        raise MergedAlready(
            f"It was merged into {loser.number}. Merge that one.", rules=RULES[:1], path=f"/v1/complaints/{loser.id}"
        )
    if loser.id == survivor.id:
        raise MergedAlready(
            "The other one was merged into this one.", rules=RULES[:1], path=f"/v1/complaints/{loser.id}"
        )
    await _refuse(tx, loser, survivor)
    await _become_one(tx, loser, survivor, form.words)
    return progress_of(survivor)


async def _refuse(tx: Tx, loser: Case, survivor: Case) -> None:
    if loser.branch != survivor.branch:
        raise NotOneMatter("They are of two branches. Link them instead.", rules=RULES[:1])
    if None not in (loser.customer_id, survivor.customer_id) and loser.customer_id != survivor.customer_id:
        raise NotOneMatter("They are of two customers. Link them instead.", rules=RULES[:1])
    if CaseState.CLOSED in (loser.state, survivor.state):
        raise NotOneMatter("A closed case is not merged. Link them, or reopen it first.", rules=RULES[:1])
    for case in (loser, survivor):
        for entry in case.held.values():
            case.refuse_while_held(entry["actions"][0])
    proposed = await tx.driver.fetchrow(_PROPOSED, loser.id)
    if proposed is not None:
        raise Held(
            f"The approval {proposed['name']} is open. Have it decided or withdrawn first.",
            rules=RULES[:1],
            approval=str(proposed["id"]),
            path=f"/v1/approvals/{proposed['id']}",
        )
    if await tx.driver.fetchval(_OFFERS, [loser.id, survivor.id]) > 1:
        raise NotNow("Both have a granted compensation. Have one of them paid first.", rules=("P12.10",))
    unfounded = survivor.judgement is not None and not survivor.founded and loser.founded
    if _FAR[loser.state] > _FAR[survivor.state] or unfounded:
        raise TheOtherSurvives(
            f"{loser.number} is further on its way. Merge {survivor.number} into it.",
            rules=RULES[1:2],
            path=f"/v1/complaints/{survivor.id}/merge",
        )
    barred = {*await kept_out(tx, loser)}
    if survivor.handler in barred:
        raise NotNow(
            "Whoever handles it has no part in the other one. Hand it over to somebody else first.", rules=("P12.2",)
        )


async def _become_one(tx: Tx, loser: Case, survivor: Case, because: str) -> None:
    personal = await tx.unseal(loser, why="merging", rules=RULES[:1])
    duties = await carry_over_clocks(tx, loser, survivor)
    await carry_over_ladder(tx, loser, survivor)
    await tx.flush()
    await carry_over_people(tx, loser, survivor)
    before = await matter_of(tx, loser)
    loser.merge_into(survivor, tx.now)
    await carry_over_records(tx, loser, survivor)
    await tx.flush()
    await index(tx, [survivor.id])
    await add_up(tx, before, survivor)
    facts = {"of": loser.number, "taken_at": loser.taken_at.isoformat(), "channel": loser.channel, "clocks": duties}
    await write(tx, survivor, "merged", RULES, {"because": because, **personal}, **facts)
    tx.publish(
        loser,
        ComplaintMerged(
            case_id=loser.id,
            number=loser.number,
            into=survivor.id,
            into_number=survivor.number,
            branch=survivor.branch,
            merged_at=tx.now,
            rules=list(RULES[:2]),
        ),
    )
    await tx.flush()
