"""Lists and searches: within reach, without persons, by an index."""

from __future__ import annotations

import asyncio

import pytest
import sqlalchemy as sa
from chassis.kit.stage import Stage
from complaint import tables
from complaint.number import check_digit
from contracts.archive import AccessRecorded

from .test_intake import form


async def taken(stage: Stage, **changes: object) -> dict[str, str]:
    async with stage.client("call_centre@group") as agent:
        answer = await agent.post("/v1/complaints", json=form(**changes))
    assert answer.status_code == 201, answer.text
    found: dict[str, str] = answer.json()
    return found


@pytest.mark.rule("P04.8")
async def test_a_branch_sees_its_own_cases_and_others_not_at_all(stage: Stage) -> None:
    own = await taken(stage, branch="sh-pudong")
    other = await taken(stage, branch="bj-chaoyang")
    async with stage.client("relations_manager@sh-pudong") as manager:
        listed = (await manager.get("/v1/complaints")).json()["items"]
        assert [case["id"] for case in listed] == [own["id"]]
        assert (await manager.get(own["path"])).status_code == 200
        assert (await manager.get(other["path"])).status_code == 404
        assert (await manager.get("/v1/complaints?branch=bj-chaoyang")).json()["items"] == []


@pytest.mark.rule("P05.9")
async def test_opening_a_case_is_recorded_and_listing_is_not(stage: Stage) -> None:
    case = await taken(stage)
    async with stage.client("call_centre@group", subject="agent-9") as agent:
        await agent.get("/v1/complaints")
        assert await stage.outbox(AccessRecorded) == []
        await agent.get(case["path"])
    (record,) = await stage.outbox(AccessRecorded)
    assert record.message is not None
    said = record.message.model_dump()
    assert (said["actor"], said["ids"], said["purpose"]) == ("agent-9", [case["id"]], "handling")


async def test_cases_are_asked_for_by_their_ids_within_reach(stage: Stage) -> None:
    first, other = await taken(stage, branch="sh-pudong"), await taken(stage, branch="bj-chaoyang")
    await taken(stage, branch="sh-pudong")
    asked = f"/v1/complaints?id={first['id']}&id={other['id']}"
    async with stage.client("relations_manager@sh-pudong") as manager:
        assert [case["id"] for case in (await manager.get(asked)).json()["items"]] == [first["id"]]
    async with stage.client("call_centre@group") as agent:
        assert [case["id"] for case in (await agent.get(asked)).json()["items"]] == [other["id"], first["id"]]


async def test_a_list_goes_on_where_it_stopped(stage: Stage) -> None:
    numbers = [(await taken(stage))["number"] for _ in range(5)]
    async with stage.client("call_centre@group") as agent:
        seen, cursor = [], ""
        while True:
            page = (await agent.get(f"/v1/complaints?limit=2{cursor}")).json()
            seen += [case["number"] for case in page["items"]]
            if page["next"] is None:
                break
            cursor = f"&cursor={page['next']}"
        forged = await agent.get("/v1/complaints?cursor=bm90IG91cnM")
    assert seen == numbers[::-1]
    assert forged.status_code == 422


@pytest.mark.parametrize(
    "sought",
    [{"phone": "+86 138 0013 8000"}, {"plate": "沪a 12345"}, {"number": None}],
)
async def test_a_case_is_found_however_it_is_asked_for(stage: Stage, sought: dict[str, str | None]) -> None:
    case = await taken(stage, plate="沪A·12345")
    await taken(stage, phone="13900139000", plate="沪B54321")
    asked = {key: value or case["number"].replace("-", "") for key, value in sought.items()}
    async with stage.client("call_centre@group") as agent:
        found = (await agent.post("/v1/complaints/search", json=asked)).json()["items"]
        nothing = await agent.post("/v1/complaints/search", json={})
        misheard = await agent.post("/v1/complaints/search", json={"number": "20261124-0000042-0"})
    assert [line["id"] for line in found] == [case["id"]]
    assert "王小芳" not in str(found)
    assert "13800138000" not in str(found)
    assert nothing.status_code == 422
    assert misheard.status_code == (200 if check_digit("202611240000042") == "0" else 422)


async def test_two_clerks_who_take_the_same_call_make_two_cases_and_one_repeat(stage: Stage) -> None:
    cases = await asyncio.gather(*[taken(stage) for _ in range(12)])
    await stage.deliver_outbox()
    rows = await stage.rows("SELECT id, repeat_of FROM cases ORDER BY taken_at, id")
    assert len(rows) == len(cases) == 12
    assert [row["repeat_of"] for row in rows] == [None, *[rows[0]["id"]] * 11]


async def test_the_lists_of_50_000_cases_are_read_from_an_index(stage: Stage) -> None:
    await stage.rows("""
        INSERT INTO cases (id, number, branch, channel, state, taken_at, brand, facts, text, match, serious_kinds,
            phone_token, subject_id, sealed, version, sequence, serious_sequence)
        SELECT uuidv7(), n::text, 'branch-' || n % 200, 'phone', 'taken', now(), 'brand', '{}', 'text', 'none', '[]',
            decode(lpad(to_hex(n / 4), 32, '0'), 'hex'), uuidv7(), '', 1, 1, 0
        FROM generate_series(1, 50000) AS n
    """)
    queries = {
        "everything": sa.select(tables.cases.c.id).order_by(tables.cases.c.id.desc()).limit(51),
        "a branch": sa.select(tables.cases.c.id)
        .where(tables.cases.c.branch.in_(["branch-7", "branch-9"]))
        .order_by(tables.cases.c.id.desc())
        .limit(51),
        "a phone": sa.select(tables.cases.c.id)
        .where(tables.cases.c.phone_token == sa.text("decode(repeat('00', 15) || '07', 'hex')"))
        .order_by(tables.cases.c.id.desc())
        .limit(51),
    }
    for name, query in queries.items():
        plan = await stage.plan(query)
        assert "Seq Scan" not in plan, f"{name}: {plan}"


async def test_the_migrations_make_the_tables_of_the_code(stage: Stage) -> None:
    assert await stage.differences() == []
