"""A list of complaints: each taken once, under its own dates, or refused in its row."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from chassis.kit.at_work import at_work
from chassis.kit.eventually import eventually
from chassis.kit.stage import Stage
from contracts.complaint import ComplaintClosed, ComplaintOpened, ComplaintSerious

HEADINGS = "来源,来源编号,分支,渠道,受理时间,客户姓名,电话,品牌,投诉内容,结案时间,是否成立"
OLD = "oms,1,sh-pudong,call_centre,2021/3/2 9:30,王小芳,13800138000,东风日产,王小芳说变速箱低速抖动,2021-03-20,1"
OPEN = "oms,2,sh-pudong,phone,2026-02-27 10:00,李雷,13800138000,东风日产,变速箱低速抖动没有解决,,"
LATE = "oms,3,sh-pudong,phone,2031-02-27,李雷,,东风日产,漏油,,"
OTHER = "oms,4,bj-services,phone,2026-02-27,李雷,,东风日产,漏油,,"


async def handed_in(stage: Stage, content: bytes, dry_run: bool = False) -> str:
    """Where the import is that the relations manager of sh-pudong has handed in, when it has ended."""
    async with stage.client("relations_manager@sh-pudong", subject="relations-2") as manager:
        begun = await manager.post(f"/v1/complaints/imports?dry_run={str(dry_run).lower()}", content=content)
        assert begun.status_code == 202, begun.text
        path = str(begun.headers["location"])

        async def ended() -> bool:
            return bool((await manager.get(path)).json()["state"] == "done")

        async with at_work(stage.runner()):
            await eventually(ended)
    return path


async def imported(stage: Stage, *lines: str, dry_run: bool = False, encoding: str = "gb18030") -> dict[int, Any]:
    """What became of each row."""
    path = await handed_in(stage, "\n".join([HEADINGS, *lines]).encode(encoding), dry_run)
    async with stage.client("relations_manager@sh-pudong", subject="relations-2") as manager:
        rows = (await manager.get(f"{path}/rows")).json()["items"]
        assert (await manager.get(path)).json()["done"] == len(lines)
    return {row["row"]: row for row in rows}


@pytest.mark.rule("P04.3")
async def test_a_list_is_taken_with_its_own_dates_and_a_second_time_creates_nothing(stage: Stage) -> None:
    first = await imported(stage, OLD, OPEN)
    assert [first[n]["outcome"] for n in (2, 3)] == ["made", "made"], first
    again = await imported(stage, OLD, OPEN)
    assert [again[n]["outcome"] for n in (2, 3)] == ["unchanged", "unchanged"]
    assert [again[n]["ref"] for n in (2, 3)] == [first[n]["ref"] for n in (2, 3)]
    old, running = await stage.rows("SELECT * FROM cases ORDER BY taken_at")
    assert (old["state"], old["number"][:8], old["closed_at"].isoformat()) == (
        "closed",
        "20210302",
        "2021-03-19T16:00:00+00:00",
    )
    assert (running["state"], running["closed_at"]) == ("taken", None)
    assert "王小芳" not in old["text"]
    assert [told.key for told in await stage.outbox(ComplaintOpened)] == [str(old["id"]), str(running["id"])]
    assert [told.key for told in await stage.outbox(ComplaintClosed)] == [str(old["id"])]


@pytest.mark.rule("P04.3")
async def test_history_starts_no_clock_and_warns_nobody_and_an_open_one_runs_from_its_receipt(stage: Stage) -> None:
    rows = await imported(stage, OLD, OPEN)
    await stage.deliver_outbox()
    owed = await stage.rows("SELECT subject, since FROM kehu.obligations WHERE duty = 'judge'")
    assert [(row["subject"], row["since"].isoformat()) for row in owed] == [
        (UUID(rows[3]["ref"]), "2026-02-27T02:00:00+00:00")
    ]
    assert await stage.rows("SELECT 1 FROM kehu.obligations WHERE subject = $1", UUID(rows[2]["ref"])) == []
    assert await stage.outbox(ComplaintSerious) == []
    async with stage.client("relations_manager@sh-pudong") as manager:
        words = await manager.post("/v1/complaints/search", json={"words": "变速箱"})
        opened = (await manager.get(f"/v1/complaints/{rows[2]['ref']}")).json()
    assert {case["id"] for case in words.json()["items"]} == {rows[2]["ref"], rows[3]["ref"]}
    assert (opened["caller"]["name"], opened["judgement"]["founded"]) == ("王小芳", True)


@pytest.mark.rule("P04.3")
async def test_whether_it_was_founded_is_written_as_people_write_it(stage: Stage) -> None:
    written = {"是": True, "成立": True, "1": True, "否": False, "不成立": False, "0": False}
    line = "oms,w{},sh-pudong,phone,2021-03-02,王小芳,,东风日产,异响,2021-03-19,{}"
    rows = await imported(stage, *[line.format(n, cell) for n, cell in enumerate(written)])
    async with stage.client("relations_manager@sh-pudong") as manager:
        cases = [(await manager.get(f"/v1/complaints/{rows[n]['ref']}")).json() for n in sorted(rows)]
    assert [case["judgement"]["founded"] for case in cases] == list(written.values())


async def test_what_is_wrong_with_a_row_is_named_by_its_place_and_kind(stage: Stage) -> None:
    day = "oms,{},sh-pudong,phone,2021-03-02,王小芳,,东风日产,异响,{},{}"
    rows = await imported(stage, LATE, day.format(5, "2021-03-01", "1"), day.format(6, "2100-01-01", "1"),
                          day.format(7, "2021-03-19", ""), day.format(8, "", "1"))  # fmt: skip
    assert {n: [(one["pointer"], one["code"]) for one in row["errors"]] for n, row in rows.items()} == {
        2: [("/taken_at", "in_future")],
        3: [("/closed_at", "before_begin")],
        4: [("/closed_at", "in_future")],
        5: [("/founded", "missing")],
        6: [("/founded", "not_here")],
    }


async def test_a_row_tells_in_chinese_what_is_wrong_as_its_table_calls_it(stage: Stage) -> None:
    lines = [f"{HEADINGS},故障码", f"{LATE},", f"{OTHER},", f"{OPEN},{'长' * 300}"]
    path = await handed_in(stage, "\n".join(lines).encode())
    async with stage.client("relations_manager@sh-pudong", subject="relations-2") as manager:
        told = (await manager.get(f"{path}/rows.csv", headers={"Accept-Language": "zh-CN"})).content.decode("utf-8-sig")
    assert told.splitlines() == [
        "行,结果,编号,制度条款,说明",
        "2,被拒,,,受理时间：不能晚于现在",
        "3,被拒,,P04.3,您的岗位不能执行此操作，如需要请申请相应权限。",
        "4,被拒,,,故障码：最多 100 个字符",
    ]


async def test_a_row_that_does_not_fit_is_refused_alone_and_a_dry_run_takes_nothing(stage: Stage) -> None:
    dry = await imported(stage, OPEN, LATE, OTHER, dry_run=True, encoding="utf-8-sig")
    assert [dry[n]["outcome"] for n in (2, 3, 4)] == ["made", "refused", "refused"]
    assert dry[3]["errors"][0]["pointer"] == "/taken_at"
    assert await stage.rows("SELECT 1 FROM cases") == []
    await imported(stage, OPEN)
    changed = await imported(stage, OPEN.replace("没有解决", "已经解决"))
    (case,) = await stage.rows("SELECT number FROM cases")
    assert (changed[2]["outcome"], case["number"] in changed[2]["detail"]) == ("refused", True)


DOUBLE = OPEN.replace("没有解决", "没有解决并有异响")


@pytest.mark.rule("P04.3")
async def test_a_dry_run_foretells_what_becomes_of_a_complaint_that_the_list_says_twice(stage: Stage) -> None:
    dry = await imported(stage, OPEN, OLD, OPEN, DOUBLE, dry_run=True)
    assert {n: row["foretold"] and row["foretold"]["what"] for n, row in dry.items()} == {
        2: None, 3: None, 4: "unchanged", 5: "refused",
    }  # fmt: skip
    assert ("第 2 行" in dry[4]["foretold"]["zh"], dry[5]["foretold"]["rules"]) == (True, ["P04.3"])
    taken = await imported(stage, OPEN, OLD, OPEN, DOUBLE)
    assert [taken[n]["outcome"] for n in (2, 3, 4, 5)] == ["made", "made", "unchanged", "refused"]


@pytest.mark.rule("P04.3")
@pytest.mark.parametrize("written", ["2026-02-27T10:00:00.000", "2026-02-27 10:00:00.5"])
async def test_an_instant_without_a_zone_is_one_of_the_civil_time_however_exact(stage: Stage, written: str) -> None:
    rows = await imported(stage, OPEN.replace("2026-02-27 10:00", written))
    assert rows[2]["outcome"] == "made", rows
    ((taken_at,),) = await stage.rows("SELECT taken_at FROM cases")
    assert taken_at.replace(microsecond=0).isoformat() == "2026-02-27T02:00:00+00:00"
