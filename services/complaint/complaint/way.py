"""The way of a complaint from the call to the archive: one state machine; profiles set its gates, never add states.

Each step says which action it is (what an approval can hold), from which states it may be taken, where it leads, and
up to which gate the case must have come before it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class CaseState(StrEnum):
    """Where a case stands. A merged one is no step of the way: it is a redirect to another."""

    TAKEN = "taken"
    JUDGED = "judged"
    INVESTIGATING = "investigating"
    RESOLVED = "resolved"
    APPROVED = "approved"
    ANSWERED = "answered"
    CALLED_BACK = "called_back"
    CLOSED = "closed"
    REOPENED = "reopened"
    MERGED = "merged"


class Gate(StrEnum):
    """What a case must have passed, in this order; which of them apply to a case its policy says."""

    JUDGE = "judge"
    ACCEPT = "accept"
    NAME_DEPARTMENT = "name_department"
    INVESTIGATE = "investigate"
    REVIEW_INVESTIGATION = "review_investigation"
    OPINION = "opinion"
    APPROVE_RESOLUTION = "approve_resolution"
    ANSWER = "answer"
    RETURN_RESULT = "return_result"
    CALL_BACK = "call_back"


GATES = tuple(Gate)


class Step(StrEnum):
    """What is done about a case, one POST each."""

    JUDGE = "judge"
    HAND_OVER = "hand_over"
    START_INVESTIGATION = "start_investigation"
    REPORT = "report"
    GIVE_OPINION = "give_opinion"
    PROPOSE = "propose"
    APPROVE = "approve"
    ANSWER = "answer"
    REACT = "react"
    SETTLE = "settle"
    RETURN_RESULT = "return_result"
    CALL_BACK = "call_back"
    CLOSE = "close"
    REOPEN = "reopen"


@dataclass(frozen=True)
class Move:
    """A step of the way.

    `to` is None where the state stays. `after` is the last gate that must have been passed before it. `action` is
    what an approval holds; a step without one notes what has happened and cannot be held.
    """

    action: str | None
    since: frozenset[CaseState]
    to: CaseState | None = None
    after: Gate | None = None


def _from(*states: CaseState) -> frozenset[CaseState]:
    return frozenset(states)


WAY: dict[Step, Move] = {
    Step.JUDGE: Move("judge", _from(CaseState.TAKEN), CaseState.JUDGED),
    Step.HAND_OVER: Move(
        "hand_over",
        _from(
            CaseState.JUDGED,
            CaseState.REOPENED,
            CaseState.INVESTIGATING,
            CaseState.RESOLVED,
            CaseState.APPROVED,
            CaseState.ANSWERED,
        ),
        None,
        Gate.ACCEPT,
    ),
    Step.START_INVESTIGATION: Move(
        "investigate", _from(CaseState.JUDGED, CaseState.REOPENED), CaseState.INVESTIGATING, Gate.NAME_DEPARTMENT
    ),
    Step.REPORT: Move("investigate", _from(CaseState.INVESTIGATING), None, Gate.NAME_DEPARTMENT),
    Step.GIVE_OPINION: Move("investigate", _from(CaseState.INVESTIGATING), None, Gate.REVIEW_INVESTIGATION),
    Step.PROPOSE: Move(
        "propose",
        _from(CaseState.INVESTIGATING, CaseState.RESOLVED, CaseState.ANSWERED),
        CaseState.RESOLVED,
        Gate.OPINION,
    ),
    Step.APPROVE: Move("resolve", _from(CaseState.RESOLVED), CaseState.APPROVED, Gate.OPINION),
    Step.ANSWER: Move(
        "answer", _from(CaseState.JUDGED, CaseState.APPROVED), CaseState.ANSWERED, Gate.APPROVE_RESOLUTION
    ),
    Step.REACT: Move(None, _from(CaseState.ANSWERED)),
    Step.SETTLE: Move("answer", _from(CaseState.ANSWERED), None, Gate.APPROVE_RESOLUTION),
    Step.RETURN_RESULT: Move("call_back", _from(CaseState.ANSWERED), None, Gate.ANSWER),
    Step.CALL_BACK: Move("call_back", _from(CaseState.ANSWERED), CaseState.CALLED_BACK, Gate.RETURN_RESULT),
    Step.CLOSE: Move("close", _from(CaseState.ANSWERED, CaseState.CALLED_BACK), CaseState.CLOSED, Gate.CALL_BACK),
    Step.REOPEN: Move(
        "reopen", _from(CaseState.ANSWERED, CaseState.CALLED_BACK, CaseState.CLOSED), CaseState.REOPENED, Gate.ACCEPT
    ),
}
