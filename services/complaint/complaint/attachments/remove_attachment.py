"""Removes a file of a case with the reason; that it was there, and its digest, stay (P04.8, P05.4)."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from chassis.auth import Principal
from chassis.http import post
from chassis.problems import NotFound
from chassis.tx import Tx
from pydantic import Field

from complaint import tables
from complaint.attachment import ATTACHMENTS
from complaint.attachments.views import AttachmentView, view_of
from complaint.case import Case
from complaint.files import sweep_upload
from complaint.keeping import AnothersStep, is_handler, takes, within
from complaint.permissions import HANDLE_COMPLAINT
from complaint.policy import ComplaintPolicy
from complaint.timeline import Said, WordsForm, write

RULES = ("P04.8", "P05.4")


class RemovalForm(WordsForm):
    """Why it has to go."""

    reason: Annotated[Said, Field(min_length=2, max_length=2000, description="kept sealed")]


@post("/v1/complaints/{case_id}/attachments/{attachment_id}/remove", needs=HANDLE_COMPLAINT)
async def remove_attachment(
    case_id: UUID, attachment_id: UUID, form: RemovalForm, principal: Principal, tx: Tx
) -> AttachmentView:
    """Remove a file: by who added it, who handles the case, or who judges there. Removed twice is removed once."""
    case = await within(tx, case_id, HANDLE_COMPLAINT, principal, lock=True)
    one = (await tx.load(ATTACHMENTS, [attachment_id])).get(attachment_id)
    if one is None or one.case_id != case.id:
        raise NotFound("The case has no such file. Read its list.")
    if principal.subject != one.added_by and not removes(case, principal, tx):
        raise AnothersStep("It is removed by who added it, who handles the case, or who judges here.", rules=RULES[:1])
    words = await tx.unseal(one, why="handling", rules=RULES)
    removed = {**words, "reason": form.reason}
    place = one.remove(principal.subject, tx.now, await tx.seal(tables.attachments, one.id, one.subject_id, removed))
    if place is not None:
        words = removed
        tx.later(sweep_upload, place)
        facts = {"attachment": str(one.id), "what": one.kind.value, "sha256": one.sha256.hex()}
        await write(tx, case, "attachment_removed", RULES, {"reason": form.reason}, **facts)
    await tx.flush()
    return view_of(one, case, words)


def removes(case: Case, principal: Principal, tx: Tx) -> bool:
    """Whether the caller removes what others added: who judges at the branch, or handles the case."""
    judge = case.policy(tx, ComplaintPolicy).judge
    return takes(judge, case, principal, tx) or is_handler(case, principal.subject, tx)
