"""People come as a table: each row alone, by its own right, and twice changes nothing."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from chassis.kit.at_work import at_work
from chassis.kit.eventually import eventually
from chassis.kit.stage import Stage
from contracts.staff import PersonEntry

from ..builders import ADMIN, joined, opened

HEAD = "账号,工号,姓名,邮箱,手机,分支,部门,岗位\n"
TABLE = HEAD + (
    "head-1,E-1,李小敏,li.min@example.com,142 0777 0042,sh-pudong,sales,部门负责人@sh-pudong/sales；总经理\n"
    "agent-7,E-2,王芳,,142 0777 0043,group,,call_centre@group\n"
)


async def taken(stage: Stage, table: str, *grants: str, subject: str = "admin", query: str = "") -> dict[str, Any]:
    """What became of the table's rows."""
    async with stage.client(*(grants or (ADMIN,)), subject=subject) as caller:
        answer = await caller.post(f"/v1/people/imports{query}", content=table.encode("gb18030"))
        assert answer.status_code == 202, answer.text
        path = answer.json()["path"]

        async def done() -> bool:
            return bool((await caller.get(path)).json()["state"] == "done")

        async with at_work(stage.runner()):
            await eventually(done)
        rows = (await caller.get(f"{path}/rows")).json()["items"]
        return {"path": path, **(await caller.get(path)).json(), "results": rows}


async def test_people_join_by_a_table_with_the_names_of_their_roles(stage: Stage) -> None:
    await opened(stage)
    view = await taken(stage, TABLE)
    assert view["outcomes"] == {"made": 2}
    told = [one.message for one in await stage.outbox(PersonEntry)]
    roles = {one.subject: sorted(f"{g.role}@{g.place}" for g in one.grants)
             for one in told if isinstance(one, PersonEntry)}  # fmt: skip
    assert roles == {
        "head-1": ["department_head@sh-pudong/sales", "general_manager@sh-pudong"],
        "agent-7": ["call_centre@group"],
    }


async def test_the_same_table_twice_changes_nothing_and_another_brings_up_to_date(stage: Stage) -> None:
    await opened(stage)
    await taken(stage, TABLE)
    again = await taken(stage, TABLE)
    assert again["outcomes"] == {"unchanged": 2}
    assert len(await stage.outbox(PersonEntry)) == 2
    newer = TABLE.replace("王芳", "王芳芳").replace("；总经理", "；总经理；服务顾问")
    assert (await taken(stage, newer))["outcomes"] == {"changed": 2}
    assert len(await stage.outbox(PersonEntry)) == 3


async def test_two_tables_at_once_enter_everybody_once(stage: Stage) -> None:
    await opened(stage)
    table = HEAD + "".join(f"s-{n},,员工{n},,1420777{n:04d},sh-pudong,,服务顾问\n" for n in range(30))
    async with stage.client(ADMIN, subject="admin") as one, stage.client(ADMIN, subject="admin-2") as two:
        answers = await asyncio.gather(
            one.post("/v1/people/imports", content=table.encode()),
            two.post("/v1/people/imports", content=table.encode("utf-8-sig")),
        )
        paths = [answer.json()["path"] for answer in answers]

        async def done() -> bool:
            states = [(await one.get(paths[0])).json()["state"], (await two.get(paths[1])).json()["state"]]
            return states == ["done", "done"]

        async with at_work(stage.runner()):
            await eventually(done)
        outcomes = [(await one.get(paths[0])).json()["outcomes"], (await two.get(paths[1])).json()["outcomes"]]
    assert sum(one.get("made", 0) for one in outcomes) == 30
    assert sum(sum(one.values()) for one in outcomes) == 60
    assert len(await stage.outbox(PersonEntry)) == 30


async def test_a_dry_run_says_what_would_come_and_enters_nobody(stage: Stage) -> None:
    await opened(stage)
    view = await taken(stage, TABLE, query="?dry_run=true")
    assert (view["dry_run"], view["outcomes"]) == (True, {"made": 2})
    assert await stage.rows("SELECT 1 FROM people") == []
    assert await stage.outbox(PersonEntry) == []


@pytest.mark.rule("P05.19")
@pytest.mark.rule("P05.15")
async def test_a_row_is_refused_alone_by_what_its_importer_may_and_without_its_words(stage: Stage) -> None:
    await opened(stage)
    await opened(stage, "bj-1", region="north")
    await joined(stage, "far", branch="bj-1", mobile="142 0777 0099")
    table = HEAD + (
        "good,,李小敏,,142 0777 0042,sh-pudong,,服务顾问\n"
        "far,,李小敏,,,sh-pudong,,\n"
        "elsewhere,,李小敏,,,bj-1,,\n"
        "wide,,李小敏,,,sh-pudong,,集团呼叫中心@group\n"
        "unknown-role,,李小敏,,,sh-pudong,,魔术师\n"
        "no-phone,,李小敏,,none,sh-pudong,,\n"
        "same-phone,,李小敏,,+86 14207770042,sh-pudong,,\n"
        "nowhere,,李小敏,,,nowhere,,\n"
        "hr,,李小敏,,,sh-pudong,,总经理\n"
    )
    view = await taken(stage, table, "hr_admin@sh-pudong", subject="hr")
    assert [row["outcome"] for row in view["results"]] == ["made", *["refused"] * 8]
    assert "/roles" in str(view["results"][4]["errors"])
    assert "/mobile" in str(view["results"][5]["errors"])
    kept = str(await stage.rows("SELECT * FROM kehu.import_rows")) + str(view)
    assert not any(word in kept for word in ("李小敏", "0042", "魔术师"))
    assert len(await stage.rows("SELECT 1 FROM people")) == 2


async def test_a_role_that_a_row_names_twice_is_given_once(stage: Stage) -> None:
    await opened(stage)
    await taken(stage, HEAD + "s-1,,李小敏,,,sh-pudong,,总经理；总经理；general_manager@sh-pudong\n")
    ((count,),) = await stage.rows("SELECT count(*) FROM grants")
    assert count == 1
