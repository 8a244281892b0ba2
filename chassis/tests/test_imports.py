"""A table is read however it was saved; each row is taken or refused alone, once, also after a kill."""

from __future__ import annotations

import asyncio
import io
import zipfile
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
import python_calamine
from chassis.auth import Delegated, Grant, Principal
from chassis.http import preferred
from chassis.kit.at_work import at_work
from chassis.kit.eventually import eventually
from chassis.kit.process import ServiceProcess
from chassis.kit.stage import Stage
from chassis.service import Service
from chassis.sheets import Column, NotATable, read_rows, write_csv, write_xlsx
from contracts.roles import Role

from chassis import imports, sheets

from .import_worker import LINES, Line
from .import_worker import service as with_import

AGENT = "call_centre@group"
TABLE = "编号,电话,年龄\nA-1,138 0013 8000,30\nA-2,,\n"


@pytest.fixture(scope="session")
def service() -> Service:
    return with_import


def xlsx(*rows: list[Any]) -> bytes:
    """A workbook with one sheet, its cells as inline text or as numbers."""
    lines = []
    for row in rows:
        cells = "".join(
            f"<c><v>{cell}</v></c>" if isinstance(cell, int | float)
            else f'<c t="inlineStr"><is><t>{cell}</t></is></c>' for cell in row
        )  # fmt: skip
        lines.append(f"<row>{cells}</row>")
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types"><Default Extension="xml" '
        'ContentType="application/xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
        f'Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets><sheet name="S" sheetId="1" '
        'r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
        f'Type="{office}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{"".join(lines)}</sheetData></worksheet>',
    }
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, '<?xml version="1.0" encoding="UTF-8"?>' + text)
    return content.getvalue()


async def hand_in(stage: Stage, content: bytes, query: str = "", subject: str = "agent-7") -> httpx.Response:
    async with stage.client(AGENT, subject=subject) as agent:
        return await agent.post(f"/v1/lines/imports{query}", content=content)


async def ended(stage: Stage, answer: httpx.Response, subject: str = "agent-7") -> dict[str, Any]:
    """The import when nothing of it waits any more."""
    assert answer.status_code == 202, answer.text

    async def look() -> dict[str, Any] | None:
        async with stage.client(AGENT, subject=subject) as agent:
            seen: dict[str, Any] = (await agent.get(answer.json()["path"])).json()
        return seen if seen["state"] != "waiting" else None

    async with at_work(stage.runner()):
        found = await eventually(look)
    assert found is not None
    return found


async def results(stage: Stage, view: dict[str, Any]) -> list[tuple[int, str]]:
    async with stage.client(AGENT) as agent:
        items = (await agent.get(f"{view['path']}/rows")).json()["items"]
    return [(item["row"], item["outcome"]) for item in items]


# -- reading -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        TABLE.encode(),
        TABLE.encode("utf-8-sig"),
        TABLE.encode("gb18030"),
        TABLE.replace("\n", "\r\n").encode("gb18030"),
        TABLE.replace(",", ";").encode(),
        TABLE.replace(",", "\t").encode("utf-8-sig"),
        TABLE.replace("编号", " Number ").replace("电话", '"phone"').encode(),
        "年龄,编号,,电话\n30,A-1,,138 0013 8000\n,,,\n,A-2,,\n".encode(),
        xlsx(["编号", "电话", "年龄"], ["A-1", "138 0013 8000", 30], ["A-2"]),
    ],
    ids=["utf-8", "bom", "gb18030", "crlf", "semicolons", "tabs", "names", "order and gaps", "xlsx"],
)
def test_a_table_says_the_same_however_it_was_saved(content: bytes) -> None:
    first, second = read_rows(content, Line)
    assert first.cells == {"number": "A-1", "phone": "138 0013 8000", "age": "30"}
    assert second.cells == {"number": "A-2"}
    assert first.number == 2


def test_a_number_of_a_spreadsheet_keeps_its_digits() -> None:
    (row,) = read_rows(xlsx(["编号", "电话"], [20260001, 13800138000.0]), Line)
    assert row.cells == {"number": "20260001", "phone": "13800138000"}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        ("编号,年龄\n".encode(), "no rows"),
        ("编号,体重\nA-1,70\n".encode(), "编号 (number), 电话 (phone), 年龄 (age)"),
        ("电话\n13800138000\n".encode(), "Columns are missing"),
        ("编号,number\nA-1,A-2\n".encode(), "twice"),
        ('编号,年龄\n"A-1,3\n'.encode(), "`errors` names"),
        ("编号\nA-1,王小芳\n".encode(), "`errors` names"),
        ("编号\nA-1\x00\n".encode(), "`errors` names"),
        (b"\xff\xff\xff,1\n", "neither UTF-8 nor GB18030"),
        (b"PK\x03\x04 this is no archive", "cannot be read as XLSX"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old kind"),
    ],
)
def test_what_is_no_table_of_the_kind_is_refused_with_what_to_do(content: bytes, says: str) -> None:
    with pytest.raises(NotATable) as refused:
        read_rows(content, Line)
    assert says in refused.value.detail
    assert "王小芳" not in f"{refused.value.detail} {refused.value.errors}"


def test_a_small_file_that_unpacks_to_a_large_one_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "MOST_UNPACKED", 1000)
    with pytest.raises(NotATable, match="unpacks"):
        read_rows(xlsx(["编号"], ["A" * 2000]), Line)


def test_a_table_has_an_end() -> None:
    with pytest.raises(NotATable, match="more than 3 rows"):
        read_rows("编号\na\nb\nc\nd\n".encode(), Line, most=3)


def test_no_cell_that_is_written_is_taken_for_a_formula() -> None:
    written = write_csv(["a"], [["=1+1"], ["@x"], ["plain"], [-1]]).decode("utf-8-sig")
    assert written.splitlines() == ["a", "'=1+1", "'@x", "plain", "-1"]


@pytest.mark.parametrize(
    ("wanted", "language"),
    [
        ("zh-CN", "zh"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en;q=0.5, zh-Hans-CN;q=0.9", "zh"),
        ("en, zh", "zh"),
        ("en-GB, zh;q=0.8", "en"),
        ("fr", "en"),
        ("zh;q=0", "en"),
        ("zh;q=nan", "en"),
        ("", "en"),
        (None, "en"),
    ],
)
def test_chinese_is_spoken_to_who_takes_it_as_well_as_english(wanted: str | None, language: str) -> None:
    assert preferred(wanted) == language


# -- taking --------------------------------------------------------------------------------------


def test_a_workbook_holds_text_as_text_and_amounts_and_days_as_such() -> None:
    row = ("=1+1", Decimal("1234.50"), date(2026, 2, 13), 7, None)
    written = write_xlsx("账", [Column("一", "one")] * 5, [row], above=["何月"])
    sheet = python_calamine.load_workbook(io.BytesIO(written)).get_sheet_by_index(0)
    assert sheet.name == "账"
    assert sheet.to_python() == [["何月", *[""] * 4], ["一"] * 5, ["one"] * 5, ["=1+1", 1234.5, row[2], 7, ""]]


async def test_each_row_is_taken_or_refused_alone_and_says_why(stage: Stage) -> None:
    content = "编号,电话,年龄\nA-1,13800138000,30\nA-2,no phone,3\nA-3,,101\nA-4,13900139000,13\nA-1,,\n".encode()
    answer = await hand_in(stage, content)
    assert (answer.json()["state"], answer.json()["rows"]) == ("waiting", 5)
    view = await ended(stage, answer)
    assert view["outcomes"] == {"failed": 1, "made": 1, "refused": 2, "unchanged": 1}
    assert await results(stage, view) == [
        (2, "made"), (3, "refused"), (4, "refused"), (5, "failed"), (6, "unchanged")
    ]  # fmt: skip
    async with stage.client(AGENT) as agent:
        page = (await agent.get(f"{view['path']}/rows?outcome=refused&limit=1")).json()
        following = (await agent.get(f"{view['path']}/rows?outcome=refused&cursor={page['next']}")).json()
        text = (await agent.get(f"{view['path']}/rows.csv")).content.decode("utf-8-sig")
    assert page["items"][0]["errors"][0]["pointer"] == "/phone"
    assert following["items"][0]["rules"] == ["P01.2"]
    assert following["items"][0]["type"] == "/problems/too-old"
    assert following["next"] is None
    assert text.splitlines()[3].startswith("4,refused,,P01.2,Nobody is so old")
    assert not any(number in text for number in ("13800138000", "13900139000", "no phone"))


async def test_what_became_of_the_rows_is_said_in_chinese_to_who_prefers_it(stage: Stage) -> None:
    content = "编号,电话,年龄\nA-1,,30\nA-2,no phone,-1\nA-3,,101\nA-4,,13\nA-1,,\n".encode()
    view = await ended(stage, await hand_in(stage, content))
    async with stage.client(AGENT) as agent:
        answers = {
            language: await agent.get(f"{view['path']}/rows.csv", headers={"Accept-Language": language})
            for language in ("zh", "en")
        }
        made = (await agent.get(f"{view['path']}/rows?outcome=made")).json()["items"][0]["ref"]
    said = {
        "zh": [
            "行,结果,编号,制度条款,说明",
            f"2,新增,{made},,",
            "3,被拒,,,电话：不是电话号码，写法如 138 0000 0000、021-5555 0000；年龄：不得小于 0",
            "4,被拒,,P01.2,年龄过大，请更正。",
            "5,出错,,,系统出现意外错误，可重试；持续出现请报告追踪号。",
            f"6,已有，不变,{made},,",
        ],
        "en": [
            "row,outcome,ref,rules,detail",
            f"2,made,{made},,",
            '3,refused,,,"phone must be a phone number, for example 138 0000 0000 or 021-5555 0000; '
            'age must be at least 0"',
            "4,refused,,P01.2,Nobody is so old. Correct the age.",
            "5,failed,,,The request failed and may have to be sent again. Report the trace id if it goes on.",
            f"6,unchanged,{made},,",
        ],
    }
    for language, lines in said.items():
        assert answers[language].content.decode("utf-8-sig").splitlines() == lines
        headers = answers[language].headers
        assert (headers["content-language"], headers["vary"]) == (language, "Accept-Language")


async def test_handing_the_same_table_in_twice_changes_nothing(stage: Stage) -> None:
    await ended(stage, await hand_in(stage, TABLE.encode()))
    again = await ended(stage, await hand_in(stage, TABLE.encode("gb18030")))
    assert again["outcomes"] == {"unchanged": 2}
    assert len(await stage.rows("SELECT 1 FROM probes WHERE version = 1")) == 2


async def test_two_imports_at_once_take_each_row_once(stage: Stage) -> None:
    table = ("编号\n" + "\n".join(f"A-{n}" for n in range(40))).encode()
    first, second = await asyncio.gather(hand_in(stage, table), hand_in(stage, table, subject="agent-8"))
    views = [await ended(stage, first), await ended(stage, second, "agent-8")]
    made = sum(view["outcomes"].get("made", 0) for view in views)
    assert made == 40
    assert len(await stage.rows("SELECT 1 FROM probes")) == 40


async def test_a_dry_run_says_what_would_become_of_each_row_and_makes_nothing(stage: Stage) -> None:
    content = "编号,年龄\nA-1,30\nA-2,101\n".encode()
    view = await ended(stage, await hand_in(stage, content, "?dry_run=true"))
    assert (view["dry_run"], view["outcomes"]) == (True, {"made": 1, "refused": 1})
    assert await stage.rows("SELECT 1 FROM probes") == []


async def test_in_a_dry_run_rows_see_what_those_before_them_would_have_made(stage: Stage) -> None:
    content = "编号,年龄\nA-1,30\nA-1,101\nB-1,1\nA-2,13\nA-1,\nA-2,\nA-2,\nB-1,\n".encode()
    tried = await ended(stage, await hand_in(stage, content, "?dry_run=true"))
    assert await stage.rows("SELECT 1 FROM probes") == []
    taken = await ended(stage, await hand_in(stage, content))
    assert await results(stage, tried) == await results(stage, taken)
    assert taken["outcomes"] == {"made": 3, "refused": 1, "failed": 1, "unchanged": 3}


async def test_a_dry_run_lets_go_of_what_it_has_locked_after_some_rows(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "TOGETHER", 2)
    tried = await ended(stage, await hand_in(stage, "编号\nA-1\nA-1\nA-1\nA-1\n".encode(), "?dry_run=true"))
    assert [outcome for _, outcome in await results(stage, tried)] == ["made", "unchanged", "made", "unchanged"]


async def test_rows_are_taken_for_whom_the_roles_were_held_that_handed_them_in(stage: Stage) -> None:
    held = {Delegated(Role.CALL_CENTRE, "group", "agent@9"), Grant(Role.CALL_CENTRE, "sh-pudong")}
    deputy = Principal("deputy-1", "https://issuer", frozenset(held), frozenset(), 0.0)
    async with stage.runtime.transaction() as tx:
        await LINES.begin(TABLE.encode(), deputy, tx, dry_run=False)
    async with at_work(stage.runner()):
        await eventually(lambda: stage.rows("SELECT 1 FROM kehu.imports WHERE ended_at IS NOT NULL"))
    notes = [one for (one,) in await stage.rows("SELECT notes FROM probes ORDER BY notes->>0")]
    assert notes == [["A-1", "deputy-1", "agent@9"], ["A-2", "deputy-1", "agent@9"]]


async def test_what_the_rows_say_together_is_decided_after_the_last_one(stage: Stage) -> None:
    kept = "SELECT ref, progress->>'lines' AS lines FROM kehu.jobs WHERE kind = 'look_at_all' AND state = 'done'"
    await ended(stage, await hand_in(stage, TABLE.encode(), "?dry_run=true"))
    answer = await hand_in(stage, TABLE.encode())
    await ended(stage, answer)
    async with at_work(stage.runner()):
        (looked,) = await eventually(lambda: stage.rows(kept))
    assert (looked["ref"], looked["lines"]) == (answer.json()["id"], "2")


async def test_the_same_key_hands_in_once_and_not_for_another_question(stage: Stage) -> None:
    async with stage.client(AGENT, **{"Idempotency-Key": "table-1"}) as agent:
        first = await agent.post("/v1/lines/imports", content=TABLE.encode())
        again = await agent.post("/v1/lines/imports", content=TABLE.encode())
        other = await agent.post("/v1/lines/imports?dry_run=true", content=TABLE.encode())
    assert first.json()["id"] == again.json()["id"]
    assert (other.status_code, other.json()["type"]) == (409, "/problems/key-reused")


async def test_an_import_takes_more_than_other_requests_and_not_everything(stage: Stage) -> None:
    larger = "编号\n" + "\n".join(f"A-{n}" for n in range(200_000))
    assert len(larger) > stage.runtime.settings.body_limit
    assert "more than 20000 rows" in (await hand_in(stage, larger.encode())).json()["detail"]
    assert (await hand_in(stage, b"x" * (11 * 1024 * 1024))).status_code == 413


async def test_the_content_is_sealed_until_it_is_taken_and_then_gone_with_its_key(stage: Stage) -> None:
    answer = await hand_in(stage, TABLE.encode())
    ((sealed,),) = await stage.rows("SELECT sealed FROM kehu.imports")
    assert b"138" not in sealed
    await ended(stage, answer)
    ((sealed, destroyed),) = await stage.rows(
        "SELECT i.sealed, k.wrapped IS NULL FROM kehu.imports i JOIN kehu.subject_keys k USING (subject_id)"
    )
    assert (sealed, destroyed) == (None, True)


async def test_who_handed_tables_in_finds_them_again_the_newest_first(stage: Stage) -> None:
    tried = await ended(stage, await hand_in(stage, TABLE.encode(), "?dry_run=true"))
    taken = await ended(stage, await hand_in(stage, TABLE.encode()))
    await ended(stage, await hand_in(stage, TABLE.encode(), subject="agent-8"), subject="agent-8")
    waiting = (await hand_in(stage, "编号\nA-3\n".encode())).json()
    async with stage.client(AGENT, subject="agent-7") as agent:
        first = (await agent.get("/v1/lines/imports?limit=2")).json()
        second = (await agent.get(f"/v1/lines/imports?limit=2&cursor={first['next']}")).json()
    assert (first["items"], second["items"], second["next"]) == ([waiting, taken], [tried], None)
    assert (taken["dry_run"], taken["done"], tried["dry_run"]) == (False, taken["rows"], True)


async def test_an_import_is_seen_by_who_handed_it_in(stage: Stage) -> None:
    answer = await hand_in(stage, TABLE.encode())
    async with stage.client(AGENT, subject="agent-8") as other:
        assert (await other.get("/v1/lines/imports")).json()["items"] == []
        for path in ("", "/rows", "/rows.csv"):
            assert (await other.get(answer.json()["path"] + path)).status_code == 404
    async with stage.client("technician@sh-pudong") as nobody:
        assert (await nobody.post("/v1/lines/imports", content=TABLE.encode())).status_code == 403


async def test_an_import_that_is_killed_goes_on_where_it_was(
    stage: Stage, tmp_path: Path, keys: tuple[Path, Path], database: str
) -> None:
    count = 120
    table = "编号\n" + "\n".join(f"A-{n}" for n in range(count))
    answer = await hand_in(stage, table.encode())
    env = {
        "PYTHONPATH": str(Path(__file__).parent),
        "KEHU_ENVIRONMENT": "test",
        "KEHU_DATABASE_URL": database,
        "KEHU_KAFKA": "127.0.0.1:1",
        "KEHU_HTTP_PORT": "0",
        "KEHU_MASTER_KEYS_FILE": str(keys[0]),
        "KEHU_TOKEN_KEYS_FILE": str(keys[1]),
        "KEHU_JOB_LEASE_SECONDS": "1",
    }
    # the first one dies of its first row, for certain, those after it somewhere, until two have died
    points = ["imports.taken=kill", "imports.taken=kill:0.03", ""]
    worker = ServiceProcess(("import_worker",), "worker", env, tmp_path / "worker.log")
    killed = 0

    async def over() -> bool:
        nonlocal killed
        if not worker.alive:
            killed += worker.exit_status == -9
            worker.start(KEHU_FAILPOINTS=points[min(killed, 2)])
        return not await stage.rows("SELECT 1 FROM kehu.jobs WHERE state = 'waiting'")

    try:
        await eventually(over, within=60)
    finally:
        worker.kill()
    assert killed > 0, "the worker did not die in its work: the test shows nothing"
    async with stage.client(AGENT) as agent:
        view = (await agent.get(answer.json()["path"])).json()
    assert (view["state"], view["outcomes"]) == ("done", {"made": count})
    assert len(await stage.rows("SELECT 1 FROM probes WHERE version = 1")) == count
