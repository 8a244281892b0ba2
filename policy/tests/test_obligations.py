"""Obligations: reminded, met or missed, passed up, paused, waived; each instant fired once, whoever dies."""

from __future__ import annotations

from collections import Counter
from contextlib import AbstractAsyncContextManager
from datetime import date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from chassis.ids import uuid7
from chassis.jobs import Runner
from chassis.kit.at_work import at_work
from chassis.kit.eventually import eventually
from chassis.kit.keys import ISSUER
from chassis.kit.process import ServiceProcess
from chassis.kit.stage import Stage
from contracts.archive import AccessRecorded
from contracts.roles import Role
from contracts.staff import BranchEntry, CalendarDay, CalendarYear, DepartmentLine, Profile
from contracts.work import WorkItem, WorkState
from policy.calendar import ZONE
from policy.directory import Directory
from policy.keep_out import keep_from
from policy.kit import Clock, open_branch
from policy.obligations import (
    OBLIGATIONS,
    Deadline,
    Obligation,
    Owed,
    Timer,
    met,
    move,
    owe,
    pause,
    resume,
    running_of,
    waive,
)
from policy.replan import replan
from policy.terms import Term

ANSWER = Obligation("test.answer", ("P04.9",), "答复客户", "answer the customer")
JUDGE = Obligation("test.judge", ("P04.3",), "判定投诉", "judge the complaint")
TWO_DAYS = Deadline(
    within=Term.parse("2 working days"),
    role=Role.DEPARTMENT_HEAD,
    then=(Role.DEPARTMENT_MANAGER, Role.GENERAL_MANAGER),
)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


async def owing(
    stage: Stage, subject: UUID | None = None, deadline: Deadline = TWO_DAYS, branch: str = "sh-pudong"
) -> UUID:
    subject = subject or uuid7()
    async with stage.runtime.transaction() as tx:
        owe(tx, ANSWER, subject, deadline, branch=branch, since=tx.now, path=f"/v1/probes/{subject}")
    return subject


async def of(stage: Stage, subject: UUID) -> Owed:
    rows = await stage.rows("SELECT id FROM kehu.obligations WHERE subject = $1 ORDER BY id DESC LIMIT 1", subject)
    async with stage.runtime.transaction() as tx:
        return await tx.get(OBLIGATIONS, rows[0][0], lock=False)


async def items(stage: Stage, subject: UUID) -> list[WorkItem]:
    said = [told.message for told in await stage.outbox(WorkItem)]
    return [one for one in said if isinstance(one, WorkItem) and one.subject == str(subject)]


async def fire(stage: Stage) -> None:
    timer = Timer(stage.runtime)
    while await timer.fire():
        pass


async def test_each_work_item_says_its_own_start(stage: Stage, clock: Clock) -> None:
    said = []
    for start in ("2026-03-02 09:15", "2026-03-02 09:15:40", "2026-03-02 12:30"):
        clock.at(start)
        [told] = await items(stage, await owing(stage))
        said.append((told.why_due.partition(",")[0], (told.why_due_zh or "").partition("，")[0]))
    morning = ("2 working days from 2026-03-02 09:15", "自 2026-03-02 09:15 起 2 个工作日")
    assert said == [morning, morning, ("2 working days from 2026-03-02 12:30", "自 2026-03-02 12:30 起 2 个工作日")]


@pytest.mark.rule("P04.9")
async def test_an_obligation_is_reminded_missed_and_passed_up_the_list(stage: Stage, clock: Clock) -> None:
    subject = await owing(stage)
    opened = await of(stage, subject)
    assert opened.due_at == local("2026-03-04 18:00")
    assert opened.why(Directory.of(stage.runtime).calendar("sh-pudong")) == (
        "2 working days from 2026-03-02 09:15, because P04.9, calendar 2026: until 2026-03-04 18:00",
        "自 2026-03-02 09:15 起 2 个工作日，依据 P04.9，按 2026 年日历：截止 2026-03-04 18:00",
    )

    await fire(stage)
    assert len(await items(stage, subject)) == 1, "nothing happens before its time"
    seen = []
    for moment in ("03-03 13:38", "03-04 06:40", "03-04 18:00", "03-05 17:59", "03-05 18:00", "03-09 18:00"):
        clock.at(f"2026-{moment}")
        await fire(stage)
        last = (await items(stage, subject))[-1]
        seen.append((moment, last.state, last.reminders, last.escalated_to))
    manager, general = Role.DEPARTMENT_MANAGER.value, Role.GENERAL_MANAGER.value
    assert seen == [
        ("03-03 13:38", WorkState.OPEN, 1, []),
        ("03-04 06:40", WorkState.OPEN, 2, []),
        ("03-04 18:00", WorkState.MISSED, 2, [manager]),
        ("03-05 17:59", WorkState.MISSED, 2, [manager]),
        ("03-05 18:00", WorkState.MISSED, 2, [manager, general]),
        ("03-09 18:00", WorkState.MISSED, 2, [manager, general]),
    ]
    sequences = [told.sequence for told in await stage.outbox(WorkItem)]
    assert sequences == [1, 2, 3, 4, 5], "each word on it once, counted without a gap"


async def test_a_worker_that_was_away_reminds_no_one_of_what_is_missed_by_now(stage: Stage, clock: Clock) -> None:
    subject = await owing(stage)
    clock.at("2026-03-05 18:00")
    await fire(stage)
    _, last = await items(stage, subject)
    assert (last.state, last.reminders) == (WorkState.MISSED, 0)
    assert last.escalated_to == [Role.DEPARTMENT_MANAGER, Role.GENERAL_MANAGER]


@pytest.mark.rule("P04.9")
async def test_the_time_of_the_fact_says_whether_it_was_met_in_time(stage: Stage, clock: Clock) -> None:
    in_time, late, told_late = [await owing(stage) for _ in range(3)]
    clock.at("2026-03-04 18:00:01")
    await fire(stage)
    async with stage.runtime.transaction() as tx:
        met(tx, ANSWER, told_late, at=local("2026-03-04 17:59"))
        met(tx, ANSWER, late, at=tx.now)
    async with stage.runtime.transaction() as tx:
        met(tx, ANSWER, in_time, at=local("2026-03-03 10:00"))
        met(tx, JUDGE, in_time, at=local("2026-03-03 10:00"))
    found = {subject: await of(stage, subject) for subject in (in_time, late, told_late)}
    assert [found[s].state.value for s in (in_time, late, told_late)] == ["met"] * 3
    assert found[in_time].missed_at is None
    assert found[told_late].missed_at is None, "the news came late, the deed did not"
    assert found[late].missed_at == local("2026-03-04 18:00")
    clock.at("2026-04-01 09:00")
    await fire(stage)
    assert [item.state for item in await items(stage, late)] == [WorkState.OPEN, WorkState.MISSED, WorkState.DONE]


async def test_a_duty_is_owed_once_at_a_time_and_again_when_it_was_met(stage: Stage, clock: Clock) -> None:
    subject = await owing(stage)
    with pytest.raises(Exception, match="obligations_running"):
        await owing(stage, subject)
    async with stage.runtime.transaction() as tx:
        met(tx, ANSWER, subject, at=tx.now)
    await owing(stage, subject)
    assert len(await stage.rows("SELECT 1 FROM kehu.obligations WHERE subject = $1", subject)) == 2


async def test_what_is_owed_and_met_in_one_transaction_was_both(stage: Stage, clock: Clock) -> None:
    subject = uuid7()
    async with stage.runtime.transaction() as tx:
        owe(tx, ANSWER, subject, TWO_DAYS, branch="sh-pudong", since=tx.now, path="/v1/probes")
        met(tx, ANSWER, subject, at=tx.now)
    assert [item.state for item in await items(stage, subject)] == [WorkState.OPEN, WorkState.DONE]
    assert (await of(stage, subject)).state == "met"


@pytest.mark.rule("P04.9")
async def test_a_pause_stops_every_clock_of_the_subject_and_gives_the_time_back(stage: Stage, clock: Clock) -> None:
    subject = await owing(stage)
    clock.at("2026-03-03 14:00")
    await fire(stage)
    async with stage.runtime.transaction() as tx:
        pause(tx, subject, at=tx.now, because="waiting for the customer")
    async with stage.runtime.transaction() as tx:
        pause(tx, subject, at=tx.now, because="waiting for the customer")
    paused = await of(stage, subject)
    assert (paused.due_at, paused.next_at) == (None, None)
    assert "paused" in paused.why(Directory.of(stage.runtime).calendar("sh-pudong"))[0]
    clock.at("2026-03-20 09:00")
    await fire(stage)
    assert (await items(stage, subject))[-1].state == WorkState.OPEN, "a stopped clock misses nothing"

    # it stopped in the afternoon of the third and goes on at the same hour of the sixth: three working days
    async with stage.runtime.transaction() as tx:
        resume(tx, subject, at=local("2026-03-06 14:00"), because="waiting for the customer")
        resume(tx, subject, at=local("2026-03-06 14:00"), because="never paused for that")
    resumed = await of(stage, subject)
    assert resumed.due_at == local("2026-03-09 18:00")
    assert resumed.course["reminders"] == 1


async def test_a_waived_obligation_says_why_and_by_whom(stage: Stage, clock: Clock) -> None:
    subject = await owing(stage)
    one = await of(stage, subject)
    path = f"/v1/obligations/{one.id}/waive"
    async with stage.client("department_head@sh-pudong") as head:
        assert (await head.post(path, json={"reason": "no time"})).status_code == 403
    async with stage.client("general_manager@bj-chaoyang") as stranger:
        assert (await stranger.post(path, json={"reason": "not mine"})).status_code == 404
    async with stage.client("general_manager@sh-pudong", subject="gm-01") as manager:
        assert (await manager.post(path, json={"reason": ""})).status_code == 422
        answer = await manager.post(path, json={"reason": "138 0000 0000 took the complaint back"})
        assert (answer.status_code, answer.json()["state"]) == (200, "waived"), answer.text
        assert answer.json()["reason"] == "138 0000 0000 took the complaint back"
        again = await manager.post(path, json={"reason": "once more"})
        assert (again.status_code, again.json()["type"]) == (409, "/problems/nothing-owed")
        assert again.json()["rules"] == ["P04.9"]
        listed = (await manager.get(f"/v1/obligations?subject={subject}")).json()["items"]
        assert [item["reason"] for item in listed] == ["138 0000 0000 took the complaint back"]
        assert (await of(stage, subject)).course["reason"] == "said"
    told = [told.message for told in await stage.outbox(AccessRecorded)]
    records = [(one.actor, one.action, one.ids) for one in told if isinstance(one, AccessRecorded)]
    by = [("gm-01", action, [str(one.id)]) for action in ("waive", "read", "read")]
    assert sorted(records) == sorted(by), "what was said is read with the answer, and with the list"
    async with stage.runtime.transaction() as tx:
        waive(tx, None, subject, at=tx.now, reason="again")
    assert (await items(stage, subject))[-1].state == WorkState.WAIVED


async def test_the_board_shows_what_is_due_first_within_reach_and_explains_it(stage: Stage, clock: Clock) -> None:
    hours = Deadline(within=Term.parse("24 hours"), role=Role.RELATIONS_MANAGER)
    later = await owing(stage)
    sooner = await owing(stage, deadline=hours)
    never = await owing(stage, deadline=hours.model_copy(update={"within": None}))
    elsewhere = await owing(stage, branch="bj-chaoyang")
    async with stage.client("department_head@sh-pudong") as head:
        page = (await head.get("/v1/obligations?limit=1")).json()
        following = (await head.get(f"/v1/obligations?limit=1&cursor={page['next']}")).json()
        assert [one["subject"] for one in page["items"] + following["items"]] == [str(sooner), str(later)]
        assert following["next"] is None
        (one,) = page["items"]
        assert one["why_zh"] == "自 2026-03-02 09:15 起 24 小时，依据 P04.9：截止 2026-03-03 09:15"
        assert (one["title_zh"], one["rules"]) == ("答复客户", ["P04.9"])
        assert (await head.get(f"/v1/obligations/{one['id']}")).json() == one
        (unset,) = (await head.get(f"/v1/obligations?subject={never}")).json()["items"]
        assert (unset["due_at"], unset["why"], unset["why_zh"]) == (None, "no term is set", "期限未设定")
        hidden = (await of(stage, elsewhere)).id
        assert (await head.get(f"/v1/obligations/{hidden}")).status_code == 404
        assert (await head.get(f"/v1/obligations?subject={elsewhere}")).json()["items"] == []


@pytest.mark.rule("P04.9")
async def test_what_comes_over_to_another_subject_keeps_its_clock(stage: Stage, clock: Clock) -> None:
    gone, stays, step = await owing(stage), uuid7(), uuid7()
    async with stage.runtime.transaction() as tx:
        owe(tx, ANSWER, step, TWO_DAYS, branch="sh-pudong", since=tx.now, path="/v1/steps", about=gone)
    before = (await of(stage, gone)).due_at
    clock.at("2026-03-03 09:00")
    async with stage.runtime.transaction() as tx:
        for one in await running_of(tx, [gone]):
            if one.subject == gone:
                move(tx, one, f"/v1/probes/{stays}", subject=stays)
            else:
                move(tx, one, one.path, about=stays)
    assert [one.subject for one in (await of(stage, stays), await of(stage, step))] == [stays, step]
    assert {(await of(stage, one)).due_at for one in (stays, step)} == {before}
    told = (await items(stage, stays))[-2:]
    assert {(one.path, one.state) for one in told} == {
        (f"/v1/probes/{stays}", WorkState.OPEN),
        ("/v1/steps", WorkState.OPEN),
    }
    async with stage.runtime.transaction() as tx:
        assert await running_of(tx, [gone]) == []


@pytest.mark.rule("P12.2")
async def test_who_is_kept_from_a_subject_learns_of_nothing_it_owes(stage: Stage, clock: Clock) -> None:
    subject, step = await owing(stage), uuid7()
    async with stage.runtime.transaction() as tx:
        owe(tx, ANSWER, step, TWO_DAYS, branch="sh-pudong", since=tx.now, path="/v1/probes", about=subject)
    async with stage.runtime.transaction() as tx:
        keep_from(tx, subject, "head-1", at=tx.now)
        keep_from(tx, subject, "head-1", at=tx.now)
    for owed in (subject, step):
        assert (await of(stage, owed)).excluded == ["head-1"]
    assert [one.excluded for one in await items(stage, subject)] == [None, None, ["head-1"], ["head-1"]]
    identifier = (await of(stage, subject)).id
    async with stage.client("department_head@sh-pudong", subject="head-1") as head:
        assert (await head.get("/v1/obligations")).json()["items"] == []
        assert (await head.get(f"/v1/obligations?subject={subject}")).json()["items"] == []
        assert (await head.get(f"/v1/obligations/{identifier}")).status_code == 404
    async with stage.client("general_manager@sh-pudong", subject="head-1") as manager:
        assert (
            await manager.post(f"/v1/obligations/{identifier}/waive", json={"reason": "about me"})
        ).status_code == 404
    async with stage.client("department_head@sh-pudong", subject="head-2") as other:
        assert len((await other.get("/v1/obligations")).json()["items"]) == 2
    clock.at("2026-03-03 13:38")
    await fire(stage)
    assert (await items(stage, subject))[-1].excluded == ["head-1"], "also in what comes later"


async def test_what_ended_long_ago_is_withdrawn_from_the_work_topic_once_and_stays_on_record(
    stage: Stage, clock: Clock
) -> None:
    done, running = await owing(stage), await owing(stage)
    async with stage.runtime.transaction() as tx:
        met(tx, ANSWER, done, at=tx.now)
    timer = Timer(stage.runtime)
    assert await timer.sweep() == 0
    clock.at("2026-06-01 09:00")
    assert [await timer.sweep(), await timer.sweep()] == [1, 0]
    (gone,) = [told for told in await stage.outbox() if told.topic.endswith(".work") and told.message is None]
    assert gone.key == str((await of(stage, done)).id)
    assert (await of(stage, done)).state == "met"
    assert (await of(stage, running)).running


async def test_missed_terms_are_counted_by_month_branch_and_role(stage: Stage, clock: Clock) -> None:
    subjects = [await owing(stage) for _ in range(3)]
    await owing(stage, branch="bj-chaoyang")
    clock.at("2026-03-04 18:00")
    await fire(stage)
    async with stage.runtime.transaction() as tx:
        met(tx, ANSWER, subjects[0], at=clock.later(hours=1))
    async with stage.client("department_head@sh-pudong") as head:
        counted = (await head.get("/v1/obligations/counts?month=2026-03")).json()["items"]
        assert counted == [
            {"branch": "sh-pudong", "duty": "test.answer", "role": "department_head", "missed": 3, "done_since": 1}
        ]
        assert (await head.get("/v1/obligations/counts?month=2026-04")).json()["items"] == []
        assert (await head.get("/v1/obligations/counts?month=2026-13")).status_code == 422


async def test_a_decree_replans_what_rested_on_a_guess(stage: Stage, clock: Clock) -> None:
    clock.at("2027-02-05 10:00")
    subject, done = await owing(stage), await owing(stage)
    guessed = await of(stage, subject)
    assert guessed.course["provisional"] == [2027]
    async with stage.runtime.transaction() as tx:
        met(tx, ANSWER, done, at=tx.now)
    off = [CalendarDay(date=date(2027, 2, day), off=True, holiday="春节") for day in range(5, 13)]
    decree = CalendarYear(year_id=uuid7(), year=2027, source="国务院办公厅", days=off)
    clock.now = datetime.now(ZONE)  # what is told now is no history
    await stage.receive(decree, key=str(decree.year_id))
    ((kind, ref),) = await stage.rows("SELECT kind, ref FROM kehu.jobs")
    assert (kind, ref) == ("replan", "*")
    clock.later(seconds=6)
    async with work(stage):
        await eventually(lambda: moved(stage, subject, guessed.due_at))
    found = await of(stage, subject)
    assert found.due_at == local("2027-02-16 18:00")
    assert found.course["provisional"] == []
    assert (await items(stage, subject))[-1].due_at == found.due_at
    assert len(await items(stage, done)) == 2, "what has ended is not reckoned again"


async def moved(stage: Stage, subject: UUID, before: datetime | None) -> bool:
    return (await of(stage, subject)).due_at != before


def work(stage: Stage) -> AbstractAsyncContextManager[Runner]:
    return at_work(stage.runner())


async def test_a_branch_that_closes_for_a_day_replans_its_own(stage: Stage, clock: Clock) -> None:
    subject, other = await owing(stage), await owing(stage, branch="bj-chaoyang")
    branch = uuid7()
    entry = BranchEntry(
        branch_id=branch, branch="sh-pudong", kind="dealership", profile=Profile.DEALERSHIP, region=None,
        week=None, closed=[date(2026, 3, 3)], opened=[], title="浦东店",
        departments=[DepartmentLine(department="after_sales", title="售后部")],
    )  # fmt: skip
    await stage.receive(entry, key=str(branch))
    clock.later(seconds=6)
    async with work(stage):
        await eventually(lambda: moved(stage, subject, local("2026-03-04 18:00")))
    assert (await of(stage, subject)).due_at == local("2026-03-05 18:00")
    assert (await of(stage, other)).due_at == local("2026-03-04 18:00")
    directory = Directory.of(stage.runtime)
    assert directory.profile("sh-pudong") == Profile.DEALERSHIP
    assert directory.profile("nowhere") == Profile.GROUP
    assert (directory.title("sh-pudong"), directory.title("nowhere")) == ("浦东店", "nowhere")
    called = [directory.department_title("sh-pudong", name) for name in ("after_sales", "sales")]
    assert (called, directory.department_title("nowhere", "sales")) == (["售后部", "sales"], "sales")
    assert [directory.named(one) for one in ("sh-pudong", "nowhere")] == ["浦东店（sh-pudong）", "nowhere"]
    places = ("sh-pudong/after_sales", "sh-pudong", "nowhere/sales", "area:east", "group")
    titles = ["浦东店 · 售后部", "浦东店", "nowhere/sales", "area:east", "集团"]
    assert [directory.place_title(place) for place in places] == titles
    assert [directory.place_title(place, "en") for place in places] == [*titles[:-1], "the group"]


async def test_branches_of_one_title_are_told_apart_by_their_codes(stage: Stage) -> None:
    departments = {"after_sales": "售后部"}
    for branch, title in (("sh-pudong", "浦东店"), ("sh-pudong-2", "浦东店"), ("sh-minhang", "闵行店")):
        await open_branch(stage, branch, Profile.DEALERSHIP, title=title, departments=departments)
    directory = Directory.of(stage.runtime)
    branches = ("sh-pudong", "sh-pudong-2", "sh-minhang", "nowhere")
    titles = ["浦东店（sh-pudong）", "浦东店（sh-pudong-2）", "闵行店", "nowhere"]
    assert [directory.title(one) for one in branches] == titles
    assert [directory.named(one) for one in branches[:3]] == [*titles[:2], "闵行店（sh-minhang）"]
    assert directory.place_title("sh-pudong-2/after_sales") == "浦东店（sh-pudong-2） · 售后部"
    await open_branch(stage, "sh-pudong-2", Profile.DEALERSHIP, title="浦东二店")
    assert [directory.title(one) for one in branches] == ["浦东店", "浦东二店", "闵行店", "nowhere"]


async def test_each_instant_is_fired_once_by_three_workers_of_which_some_are_killed(
    stage: Stage, clock: Clock, database: str, keys: tuple[Path, Path], tmp_path: Path
) -> None:
    clock.now = datetime.now(ZONE) - timedelta(hours=2)
    soon = Deadline(within=Term.parse("1 hour"), role=Role.DEPARTMENT_HEAD, remind=())
    count = 3000
    async with stage.runtime.transaction() as tx:
        for _ in range(count):
            owe(tx, ANSWER, uuid7(), soon, branch="sh-pudong", since=tx.now, path="/v1/probes")
    env = {
        "PYTHONPATH": str(Path(__file__).parent),
        "KEHU_ENVIRONMENT": "test",
        "KEHU_DATABASE_URL": database,
        "KEHU_KAFKA": "127.0.0.1:1",
        "KEHU_ISSUERS": f'[{{"issuer": "{ISSUER}"}}]',
        "KEHU_MASTER_KEYS_FILE": str(keys[0]),
        "KEHU_TOKEN_KEYS_FILE": str(keys[1]),
        "KEHU_HTTP_PORT": "0",
        "KEHU_FAILPOINTS": "obligations.fired=kill:0.5",
    }
    workers = [ServiceProcess(("timer_worker",), "worker", env, tmp_path / f"worker-{n}.log") for n in range(3)]
    killed = 0
    try:
        for worker in workers:
            worker.start(KEHU_FAILPOINTS="obligations.fired=kill")  # whoever fires first dies of it, for certain

        async def all_missed() -> bool:
            nonlocal killed
            for worker in workers:
                if not worker.alive:
                    killed += worker.exit_status == -9
                    worker.start()
            rows = await stage.rows("SELECT count(*) FROM kehu.obligations WHERE state = 'missed'")
            return bool(rows[0][0] == count)

        await eventually(all_missed, within=90)
    finally:
        for worker in workers:
            worker.kill()
    assert killed > 0, "no worker died in its work: the test shows nothing"
    told = Counter((one.key, one.sequence) for one in await stage.outbox(WorkItem))
    assert len(told) == 2 * count
    assert set(told.values()) == {1}


async def test_a_job_that_replans_goes_on_where_it_stopped(stage: Stage, clock: Clock) -> None:
    first, second = await owing(stage), await owing(stage)
    async with stage.runtime.transaction() as tx:
        found = await of(stage, first)
        tx.later(replan, "*")
        await tx.flush()
        await tx.driver.execute("UPDATE kehu.jobs SET progress = $1::jsonb", f'{{"last": "{found.id}", "seen": 1}}')
        await tx.driver.execute("UPDATE kehu.obligations SET due_at = due_at + interval '1 day'")
    async with work(stage):
        await eventually(lambda: moved(stage, second, local("2026-03-05 18:00")))
    assert (await of(stage, first)).due_at == local("2026-03-05 18:00")
