"""The proof of the warning: one document, JSON or paper, that names staff and rules and nothing of the caller."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import get_args

import orjson
import pytest
from chassis.kit.pdf import characters
from chassis.kit.stage import Stage
from complaint.papers.people import person
from complaint.serious.proof import CHANNELS_ZH, KINDS_ZH, in_words
from complaint.serious.record_step import ByHand
from contracts.archive import AccessRecorded
from contracts.complaint import ComplaintSerious, SeriousKind
from contracts.notify import NobodyTold, WebhookDelivered
from contracts.roles import Role
from contracts.staff import Profile
from policy.directory import Directory
from policy.kit import open_branch

from ..ladders import as_, set_policy
from .test_serious import confirmed, ladder, now, sent, serious, stage, step_of  # noqa: F401


@pytest.mark.rule("P12.6")
@pytest.mark.rule("P12.7")
@pytest.mark.rule("P12.8")
async def test_the_proof_says_who_was_told_when_who_confirmed_and_why_by_then(stage: Stage) -> None:  # noqa: F811
    await set_policy(stage, "serious", "group", brands={"东风日产": {"within": "12 hours", "required": ["series"]}})
    case, sends = await serious(stage)
    at = now(stage) + timedelta(minutes=5)
    await confirmed(stage, sends["general_manager@sh-pudong"], "gm-1", at)
    await sent(stage, sends["brand_division@area:east"], "division-1", at)
    ((event_id,),) = await stage.rows("SELECT event_id FROM factory_warnings")
    delivery = WebhookDelivered(
        delivery_id=event_id, subscription_id=event_id, event_id=event_id, attempts=1, delivered_at=at
    )
    await stage.receive(delivery, key=str(event_id))
    await as_(stage, "gm-1", "POST", f"{case['path']}/crisis-group", json={"members": ["head-1"]})
    answer = await as_(stage, "legal-1", "GET", f"{case['path']}/serious/proof")
    assert answer.status_code == 200, answer.text
    proof = answer.json()
    by_kind = {(s["kind"], s["role"]): s for s in proof["steps"]}
    manager = by_kind["management", "general_manager"]
    assert (manager["confirmed_by"], manager["told"][0]["channel"], manager["rules"]) == ("gm-1", "sms", ["P12.7"])
    assert manager["why_due"] == "30 minutes from 2026-03-02 09:15, because P12.7: until 2026-03-02 09:45"
    assert by_kind["division", "brand_division"]["told"][0]["person"] == "division-1"
    assert by_kind["leadership", "ceo"]["state"] == "open"
    assert proof["factory"]["warnings"][0]["deliveries"][0]["delivered"]
    assert proof["crisis_group"]["members"] == ["gm-1", "head-1"]
    for personal in ("王小芳", "13800138000", "变速箱"):
        assert personal not in answer.text
    titles = {"customer_relations": "客户关系部"}
    await open_branch(stage, "sh-pudong", Profile.DEALERSHIP, region="east", title="上海浦东4S店", departments=titles)
    words = in_words(proof, Directory.of(stage.runtime))
    assert "短信" in {notice["channel_zh"] for step in words["steps"] for notice in step["told"]}
    assert (words["case"]["branch_zh"], proof["case"]["branch"]) == ("上海浦东4S店（sh-pudong）", "sh-pudong")
    assert {(step["role_zh"], step["place_zh"]) for step in words["steps"]} >= {
        (Role.DEPARTMENT_HEAD.zh, "上海浦东4S店 · 客户关系部"),
        (Role.GENERAL_MANAGER.zh, "上海浦东4S店"),
        (Role.LEGAL.zh, "集团"),
    }
    confirmed_by = {step["confirmed_by"] for step in words["steps"]} - {None}
    told = {notice["person"] for step in words["steps"] for notice in step["told"]}
    assert confirmed_by == {person("gm-1")}
    assert {person("gm-1"), person("division-1")} <= told
    assert (words["made_by"], words["crisis_group"]["members"]) == (
        person("legal-1"), [person("gm-1"), person("head-1")],
    )  # fmt: skip
    digest = proof.pop("digest")
    assert digest == hashlib.sha256(orjson.dumps(proof, option=orjson.OPT_SORT_KEYS)).hexdigest()
    (record,) = await stage.outbox(AccessRecorded)
    assert isinstance(record.message, AccessRecorded)
    assert (record.message.action, record.message.digests[0]) == ("prove", digest)


@pytest.mark.rule("P12.6")
async def test_the_same_proof_is_a_paper_whose_digest_is_recorded(stage: Stage) -> None:  # noqa: F811
    case, sends = await serious(stage)
    await sent(stage, sends["legal@group"], "legal-1", now(stage))
    headers = {"Accept": "application/pdf"}
    answer = await as_(stage, "gm-1", "GET", f"{case['path']}/serious/proof", headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    assert answer.content.startswith(b"%PDF-")
    assert b"NotoSansCJK" in answer.content
    assert {"g", "m", "1"} <= characters(answer.content)
    assert not (set(str(person("x"))) - {"x"}) & characters(answer.content)
    (record,) = await stage.outbox(AccessRecorded)
    assert isinstance(record.message, AccessRecorded)
    assert record.message.digests[1] == hashlib.sha256(answer.content).hexdigest()


@pytest.mark.rule("P12.6")
@pytest.mark.rule("P12.7")
@pytest.mark.rule("P12.8")
async def test_the_paper_says_too_where_nobody_was_what_was_recorded_when_and_what_came_of_it(
    stage: Stage,  # noqa: F811
) -> None:
    case, sends = await serious(stage)
    nobody = NobodyTold(send_id=sends["legal@group"].send_id, tried=["legal@group"], at=now(stage))
    await stage.receive(nobody, key=str(nobody.send_id), at=now(stage))
    called = now(stage) + timedelta(minutes=5)
    stage.runtime.clock.later(hours=3)  # type: ignore[attr-defined]
    step = step_of(await ladder(stage, case), "division")
    by_hand = {"at": called.isoformat(), "channel": "phone", "note": "已电话告知值班经理"}
    path = f"{case['path']}/serious/steps/{step['id']}/record"
    assert (await as_(stage, "relations-1", "POST", path, json=by_hand)).status_code == 200
    harm = {"party": "developer", "harm": "money", "amount": {"amount": "1200.00"}, "note": "发展商垫付"}
    assert (await as_(stage, "gm-1", "POST", f"{case['path']}/harm", json=harm)).status_code == 201
    await as_(stage, "gm-1", "POST", f"{case['path']}/crisis-group", json={"members": ["head-1"]})
    meeting = {
        "held_at": now(stage).isoformat(), "present": ["gm-1"], "minutes": "应对口径",
        "tasks": [{"person": "head-1", "what": "当面致歉", "within": "24 hours"}],
    }  # fmt: skip
    assert (await as_(stage, "gm-1", "POST", f"{case['path']}/crisis-group/meetings", json=meeting)).status_code == 201
    proof = (await as_(stage, "gm-1", "GET", f"{case['path']}/serious/proof")).json()
    words = in_words(proof, Directory.of(stage.runtime))
    steps = {step["kind"]: step for step in words["steps"]}
    assert steps["legal"]["tried_zh"] == ["法务部 @ 集团"]
    assert (steps["division"]["by_hand"]["at"], steps["division"]["by_hand"]["recorded_at"]) == (
        "2026-03-02 09:20:00", "2026-03-02 12:15:00",
    )  # fmt: skip
    assert [one["harm_zh"] for one in words["harm"]] == ["发展商经济损失"]
    assert words["case"]["taken_by"] == person("agent-7")
    assert [(one["person"], one["due_at"]) for one in words["crisis_group"]["tasks"]] == [
        (person("head-1"), "2026-03-03 12:15:00")
    ]
    headers = {"Accept": "application/pdf"}
    paper = await as_(stage, "gm-1", "GET", f"{case['path']}/serious/proof", headers=headers)
    assert set("受理人无人在岗登记于交办发展商经济损失金额1200") <= characters(paper.content)


async def test_a_case_that_is_not_serious_has_a_proof_that_says_so_and_strangers_get_none(
    stage: Stage,  # noqa: F811
) -> None:
    case, _ = await serious(stage)
    body = {"kinds": ["blocked_door"], "reason": "弄错了"}
    await as_(stage, "relations-1", "POST", f"{case['path']}/serious/overrule", json=body)
    headers = {"Accept": "application/pdf"}
    paper = await as_(stage, "gm-1", "GET", f"{case['path']}/serious/proof", headers=headers)
    assert paper.content.startswith(b"%PDF-")
    proof = (await as_(stage, "gm-1", "GET", f"{case['path']}/serious/proof")).json()
    assert (proof["serious"]["since"], proof["acts"][-1]["act"]) == (None, "overruled")
    assert in_words(proof, Directory.of(stage.runtime))["case"]["taken_at"] == "2026-03-02 09:15:00"
    assert (await as_(stage, "gm-2", "GET", f"{case['path']}/serious/proof")).status_code == 404
    assert len(await stage.outbox(ComplaintSerious)) == 0


def test_every_kind_and_way_of_telling_has_its_name_on_paper() -> None:
    assert set(KINDS_ZH) == {kind.value for kind in SeriousKind}
    assert {*get_args(ByHand.model_fields["channel"].annotation), "inbox", "sms"} == set(CHANNELS_ZH)
