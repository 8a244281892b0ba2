"""Statements: what a month holds, for whom, to whom it is shown; the workbook; the close."""

from __future__ import annotations

import asyncio
from io import BytesIO
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import pytest
from chassis.kit.stage import Stage
from contracts.archive import AccessRecorded
from contracts.staff import Employment, GrantLine, PersonEntry, Profile
from contracts.work import WorkItem, WorkState
from policy.directory import Directory
from policy.kit import hire, open_branch
from python_calamine import CalamineWorkbook

from .ledger import ADVISER, clock_of, command, decided, fine_of, send, sign


async def statement(stage: Stage, who: str, month: str = "2026-03", query: str = "") -> Any:
    async with stage.client(subject=who) as person:
        return await person.get(f"/v1/conduct/statements/{month}{query}")


async def close(stage: Stage, month: str, who: str = "hr-1", branch: str = "sh-pudong") -> Any:
    async with stage.client(subject=who) as person:
        return await person.post(f"/v1/conduct/months/{branch}/{month}/close")


async def readings(stage: Stage) -> list[str]:
    said = [t.message for t in await stage.outbox(AccessRecorded)]
    return [r.actor for r in said if isinstance(r, AccessRecorded)]


@pytest.mark.rule("P13.11")
@pytest.mark.rule("P13.8")
async def test_a_statement_holds_opening_lines_counter_entries_and_totals(staff: Stage) -> None:
    await send(staff, command("misconduct_3", rule="P04.11", subject="case-1", decided_at=decided(20, month=2)))
    for hour in (10, 11, 9):
        await send(staff, command(decided_at=decided(2, hour)))
    late = await send(staff, command(decided_at=decided(2, 8)))
    found = (await statement(staff, ADVISER)).json()
    assert found["person"] == ADVISER
    assert found["opening"]["fines"] == [{"amount": "300.00", "currency": "CNY"}]
    assert found["opening"]["points"] == 10
    assert [line["cost"]["fine"]["amount"] for line in found["lines"]] == [
        "50.00", "50.00", "50.00", "-50.00", "100.00", "50.00", "-50.00", "100.00",
    ]  # fmt: skip
    assert found["month_totals"]["fines"] == [{"amount": "300.00", "currency": "CNY"}]
    assert found["closing"]["fines"] == [{"amount": "600.00", "currency": "CNY"}]
    assert await fine_of(staff, late) == 50
    assert await readings(staff) == []


@pytest.mark.rule("P13.11")
@pytest.mark.parametrize(
    ("who", "query", "status"),
    [
        (ADVISER, "", 200),
        (ADVISER, f"?person={ADVISER}", 200),
        (ADVISER, "?person=consultant-2", 404),
        (ADVISER, "?branch=sh-pudong", 404),
        ("consultant-2", f"?person={ADVISER}", 404),
        ("manager-1", f"?person={ADVISER}", 200),
        ("manager-2", f"?person={ADVISER}", 404),
        ("manager-1", "?branch=sh-pudong&department=after_sales", 200),
        ("manager-1", "?branch=sh-pudong&department=sales", 404),
        ("manager-1", "?branch=sh-pudong", 404),
        ("hr-1", "?branch=sh-pudong", 200),
        ("finance-1", "?branch=sh-pudong&department=sales", 200),
        ("director-1", f"?person={ADVISER}", 200),
        ("gm-1", "?branch=sh-pudong", 200),
        ("gm-2", "?branch=sh-pudong", 404),
        ("gm-2", f"?person={ADVISER}", 404),
        ("gm-1", "?branch=sh-pudong&person=x", 422),
        ("gm-1", "?department=sales", 422),
    ],
)
async def test_who_sees_whose_statement(staff: Stage, who: str, query: str, status: int) -> None:
    await send(staff, command())
    answer = await statement(staff, who, query=query)
    assert answer.status_code == status, answer.text
    if status == 200:
        expected = [who] if who != ADVISER and "department=sales" not in query else []
        assert await readings(staff) == expected


@pytest.mark.rule("P13.11")
async def test_own_lines_follow_a_person_to_another_branch_and_the_new_manager_does_not_see_old_ones(
    staff: Stage,
) -> None:
    await send(staff, command())
    await hire(staff, ADVISER, "service_adviser@bj-chaoyang", department="sales")
    assert len((await statement(staff, ADVISER)).json()["lines"]) == 1
    assert (await statement(staff, "manager-2", query=f"?person={ADVISER}")).json()["lines"] == []


@pytest.mark.parametrize("month", ["2026-13", "2026-3", "1999-01", "2026-03-01", "x"])
async def test_a_month_that_is_none_is_refused(staff: Stage, month: str) -> None:
    answer = await statement(staff, "gm-1", month)
    assert answer.status_code in (404, 422)


@pytest.mark.rule("P13.11")
async def test_the_workbook_says_what_the_statement_says_and_no_text_is_a_formula(staff: Stage) -> None:
    await send(staff, command(subject="=HYPERLINK(0)"))
    await send(staff, command("misconduct_4", rule="P04.11", subject="case-1"))
    async with staff.client(subject="finance-1") as finance:
        answer = await finance.get("/v1/conduct/statements/2026-03/export?branch=sh-pudong")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("application/vnd.openxmlformats")
    assert answer.headers["content-disposition"] == 'attachment; filename="conduct-2026-03.xlsx"'
    rows = CalamineWorkbook.from_filelike(BytesIO(answer.content)).get_sheet_by_index(0).to_python()
    assert rows[2][:4] == ["人员", "部门", "违规种类", "案件或档案"]
    assert rows[3][7:12] == ["fine", "share", "currency", "points", "performance pay %"]
    assert [(row[0], row[2], row[3], row[7], row[11]) for row in rows[4:6]] == [
        (ADVISER, "after_sales_file_late", "=HYPERLINK(0)", 50, 0),
        (ADVISER, "misconduct_4", "case-1", 1000, 100),
    ]
    assert [row[7] for row in rows if str(row[0]).startswith("本月合计")] == ["1050.00 CNY"]
    assert b"<f>" not in answer.content
    assert await readings(staff) == ["finance-1"]


@pytest.mark.rule("P13.11")
async def test_the_workbook_calls_branch_and_departments_by_their_titles_with_the_codes(staff: Stage) -> None:
    await send(staff, command())

    async def cells(query: str) -> tuple[str, str]:
        async with staff.client(subject="hr-1") as hr:
            answer = await hr.get(f"/v1/conduct/statements/2026-03/export?{query}")
        rows = CalamineWorkbook.from_filelike(BytesIO(answer.content)).get_sheet_by_index(0).to_python()
        return str(rows[0][0]), str(rows[4][1])

    of_department = "branch=sh-pudong&department=after_sales"
    head = "2026-03 处罚月报 Conduct statement: "
    assert await cells(of_department) == (f"{head}sh-pudong · after_sales", "after_sales")
    await open_branch(
        staff, "sh-pudong", Profile.DEALERSHIP, region="east", title="浦东店", departments={"after_sales": "售后部"}
    )
    called = "售后部（after_sales）"
    assert await cells(of_department) == (f"{head}浦东店（sh-pudong） · {called}", called)
    assert await cells("branch=sh-pudong") == (f"{head}浦东店（sh-pudong）", called)
    # who has gone to another branch: the line says where it was
    since = staff.runtime.clock()
    there = GrantLine(role="service_adviser", place="bj-chaoyang", from_at=since, until_at=None, on_behalf_of=None)
    moved = PersonEntry(
        person_id=uuid5(NAMESPACE_URL, ADVISER), subject=ADVISER, employment=Employment.ACTIVE, branch="bj-chaoyang",
        department="sales", grants=[there],
    )  # fmt: skip
    await staff.receive(moved, key=str(moved.person_id), sequence=100)
    await Directory.of(staff.runtime).refresh()
    async with staff.client(subject=ADVISER) as adviser:
        answer = await adviser.get("/v1/conduct/statements/2026-03/export")
    rows = CalamineWorkbook.from_filelike(BytesIO(answer.content)).get_sheet_by_index(0).to_python()
    assert (rows[0][0], rows[4][1]) == (f"{head}{ADVISER}", f"浦东店（sh-pudong） · {called}")


@pytest.mark.rule("P13.11")
async def test_what_comes_after_the_close_stands_in_the_next_open_month_and_says_where_it_belongs(staff: Stage) -> None:
    two, three = [await send(staff, command(decided_at=decided(3 + n))) for n in range(2)]
    early = await close(staff, "2026-03")
    assert (early.status_code, early.json()["type"]) == (409, "/problems/not-over")
    clock_of(staff).at("2026-04-07 10:00")
    closed = await close(staff, "2026-03")
    assert closed.status_code == 200, closed.text
    assert (closed.json()["closed_by"], closed.json()["month"]) == ("hr-1", "2026-03")
    assert (await close(staff, "2026-03", "finance-1")).json()["closed_by"] == "hr-1"

    march = (await statement(staff, ADVISER)).json()
    one = await send(staff, command(decided_at=decided(2)))
    assert [await fine_of(staff, b) for b in (one, two, three)] == [50, 50, 100]
    assert (await statement(staff, ADVISER)).json() == march
    april = (await statement(staff, ADVISER, "2026-04")).json()
    assert [(line["cost"]["fine"]["amount"], line["decided_month"]) for line in april["lines"]] == [
        ("50.00", "2026-03"),
        ("-50.00", "2026-03"),
        ("100.00", "2026-03"),
    ]
    assert april["lines"][1]["counters"] == march["lines"][1]["id"]
    # the breaches of April are counted by themselves
    assert await fine_of(staff, await send(staff, command(decided_at=decided(7, month=4)))) == 50


@pytest.mark.rule("P13.11")
async def test_a_month_with_bookings_is_owed_its_closing_by_the_fifth_working_day_after_it(staff: Stage) -> None:
    await send(staff, command())
    await send(staff, command())

    async def owed() -> list[WorkItem]:
        said = [t.message for t in await staff.outbox(WorkItem)]
        return [w for w in said if isinstance(w, WorkItem) and w.kind == "close_conduct_month"]

    (item,) = await owed()
    assert (item.role, item.place, item.state) == ("hr_admin_manager", "sh-pudong", WorkState.OPEN)
    # the 4th to the 6th of April are Qingming: the fifth working day is the 9th
    assert item.due_at is not None
    assert item.due_at.isoformat() == "2026-04-09T10:00:00+00:00"
    clock_of(staff).at("2026-04-07 10:00")
    assert (await close(staff, "2026-03")).status_code == 200
    assert [w.state for w in await owed()] == [WorkState.OPEN, WorkState.DONE]


@pytest.mark.rule("P13.11")
async def test_months_are_closed_in_their_order_and_one_without_bookings_before_a_closed_one_is_closed_too(
    staff: Stage,
) -> None:
    await send(staff, command(decided_at=decided(20, month=2)))
    clock_of(staff).at("2026-05-11 10:00")
    refused = await close(staff, "2026-04")
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/earlier-open")
    assert [(await close(staff, month)).status_code for month in ("2026-02", "2026-04")] == [200, 200]
    await send(staff, command(decided_at=decided(10)))
    lines = (await statement(staff, ADVISER, "2026-05")).json()["lines"]
    assert [line["decided_month"] for line in lines] == ["2026-03"]


@pytest.mark.rule("P04.11")
async def test_no_more_than_all_of_a_months_performance_pay_goes(staff: Stage) -> None:
    for case in ("case-1", "case-2"):
        await send(staff, command("misconduct_4", rule="P04.11", subject=case))
    found = (await statement(staff, ADVISER)).json()
    assert [line["cost"]["performance_pay"] for line in found["lines"]] == [100, 100]
    assert found["month_totals"]["performance_pay"] == 100
    assert (await statement(staff, "hr-1", query="?branch=sh-pudong")).json()["month_totals"]["performance_pay"] is None


@pytest.mark.rule("P04.11")
async def test_pay_that_did_not_go_is_not_given_back(staff: Stage) -> None:
    cases = [await send(staff, command("misconduct_4", rule="P04.11", subject=case)) for case in ("case-1", "case-2")]
    clock_of(staff).at("2026-04-07 10:00")
    await close(staff, "2026-03")
    left = []
    for n, breach in enumerate(cases):
        async with staff.client(subject="director-1") as director:
            body = {"reason": "wrong_facts", "text": "事实不符"}
            await director.post(f"/v1/conduct/breaches/{breach}/withdraw", json=body)
        assert (await sign(staff, breach, "gm-1")).status_code == 200
        found = (await statement(staff, ADVISER, "2026-04")).json()
        assert [line["cost"]["performance_pay"] for line in found["lines"]] == [-100] * (n + 1)
        left.append(found["month_totals"]["performance_pay"])
    assert left == [0, -100]


@pytest.mark.parametrize(("who", "branch", "status"), [("gm-1", "sh-pudong", 403), ("hr-1", "bj-chaoyang", 404)])
async def test_only_hr_and_finance_close_and_only_their_own_branch(
    staff: Stage, who: str, branch: str, status: int
) -> None:
    clock_of(staff).at("2026-04-07 10:00")
    assert (await close(staff, "2026-03", who, branch)).status_code == status


@pytest.mark.rule("P13.11")
async def test_booking_and_closing_at_once_never_put_a_line_into_a_closed_month(staff: Stage) -> None:
    clock_of(staff).at("2026-04-07 10:00")
    sent = [command(person=f"person-{n}", decided_at=decided(2)) for n in range(8)]
    for one in sent:
        await hire(staff, one.person, "service_adviser@sh-pudong")

    booking = [send(staff, one) for one in sent]
    await asyncio.gather(*booking[:4], close(staff, "2026-03"), *booking[4:])
    before = (await statement(staff, "gm-1", query="?branch=sh-pudong")).json()
    await send(staff, command(person="person-0", decided_at=decided(3)))
    after = (await statement(staff, "gm-1", query="?branch=sh-pudong")).json()
    assert after == before
    assert before["closed_at"] is not None
    assert [await fine_of(staff, one.breach_id) for one in sent] == [50] * 8


@pytest.mark.rule("P13.11")
async def test_the_months_of_a_branch_are_listed_to_who_answers_for_it(staff: Stage) -> None:
    await send(staff, command(decided_at=decided(20, month=2)))
    await send(staff, command())
    await close(staff, "2026-02")
    async with staff.client(subject="finance-1") as finance:
        months = (await finance.get("/v1/conduct/months?branch=sh-pudong")).json()
    assert [(one["month"], one["closed_by"]) for one in months] == [("2026-03", None), ("2026-02", "hr-1")]
    async with staff.client(subject=ADVISER) as adviser:
        assert (await adviser.get("/v1/conduct/months?branch=sh-pudong")).status_code == 404
