"""What the handling bears: two at once, hostile words, a forgotten caller, a refusal that others must hear of."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from chassis.kit.keys import TestIssuer
from chassis.kit.stage import Stage
from chassis.service import Service
from contracts.complaint import ComplaintAnswered
from contracts.notify import Send
from policy.policies import Policies

from ..builders import (
    ANSWER,
    CALL_BACK,
    FULL_REPORT,
    JUDGED,
    REPORT,
    RESOLUTION,
    Handled,
    answered,
    form,
    judged,
    staffed,
)


@pytest_asyncio.fixture
async def stage(service: Service, database: str, keys: tuple[Path, Path], issuer: TestIssuer) -> Any:
    async with staffed(service, database, keys, issuer) as stage:
        yield stage


async def ready_to_answer(stage: Stage) -> Handled:
    case = await Handled.taken(stage, "bj-services")
    await judged(case, "hr-1")
    await case.did("hr-1", "hand-over", {"department": "service"})
    await case.did("head-1", "start-investigation")
    await case.did("head-1", "report", REPORT)
    await case.did("head-1", "resolution", RESOLUTION)
    return case


async def test_of_many_who_take_the_same_step_at_once_one_does(stage: Stage) -> None:
    case = await ready_to_answer(stage)
    answers = await asyncio.gather(*[case.post("head-1", "answer", ANSWER) for _ in range(6)])
    assert sorted(one.status_code for one in answers) == [200, 409, 409, 409, 409, 409]
    assert len(await stage.outbox(ComplaintAnswered)) == 1
    rows = await stage.rows("SELECT 1 FROM entries WHERE case_id = $1::uuid AND kind = 'answer'", case.id)
    assert len(rows) == 1


@pytest.mark.parametrize(
    ("step", "body", "pointer"),
    [
        ("answer", {**ANSWER, "words": "a\x00b"}, "/words"),
        ("answer", {**ANSWER, "words": "长" * 4001}, "/words"),
        ("answer", {**ANSWER, "way": "smoke"}, "/way"),
        ("answer", {**ANSWER, "also": 1}, "/also"),
    ],
)
async def test_what_is_not_well_formed_is_refused_at_its_place_and_changes_nothing(
    stage: Stage, step: str, body: dict[str, Any], pointer: str
) -> None:
    case = await ready_to_answer(stage)
    refused = await case.refused("head-1", step, body)
    assert (refused["status"], [one["pointer"] for one in refused["errors"]]) == (422, [pointer])
    assert await case.state() == "approved"


@pytest.mark.rule("P05.14")
async def test_what_was_written_about_a_forgotten_caller_is_forgotten_too(stage: Stage) -> None:
    case = await ready_to_answer(stage)
    async with stage.runtime.transaction() as tx:
        rows = await tx.driver.fetch("SELECT subject_id FROM cases WHERE id = $1::uuid", case.id)
        await tx.destroy_keys([rows[0][0]])
    assert (await case.get("gm-1", "/timeline")).status_code == 404
    shown = (await case.get("gm-1", "/actions")).json()
    assert shown["case"]["state"] == "approved"


@pytest.mark.rule("P17.2")
@pytest.mark.parametrize(("customer_cause", "told"), [(True, []), (False, [["hr_admin@hz-store-3"]])])
async def test_hr_admin_hears_of_what_is_refused_without_the_customers_fault(
    stage: Stage, customer_cause: bool, told: list[list[str]]
) -> None:
    case = await Handled.taken(stage, "hz-store-3")
    await judged(case, "shop-1", demand_holds=False, customer_cause=customer_cause)
    await case.agreed("shop-2")
    sent = [one.message for one in await stage.outbox(Send)]
    assert [message.to for message in sent if isinstance(message, Send)] == told
    assert await case.owing() == {"answer_unfounded", "close"}
    await case.did("shop-1", "answer", ANSWER)


@pytest.mark.rule("P17.2")
async def test_a_judgement_that_the_superior_refuses_is_made_anew(stage: Stage) -> None:
    case = await Handled.taken(stage, "hz-store-3")
    await judged(case, "shop-1", demand_holds=False)
    assert (await case.approved("shop-2", grant=False, reason="要求合理")).status_code == 200
    assert (await case.state(), await case.owing()) == ("taken", {"judge", "close"})
    await judged(case, "shop-1")
    await case.agreed("shop-2")
    assert await case.state() == "judged"


@pytest.mark.rule("P12.2")
async def test_who_is_complained_about_does_not_judge(stage: Stage) -> None:
    case = await Handled.taken(stage, "bj-services")
    body = {"reason_holds": False, "demand_holds": False, "opinion": "无据", "respondent": "hr-1"}
    refused = await case.refused("hr-1", "judge", body)
    assert (refused["type"], refused["rules"]) == ("/problems/about-you", ["P12.2"])
    assert await case.state() == "taken"


@pytest.mark.rule("P17.4")
@pytest.mark.rule("P17.5")
@pytest.mark.rule("P17.6")
async def test_what_a_superior_refuses_is_done_again_and_owed_again(stage: Stage) -> None:
    case = await Handled.taken(stage, "hz-store-3")
    await judged(case, "shop-1")
    await case.agreed("shop-2")
    await case.did("hr-3", "hand-over", {"department": "quality"})
    await case.did("quality-1", "start-investigation")
    for who, step, body, signer, duty in (
        ("quality-1", "report", FULL_REPORT, "quality-2", "report"),
        ("hr-3", "opinion", {"words": "同意"}, "gm-3", "opinion"),
        ("quality-1", "resolution", RESOLUTION, "quality-2", "propose"),
    ):
        await case.did(who, step, body)
        assert (await case.approved(signer, grant=False, reason="尚不充分")).status_code == 200
        assert duty in await case.owing()
        await case.did(who, step, body)
        await case.agreed(signer)
        assert duty not in await case.owing()
    assert await case.state() == "approved"


@pytest.mark.rule("P04.5")
async def test_a_profile_may_limit_the_resolutions_and_then_the_general_manager_decides(stage: Stage) -> None:
    await stage.rows(
        """INSERT INTO kehu.policy_versions (id, policy, layer, "values", effective_on, state, reason, proposed_by,
               proposed_at, decided_at, held, version, sequence)
           VALUES (uuidv7(), 'complaint', 'branch:bj-services', '{"proposals": 1}', '2026-03-01', 'approved', 'trial',
               'gm-1', now(), now(), '{}', 1, 0)"""
    )
    await Policies.of(stage.runtime).refresh()
    case = await Handled.taken(stage, "bj-services")
    await judged(case, "hr-1")
    await case.did("hr-1", "hand-over", {"department": "service"})
    await answered(case, "head-1")
    await case.did("head-1", "reaction", {"accepted": False})
    refused = await case.refused("head-1", "resolution", RESOLUTION)
    assert (refused["type"], refused["rules"]) == ("/problems/enough-proposed", ["P04.5"])
    await case.did("gm-1", "settle", {"words": "方案合理"})
    await case.did("hr-1", "call-back", CALL_BACK)
    await case.did("hr-1", "close")


@pytest.mark.rule("P12.5")
@pytest.mark.parametrize(("days", "repeats"), [(60, True), (120, False)])
async def test_a_like_complaint_is_a_repeat_of_one_that_was_closed_within_the_window(
    stage: Stage, days: int, repeats: bool
) -> None:
    first = await Handled.taken(stage, "sh-pudong")
    closed = stage.runtime.clock() - timedelta(days=days)
    taken = closed - timedelta(days=5)
    await stage.rows(
        "UPDATE cases SET state = 'closed', closed_at = $2, taken_at = $3 WHERE id = $1::uuid RETURNING 1",
        first.id, closed, taken,
    )  # fmt: skip
    second = await Handled.taken(stage, "sh-pudong")
    ((found,),) = await stage.rows("SELECT repeat_of FROM cases WHERE id = $1::uuid", second.id)
    assert (str(found) == first.id) is repeats


@pytest.mark.rule("P17.12")
async def test_a_report_that_is_made_anew_says_which_measures_are_owed(stage: Stage) -> None:
    case = await Handled.taken(stage, "hz-store-3")
    await judged(case, "shop-1")
    await case.agreed("shop-2")
    await case.did("hr-3", "hand-over", {"department": "quality"})
    await case.did("quality-1", "start-investigation")
    await case.did("quality-1", "measures", {"words": "先行借用备用机"})
    await case.did("quality-1", "report", FULL_REPORT)
    assert (await case.approved("quality-2", grant=False, reason="对策不足")).status_code == 200
    other = {**FULL_REPORT, "countermeasures": [{"words": "更换总成", "due_on": "2026-03-10"}]}
    await case.did("quality-1", "report", other)
    measures = (await case.get("gm-3", "/measures")).json()["items"]
    assert [(one["words"], one["state"]) for one in measures] == [
        ("先行借用备用机", "open"),
        ("更换阀体并延保", "dropped"),
        ("三次维修未解决须升级诊断", "dropped"),
        ("更换总成", "open"),
        ("三次维修未解决须升级诊断", "open"),
    ]
    owed = await stage.rows("SELECT count(*) FROM kehu.obligations WHERE duty = 'measure' AND ended_at IS NULL")
    assert owed[0][0] == 3
    told = (await case.get("gm-3", "/timeline")).json()["items"]
    until = [one["facts"]["due_on"] for one in told if one["kind"] == "measure_taken"]
    assert (until[0], until[3]) == (None, "2026-03-10")
    await case.agreed("quality-2")
    paper = await case.get("gm-3", "/papers/investigation-report?format=xlsx")
    assert paper.status_code == 200


@pytest.mark.rule("P17.2")
async def test_what_the_customer_has_caused_does_not_hold(stage: Stage) -> None:
    case = await Handled.taken(stage, "hz-store-3")
    body = {"reason_holds": True, "demand_holds": True, "opinion": "要求合理", "customer_cause": True}
    refused = await case.refused("shop-1", "judge", body)
    assert [(one["pointer"], one["code"]) for one in refused["errors"]] == [("/customer_cause", "contradiction")]
    await judged(case, "shop-1", reason_holds=False, customer_cause=True)


@pytest.mark.rule("P04.9")
@pytest.mark.rule("P04.8")
async def test_nothing_is_owed_to_a_closed_case_that_took_in_one_nobody_had_judged(stage: Stage) -> None:
    case = await Handled.taken(stage, "bj-services")
    await judged(case, "hr-1", reason_holds=False)
    await case.did("hr-1", "answer", ANSWER)
    other = await Handled.taken(stage, "bj-services")
    await other.did("hr-1", "merge", {"into": case.id, "words": "同一事项"})
    await case.did("hr-1", "reaction", {"accepted": True})
    assert await case.owing() == {"close"}
    await case.did("hr-1", "close")
    assert await case.owing() == set()


@pytest.mark.rule("P04.8")
@pytest.mark.rule("P12.10")
async def test_nothing_is_offered_beside_the_dossier_of_a_closed_case(stage: Stage) -> None:
    case = await Handled.taken(stage, "sh-pudong")
    await judged(case, "relations-1")
    await case.did("relations-1", "hand-over", {"department": "after-sales"})
    await answered(case, "relations-1")
    await case.did("relations-1", "reaction", {"accepted": True})
    await case.did("relations-1", "result", {"words": "客户接受"})
    await case.did("group-1", "call-back", CALL_BACK)
    await case.did("relations-2", "close")
    offer = {"lines": [{"kind": "repair", "amount": {"amount": "100.00"}}], "reason": "补偿客户"}
    refused = await case.refused("relations-1", "compensations", offer)
    assert (refused["type"], refused["state"]) == ("/problems/not-now", "closed")
    await case.did("relations-2", "reopen", {"words": "客户又来电"})
    await case.did("relations-1", "compensations", offer)


@pytest.mark.rule("P04.7")
@pytest.mark.rule("P17.4")
async def test_blanks_are_no_words_wherever_something_is_to_be_said(stage: Stage) -> None:
    async with stage.client(subject="agent-7") as agent:
        empty = await agent.post("/v1/complaints", json=form(text="  \n"))
    assert (empty.status_code, empty.json()["errors"][0]["pointer"]) == (422, "/text")
    case = await Handled.taken(stage, "bj-services", text="  空调不制冷 \n")
    await judged(case, "hr-1")
    await case.did("hr-1", "hand-over", {"department": "service"})
    await case.did("head-1", "start-investigation")
    said: dict[str, tuple[str, dict[str, Any]]] = {
        "report": ("cause", REPORT), "resolution": ("takes_up_demand", RESOLUTION), "answer": ("words", ANSWER),
        "call-back": ("final_opinion", CALL_BACK), "wait": ("words", {}), "measures": ("words", {}),
        "serious": ("reason", {"kinds": ["disturbance"]}), "merge": ("words", {"into": case.id}),
        "compensations": ("reason", {"kind": "money", "amount": "1"}), "judge": ("opinion", JUDGED),
    }  # fmt: skip
    for step, (field, body) in said.items():
        refused = await case.refused("head-1", step, {**body, field: "   "})
        assert refused["status"] == 422, (step, refused)
        assert f"/{field}" in [one["pointer"] for one in refused["errors"]], (step, refused)
    measure = await case.did("head-1", "measures", {"words": "  更换滤芯\n"})
    assert measure["words"] == "更换滤芯"
