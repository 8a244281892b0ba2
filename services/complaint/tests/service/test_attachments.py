"""Files of a case: whole or not at all, sealed, read by whom the case is open to, handed over, forgotten."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from chassis.file_name import name_saved
from chassis.kit.at_work import at_work
from chassis.kit.eventually import eventually
from chassis.kit.keys import TestIssuer
from chassis.kit.stage import Stage, staged
from chassis.service import Service
from complaint.attachments.add_attachment import PATIENCE
from contracts.archive import AccessRecorded
from contracts.complaint import DossierReady
from contracts.customer import ConfirmErasure, CustomerErased
from contracts.roles import Scope
from contracts.staff import Profile
from policy.calendar import ZONE
from policy.kit import Clock, hire_all, open_branch

from ..builders import CALL_BACK, JUDGED, MONDAY, PEOPLE, Handled, answered, judged, worked

PHOTO = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 400
RECORDING = b"ID3" + bytes(range(256)) * 3000
LIMIT = 1_000_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the sealed files lie."""
    return tmp_path / "vault"


@pytest_asyncio.fixture
async def stage(
    service: Service, database: str, keys: tuple[Path, Path], issuer: TestIssuer, folder: Path
) -> AsyncIterator[Stage]:
    more = {"grants_from": "staff", "blob_store": str(folder), "attachment_limit": LIMIT}
    async with staged(service, database, keys, issuer, **more) as stage:
        stage.runtime.clock = Clock(MONDAY.astimezone(ZONE))
        await open_branch(stage, "bj-services", Profile.SERVICES, region="east")
        await hire_all(stage, {who: PEOPLE[who] for who in ("agent-7", "hr-1", "head-1", "gm-1", "manager-1")})
        yield stage


def files_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file()) if folder.exists() else []


async def send(
    case: Handled, content: Any = RECORDING, kind: str = "recording", who: str = "hr-1", **headers: str
) -> Any:
    sent = {"Content-Type": "audio/mpeg", **headers}
    async with case.stage.client(subject=who) as person:
        return await person.post(f"{case.path}/attachments?kind={kind}", content=content, headers=sent)


async def swept(stage: Stage, folder: Path, left: int) -> None:
    async def gone() -> bool:
        return len(files_in(folder)) == left

    async with at_work(stage.runner()):
        await eventually(gone)


@pytest.mark.rule("P05.4")
@pytest.mark.rule("P05.9")
async def test_a_file_comes_back_as_it_was_sent_and_lies_sealed(stage: Stage, folder: Path) -> None:
    case = await Handled.taken(stage, "bj-services")
    added = await send(case)
    assert added.status_code == 201, added.text
    assert (added.json()["sha256"], added.json()["size"]) == (hashlib.sha256(RECORDING).hexdigest(), len(RECORDING))
    async with stage.client(subject="gm-1") as manager:
        read = await manager.get(added.json()["path"])
        (listed,) = (await manager.get(f"{case.path}/attachments")).json()["items"]
    assert (read.content, read.headers["content-type"]) == (RECORDING, "audio/mpeg")
    assert listed["id"] == added.json()["id"]
    (lies,) = files_in(folder)
    assert RECORDING[:64] not in lies.read_bytes()
    records = [one.message for one in await stage.outbox(AccessRecorded)]
    reads = [r for r in records if isinstance(r, AccessRecorded) and r.table == "attachments"]
    ((sealed, file),) = await stage.rows("SELECT sealed, sealed_sha256 FROM attachments")
    named, one = hashlib.sha256(sealed).hexdigest(), added.json()["id"]
    # one reading is one record: the file with its name, and then the name in the list
    assert [(r.actor, r.action, r.ids, r.digests) for r in reads] == [
        ("gm-1", "read", [one, case.id], [named, file.hex()]),
        ("gm-1", "read", [one], [named]),
    ]
    assert "attachment_added" in [e["kind"] for e in (await case.get("hr-1", "/timeline")).json()["items"]]


@pytest.mark.rule("P05.4")
async def test_a_file_keeps_its_name_sealed_and_is_saved_under_it(stage: Stage) -> None:
    case = await Handled.taken(stage, "bj-services")
    named = {"Content-Type": f"audio/mpeg; name*=UTF-8''{quote('录音/王小芳 来电.mp3')}"}
    added = await send(case, **named)
    assert added.status_code == 201, added.text
    assert (added.json()["name"], added.json()["media_type"]) == ("王小芳 来电.mp3", "audio/mpeg")
    (listed,) = (await case.get("gm-1", "/attachments")).json()["items"]
    assert listed["name"] == "王小芳 来电.mp3"
    read = await case.get("gm-1", f"/attachments/{listed['id']}")
    shown = read.headers["content-disposition"]
    assert shown == f"attachment; filename=\"{listed['id']}\"; filename*=UTF-8''{quote('王小芳 来电.mp3')}"
    rows = await stage.rows("SELECT a::text, a.sealed FROM attachments a")
    rows += await stage.rows("SELECT o::text, o.value FROM kehu.outbox o")
    rows += await stage.rows("SELECT e::text, e.sealed FROM entries e")
    assert len(rows) > 5
    assert not [row for row in rows if "来电.mp3" in row[0] or "来电.mp3".encode() in (row[1] or b"")]


@pytest.mark.rule("P05.4")
async def test_a_name_that_cannot_be_read_is_refused_before_anything_is_taken(stage: Stage, folder: Path) -> None:
    case = await Handled.taken(stage, "bj-services")
    answer = await send(case, **{"Content-Type": "audio/mpeg; name*=UTF-8''%FF.mp3"})
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/name-unreadable")
    assert await stage.rows("SELECT 1 FROM uploads") == []
    assert files_in(folder) == []


@pytest.mark.rule("P05.4")
async def test_one_key_is_one_name_and_a_file_without_one_has_none(stage: Stage) -> None:
    case = await Handled.taken(stage, "bj-services")
    key = {"Idempotency-Key": "recording-1", "Content-Type": "audio/mpeg; name=a.mp3"}
    assert [(await send(case, **key)).status_code for _ in range(2)] == [201, 200]
    other = await send(case, **{**key, "Content-Type": "audio/mpeg; name=b.mp3"})
    assert (other.status_code, other.json()["type"]) == (409, "/problems/key-reused")
    unnamed = (await send(case)).json()
    assert unnamed["name"] is None
    read = await case.get("hr-1", f"/attachments/{unnamed['id']}")
    assert read.headers["content-disposition"] == f'attachment; filename="{unnamed["id"]}"'


@pytest.mark.rule("P05.4")
@pytest.mark.parametrize(
    ("content", "content_type", "status"),
    [
        (PHOTO, "audio/mpeg", 422),
        (b"", "audio/mpeg", 422),
        (PHOTO, "application/x-msdownload", 422),
        (b"ID3" + bytes(LIMIT), "audio/mpeg", 413),
    ],
)
async def test_what_is_not_what_it_says_or_too_large_leaves_nothing(
    stage: Stage, folder: Path, content: bytes, content_type: str, status: int
) -> None:
    case = await Handled.taken(stage, "bj-services")
    answer = await send(case, content, **{"Content-Type": content_type})
    assert answer.status_code == status, answer.text
    await swept(stage, folder, 0)
    assert await stage.rows("SELECT 1 FROM attachments") == []


@pytest.mark.rule("P05.4")
async def test_an_upload_that_is_cut_leaves_nothing(stage: Stage, folder: Path) -> None:
    case = await Handled.taken(stage, "bj-services")

    async def cut() -> AsyncIterator[bytes]:
        yield RECORDING[:100_000]
        raise ConnectionResetError

    assert (await send(case, cut())).status_code >= 500
    assert await stage.rows("SELECT 1 FROM attachments") == []
    assert len(await stage.rows("SELECT 1 FROM uploads")) == 1
    await swept(stage, folder, 0)
    assert (await send(case)).status_code == 201


@pytest.mark.rule("P05.4")
async def test_an_upload_whose_process_is_killed_is_swept_a_day_later(stage: Stage, folder: Path) -> None:
    case = await Handled.taken(stage, "bj-services")
    kept = (await send(case)).json()
    half_way = asyncio.Event()

    async def without_end() -> AsyncIterator[bytes]:
        yield RECORDING[:100_000]
        half_way.set()
        await asyncio.Event().wait()

    upload = asyncio.create_task(send(case, without_end()))
    await half_way.wait()
    upload.cancel()
    await asyncio.gather(upload, return_exceptions=True)
    ((left,),) = await stage.rows("SELECT place FROM uploads")
    (folder / f"{left}#1").parent.mkdir(exist_ok=True)
    (folder / f"{left}#1").write_bytes(b"half written")
    clock = stage.runtime.clock
    assert isinstance(clock, Clock)
    stage.runtime.clock = Clock(clock() + PATIENCE + PATIENCE)
    await worked(stage, "sweep_upload")
    assert await stage.rows("SELECT 1 FROM uploads") == []
    assert len(files_in(folder)) == 1
    async with stage.client(subject="hr-1") as person:
        assert (await person.get(kept["path"])).content == RECORDING


@pytest.mark.rule("P05.4")
async def test_one_key_is_one_file_also_twice_at_once_and_another_file_is_refused(stage: Stage, folder: Path) -> None:
    case = await Handled.taken(stage, "bj-services")
    key = {"Idempotency-Key": "recording-1"}
    answers = await asyncio.gather(*(send(case, **key) for _ in range(3)))
    assert sorted(one.status_code for one in answers) == [200, 200, 201]
    assert len({one.json()["id"] for one in answers}) == 1
    other = await send(case, RECORDING + b"x", **key)
    assert (other.status_code, other.json()["type"]) == (409, "/problems/key-reused")
    await swept(stage, folder, 1)
    async with stage.client(subject="hr-1") as person:
        assert (await person.get(answers[0].json()["path"])).content == RECORDING


@pytest.mark.rule("P04.8")
async def test_the_list_begins_with_the_oldest_whatever_the_keys_were(stage: Stage) -> None:
    case = await Handled.taken(stage, "bj-services")
    clock = stage.runtime.clock
    assert isinstance(clock, Clock)
    added = []
    for n in range(6):
        added.append((await send(case, **{"Idempotency-Key": f"recording-{n}"})).json()["id"])
        clock.later(minutes=1)
    assert [one["id"] for one in (await case.get("hr-1", "/attachments")).json()["items"]] == added


@pytest.mark.rule("P12.2")
async def test_whom_the_case_is_about_neither_lists_nor_reads_nor_adds(stage: Stage) -> None:
    case = await Handled.taken(stage, "bj-services")
    added = (await send(case)).json()
    await judged(case, "hr-1", respondent="head-1", respondent_department="service")
    for path in ("/attachments", f"/attachments/{added['id']}"):
        assert (await case.get("head-1", path)).status_code == 404
    assert (await send(case, who="head-1")).status_code == 404
    assert (await case.post("head-1", f"attachments/{added['id']}/remove", {"reason": "误传"})).status_code == 404


@pytest.mark.rule("P12.2")
@pytest.mark.rule("P04.8")
async def test_what_happens_to_the_case_while_a_file_arrives_decides_whose_it_is_and_whether_it_is_taken(
    stage: Stage,
) -> None:
    first = await Handled.taken(stage, "bj-services")
    second = await Handled.taken(stage, "bj-services", text="王小芳又来电, 空调不制冷")

    async def meanwhile(who: str, step: str, body: dict[str, Any], case: Handled) -> AsyncIterator[bytes]:
        yield RECORDING[:100_000]
        await case.did(who, step, body)
        yield RECORDING[100_000:]

    merge = meanwhile("hr-1", "merge", {"into": first.id, "words": "同一事项"}, second)
    added = await send(second, merge)
    assert (added.status_code, added.json()["case_id"]) == (201, first.id)
    assert (await first.get("gm-1", f"/attachments/{added.json()['id']}")).content == RECORDING
    concern = meanwhile("hr-1", "judge", {**JUDGED, "respondent": "manager-1"}, first)
    assert (await send(first, concern, who="manager-1")).status_code == 404
    assert len(await stage.rows("SELECT 1 FROM attachments")) == 1


@pytest.mark.rule("P05.4")
async def test_a_case_takes_a_hundred_files_and_refuses_the_next(stage: Stage) -> None:
    case = await Handled.taken(stage, "bj-services")
    await send(case)
    await stage.rows("""INSERT INTO attachments
        SELECT (jsonb_populate_record(a, jsonb_build_object('id', gen_random_uuid()))).*
        FROM attachments a, generate_series(1, 98)""")
    assert (await send(case)).status_code == 201
    refused = await send(case)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/too-many-attachments")
    assert await stage.rows("SELECT count(*) FROM attachments") == [(100,)]


@pytest.mark.rule("P04.8")
async def test_a_removed_file_leaves_its_entry_and_the_reason(stage: Stage, folder: Path) -> None:
    case = await Handled.taken(stage, "bj-services")
    named = {"Content-Type": f"audio/mpeg; name*=UTF-8''{quote('来电.mp3')}"}
    added = (await send(case, **named)).json()
    body = {"reason": "误传他人录音"}
    assert (await case.refused("gm-1", f"attachments/{added['id']}/remove", body))["type"] == "/problems/anothers-step"
    for _ in range(2):
        removed = await case.did("hr-1", f"attachments/{added['id']}/remove", body)
        assert (removed["removed_by"], removed["path"], removed["reason"]) == ("hr-1", None, "误传他人录音")
    await swept(stage, folder, 0)
    assert (await case.get("hr-1", f"/attachments/{added['id']}")).status_code == 404
    (listed,) = (await case.get("hr-1", "/attachments")).json()["items"]
    assert (listed["sha256"], listed["reason"], listed["name"]) == (added["sha256"], "误传他人录音", "来电.mp3")
    kinds = [entry["kind"] for entry in (await case.get("hr-1", "/timeline")).json()["items"]]
    assert kinds.count("attachment_removed") == 1


@pytest.mark.rule("P04.8")
@pytest.mark.rule("P05.4")
async def test_the_list_says_what_is_taken_how_large_and_who_removes(stage: Stage) -> None:
    case = await Handled.taken(stage, "bj-services")

    async def said(who: str) -> tuple[bool, bool]:
        listed = (await case.get(who, "/attachments")).json()
        assert (listed["largest"], "audio/mpeg" in listed["media_types"]) == (LIMIT, True)
        return listed["adds"], listed["removes"]

    assert (await said("hr-1"), await said("gm-1")) == ((True, True), (True, False))
    await judged(case, "hr-1")
    await case.did("hr-1", "hand-over", {"department": "service"})
    assert await said("head-1") == (True, True)
    await answered(case, "head-1")
    await case.did("head-1", "reaction", {"accepted": True})
    await case.did("hr-1", "call-back", CALL_BACK)
    await case.did("hr-1", "close")
    assert await said("hr-1") == (False, True)


@pytest.mark.rule("P04.8")
async def test_files_of_a_merged_case_are_the_survivors_and_new_ones_land_there(stage: Stage) -> None:
    first = await Handled.taken(stage, "bj-services")
    second = await Handled.taken(stage, "bj-services", text="王小芳又来电, 空调不制冷")
    before = (await send(second, **{"Content-Type": f"audio/mpeg; name*=UTF-8''{quote('来电.mp3')}"})).json()
    await second.did("hr-1", "merge", {"into": first.id, "words": "同一事项"})
    after = await send(second, PHOTO, "photo", **{"Content-Type": "image/png"})
    assert (after.status_code, after.json()["case_id"]) == (201, first.id)
    listed = (await first.get("hr-1", "/attachments")).json()["items"]
    assert [one["id"] for one in listed] == [before["id"], after.json()["id"]]
    assert [one["name"] for one in listed] == ["来电.mp3", None]
    for case in (first, second):
        assert (await case.get("hr-1", f"/attachments/{before['id']}")).content == RECORDING
    # the caller of the one that was merged is erased: the names of the others are still read
    async with stage.runtime.transaction() as tx:
        rows = await tx.driver.fetch("SELECT subject_id FROM cases WHERE id = $1", UUID(second.id))
        await tx.destroy_keys(row[0] for row in rows)
    listed = (await first.get("hr-1", "/attachments")).json()["items"]
    assert [one["name"] for one in listed] == [None, None]


@pytest.mark.rule("P04.8")
async def test_the_archive_reads_a_recording_back_whole_and_nothing_is_removed_after_that(stage: Stage) -> None:
    case = await Handled.taken(stage, "bj-services")
    added = (await send(case, **{"Content-Type": f"audio/mpeg; name*=UTF-8''{quote('王小芳 来电.mp3')}"})).json()
    gone = (await send(case, PHOTO, "photo", **{"Content-Type": "image/png"})).json()
    await case.did("hr-1", f"attachments/{gone['id']}/remove", {"reason": "重复照片"})
    async with stage.client(scopes=(Scope.COMPLAINT_DOSSIER,), subject="archive") as archive:
        early = f"{case.path}/dossier/file-{added['id']}"
        assert (await archive.get(early)).status_code == 404
    await judged(case, "hr-1")
    await case.did("hr-1", "hand-over", {"department": "service"})
    await answered(case, "head-1")
    await case.did("head-1", "reaction", {"accepted": True})
    await case.did("hr-1", "call-back", CALL_BACK)
    await case.did("hr-1", "close")
    await worked(stage, "print_dossier")
    (ready,) = await stage.outbox(DossierReady)
    assert isinstance(ready.message, DossierReady)
    (item,) = [one for one in ready.message.items if one.kind == "recording"]
    assert (item.size, item.sha256) == (len(RECORDING), hashlib.sha256(RECORDING).hexdigest())
    assert not [one for one in ready.message.items if one.kind == "photo"]
    assert "来电.mp3" not in ready.message.model_dump_json()
    before = len(await stage.outbox(AccessRecorded))
    async with stage.client(scopes=(Scope.COMPLAINT_DOSSIER,), subject="archive") as archive:
        fetched = await archive.get(item.path)
        assert (await archive.get(f"{case.path}/dossier/file-{gone['id']}")).status_code == 404
        assert (await archive.get(f"{case.path}/dossier/file-{uuid4()}")).status_code == 404
    assert (fetched.content, fetched.headers["content-type"]) == (RECORDING, item.media_type)
    # the archive hears the name with the content, and that is one reading
    assert name_saved(fetched.headers["content-disposition"]) == "王小芳 来电.mp3"
    read = [one.message for one in (await stage.outbox(AccessRecorded))[before:]]
    assert [(r.ids, len(r.digests)) for r in read if isinstance(r, AccessRecorded)] == [([added["id"], case.id], 2)]
    late = await case.refused("hr-1", f"attachments/{added['id']}/remove", {"reason": "误传"})
    assert late["type"] == "/problems/handed-over"
    assert (await send(case)).json()["type"] == "/problems/not-now"


@pytest.mark.rule("P05.14")
async def test_a_forgotten_customer_leaves_no_file(stage: Stage, folder: Path) -> None:
    case = await Handled.taken(stage, "bj-services")
    second = await Handled.taken(stage, "bj-services", text="王小芳又来电, 空调不制冷")
    added = (await send(case, **{"Content-Type": "audio/mpeg; name=wang-xiaofang.mp3"})).json()
    await send(second)
    customer = uuid4()
    async with stage.runtime.transaction() as tx:
        await tx.driver.execute("UPDATE cases SET customer_id = $1 WHERE id = $2", customer, UUID(second.id))
    await second.did("hr-1", "merge", {"into": case.id, "words": "同一事项"})
    said = CustomerErased(erasure_id=uuid4(), customer_id=customer, erased_at=stage.runtime.clock())
    await stage.consumer.consume([await stage.receive(said, key=str(customer))])

    async def forgotten() -> bool:
        return bool(await stage.outbox(ConfirmErasure)) and files_in(folder) == []

    async with at_work(stage.runner()):
        await eventually(forgotten)
    assert (await case.get("hr-1", f"/attachments/{added['id']}")).status_code == 404
    listed = (await case.get("hr-1", "/attachments")).json()["items"]
    assert [(one["name"], one["path"]) for one in listed] == [(None, None)] * 2
    rows = await stage.rows("SELECT count(*) FROM attachments WHERE place IS NOT NULL")
    assert rows[0][0] == 0
