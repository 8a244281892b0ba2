"""The papers of a case as people get them: record form and investigation report, as PDF and as a workbook."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import python_calamine
from chassis.kit.keys import TestIssuer
from chassis.kit.pdf import characters
from chassis.kit.stage import Stage
from chassis.service import Service
from complaint.papers.document import Document, Section, Table, workbook_of
from complaint.papers.in_chinese import CHANNELS, SERIOUS, STATES
from complaint.papers.read_paper import printed
from complaint.way import CaseState
from contracts.archive import AccessRecorded
from contracts.complaint import Channel, DossierReady, SeriousKind
from contracts.roles import Scope
from contracts.staff import Profile
from policy.kit import open_branch

from ..builders import CALL_BACK, FULL_REPORT, RESOLUTION, Handled, answered, judged, staffed, title_branch, worked


@pytest_asyncio.fixture
async def stage(service: Service, database: str, keys: tuple[Path, Path], issuer: TestIssuer) -> AsyncIterator[Stage]:
    async with staffed(service, database, keys, issuer) as stage:
        yield stage


def cells(workbook: bytes) -> list[str]:
    """What stands in the first sheet, cell by cell."""
    sheet = python_calamine.load_workbook(BytesIO(workbook)).get_sheet_by_index(0)
    return [str(cell) for row in sheet.to_python() for cell in row if cell != ""]


async def reported(stage: Stage) -> Handled:
    """A retail case that has been investigated, reviewed and approved, as P17.4 and P17.5 want it."""
    case = await Handled.taken(stage, "hz-store-3", channel="store")
    await judged(case, "shop-1", matter="product", demands=["exchange"], claimant="consumer")
    await case.agreed("shop-2")
    await case.did("hr-3", "hand-over", {"department": "quality"})
    await case.did("quality-1", "start-investigation")
    await case.did("quality-1", "report", {**FULL_REPORT, "letter": "本人于三月购车, 变速箱屡修不好"})
    await case.agreed("quality-2")
    await case.did("hr-3", "opinion", {"words": "同意报告, 请尽快更换"})
    await case.agreed("gm-3")
    return case


@pytest.mark.rule("P04.3")
@pytest.mark.rule("P04.6")
@pytest.mark.rule("P12.3")
@pytest.mark.rule("P17.7")
async def test_the_record_form_shows_the_case_from_the_call_to_the_evaluation(stage: Stage) -> None:
    await title_branch(stage)
    case = await Handled.taken(
        stage, "bj-services", vehicle={"brand": "东风日产", "series": "轩逸", "plate": "沪A12345"}
    )
    early = await case.get("hr-1", "/papers/record-form?format=xlsx")
    assert "尚未判定" in cells(early.content)
    await judged(case, "hr-1", matter="professional_quality")
    await case.did("hr-1", "hand-over", {"department": "service"})
    await answered(case, "head-1")
    await case.did("head-1", "reaction", {"accepted": True, "words": "可以接受"})
    await case.did("hr-1", "call-back", CALL_BACK)
    await case.did("hr-1", "close")
    book = await case.get("gm-1", "/papers/record-form?format=xlsx")
    written = cells(book.content)
    for shown in (
        case.number, "王小芳", "138 0013 8000", "沪A12345", "东风日产", "更换变速箱", "专业素质", "服务部", "head-1",
        "北京服务店（bj-services）", f"投诉编号 {case.number} · 分支 北京服务店（bj-services） · 状态 已结案",
        RESOLUTION["words"], RESOLUTION["takes_up_demand"], "客户接受", CALL_BACK["final_opinion"],
        CALL_BACK["evaluation"], CALL_BACK["suggestion"], "2026-03-02 09:15", "投诉电话",
    ):  # fmt: skip
        assert str(shown) in written, shown
    paper = await case.get("gm-1", "/papers/record-form")
    assert (paper.status_code, paper.headers["content-type"]) == (200, "application/pdf")
    assert paper.headers["cache-control"] == "no-store"
    drawn = characters(paper.content)
    assert "service" not in written
    for text in ("客户投诉记录表", "北京服务店", "服务部", "王小芳", "沪A12345", CALL_BACK["evaluation"], case.number):
        assert set(str(text)) - {" "} <= drawn, text


@pytest.mark.rule("P17.4")
@pytest.mark.rule("P17.5")
async def test_the_investigation_report_has_its_six_parts_the_letter_and_who_agreed(stage: Stage) -> None:
    caller = {"name": "赵强", "phone": "137 0013 7000"}
    unreported = await Handled.taken(stage, "bj-services", caller=caller)
    assert (await unreported.get("hr-1", "/papers/investigation-report")).status_code == 404
    titles = {"quality": "质量部"}
    await open_branch(stage, "hz-store-3", Profile.RETAIL, region="east", title="杭州门店", departments=titles)
    case = await reported(stage)
    book = cells((await case.get("gm-3", "/papers/investigation-report?format=xlsx")).content)
    for shown in (
        FULL_REPORT["cause"], FULL_REPORT["course"], FULL_REPORT["responsibility"], FULL_REPORT["conclusion"],
        "更换阀体并延保", "三次维修未解决须升级诊断", "2026-03-31", "本人于三月购车, 变速箱屡修不好",
        "同意报告, 请尽快更换", "quality-2", "gm-3", "杭州门店（hz-store-3）", "质量部",
    ):  # fmt: skip
        assert str(shown) in book, shown
    await case.did("quality-1", "resolution", RESOLUTION)
    waiting = cells((await case.get("gm-3", "/papers/record-form?format=xlsx")).content)
    assert ("部门经理" in waiting, "department_manager" in waiting) == (True, False), "whom a signature waits for"
    heads = [one.partition("、")[2] for one in book if "、" in one[:3]]
    assert heads[:7] == ["案件", "发生原因", "具体经过", "具体责任者", "结论", "对策", "防范措施"]
    drawn = characters((await case.get("gm-3", "/papers/investigation-report")).content)
    assert set("投诉调查报告防范措施升级诊断") <= drawn


@pytest.mark.rule("P04.8")
@pytest.mark.rule("P12.2")
@pytest.mark.rule("P05.9")
async def test_reading_a_paper_is_recorded_and_nobody_reads_what_is_not_theirs(stage: Stage) -> None:
    case = await Handled.taken(stage, "bj-services")
    await judged(case, "hr-1", respondent="manager-1")
    for who in ("gm-2", "shop-1", "manager-1"):
        assert (await case.get(who, "/papers/record-form")).status_code == 404, who
    assert (await case.get("hr-1", "/papers/record-form?format=docx")).status_code == 422
    paper = await case.get("gm-1", "/papers/record-form")
    records = [one.message for one in await stage.outbox(AccessRecorded)]
    of_manager = [r for r in records if isinstance(r, AccessRecorded) and r.actor == "gm-1"]
    assert {(r.action, r.table, r.purpose) for r in of_manager} >= {
        ("read", "cases", "paper"), ("read", "entries", "paper"), ("print", "cases", "record-form"),
    }  # fmt: skip
    (print_,) = [r for r in of_manager if r.action == "print"]
    assert print_.digests == [hashlib.sha256(paper.content).hexdigest()]


@pytest.mark.rule("P04.8")
async def test_the_archive_gets_the_printed_forms_of_the_closing_whatever_happens_to_the_case_later(
    stage: Stage,
) -> None:
    await title_branch(stage)
    case = await Handled.taken(stage, "bj-services")
    await judged(case, "hr-1")
    await case.did("hr-1", "hand-over", {"department": "service"})
    await answered(case, "head-1")
    await case.did("head-1", "reaction", {"accepted": True})
    await case.did("hr-1", "call-back", CALL_BACK)
    await case.did("hr-1", "close")
    at_closing = (await case.get("gm-1", "/papers/record-form")).content
    await case.did("hr-1", "reopen", {"words": "客户来电: 又坏了"})  # before the forms were printed
    await title_branch(stage, "北京改名店", "改名部")
    await worked(stage, "print_dossier")
    (ready,) = await stage.outbox(DossierReady)
    assert isinstance(ready.message, DossierReady)
    (paper,) = [i for i in ready.message.items if (i.kind, i.media_type) == ("complaint_record", "application/pdf")]
    assert paper.path.endswith("/dossier/complaint_record.pdf")
    async with stage.client(scopes=(Scope.COMPLAINT_DOSSIER,), subject="archive") as archive:
        fetched = [(await archive.get(paper.path)).content for _ in range(2)]
    assert fetched[0] == fetched[1] == at_closing
    renamed = await case.get("gm-1", "/papers/record-form?format=xlsx")
    assert "北京改名店（bj-services）" in cells(renamed.content)
    assert hashlib.sha256(fetched[0]).hexdigest() == paper.sha256
    assert await stage.rows("SELECT 1 FROM dossier_forms") == []


@pytest.mark.rule("P05.14")
async def test_of_a_caller_who_was_erased_before_the_printing_nothing_is_handed_over(stage: Stage) -> None:
    case = await Handled.taken(stage, "bj-services")
    await judged(case, "hr-1", reason_holds=False)
    await case.did("hr-1", "answer", {"way": "oral", "words": "已婉转说明"})
    await case.did("hr-1", "reaction", {"accepted": True})
    await case.did("hr-1", "close")
    async with stage.runtime.transaction() as tx:
        ((subject,),) = await tx.driver.fetch("SELECT subject_id FROM cases WHERE id = $1::uuid", case.id)
        await tx.destroy_keys([subject])
    await worked(stage, "print_dossier")
    assert await stage.outbox(DossierReady) == []
    assert await stage.rows("SELECT 1 FROM dossier_items WHERE media_type = 'application/pdf'") == []


DOCUMENT = Document(
    "客户投诉记录表", "record", "20260302-0000001-5",
    [Section("一、受理", [("编号", "=1+1")], [("内容", "#panic() *粗* \\ $x$\n第二行")],
             Table(("甲",), [["12"], ["=2"]]))],
    ("总经理",),
    "末行",
)  # fmt: skip


async def test_the_same_document_is_the_same_bytes_and_no_value_is_markup_or_a_formula() -> None:
    first, again = await printed(DOCUMENT.data()), await printed(DOCUMENT.data())
    assert first == again
    assert set("客户投诉记录表#panic*粗$第二行") <= characters(first)
    assert workbook_of(DOCUMENT) == workbook_of(DOCUMENT)
    assert {"=1+1", "=2"} <= set(cells(workbook_of(DOCUMENT)))


@pytest.mark.rule("P04.6")
@pytest.mark.rule("P17.4")
def test_a_workbook_says_what_the_printed_form_says_whatever_digits_and_however_long() -> None:
    digits = ["7", "007", "①②", "²³", "１２", "٣"]
    long = "\n".join(f"第{n}次到店, 变速箱仍然抖动, 顾问让我回家等电话, 之后再无消息; " * 3 for n in range(90))
    table = Table(("内容", "责任人"), [*([one, "甲"] for one in digits), [long, "乙"]])
    document = replace(DOCUMENT, sections=[Section("一", words=[("投诉内容", long)], table=table)])
    sheet = python_calamine.load_workbook(BytesIO(workbook_of(document))).get_sheet_by_index(0)
    rows = [[str(cell).removesuffix(".0") for cell in row] for row in sheet.to_python()]
    (begins,) = [n for n, row in enumerate(rows) if row[0] == "投诉内容"]
    (head,) = [n for n, row in enumerate(rows) if row[:2] == ["内容", "责任人"]]
    assert "".join(row[1] for row in rows[begins:head]) == long
    told = [row[0] for row in rows[head + 1 :]]
    assert told[: len(digits)] == digits
    assert "".join(told[len(digits) :]).startswith(long)
    # a row of a sheet is at most 409 points high: what has more lines stands in several
    assert max(sum(1 + len(line) // 45 for line in cell.split("\n")) for row in rows for cell in row) <= 28


def test_every_code_has_its_name_on_paper() -> None:
    known: dict[Any, Any] = {Channel: CHANNELS, SeriousKind: SERIOUS, CaseState: STATES}
    for codes, names in known.items():
        assert {code.value for code in codes} <= set(names)
