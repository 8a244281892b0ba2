"""The rota: only who holds the role is on duty, nobody twice at once, and a week is carried over whole."""

from __future__ import annotations

import asyncio
from datetime import date, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from chassis.kit.stage import Stage
from contracts.staff import RotaEntry
from policy.calendar import ZONE
from policy.kit import Clock
from staff.rota.tables import rotas

from ..builders import joined, opened

SUPERVISOR = "customer_service_supervisor@sh-pudong"
MONDAY = "2026-12-07"


def shift(person: str, from_time: str = "08:00", until_time: str = "16:00") -> dict[str, str]:
    return {"person": person, "from_time": from_time, "until_time": until_time}


async def put(stage: Stage, *shifts: dict[str, str], by: str = SUPERVISOR, **changes: Any) -> Any:
    form = {"role": "service_agent", "place": "sh-pudong", "date": MONDAY, "shifts": list(shifts), **changes}
    async with stage.client(by, subject="supervisor") as supervisor:
        return await supervisor.put("/v1/rota", json=form)


async def staffed(stage: Stage) -> None:
    await opened(stage)
    await joined(stage, "a", "service_agent@sh-pudong", "order_agent@sh-pudong")
    await joined(stage, "b", "service_agent@area:east")


async def told(stage: Stage) -> list[RotaEntry]:
    return [one.message for one in await stage.outbox(RotaEntry) if isinstance(one.message, RotaEntry)]


@pytest.mark.rule("P06.2")
async def test_a_day_is_set_and_told_with_its_instants(stage: Stage) -> None:
    await staffed(stage)
    answer = await put(stage, shift("b", "22:00", "06:00"), shift("a"))
    assert answer.status_code == 200, answer.text
    (entry,) = await told(stage)
    assert (entry.role, entry.place, str(entry.date)) == ("service_agent", "sh-pudong", MONDAY)
    assert [(one.person, one.from_at.isoformat(), one.until_at.isoformat()) for one in entry.shifts] == [
        ("a", "2026-12-07T00:00:00+00:00", "2026-12-07T08:00:00+00:00"),
        ("b", "2026-12-07T14:00:00+00:00", "2026-12-07T22:00:00+00:00"),
    ]
    await put(stage, shift("b", "22:00", "06:00"), shift("a"))
    await put(stage)
    assert [len(one.shifts) for one in await told(stage)] == [2, 0]
    assert [one.sequence for one in await stage.outbox(RotaEntry)] == [1, 2]


@pytest.mark.rule("P06.2")
@pytest.mark.parametrize(
    ("shifts", "code"),
    [
        ([shift("a"), shift("a", "15:00", "17:00")], "on_duty"),
        ([shift("b"), shift("nobody")], "no_such_person"),
        ([shift("b"), shift("admin-1")], "without_role"),
        ([shift("b"), shift("soon")], "without_role"),
        ([shift("b"), shift("gone")], "no_such_person"),
    ],
)
async def test_who_cannot_be_on_duty_is_refused_by_the_number_of_the_shift(
    stage: Stage, shifts: list[dict[str, str]], code: str
) -> None:
    await staffed(stage)
    await joined(stage, "admin-1", "front_desk@sh-pudong")
    ahead = {"role": "service_agent", "place": "sh-pudong", "from_at": "2026-12-07T09:00:00+08:00"}
    await joined(stage, "soon", roles=[ahead])
    gone = await joined(stage, "gone", "service_agent@sh-pudong")
    async with stage.client("administrator@group") as admin:
        await admin.post(f"{gone['path']}/departure", json={})
    answer = await put(stage, *shifts)
    assert (answer.status_code, answer.json()["rules"]) == (422, ["P06.2"])
    (error,) = answer.json()["errors"]
    assert (error["pointer"], error["code"]) == ("/shifts/1", code)
    assert await told(stage) == []


async def test_nobody_is_on_duty_in_two_places_or_after_a_night(stage: Stage) -> None:
    await staffed(stage)
    assert (await put(stage, shift("a", "22:00", "06:00"))).status_code == 200
    other_role = await put(stage, shift("a", "23:00", "23:30"), role="order_agent")
    next_day = await put(stage, shift("a", "05:00", "12:00"), date="2026-12-08")
    after = await put(stage, shift("a", "06:00", "12:00"), date="2026-12-08")
    assert [answer.status_code for answer in (other_role, next_day, after)] == [422, 422, 200]


async def test_two_who_put_the_same_person_on_duty_at_once_do_it_once(stage: Stage) -> None:
    await staffed(stage)
    answers = await asyncio.gather(put(stage, shift("a")), put(stage, shift("a"), role="order_agent"))
    assert sorted(answer.status_code for answer in answers) == [200, 422]


@pytest.mark.rule("P06.9")
async def test_a_week_is_carried_over_whole_or_not_at_all(stage: Stage) -> None:
    await staffed(stage)
    await put(stage, shift("a", "22:00", "06:00"))
    await put(stage, shift("b"), date="2026-12-08")
    form = {"role": "service_agent", "place": "sh-pudong", "from_monday": MONDAY, "to_monday": "2026-12-14"}
    async with stage.client(SUPERVISOR, subject="supervisor") as supervisor:
        copied = await supervisor.post("/v1/rota/copy-week", json=form)
        again = await supervisor.post("/v1/rota/copy-week", json=form)
        no_monday = await supervisor.post("/v1/rota/copy-week", json={**form, "to_monday": "2026-12-15"})
        same = await supervisor.post("/v1/rota/copy-week", json={**form, "to_monday": MONDAY})
        assert [answer.status_code for answer in (copied, again, no_monday, same)] == [200, 200, 422, 422]
        codes = [[one["code"] for one in answer.json()["errors"]] for answer in (no_monday, same)]
        assert codes == [["monday"], ["same"]]
        assert [day["date"] for day in copied.json()] == ["2026-12-14", "2026-12-15"]
        assert copied.json()[0]["shifts"][0]["from_at"] == "2026-12-14T22:00:00+08:00"
        before = len(await told(stage))
        assert before == 4
        await put(stage, shift("b", "10:00", "11:00"), date="2026-12-22", place="sh-pudong/sales")
        refused = await supervisor.post("/v1/rota/copy-week", json={**form, "to_monday": "2026-12-21"})
        assert refused.status_code == 422
        page = (await supervisor.get(f"/v1/rota?from_date={MONDAY}&role=service_agent&limit=3")).json()
        rest = (await supervisor.get(f"/v1/rota?from_date={MONDAY}&limit=3&cursor={page['next']}")).json()
        week = (await supervisor.get(f"/v1/rota?from_date={MONDAY}&until_date=2026-12-08")).json()["items"]
    assert [day["date"] for day in page["items"] + rest["items"]] == [
        MONDAY, "2026-12-08", "2026-12-14", "2026-12-15", "2026-12-22"
    ]  # fmt: skip
    assert len(week) == 2


async def test_a_rota_is_set_within_reach_and_seen_within_reach(stage: Stage) -> None:
    await staffed(stage)
    await opened(stage, "bj-1", region="north")
    assert (await put(stage, shift("a"), by="customer_service_supervisor@bj-1")).status_code == 403
    assert (await put(stage, shift("a"), by="technician@sh-pudong")).status_code == 403
    assert (await put(stage, shift("a"), place="nowhere")).status_code == 422
    await put(stage, shift("a"))
    for place, count in (("sh-pudong", 1), ("bj-1", 0)):
        async with stage.client(f"technician@{place}") as anyone:
            assert len((await anyone.get(f"/v1/rota?from_date={MONDAY}")).json()["items"]) == count


@pytest.mark.rule("P01.9")
@pytest.mark.parametrize(
    ("act", "form"),
    [
        ("departure", {}),
        ("departure", {"at": "2026-12-07T16:00:00+08:00"}),
        ("move", {"branch": "bj-1"}),
        ("grants/{grant}/end", {}),
    ],
)
async def test_who_holds_the_role_no_more_is_taken_off_later_shifts(
    stage: Stage, act: str, form: dict[str, Any]
) -> None:
    stage.runtime.clock = Clock(datetime(2026, 11, 30, 9, 15, tzinfo=ZONE))
    await staffed(stage)
    await opened(stage, "bj-1", region="north")
    person = await joined(stage, "c", "service_agent@sh-pudong", "order_agent@group")
    days = ("2026-12-06", MONDAY, "2026-12-08")
    for day in days:
        assert (await put(stage, shift("b"), shift("c"), date=day)).status_code == 200
    assert (await put(stage, shift("c", "17:00", "18:00"), date="2026-12-09", role="order_agent")).status_code == 200
    path = f"{person['path']}/{act.format(grant=person['grants'][0]['id'])}"
    async with stage.client("administrator@group", subject="admin") as admin:
        answer = await admin.post(path, json=form)
        assert answer.status_code == 200, answer.text
    last = {(str(one.role), str(one.date)): [shift.person for shift in one.shifts] for one in await told(stage)}
    until = MONDAY if "at" in form else ""
    assert [last["service_agent", day] for day in days] == [["b", "c"] if day <= until else ["b"] for day in days]
    assert last["order_agent", "2026-12-09"] == (["c"] if act.startswith("grants") else [])


async def test_the_lists_of_50_000_days_are_read_from_an_index(stage: Stage) -> None:
    await stage.rows("""
        INSERT INTO rotas (id, role, place, branch, date, shifts, set_by, version, sequence)
        SELECT gen_random_uuid(), 'service_agent', 'branch-' || n % 200, 'branch-' || n % 200,
            date '2024-01-01' + n / 200, '[]', 'test', 1, 1 FROM generate_series(1, 50000) AS n
    """)
    r = rotas.c
    day = date(2025, 1, 1)
    queries = {
        "everywhere": sa.select(r.id).where(r.date >= day).order_by(r.date, r.id).limit(51),
        "a branch": sa.select(r.id).where(r.branch == "branch-7", r.date >= day).order_by(r.date, r.id).limit(51),
    }
    for name, query in queries.items():
        plan = await stage.plan(query)
        assert "Seq Scan" not in plan, f"{name}: {plan}"
