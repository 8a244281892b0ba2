"""Policy documents: drafted, reviewed by another, approved by the general manager; in force by the day."""

from __future__ import annotations

import asyncio
from hashlib import sha256
from typing import Any

import pytest
from chassis.kit.stage import Stage
from contracts.work import WorkItem, WorkState
from policy.kit import hire

from .ledger import clock_of, sign

TEXT = sha256("客户档案管理制度".encode()).hexdigest()


def form(**changes: Any) -> dict[str, Any]:
    return {
        "place": "sh-pudong",
        "matter": "customer-files",
        "title": "客户档案管理制度",
        "owner_department": "after_sales",
        "digest": TEXT,
        "effective_on": "2026-03-09",
        **changes,
    }


async def draft(stage: Stage, who: str = "manager-1", **changes: Any) -> Any:
    async with stage.client(subject=who) as person:
        return await person.post("/v1/policy-documents", json=form(**changes))


async def drafted(stage: Stage, who: str = "manager-1", **changes: Any) -> str:
    answer = await draft(stage, who, **changes)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def act(stage: Stage, who: str, document: str, verb: str = "review", **body: Any) -> Any:
    async with stage.client(subject=who) as person:
        sent = {"digest": TEXT, **body} if verb == "review" else None
        return await person.post(f"/v1/policy-documents/{document}/{verb}", json=sent)


async def get(stage: Stage, path: str, who: str = "gm-1") -> Any:
    async with stage.client(subject=who) as person:
        answer = await person.get(f"/v1/policy-documents{path}")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def approved(stage: Stage, **changes: Any) -> str:
    document = await drafted(stage, **changes)
    assert (await act(stage, "manager-2", document)).status_code == 200
    assert (await sign(stage, document, "gm-1")).status_code == 200
    return document


async def in_force(stage: Stage, on: str) -> set[str]:
    return {one["id"] for one in (await get(stage, f"?on={on}"))["items"]}


@pytest.mark.rule("P13.15")
@pytest.mark.rule("P01.18")
async def test_a_document_shows_who_drafted_reviewed_and_approved_it_and_holds_from_its_day(staff: Stage) -> None:
    document = await approved(staff)
    shown = await get(staff, f"/{document}")
    assert [shown[f"{verb}_by"] for verb in ("drafted", "reviewed", "approved")] == ["manager-1", "manager-2", "gm-1"]
    assert all(shown[f"{verb}_at"] for verb in ("drafted", "reviewed", "approved"))
    assert (shown["state"], shown["effective_on"], shown["ends_on"]) == ("approved", "2026-03-09", None)
    assert await in_force(staff, "2026-03-08") == set()
    assert await in_force(staff, "2026-03-09") == {document}


@pytest.mark.rule("P01.18")
async def test_without_the_general_managers_approval_nothing_holds(staff: Stage) -> None:
    document = await drafted(staff)
    assert (await act(staff, "manager-2", document)).status_code == 200
    assert await in_force(staff, "2026-12-01") == set()
    assert (await sign(staff, document, "hr-1")).status_code == 403
    assert (await sign(staff, document, "gm-1", grant=False)).status_code == 200
    assert (await get(staff, f"/{document}"))["state"] == "refused"
    assert await in_force(staff, "2026-12-01") == set()
    again = await act(staff, "manager-2", document)
    assert (again.status_code, again.json()["type"]) == (409, "/problems/not-there")


@pytest.mark.rule("P13.15")
async def test_the_drafter_neither_reviews_nor_approves(staff: Stage) -> None:
    document = await drafted(staff)
    refused = await act(staff, "manager-1", document)
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/drafter-reviews")
    await hire(staff, "manager-1", "department_manager@sh-pudong/after_sales", "general_manager@sh-pudong")
    await act(staff, "manager-2", document)
    assert await sign(staff, document, "manager-1") is None
    assert (await sign(staff, document, "gm-1")).status_code == 200


@pytest.mark.rule("P13.15")
async def test_the_reviewer_does_not_approve(staff: Stage) -> None:
    await hire(staff, "manager-2", "department_manager@sh-pudong/sales", "general_manager@sh-pudong")
    document = await drafted(staff)
    await act(staff, "manager-2", document)
    assert (await sign(staff, document, "manager-2")).status_code == 403
    assert (await sign(staff, document, "gm-1")).status_code == 200


@pytest.mark.rule("P01.18")
async def test_the_department_that_owns_a_document_drafts_and_amends_it(staff: Stage) -> None:
    other = await draft(staff, "manager-2")
    assert (other.status_code, other.json()["type"], other.json()["rules"]) == (
        403, "/problems/not-the-owner", ["P01.18"]
    )  # fmt: skip
    first = await approved(staff)
    taken = await draft(staff, "manager-2", amends=first, owner_department="sales")
    (error,) = taken.json()["errors"]
    assert (taken.status_code, error["pointer"], error["limit"]) == (422, "/owner_department", "after_sales")
    # who belongs to no department drafts for any of the branch
    assert (await draft(staff, "hr-1", amends=first)).status_code == 201


@pytest.mark.rule("P13.15")
async def test_another_text_is_not_reviewed(staff: Stage) -> None:
    document = await drafted(staff)
    refused = await act(staff, "manager-2", document, digest="0" * 64)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/another-text")


@pytest.mark.rule("P01.18")
async def test_it_never_holds_from_a_day_that_has_passed(staff: Stage) -> None:
    past = await draft(staff, effective_on="2026-03-01")
    assert (past.status_code, past.json()["errors"][0]["pointer"]) == (422, "/effective_on")
    document = await drafted(staff, effective_on="2026-03-03")
    await act(staff, "manager-2", document)
    clock_of(staff).at("2026-03-10 09:30")
    assert (await sign(staff, document, "gm-1")).status_code == 200
    assert (await get(staff, f"/{document}"))["effective_on"] == "2026-03-10"
    unstated = await approved(staff, effective_on=None, matter="visits")
    assert (await get(staff, f"/{unstated}"))["effective_on"] == "2026-03-10"


@pytest.mark.rule("P13.15")
async def test_a_new_one_ends_what_it_names_on_its_first_day_and_what_is_similar_is_listed(staff: Stage) -> None:
    old = await approved(staff, effective_on="2026-03-02")
    similar = await approved(staff, effective_on="2026-03-02", title="售后档案办法")
    other = await approved(staff, effective_on="2026-03-02", matter="visits")
    new = await drafted(staff, effective_on="2026-04-01", supersedes=[old])
    assert [one["id"] for one in await get(staff, f"/{new}/conflicts")] == [similar]
    await act(staff, "manager-2", new)
    async with staff.client(subject="gm-1") as manager:
        (asked,) = (await manager.get(f"/v1/approvals?subject={new}")).json()["items"]
    assert (asked["offer"]["supersedes"], asked["offer"]["conflicts"]) == ([old], [similar])
    assert await in_force(staff, "2026-04-01") == {old, similar, other}
    await sign(staff, new, "gm-1")
    assert await in_force(staff, "2026-03-31") == {old, similar, other}
    assert await in_force(staff, "2026-04-01") == {new, similar, other}
    assert (await get(staff, f"/{old}"))["ends_on"] == "2026-04-01"


@pytest.mark.rule("P01.18")
async def test_an_amendment_goes_the_same_way_ends_what_it_amends_and_the_history_tells_it(staff: Stage) -> None:
    first = await approved(staff, effective_on="2026-03-02")
    second = await approved(staff, effective_on="2026-03-20", amends=first)
    third = await approved(staff, effective_on="2026-04-01", amends=second)
    for asked in (first, second, third):
        assert [one["id"] for one in await get(staff, f"/{asked}/history")] == [first, second, third]
    assert await in_force(staff, "2026-03-25") == {second}
    other = await draft(staff, amends=third, matter="visits")
    assert (other.status_code, other.json()["errors"][0]["pointer"]) == (422, "/matter")


@pytest.mark.rule("P13.15")
async def test_only_what_was_approved_for_the_same_place_can_be_ended(staff: Stage) -> None:
    unapproved = await drafted(staff)
    await hire(staff, "hr-0", "hr_admin_manager@group")
    await hire(staff, "gm-0", "general_manager@group")
    await hire(staff, "head-0", "department_head@group")
    groups = await drafted(staff, "hr-0", place="group")
    assert (await act(staff, "head-0", groups)).status_code == 200
    assert (await sign(staff, groups, "gm-0")).status_code == 200
    for wrong in (unapproved, groups, "019cac1c-e220-7000-8000-00000000ca5e"):
        answer = await draft(staff, supersedes=[wrong])
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/supersedes/0")
    # a branch's own may conflict with the group's
    assert groups in [one["id"] for one in await get(staff, f"/{unapproved}/conflicts")]


@pytest.mark.rule("P13.15")
async def test_the_review_is_owed_and_met(staff: Stage) -> None:
    document = await drafted(staff)
    await act(staff, "manager-2", document)
    work = [t.message for t in await staff.outbox(WorkItem)]
    review = [w for w in work if isinstance(w, WorkItem) and w.kind == "review_document"]
    assert [(w.role, w.place, w.state) for w in review] == [
        ("department_head", "sh-pudong/after_sales", WorkState.OPEN),
        ("department_head", "sh-pudong/after_sales", WorkState.DONE),
    ]


async def test_a_draft_is_taken_back_by_its_drafter_only_and_not_while_it_is_decided(staff: Stage) -> None:
    one, two = await drafted(staff), await drafted(staff)
    assert (await act(staff, "manager-2", one, "withdraw")).status_code == 404
    assert (await act(staff, "manager-1", one, "withdraw")).json()["state"] == "withdrawn"
    await act(staff, "manager-2", two)
    held = await act(staff, "manager-1", two, "withdraw")
    assert (held.status_code, held.json()["type"]) == (409, "/problems/held")


async def test_two_reviewers_at_once_ask_once(staff: Stage) -> None:
    document = await drafted(staff)
    answers = await asyncio.gather(act(staff, "manager-2", document), act(staff, "hr-1", document))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    ((count,),) = await staff.rows("SELECT count(*) FROM kehu.approvals")
    assert count == 1


@pytest.mark.parametrize(
    ("who", "place", "status"),
    [
        ("manager-1", "sh-pudong", 201),
        ("manager-1", "group", 404),
        ("manager-1", "bj-chaoyang", 404),
        ("adviser-11", "sh-pudong", 403),
    ],
)
async def test_who_may_draft_where(staff: Stage, who: str, place: str, status: int) -> None:
    assert (await draft(staff, who, place=place)).status_code == status


async def test_another_branchs_documents_are_not_seen(staff: Stage) -> None:
    document = await approved(staff)
    async with staff.client(subject="gm-2") as other:
        assert (await other.get(f"/v1/policy-documents/{document}")).status_code == 404
        assert (await other.get(f"/v1/policy-documents/{document}/history")).status_code == 404
        assert (await other.get("/v1/policy-documents")).json()["items"] == []


@pytest.mark.parametrize(
    "changes",
    [
        {"digest": "x"},
        {"title": "\x00\x00"},
        {"title": "   "},
        {"place": "../x"},
        {"file": "a b"},
        {"effective_on": "soon"},
        {"owner_department": ""},
    ],
)
async def test_a_hostile_draft_is_refused_and_says_where(staff: Stage, changes: dict[str, Any]) -> None:
    answer = await draft(staff, **changes)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == f"/{next(iter(changes))}"
