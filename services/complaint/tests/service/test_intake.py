"""Intake: taken once, numbered, on disk, with everything that follows from it."""

from __future__ import annotations

import asyncio
import base64
from typing import Any
from uuid import UUID, uuid4

import pytest
from chassis.kit.stage import Stage
from complaint.intake.form import ComplaintForm
from complaint.intake.take_complaint import WRITER, prepare
from complaint.intake.writer import TAKE, Writer
from complaint.number import is_number
from contracts.complaint import ComplaintOpened, ComplaintSerious, MarkedSerious
from contracts.customer import CustomerEntry, Token, TokenKind
from contracts.work import WorkItem


def form(**changes: Any) -> dict[str, Any]:
    """A complaint as an agent enters it; `phone` and `plate` go where they belong."""
    phone, plate = changes.pop("phone", "138 0013 8000"), changes.pop("plate", None)
    return {
        "branch": "sh-pudong",
        "channel": "phone",
        "caller": {"name": "王小芳", "phone": phone},
        "vehicle": {"brand": "东风日产", "series": "轩逸", "model": "2020款", "plate": plate},
        "text": "王小芳说变速箱抖动, 请回电 13800138000",
        "fault_codes": ["H93"],
        **changes,
    }


def entry(stage: Stage, customer_id: UUID, phone: str) -> CustomerEntry:
    """What the directory says of a customer with this phone."""
    token = base64.urlsafe_b64encode(stage.runtime.tokens.token(TokenKind.PHONE, phone)).decode().rstrip("=")
    return CustomerEntry(
        customer_id=customer_id,
        kind="person",
        customer_class="general",
        branch="sh-pudong",
        tokens=[Token(kind=TokenKind.PHONE, token=token, key="t1")],
        as_of=stage.runtime.clock(),
    )


@pytest.mark.rule("P04.3")
@pytest.mark.rule("P12.3")
async def test_a_complaint_is_taken_numbered_and_told(stage: Stage) -> None:
    async with stage.client("call_centre@group") as agent:
        answer = await agent.post("/v1/complaints", json=form())
        assert answer.status_code == 201, answer.text
        taken = answer.json()
        assert is_number(taken["number"])
        assert taken["match"] == "pending"
        read = await agent.get(taken["path"])
    assert answer.headers["location"] == taken["path"]
    assert read.status_code == 200, read.text
    assert read.json()["caller"] == {"name": "王小芳", "phone": "138 0013 8000", "address": None}
    assert read.json()["text"] == "[姓名]说变速箱抖动, 请回电 [电话]"
    (opened,) = await stage.outbox(ComplaintOpened)
    assert isinstance(opened.message, ComplaintOpened)
    assert (opened.key, opened.sequence) == (taken["id"], 1)
    assert opened.message.number == taken["number"]
    assert opened.message.match == "pending"


async def test_the_same_idempotency_key_takes_one_complaint(stage: Stage) -> None:
    async with stage.client("call_centre@group") as agent:
        headers = {"Idempotency-Key": "call-1"}
        answers = await asyncio.gather(*[agent.post("/v1/complaints", json=form(), headers=headers) for _ in range(20)])
        other = await agent.post("/v1/complaints", json=form(text="anders"), headers=headers)
    assert {answer.json()["number"] for answer in answers} == {answers[0].json()["number"]}
    assert sorted(answer.status_code for answer in answers) == [200] * 19 + [201]
    assert other.status_code == 409
    assert other.json()["type"] == "/problems/key-reused"
    assert len(await stage.rows("SELECT 1 FROM cases")) == 1
    assert len(await stage.outbox(ComplaintOpened)) == 1
    assert len(await stage.outbox(WorkItem)) == 1


async def test_a_batch_is_not_planned_anew_and_its_plan_reads_no_whole_table(stage: Stage) -> None:
    for n in range(3):
        customer = uuid4()
        await stage.receive(entry(stage, customer, f"138 0013 900{n}"), key=str(customer))
    async with stage.runtime.engine.connect() as connection:
        # of three rows that it knows of, the server would rather read all than use an index
        await connection.exec_driver_sql("ANALYZE known_tokens")
        # what it has counted itself so far must not come between the two counts below
        await connection.exec_driver_sql("SELECT pg_stat_force_next_flush()")
        await connection.commit()
    async with stage.client("call_centre@group") as agent:
        for _ in range(12):
            assert (await agent.post("/v1/complaints", json=form())).status_code == 201
    writer: Writer = stage.runtime.parts[WRITER]
    intake = await writer._connected()
    planned = "SELECT custom_plans, generic_plans FROM pg_prepared_statements WHERE statement = $1"
    assert [tuple(row) for row in await intake.fetch(planned, TAKE)] == [(0, 12)]
    await intake.execute("SELECT pg_stat_force_next_flush()")
    read = "SELECT seq_scan, idx_scan FROM pg_stat_user_tables WHERE relname = 'known_tokens'"
    whole, by_index = await intake.fetchrow(read)
    async with stage.client("call_centre@group") as agent:
        assert (await agent.post("/v1/complaints", json=form())).status_code == 201
    await intake.execute("SELECT pg_stat_force_next_flush()")
    now_whole, now_by_index = await intake.fetchrow(read)
    assert (now_whole, now_by_index > by_index) == (whole, True)


async def test_a_complaint_that_the_database_refuses_takes_no_other_of_its_batch_with_it(stage: Stage) -> None:
    now = stage.runtime.clock()
    writer = stage.runtime.parts[WRITER]
    words = ["one", "two\x00", *[str(n) for n in range(20)]]
    batch = [
        prepare(stage.runtime, ComplaintForm.model_validate(form()), f"N{n}", now, now, text)
        for n, text in enumerate(words)
    ]
    outcomes = await asyncio.gather(*[writer.submit(written) for written in batch], return_exceptions=True)
    assert [n for n, outcome in enumerate(outcomes) if isinstance(outcome, BaseException)] == [1]
    assert {row[0] for row in await stage.rows("SELECT text FROM cases")} == set(words) - {"two\x00"}
    assert len(await stage.outbox(ComplaintOpened)) == 21


async def test_a_complaint_handed_on_by_another_system_is_taken_once(stage: Stage) -> None:
    async with stage.client("call_centre@group") as agent:
        body = form(origin="oms", origin_ref="4711")
        first, second = [await agent.post("/v1/complaints", json=body) for _ in range(2)]
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["id"] == second.json()["id"]


@pytest.mark.rule("P04.3")
async def test_another_complaint_under_the_same_reference_is_refused_with_the_earlier_number(stage: Stage) -> None:
    body = form(origin="oms", origin_ref="4711")
    async with stage.client("call_centre@group") as agent:
        first = await agent.post("/v1/complaints", json=body)
        again = await agent.post("/v1/complaints", json=dict(reversed(body.items())))
        keyed = await agent.post("/v1/complaints", json=body, headers={"Idempotency-Key": "call-1"})
        others = await asyncio.gather(
            *[agent.post("/v1/complaints", json={**body, "text": f"别的事情 {n}"}) for n in range(5)]
        )
    assert (first.status_code, again.status_code, keyed.status_code) == (201, 200, 200)
    assert {answer.status_code for answer in others} == {409}
    assert {answer.json()["type"] for answer in others} == {"/problems/origin-reused"}
    assert {answer.json()["number"] for answer in others} == {first.json()["number"]}
    assert len(await stage.rows("SELECT 1 FROM cases")) == 1


@pytest.mark.rule("P12.5")
async def test_a_complaint_marked_serious_warns_at_once(stage: Stage) -> None:
    async with stage.client("call_centre@group") as agent:
        taken = (await agent.post("/v1/complaints", json=form(serious=["blocked_door"]))).json()
    assert taken["serious"]
    told = [t for t in await stage.outbox() if t.topic != "complaint.work"]
    assert [(t.topic, t.sequence) for t in told] == [
        ("complaint.events", 1),
        ("complaint.events", 2),
        ("complaint.serious", 1),
    ]
    assert isinstance(told[1].message, MarkedSerious)
    warning = told[2].message
    assert isinstance(warning, ComplaintSerious)
    assert "王小芳" not in warning.model_dump_json()
    assert warning.kinds == ["blocked_door"]


@pytest.mark.rule("P12.3")
@pytest.mark.parametrize("directory_first", [True, False])
async def test_a_case_is_matched_whichever_comes_first(stage: Stage, directory_first: bool) -> None:
    customer = uuid4()
    async with stage.client("call_centre@group") as agent:
        if directory_first:
            await stage.receive(entry(stage, customer, "+86 138-0013-8000"), key=str(customer))
        taken = (await agent.post("/v1/complaints", json=form())).json()
        if not directory_first:
            await stage.receive(entry(stage, customer, "+86 138-0013-8000"), key=str(customer))
        case = (await agent.get(taken["path"])).json()
    assert taken["match"] == ("matched" if directory_first else "pending")
    assert case["customer_id"] == str(customer)


@pytest.mark.rule("P12.5")
async def test_a_repeat_is_found_by_the_system_and_is_serious(stage: Stage) -> None:
    async with stage.client("call_centre@group") as agent:
        first = (await agent.post("/v1/complaints", json=form(phone="0086 13800138000"))).json()
        second = (await agent.post("/v1/complaints", json=form(phone="(138) 0013-8000"))).json()
        await agent.post("/v1/complaints", json=form(phone="13900139000"))
        await stage.deliver_outbox()
        case = (await agent.get(second["path"])).json()
    assert case["repeat_of"] == first["id"]
    assert case["serious_kinds"] == ["repeat"]
    assert [told.key for told in await stage.outbox(ComplaintSerious)] == [second["id"]]


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ({"phone": "12"}, "/caller/phone", "phone"),
        ({"plate": "???"}, "/vehicle/plate", "plate"),
        ({"text": "a\x00b"}, "/text", "nul"),
        ({"text": ""}, "/text", "string_too_short"),
        ({"channel": "smoke"}, "/channel", "enum"),
        ({"origin": "oms"}, "/origin_ref", "together"),
        ({"taken_at": "2020-01-01T00:00:00Z"}, "/taken_at", "too_long_ago"),
        ({"taken_at": "2100-01-01T00:00:00Z"}, "/taken_at", "in_future"),
    ],
)
async def test_a_form_that_is_not_well_formed_is_refused_at_its_place(
    stage: Stage, changes: dict[str, Any], pointer: str, code: str
) -> None:
    async with stage.client("call_centre@group") as agent:
        answer = await agent.post("/v1/complaints", json=form(**changes))
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert [(error["pointer"], error["code"]) for error in answer.json()["errors"]] == [(pointer, code)]
    assert await stage.rows("SELECT 1 FROM cases") == []


async def test_who_may_not_take_complaints_there_is_refused(stage: Stage) -> None:
    async with stage.client("relations_specialist@bj-chaoyang") as other_branch:
        assert (await other_branch.post("/v1/complaints", json=form())).status_code == 403
    async with stage.client("warehouse_keeper@group") as other_role:
        assert (await other_role.post("/v1/complaints", json=form())).status_code == 403
    async with stage.client("call_centre@group", Authorization="Bearer nonsense") as nobody:
        assert (await nobody.post("/v1/complaints", json=form())).status_code == 401
