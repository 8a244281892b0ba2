"""Reviews a draft and asks the general manager; once approved it holds from its day on and ends what it names.

What was similar and is named ends on that day (P13.15); a day that has passed meanwhile becomes today (P01.18).
"""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from chassis.auth import Principal
from chassis.http import post
from chassis.problems import NotFound, Refused
from chassis.tx import Tx
from policy.access import GROUP
from policy.approvals import Asked, AskedState, ask, granted, refused
from policy.calendar import civil
from policy.obligations import met
from policy.policies import policy
from pydantic import BaseModel, ConfigDict, Field

from staff.documents.in_force import conflicting
from staff.documents.model import DOCUMENTS, Document, DocumentState
from staff.documents.permissions import REVIEW_DOCUMENT
from staff.documents.policy import REVIEW, TAKE_EFFECT, DocumentPolicy
from staff.documents.read_document import DocumentView, view_of
from staff.documents.tables import document_endings

RULES = ("P01.18", "P13.15")


class AnotherText(Refused):
    """What was reviewed is not what was drafted."""

    title = "This is not the text that was drafted"
    zh = "送审的文本与起草的文本不一致。请重新载入，审核现行草稿。"


class Review(BaseModel):
    """The reviewer names the digest of the text that was read."""

    model_config = ConfigDict(extra="forbid")

    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


@post("/v1/policy-documents/{document_id}/review", needs=REVIEW_DOCUMENT)
async def review_document(document_id: UUID, review: Review, principal: Principal, tx: Tx) -> DocumentView:
    """Review a draft, and ask the general manager to approve it; he sees what it ends and what it may conflict with."""
    one = await tx.get(DOCUMENTS, document_id)
    reach = REVIEW_DOCUMENT.reach(principal)
    if not (reach.everywhere if one.place == GROUP else reach.includes(one.place)):
        raise NotFound("There is no such document within your reach. Check the id.")
    if review.digest != one.digest:
        raise AnotherText("Its digest differs from the draft's. Read the draft again.", rules=RULES[1:])
    one.review(principal.subject, tx.now)
    met(tx, REVIEW, one.id, at=tx.now)
    beside = await conflicting(tx, one, max(one.wanted_on or civil(tx.now), civil(tx.now)))
    own = policy(tx, DocumentPolicy, one.place, tx.now)
    ask(
        tx,
        TAKE_EFFECT,
        one,
        {
            "title": one.title,
            "matter": one.matter,
            "digest_of_text": one.digest,
            "owner_department": one.owner_department,
            "effective_on": None if one.wanted_on is None else str(one.wanted_on),
            "supersedes": one.supersedes,
            "conflicts": [str(other.id) for other in beside],
        },
        chain=own.group_approval if one.place == GROUP else own.branch_approval,
        by=principal.subject,
        branch=one.place,
        path=one.path,
        excluded=[one.drafted_by],
    )
    await tx.flush()
    return await view_of(tx, one)


@granted(TAKE_EFFECT, DOCUMENTS)
def document_approved(one: Document, asked: Asked, tx: Tx) -> None:
    """It holds from its day on, and what it names ends then."""
    last = asked.stages[-1][-1]
    effective_on = one.take_effect(str(last["by"]), tx.now, civil(tx.now))
    for older in one.supersedes:
        tx.insert(document_endings, older_id=UUID(older), newer_id=one.id, ends_on=effective_on)


@refused(TAKE_EFFECT)
def document_refused(one: Document, asked: Asked, tx: Tx) -> None:
    """It never holds; what it named stays in force."""
    one.end(DocumentState.WITHDRAWN if asked.state is AskedState.WITHDRAWN else DocumentState.REFUSED)
