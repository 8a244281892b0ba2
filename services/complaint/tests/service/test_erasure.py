"""A customer who is forgotten leaves cases that lead to nobody, and an answer that says so."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest
from chassis.kit.at_work import at_work
from chassis.kit.eventually import eventually
from chassis.kit.keys import TestIssuer
from chassis.kit.stage import Stage
from chassis.service import Service
from contracts.customer import ConfirmErasure, CustomerErased
from policy.kit import give_reasons, reasons_about

from ..builders import REPORT, Handled, judged, staffed, work_of, worked
from .test_intake import entry, form

PHONES = ("138 0013 8000", "139 0013 9000")


@pytest.mark.rule("P05.14")
async def test_the_cases_of_a_forgotten_customer_lead_to_nobody(stage: Stage) -> None:
    customer, erasure = uuid4(), uuid4()
    async with stage.client("call_centre@group") as agent:
        answers = [await agent.post("/v1/complaints", json=form(plate=f"沪A5300{n}")) for n in range(3)]
        other = (await agent.post("/v1/complaints", json=form(phone="139 0013 9000"))).json()
    await stage.deliver_outbox()
    assert len(await stage.rows("SELECT 1 FROM case_words")) == 4
    cases = [answer.json()["id"] for answer in answers[:1]] + [other["id"]]
    await give_reasons(stage, *cases)
    await stage.receive(entry(stage, customer, "138 0013 8000"), key=str(customer))
    said = CustomerErased(erasure_id=erasure, customer_id=customer, erased_at=stage.runtime.clock())
    record = await stage.receive(said, key=str(customer))
    await stage.consumer.consume([record])

    async def answered() -> bool:
        return bool(await stage.outbox(ConfirmErasure))

    async with at_work(stage.runner()):
        await eventually(answered)
    (answer,) = await stage.outbox(ConfirmErasure)
    assert isinstance(answer.message, ConfirmErasure)
    # of each case: its key, the link to the customer, the tokens of phone and plate; and of a reason its key
    assert (answer.key, answer.message.destroyed) == (str(customer), 3 * 4 + 1)
    assert await reasons_about(stage, *cases) == [False, True]
    async with stage.client("call_centre@group") as agent:
        for answer_before in answers:
            gone = await agent.get(answer_before.json()["path"])
            assert (gone.status_code, "erased" in gone.json()["detail"]) == (404, True)
        assert (await agent.get(other["path"])).status_code == 200
        sought = await agent.post("/v1/complaints/search", json={"phone": "138 0013 8000"})
        assert sought.json()["items"] == []
        worded = await agent.post("/v1/complaints/search", json={"words": "变速箱"})
        assert [case["id"] for case in worded.json()["items"]] == [other["id"]]
        listed = (await agent.get("/v1/complaints")).json()["items"]
    assert sorted(case["text"] for case in listed if case["id"] != other["id"]) == ["", "", ""]
    assert {case["number"] for case in listed} >= {a.json()["number"] for a in answers}


@pytest.mark.rule("P05.14")
@pytest.mark.rule("P04.14")
async def test_what_a_forgotten_customers_open_case_owes_falls_away_with_its_measures(
    service: Service, database: str, keys: tuple[Path, Path], issuer: TestIssuer
) -> None:
    async with staffed(service, database, keys, issuer) as stage:
        cases = [await Handled.taken(stage, "bj-services", caller={"name": "王小芳", "phone": p}) for p in PHONES]
        for case in cases:
            await judged(case, "hr-1")
            await case.did("hr-1", "hand-over", {"department": "service"})
            await case.did("head-1", "start-investigation")
            await case.did("head-1", "measures", {"words": "升级诊断", "kind": "prevention", "due_on": "2026-03-09"})
        customer = uuid4()
        await stage.rows("UPDATE cases SET customer_id = $1 WHERE id = $2::uuid", customer, cases[0].id)
        said = CustomerErased(erasure_id=uuid4(), customer_id=customer, erased_at=stage.runtime.clock())
        await stage.consumer.consume([await stage.receive(said, key=str(customer))])
        await worked(stage, "forget_customer")
        assert (await cases[0].post("head-1", "report", REPORT)).status_code == 404
        query = "SELECT duty FROM kehu.obligations WHERE ended_at IS NULL AND path = $1"
        owing = [{row[0] for row in await stage.rows(query, case.path)} for case in cases]
        assert owing == [set(), {"report", "answer", "measure"}]
        # nobody finds it in their work any more
        last = {one.kind: one.state for one in await work_of(stage, cases[0])}
        assert (last["report"], last["answer"]) == ("waived", "waived")


@pytest.mark.rule("P05.14")
async def test_what_was_merged_before_anybody_was_known_is_forgotten_with_the_survivor(
    service: Service, database: str, keys: tuple[Path, Path], issuer: TestIssuer
) -> None:
    async with staffed(service, database, keys, issuer) as stage:
        # one caller, two telephones; only the survivor's is on the file that is made afterwards
        lost, survivor = [
            await Handled.taken(stage, "bj-services", caller={"name": "王小芳", "phone": p}) for p in PHONES
        ]
        await lost.did("hr-1", "merge", {"into": survivor.id, "words": "同一事项"})
        customer = uuid4()
        await stage.receive(entry(stage, customer, PHONES[1]), key=str(customer))
        known = "SELECT id::text FROM cases WHERE customer_id = $1"
        assert [row[0] for row in await stage.rows(known, customer)] == [survivor.id]
        said = CustomerErased(erasure_id=uuid4(), customer_id=customer, erased_at=stage.runtime.clock())
        await stage.consumer.consume([await stage.receive(said, key=str(customer))])
        await worked(stage, "forget_customer")
        left = "SELECT id FROM cases WHERE text <> '' OR phone_token IS NOT NULL"
        assert await stage.rows(left) == []
        keys_left = """SELECT 1 FROM kehu.subject_keys JOIN cases USING (subject_id) WHERE wrapped IS NOT NULL"""
        assert await stage.rows(keys_left) == []
