"""From the call to the archive, and up the ladder: the services as processes, real Kafka, read from the receivers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio
from chassis.kit.eventually import eventually
from dev import children, seed
from dev.people import ADMINISTRATOR

from tests.faults.system import Ground, System, rows, system
from tests.journeys.walk import AUDITOR, BRANCH, GENERAL_MANAGER, Walk

pytestmark = [pytest.mark.serial, pytest.mark.timeout(240), pytest.mark.asyncio(loop_scope="module")]

ARCHIVIST = f"information-specialist-{BRANCH}-1"
#: which brand a machine speaks for, as an approved value of the policy
_SPEAKS_FOR = """INSERT INTO kehu.policy_versions (id, policy, layer, "values", effective_on, state, reason,
        proposed_by, proposed_at, decided_at, held, version, sequence)
    VALUES (uuidv7(), 'serious', 'group', $1::jsonb, '2020-01-01', 'approved', 'test', 'gm-1', now(), now(), '{}', 1, 0)
    RETURNING 1"""
SERVICES = ("archive", "complaint", "customer", "notify", "staff")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(here: Ground) -> AsyncIterator[System]:
    """The services, with the people of the demo entered through staff's own doors."""
    told = {"KEHU_GRANTS_FROM": "staff", "KEHU_FIRST_ADMINISTRATOR": ADMINISTRATOR}
    async with system(here, [(name, "all", 1) for name in SERVICES], **told) as running:
        # a process says that it has started a moment before it listens
        await eventually(lambda: all(children.listens(part.port) for part in running.parts))
        staff = running.serving("staff")[0].address
        await asyncio.to_thread(seed.staff_branches, staff, here.issuer)
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def walk(running: System) -> AsyncIterator[Walk]:
    addresses = {name: running.serving(name)[0].address for name in SERVICES}
    walk = Walk(addresses, lambda who: running.ground.token(who))
    yield walk
    await walk.close()


@pytest.mark.rule("P04.8")
@pytest.mark.rule("P12.4")
async def test_a_complaint_goes_from_the_call_to_the_archive(walk: Walk, running: System) -> None:
    found = await walk.ordinary("ordinary-1", "14207770001")
    kinds = {item["kind"] for item in found["dossier"]["items"]}
    assert {"complaint_record", "investigation_report", "timeline"} <= kinds
    assert all(item["state"] == "held" or item["sha256"] for item in found["dossier"]["items"])
    case = found["case"]["id"]
    owed = await rows(
        running.databases["complaint"],
        "SELECT duty FROM kehu.obligations WHERE subject = $1::uuid AND ended_at IS NULL",
        case,
    )
    assert owed == []

    async def audited() -> bool:
        answer = await walk.asks(AUDITOR, "archive", "GET", f"/v1/audit/search?id={case}&limit=100")
        return answer.status_code == 200 and bool(answer.json()["items"])

    assert await audited(), "every opening of the case is in the audit log"


@pytest.mark.rule("P12.6")
@pytest.mark.rule("P12.7")
async def test_a_serious_one_reaches_those_who_must_know_and_they_confirm(walk: Walk) -> None:
    found = await walk.serious("serious-1", "14207770002")
    steps = found["proof"]["steps"]
    confirmed = [step for step in steps if step["confirmed_by"] == GENERAL_MANAGER]
    assert confirmed
    assert not any(step["late"] for step in confirmed)
    told = {notice["person"] for step in steps for notice in step["told"]}
    assert {GENERAL_MANAGER, "legal-1", "vp-1", "ceo-1"} <= told
    assert {"brand-1", "brand-2"} & told


@pytest.mark.rule("P04.3")
async def test_one_that_nobody_judges_is_passed_up_and_says_why_it_was_due(walk: Walk) -> None:
    found = await walk.forgotten("forgotten-1", "14207770004")
    assert found["judge"]["state"] == "missed"
    assert found["judge"]["escalated_to"][0] == "relations_manager"
    assert "1 个工作日" in found["judge"]["why_zh"]
    assert (found["notice"]["role"], found["notice"]["title"]) == ("relations_manager", "逾期未完成: 判定投诉是否成立")


@pytest.mark.rule("P05.13")
@pytest.mark.rule("P12.8")
async def test_a_factory_gets_what_a_signed_agreement_lists_and_no_more(walk: Walk, running: System) -> None:
    brand, machine = "东风日产", "client:factory"
    found = await walk.serious("serious-2", "14207770005")
    await rows(running.databases["complaint"], _SPEAKS_FOR, json.dumps({"machines": {machine: brand}}))
    token = running.ground.token(machine, scopes=["complaint.detail"])
    address = running.serving("complaint")[0].address + found["case"]["path"] + "/detail"

    async def detail() -> httpx.Response:
        async with httpx.AsyncClient(headers={"Authorization": f"Bearer {token}"}) as factory:
            return await factory.get(address)

    async def refused_for_want_of_an_agreement() -> bool:
        answer = await detail()
        return (answer.status_code, answer.json()["type"]) == (403, "/problems/no-agreement")

    await eventually(refused_for_want_of_an_agreement)
    agreement = await walk.does(ARCHIVIST, "archive", "/v1/agreements", {
        "branch": BRANCH, "party": "factory", "brand": brand, "purpose": "recall_analysis",
        "fields": ["number", "name"], "from_on": "2020-01-01", "until_on": "2099-12-31",
    })  # fmt: skip
    for signer in (AUDITOR, "cs-manager-1"):
        page = await walk.sees(
            signer, "archive", f"/v1/approvals?subject={agreement['id']}", lambda page: page["items"][0]["yours"]
        )
        body = {"grant": True, "digest": page["items"][0]["digest"]}
        await walk.does(signer, "archive", f"/v1/approvals/{page['items'][0]['id']}/decide", body)

    async def given() -> bool:
        return (await detail()).status_code == 200

    await eventually(given)
    assert (await detail()).json()["fields"] == {"number": found["case"]["number"], "name": "王小芳"}
    registered = "SELECT 1 FROM provisions WHERE about::text = $1"
    await eventually(lambda: rows(running.databases["archive"], registered, found["case"]["id"]))


async def test_a_service_that_was_down_catches_up(walk: Walk, running: System) -> None:
    (archive,) = running.of("archive.all")
    with running.holding(archive):
        archive.process.kill()
        going = asyncio.create_task(walk.ordinary("ordinary-2", "14207770003"))
        await asyncio.sleep(2)
        assert not going.done()
        archive.process.start()
    found = await going
    assert found["dossier"]["items"]
