"""Everybody's work in one place: whose it is, what is due, counted and followed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
import sqlalchemy as sa
from chassis.auth import Delegated, Grant, Principal
from chassis.ids import uuid7
from chassis.kit.eventually import eventually
from chassis.kit.stage import Stage
from console.tables import work_items
from console.work import stream_work
from console.work.watch import PART, Watch
from console.work.whose import by_due, falls_to, mine, within
from contracts.complaint import MarkedSerious, SeriousOverruled
from contracts.roles import Role
from policy.kit import Clock

from ..builders import NOON, told, work


async def ids(client: httpx.AsyncClient, path: str = "/v1/work", **query: Any) -> list[str]:
    answer = await client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


@pytest.mark.rule("P06.2")
async def test_work_falls_to_whoever_holds_the_role_at_its_place_and_to_whom_it_is_named(stage: Stage) -> None:
    ours = await told(stage, work())
    department = await told(stage, work(place="sh-pudong/after_sales", role="department_head", due_at=None))
    elsewhere = await told(stage, work(place="bj-chaoyang"))
    named = await told(stage, work(person="anna", role="general_manager", place="gz-tianhe"))
    of_another = await told(stage, work(person="ben"))
    async with stage.client("customer_relations@sh-pudong", "department_head@sh-pudong", subject="anna") as anna:
        assert await ids(anna) == [str(one.id) for one in sorted([ours, named], key=lambda w: w.id)] + [
            str(department.id)
        ]
    async with stage.client("customer_relations@group", subject="carl") as carl:
        assert set(await ids(carl)) == {str(ours.id), str(elsewhere.id)}
    async with stage.client("customer_relations@sh-pudong", subject="ben") as ben:
        assert set(await ids(ben)) == {str(ours.id), str(of_another.id)}
    async with stage.client("department_head@sh-pudong/after_sales", subject="dora") as dora:
        assert await ids(dora) == [str(department.id)]
    async with stage.client("department_head@sh-pudong/sales", subject="emil") as emil:
        assert await ids(emil) == []


@pytest.mark.rule("P12.2")
async def test_work_is_kept_from_whom_it_is_about_whatever_their_roles(stage: Stage) -> None:
    item = await told(stage, work(excluded=["anna"]))
    for query in ({}, {"subject": item.subject}):
        async with stage.client("customer_relations@sh-pudong", subject="anna") as anna:
            assert await ids(anna, **query) == []
        async with stage.client("customer_relations@sh-pudong", subject="ben") as ben:
            assert await ids(ben, **query) == [str(item.id)]
    async with stage.client("general_manager@sh-pudong", subject="anna") as anna:
        assert await ids(anna, "/v1/work/board") == []
    here = Grant(role=Role.CUSTOMER_RELATIONS, place="sh-pudong")
    row = {"person": None, "role": item.role, "place": "sh-pudong", "branch": "sh-pudong", "excluded": ["anna"]}
    falls = [falls_to(Principal(who, "https://id.example", (here,), frozenset(), 0.0), row) for who in ("anna", "ben")]
    assert falls == [False, True]
    for_anna = Principal("dora", "", frozenset({Delegated(here.role, here.place, "anna")}), frozenset(), 0.0)
    for_ben = Principal("dora", "", frozenset({Delegated(here.role, here.place, "ben")}), frozenset(), 0.0)
    assert [falls_to(for_anna, row), falls_to(for_ben, row)] == [False, True]
    async with stage.runtime.transaction() as tx:
        for wanted in (mine, within):
            listed = [
                (await tx.execute(sa.select(work_items.c.id).where(wanted(one)))).scalars().all()
                for one in (for_anna, for_ben)
            ]
            assert listed == [[], [item.id]]


@pytest.mark.rule("P06.2")
async def test_signatures_are_listed_apart_and_the_board_shows_a_place_and_no_other(stage: Stage) -> None:
    stage.runtime.clock = Clock(NOON)
    late = await told(stage, work(due_at=NOON - timedelta(hours=1)))
    signature = await told(stage, work(kind="approve.complaint.judgement", role="general_manager"))
    await told(stage, work(place="bj-chaoyang"))
    async with stage.client("general_manager@sh-pudong", subject="gm-1") as manager:
        assert await ids(manager, approvals=True) == [str(signature.id)]
        assert await ids(manager, approvals=False) == []
        assert await ids(manager, "/v1/work/board") == [str(late.id), str(signature.id)]
        assert await ids(manager, "/v1/work/board", late=True) == [str(late.id)]
        assert await ids(manager, "/v1/work/board", branch="bj-chaoyang") == []
        counts = (await manager.get("/v1/work/counts")).json()
    assert counts == {"work": 0, "approvals": 1, "late": 0, "today": 1}


async def test_what_is_done_leaves_the_lists_and_an_older_word_does_not_bring_it_back(stage: Stage) -> None:
    item = await told(stage, work())
    async with stage.client("customer_relations@sh-pudong") as person:
        assert await ids(person) == [str(item.id)]
        await told(stage, item.model_copy(update={"state": "missed"}), sequence=2)
        assert await ids(person) == [str(item.id)]
        await told(stage, item.model_copy(update={"state": "done"}), sequence=3)
        await told(stage, item, sequence=1)
        assert await ids(person) == []


async def test_a_long_list_is_read_in_parts_without_gap_or_repetition(stage: Stage) -> None:
    told_of = [await told(stage, work(due_at=None if n % 3 == 0 else NOON + timedelta(hours=n % 4))) for n in range(9)]
    seen: list[str] = []
    cursor: str | None = None
    async with stage.client("customer_relations@sh-pudong") as person:
        for _ in range(5):
            answer = (
                await person.get("/v1/work", params={"limit": 2, **({"cursor": cursor} if cursor else {})})
            ).json()
            seen += [item["id"] for item in answer["items"]]
            cursor = answer["next"]
        assert cursor is None
        assert (await person.get("/v1/work?cursor=xyz")).status_code == 422
    assert len(seen) == 9
    assert set(seen) == {str(one.id) for one in told_of}


async def test_my_work_is_found_by_an_index_however_much_there_is(stage: Stage) -> None:
    await stage.rows(
        """INSERT INTO work_items (id, sequence, gone, service, kind, subject, rules, role, place, branch, rank, state)
           SELECT gen_random_uuid(), 1, false, 'complaint', 'judge', 's', '[]', 'role-' || n % 50,
                  'branch-' || n % 400, 'branch-' || n % 400, now() + n * interval '1 second',
                  CASE WHEN n % 20 = 0 THEN 'open' ELSE 'done' END FROM generate_series(1, 200000) n RETURNING 1"""
    )
    grants = frozenset({Grant(Role.GENERAL_MANAGER, "sh-pudong")})
    principal = Principal("gm-1", "https://id.example", grants, frozenset(), 0.0)
    plan = await stage.plan(by_due([mine(principal)], 50, None))
    assert "work_items_" in plan
    assert "Seq Scan" not in plan


# -- following -----------------------------------------------------------------------------------


@asynccontextmanager
async def following(
    stage: Stage, grant: str, *, who: str = "anna", subject: UUID | None = None, **headers: str
) -> AsyncIterator[list[str]]:
    """What a page is told while the block runs, line by line, taken from the stream itself."""
    principal = Principal(
        who, "i", frozenset({Grant(Role(grant.partition("@")[0]), grant.partition("@")[2])}), frozenset(), 4e9
    )
    answer = await stream_work.stream_work.endpoint(
        principal=principal,
        runtime=stage.runtime,
        accept="text/event-stream",
        last_event_id=headers.get("since"),
        subject=subject,
    )
    heard: list[str] = []

    async def listen() -> None:
        async for piece in answer.body_iterator:
            heard.extend(piece.decode().splitlines())

    task = asyncio.create_task(listen())
    try:
        yield heard
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.mark.rule("P06.2")
async def test_who_has_a_case_open_is_told_of_everybodys_work_on_it_within_reach(stage: Stage) -> None:
    case = uuid7()
    async with following(stage, "customer_relations@sh-pudong", subject=case) as heard:
        await eventually(lambda: any(line.startswith("event: counts") for line in heard))
        elsewhere = await told(stage, work(subject=str(case), role="general_manager", place="bj-chaoyang"))
        other = await told(stage, work(role="general_manager"))
        about = await told(stage, work(subject=str(case), role="general_manager"))
        await eventually(lambda: any(str(about.id) in line for line in heard))
        assert not any(str(one.id) in line for line in heard for one in (elsewhere, other))


@pytest.mark.rule("P12.5")
@pytest.mark.rule("P12.2")
async def test_who_has_a_case_open_is_told_that_it_was_marked_or_overruled_and_whom_it_is_about_is_not(
    stage: Stage,
) -> None:
    case = uuid7()
    await told(stage, work(subject=str(case), state="done", excluded=["ben"]))
    marked = MarkedSerious(case_id=case, kinds=["blocked_door"], by="person", rules=["P12.5"])
    overruled = SeriousOverruled(
        case_id=case, kinds=["blocked_door"], still_serious=False, by="gm-1", overruled_at=NOON
    )

    def changes(heard: list[str]) -> list[str]:
        return [line for line in heard if line.startswith("data: ") and str(case) in line]

    async with (
        following(stage, "general_manager@sh-pudong", subject=case) as heard,
        following(stage, "general_manager@bj-chaoyang", subject=case) as elsewhere,
        following(stage, "general_manager@sh-pudong", subject=uuid7()) as another,
        following(stage, "general_manager@sh-pudong", who="ben", subject=case) as about,
    ):
        pages = (heard, elsewhere, another, about)
        await eventually(lambda: all("event: counts" in page for page in pages))
        for at, said in enumerate((marked, overruled), 1):
            record = stage.record(said, key=str(case), sequence=at, at=NOON + timedelta(hours=at))
            await stage.consumer.consume([record, record])
            await eventually(lambda at=at: len(changes(heard)) == at)
        mark = [line.removeprefix("id: ") for line in heard if line.startswith("id: ")]
        assert [f'"{case}":["2026-03-02T0{hour}:00:00+00:00"]' in changes(heard)[n] for n, hour in enumerate("56")]
        # the others have looked as often: what comes after reaches them
        own = work(role="general_manager", place="bj-chaoyang")
        for item in (own, work(role="general_manager")):
            await told(stage, item)
        await eventually(lambda: all(sum("event: changed" in line for line in page) for page in (elsewhere, another)))
        assert [changes(page) for page in (elsewhere, another, about)] == [[], [], []]
    # who was away hears of what it missed
    async with following(stage, "general_manager@sh-pudong", subject=case, since=mark[0]) as heard:
        await eventually(lambda: len(changes(heard)) == 1)
        assert "06:00:00" in changes(heard)[0]


async def test_what_changes_while_the_first_page_connects_is_not_lost(stage: Stage) -> None:
    watch: Watch = stage.runtime.parts[PART]
    before = await told(stage, work())
    async with watch.stream("anna") as stream:
        after = await told(stage, work())  # nobody has looked yet
        await eventually(stream.woken.is_set)
        heard = [change["id"] for change in stream.take()[0]]
    assert (after.id in heard, before.id in heard) == (True, False)


@pytest.mark.rule("P06.2")
async def test_a_page_is_told_at_once_what_became_its_callers_work_and_not_of_others(stage: Stage) -> None:
    async with following(stage, "customer_relations@sh-pudong") as heard:
        await eventually(lambda: 'data: {"work":0,"approvals":0,"late":0,"today":0}' in heard)
        await told(stage, work(place="bj-chaoyang"))
        item = await told(stage, work(), at=NOON)
        at = f'"at":{{"{item.subject}":["2026-03-02T04:00:00+00:00"]}}'
        said = f'data: {{"ids":["{item.id}"],"subjects":["{item.subject}"],{at}}}'
        await eventually(lambda: said in heard)
        assert sum(line.startswith("event: changed") for line in heard) == 1
        mark = next(line.removeprefix("id: ") for line in heard if line.startswith("id: "))
    missed = await told(stage, work())
    async with following(stage, "customer_relations@sh-pudong", since=mark) as heard:
        await eventually(lambda: any(str(missed.id) in line for line in heard))
        assert not any(str(item.id) in line for line in heard)


async def test_a_page_that_missed_too_much_reads_everything_anew(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_work, "MOST_MISSED", 0)
    await told(stage, work())
    async with following(stage, "customer_relations@sh-pudong", since="00000000-0000-7000-8000-000000000000") as heard:
        await eventually(lambda: "event: anew" in heard)


async def test_a_silent_stream_says_that_it_lives(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_work, "HEARTBEAT", 0.05)
    async with following(stage, "customer_relations@sh-pudong") as heard:
        await eventually(lambda: ": alive" in heard)


async def test_streams_are_bounded_and_for_those_who_understand_them(stage: Stage) -> None:
    async with stage.client("customer_relations@sh-pudong", subject="anna") as person:
        plain = await person.get("/v1/work/stream")
        assert (plain.status_code, plain.json()["type"]) == (422, "/problems/not-a-stream")
        watch: Watch = stage.runtime.parts[PART]
        opened = [watch.stream("anna") for _ in range(10)]
        for one in opened:
            await one.__aenter__()
        refused = await person.get("/v1/work/stream", headers={"accept": "text/event-stream"})
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "30")
        for one in opened:
            await one.__aexit__(None, None, None)


async def test_the_roles_of_the_caller_and_the_places_are_told_in_both_languages(stage: Stage) -> None:
    async with stage.client("general_manager@sh-pudong", subject="gm-1") as manager:
        me = (await manager.get("/v1/me")).json()
        places = (await manager.get("/v1/places")).json()
    assert me["grants"] == [{"role": "general_manager", "zh": "总经理", "en": "general manager", "place": "sh-pudong"}]
    assert {"role": "call_centre", "zh": "集团呼叫中心", "en": "group call centre"} in places["roles"]


async def test_the_migrations_make_the_tables_of_the_code(stage: Stage) -> None:
    assert await stage.differences() == []
