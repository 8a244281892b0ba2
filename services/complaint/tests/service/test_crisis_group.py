"""The crisis group: convened by the general manager, its decisions sealed, its tasks owed, nobody excluded in it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from chassis.kit.stage import Stage
from contracts.work import WorkItem, WorkState
from policy.kit import Clock, hire

from .test_serious import as_, ladder, now, serious, stage, step_of, taken  # noqa: F401

MEMBERS = {"members": ["head-1", "legal-1"]}


def minutes(stage: Stage, **changes: Any) -> dict[str, Any]:  # noqa: F811
    return {
        "held_at": now(stage).isoformat(),
        "present": ["gm-1", "head-1"],
        "minutes": "王小芳要求换车, 讨论应对口径",
        "decisions": ["免费更换变速箱"],
        "tasks": [{"person": "head-1", "what": "当面向王小芳致歉", "within": "1 working day"}],
        **changes,
    }


async def tasks(stage: Stage) -> list[WorkItem]:  # noqa: F811
    told = [t.message for t in await stage.outbox(WorkItem)]
    return [one for one in told if isinstance(one, WorkItem) and one.kind == "serious.task"]


@pytest.mark.rule("P12.7")
async def test_the_general_manager_convenes_and_the_duty_is_met(stage: Stage) -> None:  # noqa: F811
    case, _ = await serious(stage)
    path = f"{case['path']}/crisis-group"
    assert (await as_(stage, "relations-1", "POST", path, json=MEMBERS)).status_code == 403
    assert (await as_(stage, "gm-2", "POST", path, json=MEMBERS)).status_code == 404
    made = await as_(stage, "gm-1", "POST", path, json=MEMBERS)
    assert made.status_code == 200, made.text
    assert made.json()["members"] == ["gm-1", "head-1", "legal-1"]
    step = step_of(await ladder(stage, case), "crisis_group")
    assert (step["state"], step["confirmed_by"]) == ("met", "gm-1")
    more = await as_(stage, "gm-1", "POST", path, json={"members": ["vp-1", "head-1"]})
    assert more.json()["members"] == ["gm-1", "head-1", "legal-1", "vp-1"]
    plain = await taken(stage, phone="13900139000")
    refused = await as_(stage, "gm-1", "POST", f"{plain['path']}/crisis-group", json=MEMBERS)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/not-serious")


@pytest.mark.rule("P12.7")
async def test_decisions_are_sealed_and_tasks_are_owed_until_they_are_done(stage: Stage) -> None:  # noqa: F811
    case, _ = await serious(stage)
    path = f"{case['path']}/crisis-group"
    await as_(stage, "gm-1", "POST", path, json=MEMBERS)
    held = await as_(stage, "legal-1", "POST", f"{path}/meetings", json=minutes(stage))
    assert held.status_code == 201, held.text
    assert held.json()["meetings"][0]["decisions"] == ["免费更换变速箱"]
    (owed,) = await tasks(stage)
    assert (owed.person, owed.state, owed.subject) == ("head-1", WorkState.OPEN, case["id"])
    assert owed.why_due is not None
    assert owed.why_due.startswith("1 working day from 2026-03-02 09:15, because P12.7")
    rows = await stage.rows("SELECT sealed FROM crisis_meetings UNION ALL SELECT sealed FROM crisis_tasks")
    assert all("王小芳".encode() not in row["sealed"] for row in rows)
    assert "致歉" not in str([t.message for t in await stage.outbox()])
    task = held.json()["tasks"][0]["id"]
    assert (await as_(stage, "legal-1", "POST", f"{path}/tasks/{task}/done")).status_code == 404
    done = await as_(stage, "head-1", "POST", f"{path}/tasks/{task}/done")
    assert done.json()["tasks"][0]["done_at"] is not None
    assert (await tasks(stage))[-1].state == WorkState.DONE
    again = await as_(stage, "head-1", "POST", f"{path}/tasks/{task}/done")
    assert (again.status_code, again.json()["type"]) == (409, "/problems/task-done")


@pytest.mark.rule("P12.2")
@pytest.mark.rule("P12.7")
async def test_an_excluded_person_is_in_no_crisis_group_and_reads_none(stage: Stage) -> None:  # noqa: F811
    await hire(stage, "head-2", "department_head@sh-pudong")
    case, _ = await serious(stage)
    path = f"{case['path']}/crisis-group"
    await as_(stage, "gm-1", "POST", path, json={"members": ["head-1", "head-2"]})
    await stage.rows("UPDATE cases SET respondent = 'head-2' WHERE id = $1 RETURNING id", UUID(case["id"]))
    assert (await as_(stage, "head-2", "GET", path)).status_code == 404
    for refused in (
        await as_(stage, "gm-1", "POST", path, json={"members": ["head-2"]}),
        await as_(stage, "gm-1", "POST", f"{path}/meetings", json=minutes(stage, present=["gm-1", "head-2"])),
    ):
        assert (refused.status_code, refused.json()["type"]) == (409, "/problems/excluded")
        assert "head-2" not in refused.text


@pytest.mark.rule("P12.7")
async def test_who_does_not_belong_neither_reads_nor_is_recorded(stage: Stage) -> None:  # noqa: F811
    case, _ = await serious(stage)
    path = f"{case['path']}/crisis-group"
    assert (await as_(stage, "gm-1", "GET", path)).status_code == 404
    await as_(stage, "gm-1", "POST", path, json=MEMBERS)
    assert (await as_(stage, "relations-1", "GET", path)).status_code == 404
    assert (await as_(stage, "legal-1", "GET", path)).status_code == 200
    stranger = await as_(stage, "gm-1", "POST", f"{path}/meetings", json=minutes(stage, present=["ceo-1"]))
    assert (stranger.status_code, stranger.json()["type"]) == (409, "/problems/not-in-the-group")
    future = minutes(stage, held_at="2027-01-01T00:00:00Z")
    assert (await as_(stage, "gm-1", "POST", f"{path}/meetings", json=future)).status_code == 422


@pytest.mark.rule("P12.7")
async def test_a_meeting_in_the_minute_of_the_call_is_recorded_and_one_before_it_is_not(stage: Stage) -> None:  # noqa: F811
    stage.runtime.clock = Clock(now(stage) + timedelta(seconds=40))
    case, _ = await serious(stage)
    path = f"{case['path']}/crisis-group"
    await as_(stage, "gm-1", "POST", path, json=MEMBERS)
    minute = now(stage).replace(second=0, microsecond=0)
    before = minutes(stage, held_at=(minute - timedelta(minutes=1)).isoformat())
    assert (await as_(stage, "gm-1", "POST", f"{path}/meetings", json=before)).status_code == 422
    within = minutes(stage, held_at=minute.isoformat())
    recorded = await as_(stage, "gm-1", "POST", f"{path}/meetings", json=within)
    assert recorded.status_code == 201, recorded.text
