"""Who works at a branch, for screens to choose from."""

from __future__ import annotations

import pytest
from chassis.kit.stage import Stage
from contracts.staff import Employment
from policy.kit import hire


@pytest.mark.rule("P04.4")
async def test_people_of_a_branch_are_listed_by_account_and_role_to_who_may_see_the_branch(stage: Stage) -> None:
    await hire(stage, "relations-1", "customer_relations@sh-pudong")
    await hire(stage, "head-1", "department_head@sh-pudong/after_sales", "service_adviser@sh-pudong")
    await hire(stage, "group-1", "group_customer_service@group")
    await hire(stage, "elsewhere-1", "customer_relations@bj-chaoyang")
    async with stage.client("customer_relations@sh-pudong", subject="relations-1") as client:
        answer = await client.get("/v1/people", params={"branch": "sh-pudong"})
        assert answer.status_code == 200, answer.text
        found = answer.json()
        assert [one["subject"] for one in found["people"]] == ["group-1", "head-1", "relations-1"]
        head = found["people"][1]
        assert (head["department"], head["roles"]) == ("after_sales", ["department_head", "service_adviser"])
        assert found["departments"] == ["after_sales"]
        assert (await client.get("/v1/people", params={"branch": "bj-chaoyang"})).status_code == 404


@pytest.mark.rule("P04.4")
async def test_who_has_left_is_not_offered(stage: Stage) -> None:
    await hire(stage, "relations-1", "customer_relations@sh-pudong")
    await hire(stage, "relations-2", "customer_relations@sh-pudong", employment=Employment.LEFT)
    async with stage.client("customer_relations@sh-pudong", subject="relations-1") as client:
        found = (await client.get("/v1/people", params={"branch": "sh-pudong"})).json()
    assert [one["subject"] for one in found["people"]] == ["relations-1"]
