"""From the call to the archive, and up the ladder: the services as processes, real Kafka, read from the receivers."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import httpx
import pytest
import pytest_asyncio
from chassis.kit.eventually import eventually

from tests.faults.system import System, rows
from tests.journeys.walk import AUDITOR, BRANCH, GENERAL_MANAGER, Walk
from tests.journeys.ways import DEALERSHIP, GPS, PROPERTY, RETAIL, SERVICES, WAYS, Way

pytestmark = [pytest.mark.whole_system, pytest.mark.timeout(600), pytest.mark.asyncio(loop_scope="package")]

ARCHIVIST = f"information-specialist-{BRANCH}-1"
#: which brand a machine speaks for, as an approved value of the policy
_SPEAKS_FOR = """INSERT INTO kehu.policy_versions (id, policy, layer, "values", effective_on, state, reason,
        proposed_by, proposed_at, decided_at, held, version, sequence)
    VALUES (uuidv7(), 'serious', 'group', $1::jsonb, '2020-01-01', 'approved', 'test', 'gm-1', now(), now(), '{}', 1, 0)
    RETURNING 1"""


@pytest_asyncio.fixture(scope="module", loop_scope="package", autouse=True)
async def watching(walk: Walk) -> AsyncIterator[asyncio.Task[dict[str, Any]]]:
    """A term that ends while the others are tested."""
    task = asyncio.create_task(walk.watched("watched-1", "14207774099", within=120))
    yield task
    task.cancel()


@pytest.mark.parametrize(
    "way",
    [
        pytest.param(SERVICES, marks=[pytest.mark.rule(rule) for rule in ("P04.5", "P04.7", "P04.8", "P04.10")]),
        pytest.param(DEALERSHIP, marks=[pytest.mark.rule(rule) for rule in ("P12.2", "P12.4", "P12.9")]),
        pytest.param(RETAIL, marks=[pytest.mark.rule(f"P17.{n}") for n in (2, 3, 4, 5, 6, 9)]),
        pytest.param(PROPERTY, marks=pytest.mark.rule("P08.6")),
        pytest.param(GPS, marks=pytest.mark.rule("P16.9")),
    ],
    ids=lambda way: way.profile,
)
async def test_an_ordinary_and_a_serious_case_go_from_the_call_to_the_archive(
    way: Way, walk: Walk, running: System
) -> None:
    n = WAYS.index(way)
    ordinary, serious = await asyncio.gather(
        walk.goes(way, f"{way.profile}-1", f"1420777400{n}"),
        walk.goes(way, f"{way.profile}-2", f"1420777401{n}", serious=True),
    )
    for found, level, handler in ((ordinary, "normal", way.handler), (serious, "serious", way.superior)):
        progress = found["progress"]
        assert (progress["state"], progress["level"], progress["handler"]) == ("closed", level, handler)
        assert all(progress["gates"].values()), "every gate of the profile was passed"
        assert len(found["signatures"]) == len(way.signed)
        assert ("approvals" in {item["kind"] for item in found["dossier"]["items"]}) is bool(way.signed)
        assert "is in the log of" in found["proved"]
        owed = await rows(
            running.databases["complaint"],
            "SELECT duty FROM kehu.obligations WHERE subject = $1::uuid AND ended_at IS NULL",
            found["case"]["id"],
        )
        assert owed == []


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


@pytest.mark.rule("P17.2")
async def test_an_approval_asked_in_one_process_waits_in_another(walk: Walk) -> None:
    case = await walk.takes("approval-1", "14207774020", branch=RETAIL.branch, channel=RETAIL.channel)
    who, step, body = RETAIL.steps(serious=False)[0]
    await walk.does(who, "complaint", f"{case['path']}/{step}", body)
    asked, signer = time.monotonic(), RETAIL.signers[0]
    listed = f"/v1/work?approvals=true&subject={case['id']}"

    async def by_console() -> tuple[float, str]:
        page = await walk.sees(signer, "console", listed, lambda page: bool(page["items"]))
        assert [(one["service"], one["kind"], one["role"]) for one in page["items"]] == [
            ("complaint", "approve.complaint.judgement", "department_manager")
        ]
        return time.monotonic() - asked, page["items"][0]["path"]

    async def by_notify() -> tuple[float, str]:
        notice = await walk.notice(signer, case["id"], "approval_waiting")
        assert notice["unread"]
        return time.monotonic() - asked, notice["path"]

    (console, listed_path), (notify, told_path) = await asyncio.gather(by_console(), by_notify())
    assert listed_path == told_path
    assert told_path.startswith("/v1/approvals/")
    print(f"asked in complaint, seen in console after {console:.2f} s, in notify after {notify:.2f} s")
    assert await walk.signs([signer], case["id"]) == ("complaint.judgement", signer)
    await walk.sees(signer, "console", listed, lambda page: page["items"] == [])
    await walk.sees(
        signer,
        "notify",
        "/v1/inbox?limit=100",
        lambda page: not any(one["unread"] for one in page["items"] if one["subject"] == case["id"]),
    )


@pytest.mark.rule("P04.3")
async def test_a_term_that_ends_is_called_to_mind_then_passed_up(
    watching: asyncio.Task[dict[str, Any]], walk: Walk
) -> None:
    found = await watching
    duty, reminder, missed = found["judge"], found["reminder"], found["missed"]
    assert (reminder["title"], reminder["role"]) == ("1 项待办即将到期", "person")
    assert (missed["title"], missed["role"]) == ("逾期未完成: 判定投诉是否成立", "general_manager")
    reminded, due, told = (
        datetime.fromisoformat(at) for at in (reminder["made_at"], duty["due_at"], missed["made_at"])
    )
    assert reminded < due <= told
    # where the case came before the branch's new hours, it was called to mind under both terms
    assert duty["reminders"] in (1, 2)
    assert duty["escalated_to"] == ["general_manager"]
    assert duty["state"] == "met", "judged at last"
    assert datetime.fromisoformat(duty["missed_at"]) == due < datetime.fromisoformat(duty["ended_at"])


@pytest.mark.rule("P12.2")
async def test_who_is_named_after_the_closing_loses_dossier_and_notices_everywhere(walk: Walk) -> None:
    found = await walk.goes(DEALERSHIP, "kept-1", "14207774180", serious=True)
    case, reader = found["case"], DEALERSHIP.reader
    dossier = found["dossier"]
    told = await walk.notice(reader, case["id"], "serious_confirm")
    item = f"/v1/items/{dossier['items'][0]['id']}/content"
    theirs = [
        ("archive", f"/v1/dossiers/{dossier['id']}"),
        ("archive", item),
        ("notify", f"/v1/inbox/{told['id']}"),
        ("complaint", case["path"]),
    ]
    for service, path in theirs:
        assert (await walk.asks(reader, service, "GET", path)).status_code == 200, path
    await walk.does(DEALERSHIP.closes, "complaint", f"{case['path']}/reopen", {"words": "客户称由总经理本人造成"})
    over = {"department": DEALERSHIP.department, "handler": DEALERSHIP.superior, "respondent": reader}
    await walk.does(DEALERSHIP.hands_over, "complaint", f"{case['path']}/hand-over", over)

    async def nothing_is_left() -> bool:
        answers = [(await walk.asks(reader, service, "GET", path)).status_code for service, path in theirs]
        return answers == [404] * len(theirs)

    await eventually(nothing_is_left)
    inbox = (await walk.asks(reader, "notify", "GET", "/v1/inbox?limit=100")).json()["items"]
    assert [one for one in inbox if one["subject"] == case["id"]] == []
    found_there = await walk.asks(reader, "archive", "GET", f"/v1/dossiers?kind=case&about={case['id']}")
    assert found_there.json()["items"] == []
