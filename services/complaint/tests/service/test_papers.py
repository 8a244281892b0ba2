"""What a case leaves behind: timeline, actions, measures, misconduct, and the dossier that the archive fetches."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
import pytest_asyncio
from chassis.kit.keys import TestIssuer
from chassis.kit.stage import Stage
from chassis.service import Service
from contracts.archive import AccessRecorded, DossierFiled
from contracts.complaint import DossierReady, MeasureEnded
from contracts.roles import Scope
from contracts.staff import RecordBreach
from policy.kit import Clock

from ..builders import (
    ANSWER,
    CALL_BACK,
    FULL_REPORT,
    REPORT,
    RESOLUTION,
    Handled,
    answered,
    judged,
    staffed,
    work_of,
    worked,
)


@pytest_asyncio.fixture
async def stage(service: Service, database: str, keys: tuple[Path, Path], issuer: TestIssuer) -> Any:
    async with staffed(service, database, keys, issuer) as stage:
        yield stage


async def closed(stage: Stage, respondent: str | None = None) -> Handled:
    case = await Handled.taken(stage, "bj-services")
    await judged(case, "hr-1", respondent=respondent)
    await case.did("hr-1", "hand-over", {"department": "service"})
    await answered(case, "head-1")
    await case.did("head-1", "reaction", {"accepted": True, "words": "王小芳表示满意"})
    await case.did("hr-1", "call-back", CALL_BACK)
    await case.did("hr-1", "close")
    await worked(stage, "print_dossier")
    return case


def until(stage: Stage, text: str) -> None:
    clock = stage.runtime.clock
    assert isinstance(clock, Clock)
    clock.at(text)


# -- timeline and actions ------------------------------------------------------------------------


@pytest.mark.rule("P04.8")
@pytest.mark.rule("P05.15")
async def test_everything_is_on_one_timeline_and_its_words_leave_it_only_when_opened(stage: Stage) -> None:
    case = await closed(stage)
    async with stage.client(subject="gm-1") as manager:
        first = (await manager.get(f"{case.path}/timeline?limit=4")).json()
        rest = (await manager.get(f"{case.path}/timeline?cursor={first['next']}")).json()
    items = [*first["items"], *rest["items"]]
    assert [one["kind"] for one in items] == [
        "taken", "judgement", "handed_over", "investigation_started", "report", "resolution", "answer", "reaction",
        "call_back", "closed",
    ]  # fmt: skip
    assert [one["author"] for one in items] == ["agent-7"] + ["hr-1"] * 2 + ["head-1"] * 5 + ["hr-1"] * 2
    report = next(one for one in items if one["kind"] == "report")
    assert (report["words"]["conclusion"], report["rules"]) == (REPORT["conclusion"], ["P04.9"])
    assert all(one["rules"] for one in items)
    records = [one.message for one in await stage.outbox(AccessRecorded)]
    read = [r for r in records if isinstance(r, AccessRecorded) and (r.actor, r.table) == ("gm-1", "entries")]
    assert len({i for r in read for i in r.ids}) == 7  # those that have words
    everything = b"".join(
        row[0] for row in await stage.rows("SELECT value FROM kehu.outbox WHERE value IS NOT NULL")
    ) + repr(await stage.rows("SELECT * FROM cases")).encode()  # fmt: skip
    for personal in (
        "王小芳",
        "13800138000",
        "138 0013 8000",
        REPORT["cause"],
        ANSWER["words"],
        CALL_BACK["suggestion"],
    ):
        assert str(personal).encode() not in everything, personal


@pytest.mark.rule("P04.8")
async def test_actions_say_what_is_possible_whose_it_is_and_why_the_rest_is_not(stage: Stage) -> None:
    case = await Handled.taken(stage, "hz-store-3")
    await judged(case, "shop-1")

    async def actions(who: str) -> dict[str, dict[str, Any]]:
        found = (await case.get(who, "/actions")).json()
        return {one["step"]: one for one in found["actions"]}

    shown = await actions("hr-3")
    assert "call_back" not in shown  # the profile has no such gate
    assert (shown["judge"]["state"], shown["judge"]["rules"]) == ("held", ["P04.3", "P17.2"])
    assert (shown["hand_over"]["state"], shown["hand_over"]["yours"]) == ("not_now", True)
    assert "taken" in shown["hand_over"]["because"]
    since = ["answered", "approved", "investigating", "judged", "reopened", "resolved"]
    assert shown["hand_over"]["since"] == since
    await case.agreed("shop-2")
    shown = await actions("hr-3")
    assert (shown["hand_over"]["state"], shown["hand_over"]["yours"]) == ("possible", True)
    await case.did("hr-3", "hand-over", {"department": "quality"})
    theirs, others = await actions("quality-1"), await actions("ops-3")
    assert (theirs["start_investigation"]["state"], theirs["start_investigation"]["yours"]) == ("possible", True)
    assert (others["start_investigation"]["yours"], others["start_investigation"]["person"]) == (False, "quality-1")
    assert "operations_customer_service" in others["answer"]["awaits"]
    assert (others["answer"]["roles"], others["answer"]["handler"]) == (["operations_customer_service"], False)
    assert theirs["start_investigation"]["handler"]
    possible = {step for step, one in theirs.items() if one["state"] == "possible"}
    assert possible == {"hand_over", "start_investigation"}
    await case.did("quality-1", "start-investigation")
    proposing = (await actions("quality-1"))["propose"]
    assert (proposing["state"], proposing["gates"]) == ("not_now", ["investigate", "review_investigation", "opinion"])


# -- measures ------------------------------------------------------------------------------------


@pytest.mark.rule("P04.14")
@pytest.mark.rule("P17.12")
async def test_measures_are_owed_until_they_are_done_and_a_later_like_case_shows_them(stage: Stage) -> None:
    case = await Handled.taken(stage, "hz-store-3")
    early = await case.refused("hr-3", "measures", {"words": "更换阀体"})
    assert early["type"] == "/problems/not-now"
    await judged(case, "shop-1")
    await case.agreed("shop-2")
    await case.did("hr-3", "hand-over", {"department": "quality"})
    await case.did("quality-1", "start-investigation")
    await case.did("quality-1", "report", FULL_REPORT)
    past = await case.refused("quality-1", "measures", {"words": "补检", "due_on": "2026-03-02"})
    assert past["errors"][0]["pointer"] == "/due_on"
    async with stage.client(subject="hr-3") as person:
        listed = (await person.get(f"{case.path}/measures")).json()["items"]
    assert [(one["kind"], one["due_on"], one["state"]) for one in listed] == [
        ("countermeasure", "2026-03-09", "open"),
        ("prevention", "2026-03-31", "open"),
    ]
    owed = [one for one in await work_of(stage, case) if one.kind == "measure"]
    assert [(one.person, str(one.due_at)[:10]) for one in owed] == [
        ("quality-1", "2026-03-09"),
        ("quality-1", "2026-03-31"),
    ]
    first, second = (f"measures/{one['id']}/end" for one in listed)
    body = {"done": True, "words": "已更换, 延保一年"}
    done = await case.did("quality-1", first, body)
    assert (done["state"], done["outcome"]) == ("done", body["words"])
    assert (await case.refused("quality-1", first, body))["type"] == "/problems/not-now"
    await case.did("hr-3", second, {"done": False, "words": "已有同类流程"})
    ended = [one.message for one in await stage.outbox(MeasureEnded)]
    assert [m.done for m in ended if isinstance(m, MeasureEnded)] == [True, False]
    newest = {one.id: one.state for one in await work_of(stage, case) if one.kind == "measure"}
    assert sorted(newest.values()) == ["done", "waived"]

    later = await Handled.taken(stage, "hz-store-3", caller={"name": "李明", "phone": "139 0013 9000"})
    repeat = await Handled.taken(stage, "hz-store-3", vehicle={"brand": "东风日产", "series": "天籁"})
    caller = {"name": "赵强", "phone": "137 0013 7000"}
    other = await Handled.taken(stage, "hz-store-3", caller=caller, vehicle={"brand": "东风日产", "series": "天籁"})
    async with stage.client(subject="hr-3") as person:
        like = (await person.get(f"{later.path}/earlier")).json()["items"]
        repeated = (await person.get(f"{repeat.path}/earlier")).json()["items"]
        unlike = (await person.get(f"{other.path}/earlier")).json()["items"]
    assert [one["case_id"] for one in like] == [case.id, case.id]
    assert {one["words"] for one in like} == {"更换阀体并延保", "三次维修未解决须升级诊断"}
    assert [one["case_id"] for one in repeated] == [case.id, case.id]
    assert unlike == []


# -- misconduct ----------------------------------------------------------------------------------

OFFENCE = {"person": "clerk-9", "offences": ["quarrelling"], "occurred_on": "2026-03-01", "words": "与客户争执"}


@pytest.mark.rule("P04.11")
@pytest.mark.rule("P04.12")
async def test_misconduct_is_proposed_by_its_highest_tier_decided_and_booked_by_staff_once(stage: Stage) -> None:
    case = await closed(stage, respondent="clerk-9")
    assert await case.owing() == {"penalise"}
    unknown = await case.refused("hr-1", "misconduct", {**OFFENCE, "offences": ["quarrelling", "sneezing"]})
    assert unknown["errors"][0]["pointer"] == "/offences/1"
    body = {**OFFENCE, "offences": ["poor_attitude", "concealing_complaint", "quarrelling"]}
    proposed = await case.did("hr-1", "misconduct", body)
    assert (proposed["tier"], proposed["state"]) == (4, "proposed")
    assert (await case.refused("head-1", "misconduct", OFFENCE))["type"] == "/problems/proposed-already"
    assert (await case.approved("hr-1", subject=proposed["id"])).status_code == 403
    assert (await case.approved("manager-1", subject=proposed["id"])).status_code == 200
    (sent,) = await stage.outbox(RecordBreach)
    assert isinstance(sent.message, RecordBreach)
    assert (sent.topic, sent.key) == ("staff.commands", "clerk-9")
    assert (sent.message.kind, sent.message.rule, sent.message.person) == ("misconduct_4", "P04.11", "clerk-9")
    assert (sent.message.subject, str(sent.message.breach_id)) == (case.number, proposed["id"])
    assert await case.owing() == set()
    assert (await case.refused("hr-1", "misconduct", OFFENCE))["type"] == "/problems/proposed-already"
    async with stage.client(subject="hr-1") as person:
        (shown,) = (await person.get(f"{case.path}/misconduct")).json()["items"]
    assert (shown["state"], shown["tier"]) == ("decided", 4)


@pytest.mark.rule("P04.11")
async def test_a_tier_whose_sanction_the_original_has_lost_needs_the_deciders_words(stage: Stage) -> None:
    case = await closed(stage, respondent="clerk-9")
    proposed = await case.did("hr-1", "misconduct", {**OFFENCE, "offences": ["insulting_or_hitting"]})
    bare = await case.approved("manager-1", subject=proposed["id"])
    assert (bare.status_code, bare.json()["type"], bare.json()["rules"]) == (409, "/problems/needs-text", ["P04.11"])
    assert await stage.outbox(RecordBreach) == []
    assert (
        await case.approved("manager-1", reason="解除劳动合同", subject=proposed["id"])
    ).status_code == 200  # fmt: skip
    assert len(await stage.outbox(RecordBreach)) == 1


@pytest.mark.rule("P04.12")
async def test_after_the_term_or_about_the_manager_hr_files_and_the_general_manager_decides(stage: Stage) -> None:
    case = await closed(stage, respondent="clerk-9")
    about_manager = await case.refused("head-1", "misconduct", {**OFFENCE, "person": "manager-1"})
    assert about_manager["type"] == "/problems/anothers-step"
    until(stage, "2026-03-10 09:00")
    assert (await case.refused("manager-1", "misconduct", OFFENCE))["type"] == "/problems/anothers-step"
    proposed = await case.did("hr-1", "misconduct", OFFENCE)
    assert (await case.approved("manager-1", subject=proposed["id"])).status_code == 403
    assert (await case.approved("gm-1", subject=proposed["id"])).status_code == 200


@pytest.mark.rule("P04.12")
async def test_that_nobody_is_punished_is_decided_by_the_department_manager(stage: Stage) -> None:
    case = await closed(stage, respondent="clerk-9")
    assert (await case.refused("hr-1", "no-penalty", {"words": "情节轻微"}))["type"] == "/problems/anothers-step"
    await case.did("manager-1", "no-penalty", {"words": "情节轻微"})
    assert await case.owing() == set()


@pytest.mark.rule("P04.12")
async def test_a_refused_proposal_counts_nothing_and_may_be_made_anew(stage: Stage) -> None:
    case = await closed(stage, respondent="clerk-9")
    proposed = await case.did("hr-1", "misconduct", OFFENCE)
    refused = await case.approved("manager-1", grant=False, reason="并非争执", subject=proposed["id"])
    assert refused.status_code == 200
    assert await stage.outbox(RecordBreach) == []
    assert await case.owing() == {"penalise"}
    await case.did("hr-1", "misconduct", {**OFFENCE, "offences": ["poor_attitude"]})


# -- dossier -------------------------------------------------------------------------------------


@pytest.mark.rule("P04.8")
@pytest.mark.rule("P17.7")
@pytest.mark.rule("P12.2")
async def test_the_archive_fetches_the_very_bytes_whose_digests_were_told(stage: Stage) -> None:
    case = await closed(stage, respondent="clerk-9")
    (ready,) = await stage.outbox(DossierReady)
    manifest = ready.message
    assert isinstance(manifest, DossierReady)
    assert [item.kind for item in manifest.items] == [
        "complaint_record", "timeline", "investigation_report", "correspondence", "complaint_record",
        "investigation_report",
    ]  # fmt: skip
    assert [item.media_type for item in manifest.items].count("application/pdf") == 2
    assert manifest.excluded == ["clerk-9"]
    async with stage.client(scopes=(Scope.COMPLAINT_DOSSIER,), subject="archive") as archive:
        for item in manifest.items:
            fetched = await archive.get(item.path)
            assert (fetched.status_code, fetched.headers["content-type"]) == (200, item.media_type)
            assert (hashlib.sha256(fetched.content).hexdigest(), len(fetched.content)) == (item.sha256, item.size)
        record = orjson.loads((await archive.get(manifest.items[0].path)).content)
        assert (await archive.get(f"{case.path}/dossier/nothing")).status_code == 404
    assert (record["customer"]["name"], record["demand"]) == ("王小芳", "更换变速箱")
    assert record["resolution"]["words"] == RESOLUTION
    async with stage.client(subject="gm-1") as manager:
        assert (await manager.get(manifest.items[0].path)).status_code == 403
    reads = [one.message for one in await stage.outbox(AccessRecorded)]
    assert [r.purpose for r in reads if isinstance(r, AccessRecorded) and r.table == "dossier_items"] == ["dossier"] * 7
    sealed = b"".join(row[0] for row in await stage.rows("SELECT sealed FROM dossier_items"))
    assert "王小芳".encode() not in sealed


@pytest.mark.rule("P04.8")
async def test_the_receipt_of_the_archive_is_noted_once_and_only_for_the_newest_hand_over(stage: Stage) -> None:
    case = await closed(stage)
    (ready,) = await stage.outbox(DossierReady)
    assert isinstance(ready.message, DossierReady)
    receipt = DossierFiled(
        dossier_id=uuid4(),
        service="complaint",
        source=UUID(case.id),
        handover_id=ready.message.handover_id,
        items=[],
        filed_at=stage.runtime.clock(),
    )
    stale = receipt.model_copy(update={"handover_id": uuid4()})
    elsewhere = receipt.model_copy(update={"service": "customer"})
    for message in (stale, elsewhere):
        await stage.receive(message, key=str(receipt.dossier_id))
    kinds = "SELECT kind FROM entries WHERE case_id = $1::uuid AND kind = 'dossier_filed'"
    assert await stage.rows(kinds, case.id) == []
    record = await stage.receive(receipt, key=str(receipt.dossier_id))
    await stage.consumer.consume([record])
    assert len(await stage.rows(kinds, case.id)) == 1
