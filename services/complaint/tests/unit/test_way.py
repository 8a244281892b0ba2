"""The state machine of a case: every step from every state, and no way to the end around a gate."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from chassis.ids import uuid7
from complaint.case import Case, NotNow
from complaint.policy import ComplaintPolicy
from complaint.way import GATES, WAY, CaseState, Gate, Step
from contracts.complaint import Match
from contracts.roles import Role
from contracts.staff import Profile
from policy.approvals import Held, undeclared

NOW = datetime(2026, 3, 2, 1, 15, tzinfo=UTC)


def policy_of(profile: Profile) -> ComplaintPolicy:
    return ComplaintPolicy.model_validate(ComplaintPolicy.SHIPPED.get(profile, {}))


def a_case(**changes: Any) -> Case:
    """A case that has just been taken."""
    values: dict[str, Any] = {
        "id": uuid7(), "number": "20260302-0000001-8", "branch": "bj-services", "region": None, "channel": "phone",
        "state": CaseState.TAKEN, "taken_at": NOW, "brand": "b", "facts": {}, "text": "t", "match": Match.NONE,
        "customer_id": None, "matched_at": None, "directory_as_of": None, "serious_kinds": (), "serious_at": None,
        "repeat_of": None, "phone_token": None, "plate_token": None, "vin_token": None, "subject_id": UUID(int=1),
        "sealed": b"", "origin": None, "origin_ref": None, "request_key": None, "request_digest": None, "version": 1,
        "sequence": 1, "serious_sequence": 0, "profile": "services", "judgement": None, "respondent": None, "held": {},
        "gates": {}, "course": {}, "level": None, "department": None, "handler": None, "closed_at": None,
    }  # fmt: skip
    return Case(**{**values, **changes})


def steps(founded: bool, policy: ComplaintPolicy, accepts: bool) -> dict[Step, Callable[[Case], object]]:
    """Each step as a call."""
    gates = policy.gates(founded=founded)
    return {
        Step.JUDGE: lambda c: c.judge({"founded": founded}, gates, NOW),
        Step.HAND_OVER: lambda c: c.hand_over("service", "head-1", Role.DEPARTMENT_HEAD, "normal", [], NOW),
        Step.START_INVESTIGATION: lambda c: c.start_investigation(NOW),
        Step.REPORT: lambda c: c.report(NOW),
        Step.GIVE_OPINION: lambda c: c.give_opinion(NOW),
        Step.PROPOSE: lambda c: c.propose(NOW),
        Step.APPROVE: lambda c: c.approve(NOW),
        Step.ANSWER: lambda c: c.answer("oral", NOW),
        Step.REACT: lambda c: c.react(accepts, NOW),
        Step.SETTLE: lambda c: c.settle("gm-1", NOW),
        Step.RETURN_RESULT: lambda c: c.return_result(NOW),
        Step.CALL_BACK: lambda c: c.call_back(5, NOW),
        Step.CLOSE: lambda c: c.close(NOW),
        Step.REOPEN: lambda c: c.reopen(policy.gates(founded=True), NOW),
    }


@pytest.mark.rule("P04.7")
@pytest.mark.parametrize("state", list(CaseState))
def test_no_step_is_taken_from_a_state_that_it_does_not_start_from(state: CaseState) -> None:
    policy = policy_of(Profile.RETAIL)
    for step, take in steps(True, policy, accepts=True).items():
        if state in WAY[step].since:
            continue
        passed = {gate.value: NOW.isoformat() for gate in GATES}
        case = a_case(state=state, judgement={"founded": True}, gates=passed)
        with pytest.raises(NotNow):
            take(case)
        assert (case.state, case.gates, case.course) == (state, passed, {}), step


@pytest.mark.parametrize("step", [step for step, move in WAY.items() if move.action is not None])
def test_a_step_is_refused_while_an_approval_holds_it(step: Step) -> None:
    action = WAY[step].action
    assert action is not None
    for state in CaseState:
        case = a_case(state=state, judgement={"founded": True})
        case.hold("complaint.compensation", UUID(int=7), {action}, ("P12.10",))
        before = (case.state, case.gates, case.course)
        with pytest.raises(Held) as held:
            steps(True, policy_of(Profile.SERVICES), accepts=True)[step](case)
        assert held.value.rules == ("P12.10",)
        assert (case.state, case.gates, case.course) == before


@pytest.mark.rule("P04.7")
@pytest.mark.rule("P12.4")
@pytest.mark.rule("P17.5")
@pytest.mark.parametrize("profile", list(Profile))
def test_no_path_of_any_profile_reaches_the_end_around_a_gate(profile: Profile) -> None:
    """Steps in any order: a case that is closed has passed every gate that its profile sets, in order.

    Half of them are of those that start from where the case is, so that many cases come to their end.
    """
    policy, chance = policy_of(profile), random.Random(f"way {profile}")
    taken = {
        (founded, accepts): steps(founded, policy, accepts) for founded in (True, False) for accepts in (True, False)
    }
    from_state = {state: [step for step in Step if state in WAY[step].since] or list(Step) for state in CaseState}
    closed = 0
    for _ in range(300):
        case, founded, now, log = a_case(profile=profile), chance.random() < 0.8, NOW, []
        for _ in range(60):
            now += timedelta(minutes=1)
            step = chance.choice(list(Step) if chance.random() < 0.5 else from_state[case.state])
            before = case.state
            try:
                taken[founded, chance.random() < 0.7][step](case)
            except NotNow:
                assert case.state is before
                continue
            log.append(step)
            if step is Step.REPORT:
                assert (Gate.REVIEW_INVESTIGATION in case.open_gates()) == (not policy.review_investigation.skipped), (
                    "a report is reviewed anew"
                )
                if chance.random() < 0.9:
                    case.pass_review(now)
            assert case.state is (WAY[step].to or before), log
            if case.state is CaseState.CLOSED:
                closed += 1
                assert case.open_gates() == [], log
                wanted = policy.gates(founded=case.founded)
                assert list(case.gates) == [gate.value for gate in wanted], log
                if case.founded:
                    assert Step.CALL_BACK in log or policy.call_back.skipped, log
                    assert Step.RETURN_RESULT in log or policy.return_result.skipped, log
                    assert Step.GIVE_OPINION in log or policy.opinion.skipped, log
                    assert case.course["reaction"] == "accepted" or "settled" in case.course, log
    assert closed > 60


@pytest.mark.parametrize("gate", ["judge", "name_department", "investigate", "approve_resolution", "answer"])
def test_a_policy_cannot_skip_what_every_complaint_needs(gate: str) -> None:
    with pytest.raises(ValueError, match="cannot be skipped"):
        ComplaintPolicy.checked({gate: {"skipped": True}})
    with pytest.raises(ValueError, match="has no keeper"):
        ComplaintPolicy.checked({gate: {}})


def test_every_method_that_changes_a_case_is_declared() -> None:
    assert undeclared(Case) == []


def test_every_step_is_the_action_of_a_method() -> None:
    case = a_case()
    case.hold("everything", UUID(int=7), {str(move.action) for move in WAY.values()}, ())
    for step, take in steps(True, policy_of(Profile.SERVICES), accepts=True).items():
        with pytest.raises(NotNow if WAY[step].action is None else Held):
            take(case)
