"""Everybody's work: reminders come in one digest, what was missed comes at once, what is done asks for nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from chassis.kit.at_work import at_work
from chassis.kit.eventually import eventually
from chassis.kit.keys import TestIssuer
from chassis.kit.stage import Stage
from chassis.service import Service
from contracts.work import WorkItem, WorkState
from policy.kit import hire

from .people import Staff, clock, fire, people_of, rota, send, serious, told

SEAT = "customer_relations@sh-pudong"


@pytest_asyncio.fixture
async def stage(service: Service, database: str, keys: tuple[Path, Path], issuer: TestIssuer) -> AsyncIterator[Stage]:
    staff = Staff()
    staff.reach("rel-1", "rel-2", "gm-1", "rm-1")
    async with told(service, database, keys, issuer, staff) as stage:
        await hire(stage, "rel-1", SEAT)
        await hire(stage, "rm-1", "relations_manager@sh-pudong")
        await hire(stage, "gm-1", "general_manager@sh-pudong")
        yield stage


def item(stage: Stage, identifier: UUID | None = None, **changes: Any) -> WorkItem:
    case = str(uuid4())
    return WorkItem(
        **{
            "id": identifier or uuid4(), "service": "complaint", "kind": "judge", "subject": case, "rules": ["P04.3"],
            "role": "customer_relations", "place": "sh-pudong", "person": None,
            "due_at": stage.runtime.clock() + timedelta(hours=5), "why_due": None, "state": WorkState.OPEN,
            "path": f"/v1/complaints/{case}", "reminders": 0, "escalated_to": [], **changes,
        }
    )  # fmt: skip


async def hear(stage: Stage, *items: WorkItem) -> None:
    """The newest words on work, in one batch."""
    await stage.consumer.consume([stage.record(one, key=str(one.id), sequence=n) for n, one in enumerate(items, 1)])


async def test_only_the_work_of_notify_itself_is_looked_at_for_confirmations(stage: Stage) -> None:
    await hear(stage, item(stage), item(stage, service="notify", kind="confirm"))
    met = await stage.rows("SELECT handler, count(*) FROM kehu.inbox GROUP BY 1")
    assert {handler: count for handler, count in met if handler in ("climb", "follow_work")} == {
        "climb": 1,
        "follow_work": 2,
    }


async def said(stage: Stage) -> list[tuple[str, str, dict[str, str]]]:
    """Who was told by which template with which parameters, in order."""
    rows = await stage.rows("SELECT person, template, params FROM notices ORDER BY id")
    return [(row["person"], row["template"], row["params"]) for row in rows]


async def digest_time(stage: Stage) -> None:
    """The pause has passed, and every digest that is due is sent."""
    clock(stage).later(minutes=10)
    async with at_work(stage.runner()):

        async def through() -> bool:
            return await stage.rows("SELECT 1 FROM kehu.jobs WHERE kind = 'send_digest' AND state = 'waiting'") == []

        await eventually(through)


@pytest.mark.rule("P04.9")
async def test_reminders_come_in_one_digest_a_person(stage: Stage) -> None:
    items = [item(stage, reminders=1) for _ in range(30)]
    await hear(stage, *items)
    await hear(stage, item(stage, reminders=1))
    assert await said(stage) == []
    await digest_time(stage)
    ((person, template, params),) = await said(stage)
    assert (person, template, params["count"]) == ("rel-1", "work_due", "31")


async def test_the_same_digest_never_comes_twice(stage: Stage) -> None:
    one = item(stage, reminders=1)
    await hear(stage, one)
    await digest_time(stage)
    await hear(stage, one)
    await stage.receive(one, key=str(one.id), sequence=2)
    await digest_time(stage)
    assert len(await said(stage)) == 1
    await stage.receive(one.model_copy(update={"reminders": 2}), key=str(one.id), sequence=3)
    await digest_time(stage)
    assert [params["count"] for _, _, params in await said(stage)] == ["1", "1"]


@pytest.mark.rule("P04.9")
async def test_a_reminder_comes_before_the_term_is_over(stage: Stage) -> None:
    soon = stage.runtime.clock() + timedelta(minutes=2)
    await hear(stage, item(stage, reminders=1), item(stage, reminders=1, due_at=soon), item(stage, reminders=1))
    clock(stage).later(minutes=1)
    async with at_work(stage.runner()):

        async def there() -> bool:
            return await said(stage) != []

        await eventually(there)
    assert [(person, params["count"]) for person, _, params in await said(stage)] == [("rel-1", "3")]
    await digest_time(stage)
    assert len(await said(stage)) == 1, "the digest that was planned first has nothing left to say"


@pytest.mark.rule("P04.9")
async def test_a_reminder_that_waits_comes_before_a_term_that_has_become_shorter(stage: Stage) -> None:
    one = item(stage, reminders=1)
    await hear(stage, one)
    soon = stage.runtime.clock() + timedelta(minutes=2)
    await stage.consumer.consume([stage.record(one.model_copy(update={"due_at": soon}), key=str(one.id), sequence=2)])
    clock(stage).later(minutes=1)
    async with at_work(stage.runner()):

        async def there() -> bool:
            return await said(stage) != []

        await eventually(there)
    assert [datetime.fromisoformat(params["due_at"]) for _, _, params in await said(stage)] == [soon]
    await stage.consumer.consume([stage.record(one, key=str(one.id), sequence=3)])
    await digest_time(stage)
    assert len(await said(stage)) == 1, "what was called to mind is not called to mind again for another term"


async def test_what_was_done_before_the_digest_is_left_out(stage: Stage) -> None:
    one, other = item(stage, reminders=1), item(stage, reminders=1)
    await hear(stage, one, other)
    await hear(stage, one.model_copy(update={"state": WorkState.DONE}))
    await digest_time(stage)
    assert [params["count"] for _, _, params in await said(stage)] == ["1"]
    third = item(stage, reminders=1)
    await hear(stage, third, third.model_copy(update={"state": WorkState.WAIVED}))
    await digest_time(stage)
    assert len(await said(stage)) == 1, "an empty digest is not sent"


async def test_many_workers_send_each_digest_once(stage: Stage) -> None:
    for n in range(12):
        await hire(stage, f"p-{n}", f"legal@b-{n}")
        await hear(stage, item(stage, reminders=1, role="legal", place=f"b-{n}"))
    clock(stage).later(minutes=10)
    async with at_work(stage.runner()), at_work(stage.runner()), at_work(stage.runner()):

        async def through() -> bool:
            return len(await said(stage)) == 12

        await eventually(through)
    assert len({person for person, _, _ in await said(stage)}) == 12


@pytest.mark.rule("P06.2")
async def test_a_reminder_goes_to_who_is_on_duty_or_to_the_one_it_is_owed_by(stage: Stage) -> None:
    await hire(stage, "rel-2", SEAT)
    await rota(stage, SEAT, date(2026, 3, 2), ("rel-2", "08:00", "18:00"))
    await hear(stage, item(stage, reminders=1))
    await digest_time(stage)
    assert [person for person, _, _ in await said(stage)] == ["rel-2"]
    await hear(stage, item(stage, reminders=1, person="rel-1"))
    await digest_time(stage)
    assert [person for person, _, _ in await said(stage)] == ["rel-2", "rel-1"]


@pytest.mark.rule("P12.8")
async def test_what_was_missed_is_told_at_once_to_each_role_it_is_passed_up_to(stage: Stage) -> None:
    one = item(stage, reminders=2, state=WorkState.MISSED, escalated_to=["relations_manager"])
    await hear(stage, one)
    ((person, template, params),) = await said(stage)
    assert (person, template) == ("rm-1", "work_missed")
    assert (params["kind"], params["role"], params["place"], params["rules"]) == (
        "judge", "customer_relations", "sh-pudong", "P04.3"
    )  # fmt: skip
    await stage.receive(one, key=str(one.id), sequence=5)
    more = one.model_copy(update={"escalated_to": ["relations_manager", "general_manager"]})
    await stage.receive(more, key=str(one.id), sequence=6)
    assert [person for person, _, _ in await said(stage)] == ["rm-1", "gm-1"]


async def test_where_nobody_holds_the_role_at_the_place_the_next_one_hears_of_it(stage: Stage) -> None:
    one = item(stage, place="sh-minhang", state=WorkState.MISSED, escalated_to=["general_manager"])
    await hire(stage, "gm-group", "general_manager@group")
    await hear(stage, one)
    assert [person for person, _, _ in await said(stage)] == ["gm-group"]


@pytest.mark.rule("P12.10")
@pytest.mark.rule("P12.2")
async def test_work_is_called_to_mind_and_passed_up_to_nobody_whom_it_is_about(stage: Stage) -> None:
    one = item(stage, reminders=1, excluded=["clerk-1", "gm-1"])
    await hear(stage, one)
    await hear(stage, one.model_copy(update={"state": "missed", "escalated_to": ["general_manager"]}))
    await digest_time(stage)
    assert {person for person, _, _ in await said(stage)}.isdisjoint({"clerk-1", "gm-1"})
    assert await said(stage) != []


async def test_an_approval_that_arrives_is_told_once_and_again_where_it_moves(stage: Stage) -> None:
    step = item(stage, kind="approve.compensation", role="relations_manager")
    await hear(stage, step)
    await stage.receive(step.model_copy(update={"reminders": 0}), key=str(step.id), sequence=2)
    assert [(p, t) for p, t, _ in await said(stage)] == [("rm-1", "approval_waiting")]
    await stage.receive(step.model_copy(update={"role": "general_manager"}), key=str(step.id), sequence=3)
    assert [(p, t) for p, t, _ in await said(stage)] == [("rm-1", "approval_waiting"), ("gm-1", "approval_waiting")]


async def test_a_reminder_without_an_address_waits_in_the_inbox_and_bothers_nobody_else(stage: Stage) -> None:
    await hire(stage, "rel-3", "legal@sh-pudong")
    await hear(stage, item(stage, reminders=1, role="legal"))
    await digest_time(stage)
    clock(stage).later(minutes=2)  # what that worker had taken is free again
    async with at_work(stage.runner()):

        async def tried() -> bool:
            return await stage.rows("SELECT 1 FROM dispatches WHERE state = 'failed'") != []

        await eventually(tried)
    assert [person for person, _, _ in await said(stage)] == ["rel-3"]
    assert [row[0] for row in await stage.rows("SELECT channel FROM dispatches ORDER BY channel")] == ["inbox", "mail"]


async def test_work_that_is_done_leaves_nothing_unread(stage: Stage) -> None:
    step = item(stage, kind="approve.compensation", role="relations_manager")
    await hear(stage, step)
    late = item(stage, reminders=1)
    await hear(stage, late)
    await digest_time(stage)
    await hear(stage, late.model_copy(update={"state": WorkState.MISSED, "escalated_to": ["general_manager"]}))
    done = {"state": WorkState.DONE}
    await stage.receive(step.model_copy(update=done), key=str(step.id), sequence=9)
    await stage.receive(late.model_copy(update=done), key=str(late.id), sequence=9)
    rows = await stage.rows(
        "SELECT template, unread, settled_at IS NOT NULL AS settled, read_at FROM notices ORDER BY id"
    )
    assert [tuple(row) for row in rows] == [
        ("approval_waiting", False, True, None), ("work_due", False, True, None), ("work_missed", False, True, None)
    ]  # fmt: skip


async def test_a_digest_of_several_stays_unread_until_the_last_of_them_is_done(stage: Stage) -> None:
    one, other = item(stage, reminders=1), item(stage, reminders=1)
    await hear(stage, one, other)
    await digest_time(stage)
    await stage.receive(one.model_copy(update={"state": WorkState.DONE}), key=str(one.id), sequence=9)
    assert [row[0] for row in await stage.rows("SELECT unread FROM notices")] == [True]
    await stage.receive(other.model_copy(update={"state": WorkState.WAIVED}), key=str(other.id), sequence=9)
    assert [row[0] for row in await stage.rows("SELECT unread FROM notices")] == [False]


async def test_work_that_was_over_before_it_was_heard_of_tells_nobody(stage: Stage) -> None:
    await hear(stage, item(stage, reminders=3, state=WorkState.DONE, escalated_to=["general_manager"]))
    assert await said(stage) == []


@pytest.mark.rule("P12.2")
async def test_whom_it_turns_out_to_be_about_is_not_the_next_to_be_told(stage: Stage) -> None:
    await hire(stage, "head-1", "department_head@sh-pudong")
    await hire(stage, "vp-1", "vp_operations@group")
    message = serious(stage, "department_head@sh-pudong", confirm_by=stage.runtime.clock() + timedelta(minutes=30))
    await send(stage, message)
    await stage.deliver_outbox()
    await hear(stage, item(stage, subject=message.subject, excluded=["gm-1"]), item(stage, excluded=["vp-1"]))
    clock(stage).later(minutes=31)
    await fire(stage)
    assert await people_of(stage, message) == ["head-1", "vp-1"]
