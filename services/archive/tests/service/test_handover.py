"""Hand-over: every item whole or not at all, one receipt, however often the work is interrupted."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from archive.handover.take_over import take_over
from chassis.file_name import disposition
from chassis.ids import uuid7
from chassis.jobs import Work
from chassis.kit.at_work import at_work
from chassis.kit.counterpart import Reply, Request, answered, counterpart
from chassis.kit.eventually import eventually
from chassis.kit.keys import TestIssuer
from chassis.kit.stage import Stage, staged
from chassis.service import Service
from contracts.archive import AccessRecorded, DossierEntry, DossierFiled
from contracts.complaint import DossierReady, KeptOut, ManifestItem
from contracts.customer import ConfirmErasure, CustomerErased
from contracts.work import WorkItem, WorkState
from policy.kit import Clock, give_reasons, reasons_about

from .papers import KEEPER, PDF, filed, files_in, opened

LETTER = "本人对三次维修未解决表示不满".encode()
RECORDING = b"ID3" + bytes(range(256)) * 2000


@dataclass
class Complaint:
    """The complaint service, as far as hand-overs go: what it has at which path, as what, and what it was asked."""

    files: dict[str, bytes] = field(default_factory=dict)
    saved: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    away: int = 0

    def answer(self, request: Request) -> Reply | None:
        if request.path == "/token":
            assert b"scope=complaint.dossier" in request.body
            return answered({"access_token": "t", "expires_in": 300})
        self.asked.append(request.path)
        if self.away > 0:
            self.away -= 1
            return None
        content = self.files.get(request.path)
        told = {"Content-Disposition": self.saved[request.path]} if request.path in self.saved else {}
        return Reply(404) if content is None else Reply(200, told, content)


@pytest.fixture
def complaint() -> Complaint:
    return Complaint()


@pytest_asyncio.fixture
async def stage(
    service: Service,
    database: str,
    keys: tuple[Path, Path],
    issuer: TestIssuer,
    tmp_path: Path,
    folder: Path,
    complaint: Complaint,
) -> AsyncIterator[Stage]:
    async with counterpart(complaint.answer) as url:
        more = {"blob_store": str(folder), "peers": {"complaint": url}, "token_endpoint": f"{url}/token"}
        async with staged(service, database, keys, issuer, **more) as stage:
            stage.runtime.clock = Clock(stage.runtime.clock())
            yield stage


def ready(complaint: Complaint, **changes: Any) -> DossierReady:
    """A case with a letter and a recording, which the complaint service has."""
    case = uuid7()
    items = []
    for label, kind, media_type, content in (
        ("letter", "correspondence", "text/plain", LETTER),
        ("recording", "recording", "audio/mpeg", RECORDING),
    ):
        path = f"/v1/complaints/{case}/dossier/{label}"
        complaint.files[path] = content
        digest = hashlib.sha256(content).hexdigest()
        items.append(
            ManifestItem(label=label, kind=kind, media_type=media_type, size=len(content), sha256=digest, path=path)
        )
    said = {
        "case_id": case,
        "handover_id": uuid7(),
        "number": "20260302-0001042-8",
        "branch": "sh-pudong",
        "customer_id": None,
        "items": items,
        "excluded": ["head-2"],
    }
    return DossierReady(**{**said, **changes})


async def receipts(stage: Stage) -> list[DossierFiled]:
    return [t.message for t in await stage.outbox(DossierFiled) if isinstance(t.message, DossierFiled)]


async def worked(stage: Stage) -> None:
    """Let the jobs run, and their pauses pass, until nothing waits but the sweeping of tomorrow."""
    clock = stage.runtime.clock
    assert isinstance(clock, Clock)

    async def done() -> bool:
        sql = "SELECT count(*), min(run_at) FROM kehu.jobs WHERE state = 'waiting' AND kind = 'take_over'"
        ((waiting, next_at),) = await stage.rows(sql)
        if (
            waiting
            and next_at > clock.now
            and await stage.rows(
                "SELECT 1 FROM kehu.jobs WHERE kind = 'take_over' AND state = 'waiting' AND lease IS NULL"
            )
        ):
            clock.now = next_at
        return not waiting

    async with at_work(stage.runner()):
        await eventually(done)


@pytest.mark.rule("P04.8")
@pytest.mark.rule("P13.3")
async def test_a_case_is_taken_over_whole_and_receipted_once(stage: Stage, complaint: Complaint, folder: Path) -> None:
    event = ready(complaint)
    record = await stage.receive(event, key=str(event.case_id))
    await stage.consumer.consume([record])
    await worked(stage)
    (receipt,) = await receipts(stage)
    assert (receipt.source, receipt.handover_id) == (event.case_id, event.handover_id)
    assert [(i.label, i.sha256) for i in receipt.items] == [(i.label, i.sha256) for i in event.items]
    entry = (await stage.outbox(DossierEntry))[-1].message
    assert isinstance(entry, DossierEntry)
    assert [line.kind for line in entry.papers] == ["correspondence", "recording"]
    assert len(files_in(folder)) == 2
    assert not any(LETTER in path.read_bytes() for path in files_in(folder))
    async with stage.client("general_manager@sh-pudong", subject="gm-1") as manager:
        opened = (await manager.get(f"/v1/dossiers/{receipt.dossier_id}")).json()
        assert [item["label"] for item in opened["items"]] == ["letter", "recording"]
        contents = [(await manager.get(item["content"])).content for item in opened["items"]]
    assert contents == [LETTER, RECORDING]
    async with stage.client(KEEPER) as keeper:
        (entered,) = (await keeper.get("/v1/handovers")).json()["items"]
    assert (entered["state"], entered["missing"], entered["delivered_by"]) == ("filed", [], "service:complaint")


@pytest.mark.rule("P05.4")
@pytest.mark.rule("P05.9")
async def test_a_file_keeps_its_name_sealed_and_whoever_reads_it_is_recorded_once(
    stage: Stage, complaint: Complaint
) -> None:
    event = ready(complaint)
    letter, recording = (item.path for item in event.items)
    complaint.saved = {letter: disposition(None, "0190"), recording: disposition("王小芳 来电.mp3", "0190")}
    await stage.receive(event, key=str(event.case_id))
    await worked(stage)
    (receipt,) = await receipts(stage)
    rows = await stage.rows("SELECT i::text, i.sealed FROM items i")
    rows += await stage.rows("SELECT h::text, NULL::bytea FROM handovers h")
    rows += await stage.rows("SELECT o::text, o.value FROM kehu.outbox o")
    assert len(rows) > 4
    assert not [row for row in rows if "来电.mp3" in row[0] or "来电.mp3".encode() in (row[1] or b"")]
    async with stage.client("general_manager@sh-pudong", subject="gm-1") as manager:
        opened = (await manager.get(f"/v1/dossiers/{receipt.dossier_id}")).json()["items"]
        assert [item["name"] for item in opened] == [None, "王小芳 来电.mp3"]
        before = len(await stage.outbox(AccessRecorded))
        saved = [(await manager.get(item["content"])).headers["content-disposition"] for item in opened]
    assert saved == [disposition(None, opened[0]["id"]), disposition("王小芳 来电.mp3", opened[1]["id"])]
    read = [one.message for one in (await stage.outbox(AccessRecorded))[before:]]
    kept = await stage.rows("SELECT id, sealed, sealed_sha256 FROM items ORDER BY id")
    assert [(r.actor, r.action, r.ids, r.digests) for r in read if isinstance(r, AccessRecorded)] == [
        ("gm-1", "read", [str(item), str(receipt.dossier_id)], [hashlib.sha256(sealed).hexdigest(), digest.hex()])
        for item, sealed, digest in kept
    ]


@pytest.mark.rule("P13.3")
async def test_a_name_that_cannot_be_read_is_noted_as_missing(stage: Stage, complaint: Complaint) -> None:
    event = ready(complaint)
    complaint.saved = {event.items[1].path: "attachment; filename*=UTF-8''%FF.mp3"}
    await stage.receive(event, key=str(event.case_id))
    await worked(stage)
    ((missing,),) = await stage.rows("SELECT missing FROM handovers")
    assert [(one["label"], "UTF-8" in one["because"]) for one in missing] == [("recording", True)]


@pytest.mark.rule("P12.2")
async def test_who_is_excluded_from_the_case_never_reads_its_dossier(stage: Stage, complaint: Complaint) -> None:
    event = ready(complaint)
    await stage.receive(event, key=str(event.case_id))
    await worked(stage)
    (receipt,) = await receipts(stage)
    async with stage.client("department_head@sh-pudong", subject="head-2") as accused:
        assert (await accused.get(f"/v1/dossiers/{receipt.dossier_id}")).status_code == 404
        assert (await accused.get(f"/v1/items/{receipt.items[0].item_id}/content")).status_code == 404
        assert (await accused.get("/v1/dossiers")).json()["items"] == []


async def test_an_interrupted_hand_over_goes_on_and_takes_nothing_twice(
    stage: Stage, complaint: Complaint, folder: Path
) -> None:
    event = ready(complaint)
    await stage.receive(event, key=str(event.case_id))
    ((job_id,),) = await stage.rows("SELECT id FROM kehu.jobs WHERE kind = 'take_over'")
    work = Work(stage.runtime, job_id, 1, False, None, {}, uuid7(), stage.runner())
    killed = asyncio.create_task(take_over.work(str(event.handover_id), work))

    async def first_is_filed() -> bool:
        return bool(await stage.rows("SELECT 1 FROM items"))

    await eventually(first_is_filed, every=0)
    killed.cancel()
    await asyncio.gather(killed, return_exceptions=True)
    await worked(stage)
    assert len(await receipts(stage)) == 1
    assert len(await stage.rows("SELECT 1 FROM items WHERE state = 'filed'")) == 2
    assert complaint.asked.count(event.items[0].path) == 1


async def test_two_workers_at_once_file_each_item_once(stage: Stage, complaint: Complaint) -> None:
    event = ready(complaint)
    await stage.receive(event, key=str(event.case_id))
    ((job_id,),) = await stage.rows("SELECT id FROM kehu.jobs WHERE kind = 'take_over'")
    works = [Work(stage.runtime, job_id, 1, False, None, {}, uuid7(), stage.runner()) for _ in range(4)]
    await asyncio.gather(*[take_over.work(str(event.handover_id), work) for work in works])
    assert len(await receipts(stage)) == 1
    assert len(await stage.rows("SELECT 1 FROM items")) == 2
    papers = [t.message.papers for t in await stage.outbox(DossierEntry) if isinstance(t.message, DossierEntry)]
    assert [len(lines) for lines in papers] == [1, 2]


async def test_a_deliverer_that_is_away_is_asked_again(stage: Stage, complaint: Complaint) -> None:
    event = ready(complaint)
    complaint.away = 5
    await stage.receive(event, key=str(event.case_id))
    await worked(stage)
    assert len(await receipts(stage)) == 1


@pytest.mark.rule("P13.3")
@pytest.mark.rule("P13.16")
async def test_what_does_not_arrive_whole_is_noted_as_missing_and_somebodys_task_until_it_has(
    stage: Stage, complaint: Complaint
) -> None:
    event = ready(complaint)
    path = event.items[1].path
    complaint.files[path] = RECORDING[:-1] + b"x"
    await stage.receive(event, key=str(event.case_id))
    await worked(stage)
    assert await receipts(stage) == []
    assert len(await stage.rows("SELECT 1 FROM items")) == 1
    async with stage.client(KEEPER) as keeper:
        (stuck,) = (await keeper.get("/v1/handovers?state=stuck")).json()["items"]
        assert stuck["missing"] == [{"label": "recording", "because": "another digest than announced"}]
        owed = [t.message for t in await stage.outbox(WorkItem) if isinstance(t.message, WorkItem)]
        assert [(one.kind, one.role, one.state) for one in owed] == [
            ("take_over", "information_specialist", WorkState.OPEN)
        ]
        complaint.files[path] = RECORDING
        again = await keeper.post(f"/v1/handovers/{stuck['id']}/retry")
        assert again.status_code == 202
        await worked(stage)
        mended = (await keeper.get(f"/v1/handovers/{stuck['id']}")).json()
        too_late = await keeper.post(f"/v1/handovers/{stuck['id']}/retry")
    assert (mended["state"], mended["missing"]) == ("filed", [])
    assert (too_late.status_code, too_late.json()["type"]) == (409, "/problems/filed-already")
    assert len(await receipts(stage)) == 1
    last = [t.message for t in await stage.outbox(WorkItem) if isinstance(t.message, WorkItem)][-1]
    assert last.state == WorkState.DONE


@pytest.mark.parametrize("changes", [{"size": 5}, {"size": 10**9}, {"path": "@evil.example/v1/x"}, {"sha256": "00"}])
async def test_a_manifest_that_lies_brings_nothing_in(
    stage: Stage, complaint: Complaint, folder: Path, changes: dict[str, Any]
) -> None:
    event = ready(complaint)
    lying = event.items[0].model_copy(update=changes)
    event = event.model_copy(update={"items": [lying]})
    await stage.receive(event, key=str(event.case_id))
    await worked(stage)
    assert await receipts(stage) == []
    assert files_in(folder) == []
    ((state,),) = await stage.rows("SELECT state FROM handovers")
    assert state == "stuck"


async def test_a_second_hand_over_of_the_case_adds_to_its_dossier(stage: Stage, complaint: Complaint) -> None:
    first = ready(complaint)
    second = ready(complaint, case_id=first.case_id)
    records = [stage.record(event, key=str(first.case_id), sequence=n) for n, event in enumerate((first, second), 1)]
    await stage.consumer.consume(records)
    await worked(stage)
    assert len({receipt.dossier_id for receipt in await receipts(stage)}) == 1
    assert len(await receipts(stage)) == 2
    assert len(await stage.rows("SELECT 1 FROM dossiers")) == 1


@pytest.mark.rule("P05.14")
async def test_the_dossiers_of_a_forgotten_customer_open_for_nobody_and_their_files_are_gone(
    stage: Stage, complaint: Complaint, folder: Path
) -> None:
    dossier = await opened(stage)
    await filed(stage, dossier)
    another = await opened(stage)
    other = await filed(stage, another)
    customer = UUID(dossier["about"])
    await stage.receive(ready(complaint, customer_id=customer), key="case")
    await worked(stage)
    (receipt,) = await receipts(stage)
    assert len(files_in(folder)) == 4
    about = (dossier["id"], receipt.handover_id, another["id"])
    await give_reasons(stage, *about)
    said = CustomerErased(erasure_id=uuid7(), customer_id=customer, erased_at=stage.runtime.clock())
    record = await stage.receive(said, key=str(customer))
    await stage.consumer.consume([record])

    async def forgotten() -> bool:
        return len(files_in(folder)) == 1

    async with at_work(stage.runner()):
        await eventually(forgotten)
    (answer,) = await stage.outbox(ConfirmErasure)
    assert isinstance(answer.message, ConfirmErasure)
    assert (answer.message.service, answer.message.destroyed) == ("archive", 4)
    assert await reasons_about(stage, *about) == [False, False, True]
    assert [told.key for told in await stage.outbox(DossierEntry) if told.message is None] == [dossier["id"]]
    async with stage.client(KEEPER) as keeper:
        for path in (dossier["path"], f"/v1/items/{receipt.items[0].item_id}/content"):
            assert (await keeper.get(path)).status_code == 404
        assert (await keeper.get(other["content"])).content == PDF


async def is_closed_to(stage: Stage, who: str, dossier: UUID, item: UUID) -> bool:
    """Whether nothing of the dossier is shown to a head of department."""
    async with stage.client("department_head@sh-pudong", subject=who) as person:
        answers = [
            (await person.get(path)).status_code for path in (f"/v1/dossiers/{dossier}", f"/v1/items/{item}/content")
        ]
        listed = [one["id"] for one in (await person.get("/v1/dossiers")).json()["items"]]
    assert len(set(answers)) == 1, answers
    return answers[0] == 404 and str(dossier) not in listed


@pytest.mark.rule("P12.2")
async def test_whom_a_case_turns_out_to_be_about_later_reads_its_dossier_no_more(
    stage: Stage, complaint: Complaint
) -> None:
    event = ready(complaint)
    await stage.receive(event, key=str(event.case_id))
    await worked(stage)
    (receipt,) = await receipts(stage)
    dossier, item = receipt.dossier_id, receipt.items[0].item_id
    assert not await is_closed_to(stage, "head-3", dossier, item)
    for sequence in (2, 3):  # again changes nothing
        said = KeptOut(case_id=event.case_id, branch=event.branch, people=["head-3"])
        await stage.receive(said, key=str(event.case_id), sequence=sequence)
    assert await is_closed_to(stage, "head-3", dossier, item)
    assert not await is_closed_to(stage, "head-4", dossier, item)
    ((rights,),) = await stage.rows("SELECT count(*) FROM kehu.record_rights WHERE record = $1", dossier)
    assert rights == 2  # head-2 from the hand-over, head-3 once


@pytest.mark.rule("P12.2")
async def test_a_dossier_opened_later_by_hand_is_closed_to_whom_the_case_is_about(stage: Stage) -> None:
    case = uuid7()
    await stage.receive(KeptOut(case_id=case, branch="sh-pudong", people=["keeper-2"]), key=str(case))
    async with stage.client(KEEPER, subject="keeper-1") as keeper, stage.client(KEEPER, subject="keeper-2") as accused:
        new = {"kind": "case", "about": str(case), "branch": "sh-pudong"}
        answer = await keeper.post("/v1/dossiers", json=new)
        assert answer.status_code == 201, answer.text
        dossier = answer.json()["id"]
        assert (await keeper.get(f"/v1/dossiers/{dossier}")).status_code == 200
        assert (await accused.get(f"/v1/dossiers/{dossier}")).status_code == 404
