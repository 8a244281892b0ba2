"""A case about two matters becomes two; the clocks of both begin at the receipt: nobody gains time (P04.8, P04.9)."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from chassis.auth import Principal
from chassis.http import post
from chassis.ids import uuid7
from chassis.problems import Invalid
from chassis.tx import Tx
from chassis.wrong import Wrong
from contracts.complaint import ComplaintOpened, ComplaintSplit, LinkKind, Match
from policy.access import excluded_from
from pydantic import Field

from complaint import tables
from complaint.case import Case, NotNow
from complaint.cases.index_words import index
from complaint.cases.views import CaseProgress, progress_of
from complaint.intake import redaction
from complaint.keeping import bar, owe_step
from complaint.merging.link_cases import joined
from complaint.merging.whose import arranged
from complaint.number import number_of
from complaint.permissions import HANDLE_COMPLAINT
from complaint.policy import JUDGE, ComplaintPolicy
from complaint.serious.tables import found_repeats
from complaint.timeline import Said, WordsForm, write
from complaint.way import CaseState

RULES = ("P04.8", "P04.9", "P12.2")

_HIDDEN = (
    ("name", redaction.NAME),
    ("phone", redaction.PHONE),
    ("address", redaction.ADDRESS),
    ("plate", redaction.PLATE),
    ("vin", redaction.VIN),
)

Matter = Annotated[Said, Field(min_length=2, max_length=4000, description="kept sealed")]


class SplitForm(WordsForm):
    """What stays (`kept`), what becomes a case of its own (`text`, `demand`), and why; the words chosen by a person."""

    kept: Matter
    text: Matter
    demand: Matter | None = None
    words: Annotated[Said, Field(min_length=2, max_length=2000, description="why; kept sealed")]


@post("/v1/complaints/{case_id}/split", needs=HANDLE_COMPLAINT, status=201)
async def split_case(case_id: UUID, form: SplitForm, principal: Principal, tx: Tx) -> CaseProgress:
    """Make a part of a case a case of its own; that one, numbered, taken when the first was, still to be judged.

    It keeps the versions of the policies under which the first was taken, whatever has been changed since. The clocks,
    marks and offers of the first stay with it. The words as they were taken stay on both timelines.
    """
    case = await arranged(tx, case_id, principal)
    if case.state is CaseState.CLOSED:
        raise NotNow("It is closed. Reopen it, or take the other matter as a new complaint.", state=case.state.value)
    for entry in case.held.values():
        case.refuse_while_held(entry["actions"][0])
    personal = await tx.unseal(case, why="splitting", rules=RULES[:1])
    if form.kept == personal["text"] and form.text == personal["text"]:
        raise Invalid("Say which words stay and which go.", errors=[Wrong.PART_ONLY.at("/text")])
    part = await _part(tx, case, form, personal)
    left = {**personal, "text": form.kept}
    sealed = await tx.seal(tables.cases, case.id, case.subject_id, left)
    case.divide(_redacted(form.kept, personal), sealed)
    words = {"because": form.words, "before": personal["text"], "kept": form.kept, "moved": form.text}
    await write(tx, case, "split", RULES[:2], words, number=part.number, into=str(part.id))
    await write(tx, part, "split_from", RULES[:2], words, number=case.number, of=str(case.id))
    await joined(tx, case, part, LinkKind.SPLIT)
    tx.publish(
        case,
        ComplaintSplit(
            case_id=case.id,
            part=part.id,
            part_number=part.number,
            branch=case.branch,
            split_at=tx.now,
            rules=list(RULES[:2]),
        ),
    )
    await tx.flush()
    await index(tx, [case.id])
    return progress_of(part)


async def _part(tx: Tx, case: Case, form: SplitForm, personal: dict[str, object]) -> Case:
    """The new case: same caller, vehicle, receipt and policies; whoever has no part in the first has none in it."""
    identifier, subject = uuid7(), tx.new_subject()
    count = int(await tx.driver.fetchval("SELECT nextval('case_count')"))
    own = {name: personal.get(name) for name in ("name", "phone", "address", "plate", "vin")}
    own |= {"text": form.text, "demand": form.demand}
    part = Case(
        id=identifier,
        number=number_of(case.taken_at, count),
        branch=case.branch,
        region=case.region,
        channel=case.channel,
        state=CaseState.TAKEN,
        taken_at=case.taken_at,
        brand=case.brand,
        facts=dict(case.facts),
        text=_redacted(form.text, personal),
        match=case.match,
        customer_id=case.customer_id,
        matched_at=case.matched_at,
        directory_as_of=case.directory_as_of,
        serious_kinds=(),
        serious_at=None,
        repeat_of=None,
        phone_token=case.phone_token,
        plate_token=case.plate_token,
        vin_token=case.vin_token,
        subject_id=subject,
        sealed=await tx.seal(tables.cases, identifier, subject, own),
        origin=None,
        origin_ref=None,
        request_key=None,
        request_digest=None,
        version=1,
        sequence=0,
        serious_sequence=0,
        profile=case.profile,
        judgement=None,
        respondent=case.respondent,
        held={},
        gates={},
        course={},
        level=None,
        department=None,
        handler=None,
        closed_at=None,
        policy_at=case.opened_at,
    )
    tx.add(part)
    bar(tx, part, await excluded_from(tx, case.id), because=f"split: {case.number}")
    # of one receipt: the one does not repeat the other
    tx.insert(
        found_repeats,
        case_id=part.id,
        earlier_case_id=case.id,
        by=[],
        evidence={"split": True},
        found_at=tx.now,
        overruled_by=tx.actor,
        overruled_at=tx.now,
    )
    tx.publish(
        part,
        ComplaintOpened(
            case_id=part.id,
            number=part.number,
            branch=part.branch,
            channel=part.channel,
            brand=part.brand,
            series=part.facts.get("series"),
            model=part.facts.get("model"),
            model_year=part.facts.get("model_year"),
            fault_codes=part.facts.get("fault_codes", []),
            taken_at=part.taken_at,
            marked_serious=False,
            match=Match.MATCHED if part.customer_id else part.match,
            customer_id=part.customer_id,
        ),
    )
    owe_step(tx, JUDGE, part.policy(tx, ComplaintPolicy).judge, part, since=case.taken_at)
    return part


def _redacted(text: str, personal: dict[str, object]) -> str:
    return redaction.redact(text, [(str(personal[name]), mark) for name, mark in _HIDDEN if personal.get(name)])
