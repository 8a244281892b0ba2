"""Dossiers: one for each thing, filed and sealed, found by who may, read only on record."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import python_calamine
import sqlalchemy as sa
from archive import tables
from archive.filing import PATIENCE
from archive.seeing import seen_by
from chassis.auth import Grant, Principal
from chassis.ids import uuid7
from chassis.jobs import Runner
from chassis.kit.at_work import at_work
from chassis.kit.eventually import eventually
from chassis.kit.stage import Stage
from chassis.media import XLSX
from contracts.archive import AccessRecorded, DossierEntry
from contracts.roles import Role
from policy.access import exclude
from policy.kit import Clock

from .papers import KEEPER, PDF, filed, files_in, opened, put


async def entries(stage: Stage, dossier: dict[str, Any]) -> list[DossierEntry]:
    told = [t.message for t in await stage.outbox(DossierEntry)]
    return [one for one in told if isinstance(one, DossierEntry) and str(one.dossier_id) == dossier["id"]]


def sheet_of(workbook: bytes) -> list[list[object]]:
    """The cells of the first sheet, row by row."""
    return python_calamine.load_workbook(io.BytesIO(workbook)).get_sheet_by_index(0).to_python()


async def reads(stage: Stage) -> list[AccessRecorded]:
    return [t.message for t in await stage.outbox(AccessRecorded) if isinstance(t.message, AccessRecorded)]


@pytest.mark.rule("P13.1")
@pytest.mark.rule("P05.3")
async def test_there_is_one_dossier_about_each_thing_even_when_ten_open_it_at_once(stage: Stage) -> None:
    body = {"kind": "customer", "about": str(uuid7()), "branch": "sh-pudong"}
    async with stage.client(KEEPER) as keeper:
        answers = await asyncio.gather(*[keeper.post("/v1/dossiers", json=body) for _ in range(10)])
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 9
    made = next(answer.json() for answer in answers if answer.status_code == 201)
    assert {answer.json()["path"] for answer in answers} == {made["path"]}
    assert made["number"].startswith("CU-2026-")


@pytest.mark.rule("P05.4")
@pytest.mark.rule("P11.1")
async def test_what_is_filed_is_told_with_its_kind_and_validity_and_no_content(stage: Stage) -> None:
    dossier = await opened(stage)
    await filed(stage, dossier, None, kind="distribution_contract", medium="paper", valid_until="2027-12-31")
    scan = await filed(stage, dossier, None, kind="account_opener_identity")
    assert scan["state"] == "awaited"
    papers = (await entries(stage, dossier))[-1].papers
    assert [(line.kind, str(line.valid_until)) for line in papers] == [("distribution_contract", "2027-12-31")]
    async with stage.client(KEEPER) as keeper:
        await put(keeper, scan, PDF)
        unknown = await keeper.post(f"{dossier['path']}/items", json={"kind": "timeline", "medium": "paper"})
    last = (await entries(stage, dossier))[-1]
    assert {line.kind for line in last.papers} == {"distribution_contract", "account_opener_identity"}
    assert unknown.status_code == 422
    sequences = [t.sequence for t in await stage.outbox(DossierEntry)]
    assert sequences == sorted(set(sequences))
    assert "王小芳" not in str([t.message for t in await stage.outbox()])


@pytest.mark.rule("P05.4")
async def test_an_item_found_lost_no_longer_counts(stage: Stage) -> None:
    dossier = await opened(stage)
    item = await filed(stage, dossier, None, kind="distribution_contract", medium="paper")
    async with stage.client(KEEPER) as keeper:
        answer = await keeper.post(f"/v1/items/{item['id']}/condition", json={"condition": "lost"})
    assert answer.json()["condition"] == "lost"
    assert (await entries(stage, dossier))[-1].papers == []


@pytest.mark.rule("P05.15")
async def test_a_file_comes_back_as_it_was_and_lies_sealed(stage: Stage, folder: Path) -> None:
    dossier = await opened(stage)
    item = await filed(stage, dossier)
    (lying,) = files_in(folder)
    assert PDF[:64] not in lying.read_bytes()
    async with stage.client(KEEPER) as keeper:
        answer = await keeper.get(item["content"])
    assert (answer.content, answer.headers["content-type"]) == (PDF, "application/pdf")
    assert answer.headers["content-disposition"].startswith("attachment")


@pytest.mark.rule("P05.9")
@pytest.mark.rule("P04.8")
async def test_a_reading_is_recorded_before_its_first_byte_even_when_the_file_does_not_open(
    stage: Stage, folder: Path
) -> None:
    dossier = await opened(stage)
    item = await filed(stage, dossier)
    (lying,) = files_in(folder)
    lying.write_bytes(b"")
    async with stage.client(KEEPER, subject="specialist-2") as keeper:
        answer = await keeper.get(item["content"])
    assert (answer.status_code, answer.json()["type"]) == (500, "/problems/damaged")
    (record,) = await reads(stage)
    assert (record.actor, record.purpose, record.ids) == ("specialist-2", "keeping", [item["id"], dossier["id"]])


@pytest.mark.parametrize("cut", [1, 70_000, 200_000])
async def test_a_file_that_was_cut_is_not_passed_off_as_whole(stage: Stage, folder: Path, cut: int) -> None:
    item = await filed(stage, await opened(stage))
    (lying,) = files_in(folder)
    lying.write_bytes(lying.read_bytes()[:-cut])
    async with stage.client(KEEPER) as keeper:
        try:
            answer = await keeper.get(item["content"])
        except AssertionError:  # the client's own: the answer was broken off
            return
    assert answer.status_code == 500 or answer.content != PDF
    assert len(answer.content) < int(answer.headers.get("content-length", "0")) or answer.status_code == 500


async def test_a_file_does_not_open_as_another_items(stage: Stage, folder: Path) -> None:
    dossier = await opened(stage)
    first, second = await filed(stage, dossier), await filed(stage, dossier, PDF + b"%%EOF")
    await stage.rows(
        "UPDATE items a SET place = b.place FROM items b WHERE a.id = $1 AND b.id = $2",
        UUID(first["id"]),
        UUID(second["id"]),
    )
    async with stage.client(KEEPER) as keeper:
        assert (await keeper.get(first["content"])).json()["type"] == "/problems/damaged"


async def test_whose_data_is_erased_leaves_files_that_nobody_opens(stage: Stage) -> None:
    item = await filed(stage, await opened(stage))
    await stage.rows("UPDATE kehu.subject_keys SET wrapped = NULL")
    async with stage.client(KEEPER) as keeper:
        assert (await keeper.get(item["content"])).status_code == 404


@pytest.mark.parametrize(
    ("content", "media_type", "status"),
    [
        (PDF, "application/pdf", 200),
        (b"\xff\xd8\xff\xe0photo", "image/jpeg", 200),
        (b"\x89PNG\r\n\x1a\nphoto", "image/png", 200),
        (b"ID3 recording", "audio/mpeg", 200),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", "audio/wav", 200),
        ("来电记录".encode(), "text/plain; charset=utf-8", 200),
        (b"PK\x03\x04" + b"\x00" * 26 + b"[Content_Types].xml and more of it here, and more", XLSX, 200),
        (b"MZ executable" * 10, "application/pdf", 422),
        (b"PK\x03\x04" + b"\x00" * 26 + b"evil.exe" + b"\x00" * 60, XLSX, 422),
        (b"\xff\xfe\x00binary", "text/plain", 422),
        ("来电".encode()[:-1], "text/plain", 422),
        (b"<script>", "text/html", 422),
        (b"", "application/pdf", 422),
        (b"%PDF-" + b"x" * 2_000_000, "application/pdf", 413),
    ],
)
async def test_a_file_is_what_it_says_and_no_larger_than_taken(
    stage: Stage, folder: Path, content: bytes, media_type: str, status: int
) -> None:
    item = await filed(stage, await opened(stage), None)
    async with stage.client(KEEPER) as keeper:
        answer = await put(keeper, item, content, media_type)
    assert answer.status_code == status, answer.text
    assert len(files_in(folder)) == (1 if status == 200 else 0)


async def test_the_same_file_again_changes_nothing_and_another_one_is_refused(stage: Stage, folder: Path) -> None:
    dossier = await opened(stage)
    item = await filed(stage, dossier, None)
    async with stage.client(KEEPER) as keeper:
        same = await asyncio.gather(*[put(keeper, item, PDF) for _ in range(4)])
        other = await put(keeper, item, PDF + b"more")
    assert {answer.status_code for answer in same} == {200}
    assert {answer.json()["sha256"] for answer in same} == {same[0].json()["sha256"]}
    assert (other.status_code, other.json()["type"]) == (409, "/problems/content-there")
    assert len(await entries(stage, dossier)) == 3


async def test_what_no_item_took_in_is_swept_and_what_one_took_in_stays(stage: Stage, folder: Path) -> None:
    item = await filed(stage, await opened(stage))
    async with stage.client(KEEPER) as keeper:
        await put(keeper, item, PDF)
    (kept,) = [place for (place,) in await stage.rows("SELECT place FROM items")]
    ((left,),) = await stage.rows("SELECT place FROM uploads")
    half_written = folder / f"{left}#1"
    half_written.write_bytes(b"x")
    assert len(files_in(folder)) == 3
    stage.runtime.clock = Clock(stage.runtime.clock() + PATIENCE + PATIENCE)
    async with at_work(Runner(stage.runtime, stage.service.jobs)):

        async def swept() -> bool:
            return await stage.rows("SELECT 1 FROM kehu.jobs") == []

        await eventually(swept)
    assert files_in(folder) == [folder / kept]
    assert await stage.rows("SELECT 1 FROM uploads") == []


@pytest.mark.rule("P05.11")
async def test_a_classified_dossier_is_marked_and_its_custodians_alone(stage: Stage) -> None:
    dossier = await opened(stage)
    async with stage.client("information_supervisor@sh-pudong") as supervisor:
        nobody = await supervisor.post(f"{dossier['path']}/secrecy", json={"secrecy": "secret"})
        body = {"secrecy": "top_secret", "custodian": "specialist-9"}
        marked = await supervisor.post(f"{dossier['path']}/secrecy", json=body)
    assert (nobody.status_code, nobody.json()["type"]) == (409, "/problems/custodian-missing")
    assert (marked.json()["mark"], marked.json()["custodian"]) == ("绝密", "specialist-9")
    async with stage.client(KEEPER, subject="specialist-9") as custodian:
        (line,) = (await custodian.get("/v1/dossiers")).json()["items"]
        assert line["mark"] == "绝密"
        assert (await custodian.get(dossier["path"])).status_code == 200
    for grant in (KEEPER, "general_manager@sh-pudong", "information_supervisor@group"):
        async with stage.client(grant, subject="somebody-else") as other:
            assert (await other.get("/v1/dossiers")).json()["items"] == []
            assert (await other.get(dossier["path"])).status_code == 404


@pytest.mark.rule("P05.11")
@pytest.mark.rule("P05.3")
async def test_each_stands_in_a_place_of_its_own_and_classified_ones_apart(stage: Stage) -> None:
    plain, other, secret = [await opened(stage) for _ in range(3)]
    async with stage.client("customer_service_manager@sh-pudong") as manager:
        await manager.post(f"{secret['path']}/secrecy", json={"secrecy": "secret", "custodian": "specialist-1"})
    async with stage.client(KEEPER, subject="specialist-1") as keeper:
        place = {"cabinet": "a1", "shelf": 2, "position": 14}
        stands = await keeper.post(f"{plain['path']}/place", json=place)
        taken = await keeper.post(f"{other['path']}/place", json=place)
        mixed = await keeper.post(f"{secret['path']}/place", json={**place, "position": 15})
        apart = await keeper.post(f"{secret['path']}/place", json={**place, "cabinet": "safe-1"})
        beside = await keeper.post(f"{other['path']}/place", json={**place, "cabinet": "safe-1", "position": 3})
        aid = await keeper.get("/v1/dossiers/finding-aid?branch=sh-pudong")
    assert (stands.json()["cabinet"], stands.json()["shelf"]) == ("a1", 2)
    assert (taken.status_code, taken.json()["type"]) == (409, "/problems/place-taken")
    assert [answer.json()["type"] for answer in (mixed, beside)] == ["/problems/stands-apart"] * 2
    assert apart.status_code == 200
    rows = sheet_of(aid.content)
    assert [row[3:8] for row in rows[2:]] == [
        ["", "", "a1", 2, 14],
        ["机密", "specialist-1", "safe-1", 2, 14],
        ["", "", "", "", ""],
    ]
    assert [record.action for record in await reads(stage)] == ["classify", "export"]


@pytest.mark.rule("P04.8")
@pytest.mark.rule("P12.2")
async def test_a_cases_dossier_is_open_to_heads_and_the_general_manager_and_never_to_the_excluded(
    stage: Stage,
) -> None:
    case, customer = await opened(stage, kind="case"), await opened(stage)
    async with stage.runtime.transaction() as tx:
        exclude(tx, UUID(case["id"]), ["head-2"], because="complained about")
    for grant, subject, sees in (
        ("department_head@sh-pudong", "head-1", [case["id"]]),
        ("general_manager@sh-pudong", "gm-1", [case["id"]]),
        ("department_head@sh-pudong", "head-2", []),
        ("general_manager@bj-chaoyang", "gm-2", []),
        ("salesperson@sh-pudong", "sales-1", []),
        ("administrator@group", "admin", None),
    ):
        async with stage.client(grant, subject=subject) as person:
            listed = await person.get("/v1/dossiers")
            assert ([line["id"] for line in listed.json().get("items", [])] == sees) == (sees is not None), grant
            expected = 403 if sees is None else 200 if sees else 404
            assert (await person.get(case["path"])).status_code == expected
            assert (await person.get(customer["path"])).status_code in (403, 404)


async def test_a_keeper_of_another_branch_keeps_nothing_here(stage: Stage) -> None:
    dossier = await opened(stage)
    item = await filed(stage, dossier, None)
    async with stage.client("information_specialist@bj-chaoyang") as stranger:
        assert (
            await stranger.post(f"{dossier['path']}/items", json={"kind": "other", "medium": "paper"})
        ).status_code == 404
        assert (await put(stranger, item, PDF)).status_code == 404
        body = {"kind": "customer", "about": str(uuid7()), "branch": "sh-pudong"}
        assert (await stranger.post("/v1/dossiers", json=body)).status_code == 403


async def test_the_lists_of_50_000_dossiers_are_read_from_an_index(stage: Stage) -> None:
    await stage.rows("""
        INSERT INTO dossiers (id, number, kind, about, branch, secrecy, subject_id, opened_at, opened_by, version,
            sequence)
        SELECT uuidv7(), n::text, CASE WHEN n % 3 = 0 THEN 'case' ELSE 'customer' END, n::text, 'branch-' || n % 200,
            'none', uuidv7(), now(), 'test', 1, 1
        FROM generate_series(1, 50000) AS n
    """)
    keeper = Principal("p-1", "test", frozenset({Grant(Role.INFORMATION_SPECIALIST, "branch-7")}), frozenset(), 0)
    columns = tables.dossiers.c
    seen = seen_by(keeper, stage.runtime.clock())
    queries = {
        "what I see": sa.select(columns.id).where(seen),
        "a branch": sa.select(columns.id).where(seen, columns.branch == "branch-7"),
        "a kind": sa.select(columns.id).where(seen, columns.branch == "branch-7", columns.kind == "case"),
        "about": sa.select(columns.id).where(seen, columns.about == "77", columns.kind == "case"),
    }
    for name, query in queries.items():
        plan = await stage.plan(query.order_by(columns.id.desc()).limit(51))
        assert "Seq Scan on dossiers" not in plan, f"{name}: {plan}"


async def test_the_migrations_make_the_tables_of_the_code(stage: Stage) -> None:
    assert await stage.differences() == []
