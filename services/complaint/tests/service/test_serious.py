"""The serious ladder: who is told at once, who has confirmed, what is late and whose that is, and what is overruled."""

from __future__ import annotations

import asyncio
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
import sqlalchemy as sa
from chassis.kit.keys import TestIssuer
from chassis.kit.stage import Stage, Told, staged
from chassis.service import Service
from complaint.case import Case
from complaint.compensation.tables import compensations
from complaint.serious.list_late import late_at
from complaint.serious.policy import LADDER
from complaint.serious.tables import serious_steps
from contracts.archive import AccessRecorded
from contracts.complaint import ComplaintSerious, HarmRecorded, MarkedSerious, SeriousOverruled
from contracts.notify import NobodyTold, NoticeRead, NoticeSent, Send
from contracts.staff import Profile
from contracts.work import WorkItem, WorkState
from policy.access import exclude
from policy.approvals import undeclared
from policy.calendar import ZONE
from policy.kit import Clock, hire, open_branch
from policy.obligations import Timer

from ..ladders import as_, set_policy
from .test_intake import entry, form

BLOCKED = {"kinds": ["blocked_door"], "reason": "王小芳带人堵住展厅大门"}


@pytest_asyncio.fixture
async def stage(service: Service, database: str, keys: tuple[Path, Path], issuer: TestIssuer) -> Any:
    """A dealership with its people on a Monday morning; who is who, the staff directory says."""
    async with staged(service, database, keys, issuer, grants_from="staff") as stage:
        stage.runtime.clock = Clock(datetime(2026, 3, 2, 9, 15, tzinfo=ZONE))
        await open_branch(stage, "sh-pudong", Profile.DEALERSHIP, region="east")
        await open_branch(stage, "bj-chaoyang", Profile.DEALERSHIP, region="north")
        await hire(stage, "agent-7", "call_centre@group")
        await hire(stage, "relations-1", "customer_relations@sh-pudong")
        await hire(stage, "head-1", "department_head@sh-pudong/customer_relations", "relations_manager@sh-pudong")
        await hire(stage, "gm-1", "general_manager@sh-pudong")
        await hire(stage, "division-1", "brand_division@area:east")
        await hire(stage, "legal-1", "legal@group")
        await hire(stage, "vp-1", "vp_operations@group")
        await hire(stage, "ceo-1", "ceo@group")
        await hire(stage, "gm-2", "general_manager@bj-chaoyang")
        yield stage


async def taken(stage: Stage, **changes: Any) -> dict[str, Any]:
    async with stage.client(subject="agent-7") as agent:
        answer = await agent.post("/v1/complaints", json=form(**changes))
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def ladder(stage: Stage, case: dict[str, Any], who: str = "gm-1") -> dict[str, Any]:
    answer = await as_(stage, who, "GET", f"{case['path']}/serious")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def step_of(found: dict[str, Any], kind: str, role: str | None = None) -> dict[str, Any]:
    return next(s for s in reversed(found["steps"]) if s["kind"] == kind and role in (None, s["role"]))


async def climb(stage: Stage) -> list[Told]:
    """What is on the bus reaches the service; what it asked notify meanwhile stays to be looked at."""
    told = await stage.outbox()
    await stage.deliver_outbox()
    return [t for t in [*told, *await stage.outbox()] if isinstance(t.message, Send)]


async def serious(stage: Stage, **changes: Any) -> tuple[dict[str, Any], dict[str, Send]]:
    """A complaint that whoever takes it marks; what notify is asked, by addressee."""
    case = await taken(stage, serious=["blocked_door"], **changes)
    asked = [t.message for t in await climb(stage) if isinstance(t.message, Send)]
    return case, {to: send for send in asked for to in send.to}


async def sent(stage: Stage, send: Send, person: str, at: datetime) -> UUID:
    role, _, place = send.to[0].partition("@")
    notice = uuid4()
    said = NoticeSent(
        send_id=send.send_id, notice_id=notice, person=person, role=role, place=place, channel="sms", sent_at=at,
        because=None,
    )  # fmt: skip
    record = await stage.receive(said, key=str(send.send_id), at=at)
    await stage.consumer.consume([record])
    return notice


async def confirmed(stage: Stage, send: Send, person: str, at: datetime, *, confirmed: bool = True) -> None:
    notice = await sent(stage, send, person, stage.runtime.clock())
    said = NoticeRead(send_id=send.send_id, notice_id=notice, person=person, confirmed=confirmed, read_at=at)
    await stage.receive(said, key=str(send.send_id), at=at)


def now(stage: Stage) -> datetime:
    return stage.runtime.clock()


@pytest.mark.rule("P12.6")
@pytest.mark.rule("P12.7")
async def test_who_must_know_is_told_in_the_transaction_that_owes_it(stage: Stage) -> None:
    case, sends = await serious(stage)
    assert set(sends) == {
        "department_head@sh-pudong/customer_relations",
        "general_manager@sh-pudong",
        "brand_division@area:east",
        "legal@group",
    }
    to_manager = sends["general_manager@sh-pudong"]
    assert to_manager.template == "serious_confirm"
    assert to_manager.confirm_by == now(stage) + timedelta(minutes=30)
    assert to_manager.urgent
    assert datetime.fromisoformat(to_manager.params["at"]) == now(stage)
    assert set(to_manager.params) == {"number", "branch", "kinds", "at", "due_at"}
    assert sends["legal@group"].template == "serious_complaint"
    for send in sends.values():
        assert send.subject == case["id"]
        assert "王小芳" not in send.model_dump_json()
        assert "13800138000" not in send.model_dump_json()
    found = await ladder(stage, case)
    assert [(s["kind"], s["answers"], s["state"]) for s in found["steps"]] == [
        ("management", "department_head", "open"),
        ("management", "general_manager", "open"),
        ("division", "customer_relations", "open"),
        ("legal", "customer_relations", "open"),
        ("crisis_group", "general_manager", "open"),
    ]


@pytest.mark.rule("P12.6")
async def test_the_division_has_24_clock_hours_from_the_marking_and_says_why(stage: Stage) -> None:
    case = await taken(stage)
    await stage.deliver_outbox()
    marked_at = stage.runtime.clock.at("2026-03-06 17:50")  # type: ignore[attr-defined]
    answer = await as_(stage, "relations-1", "POST", f"{case['path']}/serious", json=BLOCKED)
    assert answer.status_code == 200, answer.text
    await stage.deliver_outbox()
    step = step_of(await ladder(stage, case), "division")
    assert datetime.fromisoformat(step["due_at"]) == marked_at + timedelta(hours=24)
    assert step["why_due"] == "24 hours from 2026-03-06 17:50, because P12.6: until 2026-03-07 17:50"
    assert "24 小时" in step["why_due_zh"]


@pytest.mark.rule("P12.7")
async def test_a_step_that_asks_for_confirmation_is_met_by_it_alone(stage: Stage) -> None:
    case, sends = await serious(stage)
    manager = sends["general_manager@sh-pudong"]
    at = now(stage) + timedelta(minutes=4)
    await confirmed(stage, manager, "gm-1", at, confirmed=False)
    step = step_of(await ladder(stage, case), "management", "general_manager")
    assert (step["state"], step["told"][0]["person"], len(step["told"])) == ("open", "gm-1", 1)
    assert step["told"][0]["read_at"] is not None
    await confirmed(stage, manager, "gm-1", at)
    step = step_of(await ladder(stage, case), "management", "general_manager")
    assert (step["state"], step["confirmed_by"], step["late"]) == ("met", "gm-1", False)
    assert datetime.fromisoformat(step["ended_at"]) == at
    (done,) = [t.message for t in await stage.outbox(WorkItem) if _is(t.message, "serious.management", WorkState.DONE)]
    assert done


def _is(message: Any, kind: str, state: WorkState) -> bool:
    return isinstance(message, WorkItem) and message.kind == kind and message.state == state


@pytest.mark.rule("P12.6")
async def test_the_division_reports_to_vice_president_and_ceo_once_it_knows(stage: Stage) -> None:
    case, sends = await serious(stage)
    at = now(stage) + timedelta(minutes=1)
    await sent(stage, sends["brand_division@area:east"], "division-1", at)
    await sent(stage, sends["brand_division@area:east"], "division-2", at)
    reports = [t.message for t in await stage.outbox(Send) if isinstance(t.message, Send)]
    assert [send.to for send in reports if send.to[0].startswith(("vp", "ceo"))] == [
        ["vp_operations@group"],
        ["ceo@group"],
    ]
    step = step_of(await ladder(stage, case), "leadership", "ceo")
    assert (step["answers"], step["answers_at"]) == ("brand_division", "area:east")
    assert step["why_due"].startswith("1 working day from 2026-03-02 09:16")
    assert step_of(await ladder(stage, case), "division")["state"] == "met"


@pytest.mark.rule("P12.7")
async def test_where_nobody_is_there_who_stands_in_is_told(stage: Stage) -> None:
    case, sends = await serious(stage)
    manager = sends["general_manager@sh-pudong"]
    said = NobodyTold(send_id=manager.send_id, tried=["general_manager@sh-pudong"], at=now(stage))
    await stage.receive(said, key=str(manager.send_id))
    last = (await stage.outbox(Send))[-1].message
    assert isinstance(last, Send)
    assert last.to == ["brand_division@area:east"]
    step = step_of(await ladder(stage, case), "management", "general_manager")
    assert (step["state"], step["tried"]) == ("open", ["general_manager@sh-pudong"])
    await confirmed(stage, last, "division-1", now(stage))
    assert step_of(await ladder(stage, case), "management", "general_manager")["confirmed_by"] == "division-1"


@pytest.mark.rule("P12.2")
@pytest.mark.rule("P12.7")
async def test_who_is_complained_about_is_never_told_and_does_not_see_the_ladder(stage: Stage) -> None:
    await hire(stage, "gm-3", "general_manager@sh-pudong")
    case = await taken(stage)
    await stage.rows("UPDATE cases SET respondent = 'gm-1' WHERE id = $1 RETURNING id", UUID(case["id"]))
    await as_(stage, "relations-1", "POST", f"{case['path']}/serious", json=BLOCKED)
    asked = [t.message for t in await climb(stage)]
    managers = [s.to for s in asked if isinstance(s, Send) and s.template == "serious_confirm"]
    assert managers == [["department_head@sh-pudong/customer_relations"], ["person:gm-3"]]
    more = {"kinds": ["disturbance"], "reason": "在展厅吵闹"}
    await as_(stage, "relations-1", "POST", f"{case['path']}/serious", json=more)
    assert not [t for t in await climb(stage) if "disturbance" in str(t.message)]
    body = {"kinds": ["blocked_door", "disturbance"], "reason": "弄错了"}
    await as_(stage, "relations-1", "POST", f"{case['path']}/serious/overrule", json=body)
    corrected = [t.message.to for t in await stage.outbox(Send) if isinstance(t.message, Send)][-4:]
    assert ["person:gm-3"] in corrected
    assert not {"person:gm-1", "general_manager@sh-pudong"} & {to for addressed in corrected for to in addressed}
    assert (await as_(stage, "gm-1", "GET", f"{case['path']}/serious")).status_code == 404
    assert (await as_(stage, "gm-1", "POST", f"{case['path']}/serious", json=BLOCKED)).status_code == 404


@pytest.mark.rule("P12.2")
async def test_where_the_only_holder_is_complained_about_the_next_role_is_told(stage: Stage) -> None:
    case = await taken(stage)
    await stage.rows("UPDATE cases SET respondent = 'gm-1' WHERE id = $1 RETURNING id", UUID(case["id"]))
    await as_(stage, "relations-1", "POST", f"{case['path']}/serious", json=BLOCKED)
    asked = [t.message for t in await climb(stage)]
    confirming = [s.to for s in asked if isinstance(s, Send) and s.template == "serious_confirm"]
    assert confirming == [["department_head@sh-pudong/customer_relations"], ["brand_division@area:east"]]
    more = {"kinds": ["disturbance"], "reason": "在展厅吵闹"}
    await as_(stage, "relations-1", "POST", f"{case['path']}/serious", json=more)
    assert not [t for t in await climb(stage) if "disturbance" in str(t.message)]


@pytest.mark.rule("P12.8")
async def test_what_was_not_told_in_time_is_listed_with_those_who_answer(stage: Stage) -> None:
    case, sends = await serious(stage)
    assert (await as_(stage, "gm-1", "GET", "/v1/serious/late")).json()["items"] == []
    stage.runtime.clock.later(hours=25)  # type: ignore[attr-defined]
    await sent(stage, sends["legal@group"], "legal-1", now(stage))
    await Timer(stage.runtime).fire()
    listed = (await as_(stage, "gm-1", "GET", "/v1/serious/late")).json()["items"]
    assert {(s["kind"], s["role"], s["done_at"] is None) for s in listed} == {
        ("management", "department_head", True),
        ("management", "general_manager", True),
        ("division", "brand_division", True),
        ("legal", "legal", False),
    }
    legal = next(s for s in listed if s["kind"] == "legal")
    assert legal["liable"] == [
        {"role": "customer_relations", "people": ["relations-1"]},
        {"role": "relations_manager", "people": ["head-1"]},
        {"role": "general_manager", "people": ["gm-1"]},
    ]
    assert (await as_(stage, "gm-2", "GET", "/v1/serious/late")).json()["items"] == []
    assert len((await as_(stage, "legal-1", "GET", "/v1/serious/late?limit=3")).json()["items"]) == 3
    missed = [t.message for t in await stage.outbox(WorkItem) if _is(t.message, "serious.division", WorkState.MISSED)]
    assert [item.escalated_to for item in missed if isinstance(item, WorkItem)] == [["relations_manager"]]
    assert case["id"] in {s["case_id"] for s in listed}


@pytest.mark.rule("P12.6")
async def test_a_call_by_hand_is_recorded_by_whose_duty_it_is(stage: Stage) -> None:
    case, _ = await serious(stage)
    at = now(stage) + timedelta(minutes=20)
    stage.runtime.clock.later(hours=2)  # type: ignore[attr-defined]
    step = step_of(await ladder(stage, case), "division")
    path = f"{case['path']}/serious/steps/{step['id']}/record"
    body = {"at": at.isoformat(), "channel": "phone", "note": "已电话告知值班经理"}
    refused = await as_(stage, "gm-1", "POST", path, json=body)
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/not-your-step")
    for wrong, code in (("2026-03-01T00:00:00Z", "before_begin"), ("2100-03-01T00:00:00Z", "in_future")):
        misplaced = await as_(stage, "relations-1", "POST", path, json={**body, "at": wrong})
        (error,) = misplaced.json()["errors"]
        assert (misplaced.status_code, error["pointer"], error["code"]) == (422, "/at", code)
    done = await as_(stage, "relations-1", "POST", path, json=body)
    assert done.status_code == 200, done.text
    step = step_of(done.json(), "division")
    assert (step["state"], step["by_hand"]["channel"], step["late"]) == ("met", "phone", False)
    assert step_of(done.json(), "leadership", "vp_operations")["state"] == "open"
    again = await as_(stage, "relations-1", "POST", path, json=body)
    assert (again.status_code, again.json()["type"]) == (409, "/problems/step-ended")
    assert "值班" not in str(await stage.rows("SELECT * FROM serious_steps"))


@pytest.mark.rule("P12.5")
@pytest.mark.rule("P12.6")
@pytest.mark.rule("P12.7")
async def test_who_was_told_of_the_marking_is_not_told_again_when_the_system_finds_a_repeat(stage: Stage) -> None:
    await taken(stage)
    await stage.deliver_outbox()
    case = await taken(stage, serious=["blocked_door"])
    for _ in range(3):
        await stage.deliver_outbox()
    asked = await stage.rows("SELECT asked FROM serious_steps WHERE case_id = $1", UUID(case["id"]))
    sendings = await stage.rows("SELECT send_id FROM serious_sendings")
    assert len(sendings) == sum(len(row["asked"]) for row in asked) == 4
    found = await ladder(stage, case)
    assert found["kinds"] == ["blocked_door", "repeat"]
    assert [(mark["kinds"], mark["by"]) for mark in found["marks"]] == [
        (["blocked_door"], "person"),
        (["repeat"], "system"),
    ]
    assert len(found["steps"]) == 5
    assert (await as_(stage, "relations-1", "GET", case["path"])).json()["serious_kinds"] == ["blocked_door", "repeat"]
    proof = (await as_(stage, "gm-1", "GET", f"{case['path']}/serious/proof")).json()
    assert (proof["serious"]["kinds"], len(proof["factory"]["warnings"])) == (["blocked_door", "repeat"], 2)


@pytest.mark.rule("P12.5")
async def test_further_kinds_start_nothing_anew_and_are_told_to_whom_they_are_news(stage: Stage) -> None:
    case, sends = await serious(stage)
    await confirmed(stage, sends["general_manager@sh-pudong"], "gm-1", now(stage))
    stage.runtime.clock.later(hours=2)  # type: ignore[attr-defined]
    steps = len((await ladder(stage, case))["steps"])
    more = {"kinds": ["negative_media", "blocked_door"], "reason": "网上有视频"}
    answer = await as_(stage, "relations-1", "POST", f"{case['path']}/serious", json=more)
    assert answer.json()["kinds"] == ["blocked_door", "negative_media"]
    asked = [t.message for t in await climb(stage) if isinstance(t.message, Send)]
    retold = {send.to[0]: send.template for send in asked if send.params["kinds"] == "blocked_door,negative_media"}
    # the department head has yet to confirm, and will see it then
    told = ["brand_division@area:east", "general_manager@sh-pudong", "legal@group"]
    assert (sorted(retold), {*retold.values()}) == (told, {"serious_complaint"})
    found = await ladder(stage, case)
    assert len(found["steps"]) == steps
    assert [mark["kinds"] for mark in found["marks"]] == [["blocked_door"], ["negative_media"]]
    same = await as_(stage, "relations-1", "POST", f"{case['path']}/serious", json=more)
    assert same.status_code == 200
    assert await stage.outbox(MarkedSerious) == []


@pytest.mark.rule("P12.5")
@pytest.mark.rule("P12.6")
async def test_whom_a_further_kind_finds_untold_is_told(stage: Stage) -> None:
    rules = [rule.model_dump(mode="json") for rule in LADDER]
    await set_policy(stage, "serious", "branch:sh-pudong", ladder=[one for one in rules if one["kind"] != "legal"])
    case, sends = await serious(stage)
    assert "legal@group" not in sends
    await set_policy(stage, "serious", "branch:sh-pudong", since=date(2020, 1, 2), ladder=rules)
    more = {"kinds": ["negative_media"], "reason": "网上有视频"}
    await as_(stage, "relations-1", "POST", f"{case['path']}/serious", json=more)
    told = await stage.rows("SELECT send_id FROM serious_sendings")
    await climb(stage)
    sent = [t.message.to for t in await stage.outbox(Send) if isinstance(t.message, Send)]
    assert sent[-1] == ["legal@group"]
    assert len(await stage.rows("SELECT send_id FROM serious_sendings")) == len(told) + 1


async def test_several_who_mark_at_once_mark_once(stage: Stage) -> None:
    case = await taken(stage)
    path = f"{case['path']}/serious"
    answers = await asyncio.gather(*[as_(stage, "relations-1", "POST", path, json=BLOCKED) for _ in range(4)])
    assert [answer.status_code for answer in answers] == [200] * 4
    assert len(await stage.outbox(MarkedSerious)) == len(await stage.outbox(ComplaintSerious)) == 1
    assert len(await stage.rows("SELECT 1 FROM serious_reasons")) == 1


@pytest.mark.rule("P12.5")
async def test_a_repeat_needs_the_same_caller_and_a_like_matter_and_keeps_why(stage: Stage) -> None:
    await taken(stage, text="变速箱抖动, 三次维修未解决", fault_codes=[])
    other = await taken(stage, text="销售顾问态度恶劣, 拒绝开具发票", fault_codes=[])
    await stage.deliver_outbox()
    like = await taken(stage, text="变速箱还是抖动, 维修后未解决", fault_codes=[])
    await stage.deliver_outbox()
    assert not (await ladder(stage, other))["serious"]
    found = await ladder(stage, like)
    assert found["kinds"] == ["repeat"]
    (why,) = found["repeats"]
    assert why["by"] == ["phone"]
    assert why["evidence"]["likeness"] >= why["evidence"]["threshold"] == 0.3
    assert why["evidence"]["shared"] <= why["evidence"]["pairs"]


@pytest.mark.rule("P12.5")
async def test_the_clerk_overrules_with_a_reason_and_the_system_does_not_find_it_again(stage: Stage) -> None:
    first = await taken(stage)
    case = await taken(stage)
    sends = [t.message for t in await climb(stage)]
    sends += [t.message for t in await climb(stage)]
    assert len({to for send in sends if isinstance(send, Send) for to in send.to}) == 4
    no_reason = await as_(stage, "relations-1", "POST", f"{case['path']}/serious/overrule", json={"kinds": ["repeat"]})
    assert no_reason.status_code == 422
    body = {"kinds": ["repeat"], "reason": "王小芳两次说的是不同的车"}
    done = await as_(stage, "relations-1", "POST", f"{case['path']}/serious/overrule", json=body)
    assert done.status_code == 200, done.text
    found = done.json()
    assert (found["serious"], {s["state"] for s in found["steps"]}) == (False, {"waived"})
    assert found["repeats"][0]["overruled_by"] == "relations-1"
    assert found["marks"][-1]["overruled_by"] == "relations-1"
    (event,) = await stage.outbox(SeriousOverruled)
    assert isinstance(event.message, SeriousOverruled)
    assert "王小芳" not in event.message.model_dump_json()
    waived = [t.message for t in await stage.outbox(WorkItem) if isinstance(t.message, WorkItem)]
    assert {one.state for one in {w.id: w for w in waived}.values()} == {WorkState.WAIVED}
    corrected = [t.message for t in await stage.outbox(Send) if isinstance(t.message, Send)]
    assert {tuple(send.to) for send in corrected if send.template == "serious_overruled"} == {
        tuple(send.to) for send in corrected if send.template != "serious_overruled"
    }
    assert not (await as_(stage, "gm-1", "GET", case["path"])).json()["serious"]
    again = await as_(stage, "relations-1", "POST", f"{case['path']}/serious/overrule", json=body)
    assert (again.status_code, again.json()["type"]) == (409, "/problems/not-serious")
    await taken(stage)
    await stage.deliver_outbox()
    await stage.deliver_outbox()
    assert not (await ladder(stage, case))["serious"]
    assert (await ladder(stage, first))["kinds"] == []
    await as_(stage, "relations-1", "POST", f"{case['path']}/serious", json=BLOCKED)
    await stage.deliver_outbox()
    found = await ladder(stage, case)
    assert (found["kinds"], step_of(found, "division")["state"]) == (["blocked_door"], "open")


@pytest.mark.rule("P05.15")
async def test_the_reason_is_sealed_and_no_record_shows_it(stage: Stage) -> None:
    case = await taken(stage)
    await as_(stage, "relations-1", "POST", f"{case['path']}/serious", json=BLOCKED)
    ((sealed,),) = await stage.rows("SELECT sealed FROM serious_reasons")
    assert "展厅".encode() not in sealed
    assert "展厅" not in str([t.message for t in await stage.outbox()])
    assert await stage.outbox(AccessRecorded) == []


async def test_outside_their_reach_nobody_marks_reads_or_overrules(stage: Stage) -> None:
    case, _ = await serious(stage)
    path = f"{case['path']}/serious"
    assert (await as_(stage, "gm-2", "GET", path)).status_code == 404
    assert (await as_(stage, "gm-2", "POST", path, json=BLOCKED)).status_code == 404
    assert (await as_(stage, "gm-2", "POST", f"{path}/overrule", json=BLOCKED)).status_code == 404
    assert (await as_(stage, "legal-1", "POST", path, json=BLOCKED)).status_code == 403
    assert (await as_(stage, "legal-1", "GET", path)).status_code == 200
    assert (await as_(stage, "gm-1", "GET", f"/v1/complaints/{uuid4()}/serious")).status_code == 404


async def test_a_profile_without_a_ladder_owes_none_and_still_warns(stage: Stage) -> None:
    await open_branch(stage, "hz-store-3", Profile.RETAIL, region="east")
    case, sends = await serious(stage, branch="hz-store-3")
    assert sends == {}
    assert (await ladder(stage, case, "agent-7"))["steps"] == []
    assert (await ladder(stage, case, "agent-7"))["marks"][0]["by"] == "person"


async def test_the_same_marking_twice_climbs_once(stage: Stage) -> None:
    case = await taken(stage, serious=["blocked_door"])
    told = await stage.outbox(MarkedSerious)
    await stage.deliver_outbox()
    assert isinstance(told[0].message, MarkedSerious)
    await stage.receive(told[0].message, key=case["id"], event_id=told[0].event_id)
    assert len((await ladder(stage, case))["steps"]) == 5
    assert len(await stage.outbox(ComplaintSerious)) == 0


def test_every_method_that_changes_a_case_is_declared() -> None:
    assert undeclared(Case) == []


@pytest.mark.rule("P04.15")
@pytest.mark.rule("P12.8")
async def test_harm_to_a_developer_counts_like_the_companys_and_stands_beside_the_late_warning(stage: Stage) -> None:
    case, _ = await serious(stage)
    stage.runtime.clock.later(hours=25)  # type: ignore[attr-defined]
    path = f"{case['path']}/harm"
    for party, harm in (("developer", "money"), ("company", "reputation")):
        body = {"party": party, "harm": harm, "note": "媒体点名, 王小芳接受采访"}
        answer = await as_(stage, "relations-1", "POST", path, json=body)
        assert answer.status_code == 201, answer.text
    assert (await as_(stage, "gm-2", "POST", path, json=body)).status_code == 404
    listed = (await as_(stage, "gm-1", "GET", "/v1/serious/late")).json()["items"]
    assert {tuple(late["harm"]) for late in listed} == {("company:reputation", "developer:money")}
    told = [t.message for t in await stage.outbox(HarmRecorded)]
    assert [(one.party, one.harm) for one in told if isinstance(one, HarmRecorded)] == [
        ("developer", "money"),
        ("company", "reputation"),
    ]
    ((sealed,), _) = await stage.rows("SELECT sealed FROM harms")
    assert "媒体".encode() not in sealed


async def test_the_lists_of_late_steps_and_compensation_are_read_from_an_index(stage: Stage) -> None:
    await stage.rows("""
        INSERT INTO serious_steps (id, case_id, number, branch, kind, role, place, answers, answers_at, met_by, since,
            due_at, otherwise, liable, missing, told, tried, state, late, asked, version, sequence)
        SELECT uuidv7(), uuidv7(), n::text, 'branch-' || n % 200, 'division', 'brand_division', 'group',
            'customer_relations', 'branch-1', 'sent', now(), now(), '[]', '[]', '[]', '[]', '[]',
            CASE WHEN n % 50 = 0 THEN 'open' ELSE 'met' END, n % 100 = 1, '[]', 1, 0
        FROM generate_series(1, 100000) AS n
    """)
    await stage.rows("""
        INSERT INTO compensations (id, case_id, branch, lines, amount, currency, granted, state, offered_by, offered_at,
            subject_id, sealed, held, version, sequence)
        SELECT uuidv7(), uuidv7(), 'branch-' || n % 200, '[]', 1, 'CNY', 0, 'paid', 'x', now(), uuidv7(), '', '{}', 1, 0
        FROM generate_series(1, 100000) AS n
    """)
    steps, paid = serious_steps, compensations
    queries = {
        "late": sa.select(steps.c.id)
        .where(late_at(datetime(2026, 3, 2, tzinfo=ZONE)), steps.c.branch.in_(["branch-1", "branch-2"]))
        .order_by(steps.c.id.desc())
        .limit(51),
        "compensation": sa.select(paid.c.id).where(paid.c.branch == "branch-7").order_by(paid.c.id.desc()).limit(51),
    }
    for name, query in queries.items():
        plan = await stage.plan(query)
        assert "Seq Scan" not in plan, f"{name}: {plan}"


@pytest.mark.rule("P12.5")
@pytest.mark.parametrize("directory_first", [True, False])
async def test_a_customer_who_calls_from_another_telephone_repeats_themselves(
    stage: Stage, directory_first: bool
) -> None:
    customer = uuid4()
    entries = [entry(stage, customer, phone) for phone in ("13800138000", "13900139000")]
    known = entries[0].model_copy(update={"tokens": [one.tokens[0] for one in entries]})
    if directory_first:
        await stage.receive(known, key=str(customer))
    first = await taken(stage, phone="13800138000", fault_codes=[])
    await stage.deliver_outbox()
    again = await taken(stage, phone="13900139000", fault_codes=[])
    await stage.deliver_outbox()
    if not directory_first:
        assert not (await ladder(stage, again))["serious"]
        await stage.receive(known, key=str(customer))
        await stage.deliver_outbox()
    found = await ladder(stage, again)
    assert (found["kinds"], [why["by"] for why in found["repeats"]]) == (["repeat"], [["customer"]])
    assert found["repeats"][0]["earlier_case_id"] == first["id"]


@pytest.mark.rule("P12.8")
@pytest.mark.rule("P12.2")
@pytest.mark.parametrize("respondent", ["head-1", None])
async def test_who_was_kept_out_of_a_case_answers_for_no_warning_of_it_and_its_handler_does(
    stage: Stage, respondent: str | None
) -> None:
    case, _ = await serious(stage)
    async with stage.runtime.transaction(actor="test") as tx:
        handled = "UPDATE cases SET respondent = $2, handler = 'relations-1' WHERE id = $1"
        await tx.driver.execute(handled, UUID(case["id"]), respondent)
        if respondent is None:
            exclude(tx, UUID(case["id"]), ["head-1"], because="found responsible")
    stage.runtime.clock.later(hours=25)  # type: ignore[attr-defined]
    listed = (await as_(stage, "gm-1", "GET", "/v1/serious/late")).json()["items"]
    liable = {one["role"]: one["people"] for one in next(s for s in listed if s["kind"] == "legal")["liable"]}
    assert liable == {
        "customer_relations": ["relations-1"],
        "relations_manager": [],
        "general_manager": ["gm-1"],
        "handler": ["relations-1"],
    }


@pytest.mark.rule("P12.2")
@pytest.mark.rule("P12.7")
async def test_whom_the_call_is_about_is_told_nothing_although_the_call_was_marked_serious(stage: Stage) -> None:
    case, sends = await serious(stage, respondent="gm-1")
    assert all("gm-1" in (send.excluded or []) for send in sends.values())
    assert "general_manager@sh-pudong" not in sends
    assert "brand_division@area:east" in sends
    assert (await as_(stage, "gm-1", "GET", f"{case['path']}/serious")).status_code == 404


@pytest.mark.rule("P12.7")
async def test_a_call_of_the_minute_of_the_marking_is_recorded_as_it_is_known(stage: Stage) -> None:
    stage.runtime.clock.later(seconds=40)  # type: ignore[attr-defined]
    case, _ = await serious(stage)
    step = step_of(await ladder(stage, case), "division")
    stage.runtime.clock.later(minutes=5)  # type: ignore[attr-defined]
    body = {"at": "2026-03-02T09:15:00+08:00", "channel": "phone", "note": "已电话告知值班经理"}
    done = await as_(stage, "relations-1", "POST", f"{case['path']}/serious/steps/{step['id']}/record", json=body)
    assert done.status_code == 200, done.text
