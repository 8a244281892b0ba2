"""Leave and delegation: others act meanwhile, by their own names, and nobody passes on what is not his."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

import pytest
from chassis.kit.at_work import at_work
from chassis.kit.eventually import eventually
from chassis.kit.stage import Stage
from contracts.roles import Role
from contracts.staff import PersonEntry
from policy.calendar import ZONE
from policy.directory import Directory
from policy.kit import Clock

from ..builders import ADMIN, joined, opened

FROM, UNTIL = "2026-03-09T00:00:00+08:00", "2026-03-14T00:00:00+08:00"


@pytest.fixture
def clock(stage: Stage) -> Clock:
    """Monday morning, and it stands."""
    clock = Clock(datetime(2026, 3, 2, 9, 15, tzinfo=ZONE))
    stage.runtime.clock = clock
    return clock


async def post(stage: Stage, path: str, body: dict[str, Any], *grants: str, subject: str = "admin") -> Any:
    async with stage.client(*(grants or (ADMIN,)), subject=subject) as caller:
        return await caller.post(path, json=body)


def to(subject: str, role: str = "general_manager", place: str = "sh-pudong") -> dict[str, str]:
    return {"role": role, "place": place, "to": subject}


async def two(stage: Stage) -> dict[str, Any]:
    """A general manager, and somebody who can act."""
    await opened(stage)
    manager = await joined(stage, "gm-1", "general_manager@sh-pudong")
    await joined(stage, "gm-2", "department_head@sh-pudong")
    return manager


async def last(stage: Stage, subject: str) -> PersonEntry:
    told = [one.message for one in await stage.outbox(PersonEntry)]
    return [one for one in told if isinstance(one, PersonEntry) and one.subject == subject][-1]


async def is_now(stage: Stage, subject: str, employment: str) -> bool:
    return bool((await last(stage, subject)).employment == employment)


@pytest.mark.rule("P06.9")
async def test_while_somebody_is_on_leave_another_acts_in_his_name(stage: Stage, clock: Clock) -> None:
    manager = await two(stage)
    form = {"from_at": FROM, "until_at": UNTIL, "delegations": [to("gm-2")]}
    answer = await post(stage, f"{manager['path']}/leaves", form, "technician@sh-pudong", subject="gm-1")
    assert answer.status_code == 201, answer.text
    assert (answer.json()["state"], answer.json()["delegated"][0]["on_behalf_of"]) == ("planned", "gm-1")
    async with at_work(stage.runner()):
        for instant, employment, acting in (
            ("2026-03-09 00:00", "on_leave", {"gm-2": "gm-1"}),
            ("2026-03-14 00:00", "active", {"gm-1": None}),
        ):
            clock.at(instant)
            await eventually(lambda e=employment: is_now(stage, "gm-1", e))  # type: ignore[misc]
            assert await acts(stage, clock) == acting
    async with stage.client(ADMIN) as admin:
        (listed,) = (await admin.get(f"{manager['path']}/leaves")).json()["items"]
    assert listed["state"] == "ended"


async def acts(stage: Stage, clock: Clock) -> dict[str, str | None]:
    """Who acts as general manager now, as every service knows it."""
    told = [one.message for one in await stage.outbox(PersonEntry)]
    for n, entry in enumerate(told):
        assert isinstance(entry, PersonEntry)
        await stage.receive(entry, key=str(entry.person_id), sequence=n + 1)
    directory = Directory.of(stage.runtime)
    await directory.refresh()
    return directory.holders(Role.GENERAL_MANAGER, ["sh-pudong"], clock.now)


async def test_who_comes_back_early_acts_again_at_once(stage: Stage, clock: Clock) -> None:
    manager = await two(stage)
    leave = (await post(stage, f"{manager['path']}/leaves", {"until_at": UNTIL, "delegations": [to("gm-2")]})).json()
    assert leave["state"] == "running"
    assert await acts(stage, clock) == {"gm-2": "gm-1"}
    clock.later(days=1)
    outside = await post(stage, f"{leave['path']}/end", {}, "hr_admin@bj-1", subject="hr")
    back = await post(stage, f"{leave['path']}/end", {}, "technician@sh-pudong", subject="gm-1")
    again = await post(stage, f"{leave['path']}/end", {})
    assert (outside.status_code, back.status_code, again.status_code) == (404, 200, 409)
    assert back.json()["state"] == "ended"
    assert await acts(stage, clock) == {"gm-1": None}
    clock.at("2026-03-14 00:00")
    async with at_work(stage.runner()):
        await eventually(lambda: no_job(stage))
    assert await is_now(stage, "gm-1", "active")


async def no_job(stage: Stage) -> bool:
    return not await stage.rows("SELECT 1 FROM kehu.jobs WHERE state = 'waiting'")


async def test_a_leave_that_is_cancelled_never_begins(stage: Stage, clock: Clock) -> None:
    manager = await two(stage)
    form = {"from_at": FROM, "until_at": UNTIL, "delegations": [to("gm-2")]}
    leave = (await post(stage, f"{manager['path']}/leaves", form)).json()
    assert (await post(stage, f"{leave['path']}/end", {})).json()["state"] == "cancelled"
    clock.at("2026-03-10 09:00")
    async with at_work(stage.runner()):
        await eventually(lambda: jobs_left(stage, 1))
    assert await acts(stage, clock) == {"gm-1": None}


async def jobs_left(stage: Stage, count: int) -> bool:
    return len(await stage.rows("SELECT 1 FROM kehu.jobs WHERE state = 'waiting'")) == count


@pytest.mark.rule("P05.19")
@pytest.mark.parametrize(
    ("delegation", "problem"),
    [
        (to("gm-2", "legal"), "not-theirs"),
        (to("gm-2", place="group"), "not-theirs"),
        (to("gm-1"), "not-to-them"),
        (to("nobody"), "not-to-them"),
        (to("gone"), "has-left"),
        (to("leaving"), "has-left"),
        (to("away"), "not-to-them"),
    ],
)
async def test_a_delegation_that_cannot_be_is_refused(
    stage: Stage, clock: Clock, delegation: dict[str, str], problem: str
) -> None:
    manager = await two(stage)
    gone, leaving, away = [await joined(stage, subject) for subject in ("gone", "leaving", "away")]
    await post(stage, f"{gone['path']}/departure", {})
    await post(stage, f"{leaving['path']}/departure", {"at": "2026-03-12T00:00:00+08:00"})
    await post(stage, f"{away['path']}/leaves", {"from_at": FROM, "until_at": UNTIL})
    form = {"from_at": FROM, "until_at": UNTIL, "delegations": [delegation]}
    for path in ("leaves", "delegations"):
        answer = await post(stage, f"{manager['path']}/{path}", form)
        assert (answer.status_code, answer.json()["type"]) == (409, f"/problems/{problem}"), answer.text
    assert len(await stage.rows("SELECT 1 FROM leaves")) == 1


@pytest.mark.rule("P05.19")
async def test_what_was_delegated_is_not_passed_on(stage: Stage, clock: Clock) -> None:
    manager = await two(stage)
    other = await joined(stage, "gm-3")
    given = await post(stage, f"{manager['path']}/delegations", {"until_at": UNTIL, "delegations": [to("gm-3")]})
    assert given.status_code == 201, given.text
    chain = await post(stage, f"{other['path']}/delegations", {"until_at": UNTIL, "delegations": [to("gm-2")]})
    assert (chain.status_code, chain.json()["type"]) == (409, "/problems/not-theirs")
    assert sorted(await acts(stage, clock)) == ["gm-1", "gm-3"]


async def test_a_delegation_ends_by_either_side_and_with_the_role_itself(stage: Stage, clock: Clock) -> None:
    manager = await two(stage)
    path = f"{manager['path']}/delegations"
    form = {"until_at": UNTIL, "delegations": [to("gm-2")]}
    for by in ("gm-1", "gm-2"):
        (given,) = (await post(stage, path, form, "technician@sh-pudong", subject="gm-1")).json()
        stranger = await post(stage, f"/v1/delegations/{given['id']}/end", {}, "technician@sh-pudong", subject="x")
        ended = await post(stage, f"/v1/delegations/{given['id']}/end", {}, "technician@sh-pudong", subject=by)
        again = await post(stage, f"/v1/delegations/{given['id']}/end", {}, "technician@sh-pudong", subject=by)
        assert (stranger.status_code, ended.status_code, again.status_code) == (404, 200, 409)
    await post(stage, path, form)
    assert sorted(await acts(stage, clock)) == ["gm-1", "gm-2"]
    await post(stage, f"{manager['path']}/grants/{manager['grants'][0]['id']}/end", {})
    assert await acts(stage, clock) == {}


@pytest.mark.rule("P01.9")
async def test_when_somebody_leaves_nobody_acts_for_him_any_more(stage: Stage, clock: Clock) -> None:
    manager = await two(stage)
    form = {"until_at": UNTIL, "delegations": [to("gm-2")]}
    await post(stage, f"{manager['path']}/delegations", form)
    await post(stage, f"{manager['path']}/departure", {})
    assert await acts(stage, clock) == {}


async def test_of_several_leaves_planned_at_once_for_the_same_days_one_is_kept(stage: Stage, clock: Clock) -> None:
    manager = await two(stage)
    form = {"from_at": FROM, "until_at": UNTIL, "delegations": [to("gm-2")]}
    answers = await asyncio.gather(*[post(stage, f"{manager['path']}/leaves", form) for _ in range(6)])
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 5
    assert len(await stage.rows("SELECT 1 FROM grants WHERE on_behalf_of = 'gm-1'")) == 1


async def test_nobody_plans_the_leave_of_others_beyond_his_reach(stage: Stage, clock: Clock) -> None:
    manager = await two(stage)
    form = {"from_at": FROM, "until_at": UNTIL}
    for grant in ("technician@sh-pudong", "hr_admin@bj-1", "department_head@sh-pudong/sales"):
        answer = await post(stage, f"{manager['path']}/leaves", form, grant, subject="other")
        assert answer.status_code == 404, grant
    own = await post(stage, f"{manager['path']}/leaves", form, "hr_admin@sh-pudong", subject="hr")
    assert own.status_code == 201


async def test_one_leave_after_the_other_whichever_was_planned_first(stage: Stage, clock: Clock) -> None:
    manager = await two(stage)
    path, then = f"{manager['path']}/leaves", "2026-03-20T00:00:00+08:00"
    for from_at, until_at in ((UNTIL, then), (FROM, UNTIL)):
        assert (await post(stage, path, {"from_at": from_at, "until_at": until_at})).status_code == 201
    for instant, states, employment in (
        ("2026-03-09 00:00", ["running", "planned"], "on_leave"),
        ("2026-03-14 00:00", ["ended", "running"], "on_leave"),
        ("2026-03-20 00:00", ["ended", "ended"], "active"),
    ):
        clock.at(instant)
        async with at_work(stage.runner()):
            await eventually(lambda s=states: leaves_are(stage, s))  # type: ignore[misc]
        assert await is_now(stage, "gm-1", employment), instant


async def leaves_are(stage: Stage, states: list[str]) -> bool:
    return [row["state"] for row in await stage.rows("SELECT state FROM leaves ORDER BY from_at")] == states


@pytest.mark.rule("P05.19")
@pytest.mark.parametrize("path", ["leaves", "delegations"])
@pytest.mark.parametrize(
    ("by", "subject", "delegation", "status"),
    [
        ("department_head@sh-pudong", "gm-2", to("gm-2"), 403),  # lets himself act
        ("hr_admin@sh-pudong", "hr", to("gm-2", "administrator", "group"), 403),
        ("hr_admin@sh-pudong", "hr", to("gm-2", "department_head", "area:east"), 403),
        ("department_head@sh-pudong/sales", "head", to("gm-2"), 403),
        ("department_head@sh-pudong/sales", "head", to("gm-2", "sales_consultant", "sh-pudong/sales"), 201),
        ("hr_admin@sh-pudong", "hr", to("gm-2"), 201),
        ("technician@sh-pudong", "gm-1", to("gm-2", "administrator", "group"), 201),  # his own
    ],
)
async def test_who_delegates_for_another_keeps_to_his_own_places_and_never_to_himself(
    stage: Stage, clock: Clock, path: str, by: str, subject: str, delegation: dict[str, str], status: int
) -> None:
    await opened(stage)
    held = ("general_manager@sh-pudong", "administrator@group", "department_head@area:east",
            "sales_consultant@sh-pudong/sales")  # fmt: skip
    manager = await joined(stage, "gm-1", *held, department="sales")
    await joined(stage, "gm-2")
    form = {"until_at": UNTIL, "delegations": [delegation]}
    answer = await post(stage, f"{manager['path']}/{path}", form, by, subject=subject)
    assert answer.status_code == status, answer.text


async def test_who_plans_leave_at_the_place_of_the_role_takes_a_delegation_back(stage: Stage, clock: Clock) -> None:
    manager = await two(stage)
    await opened(stage, "bj-1", region="north")
    await joined(stage, "far", branch="bj-1")
    form = {"until_at": UNTIL, "delegations": [to("far")]}
    (given,) = (await post(stage, f"{manager['path']}/delegations", form)).json()
    path = f"/v1/delegations/{given['id']}/end"
    elsewhere = await post(stage, path, {}, "hr_admin@gz-1", subject="hr")
    taken_back = await post(stage, path, {}, "hr_admin@sh-pudong", subject="hr")
    assert (elsewhere.status_code, taken_back.status_code) == (404, 200)


@pytest.mark.rule("P05.19")
async def test_one_role_is_delegated_once_in_a_time_so_that_taking_it_back_ends_it(stage: Stage, clock: Clock) -> None:
    manager = await two(stage)
    path = f"{manager['path']}/delegations"
    twice = await post(stage, path, {"until_at": UNTIL, "delegations": [to("gm-2"), to("gm-2")]})
    (given,) = (await post(stage, path, {"until_at": FROM, "delegations": [to("gm-2")]})).json()
    overlapping = await post(stage, f"{manager['path']}/leaves", {"until_at": UNTIL, "delegations": [to("gm-2")]})
    after = await post(stage, path, {"from_at": FROM, "until_at": UNTIL, "delegations": [to("gm-2")]})
    assert [answer.status_code for answer in (twice, overlapping, after)] == [409, 409, 201]
    assert overlapping.json()["type"] == "/problems/held-already"
    await post(stage, f"/v1/delegations/{given['id']}/end", {})
    assert await acts(stage, clock) == {"gm-1": None}
