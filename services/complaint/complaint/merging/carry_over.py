"""What a merged case leaves to the survivor: clocks, ladder, words and records; no clock is lost (P04.8, P04.9)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from chassis.tx import Tx
from contracts.complaint import MarkedBy, SeriousKind
from policy.access import excluded_from
from policy.approvals import add_party
from policy.directory import Directory
from policy.keep_out import keep_from
from policy.obligations import Owed, move, running_of, tell

from complaint.case import Case
from complaint.compensation.policy import COMPENSATION
from complaint.keeping import bar, handling_role, let_in, say_kept_out
from complaint.policy import ANSWER, ASK_CUSTOMER, INVESTIGATE, WAITING_FOR_CUSTOMER
from complaint.redirect import matter_of
from complaint.serious.ladder import LADDERS, STEPS, SeriousLadder, SeriousStep, StepState, ladder_id
from complaint.serious.policy import StepKind
from complaint.serious.warning import marked, warn

RULES = ("P04.8", "P04.9", "P12.2", "P12.5", "P12.10")

_DONE = "SELECT DISTINCT duty FROM kehu.obligations WHERE subject = $1 AND state = 'met'"
_STEPS = "SELECT id FROM serious_steps WHERE case_id = ANY($1::uuid[])"
#: rows that know the case by its id; what is locked with the case takes part in its version
_ROWS = (
    "UPDATE entries SET case_id = $2, facts = facts || jsonb_build_object('of', $3::text) WHERE case_id = $1",
    "UPDATE measures SET case_id = $2, version = version + 1 WHERE case_id = $1",
    "UPDATE compensations SET case_id = $2, version = version + 1 WHERE case_id = $1",
    "UPDATE attachments SET case_id = $2, version = version + 1 WHERE case_id = $1",
    "UPDATE serious_reasons SET case_id = $2 WHERE case_id = $1",
    "UPDATE harms SET case_id = $2 WHERE case_id = $1",
    "UPDATE factory_warnings SET case_id = $2 WHERE case_id = $1",
    """UPDATE misconducts SET case_id = $2, version = version + 1 WHERE case_id = $1 AND NOT EXISTS (
        SELECT FROM misconducts m WHERE m.case_id = $2 AND m.person = misconducts.person AND m.state <> 'refused')""",
    "UPDATE provisions SET case_id = $2 WHERE case_id = $1",
    # of two crisis groups the survivor's has the meetings, tasks and members of both
    """UPDATE crisis_groups SET case_id = $2, version = version + 1 WHERE case_id = $1
        AND NOT EXISTS (SELECT FROM crisis_groups WHERE case_id = $2)""",
    """UPDATE crisis_meetings SET group_id = s.id FROM crisis_groups l, crisis_groups s
        WHERE l.case_id = $1 AND s.case_id = $2 AND group_id = l.id""",
    """UPDATE crisis_tasks t SET group_id = s.id, version = t.version + 1 FROM crisis_groups l, crisis_groups s
        WHERE l.case_id = $1 AND s.case_id = $2 AND t.group_id = l.id""",
    """UPDATE crisis_groups s SET version = s.version + 1, members = (
            SELECT jsonb_agg(DISTINCT one) FROM jsonb_array_elements(s.members || l.members) AS one)
        FROM crisis_groups l WHERE l.case_id = $1 AND s.case_id = $2""",
)
#: what is owed from the receipt until a complaint is found not to hold
_OF_FOUNDED = {INVESTIGATE.name, ANSWER.name}
_LATEST = datetime.max.replace(tzinfo=UTC)


async def carry_over_clocks(tx: Tx, loser: Case, survivor: Case) -> list[str]:
    """Of a duty that both owe the earlier term holds, the other falls away; the duties whose clock came over.

    A duty that the survivor has done falls away, and where it does not hold what only a founded one is owed; what else
    the survivor never owed comes over as it stands.
    """
    running = await running_of(tx, [loser.id, survivor.id])
    done = {row[0] for row in await tx.driver.fetch(_DONE, survivor.id)}
    own = {one.duty: one for one in running if one.subject == survivor.id}
    come: list[Owed] = []
    for one in (one for one in running if one.subject == loser.id):
        kept = own.get(one.duty)
        if survivor.judgement is not None and not survivor.founded and one.duty in _OF_FOUNDED:
            _fall_away(tx, one, f"merged: {survivor.number} does not hold")
        elif one.duty in done and kept is None:
            _fall_away(tx, one, f"merged: done in {survivor.number}")
        elif kept is not None and (kept.due_at or _LATEST) <= (one.due_at or _LATEST):
            _fall_away(tx, one, f"merged: {survivor.number} is due earlier")
        else:
            if kept is not None:
                _fall_away(tx, kept, f"merged: {loser.number} is due earlier")
            come.append(one)
    await tx.flush()  # a subject owes a duty once at a time
    for one in come:
        if one.person is not None:
            one.person, one.role = survivor.handler, handling_role(survivor, tx)
        _go_with(tx, one, survivor)
        move(tx, one, _there(one, loser, survivor), subject=survivor.id)
    for one in running:
        if one.plan.get("about") == str(loser.id) and one.duty == ASK_CUSTOMER.name:
            _fall_away(tx, one, f"merged: {survivor.number} waits for the customer or does not")
        elif one.plan.get("about") == str(loser.id):
            move(tx, one, _there(one, loser, survivor), about=survivor.id)
    await tx.flush()
    return [one.duty for one in come]


def _there(one: Owed, loser: Case, survivor: Case) -> str:
    return one.path.replace(str(loser.id), str(survivor.id))


def _fall_away(tx: Tx, one: Owed, reason: str) -> None:
    one.waive(tx.now, reason)
    tell(tx, one)


def _go_with(tx: Tx, one: Owed, survivor: Case) -> None:
    """The clock stands or goes as those of the survivor do."""
    if "waiting_since" in survivor.course:
        changed = one.pause(tx.now, WAITING_FOR_CUSTOMER)
    else:
        changed = one.resume(tx.now, WAITING_FOR_CUSTOMER)
    if changed:
        one.arm(Directory.of(tx.runtime).calendar(one.branch))


async def carry_over_ladder(tx: Tx, loser: Case, survivor: Case) -> None:
    """The survivor is serious in every way in which the loser was; who has been told of it is not told again."""
    kinds = tuple(SeriousKind(kind) for kind in loser.serious_kinds)
    was_serious = survivor.serious
    new = survivor.mark_serious(kinds, loser.serious_at or tx.now)
    ladders = await tx.load(LADDERS, [ladder_id(loser.id), ladder_id(survivor.id)])
    old, ladder = ladders.get(ladder_id(loser.id)), ladders.get(ladder_id(survivor.id))
    if old is not None and old.climbing:
        if ladder is None:
            ladder = SeriousLadder(ladder_id(survivor.id), survivor.id, survivor.branch, old.started_at, None, ())
            tx.add(ladder)
        elif not ladder.climbing:
            ladder.start_again(old.started_at)
        ladder.joined(old, told=not was_serious)
        old.ended_at = tx.now
        steps = await tx.load(STEPS, [row[0] for row in await tx.driver.fetch(_STEPS, [loser.id, survivor.id])])
        await _join_steps(tx, steps.values(), loser, survivor)
    if new and was_serious:
        warn(survivor, new, MarkedBy.PERSON, tx.now, tx)
    elif new:
        tx.publish(survivor, marked(survivor, new, MarkedBy.PERSON))


async def _join_steps(tx: Tx, steps: Iterable[SeriousStep], loser: Case, survivor: Case) -> None:
    own = {(one.kind, one.role): one for one in steps if one.case_id == survivor.id}
    come = [one for one in steps if one.case_id == loser.id]
    subjects = [*(one.id for one in [*come, *own.values()]), ladder_id(loser.id), ladder_id(survivor.id)]
    owed = {one.subject: one for one in await running_of(tx, subjects)}
    for step in come:
        kept = own.get((step.kind, step.role))
        step.case_id, step.number = survivor.id, survivor.number
        if kept is not None and kept.state is not StepState.WAIVED and step.state is StepState.OPEN:
            later = step
            if kept.state is StepState.OPEN and (step.due_at or _LATEST) < (kept.due_at or _LATEST):
                later = kept
            later.waive(tx.now)
            facts = ladder_id(survivor.id if later is kept else loser.id)
            for subject in (later.id, *([facts] if step.kind is StepKind.FACTORY else [])):
                if subject in owed:
                    _fall_away(tx, owed[subject], "merged: the same is owed earlier, or done")
    facts_of_loser = owed.get(ladder_id(loser.id))
    if facts_of_loser is not None and facts_of_loser.running:
        await tx.flush()  # a subject owes a duty once at a time
        path = _there(facts_of_loser, loser, survivor)
        move(tx, facts_of_loser, path, subject=ladder_id(survivor.id), about=survivor.id)


async def carry_over_records(tx: Tx, loser: Case, survivor: Case) -> None:
    """Everything that was written, measured, offered, marked and attached is the survivor's from now on."""
    for statement in _ROWS:
        arguments = (loser.id, survivor.id, loser.number) if "$3" in statement else (loser.id, survivor.id)
        await tx.driver.execute(statement, *arguments)


async def add_up(tx: Tx, before: str, survivor: Case) -> None:
    """What was asked for the matter of either counts for that of the survivor, and for its customer (P12.10, P17.8)."""
    matter = await matter_of(tx, survivor)
    if before != matter:
        await add_party(tx, COMPENSATION, before, matter)
    if survivor.customer_id is not None:
        await add_party(tx, COMPENSATION, matter, f"customer:{survivor.customer_id}")


async def carry_over_people(tx: Tx, loser: Case, survivor: Case) -> None:
    """Who had no part in the loser has none in the survivor, nor the other way; who took part still does (P12.2)."""
    barred = {*await excluded_from(tx, loser.id), *loser.concerned}
    there = {*await excluded_from(tx, survivor.id), *survivor.concerned}
    missing = barred - there
    say_kept_out(tx, loser, there - barred)
    bar(tx, survivor, missing, because=f"merged: {loser.number}")
    for person in sorted(barred | {*survivor.concerned}):
        keep_from(tx, survivor.id, person, at=tx.now)
    whoever = {*loser.participants, *([loser.handler] if loser.handler else [])}
    survivor.take_in(whoever - barred - {survivor.handler})
    await let_in(tx, survivor)
