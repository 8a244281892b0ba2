"""Business cards: never without the branch's complaint phone and mailbox."""

from __future__ import annotations

from typing import Any
from uuid import NAMESPACE_URL, uuid5

import pytest
from chassis.kit.stage import Stage
from contracts.archive import AccessRecorded
from contracts.staff import Employment, GrantLine, PersonEntry
from policy.directory import Directory
from policy.kit import hire
from policy.policies import Policies

from .ledger import ADVISER, clock_of, sign

CONTACTS = {"complaint_phone": "021-5555 0000", "complaint_mailbox": "complaints@pudong.example"}
PARTS = ("title", "kind", "profile", "region", "week", "closed", "opened", "departments")
CARD = {"person": ADVISER, "name": "李明", "post": "服务顾问", "mobile": "138 0013 8000"}


async def keep(stage: Stage, **changes: Any) -> None:
    """The branch has these complaint contacts, as its entry says."""
    async with stage.client(subject="admin-1") as admin:
        entry = (await admin.get("/v1/branches/sh-pudong")).json()
        if "branch" not in entry:
            body = {"branch": "sh-pudong", "title": "浦东店", "kind": "dealership", "profile": "dealership"}
            answer = await admin.post("/v1/branches", json={**body, **CONTACTS, **changes})
        else:
            kept = {n: v for n, v in entry.items() if n in PARTS}
            answer = await admin.put("/v1/branches/sh-pudong", json={**kept, **CONTACTS, **changes})
    assert answer.status_code < 300, answer.text


async def make(stage: Stage, who: str = "hr-1", **changes: Any) -> Any:
    async with stage.client(subject=who) as person:
        return await person.post("/v1/cards", json={**CARD, **changes})


async def read(stage: Stage, card: str, who: str) -> Any:
    async with stage.client(subject=who) as person:
        return await person.get(f"/v1/cards/{card}")


@pytest.mark.rule("P04.13")
async def test_a_card_carries_the_complaint_phone_and_mailbox_of_the_branch(staff: Stage) -> None:
    await keep(staff)
    made = await make(staff)
    assert made.status_code == 201, made.text
    assert {name: made.json()[name] for name in CONTACTS} == CONTACTS
    assert (made.json()["name"], made.json()["branch"], made.json()["rules"]) == ("李明", "sh-pudong", ["P04.13"])
    await keep(staff, complaint_phone="021-6666 0000")
    assert (await read(staff, made.json()["id"], "hr-1")).json()["complaint_phone"] == "021-6666 0000"


@pytest.mark.rule("P04.13")
@pytest.mark.parametrize(
    ("known", "missing"),
    [
        ({}, ["complaint_phone", "complaint_mailbox"]),
        ({"complaint_phone": None}, ["complaint_phone"]),
        ({"complaint_mailbox": None}, ["complaint_mailbox"]),
    ],
)
async def test_without_them_the_card_is_refused_naming_what_is_missing(
    staff: Stage, known: dict[str, Any], missing: list[str]
) -> None:
    if known:
        await keep(staff, **known)
    refused = await make(staff)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/card-incomplete")
    assert (refused.json()["missing"], refused.json()["rules"]) == (missing, ["P04.13"])
    assert await staff.rows("SELECT id FROM cards") == []


@pytest.mark.rule("P04.13")
async def test_a_card_is_not_printed_any_more_once_they_are_gone(staff: Stage) -> None:
    await keep(staff)
    card = (await make(staff)).json()["id"]
    await keep(staff, complaint_mailbox=None)
    assert (await read(staff, card, "hr-1")).json()["missing"] == ["complaint_mailbox"]


@pytest.mark.rule("P04.13")
async def test_a_branch_that_is_no_regional_company_is_exempted_by_its_policy(staff: Stage) -> None:
    form = {
        "policy": "cards",
        "layer": "branch:sh-pudong",
        "values": {"complaint_contacts": False},
        "reason": "head office",
    }
    async with staff.client(subject="hr-1") as drafter:
        proposed = await drafter.post("/v1/policies/versions", json=form)
    await sign(staff, proposed.json()["id"], "gm-1")
    await Policies.of(staff.runtime).refresh()
    clock_of(staff).at("2026-03-09 10:00")
    assert (await make(staff)).status_code == 201


@pytest.mark.rule("P05.15")
async def test_what_is_personal_is_sealed_listed_nowhere_and_its_reading_recorded(staff: Stage) -> None:
    await keep(staff)
    card = (await make(staff)).json()["id"]
    for table in ("cards", "kehu.outbox"):
        assert not any(
            "李明".encode() in bytes(str(row), "utf-8") for row in await staff.rows(f"SELECT * FROM {table}")
        )
    async with staff.client(subject="hr-1") as reader:
        (line,) = (await reader.get("/v1/cards")).json()["items"]
    assert set(line) == {"id", "person", "branch", "made_by", "made_at"}
    assert (await read(staff, card, "gm-1")).json()["name"] == "李明"
    (record,) = await staff.outbox(AccessRecorded)
    assert isinstance(record.message, AccessRecorded)
    assert (record.message.actor, record.message.purpose) == ("gm-1", "printing a card")


@pytest.mark.parametrize(("who", "status"), [(ADVISER, 200), ("gm-1", 200), ("consultant-2", 404), ("gm-2", 404)])
async def test_who_reads_a_card(staff: Stage, who: str, status: int) -> None:
    await keep(staff)
    assert (await read(staff, (await make(staff)).json()["id"], who)).status_code == status


async def test_who_makes_cards(staff: Stage) -> None:
    await keep(staff)
    assert (await make(staff, "manager-1")).status_code == 403
    assert (await make(staff, person="stranger-1")).status_code == 404


@pytest.mark.parametrize("part", ["name", "post"])
async def test_no_card_is_printed_with_a_blank_line(staff: Stage, part: str) -> None:
    await keep(staff)
    answer = await make(staff, **{part: "  "})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, f"/{part}")


async def test_a_card_ordered_twice_with_one_key_is_made_once(staff: Stage) -> None:
    await keep(staff)
    async with staff.client(subject="hr-1", **{"Idempotency-Key": "card-1"}) as clerk:
        first, second = [await clerk.post("/v1/cards", json=CARD) for _ in range(2)]
    assert first.json() == second.json()
    ((count,),) = await staff.rows("SELECT count(*) FROM cards")
    assert count == 1


@pytest.mark.rule("P01.9")
async def test_for_who_has_left_no_card_is_made_or_printed(staff: Stage) -> None:
    await keep(staff)
    card = (await make(staff)).json()["id"]
    await hire(staff, ADVISER, employment=Employment.LEFT)
    for answer in (await make(staff), await read(staff, card, "hr-1")):
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/card-outdated")
        assert answer.json()["rules"] == ["P01.9"]


@pytest.mark.rule("P04.13")
async def test_a_card_is_not_printed_with_the_contacts_of_a_branch_where_they_work_no_more(staff: Stage) -> None:
    await keep(staff)
    card = (await make(staff)).json()["id"]
    await works_at(staff, "bj-chaoyang")
    for who in ("hr-1", ADVISER):
        answer = await read(staff, card, who)
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/card-outdated")
        assert answer.json()["rules"] == ["P04.13"]


@pytest.mark.rule("P04.13")
async def test_the_head_office_is_no_regional_company(staff: Stage) -> None:
    await hire(staff, "hr-0", "hr_admin_manager@group")
    await works_at(staff, "group")
    made = await make(staff, "hr-0")
    assert made.status_code == 201, made.text
    assert (made.json()["branch"], made.json()["complaint_phone"]) == ("group", None)


async def works_at(stage: Stage, branch: str) -> None:
    """The adviser is told to work there now."""
    held = GrantLine(
        role="service_adviser", place=branch, from_at=stage.runtime.clock(), until_at=None, on_behalf_of=None
    )
    entry = PersonEntry(
        person_id=uuid5(NAMESPACE_URL, ADVISER), subject=ADVISER, employment=Employment.ACTIVE, branch=branch,
        department=None, grants=[held],
    )  # fmt: skip
    await stage.receive(entry, key=str(entry.person_id), sequence=100)
    await Directory.of(stage.runtime).refresh()
