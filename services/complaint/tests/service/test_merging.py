"""Two cases of one matter become one without losing a clock, a mark or a yuan; one of two matters becomes two."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
import sqlalchemy as sa
from chassis.ids import made_at
from chassis.kit.keys import TestIssuer
from chassis.kit.stage import Stage
from chassis.service import Service
from complaint import attachment, redirect, tables
from complaint.cases.index_words import index
from complaint.cases.search_complaints import Sought, matches
from complaint.merging import link_cases
from contracts.complaint import ComplaintMerged, ComplaintOpened, ComplaintsLinked, ComplaintSplit
from sqlalchemy.dialects.postgresql import asyncpg

from chassis import ids

from ..builders import JUDGED, Handled, answered, form, judged, staffed
from ..ladders import set_policy

#: in nanoseconds
DAY = 24 * 3600 * 10**9
OTHER = {"text": "王小芳又来电, 空调不制冷", "demand": None}


@pytest_asyncio.fixture
async def stage(service: Service, database: str, keys: tuple[Path, Path], issuer: TestIssuer) -> Any:
    async with staffed(service, database, keys, issuer) as stage:
        yield stage


async def two(stage: Stage, branch: str = "bj-services", **changes: Any) -> tuple[Handled, Handled]:
    """Two cases of one caller about two words of one matter."""
    first = await Handled.taken(stage, branch)
    return first, await Handled.taken(stage, branch, **{**OTHER, **changes})


async def merged(loser: Handled, survivor: Handled, who: str = "hr-1") -> dict[str, Any]:
    return await loser.did(who, "merge", {"into": survivor.id, "words": "同一事项"})


async def running(stage: Stage, case: Handled) -> dict[str, Any]:
    rows = await stage.rows(
        "SELECT duty, due_at FROM kehu.obligations WHERE subject = $1::uuid AND ended_at IS NULL", case.id
    )
    return dict(tuple(row) for row in rows)


@pytest.mark.rule("P04.8")
async def test_whatever_is_still_sent_to_the_loser_lands_in_the_survivor(stage: Stage) -> None:
    first, second = await two(stage)
    await judged(first, "hr-1")
    await first.did("hr-1", "hand-over", {"department": "service"})
    await merged(second, first)
    told = [t.message for t in await stage.outbox(ComplaintMerged)]
    assert [(str(one.case_id), str(one.into)) for one in told] == [(second.id, first.id)]
    await stage.deliver_outbox()
    read = await second.get("hr-1")
    assert (read.status_code, read.headers["location"]) == (303, first.path)
    await answered(second, "head-1")
    assert (await second.did("head-1", "reaction", {"accepted": True}))["id"] == first.id
    assert (await first.state(), await second.state()) == ("answered", "merged")
    kinds = [entry["kind"] for entry in (await second.get("hr-1", "/timeline")).json()["items"]]
    assert {"merged", "answer", "reaction"} <= set(kinds)


@pytest.mark.rule("P04.8")
async def test_the_words_of_the_loser_are_on_the_survivors_timeline(stage: Stage) -> None:
    first, second = await two(stage)
    await merged(second, first)
    entries = (await first.get("hr-1", "/timeline")).json()["items"]
    (one,) = [entry for entry in entries if entry["kind"] == "merged"]
    assert one["facts"]["of"] == second.number
    assert (one["words"]["text"], one["words"]["because"]) == (OTHER["text"], "同一事项")
    links = (await second.get("hr-1", "/links")).json()
    assert (links["number"], links["merged"]) == (first.number, [second.number])


@pytest.mark.rule("P04.9")
async def test_of_two_clocks_the_earlier_one_holds_and_nothing_of_the_loser_runs_on(stage: Stage) -> None:
    first = await Handled.taken(stage, "bj-services", taken_at="2026-02-27T10:00:00+08:00")
    second = await Handled.taken(stage, "bj-services", **OTHER)
    before, later = await running(stage, first), await running(stage, second)
    assert all(before[duty] < later[duty] for duty in before)
    await merged(first, second)
    assert await running(stage, first) == {}
    assert await running(stage, second) == before
    rows = await stage.rows(
        "SELECT DISTINCT course->>'reason' FROM kehu.obligations WHERE subject = $1::uuid AND state = 'waived'",
        second.id,
    )
    assert [row[0] for row in rows] == [f"merged: {first.number} is due earlier"]


@pytest.mark.rule("P04.9")
async def test_the_later_clock_of_the_loser_falls_away_with_its_reason(stage: Stage) -> None:
    first = await Handled.taken(stage, "bj-services", taken_at="2026-02-27T10:00:00+08:00")
    second = await Handled.taken(stage, "bj-services", **OTHER)
    before = await running(stage, first)
    await merged(second, first)
    assert await running(stage, first) == before
    assert await running(stage, second) == {}


@pytest.mark.rule("P04.8")
async def test_lists_count_a_merged_case_once_and_find_it_by_its_number(stage: Stage) -> None:
    first, second = await two(stage, caller={"name": "王小芳", "phone": "139 0013 9000"})
    await merged(second, first)
    await stage.deliver_outbox()
    async with stage.client(subject="hr-1") as hr:
        listed = (await hr.get("/v1/complaints")).json()["items"]
        due = (await hr.get("/v1/complaints/due")).json()["items"]
        numbered = (await hr.post("/v1/complaints/search", json={"number": second.number})).json()["items"]
        phoned = (await hr.post("/v1/complaints/search", json={"phone": "13900139000"})).json()["items"]
        worded = (await hr.post("/v1/complaints/search", json={"words": "空调"})).json()["items"]
    assert [one["id"] for one in listed] == [first.id]
    assert {one["case"]["id"] for one in due} == {first.id}
    assert [(one["id"], one["merged_into"]) for one in numbered] == [(second.id, first.id)]
    assert [one["id"] for one in phoned] == [first.id]
    assert [one["id"] for one in worded] == [first.id]


async def found_by(stage: Stage, words: str) -> list[str]:
    async with stage.client(subject="hr-1") as hr:
        return [one["id"] for one in (await hr.post("/v1/complaints/search", json={"words": words})).json()["items"]]


@pytest.mark.rule("P04.8")
@pytest.mark.parametrize("late", [{0}, {1}, {0, 1}])
async def test_words_that_are_indexed_after_the_merge_find_the_survivor(stage: Stage, late: set[int]) -> None:
    taken = []
    for n, changes in enumerate(({}, OTHER)):
        async with stage.client(subject="agent-7") as agent:
            answer = await agent.post("/v1/complaints", json=form(branch="bj-services", **changes))
        taken.append(Handled(stage, answer.json()))
        if n not in late:
            async with stage.runtime.transaction() as tx:
                await index(tx, [UUID(taken[n].id)])
    survivor, loser = taken
    await merged(loser, survivor)
    await stage.deliver_outbox()
    for words in ("变速箱抖动", "空调不制冷"):
        assert await found_by(stage, words) == [survivor.id]


@pytest.mark.rule("P04.8")
async def test_a_survivor_that_is_split_is_still_found_by_the_words_of_the_loser(stage: Stage) -> None:
    first, second = await two(stage)
    await merged(second, first)
    made = await first.did("hr-1", "split", SPLIT)
    await stage.deliver_outbox()
    assert await found_by(stage, "空调不制冷") == [first.id]
    assert await found_by(stage, "变速箱抖动") == [first.id]
    assert await found_by(stage, "态度恶劣") == [made["id"]]


@pytest.mark.rule("P12.7")
async def test_the_crisis_groups_of_both_meet_as_one_about_the_survivor(stage: Stage) -> None:
    first = await Handled.taken(stage, "sh-pudong", serious=["blocked_door"])
    second = await Handled.taken(stage, "sh-pudong", **OTHER, serious=["disturbance"])
    third = await Handled.taken(stage, "sh-pudong", **OTHER, serious=["disturbance"])
    for case, member in ((second, "relations-1"), (third, "relations-2")):
        await case.did("gm-2", "crisis-group", {"members": [member]})
        met = {"held_at": stage.runtime.clock().isoformat(), "present": ["gm-2"], "minutes": "讨论应对口径"}
        task = {"person": member, "what": "当面致歉", "within": "1 working day"}
        await case.did("gm-2", "crisis-group/meetings", {**met, "tasks": [task]})
    await merged(second, first, "relations-1")
    await merged(third, first, "relations-1")
    for case in (first, second, third):
        group = (await case.get("gm-2", "/crisis-group")).json()
        assert (group["case_id"], set(group["members"])) == (first.id, {"gm-2", "relations-1", "relations-2"})
        assert (len(group["meetings"]), len(group["tasks"])) == (2, 2)
    owed = await stage.rows(
        "SELECT plan->>'about' AS about, path FROM kehu.obligations WHERE duty = 'serious.task' AND ended_at IS NULL"
    )
    assert {tuple(row) for row in owed} == {(first.id, f"{first.path}/crisis-group")}
    await third.did("relations-2", f"crisis-group/tasks/{group['tasks'][1]['id']}/done")


@pytest.mark.rule("P04.14")
async def test_a_measure_of_the_loser_is_owed_about_the_survivor(stage: Stage) -> None:
    first, second = await two(stage)
    for case in (first, second):
        await judged(case, "hr-1")
        await case.did("hr-1", "hand-over", {"department": "service"})
        await case.did("head-1", "start-investigation")
    taken = {"kind": "measure", "words": "更换阀体", "due_on": "2026-03-09"}
    assert (await second.post("head-1", "measures", taken)).status_code in (200, 201)
    await merged(second, first)
    ((about, path),) = await stage.rows(
        "SELECT plan->>'about', path FROM kehu.obligations WHERE plan ? 'about' AND ended_at IS NULL"
    )
    assert (about, path) == (first.id, first.path)


@pytest.mark.rule("P12.5")
async def test_a_repeat_of_the_loser_repeats_the_survivor(stage: Stage) -> None:
    elsewhere = {"name": "王小芳", "phone": "139 0013 9000"}
    first, second = await two(stage, caller=elsewhere)
    await merged(second, first)
    third = await Handled.taken(stage, "bj-services", **{**OTHER, "caller": elsewhere})
    rows = await stage.rows("SELECT repeat_of::text FROM cases WHERE id = $1::uuid", third.id)
    assert [row[0] for row in rows] == [first.id]


@pytest.mark.rule("P12.5")
@pytest.mark.rule("P12.6")
async def test_the_ladder_of_a_serious_loser_goes_on_at_the_survivor_and_tells_once(stage: Stage) -> None:
    first = await Handled.taken(stage, "sh-pudong")
    second = await Handled.taken(stage, "sh-pudong", **OTHER, serious=["disturbance"])
    told = await stage.rows("SELECT send_id FROM serious_sendings ORDER BY 1")
    before = (await second.get("gm-2", "/serious")).json()
    assert told
    assert before["steps"]
    await merged(second, first, "relations-1")
    await stage.deliver_outbox()
    after = (await first.get("gm-2", "/serious")).json()
    assert {(one["kind"], one["due_at"]) for one in after["steps"]} == {
        (one["kind"], one["due_at"]) for one in before["steps"]
    }
    assert (await first.get("relations-1")).json()["serious_kinds"] == ["disturbance"]
    assert await stage.rows("SELECT send_id FROM serious_sendings ORDER BY 1") == told


@pytest.mark.rule("P12.6")
async def test_a_further_kind_of_the_loser_starts_no_step_twice_and_tells_nobody_again(stage: Stage) -> None:
    first = await Handled.taken(stage, "sh-pudong", serious=["blocked_door"])
    second = await Handled.taken(stage, "sh-pudong", **OTHER, serious=["disturbance"])
    told = await stage.rows("SELECT send_id FROM serious_sendings ORDER BY 1")
    await merged(second, first, "relations-1")
    await stage.deliver_outbox()
    steps = (await first.get("gm-2", "/serious")).json()["steps"]
    opened = [one["kind"] + one["role"] for one in steps if one["state"] == "open"]
    assert len(opened) == len(set(opened))
    assert set((await first.get("relations-1")).json()["serious_kinds"]) == {"blocked_door", "disturbance"}
    assert await stage.rows("SELECT send_id FROM serious_sendings ORDER BY 1") == told


@pytest.mark.rule("P12.10")
async def test_what_both_were_offered_adds_up_at_the_survivor(stage: Stage) -> None:
    first, second = await two(stage, "sh-pudong", caller={"name": "李明", "phone": "139 0013 9000"})
    offer = {"lines": [{"kind": "repair", "amount": {"amount": "1500.00"}}], "reason": "免费更换"}
    await second.did("relations-1", "compensations", offer)
    held = await second.refused("relations-1", "merge", {"into": first.id, "words": "同一事项"})
    assert held["type"] == "/problems/held"
    assert held["path"].startswith("/v1/approvals/")
    await second.agreed("relations-2")
    await merged(second, first, "relations-1")
    async with stage.client(subject="relations-1") as person:
        (offered,) = (await person.get(f"/v1/compensations?case_id={first.id}")).json()["items"]
        # who still has the number of the one that went finds the same
        assert (await person.get(f"/v1/compensations?case_id={second.id}")).json()["items"] == [offered]
        assert (await person.get(f"/v1/compensations?case_id={uuid4()}")).json()["items"] == []
        assert offered["amount"]["amount"] == "1500.00"
        path = f"/v1/compensations/{offered['id']}/change"
        changed = await person.post(
            path, json={**offer, "lines": [{"kind": "repair", "amount": {"amount": "2500.00"}}]}
        )
    assert changed.status_code == 200, changed.text
    ((together,),) = await stage.rows(
        "SELECT offer->>'together' FROM kehu.approvals WHERE state = 'open' AND subject = $1::uuid", first.id
    )
    assert together == "2500.00"


@pytest.mark.rule("P12.2")
async def test_whom_the_loser_is_about_sees_nothing_of_the_survivor(stage: Stage) -> None:
    first, second = await two(stage)
    await judged(second, "hr-1", respondent="head-1", respondent_department="service")
    await merged(first, second)
    for case in (first, second):
        assert (await case.get("head-1")).status_code == 404
    third = await Handled.taken(stage, "bj-services", **OTHER)
    await judged(third, "hr-1", respondent="manager-1", respondent_department="service")
    await merged(second, third)
    for person in ("head-1", "manager-1"):
        for case in (first, second, third):
            assert (await case.get(person)).status_code == 404


@pytest.mark.rule("P04.8")
async def test_only_who_arranges_cases_merges_and_only_what_is_one_matter(stage: Stage) -> None:
    first, second = await two(stage)
    other = await Handled.taken(stage, "hz-store-3")
    body = {"into": first.id, "words": "同一事项"}
    assert (await second.refused("agent-7", "merge", body))["type"] == "/problems/anothers-step"
    assert (await second.post("relations-1", "merge", body)).status_code == 404
    assert (await second.refused("hr-1", "merge", {**body, "into": second.id}))["status"] == 422
    assert (await second.refused("hr-1", "merge", {**body, "into": other.id}))["status"] == 404
    await judged(second, "hr-1")
    other_way = await second.refused("hr-1", "merge", body)
    assert (other_way["type"], other_way["path"]) == ("/problems/the-other-survives", f"{first.path}/merge")


@pytest.mark.rule("P04.8")
async def test_twice_is_once_and_of_two_opposite_merges_at_one_instant_one_wins(stage: Stage) -> None:
    first, second = await two(stage)
    answers = await asyncio.gather(
        first.post("hr-1", "merge", {"into": second.id, "words": "同一事项"}),
        second.post("hr-1", "merge", {"into": first.id, "words": "同一事项"}),
    )
    assert sorted(one.status_code for one in answers) == [200, 409]
    (won,) = [one.json() for one in answers if one.status_code == 200]
    loser = second if won["id"] == first.id else first
    again = await loser.did("hr-1", "merge", {"into": won["id"], "words": "同一事项"})
    assert again["id"] == won["id"]
    rows = await stage.rows("SELECT count(*) FROM cases WHERE state = 'merged'")
    assert rows[0][0] == 1


@pytest.mark.rule("P04.8")
async def test_a_chain_of_merges_leads_to_its_end(stage: Stage) -> None:
    first, second = await two(stage)
    third = await Handled.taken(stage, "bj-services", **OTHER)
    await merged(first, second)
    await merged(second, third)
    for case in (first, second):
        assert (await case.get("hr-1")).headers["location"] == third.path
    assert (await first.did("hr-1", "judge", {"reason_holds": True, "demand_holds": True, "opinion": "要求合理"}))[
        "id"
    ] == third.id
    gone = await first.refused("hr-1", "merge", {"into": third.id, "words": "同一事项"})
    assert (gone["type"], gone["path"]) == ("/problems/merged-already", third.path)


@pytest.mark.rule("P04.8")
async def test_a_link_is_shown_on_both_and_kept_once(stage: Stage) -> None:
    first, second = await two(stage)
    for _ in range(2):
        await first.did("hr-1", "links", {"other": second.id, "kind": "same_cause", "words": "同一批次"})
    for one, its in ((first, second), (second, first)):
        (link,) = (await one.get("hr-1", "/links")).json()["links"]
        assert (link["kind"], link["number"], link["path"]) == ("same_cause", its.number, its.path)
        kinds = [entry["kind"] for entry in (await one.get("hr-1", "/timeline")).json()["items"]]
        assert kinds.count("linked") == 1
    assert len(await stage.outbox(ComplaintsLinked)) == 1


@pytest.mark.rule("P12.2")
async def test_a_link_does_not_show_a_case_to_whom_it_is_about(stage: Stage) -> None:
    first, second = await two(stage)
    await first.did("hr-1", "links", {"other": second.id, "kind": "related"})
    await judged(second, "hr-1", respondent="gm-1")
    (link,) = (await first.get("gm-1", "/links")).json()["links"]
    assert (link["number"], link["path"]) == (None, None)


SPLIT = {"kept": "变速箱抖动, 三次维修未解决", "text": "王小芳说销售顾问态度恶劣", "words": "两个事项"}


def part_of(stage: Stage, made: dict[str, Any]) -> Handled:
    """The case that a splitting has answered."""
    return Handled(stage, {**made, "path": f"/v1/complaints/{made['id']}"})


@pytest.mark.rule("P04.9")
async def test_both_parts_of_a_split_case_run_from_the_one_receipt(stage: Stage) -> None:
    case = await Handled.taken(stage, "bj-services", taken_at="2026-02-27T10:00:00+08:00")
    before = await running(stage, case)
    made = await case.did("hr-1", "split", SPLIT)
    assert len(await stage.outbox(ComplaintSplit)) == 1
    assert [str(t.message.case_id) for t in await stage.outbox(ComplaintOpened)] == [made["id"]]
    await stage.deliver_outbox()
    part = part_of(stage, made)
    assert part.number != case.number
    assert await running(stage, part) == before == await running(stage, case)
    shown, whole = (await part.get("hr-1")).json(), (await case.get("hr-1")).json()
    assert (shown["words"], whole["words"]) == (SPLIT["text"], SPLIT["kept"])
    assert (shown["taken_at"], shown["caller"]) == (whole["taken_at"], whole["caller"])
    assert "王小芳" not in shown["text"]
    assert shown["repeat_of"] is None
    assert not shown["serious"]
    for one, kind in ((case, "split"), (part, "split_from")):
        entries = (await one.get("hr-1", "/timeline")).json()["items"]
        (entry,) = [entry for entry in entries if entry["kind"] == kind]
        assert entry["words"]["moved"] == SPLIT["text"]
        assert [link["kind"] for link in (await one.get("hr-1", "/links")).json()["links"]] == ["split"]


@pytest.mark.rule("P04.8")
@pytest.mark.rule("P04.9")
async def test_a_part_keeps_the_policy_of_the_call_whatever_was_changed_before_the_splitting(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time_ns()
    with monkeypatch.context() as earlier:
        earlier.setattr(ids, "_last_ms", 0)
        earlier.setattr(ids, "time", SimpleNamespace(time_ns=lambda: now - 3 * DAY))
        case = await Handled.taken(stage, "bj-services", taken_at="2026-02-27T10:00:00+08:00")
    before = await running(stage, case)
    judge = {"rules": ["P04.3"], "roles": ["property_manager"], "within": "2 hours", "counted_from": "receipt"}
    since = made_at(UUID(case.id)).date() + timedelta(days=2)
    await set_policy(stage, "complaint", "branch:bj-services", since=since, judge=judge)
    part = part_of(stage, await case.did("hr-1", "split", SPLIT))
    again = part_of(stage, await part.did("hr-1", "split", {**SPLIT, "text": "赠送的脚垫未给"}))
    assert made_at(UUID(part.id)).date() > since
    await stage.deliver_outbox()
    for one in (part, again):
        assert await running(stage, one) == before
        assert (await one.clocks())["judge"]["why"] == (await case.clocks())["judge"]["why"]
    await judged(part, "hr-1")
    fresh = await Handled.taken(stage, "bj-services", **OTHER)  # a call of now is under what holds now
    assert (await fresh.refused("hr-1", "judge", JUDGED))["type"] == "/problems/not-the-judge"


@pytest.mark.rule("P12.2")
async def test_whom_a_case_is_about_sees_no_part_of_it(stage: Stage) -> None:
    case = await Handled.taken(stage, "bj-services")
    await judged(case, "hr-1", respondent="head-1", respondent_department="service")
    made = await case.did("hr-1", "split", SPLIT)
    async with stage.client(subject="head-1") as head:
        assert (await head.get(f"/v1/complaints/{made['id']}")).status_code == 404
    key = {"Idempotency-Key": "split-1"}
    twice = [(await case.post("hr-1", "split", {**SPLIT, "text": "另一事项"}, **key)).json()["id"] for _ in range(2)]
    assert twice[0] == twice[1]


@pytest.mark.rule("P05.15")
async def test_what_belongs_to_one_of_50_000_cases_is_read_from_an_index(stage: Stage) -> None:
    await stage.rows("""
        INSERT INTO cases (id, number, branch, channel, state, taken_at, brand, facts, text, match, serious_kinds,
            phone_token, subject_id, sealed, version, sequence, serious_sequence, profile, held, gates, course,
            merged_into, merged_at)
        SELECT uuidv7(), n::text, 'bj-services', 'phone', CASE WHEN n % 100 = 0 THEN 'merged' ELSE 'taken' END, now(),
            'brand', '{}', 'text', 'none', '[]', decode(lpad(to_hex(n / 4), 32, '0'), 'hex'), uuidv7(), '', 1, 1, 0,
            'services', '{}', '{}', '{}', CASE WHEN n % 100 = 0 THEN uuidv7() END, CASE WHEN n % 100 = 0 THEN now() END
        FROM generate_series(1, 50000) AS n
    """)
    await stage.rows("""INSERT INTO attachments (id, case_id, kind, media_type, size, sha256, sealed_sha256, place,
            added_by, added_at, subject_id, sealed, version, sequence)
        SELECT uuidv7(), id, 'photo', 'image/png', 1, '', '', number, 'hr-1', now(), subject_id, '', 1, 1 FROM cases""")
    await stage.rows("""INSERT INTO case_links SELECT uuidv7(), id, uuidv7(), 'related', 'hr-1', now() FROM cases""")
    first, second = await two(stage, caller={"name": "李明", "phone": "139 0013 9000"})
    await merged(second, first)
    await stage.rows("ANALYZE cases, attachments, case_links")
    async with stage.runtime.transaction() as tx:
        asked = await matches(tx, Sought(phone="13900139000"))
        phoned = sa.select(tables.cases.c.id).where(asked).order_by(tables.cases.c.id.desc()).limit(51)
        compiled = phoned.compile(dialect=asyncpg.dialect(), compile_kwargs={"render_postcompile": True})
        values = [compiled.params[name] for name in compiled.positiontup or ()]
        identifier = UUID(first.id)
        plans = {
            "a phone": ("cases_phone", str(compiled), values),
            "its parts": ("cases_merged", redirect.PARTS, [identifier]),
            "where it leads": ("cases_pkey", redirect.LED, [[identifier]]),
            "its files": ("attachments_case", attachment.OF_CASE, [identifier]),
            "its links": ("case_links_other", link_cases.LINKS, [[identifier]]),
        }
        for name, (index_of_it, query, arguments) in plans.items():
            plan = "\n".join(row[0] for row in await tx.driver.fetch(f"EXPLAIN {query}", *arguments))
            assert "Seq Scan" not in plan, f"{name}: {plan}"
            assert index_of_it in plan, f"{name}: {plan}"
            assert "Scan Backward" not in plan, f"{name}: {plan}"
