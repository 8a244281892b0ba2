"""The statistics of weeks and months: frozen, filled in by the 10th, reviewed; every figure is a list of cases."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import python_calamine
from chassis.kit.at_work import at_work
from chassis.kit.eventually import eventually
from chassis.kit.keys import TestIssuer
from chassis.kit.pdf import characters
from chassis.kit.stage import Stage
from chassis.service import Service
from complaint.reports.freeze_period import cases_of, freeze_period, imported_since, terms_of
from complaint.reports.model import REPORTS
from complaint.reports.period import Period, PeriodKind
from complaint.reports.plan_periods import PeriodPlanner
from complaint.reports.read_report import numbers_of
from complaint.reports.statistics_form import NOT_COUNTED
from contracts.archive import AccessRecorded
from contracts.staff import Profile
from policy.calendar import ZONE
from policy.kit import Clock, open_branch
from policy.obligations import Timer

from ..builders import CALL_BACK, Handled, answered, form, judged, staffed, title_branch, worked
from .test_forms import cells
from .test_import import HEADINGS

PHONES = ("136 0013 6001", "136 0013 6002")
BEGUN = datetime(2026, 2, 20, 9, 0, tzinfo=ZONE)


@pytest_asyncio.fixture
async def stage(service: Service, database: str, keys: tuple[Path, Path], issuer: TestIssuer) -> AsyncIterator[Stage]:
    """A system that went live in February."""
    async with staffed(service, database, keys, issuer, BEGUN) as stage:
        await PeriodPlanner(stage.runtime).plan()
        yield stage


def until(stage: Stage, text: str) -> None:
    clock = stage.runtime.clock
    assert isinstance(clock, Clock)
    clock.at(text)


async def frozen(stage: Stage, text: str) -> None:
    """It is then, and whatever period has ended is frozen."""
    until(stage, text)
    while await Timer(stage.runtime).fire():
        pass
    await PeriodPlanner(stage.runtime).plan()
    await worked(stage, "freeze_period")


async def reports(stage: Stage, who: str, query: str = "") -> list[dict[str, Any]]:
    async with stage.client(subject=who) as person:
        return list((await person.get(f"/v1/complaints/reports?kind=month{query}")).json()["items"])


async def opened(stage: Stage, who: str, path: str) -> tuple[dict[str, Any], dict[str, int]]:
    """A report, and its figures with the corrections by name."""
    async with stage.client(subject=who) as person:
        answer = await person.get(path)
    assert answer.status_code == 200, answer.text
    report = answer.json()
    return report, {one["figure"]: one["count"] for one in [*report["figures"], *report["corrections"]]}


async def three_cases(stage: Stage) -> list[Handled]:
    """At bj-services in February: one closed, one judged, one that stays as it was taken."""
    callers = [{"name": name, "phone": f"138 0013 800{n}"} for n, name in enumerate(("王小芳", "李明", "赵强"))]
    cases = [
        await Handled.taken(stage, "bj-services", caller=caller, channel=channel)
        for caller, channel in zip(callers, ("phone", "phone", "web"), strict=True)
    ]
    first, second, _ = cases
    await judged(first, "hr-1", matter="efficiency", demands=["damages", "exchange"], respondent_department="service")
    await first.did("hr-1", "hand-over")
    await answered(first, "head-1")
    await first.did("head-1", "reaction", {"accepted": True})
    await first.did("hr-1", "call-back", CALL_BACK)
    await first.did("hr-1", "close")
    await judged(second, "hr-1", matter="attitude", respondent_department="service")
    return cases


@pytest.mark.rule("P12.9")
async def test_every_figure_opens_however_a_brand_is_written(stage: Stage) -> None:
    brands = ("R&D 汽车", "C+pod", "领克 #03")
    for n, brand in enumerate(brands):
        caller = {"name": "李明", "phone": f"139 0013 900{n}"}
        await Handled.taken(stage, "bj-services", vehicle={"brand": brand}, caller=caller)
    await frozen(stage, "2026-03-01 00:15")
    report, figures = await opened(stage, "gm-1", (await reports(stage, "gm-1", "&branch=bj-services"))[0]["path"])
    assert {f"taken.brand={brand}" for brand in brands} <= set(figures)
    async with stage.client(subject="gm-1") as manager:
        for figure in report["figures"]:
            listed = (await manager.get(figure["path"])).json()["items"]
            assert len(listed) == figure["count"], figure


def tables_of(book: bytes) -> list[list[int]]:
    """The counts in each table of a printed report that has any."""
    found: list[list[int]] = []
    for row in python_calamine.load_workbook(BytesIO(book)).get_sheet_by_index(0).to_python():
        if row[:2] == ["项目", "件数"]:
            found.append([])
        elif found and isinstance(row[1], float) and row[2] == "":
            found[-1].append(int(row[1]))
    return [sorted(one) for one in found if one]


@pytest.mark.rule("P12.9")
@pytest.mark.rule("P17.10")
async def test_a_months_figures_are_frozen_and_stay_although_the_cases_go_on(stage: Stage) -> None:
    first, second, third = await three_cases(stage)
    await frozen(stage, "2026-03-01 00:05")
    assert await reports(stage, "gm-1") == []  # it is left to settle
    await frozen(stage, "2026-03-01 00:15")
    (line,) = [one for one in await reports(stage, "gm-1") if one["branch"] == "bj-services"]
    assert (line["period"], line["first_day"], line["last_day"]) == ("2026-02", "2026-02-01", "2026-02-28")
    sums = ("opening", "taken", "closed", "open", "corrected")
    assert [line[name] for name in sums] == [0, 3, 1, 2, 0]
    report, figures = await opened(stage, "gm-1", line["path"])
    expected = {
        "taken": 3, "taken.channel=phone": 2, "taken.channel=web": 1, "taken.matter=efficiency": 1,
        "taken.matter=attitude": 1, "taken.matter=unset": 1, "taken.demand=damages": 1, "taken.demand=exchange": 1,
        "taken.judgement=founded": 2, "taken.judgement=unset": 1, "taken.department=service": 1,
        "closed": 1, "closed.within=2_days": 1, "closed.satisfaction=5": 1, "closed.reaction=accepted": 1,
        "called_back": 1, "open": 2, "open.state=judged": 1, "open.state=taken": 1, "term.met=judge": 2,
        "term.missed=judge": 1,
    }  # fmt: skip
    assert {name: figures.get(name) for name in expected} == expected
    async with stage.client(subject="gm-1") as manager:
        for figure in report["figures"]:
            listed = (await manager.get(figure["path"])).json()["items"]
            assert len(listed) == figure["count"], figure
        phone = (await manager.get(f"{line['path']}/cases?figure=taken.channel=phone&limit=1")).json()
        rest = await manager.get(f"{line['path']}/cases?figure=taken.channel=phone&cursor={phone['next']}")
    numbers = [one["number"] for one in [*phone["items"], *rest.json()["items"]]]
    assert numbers == sorted([first.number, second.number])
    # the paper divides what the page divides: as many tables with the same counts
    divided: dict[str, list[int]] = {}
    for name, count in figures.items():
        if "=" in name and not name.startswith("term."):
            divided.setdefault(name.partition("=")[0], []).append(count)
    assert sorted(map(sorted, divided.values())) == sorted(
        tables_of((await _file(stage, "gm-1", f"{line['path']}?format=xlsx")).content)
    )

    await first.did("hr-1", "reopen", {"words": "又坏了"})
    await judged(third, "hr-1")
    await second.did("hr-1", "hand-over")
    await PeriodPlanner(stage.runtime).plan()
    assert await opened(stage, "gm-1", line["path"]) == (report, figures)

    await frozen(stage, "2026-04-01 00:15")
    april = (await reports(stage, "gm-1", "&branch=bj-services"))[0]
    _, march = await opened(stage, "gm-1", april["path"])
    assert [march.get(name, 0) for name in ("opening", "taken", "returned", "closed", "open")] == [2, 0, 1, 0, 3]
    assert await opened(stage, "gm-1", line["path"]) == (report, figures)
    (group,) = await reports(stage, "group-1", "&branch=group&limit=1")
    assert group["open"] == 3
    weeks = await stage.rows("SELECT first_day FROM report_periods WHERE kind = 'week' AND frozen_at IS NOT NULL")
    assert len(weeks) == 6  # all that have ended since the system went live


@pytest.mark.rule("P12.9")
@pytest.mark.rule("P17.10")
async def test_what_is_known_late_corrects_in_the_next_report_and_says_of_which_period(stage: Stage) -> None:
    _, second, _ = await three_cases(stage)
    await frozen(stage, "2026-03-02 09:00")
    (line,) = [one for one in await reports(stage, "hr-1") if one["branch"] == "bj-services"]
    february = await opened(stage, "hr-1", line["path"])
    rows = [
        "oldcrm,A-1,bj-services,phone,2026-02-03 17:40,孙丽,13700130000,别克,漆面起泡,2026-02-25 00:00,1",
        "oldcrm,A-2,bj-services,phone,2026-02-21 10:00,周强,13700137001,别克,刹车异响,,",
        "oldcrm,A-3,bj-services,phone,2021-02-21 10:00,吴军,13700137002,别克,漏油,2021-03-01 00:00,1",
    ]
    async with stage.client(subject="hr-1") as hr:
        content = "\n".join([HEADINGS, *rows]).encode()
        assert (await hr.post("/v1/complaints/imports", content=content)).status_code == 202
        await worked_imports(stage)
        taken_then = {**_form(), "taken_at": "2026-02-25T09:00:00+08:00"}
        assert (await hr.post("/v1/complaints", json=taken_then)).status_code == 201
    await second.did("hr-1", "hand-over", {"department": "service"})
    await frozen(stage, "2026-04-01 09:00")
    assert await opened(stage, "hr-1", line["path"]) == february
    newest = (await reports(stage, "hr-1", "&branch=bj-services"))[0]
    report, march = await opened(stage, "hr-1", newest["path"])
    corrections = {one["figure"]: one["count"] for one in report["corrections"]}
    # one was closed before the system went live, in no report that ever was
    assert corrections == {"late": 3, "late.open": 2, "late.period=2026-02": 3}
    assert [march.get(name, 0) for name in ("opening", "taken", "closed", "open")] == [2, 0, 0, 4]
    written = cells((await _file(stage, "hr-1", f"{newest['path']}?format=xlsx")).content)
    assert "补录 2026-02 受理的投诉" in written


@pytest.mark.rule("P12.9")
async def test_a_printed_table_calls_branch_and_departments_by_their_titles(stage: Stage) -> None:
    await three_cases(stage)
    await frozen(stage, "2026-03-01 00:15")
    (line,) = [one for one in await reports(stage, "gm-1") if one["branch"] == "bj-services"]
    (group,) = [one for one in await reports(stage, "group-1") if one["branch"] == "group"]
    digest = (await opened(stage, "gm-1", line["path"]))[0]["digest"]
    await title_branch(stage)
    titles = {"service": "售后部", "sales": "销售部"}
    await open_branch(stage, "sh-pudong", Profile.DEALERSHIP, region="east", title="上海浦东4S店", departments=titles)
    own = cells((await _file(stage, "gm-1", f"{line['path']}?format=xlsx")).content)
    assert {"北京服务店（bj-services）", "服务部", f"数字摘要 SHA-256 {digest}"} <= set(own)
    assert "service" not in own
    every = cells((await _file(stage, "group-1", f"{group['path']}?format=xlsx")).content)
    assert {"全集团", "售后部、服务部"} <= set(every)


@pytest.mark.rule("P12.9")
async def test_what_is_merged_after_it_was_counted_leaves_the_open_ones_once(stage: Stage) -> None:
    _, second, third = await three_cases(stage)
    await frozen(stage, "2026-03-01 00:15")
    (line,) = [one for one in await reports(stage, "gm-1") if one["branch"] == "bj-services"]
    february = await opened(stage, "gm-1", line["path"])
    until(stage, "2026-03-10 10:00")
    await third.did("hr-1", "merge", {"into": second.id, "words": "同一事项"})
    at_once = [await Handled.taken(stage, "bj-services", caller={"name": "郑洁", "phone": p}) for p in PHONES]
    await at_once[1].did("hr-1", "merge", {"into": at_once[0].id, "words": "同一事项"})
    await frozen(stage, "2026-04-01 00:15")
    (newest, _) = await reports(stage, "gm-1", "&branch=bj-services")
    _, march = await opened(stage, "gm-1", newest["path"])
    names = ("opening", "late.open", "taken", "returned", "closed", "merged", "open")
    sums = {name: march.get(name, 0) for name in names}
    assert sums == {
        "opening": february[1]["open"], "late.open": 0, "taken": 1, "returned": 0, "closed": 0, "merged": 1, "open": 2
    }  # fmt: skip
    came = sums["opening"] + sums["late.open"] + sums["taken"] + sums["returned"]
    assert came - sums["closed"] - sums["merged"] == sums["open"]
    async with stage.client(subject="gm-1") as manager:
        listed = (await manager.get(f"{newest['path']}/cases?figure=merged")).json()["items"]
    assert [one["number"] for one in listed] == [third.number]
    assert await opened(stage, "gm-1", line["path"]) == february
    await frozen(stage, "2026-05-01 00:15")
    (newest, *_) = await reports(stage, "gm-1", "&branch=bj-services")
    _, april = await opened(stage, "gm-1", newest["path"])
    assert [april.get(name, 0) for name in ("opening", "merged", "open")] == [2, 0, 2]


@pytest.mark.rule("P12.9")
async def test_what_older_code_has_frozen_is_read_as_it_was_counted(stage: Stage) -> None:
    _, second, third = await three_cases(stage)
    await frozen(stage, "2026-03-01 00:15")
    # before the lines said whether a case was open
    await stage.rows("UPDATE report_lines SET about = about - 'open' RETURNING 1")
    until(stage, "2026-03-10 10:00")
    await third.did("hr-1", "merge", {"into": second.id, "words": "同一事项"})
    await frozen(stage, "2026-04-01 00:15")
    newest, february = await reports(stage, "gm-1", "&branch=bj-services")
    _, march = await opened(stage, "gm-1", newest["path"])
    assert [march.get(name, 0) for name in ("opening", "merged", "open")] == [2, 1, 1]
    # before open ones were counted at all, and where none was left
    await stage.rows("UPDATE reports SET figures = figures - 'open' WHERE branch = 'bj-services' RETURNING 1")
    shown = [one["open"] for one in await reports(stage, "gm-1", "&branch=bj-services")]
    assert shown == [None, None]
    report, _ = await opened(stage, "gm-1", february["path"])
    assert (report["open"], report["taken"], report["closed"]) == (None, 3, 1)
    sheet = cells((await _file(stage, "gm-1", f"{february['path']}?format=xlsx")).content)
    assert sheet[sheet.index("期末未结") + 1] == NOT_COUNTED
    empty = [one for one in await reports(stage, "gm-1") if one["branch"] not in ("bj-services", "group")]
    assert {one["open"] for one in empty} == {0}


async def worked_imports(stage: Stage) -> None:
    async def ended() -> bool:
        return not await stage.rows("SELECT 1 FROM kehu.jobs WHERE kind = 'import_complaints' AND state = 'waiting'")

    async with at_work(stage.runner()):
        await eventually(ended)


def _form() -> dict[str, Any]:
    return form(caller={"name": "郑洁", "phone": "136 0013 6000"}, text="空调不凉", demand="修好")


async def _file(stage: Stage, who: str, path: str) -> Any:
    async with stage.client(subject=who) as person:
        return await person.get(path)


@pytest.mark.rule("P17.10")
async def test_hr_admin_fills_the_months_table_in_by_the_10th_and_the_general_manager_reviews_it(stage: Stage) -> None:
    await Handled.taken(stage, "hz-store-3", channel="store")
    await frozen(stage, "2026-03-01 09:00")
    (line,) = [one for one in await reports(stage, "hr-3") if one["branch"] == "hz-store-3"]
    owed = await stage.rows(
        "SELECT branch, role, due_at, subject::text FROM kehu.obligations WHERE duty = 'fill_in_statistics'"
    )
    assert [(row["branch"], row["role"], row["subject"]) for row in owed] == [("hz-store-3", "hr_admin", line["id"])]
    assert owed[0]["due_at"].astimezone(ZONE).isoformat() == "2026-03-11T00:00:00+08:00"
    assert (line["owed"], line["due_at"]) == (True, "2026-03-10T16:00:00Z")
    path, body = line["path"], {"remarks": "变速箱投诉集中, 王经理已约谈供应商"}
    async with stage.client(subject="hr-3") as hr, stage.client(subject="gm-3") as manager:
        assert (await manager.post(f"{path}/fill-in", json=body)).status_code == 403
        filled = (await hr.post(f"{path}/fill-in", json=body)).json()
        assert (filled["state"], filled["filled_by"], filled["remarks"]) == ("filled_in", "hr-3", body["remarks"])
        assert (filled["owed"], filled["due_at"]) == (False, None)
        held = await hr.post(f"{path}/fill-in", json=body)
        assert (held.status_code, held.json()["type"]) == (409, "/problems/held")
        asked = (await manager.get(f"/v1/approvals?subject={line['id']}&state=open")).json()["items"]
        assert (asked[0]["offer"]["taken"], asked[0]["offer"]["figures"]) == (1, filled["digest"])
        own = {"grant": True, "digest": asked[0]["digest"], "reason": None}
        assert (await hr.post(f"/v1/approvals/{asked[0]['id']}/decide", json=own)).status_code == 403
        back = {"grant": False, "digest": asked[0]["digest"], "reason": "请写明措施"}
        assert (await manager.post(f"/v1/approvals/{asked[0]['id']}/decide", json=back)).status_code == 200
        given_back = (await manager.get(path)).json()
        # owed again, without a term of its own
        assert (given_back["state"], given_back["owed"], given_back["due_at"]) == ("frozen", True, None)
        assert len(await stage.rows(
            "SELECT 1 FROM kehu.obligations WHERE duty = 'fill_in_statistics' AND ended_at IS NULL"
        )) == 1  # fmt: skip
        again = {"remarks": "已安排复训, 四月复查"}
        assert (await hr.post(f"{path}/fill-in", json=again)).status_code == 200
        asked = (await manager.get(f"/v1/approvals?subject={line['id']}&state=open")).json()["items"]
        grant = {"grant": True, "digest": asked[0]["digest"], "reason": None}
        assert (await manager.post(f"/v1/approvals/{asked[0]['id']}/decide", json=grant)).status_code == 200
        reviewed = (await manager.get(path)).json()
        assert (reviewed["state"], reviewed["reviewed_by"]) == ("reviewed", "gm-3")
        late = await hr.post(f"{path}/fill-in", json=body)
        assert (late.status_code, late.json()["type"]) == (409, "/problems/reviewed-already")
        paper = await manager.get(f"{path}?format=pdf")
        same = await manager.get(f"{path}?format=pdf")
    assert (paper.headers["content-type"], paper.content) == ("application/pdf", same.content)
    assert set("客户投诉统计表月报已安排复训四月复查更正") <= characters(paper.content)
    everything = repr(await stage.rows("SELECT * FROM reports")) + repr(
        [row[0] for row in await stage.rows("SELECT value FROM kehu.outbox WHERE value IS NOT NULL")]
    )
    assert "复训" not in everything
    records = [one.message for one in await stage.outbox(AccessRecorded)]
    read = {(r.actor, r.action) for r in records if isinstance(r, AccessRecorded) and r.table == "reports"}
    assert {("gm-3", "read"), ("gm-3", "print")} <= read


@pytest.mark.rule("P17.10")
async def test_an_unfilled_table_is_missed_and_a_branch_without_cases_owes_it_too(stage: Stage) -> None:
    await frozen(stage, "2026-03-01 09:00")
    states = "SELECT branch, due_at FROM kehu.obligations WHERE duty = 'fill_in_statistics'"
    assert [row["branch"] for row in await stage.rows(states)] == ["hz-store-3"]
    (line,) = [one for one in await reports(stage, "gm-3") if one["branch"] == "hz-store-3"]
    assert (line["taken"], line["open"]) == (0, 0)
    await frozen(stage, "2026-03-12 09:00")
    every = await reports(stage, "group-1")
    assert {one["branch"]: one["due_at"] for one in every if one["owed"]} == {"hz-store-3": "2026-03-10T16:00:00Z"}
    assert len(every) > 1


@pytest.mark.rule("P12.9")
async def test_the_reports_of_a_period_come_by_branch_that_of_the_group_first_however_many_at_a_time(
    stage: Stage,
) -> None:
    await frozen(stage, "2026-06-02 09:00")  # on 1 June a week and a month began
    await frozen(stage, "2026-07-02 09:00")
    async with stage.client(subject="group-1") as person:
        found: list[dict[str, Any]] = []
        cursor = ""
        while True:
            page = (await person.get(f"/v1/complaints/reports?limit=3{cursor}")).json()
            found += page["items"]
            if page["next"] is None:
                break
            cursor = f"&cursor={page['next']}"
    order = [(one["first_day"], one["kind"], one["branch"] != "group", one["branch"]) for one in found]
    branches = sorted({one["branch"] for one in found} - {"group"})
    assert len(branches) > 3
    wanted = [
        (day, kind, branch != "group", branch)
        for day, kind in sorted({(day, kind) for day, kind, *_ in order}, key=lambda one: (-_ordinal(one[0]), one[1]))
        for branch in ("group", *branches)
    ]
    assert order == wanted
    assert {("2026-06-01", "month"), ("2026-06-01", "week")} <= {(day, kind) for day, kind, *_ in order}


def _ordinal(day: str) -> int:
    return date.fromisoformat(day).toordinal()


@pytest.mark.rule("P12.9")
async def test_a_branch_sees_its_own_report_and_the_group_all_of_them(stage: Stage) -> None:
    await three_cases(stage)
    await frozen(stage, "2026-03-01 09:00")
    own = await reports(stage, "relations-2")
    assert {one["branch"] for one in own} == {"sh-pudong"}
    everything = await reports(stage, "group-1")
    assert {one["branch"] for one in everything} >= {"group", "bj-services", "sh-pudong"}
    (other,) = [one for one in everything if one["branch"] == "bj-services"]
    (group,) = [one for one in everything if one["branch"] == "group"]
    async with stage.client(subject="relations-2") as person:
        for path in (other["path"], group["path"], f"{other['path']}/cases?figure=taken"):
            assert (await person.get(path)).status_code == 404
    async with stage.client(subject="adviser-1") as person:
        assert (await person.get("/v1/complaints/reports")).status_code == 403


@pytest.mark.rule("P12.9")
async def test_a_period_is_frozen_once_however_often_and_by_how_many_it_is_planned(stage: Stage) -> None:
    await three_cases(stage)
    until(stage, "2026-03-01 09:00")
    for _ in range(3):
        await PeriodPlanner(stage.runtime).plan()
    assert len(await stage.rows("SELECT 1 FROM kehu.jobs WHERE kind = 'freeze_period'")) == 2
    await worked(stage, "freeze_period")
    before = await stage.rows("SELECT id, figures, version FROM reports ORDER BY id")
    async with stage.runtime.transaction() as tx:
        for row in await tx.driver.fetch("SELECT id FROM report_periods WHERE frozen_at IS NOT NULL"):
            tx.later(freeze_period, row["id"])
    await worked(stage, "freeze_period")
    assert await stage.rows("SELECT id, figures, version FROM reports ORDER BY id") == before


@pytest.mark.rule("P12.9")
async def test_a_month_of_50_000_cases_is_counted_from_indexes(stage: Stage) -> None:
    await stage.rows("""
        INSERT INTO cases (id, number, branch, channel, state, taken_at, brand, facts, text, match,
            serious_kinds, subject_id, sealed, version, sequence, serious_sequence, closed_at)
        SELECT uuidv7(), n::text, 'branch-' || n % 200, 'phone', CASE WHEN n % 100 = 0 THEN 'judged' ELSE 'closed' END,
            timestamptz '2024-01-01' + n * interval '4 minutes', 'brand', '{}', 'text', 'none', '[]', uuidv7(), '',
            1, 1,
            0,
            CASE WHEN n % 100 > 0 THEN timestamptz '2024-01-05' + n * interval '4 minutes' END
        FROM generate_series(1, 50000) AS n
    """)
    await stage.rows("""
        INSERT INTO kehu.obligations (id, duty, subject, path, branch, role, since, plan, course, due_at, state,
            missed_at, ended_at, version, sequence)
        SELECT uuidv7(), 'judge', id, '', branch, 'hr_admin', taken_at, '{"rules": []}', '{}',
            taken_at + interval '1 day', 'met', CASE WHEN number::int % 7 = 0 THEN taken_at + interval '1 day' END,
            taken_at + interval '2 days', 1, 1
        FROM cases
    """)
    period = Period(PeriodKind.MONTH, datetime(2026, 2, 1, tzinfo=ZONE).date())
    await stage.rows(
        """INSERT INTO report_lines SELECT $1, id, number, branch, '["taken"]', '{}' FROM cases""", period.id
    )
    await stage.rows(
        """INSERT INTO report_lines SELECT $1, id, number, branch, '["taken"]', '{}' FROM cases LIMIT 2000""",
        period.following.id,
    )
    await stage.rows(
        """INSERT INTO entries SELECT uuidv7(), id,
            CASE WHEN number::int % 1000 = 0 THEN 'imported' ELSE 'judgement' END, 'hr', taken_at, '[]', '{}',
            subject_id FROM cases"""
    )
    report = REPORTS.restore([None] * len(REPORTS.columns))
    report.period_id, report.branch = period.following.id, "branch-7"
    for name, query in {
        "cases": cases_of(period),
        "imported": imported_since(period.begins),
        "terms": terms_of(period),
        "a figure": numbers_of(report, "taken", "1").limit(101),
    }.items():
        plan = await stage.plan(query)  # type: ignore[arg-type]
        assert "Seq Scan" not in plan, f"{name}: {plan}"
