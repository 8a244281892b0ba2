"""Finding a case by its words, and the board of what is due: within reach, by an index, to the last page."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from chassis.auth import Grant, Principal
from chassis.kit.plans import nodes, plan_for_any
from chassis.kit.stage import Stage
from complaint.cases import index_words, search_complaints
from complaint.cases.list_complaints import in_state
from complaint.cases.list_due import running
from complaint.cases.search_complaints import END, Wanted, of_newest, of_span, spans
from complaint.cases.seen import seen_by
from complaint.cases.words import query
from complaint.permissions import READ_COMPLAINT
from complaint.tables import case_words, cases
from complaint.way import CaseState
from contracts.complaint import ComplaintOpened
from contracts.roles import Role
from policy.access import exclude, grant_record
from policy.tables import obligations
from sqlalchemy.dialects.postgresql import TSQUERY, asyncpg

from .test_lists import taken


async def found(stage: Stage, *grants: str, subject: str = "agent-7", **sought: Any) -> list[str]:
    """The ids that a search finds."""
    async with stage.client(*(grants or ("call_centre@group",)), subject=subject) as person:
        answer = await person.post("/v1/complaints/search", json=sought)
    assert answer.status_code == 200, answer.text
    return [case["id"] for case in answer.json()["items"]]


@pytest.mark.rule("P05.15")
async def test_a_case_is_found_by_its_words_a_moment_after_it_was_taken(stage: Stage) -> None:
    gearbox = await taken(stage, text="王小芳说变速箱低速抖动, 4S店未解决")
    brakes = await taken(stage, text="刹车有异响, 变速也不顺, 油箱漏油")
    assert await found(stage, words="变速箱") == []
    await stage.deliver_outbox()
    assert await found(stage, words="变速箱") == [gearbox["id"]]
    assert await found(stage, words="变速") == [brakes["id"], gearbox["id"]]
    assert await found(stage, words="异响 漏油") == [brakes["id"]]
    assert await found(stage, words="4s店") == [gearbox["id"]]
    assert await found(stage, words="轩逸") == [brakes["id"], gearbox["id"]]
    # the caller's name is no word of it
    assert await found(stage, words="王小芳") == await found(stage, words="小芳") == []


async def test_words_are_kept_once_however_often_the_opening_is_told(stage: Stage) -> None:
    case = await taken(stage)
    (told,) = await stage.outbox(ComplaintOpened)
    assert told.message is not None
    record = await stage.receive(told.message, key=case["id"], event_id=told.event_id)
    await stage.consumer.consume([record, record])
    assert [row["case_id"] for row in await stage.rows("SELECT case_id FROM case_words")] == [UUID(case["id"])]
    assert await stage.rows("SELECT 1 FROM kehu.parked") == []


@pytest.mark.rule("P04.8")
async def test_to_keep_the_words_of_some_cases_not_all_that_there_are_is_read(stage: Stage) -> None:
    await stage.rows("""
        INSERT INTO cases (id, number, branch, channel, state, taken_at, brand, facts, text, match, serious_kinds,
            subject_id, sealed, version, sequence, serious_sequence, profile, held, gates, course)
        SELECT uuidv7(), n::text, 'branch-1', 'phone', 'taken', now(), 'brand', '{}', repeat('词', 300), 'none', '[]',
            uuidv7(), '', 1, 1, 0, 'dealership', '{}', '{}', '{}'
        FROM generate_series(1, 5000) AS n
    """)
    await stage.rows("ANALYZE cases")
    newest = [row["id"] for row in await stage.rows("SELECT id FROM cases ORDER BY id DESC LIMIT 500")]
    read = "SELECT seq_tup_read FROM pg_stat_xact_user_tables WHERE relname = 'cases'"
    async with stage.runtime.transaction() as tx:
        before = await tx.driver.fetchval(read)
        await index_words.index(tx, newest)
        assert await tx.driver.fetchval(read) == before
    (kept,) = await stage.rows("SELECT count(*) FROM case_words")
    assert kept[0] == 500


@pytest.mark.rule("P12.2")
async def test_words_find_nothing_out_of_reach_and_nothing_that_somebody_is_kept_from(stage: Stage) -> None:
    own, other = await taken(stage, branch="sh-pudong"), await taken(stage, branch="bj-chaoyang")
    kept = await taken(stage, branch="sh-pudong")
    about = await taken(stage, branch="sh-pudong")
    await stage.deliver_outbox()
    manager = "relations_manager@sh-pudong"
    async with stage.runtime.transaction(actor="test") as tx:
        exclude(tx, UUID(kept["id"]), ["manager-9"], because="test")
        await tx.driver.execute("UPDATE cases SET respondent = 'manager-9' WHERE id = $1", UUID(about["id"]))
    assert await found(stage, manager, subject="manager-9", words="变速箱") == [own["id"]]
    assert await found(stage, manager, subject="manager-9", words="变速箱", branch="bj-chaoyang") == []
    assert await found(stage, words="变速箱", branch="bj-chaoyang") == [other["id"]]
    assert len(await found(stage, words="变速箱")) == 4
    async with stage.runtime.transaction(actor="test") as tx:
        now = tx.now
        until = now.replace(year=now.year + 1)
        grant_record(
            tx, READ_COMPLAINT, UUID(other["id"]), "manager-9", from_at=now, until_at=until, because="/v1/approvals/1"
        )
    assert await found(stage, manager, subject="manager-9", words="变速箱") == [other["id"], own["id"]]


@pytest.mark.parametrize("newest", [1, 2, 3])
async def test_no_case_is_left_out_or_found_twice_where_the_newest_end(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, newest: int
) -> None:
    monkeypatch.setattr(search_complaints, "NEWEST", newest)
    ids = [(await taken(stage, branch=branch))["id"] for branch in ("sh-pudong", "bj-chaoyang", "sh-pudong") * 2]
    await stage.deliver_outbox()
    assert await found(stage, words="抖动") == ids[::-1]
    assert await found(stage, words="抖动", branch="sh-pudong") == [ids[5], ids[3], ids[2], ids[0]]
    assert await found(stage, words="抖动", state="taken", branch="bj-chaoyang") == [ids[4], ids[1]]


async def test_a_word_of_some_is_looked_for_among_more_of_the_newest_while_they_promise_to_fill_the_page(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [(await taken(stage, text=text))["id"] for text in ("漏油", "抖动") * 6][1::2]
    await stage.deliver_outbox()
    monkeypatch.setattr(search_complaints, "NEWEST", 2)
    monkeypatch.setattr(search_complaints, "MOST", 8)
    of_index: list[UUID] = []
    monkeypatch.setattr(search_complaints, "spans", lambda now, before: of_index.append(before) or spans(now, before))
    async with stage.client("call_centre@group") as agent:
        # of each two that are looked at one has the word: of eight four
        first = (await agent.post("/v1/complaints/search?limit=3", json={"words": "抖动"})).json()
        assert of_index == []
        rest = f"/v1/complaints/search?limit=4&cursor={first['next']}"
        second = (await agent.post(rest, json={"words": "抖动"})).json()
        assert len(of_index) == 1, "eight do not promise five"
        none = (await agent.post("/v1/complaints/search", json={"words": "抖漏"})).json()
    assert [case["id"] for case in first["items"] + second["items"]] == ids[::-1]
    assert (second["next"], none["items"]) == (None, [])
    assert of_index[1] > UUID(ids[4]), "of a word that none of the first has, no more are looked at"


async def test_words_are_paged_and_narrowed(stage: Stage) -> None:
    ids = [(await taken(stage, serious=["blocked_door"] if n % 2 else []))["id"] for n in range(5)]
    await stage.deliver_outbox()
    seen: list[str] = []
    cursor = ""
    async with stage.client("call_centre@group") as agent:
        while True:
            page = (await agent.post(f"/v1/complaints/search?limit=2{cursor}", json={"words": "抖动"})).json()
            seen += [case["id"] for case in page["items"]]
            if page["next"] is None:
                break
            cursor = f"&cursor={page['next']}"
        single = await agent.post("/v1/complaints/search", json={"words": "抖"})
        both = await agent.post("/v1/complaints/search", json={"words": "抖动", "phone": "138 0013 8000"})
        forged = await agent.post("/v1/complaints/search?cursor=bm90IG91cnM", json={"words": "抖动"})
    assert seen == ids[::-1]
    assert (single.status_code, both.status_code, forged.status_code) == (422, 422, 422)
    assert single.json()["errors"][0]["pointer"] == "/words"
    # they repeat the first one, which nobody marked
    assert await found(stage, words="抖动", serious=False) == ids[:1]
    assert await found(stage, words="抖动", state="judged") == []
    assert await found(stage, words="抖动", state="taken") == seen


@pytest.mark.rule("P04.8")
async def test_lists_are_narrowed_by_where_a_case_stands_and_whose_it_is(stage: Stage) -> None:
    mine, theirs, new = [await taken(stage) for _ in range(3)]
    handled = "UPDATE cases SET state = 'investigating', handler = $2, level = $3, department = $4 WHERE id = $1"
    await stage.rows(handled, UUID(mine["id"]), "agent-7", "general", "service")
    await stage.rows(handled, UUID(theirs["id"]), "agent-8", "grave", "sales")
    expected = {
        "state=investigating": [theirs, mine],
        "state=taken": [new],
        "state=closed": [],
        "handler=me": [mine],
        "handler=agent-8": [theirs],
        "level=grave": [theirs],
        "department=service": [mine],
        "branch=sh-pudong&state=investigating&handler=me": [mine],
    }
    async with stage.client("call_centre@group") as agent:
        for asked, wanted in expected.items():
            listed = (await agent.get(f"/v1/complaints?{asked}")).json()["items"]
            assert [case["id"] for case in listed] == [case["id"] for case in wanted], asked
        assert (await agent.get("/v1/complaints?state=lost")).status_code == 422


@pytest.mark.rule("P12.4")
async def test_the_board_shows_the_oldest_due_first_to_the_last_page(stage: Stage) -> None:
    made = [await taken(stage, branch=branch) for branch in ("sh-pudong", "bj-chaoyang", "sh-pudong")]
    due = "UPDATE kehu.obligations SET due_at = $2, missed_at = $3 WHERE subject = $1 AND duty = 'judge'"
    async with stage.runtime.transaction() as tx:
        now = tx.now.replace(microsecond=0)
        for case, days in zip(made, (3, 1, 2), strict=True):
            at = now.replace(year=now.year + days)
            await tx.driver.execute(due, UUID(case["id"]), at, now if days == 1 else None)
    last, first, second = made
    seen: list[str] = []
    cursor = ""
    async with stage.client("call_centre@group") as agent:
        while True:
            page = (await agent.get(f"/v1/complaints/due?limit=1{cursor}")).json()
            seen += [line["case"]["id"] for line in page["items"]]
            if page["next"] is None:
                break
            cursor = f"&cursor={page['next']}"
        missed = (await agent.get("/v1/complaints/due?missed=true")).json()["items"]
        early = (await agent.get("/v1/complaints/due", params={"before": page["items"][0]["due_at"]})).json()["items"]
        handled = (await agent.get("/v1/complaints/due?handler=me")).json()["items"]
        naive = await agent.get("/v1/complaints/due?before=2026-03-02T10:00:00")
    async with stage.client("relations_manager@sh-pudong") as manager:
        own = (await manager.get("/v1/complaints/due")).json()["items"]
    assert seen == [first["id"], second["id"], last["id"]]
    assert [(line["case"]["id"], line["duty"], line["missed"]) for line in missed] == [(first["id"], "judge", True)]
    assert [line["case"]["id"] for line in early] == [first["id"], second["id"]]
    assert (handled, naive.status_code) == ([], 422)
    assert [line["case"]["id"] for line in own] == [second["id"], last["id"]]
    assert "王小芳" not in str(own)


async def test_what_is_found_among_50_000_cases_is_read_from_an_index(stage: Stage) -> None:
    await stage.rows("""
        INSERT INTO cases (id, number, branch, channel, state, taken_at, brand, facts, text, match, serious_kinds,
            subject_id, sealed, version, sequence, serious_sequence, profile, held, gates, course, handler, level,
            department, customer_id, serious_at, closed_at)
        SELECT uuidv7(), n::text, 'branch-' || n % 200, 'phone',
            CASE WHEN n % 50 = 0 THEN 'investigating' ELSE 'closed' END, now(), 'brand', '{}', 'text', 'none', '[]',
            uuidv7(), '', 1, 1, 0, 'dealership', '{}', '{}', '{}', 'handler-' || n % 1000,
            CASE WHEN n % 100 = 0 THEN 'grave' ELSE 'general' END, 'department-' || n % 7,
            uuidv7(), CASE WHEN n % 100 = 0 THEN now() END, now()
        FROM generate_series(1, 50000) AS n
    """)
    await stage.rows("""INSERT INTO case_words SELECT id, to_tsvector('simple', '') ||
        ('''@' || branch || ''' ''变速'':1 ''速箱'':2 ''词' || number::int % 100 || ''':3')::tsvector FROM cases""")
    await stage.rows("""
        INSERT INTO kehu.obligations (id, duty, subject, path, branch, role, since, plan, course, due_at, state,
            version, sequence, ended_at)
        SELECT uuidv7(), 'investigate', id, '/', branch, 'general_manager', now(), '{}', '{}',
            now() + number::int * interval '1 minute', CASE WHEN number::int % 20 = 0 THEN 'open' ELSE 'met' END, 1, 1,
            CASE WHEN number::int % 20 <> 0 THEN now() END
        FROM cases
    """)
    await stage.rows("ANALYZE cases, case_words, kehu.obligations")
    newest = sa.select(cases.c.id).order_by(cases.c.id.desc()).limit(51)
    under_way, branch = in_state(CaseState.INVESTIGATING), cases.c.branch == "branch-50"
    this_year, _, _ = spans(stage.runtime.clock(), END)
    grants = frozenset({Grant(Role.RELATIONS_MANAGER, "branch-50")})
    manager = Principal("manager-9", "test", grants, frozenset(), 0)
    async with stage.runtime.transaction() as tx:
        seen = await seen_by(manager, tx)
    of_manager = [*seen.conditions, seen.of_branches(obligations.c.branch, obligations.c.subject)]

    def with_words(asked: str | None) -> sa.ColumnElement[bool]:
        return case_words.c.words.op("@@")(sa.cast(sa.literal(asked, sa.Text), TSQUERY))

    filled = f"case_words_{stage.runtime.clock().year}"
    parts = await stage.rows("SELECT relname FROM pg_class WHERE relname ~ '^case_words_([0-9]+|other)$'")
    empty = {row[0] for row in parts} - {filled}
    queries: dict[str, tuple[sa.Select[Any], str]] = {
        "a manager's branch": (newest.where(*seen.conditions), "cases_branch"),
        "due in a manager's branch": (running(of_manager).limit(51), "obligations_due "),
        # of one state, or of that state in each branch, whichever the sample of the table makes cheaper
        "a state": (newest.where(*under_way), "_state "),
        "a state of a branch": (newest.where(*under_way, branch), "cases_branch_state"),
        "serious": (newest.where(cases.c.serious_at.is_not(None)), "cases_serious"),
        "mine": (newest.where(cases.c.handler == "handler-7"), "cases_handler"),
        "a level": (newest.where(cases.c.level == "grave"), "cases_level"),
        "a department": (newest.where(branch, cases.c.department == "department-3"), "cases_department"),
        "a customer": (
            newest.where(cases.c.customer_id == sa.text("'01999999-0000-7000-8000-000000000000'::uuid")),
            "cases_customer",
        ),
        "due in the group": (running([]).limit(51), "obligations_due_first"),
        "due in a branch": (running([obligations.c.branch == "branch-40"]).limit(51), "obligations_due"),
        "a word in a state": (of_newest(END, Wanted(with_words("'词7'"), under_way)).limit(51), "_state "),
        "a word of the newest of a branch": (
            of_newest(END, Wanted(with_words(query("变速箱", ["branch-50"])), [branch])).limit(51),
            "cases_branch",
        ),
        "a rare word": (of_span(this_year, END, Wanted(with_words("'词7' & '@branch-7'"), [])).limit(51), "words_idx"),
        "a rare word in a state": (
            of_span(this_year, END, Wanted(with_words("'词7'"), under_way)).limit(51),
            "words_idx",
        ),
        "a word of a branch": (
            of_span(this_year, END, Wanted(with_words(query("变速箱", ["branch-7"])), [])).limit(51),
            "words_idx",
        ),
    }
    for name, (asked, index) in queries.items():
        plan = await stage.plan(asked)
        # what was found before is looked up in the part of its year; the parts without rows are not even begun
        whole = [table for table in re.findall(r"Seq Scan on (\w+)", plan) if table not in empty]
        assert whole == [], f"{name}: {plan}"
        assert index in plan, f"{name}: {plan}"


async def test_the_spans_are_gone_through_from_the_newest_back_and_leave_no_time_out(stage: Stage) -> None:
    newest, middle, oldest = spans(stage.runtime.clock(), END)
    assert (newest.until, oldest.since) == (None, None)
    assert (newest.since, middle.since) == (middle.until, oldest.until)
    assert newest.since is not None
    assert middle.since is not None
    began = datetime(stage.runtime.clock().year, 1, 1, tzinfo=UTC)
    assert newest.since.int >> 80 == began.timestamp() * 1000
    # what begins after an id holds nothing before it
    assert list(spans(stage.runtime.clock(), middle.since)) == [oldest]
    assert list(spans(stage.runtime.clock(), UUID(int=middle.since.int + 5))) == [middle, oldest]


async def test_words_are_sought_in_their_index_whatever_words_the_plan_is_made_for(stage: Stage) -> None:
    """After some searches a connection has one plan for all words, made without knowing any."""
    await stage.rows("""
        INSERT INTO cases (id, number, branch, channel, state, taken_at, brand, facts, text, match, serious_kinds,
            subject_id, sealed, version, sequence, serious_sequence, profile, held, gates, course, closed_at)
        SELECT uuidv7(), n::text, 'branch-1', 'phone', CASE WHEN n % 50 = 0 THEN 'investigating' ELSE 'closed' END,
            now(), 'brand', '{}', 'text', 'none', '[]', uuidv7(), '', 1, 1, 0, 'dealership', '{}', '{}', '{}', now()
        FROM generate_series(1, 60000) AS n
    """)
    await stage.rows("""INSERT INTO case_words SELECT id, ('''@branch-1'' ''变速'':1 ''速箱'':2 ''词' ||
        number::int % 100 || ''':3')::tsvector FROM cases""")
    filled = f"case_words_{stage.runtime.clock().year}"
    # as autovacuum leaves it: until then the index has a list beside it that makes it dear
    await stage.rows(f"SELECT gin_clean_pending_list('words.{filled}_words_idx')")
    await stage.rows("ANALYZE cases, case_words")
    asked = case_words.c.words.op("@@")(sa.cast(sa.literal("'词7'", sa.Text), TSQUERY))
    wanted = Wanted(asked, in_state(CaseState.INVESTIGATING))
    newest, *_ = spans(stage.runtime.clock(), END)
    used = await indexes(stage, of_span(newest, END, wanted).limit(51))
    assert f"{filled}_words_idx" in used, used
    assert f"{filled}_pkey" not in used, used
    used = await indexes(stage, of_newest(END, wanted).limit(51))
    assert {"cases_state", f"{filled}_pkey"} <= used, used


async def indexes(stage: Stage, asked: sa.Select[Any]) -> set[str]:
    """The indexes of the plan of a query for whatever it is asked with."""
    async with stage.runtime.transaction() as tx:
        plan = await plan_for_any(tx.driver, str(asked.compile(dialect=asyncpg.dialect())))
    return {node["Index Name"] for node in nodes(plan) if "Index Name" in node}
