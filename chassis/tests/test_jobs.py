"""Jobs are worked after the commit and not without it, again when they fail, and their outcome is written once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Any

import pytest
from chassis.ids import uuid7
from chassis.jobs import Job, Runner, TryAgain, Work, job, pause
from chassis.kit.at_work import at_work
from chassis.kit.eventually import eventually
from chassis.kit.probe import probe, probes
from chassis.kit.stage import Stage
from chassis.service import Service
from chassis.tx import Tx

Doing = Callable[[str, Work], Awaitable[Any]]
#: what the jobs of the test at hand do
doing: dict[str, Doing] = {}


async def note(tx: Tx, ended: Sequence[tuple[str, Any]]) -> None:
    """One row an outcome; the outcome `boom` cannot be written."""
    for ref, result in ended:
        tx.insert(probes, id=uuid7(), notes=[ref, result], version=1, sequence=0)
    if any(result == "boom" for _, result in ended):
        raise ValueError("this outcome cannot be written")


@job(retry=("0s", "0s"), finish=note)
async def fetch(ref: str, work: Work) -> Any:
    return await doing["fetch"](ref, work)


@job(retry=("1h",), keep=True)
async def report(ref: str, work: Work) -> None:
    await doing["report"](ref, work)


@job(retry=("0s", "0s"), shared=True)
async def look(ref: str, work: Work) -> None:
    await doing["look"](ref, work)


@pytest.fixture(scope="session")
def service() -> Service:
    return probe(jobs=[fetch, report, look])


async def plan(stage: Stage, kind: Job, *refs: str, **more: Any) -> None:
    async with stage.runtime.transaction() as tx:
        for ref in refs:
            tx.later(kind, ref, **more)


def running(stage: Stage, **options: Any) -> AbstractAsyncContextManager[Runner]:
    """A worker."""
    return at_work(stage.runner(**options))


async def outcomes(stage: Stage) -> list[list[Any]]:
    return sorted(row[0] for row in await stage.rows("SELECT notes FROM probes"))


async def jobs(stage: Stage) -> list[Any]:
    return await stage.rows("SELECT ref, state, attempt, error, progress FROM kehu.jobs ORDER BY ref")


async def none_waits(stage: Stage) -> bool:
    return not await stage.rows("SELECT 1 FROM kehu.jobs WHERE state = 'waiting'")


async def answer(ref: str, work: Work) -> str:
    return f"{ref}: attempt {work.attempt}"


async def test_a_job_is_worked_after_the_commit_and_leaves_its_outcome_and_no_row(stage: Stage) -> None:
    doing["fetch"] = answer
    async with running(stage) as runner:
        async with stage.runtime.transaction() as tx:
            tx.later(fetch, "a")
            await tx.flush()
            await asyncio.sleep(0.3)
            assert await outcomes(stage) == []
        runner.wake()
        await eventually(lambda: outcomes(stage))
        await eventually(lambda: none_waits(stage))
    assert await outcomes(stage) == [["a", "a: attempt 1"]]
    assert await jobs(stage) == []


async def test_a_job_of_a_transaction_that_failed_never_was(stage: Stage) -> None:
    with pytest.raises(ZeroDivisionError):  # noqa: PT012
        async with stage.runtime.transaction() as tx:
            tx.later(fetch, "a")
            await tx.flush()
            raise ZeroDivisionError
    assert await jobs(stage) == []


async def test_a_job_waits_for_its_time(stage: Stage) -> None:
    doing["fetch"] = answer
    await plan(stage, fetch, "later", at=stage.runtime.clock() + timedelta(hours=1))
    await plan(stage, fetch, "now")
    async with running(stage):
        await eventually(lambda: outcomes(stage))
    assert [row["ref"] for row in await jobs(stage)] == ["later"]


async def test_a_job_that_fails_is_tried_again_and_at_last_stays_as_failed(stage: Stage) -> None:
    attempts: list[tuple[int, bool]] = []

    async def fail(ref: str, work: Work) -> None:
        attempts.append((work.attempt, work.last_attempt))
        raise TryAgain("it was busy", result=f"busy {work.attempt}")

    doing["fetch"] = fail
    await plan(stage, fetch, "a")
    async with running(stage):
        await eventually(lambda: none_waits(stage))
    assert attempts == [(1, False), (2, False), (3, True)]
    ((ref, state, attempt, error, _),) = await jobs(stage)
    assert (ref, state, attempt, error) == ("a", "failed", 3, "it was busy")
    assert await outcomes(stage) == [["a", f"busy {n}"] for n in (1, 2, 3)], "each attempt's outcome is written"


async def test_any_other_failure_is_tried_again_and_named_by_its_kind_alone(stage: Stage) -> None:
    async def fail(ref: str, work: Work) -> str:
        if work.attempt == 1:
            raise RuntimeError("王小芳 13800000000")
        return "done"

    doing["report"] = fail  # type: ignore[assignment]
    await plan(stage, report, "a")
    async with running(stage):
        await eventually(lambda: stage.rows("SELECT 1 FROM kehu.jobs WHERE error IS NOT NULL"))
        ((_, state, _, error, _),) = await jobs(stage)
        assert (state, error) == ("waiting", "RuntimeError")
        ((wait,),) = await stage.rows("SELECT run_at - now() FROM kehu.jobs")
        assert timedelta(minutes=47) < wait <= timedelta(hours=1), "the declared pause, shortened by chance"


async def test_what_failed_together_does_not_come_again_together(stage: Stage) -> None:
    async def fail(ref: str, work: Work) -> None:
        raise RuntimeError

    doing["report"] = fail
    await plan(stage, report, *(f"r{n}" for n in range(20)))
    async with running(stage):

        async def all_failed_once() -> bool:
            return [row[2] for row in await jobs(stage)] == [1] * 20

        await eventually(all_failed_once)
    waits = [row[0] for row in await stage.rows("SELECT run_at - now() FROM kehu.jobs")]
    assert timedelta(minutes=47) < min(waits) < max(waits) < timedelta(hours=1)
    assert max(waits) - min(waits) > timedelta(minutes=2)


async def test_progress_is_shown_and_the_next_attempt_goes_on_from_it(stage: Stage) -> None:
    async def count(ref: str, work: Work) -> str:
        begin = work.progress.get("done", 0)
        for done in range(begin, 4):
            if done == 2 and begin == 0:
                raise TryAgain("interrupted")
            await work.report(done=done + 1, of=4)
        return f"from {begin}"

    doing["fetch"] = count
    await plan(stage, fetch, "a")
    async with running(stage):
        await eventually(lambda: none_waits(stage))
    assert await outcomes(stage) == [["a", "from 2"]]


async def test_a_kept_job_is_there_to_be_shown(stage: Stage) -> None:
    async def work_on(ref: str, work: Work) -> None:
        await work.report(rows=7)

    doing["report"] = work_on
    await plan(stage, report, "a")
    async with running(stage):
        await eventually(lambda: none_waits(stage))
    ((_, state, _, error, progress),) = await jobs(stage)
    assert (state, error, progress) == ("done", None, {"rows": 7})


async def test_one_slow_lane_delays_no_other(stage: Stage) -> None:
    release = asyncio.Event()

    async def slow(ref: str, work: Work) -> str:
        if ref.startswith("slow"):
            await release.wait()
        return "done"

    doing["fetch"] = slow
    await plan(stage, fetch, *[f"slow {n}" for n in range(30)], lane="dead")
    await plan(stage, fetch, "quick", lane="alive")
    async with running(stage, slots=10, per_lane=3):
        await eventually(lambda: outcomes(stage))
        assert await outcomes(stage) == [["quick", "done"]]
        ((leased,),) = await stage.rows("SELECT count(*) FROM kehu.jobs WHERE lease IS NOT NULL")
        assert leased == 3
        release.set()
        await eventually(lambda: none_waits(stage))
    assert len(await outcomes(stage)) == 31


async def test_a_job_whose_worker_has_died_is_taken_by_another_and_ends_once(stage: Stage) -> None:
    begun, go_on = [asyncio.Event() for _ in range(2)], [asyncio.Event() for _ in range(2)]

    async def work_on(ref: str, work: Work) -> str:
        begun[work.attempt - 1].set()
        await go_on[work.attempt - 1].wait()
        return f"by attempt {work.attempt}"

    doing["fetch"] = work_on
    await plan(stage, fetch, "a")
    async with running(stage, lease=0.3, slots=1):
        await begun[0].wait()
        async with running(stage, lease=30):
            await begun[1].wait()
            go_on[0].set()  # the one that was thought dead wakes, and finds that it is not his any more
            await asyncio.sleep(0.5)
            assert await outcomes(stage) == []
            go_on[1].set()
            await eventually(lambda: none_waits(stage))
    assert await outcomes(stage) == [["a", "by attempt 2"]]


async def test_an_attempt_that_outlived_its_lease_does_not_pass_for_the_next_one_of_the_same_worker(
    stage: Stage,
) -> None:
    begun, go_on = [asyncio.Event() for _ in range(2)], [asyncio.Event() for _ in range(2)]

    async def work_on(ref: str, work: Work) -> str:
        n = min(work.attempt, 2) - 1
        begun[n].set()
        await go_on[n].wait()
        return f"by attempt {work.attempt}"

    doing["fetch"] = work_on
    await plan(stage, fetch, "a")
    async with running(stage, lease=0.3, slots=2) as worker:
        await begun[0].wait()
        await begun[1].wait()
        worker._lease = timedelta(seconds=30)
        go_on[0].set()
        await asyncio.sleep(0.5)
        assert await outcomes(stage) == [], "the first attempt is nobody's any more"
        go_on[1].set()
        await eventually(lambda: outcomes(stage))
    ((_, by),) = await outcomes(stage)
    assert by != "by attempt 1"


async def test_three_workers_work_each_job_once(stage: Stage) -> None:
    doing["fetch"] = answer
    refs = [f"{n:03}" for n in range(200)]
    for n in range(10):
        await plan(stage, fetch, *refs[n * 20 : n * 20 + 20], lane=f"lane {n}")
    async with running(stage), running(stage), running(stage):
        await eventually(lambda: none_waits(stage))
    assert await outcomes(stage) == [[ref, f"{ref}: attempt 1"] for ref in refs]


async def test_an_outcome_that_cannot_be_written_takes_no_other_with_it(stage: Stage) -> None:
    async def work_on(ref: str, work: Work) -> str:
        return "boom" if ref == "bad" else "done"

    doing["fetch"] = work_on
    await plan(stage, fetch, "bad", *[f"good {n}" for n in range(5)])
    async with running(stage, lease=5):
        await eventually(lambda: outcomes_are(stage, 5))
    assert [row["ref"] for row in await jobs(stage)] == ["bad"]


async def outcomes_are(stage: Stage, count: int) -> bool:
    return len(await outcomes(stage)) == count


async def test_a_job_of_an_unknown_kind_is_left_for_a_process_that_knows_it(stage: Stage) -> None:
    @job()
    async def of_tomorrow(ref: str, work: Work) -> None: ...

    doing["fetch"] = answer
    await plan(stage, of_tomorrow, "new")
    await plan(stage, fetch, "old")
    async with running(stage):
        await eventually(lambda: outcomes(stage))
    ((ref, state, _, _, _),) = await jobs(stage)
    assert (ref, state) == ("new", "waiting")


def test_a_pause_is_written_with_its_unit() -> None:
    assert [pause(text) for text in ("5s", "30m", "2h", "1d")] == [
        timedelta(seconds=5),
        timedelta(minutes=30),
        timedelta(hours=2),
        timedelta(days=1),
    ]
    with pytest.raises(ValueError, match="no pause"):
        pause("soon")


async def test_jobs_about_the_same_share_an_attempt_after_the_one_that_is_under_way(stage: Stage) -> None:
    begun: list[str] = []
    go_on = asyncio.Event()

    async def looking(ref: str, work: Work) -> None:
        begun.append(ref)
        if len(begun) == 1:
            await go_on.wait()

    doing["look"] = looking
    async with running(stage) as runner:
        await plan(stage, look, "a")
        await eventually(lambda: begun == ["a"])
        await plan(stage, look, "a", "a", "b", "a")
        runner.wake()
        await eventually(lambda: begun == ["a", "b"])
        waiting = await stage.rows("SELECT attempt FROM kehu.jobs WHERE ref = 'a' ORDER BY attempt")
        assert [row[0] for row in waiting] == [1, 1, 1, 1]
        go_on.set()
        await eventually(lambda: none_waits(stage))
    assert begun == ["a", "b", "a"]
    assert await jobs(stage) == []


async def test_all_that_is_due_about_the_same_shares_the_attempt_however_much_it_is(stage: Stage) -> None:
    begun: list[str] = []

    async def looking(ref: str, work: Work) -> None:
        begun.append(ref)

    doing["look"] = looking
    await plan(stage, look, *["a"] * 60, "b", *["a"] * 40)
    async with running(stage, per_lane=2):
        await eventually(lambda: none_waits(stage))
    assert sorted(begun) == ["a", "b"]
    assert await jobs(stage) == []


async def test_a_shared_attempt_that_fails_is_made_again_for_all(stage: Stage) -> None:
    begun: list[str] = []

    async def looking(ref: str, work: Work) -> None:
        begun.append(ref)
        if len(begun) == 1:
            raise ConnectionError("the counterpart is away")

    doing["look"] = looking
    await plan(stage, look, "a", "a")
    async with running(stage):
        await eventually(lambda: none_waits(stage))
    assert begun == ["a", "a"]
    assert await jobs(stage) == []
