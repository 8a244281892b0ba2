"""Policies: branch over profile over group, in force from an approved day on, and last week's case as it was."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import pytest
import pytest_asyncio
from chassis.ids import uuid7
from chassis.kit.eventually import eventually
from chassis.kit.keys import TestIssuer
from chassis.kit.stage import Stage, staged
from chassis.service import Service
from contracts.roles import Role
from contracts.staff import Profile
from policy.directory import Directory
from policy.kit import Clock, hire, open_branch, open_branches
from policy.obligations import Deadline
from policy.policies import NotSet, Policies, Policy, next_monday, policy, policy_under, rule
from policy.terms import Term
from pydantic import ValidationError


class ServicePolicy(Policy):
    """What the tests are told."""

    NAME = "test.service"
    SHIPPED: ClassVar = {
        Profile.DEALERSHIP: {"answer": {"within": "24 hours", "role": "relations_manager"}},
        Profile.RETAIL: {"ceiling": "150.00", "levels": []},
    }

    answer: Deadline = rule(
        "P04.9", zh="答复期限", reading="A16",
        default=Deadline(within=Term.parse("2 working days"), role=Role.DEPARTMENT_HEAD),
    )  # fmt: skip
    ceiling: Decimal = rule("P09.1", zh="每人标准", default=Decimal("300.00"))
    reminders: int = rule("P01.14", zh="督促次数", default=3, ours=True, reading="A11")
    levels: list[str] | None = rule("P04.10", zh="投诉级别", default=None, reading="A18")


@pytest_asyncio.fixture
async def stage(service: Service, database: str, keys: tuple[Path, Path], issuer: TestIssuer) -> AsyncIterator[Stage]:
    """The service, with some staff and two branches."""
    async with staged(service, database, keys, issuer, grants_from="staff") as stage:
        await open_branches(stage, {"sh-pudong": Profile.DEALERSHIP, "hz-store-3": Profile.RETAIL})
        await hire(stage, "hr-1", "hr_admin_manager@sh-pudong")
        await hire(stage, "gm-1", "general_manager@sh-pudong")
        await hire(stage, "hr-0", "hr_admin_manager@group")
        await hire(stage, "gm-0", "general_manager@group")
        yield stage


async def proposed(stage: Stage, who: str, status: int = 201, **changes: Any) -> dict[str, Any]:
    body = {
        "policy": "test.service",
        "layer": "branch:sh-pudong",
        "values": {"answer": {"within": "1 working day", "role": "department_head"}},
        "reason": "customers wait too long",
        **changes,
    }
    async with stage.client(subject=who) as person:
        answer = await person.post("/v1/policies/versions", json=body)
    assert answer.status_code == status, answer.text
    return dict(answer.json())


async def approve(stage: Stage, version: dict[str, Any], who: str, status: int = 200) -> dict[str, Any]:
    async with stage.client(subject=who) as person:
        shown = (await person.get(f"/v1/approvals/{version['approval']}")).json()
        body = {"grant": True, "digest": shown.get("digest", "0" * 64)}
        answer = await person.post(f"/v1/approvals/{version['approval']}/decide", json=body)
        assert answer.status_code == status, answer.text
        await Policies.of(stage.runtime).refresh()
        return dict((await person.get(f"/v1/policies/versions/{version['id']}")).json())


async def explained(stage: Stage, branch: str, on: str, **more: str) -> dict[str, dict[str, Any]]:
    async with stage.client(subject="gm-1") as person:
        answer = await person.get("/v1/policies/explain", params={"branch": branch, "on": on, **more})
    assert answer.status_code == 200, answer.text
    return {value["name"]: value for value in answer.json()["values"] if value["policy"] == "test.service"}


@pytest.mark.rule("P01.18")
async def test_a_change_holds_from_next_monday_once_it_is_approved_and_last_weeks_case_keeps_its_own(
    stage: Stage, clock: Clock
) -> None:
    clock.at("2026-03-05 10:00")
    opened = clock.now
    change = await proposed(stage, "hr-1")
    assert (change["state"], change["effective_on"]) == ("proposed", "2026-03-09")
    assert (await explained(stage, "sh-pudong", "2026-03-09"))["answer"]["layer"] == "profile:dealership"
    approved = await approve(stage, change, "gm-1")
    assert (approved["state"], approved["approval"]) == ("approved", None)

    for day, within in (("2026-03-05", "24 hours"), ("2026-03-08", "24 hours"), ("2026-03-09", "1 working day")):
        assert (await explained(stage, "sh-pudong", day))["answer"]["value"]["within"] == within
    now = (await explained(stage, "sh-pudong", "2026-03-09"))["answer"]
    assert (now["layer"], now["version"], now["effective_on"]) == ("branch:sh-pudong", change["id"], "2026-03-09")
    assert (now["rules"], now["reading"], now["name_zh"]) == (["P04.9"], "A16", "答复期限")

    clock.at("2026-03-10 09:00")
    async with stage.runtime.transaction() as tx:
        assert str(policy(tx, ServicePolicy, "sh-pudong", opened).answer.within) == "24 hours"
        assert str(policy(tx, ServicePolicy, "sh-pudong", clock.now).answer.within) == "1 working day"


@pytest.mark.rule("P01.18")
async def test_a_case_is_explained_by_the_profile_it_was_opened_under_whatever_its_branch_runs_under_now(
    stage: Stage, clock: Clock
) -> None:
    clock.at("2026-03-05 10:00")
    opened, before = clock.now, Directory.of(stage.runtime).profile("sh-pudong")
    clock.at("2026-03-12 10:00")
    await open_branch(stage, "sh-pudong", Profile.RETAIL)
    now = await explained(stage, "sh-pudong", "2026-03-05")
    case = await explained(stage, "sh-pudong", "2026-03-05", profile=before)
    assert (now["ceiling"]["value"], now["ceiling"]["layer"]) == ("150.00", "profile:retail")
    assert (case["ceiling"]["value"], case["ceiling"]["layer"]) == ("300.00", "group")
    assert (case["answer"]["value"]["within"], case["answer"]["layer"]) == ("24 hours", "profile:dealership")
    async with stage.runtime.transaction() as tx:
        assert str(policy_under(tx, ServicePolicy, before, "sh-pudong", opened).answer.within) == "24 hours"
    async with stage.client(subject="gm-1") as person:
        assert (await person.get("/v1/policies/explain?branch=sh-pudong&profile=circus")).status_code == 422


async def test_branch_goes_over_profile_over_group(stage: Stage, clock: Clock) -> None:
    for layer, ceiling in (("group", "310"), ("profile:retail", "320"), ("branch:hz-store-3", "330")):
        change = await proposed(stage, "hr-0", layer=layer, values={"ceiling": ceiling})
        await approve(stage, change, "gm-0")
    day = "2026-03-09"
    found = {name: await explained(stage, name, day) for name in ("hz-store-3", "sh-pudong", "nowhere")}
    assert {name: values["ceiling"]["value"] for name, values in found.items()} == {
        "hz-store-3": "330", "sh-pudong": "310", "nowhere": "310",
    }  # fmt: skip
    assert found["hz-store-3"]["ceiling"]["layer"] == "branch:hz-store-3"
    async with stage.runtime.transaction() as tx:
        asked = ("another-store", "hz-store-3", "another-store")
        held = [policy_under(tx, ServicePolicy, "retail", name, date.fromisoformat(day)).ceiling for name in asked]
    assert held == [320, 330, 320]
    assert found["sh-pudong"]["ceiling"]["layer"] == "group"
    # what the new version of a layer does not name comes from what that layer ships
    assert found["hz-store-3"]["levels"]["layer"] == "profile:retail"
    assert found["sh-pudong"]["reminders"]["ours"] is True


async def test_a_layer_is_changed_by_its_own_people_and_approved_by_its_own_general_manager(
    stage: Stage, clock: Clock
) -> None:
    await proposed(stage, "hr-1", 404, layer="group")
    await proposed(stage, "hr-1", 404, layer="branch:hz-store-3")
    group = await proposed(stage, "hr-0", layer="group", values={"ceiling": "1"})
    await approve(stage, group, "gm-1", 404)
    own = await proposed(stage, "gm-1")
    await approve(stage, own, "gm-1", 403)
    assert (await approve(stage, own, "gm-0"))["state"] == "approved", "the group's stands in for the applicant"


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"policy": "nonsense"}, "/policy"),
        ({"layer": "profile:circus"}, "/layer"),
        ({"values": {"reminders": "many"}}, "/values/reminders"),
        ({"values": {"answer": {"within": "soon", "role": "ceo"}}}, "/values/answer/within"),
        ({"effective_on": "2026-03-02"}, "/effective_on"),
    ],
)
async def test_what_does_not_fit_is_refused_with_its_place(
    stage: Stage, clock: Clock, changes: dict[str, Any], pointer: str
) -> None:
    answer = await proposed(stage, "hr-0", 422, **changes)
    assert [error["pointer"] for error in answer["errors"]] == [pointer]


async def test_a_value_that_no_policy_has_is_refused(stage: Stage, clock: Clock) -> None:
    assert "no nonsense" in (await proposed(stage, "hr-0", 422, values={"nonsense": 1}))["detail"]


async def test_an_approval_that_comes_too_late_moves_the_day_instead_of_the_past(stage: Stage, clock: Clock) -> None:
    change = await proposed(stage, "hr-1", effective_on="2026-03-04")
    clock.at("2026-03-12 09:00")
    assert (await approve(stage, change, "gm-1"))["effective_on"] == "2026-03-16"


async def test_a_refused_change_changes_nothing(stage: Stage, clock: Clock) -> None:
    change = await proposed(stage, "hr-1")
    async with stage.client(subject="gm-1") as manager:
        shown = (await manager.get(f"/v1/approvals/{change['approval']}")).json()
        body = {"grant": False, "digest": shown["digest"], "reason": "not this year"}
        await manager.post(f"/v1/approvals/{change['approval']}/decide", json=body)
        listed = (await manager.get("/v1/policies/versions?layer=branch:sh-pudong")).json()["items"]
    assert [one["state"] for one in listed] == ["refused"]
    assert (await explained(stage, "sh-pudong", "2026-12-01"))["answer"]["layer"] == "profile:dealership"


async def test_what_the_originals_lost_is_not_set_and_holds_the_decision_that_needs_it(
    stage: Stage, clock: Clock
) -> None:
    levels = (await explained(stage, "sh-pudong", "2026-03-02"))["levels"]
    assert (levels["is_set"], levels["value"]) == (False, None)
    async with stage.runtime.transaction() as tx:
        with pytest.raises(NotSet, match=r"test\.service\.levels is not set") as held:
            policy(tx, ServicePolicy, "sh-pudong", tx.now).need("levels")
        assert (held.value.status, held.value.rules) == (409, ("P04.10",))
        assert policy(tx, ServicePolicy, "hz-store-3", tx.now).need("levels") == []


async def test_a_version_stored_before_a_field_existed_and_after_one_went_is_read(stage: Stage, clock: Clock) -> None:
    await stage.rows(
        """INSERT INTO kehu.policy_versions (id, policy, layer, "values", effective_on, state, reason, proposed_by,
           proposed_at, decided_at, held, version, sequence) VALUES ($1, 'test.service', 'group',
           '{"ceiling": "10.00", "gone_since": 7}', '2020-01-06', 'approved', 'old', 'x', now(), now(), '{}', 1, 0)""",
        uuid7(),
    )
    await Policies.of(stage.runtime).refresh()
    async with stage.runtime.transaction() as tx:
        found = policy(tx, ServicePolicy, "sh-pudong", tx.now)
        assert (found.ceiling, found.reminders) == (Decimal("10.00"), 3)
        assert policy(tx, ServicePolicy, "sh-pudong", date(2020, 1, 5)).ceiling == Decimal("300.00")


async def test_another_process_learns_of_an_approved_change_by_itself(
    stage: Stage, clock: Clock, service: Service, database: str, keys: tuple[Path, Path], issuer: TestIssuer
) -> None:
    async with staged(service, database, keys, issuer, grants_from="staff") as other:
        assert Directory.of(other.runtime).profile("hz-store-3") == Profile.RETAIL
        await approve(stage, await proposed(stage, "hr-1"), "gm-1")
        await eventually(lambda: "test.service" in Policies.of(other.runtime).stored)


def test_shipped_values_are_checked_when_they_are_written() -> None:
    with pytest.raises(ValidationError):

        class Wrong(Policy):
            """A default that is none."""

            NAME = "test.wrong"
            SHIPPED: ClassVar = {Profile.GPS: {"days": "many"}}

            days: int = rule("P16.1", default=1)


@pytest.mark.parametrize(("today", "monday"), [("2026-03-02", "2026-03-09"), ("2026-03-08", "2026-03-09")])
def test_next_monday_is_never_today(today: str, monday: str) -> None:
    assert next_monday(date.fromisoformat(today)) == date.fromisoformat(monday)
