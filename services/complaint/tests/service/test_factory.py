"""The factory: warned by its brand's own rules, given only what its standing agreement lists, each giving recorded."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
import pytest_asyncio
from chassis.kit.at_work import at_work
from chassis.kit.counterpart import Reply, Request, answered, counterpart
from chassis.kit.eventually import eventually
from chassis.kit.keys import TestIssuer
from chassis.kit.stage import Stage, staged
from chassis.service import Service
from contracts.archive import AccessRecorded
from contracts.complaint import ComplaintSerious
from contracts.notify import WebhookDelivered, WebhookGivenUp
from contracts.roles import Scope
from contracts.staff import Profile
from contracts.work import WorkItem, WorkState
from policy.calendar import ZONE
from policy.kit import Clock, hire, open_branch

from ..ladders import set_policy
from .test_serious import as_, ladder, now, step_of, taken

BRAND = "东风日产"
MACHINE = "client:dongfeng"
NISSAN = {"within": "12 hours", "required": ["series", "fault_codes", "vin"], "channel": "webhook"}
AGREEMENT = {
    "id": str(uuid4()),
    "brand": BRAND,
    "fields": ["number", "fault_codes", "vin", "name", "shoe_size"],
    "purpose": "召回分析",
    "until_on": "2026-12-31",
}


class Archive:
    """The archive's part, as its own routes answer: which agreement is in force, what it was told."""

    def __init__(self) -> None:
        self.agreement: dict[str, Any] | None = AGREEMENT
        self.away = False
        self.seen: list[Request] = []

    def answer(self, request: Request) -> Reply:
        if request.path == "/token":
            return answered({"access_token": "t", "expires_in": 300})
        self.seen.append(request)
        if self.away:
            return Reply(503)
        if request.method == "GET":
            return Reply(404) if self.agreement is None else answered(self.agreement)
        return answered({}, 201) if orjson.loads(request.body).keys() == {"about", "fields"} else Reply(422)

    @property
    def told(self) -> list[tuple[str, dict[str, Any]]]:
        return [(r.path, orjson.loads(r.body)) for r in self.seen if r.method == "POST"]


@pytest.fixture
def archive() -> Archive:
    return Archive()


@pytest_asyncio.fixture
async def stage(
    service: Service, database: str, keys: tuple[Path, Path], issuer: TestIssuer, archive: Archive
) -> AsyncIterator[Stage]:
    """A dealership, its archive on a real port, and a factory with rules of its own."""
    async with counterpart(archive.answer) as address:
        more = {"peers": {"archive": address}, "token_endpoint": f"{address}/token"}
        async with staged(service, database, keys, issuer, grants_from="staff", **more) as stage:
            stage.runtime.clock = Clock(datetime(2026, 3, 2, 9, 15, tzinfo=ZONE))
            await open_branch(stage, "sh-pudong", Profile.DEALERSHIP, region="east")
            await hire(stage, "agent-7", "call_centre@group")
            await hire(stage, "relations-1", "customer_relations@sh-pudong")
            await hire(stage, "gm-1", "general_manager@sh-pudong")
            await set_policy(stage, "serious", "group", brands={BRAND: NISSAN}, machines={MACHINE: BRAND})
            yield stage


async def warned(stage: Stage, **changes: Any) -> tuple[dict[str, Any], UUID]:
    """A serious complaint whose warning has come round; the id of the warning."""
    case = await taken(stage, serious=["to_manufacturer"], **changes)
    (told,) = await stage.outbox(ComplaintSerious)
    await stage.deliver_outbox()
    return case, told.event_id


async def delivered(stage: Stage, event_id: UUID, at: datetime) -> None:
    said = WebhookDelivered(
        delivery_id=uuid4(), subscription_id=uuid4(), event_id=event_id, attempts=2, delivered_at=at
    )  # fmt: skip
    await stage.receive(said, key=str(said.delivery_id), at=at)


def vehicle(**changes: Any) -> dict[str, Any]:
    return {"brand": BRAND, "series": "轩逸", "vin": "LGBH52E01LY123456", **changes}


async def work_of(stage: Stage, kind: str) -> list[WorkState | str]:
    told = [t.message for t in await stage.outbox(WorkItem)]
    return [one.state for one in told if isinstance(one, WorkItem) and one.kind == kind]


@pytest.mark.rule("P12.8")
async def test_the_factory_is_warned_when_its_system_has_taken_all_it_asks_for(stage: Stage) -> None:
    case, warning = await warned(stage, vehicle=vehicle())
    step = step_of(await ladder(stage, case), "factory")
    assert (step["state"], step["place"], step["answers"], step["missing"]) == (
        "open", BRAND, "customer_relations", [],
    )  # fmt: skip
    assert datetime.fromisoformat(step["due_at"]) == now(stage) + timedelta(hours=12)
    at = now(stage) + timedelta(minutes=3)
    await delivered(stage, warning, at)
    step = step_of(await ladder(stage, case), "factory")
    assert (step["state"], datetime.fromisoformat(step["ended_at"])) == ("met", at)


@pytest.mark.rule("P12.8")
async def test_a_delivery_that_is_heard_of_before_the_warning_counts_too(stage: Stage) -> None:
    case = await taken(stage, serious=["to_manufacturer"], vehicle=vehicle())
    (told,) = await stage.outbox(ComplaintSerious)
    await delivered(stage, told.event_id, now(stage))
    await stage.deliver_outbox()
    assert step_of(await ladder(stage, case), "factory")["state"] == "met"


@pytest.mark.rule("P12.8")
async def test_what_the_factory_asks_for_and_the_record_lacks_is_named_owed_and_completed(stage: Stage) -> None:
    case, warning = await warned(stage, vehicle={"brand": BRAND, "series": "轩逸"}, fault_codes=[])
    await delivered(stage, warning, now(stage))
    step = step_of(await ladder(stage, case), "factory")
    assert (step["state"], step["missing"]) == ("open", ["fault_codes", "vin"])
    assert await work_of(stage, "serious.complete") == [WorkState.OPEN]
    path = f"{case['path']}/facts"
    some = await as_(stage, "relations-1", "POST", path, json={"fault_codes": ["H93"]})
    assert some.json()["missing"] == ["vin"]
    same = await as_(stage, "relations-1", "POST", path, json={"fault_codes": ["H93"]})
    assert same.json()["missing"] == ["vin"]
    await as_(stage, "relations-1", "POST", path, json={"vin": "LGBH52E01LY123456"})
    again = await stage.outbox(ComplaintSerious)
    assert [told.sequence for told in again] == [2, 3]
    await stage.deliver_outbox()
    assert await work_of(stage, "serious.complete") == [WorkState.DONE]
    assert step_of(await ladder(stage, case), "factory")["state"] == "open"
    await delivered(stage, again[-1].event_id, now(stage))
    assert step_of(await ladder(stage, case), "factory")["state"] == "met"
    assert "LGBH52E01LY123456" not in str([told.message for told in again])


@pytest.mark.rule("P12.8")
async def test_a_factory_that_takes_it_after_it_was_given_up_has_been_warned(stage: Stage) -> None:
    case, warning = await warned(stage, vehicle=vehicle())
    delivery, subscription = uuid4(), uuid4()
    given_up = WebhookGivenUp(
        delivery_id=delivery, subscription_id=subscription, event_id=warning, attempts=7, given_up_at=now(stage)
    )
    taken_after = WebhookDelivered(
        delivery_id=delivery, subscription_id=subscription, event_id=warning, attempts=8, delivered_at=now(stage)
    )
    record = await stage.receive(given_up, key=str(delivery))
    await stage.receive(taken_after, key=str(delivery), sequence=2)
    await stage.consumer.consume([record])
    assert step_of(await ladder(stage, case), "factory")["state"] == "met"
    assert await stage.rows("SELECT 1 FROM kehu.parked") == []


@pytest.mark.rule("P12.8")
async def test_a_factory_that_did_not_take_it_in_time_is_listed(stage: Stage) -> None:
    case, warning = await warned(stage, vehicle=vehicle())
    said = WebhookGivenUp(
        delivery_id=uuid4(), subscription_id=uuid4(), event_id=warning, attempts=7, given_up_at=now(stage)
    )  # fmt: skip
    await stage.receive(said, key=str(said.delivery_id))
    stage.runtime.clock.later(hours=13)  # type: ignore[attr-defined]
    listed = (await as_(stage, "gm-1", "GET", "/v1/serious/late")).json()["items"]
    assert [(s["kind"], s["role"]) for s in listed if s["rules"] == ["P12.8"]] == [("factory", "factory")]
    assert step_of(await ladder(stage, case), "factory")["state"] == "open"


@pytest.mark.rule("P12.8")
async def test_a_brand_whose_divisions_read_the_topic_is_warned_with_it(stage: Stage) -> None:
    await set_policy(stage, "serious", "branch:sh-pudong", brands={BRAND: {**NISSAN, "channel": "topic"}})
    case, _ = await warned(stage, vehicle=vehicle())
    assert step_of(await ladder(stage, case), "factory")["state"] == "met"


async def test_a_brand_without_rules_is_warned_and_owes_nothing(stage: Stage) -> None:
    case, _ = await warned(stage, vehicle={"brand": "江淮汽车"})
    assert [s for s in (await ladder(stage, case))["steps"] if s["kind"] == "factory"] == []


def machine(stage: Stage, subject: str = MACHINE, scope: Scope = Scope.COMPLAINT_DETAIL) -> Any:
    return stage.client(subject=subject, scopes=(scope.value,))


@pytest.mark.rule("P05.13")
@pytest.mark.rule("P12.8")
async def test_the_brand_gets_what_its_agreement_lists_and_each_giving_is_recorded(
    stage: Stage, archive: Archive
) -> None:
    case, _ = await warned(stage, vehicle=vehicle())
    async with machine(stage) as brand:
        answer = await brand.get(f"{case['path']}/detail")
    assert answer.status_code == 200, answer.text
    given = answer.json()
    assert given["fields"] == {
        "number": case["number"], "fault_codes": ["H93"], "vin": "LGBH52E01LY123456", "name": "王小芳",
    }  # fmt: skip
    assert given["agreement_id"] == AGREEMENT["id"]
    records = [t.message for t in await stage.outbox(AccessRecorded)]
    assert [(r.action, r.actor) for r in records if isinstance(r, AccessRecorded)] == [
        ("provide", MACHINE),
        ("read", MACHINE),
    ]
    assert "王小芳" not in str(records)

    async def told() -> bool:
        return bool(await stage.rows("SELECT 1 FROM provisions WHERE told_at IS NOT NULL"))

    async with at_work(stage.runner()):
        await eventually(told)
    ((path, body),) = archive.told
    assert path == f"/v1/agreements/{AGREEMENT['id']}/provisions"
    assert body == {"about": case["id"], "fields": ["fault_codes", "name", "number", "vin"]}
    asked = archive.seen[0].path
    assert asked.startswith("/v1/agreements/in-force?brand=")
    assert asked.endswith("&branch=sh-pudong")
    assert "王小芳" not in str(body)


@pytest.mark.rule("P05.13")
@pytest.mark.parametrize(
    "agreement",
    [None, {**AGREEMENT, "until_on": "2026-03-01"}, {**AGREEMENT, "brand": "江淮汽车"}, {"id": "nonsense"}],
)
async def test_without_an_agreement_in_force_nothing_is_given(
    stage: Stage, archive: Archive, agreement: dict[str, Any] | None
) -> None:
    archive.agreement = agreement
    case, _ = await warned(stage, vehicle=vehicle())
    async with machine(stage) as brand:
        answer = await brand.get(f"{case['path']}/detail")
    assert (answer.status_code, answer.json()["type"], answer.json()["rules"]) == (
        403, "/problems/no-agreement", ["P05.13"],
    )  # fmt: skip
    assert await stage.outbox(AccessRecorded) == []


@pytest.mark.rule("P05.13")
@pytest.mark.rule("P12.8")
async def test_what_is_given_under_the_address_of_a_merged_case_is_of_the_survivor_and_in_its_proof(
    stage: Stage,
) -> None:
    case, _ = await warned(stage)
    other = await taken(stage, phone="13900139000", text="空调不制冷", fault_codes=[])
    await stage.deliver_outbox()
    merged = await as_(
        stage, "relations-1", "POST", f"{case['path']}/merge", json={"into": other["id"], "words": "同一事项"}
    )
    assert merged.status_code == 200, merged.text
    async with machine(stage) as brand:
        given = (await brand.get(f"{case['path']}/detail")).json()
    assert (given["case_id"], given["fields"]["number"]) == (other["id"], other["number"])
    proof = (await as_(stage, "gm-1", "GET", f"{other['path']}/serious/proof")).json()
    assert [one["client"] for one in proof["provisions"]] == [MACHINE]


@pytest.mark.rule("P05.13")
async def test_another_brand_an_unmarked_case_or_a_person_gets_no_detail(stage: Stage, archive: Archive) -> None:
    case, _ = await warned(stage, vehicle=vehicle())
    other, plain = await taken(stage, vehicle={"brand": "江淮汽车"}), await taken(stage, phone="13900139000")
    async with machine(stage) as brand, machine(stage, "client:other") as stranger:
        assert (await brand.get(f"{other['path']}/detail")).status_code == 404
        assert (await brand.get(f"{plain['path']}/detail")).status_code == 404
        assert (await stranger.get(f"{case['path']}/detail")).status_code == 404
    async with machine(stage, scope=Scope.COMPLAINT_TAKE) as taker:
        assert (await taker.get(f"{case['path']}/detail")).status_code == 403
    assert (await as_(stage, "gm-1", "GET", f"{case['path']}/detail")).status_code == 403
    archive.away = True
    async with machine(stage) as brand:
        assert (await brand.get(f"{case['path']}/detail")).status_code == 503
    assert await stage.rows("SELECT 1 FROM provisions") == []
