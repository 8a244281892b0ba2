"""Branches and the calendar: opened once, changed by whom it concerns, told to everybody who counts days."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
import staff
from alembic.script import ScriptDirectory
from chassis.kit.stage import Stage
from contracts.staff import BranchEntry, CalendarYear
from policy.calendar import decreed
from staff.calendar.known_years import enter_known_years

from ..builders import ADMIN, joined, opened

CHANGED = {"title": "浦东店", "kind": "dealership", "profile": "dealership", "region": "east"}


@pytest.mark.rule("P04.2")
async def test_a_branch_is_opened_with_its_complaint_channels_and_told(stage: Stage) -> None:
    made = await opened(stage, complaint_phone="021-5555 0000", complaint_mailbox="complaints@pudong.example")
    async with stage.client("technician@bj-chaoyang") as anyone:
        seen = (await anyone.get(made["path"])).json()
    assert (seen["complaint_phone"], seen["complaint_mailbox"]) == ("021-5555 0000", "complaints@pudong.example")
    (told,) = await stage.outbox(BranchEntry)
    assert isinstance(told.message, BranchEntry)
    assert (told.topic, told.sequence, told.message.profile, told.message.region) == (
        "staff.state", 1, "dealership", "east"
    )  # fmt: skip
    assert told.message.title == made["title"]
    assert [one.model_dump() for one in told.message.departments or []] == made["departments"] != []


async def test_what_a_branch_is_called_is_told_of_those_that_were_there_before(stage: Stage) -> None:
    await opened(stage, week=[["09:00-17:00"]] * 6 + [[]], closed=["2026-05-04"])
    script = ScriptDirectory(str(Path(staff.__file__).parents[1] / "migrations")).get_revision("0004")
    await stage.rows(script.module.STATEMENTS)
    before, told = await stage.outbox(BranchEntry)
    assert (before.sequence, told.sequence, told.key) == (1, 2, before.key)
    assert told.message == before.message


async def test_a_branch_is_opened_once_however_many_ask(stage: Stage) -> None:
    form = {"branch": "hz-1", "title": "杭州一店", "kind": "store", "profile": "retail"}
    async with stage.client(ADMIN) as admin:
        answers = await asyncio.gather(*[admin.post("/v1/branches", json=form) for _ in range(6)])
        reserved = await admin.post("/v1/branches", json={**form, "branch": "group"})
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 5
    assert reserved.status_code == 422
    assert len(await stage.outbox(BranchEntry)) == 1


async def test_who_runs_a_branch_changes_its_hours_and_not_its_profile(stage: Stage) -> None:
    made = await opened(stage)
    week = [["09:00-17:00"]] * 6 + [[]]
    hours = {**CHANGED, "week": week, "closed": ["2026-05-04"], "opened": ["2026-05-03"],
             "departments": made["departments"]}  # fmt: skip
    async with stage.client("general_manager@sh-pudong") as manager:
        kept = await manager.put(made["path"], json=hours, headers={"If-Match": '"1"'})
        late = await manager.put(made["path"], json=hours, headers={"If-Match": '"1"'})
        profile = await manager.put(made["path"], json={**hours, "profile": "retail"})
    async with stage.client("general_manager@bj-chaoyang") as other:
        outside = await other.put(made["path"], json=hours)
    assert (kept.status_code, late.status_code, profile.status_code, outside.status_code) == (200, 412, 403, 404)
    told = (await stage.outbox(BranchEntry))[-1]
    assert isinstance(told.message, BranchEntry)
    assert (told.sequence, told.message.week, str(told.message.closed[0])) == (2, week, "2026-05-04")


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"week": [["09:00-08:00"]] * 7}, "/week"),
        ({"week": [["nine"]] * 7}, "/week"),
        ({"week": [[]] * 7}, "/week"),
        ({"closed": ["2026-05-04"], "opened": ["2026-05-04"]}, "/opened"),
        ({"departments": [{"department": "a", "title": "A"}] * 2}, "/departments"),
        ({"complaint_mailbox": " "}, "/complaint_mailbox"),
    ],
)
async def test_what_no_branch_can_be_is_refused_with_the_place(
    stage: Stage, wrong: dict[str, Any], pointer: str
) -> None:
    made = await opened(stage)
    async with stage.client(ADMIN) as admin:
        answer = await admin.put(made["path"], json={**CHANGED, **wrong})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)


async def test_a_department_where_people_work_stays(stage: Stage) -> None:
    made = await opened(stage)
    await joined(stage, "head-1", "department_head@sh-pudong/sales", department="after_sales")
    async with stage.client(ADMIN) as admin:
        answer = await admin.put(made["path"], json=CHANGED)
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/department-in-use")
    assert "after_sales, sales" in answer.json()["detail"]


async def test_a_department_that_somebody_moves_to_stays(stage: Stage) -> None:
    made = await opened(stage)
    person = await joined(stage, "adviser-1")
    async with stage.client(ADMIN) as admin:
        ahead = {"branch": "sh-pudong", "department": "sales", "at": "2099-01-01T00:00:00+08:00"}
        assert (await admin.post(f"{person['path']}/move", json=ahead)).status_code == 200
        answer = await admin.put(made["path"], json=CHANGED)
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/department-in-use")


async def test_branches_are_listed_by_area_and_profile_in_parts(stage: Stage) -> None:
    await opened(stage)
    await opened(stage, "hz-1", profile="retail", kind="store")
    await opened(stage, "bj-1", region="north")
    async with stage.client("call_centre@group") as agent:
        page = (await agent.get("/v1/branches?limit=2")).json()
        rest = (await agent.get(f"/v1/branches?limit=2&cursor={page['next']}")).json()
        east = (await agent.get("/v1/branches?region=east&profile=retail")).json()["items"]
    assert [one["branch"] for one in page["items"] + rest["items"]] == ["bj-1", "hz-1", "sh-pudong"]
    assert rest["next"] is None
    assert [one["branch"] for one in east] == ["hz-1"]


# -- calendar ------------------------------------------------------------------------------------


async def test_the_years_that_the_package_knows_are_entered_once(stage: Stage) -> None:
    first, second = await asyncio.gather(enter_known_years(stage.runtime), enter_known_years(stage.runtime))
    told = [one.message for one in await stage.outbox(CalendarYear)]
    years = [one.year for one in told if isinstance(one, CalendarYear)]
    assert sorted(years) == sorted(set(years))
    assert set(first) | set(second) == set(years)
    assert 2026 in years


@pytest.mark.rule("P04.9")
async def test_a_new_year_is_entered_as_it_was_decreed_and_told_when_it_changes(stage: Stage) -> None:
    known = decreed(2026)
    assert known is not None
    days = [{"date": d["date"], "off": d["off"], "holiday": d["name"]} for d in known.rows()]
    async with stage.client(ADMIN) as admin:
        first = await admin.put("/v1/calendar/years/2026", json={"source": "notice", "days": days})
        same = await admin.put("/v1/calendar/years/2026", json={"source": "notice", "days": days})
        fewer = await admin.put("/v1/calendar/years/2026", json={"source": "notice", "days": days[:-1]})
        listed = (await admin.get("/v1/calendar/years")).json()
    assert [answer.status_code for answer in (first, same, fewer)] == [200, 200, 200]
    assert [one.sequence for one in await stage.outbox(CalendarYear)] == [1, 2]
    assert (listed[0]["year"], len(listed[0]["days"])) == (2026, len(days) - 1)


async def test_a_year_that_somebody_corrected_is_not_overwritten_by_the_package(stage: Stage) -> None:
    day = {"date": "2026-01-01", "off": True, "holiday": "元旦"}
    async with stage.client(ADMIN) as admin:
        await admin.put("/v1/calendar/years/2026", json={"source": "notice", "days": [day]})
        assert 2026 not in await enter_known_years(stage.runtime)
        listed = (await admin.get("/v1/calendar/years")).json()
    assert [(one["source"], len(one["days"])) for one in listed if one["year"] == 2026] == [("notice", 1)]


@pytest.mark.parametrize(
    ("day", "code"),
    [
        ({"date": "2027-01-01", "off": True, "holiday": "元旦"}, "not_belonging"),
        ({"date": "2026-01-01", "off": True, "holiday": "元旦"}, "duplicate"),
        ({"date": "2026-03-02", "off": False, "holiday": "春节"}, "weekend"),
    ],
    ids=["of another year", "named twice", "a weekday worked instead"],
)
async def test_days_that_no_decree_can_name_are_refused(stage: Stage, day: dict[str, Any], code: str) -> None:
    first = {"date": "2026-01-01", "off": True, "holiday": "元旦"}
    async with stage.client(ADMIN) as admin:
        answer = await admin.put("/v1/calendar/years/2026", json={"source": "notice", "days": [first, day]})
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["pointer"], error["code"]) == (422, "/days/1", code)
    async with stage.client("general_manager@sh-pudong") as manager:
        assert (
            await manager.put("/v1/calendar/years/2026", json={"source": "notice", "days": [day]})
        ).status_code == 403
