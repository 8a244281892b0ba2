"""Shows which steps of a case are possible now, whose they are, and what holds the others, so that a screen can say."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from chassis.auth import Principal
from chassis.http import get
from chassis.problems import Refused
from chassis.tx import Tx
from policy.approvals import Held
from pydantic import BaseModel

from complaint.case import Case
from complaint.cases.views import CaseProgress, progress_of
from complaint.keeping import keepers_of, places_of, takes, whose, within
from complaint.permissions import READ_COMPLAINT
from complaint.policy import ComplaintPolicy
from complaint.way import WAY, Gate, Step

RULES = ("P04.8",)

#: where each step is taken; approving a resolution is decided under its approval
PATHS: dict[Step, str] = {
    Step.JUDGE: "judge",
    Step.HAND_OVER: "hand-over",
    Step.START_INVESTIGATION: "start-investigation",
    Step.REPORT: "report",
    Step.GIVE_OPINION: "opinion",
    Step.PROPOSE: "resolution",
    Step.ANSWER: "answer",
    Step.REACT: "reaction",
    Step.SETTLE: "settle",
    Step.RETURN_RESULT: "result",
    Step.CALL_BACK: "call-back",
    Step.CLOSE: "close",
    Step.REOPEN: "reopen",
}
_GATE_OF = {Step.GIVE_OPINION: Gate.OPINION, Step.RETURN_RESULT: Gate.RETURN_RESULT, Step.CALL_BACK: Gate.CALL_BACK}


class ActionView(BaseModel):
    """A step: whether it can be taken now, by whom, and if not, why.

    `state` is `possible`, `held` (an approval must be decided first: `approval` leads to it) or `not_now`.
    `yours` says whether it would be the caller's; `awaits` whose it is, at `places`: the roles of `roles`, and the
    handler where `handler`. What is not possible now is so in the states `since`, once the `gates` have been passed.
    """

    step: str
    action: str | None
    path: str
    state: Literal["possible", "held", "not_now"]
    yours: bool
    awaits: str
    places: list[str]
    person: str | None
    because: str | None
    approval: str | None
    rules: list[str]
    roles: list[str]
    handler: bool
    since: list[str]
    gates: list[str]


class CaseActions(BaseModel):
    """Where a case stands, and what can be done about it."""

    case: CaseProgress
    actions: list[ActionView]
    version: int


@get("/v1/complaints/{case_id}/actions", needs=READ_COMPLAINT)
async def list_actions(case_id: UUID, principal: Principal, tx: Tx) -> CaseActions:
    """What can be done about a case now, and by whom. Its clocks: `/v1/obligations?subject=` with the same id."""
    case = await within(tx, case_id, READ_COMPLAINT, principal, lock=False)
    policy = case.policy(tx, ComplaintPolicy)
    applying = set(policy.gates(founded=True))
    shown = [
        action_of(step, case, policy, principal, tx)
        for step in PATHS
        if step not in _GATE_OF or _GATE_OF[step] in applying
    ]
    return CaseActions(case=progress_of(case), actions=shown, version=case.version)


def action_of(step: Step, case: Case, policy: ComplaintPolicy, principal: Principal, tx: Tx) -> ActionView:
    """One step as the caller may see it."""
    keepers = keepers_of(step, case, policy)
    state: Literal["possible", "held", "not_now"] = "possible"
    because = approval = None
    gates: list[str] = []
    rules = [rule for keeper in keepers for rule in keeper.rules]
    try:
        case.refuse_unless_ready(step)
    except Held as held:
        state, because, approval = "held", held.detail, held.members["path"]
        rules = [*held.rules]
    except Refused as refused:
        state, because, gates = "not_now", refused.detail, refused.members.get("gates", [])
    return ActionView(
        step=step.value,
        action=WAY[step].action,
        path=f"/v1/complaints/{case.id}/{PATHS[step]}",
        state=state,
        yours=any(takes(keeper, case, principal, tx) for keeper in keepers),
        awaits=" or ".join(dict.fromkeys(whose(keeper) for keeper in keepers)),
        places=list(dict.fromkeys(place for keeper in keepers for place in places_of(keeper, case))),
        person=case.handler if any(keeper.handler for keeper in keepers) else None,
        because=because,
        approval=approval,
        rules=list(dict.fromkeys(rules)),
        roles=list(dict.fromkeys(role.value for keeper in keepers for role in keeper.roles)),
        handler=any(keeper.handler for keeper in keepers),
        since=sorted(WAY[step].since),
        gates=gates,
    )
