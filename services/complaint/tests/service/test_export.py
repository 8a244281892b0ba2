"""The list as a file, and the table that a list is handed in with."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from chassis.kit.keys import TestIssuer
from chassis.kit.stage import Stage
from chassis.service import Service
from chassis.sheets import NotATable, read_rows
from complaint.cases import export_complaints as exporting
from complaint.imports.import_complaints import ComplaintRow
from contracts.archive import AccessRecorded

from ..builders import Handled, judged, staffed, title_branch
from .test_forms import cells


@pytest_asyncio.fixture
async def stage(service: Service, database: str, keys: tuple[Path, Path], issuer: TestIssuer) -> AsyncIterator[Stage]:
    async with staffed(service, database, keys, issuer) as stage:
        yield stage


@pytest.mark.rule("P04.8")
@pytest.mark.rule("P05.15")
async def test_the_list_is_exported_by_filter_within_reach_without_persons_and_recorded(stage: Stage) -> None:
    await title_branch(stage)
    first = await Handled.taken(stage, "bj-services", text="=王小芳说: 电话 138 0013 8000, 变速箱抖动")
    caller = {"name": "李明", "phone": "139 0013 9000"}
    second = await Handled.taken(stage, "bj-services", caller=caller, text="变速箱抖动, 三次维修未解决")
    await Handled.taken(stage, "sh-pudong", caller={"name": "赵强", "phone": "137 0013 7000"})
    await judged(first, "hr-1")
    await first.did("hr-1", "hand-over", {"department": "service"})
    async with stage.client(subject="hr-1") as hr:
        everything = await hr.get("/v1/complaints/export?format=csv")
        narrowed = await hr.get("/v1/complaints/export?state=judged")
        beyond = await hr.get("/v1/complaints/export?format=csv&branch=sh-pudong")
    rows = list(csv.DictReader(io.StringIO(everything.content.decode("utf-8-sig"))))
    assert [row["编号 number"] for row in rows] == [second.number, first.number]
    assert (rows[1]["状态 state"], rows[1]["是否成立 founded"], rows[1]["受理时间 taken at"]) == (
        "已判定", "是", "2026-03-02 09:15",
    )  # fmt: skip
    assert (rows[1]["分支 branch"], rows[1]["分支名称 branch title"]) == ("bj-services", "北京服务店")
    assert (rows[1]["受理部门 department"], rows[1]["部门名称 department title"]) == ("service", "服务部")
    assert rows[0]["部门名称 department title"] == ""
    assert rows[1]["投诉内容(已隐去个人信息) text, without persons"].startswith("'=")
    for personal in ("王小芳", "李明", "138 0013 8000", "13800138000", "更换变速箱"):
        assert personal not in everything.content.decode(), personal
    written = cells(narrowed.content)
    assert first.number in written
    assert second.number not in written
    assert len(beyond.content.decode("utf-8-sig").splitlines()) == 1
    records = [one.message for one in await stage.outbox(AccessRecorded)]
    exports = [r for r in records if isinstance(r, AccessRecorded) and r.action == "export"]
    assert [sorted(r.ids) for r in exports] == [sorted([first.id, second.id]), [first.id], []]
    assert exports[0].actor == "hr-1"


async def test_a_file_has_an_end_and_says_how_to_go_on(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "MOST", 1)
    await Handled.taken(stage, "bj-services")
    async with stage.client(subject="hr-1") as hr:
        assert (await hr.get("/v1/complaints/export")).status_code == 200
        await Handled.taken(stage, "bj-services", caller={"name": "李明", "phone": "139 0013 9000"})
        refused = await hr.get("/v1/complaints/export")
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/too-many")
    assert "Narrow" in refused.json()["detail"]


@pytest.mark.rule("P04.3")
async def test_the_template_is_the_table_that_the_import_reads(stage: Stage) -> None:
    async with stage.client(subject="hr-1") as hr:
        book = await hr.get("/v1/complaints/imports/template")
        table = await hr.get("/v1/complaints/imports/template?format=csv")
    with pytest.raises(NotATable, match="headings and no rows"):
        read_rows(book.content, ComplaintRow)
    titles = table.content.decode("utf-8-sig").strip().split(",")
    assert titles == [info.title for info in ComplaintRow.model_fields.values()]
    assert cells(book.content) == titles
    filled = dict.fromkeys(titles, "") | {
        "来源": "oldcrm", "来源编号": "A-9", "分支": "bj-services", "受理时间": "2026-02-27 10:00", "客户姓名": "孙丽",
        "品牌": "别克", "投诉内容": "漏油",
    }  # fmt: skip
    content = table.content + ",".join(filled.values()).encode()
    (row,) = read_rows(content, ComplaintRow)
    assert ComplaintRow.model_validate(row.cells).name == "孙丽"
