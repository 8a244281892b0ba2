"""Erasure: asked, approved, destroyed here, told to all, and certified when every service has answered."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from chassis.kit.at_work import at_work
from chassis.kit.eventually import eventually
from chassis.kit.keys import TestIssuer
from chassis.kit.stage import Stage, staged
from chassis.service import Service
from contracts.archive import AccessRecorded
from contracts.customer import ConfirmErasure, CustomerChanged, CustomerEntry, CustomerErased
from contracts.work import WorkItem
from policy.calendar import ZONE
from policy.kit import Clock, hire, reasons_about

from .test_customers import form


@pytest_asyncio.fixture
async def stage(service: Service, database: str, keys: tuple[Path, Path], issuer: TestIssuer) -> Any:
    """The service with its people."""
    async with staged(service, database, keys, issuer, grants_from="staff") as stage:
        stage.runtime.clock = Clock(datetime(2026, 3, 2, 9, 15, tzinfo=ZONE))
        await hire(stage, "clerk-1", "marketing_promotion@sh-pudong", "information_specialist@sh-pudong")
        await hire(stage, "cs-1", "customer_service_manager@sh-pudong")
        await hire(stage, "gm-1", "general_manager@sh-pudong")
        await hire(stage, "sales-1", "sales_director@sh-pudong")
        yield stage


async def registered(stage: Stage, **changes: Any) -> str:
    async with stage.client(subject="clerk-1") as clerk:
        answer = await clerk.post("/v1/customers", json=form(**changes), headers={"Idempotency-Key": "first"})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def asked(stage: Stage, customer: str) -> dict[str, Any]:
    async with stage.client(subject="clerk-1") as clerk:
        answer = await clerk.post(f"/v1/customers/{customer}/erasure", json={"ground": "consent_withdrawn"})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def decided(stage: Stage, erasure: dict[str, Any], *, grant: bool = True) -> None:
    """The customer-service manager decides, and the job has run."""
    async with stage.client(subject="cs-1") as manager:
        (approval,) = (await manager.get(f"/v1/approvals?subject={erasure['id']}")).json()["items"]
        body = {"grant": grant, "digest": approval["digest"], **({} if grant else {"reason": "still a customer"})}
        answer = await manager.post(f"/v1/approvals/{approval['id']}/decide", json=body)
    assert answer.status_code == 200, answer.text
    async with at_work(stage.runner()):
        await eventually(lambda: no_jobs(stage))


async def no_jobs(stage: Stage) -> bool:
    return await stage.rows("SELECT 1 FROM kehu.jobs WHERE kind = 'erase_customer'") == []


async def answer(stage: Stage, erasure: dict[str, Any], customer: str, service: str) -> None:
    said = ConfirmErasure(
        erasure_id=UUID(erasure["id"]), customer_id=UUID(customer), service=service, destroyed=2,
        at=stage.runtime.clock(),
    )  # fmt: skip
    record = await stage.receive(said, key=customer)
    await stage.consumer.consume([record])


@pytest.mark.rule("P05.14")
async def test_a_customer_is_gone_once_approved_and_certified_once_all_have_answered(stage: Stage) -> None:
    customer = await registered(stage)
    erasure = await asked(stage, customer)
    async with stage.client(subject="clerk-1") as clerk:
        assert (await clerk.get(f"/v1/customers/{customer}")).status_code == 200
    await decided(stage, erasure)
    async with stage.client(subject="clerk-1") as clerk:
        gone = await clerk.get(f"/v1/customers/{customer}")
        assert (gone.status_code, "erased" in gone.json()["detail"]) == (404, True)
        sought = await clerk.post("/v1/customers/search", json={"phone": form()["phones"][0]})
        assert sought.json()["items"] == []
        early = await clerk.get(f"/v1/erasures/{erasure['id']}/certificate")
        assert (early.status_code, early.json()["missing"]) == (409, ["complaint", "archive", "credit"])
    (told,) = await stage.outbox(CustomerErased)
    assert told.key == customer
    tombstone = [t for t in await stage.outbox() if t.topic == "customer.state"][-1]
    assert (tombstone.key, tombstone.message) == (customer, None)
    assert tombstone.sequence == told.sequence
    for service in ("complaint", "archive", "credit"):
        await answer(stage, erasure, customer, service)
    async with stage.client(subject="clerk-1") as clerk:
        certificate = (await clerk.get(f"/v1/erasures/{erasure['id']}/certificate")).json()
    assert certificate["erasure"]["state"] == "completed"
    assert [(a["service"], a["destroyed"]) for a in certificate["erasure"]["answers"]] == [
        ("archive", 2), ("complaint", 2), ("credit", 2), ("customer", certificate["erasure"]["answers"][3]["destroyed"])
    ]  # fmt: skip
    assert certificate["erasure"]["answers"][3]["destroyed"] > 1
    said = [t.message for t in await stage.outbox(AccessRecorded)]
    assert [s.action for s in said if isinstance(s, AccessRecorded) and s.table == "customers"][-2:] == [
        "erase",
        "complete_erasure",
    ]
    states = [t.message for t in await stage.outbox(WorkItem)]
    assert [s.state for s in states if isinstance(s, WorkItem) and s.kind == "erasure_answers"] == ["open", "done"]


@pytest.mark.rule("P05.14")
async def test_nothing_that_is_left_in_the_database_can_be_read(stage: Stage) -> None:
    customer = await registered(stage)
    async with stage.client(subject="clerk-1") as clerk:
        await clerk.patch(f"/v1/customers/{customer}", json={"effective_on": "2026-03-02", "address": "示例路 9 号"})
    await decided(stage, await asked(stage, customer))
    ((wrapped,),) = await stage.rows("SELECT wrapped FROM kehu.subject_keys")
    assert wrapped is None
    assert await stage.rows("SELECT 1 FROM customer_tokens") == []
    async with stage.client(subject="clerk-1") as clerk:
        again = await clerk.post("/v1/customers", json=form(), headers={"Idempotency-Key": "first"})
        assert (again.status_code, again.json()["type"]) == (410, "/problems/erased")
        assert (await clerk.get(f"/v1/customers/{customer}/changes")).status_code == 404


async def test_a_refused_erasure_leaves_the_customer_and_may_be_asked_again(stage: Stage) -> None:
    customer = await registered(stage)
    first = await asked(stage, customer)
    await decided(stage, first, grant=False)
    assert await reasons_about(stage, first["id"]) == [True]
    async with stage.client(subject="clerk-1") as clerk:
        assert (await clerk.get(f"/v1/customers/{customer}")).status_code == 200
    await decided(stage, await asked(stage, customer))
    assert await reasons_about(stage, first["id"]) == [False], "why it was refused is forgotten with them"


async def test_it_is_asked_once_and_whoever_asked_does_not_approve(stage: Stage) -> None:
    customer = await registered(stage)
    first = await asked(stage, customer)
    async with stage.client(subject="clerk-1") as clerk:
        second = await clerk.post(f"/v1/customers/{customer}/erasure", json={"ground": "unlawful"})
        assert (second.status_code, second.json()["path"]) == (409, f"/v1/erasures/{first['id']}")
        (approval,) = (await clerk.get(f"/v1/approvals?subject={first['id']}")).json()["items"]
        assert not approval["yours"]


async def test_an_answer_for_no_erasure_changes_nothing(stage: Stage) -> None:
    await answer(stage, {"id": str(uuid4())}, str(uuid4()), "complaint")
    assert await stage.rows("SELECT 1 FROM kehu.parked") == []


@pytest.mark.rule("P03.3")
async def test_the_sales_director_confirms_a_file_and_a_new_name_must_be_confirmed_anew(stage: Stage) -> None:
    customer = await registered(stage)
    async with stage.client(subject="clerk-1") as clerk:
        assert (await clerk.post(f"/v1/customers/{customer}/confirm")).status_code == 403
    async with stage.client(subject="sales-1") as director:
        for _ in range(2):
            assert (await director.post(f"/v1/customers/{customer}/confirm")).json()["confirmed"]
    changes = [t.message for t in await stage.outbox(CustomerChanged)]
    assert [c.what for c in changes if isinstance(c, CustomerChanged)] == [["confirmed"]]
    async with stage.client(subject="clerk-1") as clerk:
        for body, confirmed in (({"address": "示例路 9 号"}, True), ({"name": "王小方"}, False)):
            changed = await clerk.patch(f"/v1/customers/{customer}", json={"effective_on": "2026-03-02", **body})
            assert changed.json()["confirmed"] is confirmed, changed.text
    entries = [t.message for t in await stage.outbox(CustomerEntry)]
    assert [bool(e.confirmed_at) for e in entries if isinstance(e, CustomerEntry)] == [False, True, True, False]
