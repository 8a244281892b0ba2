"""The store returns the result to the group within 24 hours of the recorded end of handling (P12.4; A43)."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from chassis.auth import Principal
from chassis.http import post
from chassis.tx import Tx
from contracts.complaint import ResultReturned
from policy.obligations import met

from complaint.cases.views import CaseProgress, progress_of
from complaint.keeping import Expected, at_step, owe_after_handling
from complaint.permissions import HANDLE_COMPLAINT
from complaint.policy import RETURN_RESULT
from complaint.timeline import Words, WordsForm, write
from complaint.way import Step

RULES = ("P12.4",)


class ResultForm(WordsForm):
    """What came of it, for the group's customer service."""

    words: Words


@post("/v1/complaints/{case_id}/result", needs=HANDLE_COMPLAINT)
async def return_result(
    case_id: UUID, form: ResultForm, principal: Principal, tx: Tx, expected: Expected = None
) -> CaseProgress:
    """Return the result; the group's call-back is owed from then on."""
    case, policy = await at_step(tx, case_id, principal, Step.RETURN_RESULT, expected)
    case.return_result(tx.now)
    met(tx, RETURN_RESULT, case.id, at=tx.now)
    await write(tx, case, "result_returned", RULES, {"words": form.words})
    handled_at = datetime.fromisoformat(case.course["handled_at"])
    tx.publish(
        case, ResultReturned(case_id=case.id, handled_at=handled_at, returned_at=tx.now, rules=list(RULES))
    )  # fmt: skip
    owe_after_handling(tx, case, policy, since=tx.now)
    await tx.flush()
    return progress_of(case)
