"""The inbox: one's own notices, unread first, with receipts; live, also across processes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import orjson
import pytest
import pytest_asyncio
import uvicorn
from chassis.http import cursor_of
from chassis.ids import uuid7
from chassis.kit.at_work import at_work
from chassis.kit.eventually import eventually
from chassis.kit.keys import TestIssuer
from chassis.kit.stage import Stage
from chassis.service import Service
from chassis.tx import Tx
from contracts.complaint import KeptOut
from contracts.notify import NoticeRead
from notify.inbox.list_inbox import inbox_of
from notify.inbox.watch_inbox import newer_than
from policy.kit import hire

from .people import Staff, notice_of, send, serious, told

MANAGER = "general_manager@sh-pudong"


@pytest_asyncio.fixture
async def stage(service: Service, database: str, keys: tuple[Path, Path], issuer: TestIssuer) -> AsyncIterator[Stage]:
    async with told(service, database, keys, issuer, Staff()) as stage:
        await hire(stage, "gm-1", MANAGER)
        await hire(stage, "other", "legal@group")
        yield stage


async def inbox(stage: Stage, who: str, **query: Any) -> Any:
    async with stage.client(subject=who) as person:
        answer = await person.get("/v1/inbox", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_the_inbox_says_in_both_languages_what_to_do_and_where(stage: Stage) -> None:
    message = serious(stage, MANAGER)
    await send(stage, message)
    (item,) = (await inbox(stage, "gm-1"))["items"]
    assert item["title"] == "重大投诉 20260302-0000001-3"
    assert item["title_en"] == "Serious complaint 20260302-0000001-3"
    assert "门店 上海浦东4S店, 认定时间" in item["text"]
    assert "20260302-0000001-3 at 上海浦东4S店 became" in item["text_en"]
    assert (item["path"], item["rules"], item["unread"]) == (message.path, ["P12.7"], True)
    assert (item["role"], item["place"]) == ("general_manager", "sh-pudong")
    assert (await inbox(stage, "other"))["items"] == []


async def test_unread_ones_come_first_and_pages_meet_each_notice_once(stage: Stage) -> None:
    for _ in range(7):
        await send(stage, serious(stage, MANAGER))
    everything = (await inbox(stage, "gm-1"))["items"]
    async with stage.client(subject="gm-1") as person:
        for item in (everything[0], everything[3]):
            await person.get(f"/v1/inbox/{item['id']}")
    seen: list[tuple[bool, str]] = []
    cursor: str | None = None
    for _ in range(4):
        page = await inbox(stage, "gm-1", limit=2, **({"cursor": cursor} if cursor else {}))
        seen += [(item["unread"], item["id"]) for item in page["items"]]
        cursor = page["next"]
    assert cursor is None
    assert len({identifier for _, identifier in seen}) == 7
    assert seen == sorted(seen, reverse=True)
    async with stage.client(subject="gm-1") as person:
        broken = [
            (await person.get("/v1/inbox", params={"cursor": one})).status_code
            for one in ("x", cursor_of(True, "x"), cursor_of(True), cursor_of({}, []))
        ]
        counts = (await person.get("/v1/inbox/counts")).json()
    assert broken == [422] * 4
    assert counts == {"unread": 5, "urgent": 0, "to_confirm": 0}


@pytest.mark.rule("P12.6")
async def test_opening_a_notice_is_its_receipt_once(stage: Stage) -> None:
    await send(stage, serious(stage, MANAGER, confirm_by=stage.runtime.clock() + timedelta(minutes=30), urgent=True))
    notice = await notice_of(stage, "gm-1")
    async with stage.client(subject="gm-1") as person:
        assert (await person.get("/v1/inbox/counts")).json() == {"unread": 1, "urgent": 1, "to_confirm": 1}
        answers = await asyncio.gather(*[person.get(f"/v1/inbox/{notice}") for _ in range(5)])
        assert {answer.status_code for answer in answers} == {200}
        assert (await person.get("/v1/inbox/counts")).json() == {"unread": 0, "urgent": 0, "to_confirm": 1}
        await asyncio.gather(*[person.post(f"/v1/inbox/{notice}/confirm") for _ in range(5)])
        assert (await person.get("/v1/inbox/counts")).json() == {"unread": 0, "urgent": 0, "to_confirm": 0}
    events = [event.message for event in await stage.outbox(NoticeRead)]
    assert [one.confirmed for one in events if isinstance(one, NoticeRead)] == [False, True]


async def test_another_ones_notice_is_not_there(stage: Stage) -> None:
    await send(stage, serious(stage, MANAGER))
    notice = await notice_of(stage, "gm-1")
    async with stage.client(subject="other") as other:
        for answer in (
            await other.get(f"/v1/inbox/{notice}"),
            await other.post(f"/v1/inbox/{notice}/confirm"),
            await other.get(f"/v1/inbox/{uuid4()}"),
        ):
            assert answer.status_code == 404
    assert await stage.outbox(NoticeRead) == []


async def test_who_holds_no_role_has_no_inbox_and_the_proof_is_for_few(stage: Stage) -> None:
    message = serious(stage, MANAGER)
    await send(stage, message)
    await hire(stage, "desk-1", "front_desk@sh-pudong")
    await hire(stage, "gm-2", "general_manager@sh-minhang")
    async with stage.client(subject="nobody") as nobody:
        assert (await nobody.get("/v1/inbox")).status_code == 403
    async with stage.client(subject="desk-1") as desk:
        assert (await desk.get(f"/v1/notices?send={message.send_id}")).status_code == 403
    async with stage.client(subject="gm-2") as elsewhere:
        assert (await elsewhere.get(f"/v1/notices?send={message.send_id}")).json()["items"] == []
    async with stage.client(subject="other") as legal:
        (shown,) = (await legal.get(f"/v1/notices?subject={message.subject}")).json()["items"]
    assert (shown["person"], shown["channels"][0]["channel"]) == ("gm-1", "inbox")


# -- live ----------------------------------------------------------------------------------------


@asynccontextmanager
async def served(stage: Stage) -> AsyncIterator[str]:
    """The service's API on a real port: its streams are streams only there."""
    server = uvicorn.Server(uvicorn.Config(stage.app, port=0, lifespan="off", log_config=None))
    running = asyncio.create_task(server.serve())
    await eventually(lambda: server.started)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.force_exit = server.should_exit = True
        await running


class Reader:
    """A browser that watches an inbox."""

    def __init__(self, stage: Stage, address: str, who: str, last: str | None = None) -> None:
        self.events: list[tuple[str, str | None, Any]] = []
        self.status = 0
        token = stage.issuer.token(who)
        self._url = f"{address}/v1/inbox/stream"
        self._headers = {"Authorization": f"Bearer {token}", **({"Last-Event-ID": last} if last else {})}

    async def run(self) -> None:
        async with (
            httpx.AsyncClient(timeout=30) as client,
            client.stream("GET", self._url, headers=self._headers) as got,
        ):
            self.status = got.status_code
            said: dict[str, str] = {}
            async for line in got.aiter_lines():
                if line:
                    name, _, value = line.partition(": ")
                    said[name] = value
                elif "event" in said:
                    self.events.append((said["event"], said.get("id"), orjson.loads(said["data"])))
                    said = {}
                else:
                    said = {}

    def notices(self) -> list[str]:
        return [str(identifier) for kind, identifier, _ in self.events if kind == "notice"]


async def test_a_new_notice_and_the_counts_come_by_themselves(stage: Stage) -> None:
    async with (
        served(stage) as address,
        at_work(Reader(stage, address, "gm-1")) as mine,
        at_work(Reader(stage, address, "other")) as others,
    ):
        await eventually(lambda: mine.events and others.events)
        assert mine.events[0] == ("counts", None, {"unread": 0, "urgent": 0, "to_confirm": 0})
        await send(stage, serious(stage, MANAGER))
        notice = await notice_of(stage, "gm-1")
        await eventually(lambda: len(mine.events) == 3)
        async with stage.client(subject="gm-1") as person:
            await person.get(f"/v1/inbox/{notice}")
        await eventually(lambda: len(mine.events) == 4)
    assert [(kind, identifier) for kind, identifier, _ in mine.events[1:]] == [
        ("notice", str(notice)), ("counts", None), ("counts", None)
    ]  # fmt: skip
    assert mine.events[1][2]["title"] == "重大投诉 20260302-0000001-3"
    assert "门店 上海浦东4S店," in mine.events[1][2]["text"]
    assert [data["unread"] for kind, _, data in mine.events if kind == "counts"] == [0, 1, 0]
    assert [kind for kind, _, _ in others.events] == ["counts"]


async def test_a_stream_that_broke_goes_on_after_the_last_it_had(stage: Stage) -> None:
    for _ in range(3):
        await send(stage, serious(stage, MANAGER))
        stage.runtime.clock.later(minutes=5)  # type: ignore[attr-defined]
    ids = [str(row[0]) for row in await stage.rows("SELECT id FROM notices ORDER BY id")]
    async with served(stage) as address, at_work(Reader(stage, address, "gm-1", last=ids[0])) as again:
        await eventually(lambda: set(ids[1:]) <= set(again.notices()))
        assert len(again.notices()) == len(set(again.notices()))


async def test_no_more_inboxes_are_live_than_a_process_bears(stage: Stage) -> None:
    async with served(stage) as address:
        readers = [Reader(stage, address, "gm-1") for _ in range(9)]
        tasks = [asyncio.create_task(reader.run()) for reader in readers[:8]]
        await eventually(lambda: all(reader.events for reader in readers[:8]))
        await readers[8].run()
        assert readers[8].status == 503
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

        async def let_in() -> bool:
            late = Reader(stage, address, "gm-1")
            async with at_work(late):
                await eventually(lambda: late.status)
            return late.status == 200

        await eventually(let_in)


# -- lists ---------------------------------------------------------------------------------------


async def crowd(tx: Tx, count: int) -> None:
    """Notices of many people, most of them read."""
    await tx.driver.execute(
        """INSERT INTO notices (id, send_id, person, role, place, branch, because, service, template, subject, path,
               params, rules, works, urgent, made_at, unread, version, sequence)
           SELECT ('018f0000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, gen_random_uuid(), 'p-' || n % 2000,
               'legal', 'group', 'b-' || n % 50, '[]', 'complaint', 'generic', 's-' || n % 5000, '/', '{}', '[]', '[]',
               false, now(), n % 97 = 0, 1, 0 FROM generate_series(1, $1) n""",
        count,
    )


async def test_every_list_has_its_index_at_200_000_notices(stage: Stage) -> None:
    async with stage.runtime.transaction() as tx:
        await crowd(tx, 200_000)
    plan = await stage.plan(inbox_of("p-7", 51, None))
    assert "notices_inbox" in plan
    assert "Sort" not in plan
    plan = await stage.plan(newer_than(["p-7", "p-8"], UUID(int=uuid7().int - (10 << 90))))
    assert "Seq Scan" not in plan


@pytest.mark.rule("P12.2")
async def test_what_was_told_of_a_case_is_withdrawn_from_whom_it_turns_out_to_be_about(stage: Stage) -> None:
    await hire(stage, "head-1", "department_head@sh-pudong/after_sales")
    await hire(stage, "gm-2", MANAGER)
    due = stage.runtime.clock() + timedelta(minutes=30)
    message = serious(stage, "person:gm-1", MANAGER, confirm_by=due, urgent=True)
    other = serious(stage, MANAGER)
    part = serious(stage, "person:gm-1", path=f"{message.path}/tasks", subject=str(uuid7()))
    for one in (message, other, part):
        await send(stage, one)
    mine = {item["path"]: item["id"] for item in (await inbox(stage, "gm-1"))["items"]}
    assert set(mine) == {message.path, other.path, part.path}
    case = UUID(message.subject)
    await stage.receive(KeptOut(case_id=case, branch="sh-pudong", people=["gm-1"]), key=message.subject)
    assert [item["path"] for item in (await inbox(stage, "gm-1"))["items"]] == [other.path]
    async with stage.client(subject="gm-1") as accused:
        for path in (f"/v1/inbox/{mine[message.path]}", f"/v1/inbox/{mine[part.path]}"):
            assert (await accused.get(path)).status_code == 404
            assert (await accused.post(f"{path}/confirm")).status_code == 404
        assert (await accused.get("/v1/inbox/counts")).json() == {"unread": 1, "urgent": 0, "to_confirm": 0}
    # who holds the role beside them has it still
    assert {item["path"] for item in (await inbox(stage, "gm-2"))["items"]} == {message.path, other.path}
    # what was on its way when that became known does not reach them
    late = serious(stage, MANAGER, subject=message.subject, path=message.path)
    await send(stage, late)
    told = await stage.rows("SELECT person FROM notices WHERE send_id = $1", late.send_id)
    assert [row["person"] for row in told] == ["gm-2"]


@pytest.mark.rule("P12.2")
@pytest.mark.rule("P12.7")
async def test_who_comes_next_confirms_for_whom_a_case_turns_out_to_be_about(stage: Stage) -> None:
    await hire(stage, "vp-1", "vp_operations@group")
    message = serious(stage, MANAGER, confirm_by=stage.runtime.clock() + timedelta(minutes=30))
    await send(stage, message)
    said = KeptOut(case_id=UUID(message.subject), branch="sh-pudong", people=["gm-1"])
    await stage.receive(said, key=message.subject)
    rows = await stage.rows("SELECT person, withdrawn_at IS NOT NULL AS gone FROM notices ORDER BY id")
    assert [(row["person"], row["gone"]) for row in rows] == [("gm-1", True), ("vp-1", False)]
    (next_one,) = (await inbox(stage, "vp-1"))["items"]
    assert next_one["because"]
    assert next_one["confirm_by"]
    open_ones = await stage.rows("SELECT person FROM kehu.obligations WHERE ended_at IS NULL")
    assert [row["person"] for row in open_ones] == ["vp-1"]
