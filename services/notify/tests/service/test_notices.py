"""A notice reaches its person: once, over channel after channel, and goes on to the next where it does not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio
from chassis.kit.at_work import at_work
from chassis.kit.eventually import eventually
from chassis.kit.keys import TestIssuer
from chassis.kit.stage import Stage
from chassis.service import Service
from contracts.notify import NobodyTold, NoticeRead, NoticeSent
from contracts.roles import Role
from contracts.staff import Employment
from contracts.work import WorkItem, WorkState
from policy.kit import hire

from .people import MAIL, MOBILE, Staff, clock, fire, notice_of, people_of, send, serious, told, ways_of

HEAD, MANAGER = "department_head@sh-pudong", "general_manager@sh-pudong"


@pytest.fixture
def staff() -> Staff:
    return Staff()


@pytest_asyncio.fixture
async def stage(
    service: Service, database: str, keys: tuple[Path, Path], issuer: TestIssuer, staff: Staff
) -> AsyncIterator[Stage]:
    async with told(service, database, keys, issuer, staff) as stage:
        staff.reach("head-1", "gm-1", "gm-2", "vp-1")
        await hire(stage, "head-1", HEAD)
        await hire(stage, "gm-1", MANAGER)
        await hire(stage, "vp-1", "vp_operations@group")
        yield stage


async def channels(stage: Stage, person: str) -> list[str]:
    """Over which channels the others heard that a person was told, in order."""
    said = [event.message for event in await stage.outbox(NoticeSent)]
    return [one.channel for one in said if isinstance(one, NoticeSent) and one.person == person]


async def test_the_tables_are_as_the_migrations_make_them(stage: Stage) -> None:
    assert await stage.differences() == []


async def test_a_send_that_comes_twice_tells_once(stage: Stage) -> None:
    message = serious(stage, HEAD, MANAGER)
    record = await send(stage, message)
    await stage.consumer.consume([record])
    await send(stage, message)
    assert await people_of(stage, message) == ["head-1", "gm-1"]
    assert len(await stage.outbox(NoticeSent)) == 2


async def test_the_same_send_twice_in_one_batch_tells_once(stage: Stage) -> None:
    message = serious(stage, MANAGER)
    records = [stage.record(message, key=message.subject) for _ in range(2)]
    await stage.consumer.consume(records)
    assert await people_of(stage, message) == ["gm-1"]
    assert await stage.rows("SELECT 1 FROM kehu.parked") == []


@pytest.mark.rule("P12.7")
async def test_what_is_urgent_goes_over_every_channel_at_once(stage: Stage, staff: Staff) -> None:
    async with at_work(stage.runner()):
        await send(stage, serious(stage, MANAGER, urgent=True))

        async def arrived() -> bool:
            return sorted(await channels(stage, "gm-1")) == ["inbox", "mail", "sms"]

        await eventually(arrived)
    async with stage.client(subject="vp-1") as boss:
        sunk = (await boss.get("/v1/sink")).json()["items"]
    assert {one["channel"] for one in sunk} == {"sms", "mail"}
    assert all("20260302-0000001-3" in one["text"] for one in sunk)
    link = f"https://kehu.example/inbox/{await notice_of(stage, 'gm-1')}"
    assert all(link in one["text"] for one in sunk)
    assert not any(value in str(sunk) for value in (MOBILE, MAIL))


@pytest.mark.rule("P12.4")
async def test_the_relations_manager_hears_of_a_call_centre_complaint_by_sms(stage: Stage, staff: Staff) -> None:
    staff.reach("rm-1", language="en")
    await hire(stage, "rm-1", "relations_manager@sh-pudong")
    params = {"number": "20260302-0000002-1", "branch": "sh-pudong"}
    async with at_work(stage.runner()):
        to = "relations_manager@sh-pudong"
        await send(stage, serious(stage, to, template="call_centre_complaint", params=params))

        async def arrived() -> bool:
            return await channels(stage, "rm-1") == ["inbox", "sms"]

        await eventually(arrived)
    ((text,),) = await stage.rows("SELECT text FROM sink")
    assert text.startswith("The group call centre has passed on 20260302-0000002-1")


@pytest.mark.rule("P12.6")
async def test_who_does_not_confirm_is_told_over_the_next_channel_then_the_next_person_is(stage: Stage) -> None:
    message = serious(stage, HEAD, template="serious_confirm", confirm_by=stage.runtime.clock() + timedelta(minutes=30))
    async with at_work(stage.runner()):
        await send(stage, message)
        await stage.deliver_outbox()
        assert await ways_of(stage, "head-1") == {"inbox": "sent"}
        clock(stage).later(minutes=11)
        await fire(stage)
        await eventually(lambda: _is(stage, "head-1", sms="sent"))
        assert "mail" not in await ways_of(stage, "head-1")
        clock(stage).later(minutes=10)
        await fire(stage)
        await eventually(lambda: _is(stage, "head-1", sms="sent", mail="sent"))
        assert await people_of(stage, message) == ["head-1"]
        clock(stage).later(minutes=10)
        await fire(stage)
    assert await people_of(stage, message) == ["head-1", "gm-1"]
    said = (await stage.outbox(NoticeSent))[-1].message
    assert isinstance(said, NoticeSent)
    assert said.person == "gm-1"
    assert (said.because or "").startswith(f"{HEAD} did not confirm in time; nobody holds department_head@area:east")
    async with stage.client(subject="vp-1") as boss:
        proof = (await boss.get(f"/v1/notices?send={message.send_id}")).json()["items"]
    second, first = proof
    assert (first["person"], first["confirmed_at"]) == ("head-1", None)
    assert first["passed_over_at"] is not None
    assert [one["because"] for one in first["channels"]] == [
        "policy", "not confirmed, reminder 1", "not confirmed, reminder 2"
    ]  # fmt: skip
    called = f"上海浦东4S店 {Role.DEPARTMENT_HEAD.zh}"
    assert second["because_zh"].startswith(f"{called} 未按时确认；")
    assert second["because"].startswith(f"{Role.DEPARTMENT_HEAD.en} at 上海浦东4S店 did not confirm in time; ")


async def _is(stage: Stage, person: str, **states: str) -> bool:
    ways = await ways_of(stage, person)
    return all(ways.get(channel) == state for channel, state in states.items())


@pytest.mark.rule("P12.6")
@pytest.mark.rule("P12.7")
async def test_who_confirms_in_time_ends_it(stage: Stage) -> None:
    message = serious(stage, HEAD, confirm_by=stage.runtime.clock() + timedelta(minutes=30))
    await send(stage, message)
    await stage.deliver_outbox()
    notice = await notice_of(stage, "head-1")
    async with stage.client(subject="head-1") as head:
        for _ in range(2):
            answer = await head.post(f"/v1/inbox/{notice}/confirm")
            assert answer.status_code == 200, answer.text
    (event,) = await stage.outbox(NoticeRead)
    assert isinstance(event.message, NoticeRead)
    assert (event.message.confirmed, event.message.person, event.key) == (True, "head-1", str(message.send_id))
    items = [e.message for e in await stage.outbox(WorkItem)]
    assert [one.state for one in items if isinstance(one, WorkItem)] == [WorkState.DONE]
    clock(stage).later(hours=3)
    await fire(stage)
    assert await people_of(stage, message) == ["head-1"]


@pytest.mark.rule("P12.6")
@pytest.mark.rule("P12.2")
async def test_whom_it_is_about_is_never_told_nor_who_stands_in_for_them(stage: Stage) -> None:
    await hire(stage, "deputy-1", HEAD, on_behalf_of="head-1")
    message = serious(stage, HEAD).model_copy(update={"excluded": ["head-1"]})
    await send(stage, message)
    assert await people_of(stage, message) == ["gm-1"]
    (notice,) = await stage.rows("SELECT because FROM notices")
    assert notice["because"][0] == [HEAD, "excluded"]


async def test_it_climbs_to_the_top_and_no_further(stage: Stage) -> None:
    message = serious(stage, HEAD, confirm_by=stage.runtime.clock() + timedelta(minutes=30))
    await send(stage, message)
    await stage.deliver_outbox()
    for _ in range(4):
        clock(stage).later(minutes=31)
        await fire(stage)
        await fire(stage)
    assert await people_of(stage, message) == ["head-1", "gm-1", "vp-1"]
    assert await stage.outbox(NobodyTold) == []
    ((seats,),) = await stage.rows("SELECT seats FROM sends")
    assert [role for role, reason in seats[0]["tried"] if reason == "unconfirmed"] == [
        HEAD, MANAGER, "vp_operations@group"
    ]  # fmt: skip


@pytest.mark.rule("P12.7")
async def test_one_of_several_holders_who_confirms_is_enough_for_the_seat(stage: Stage) -> None:
    await hire(stage, "head-2", HEAD)
    message = serious(stage, HEAD, confirm_by=stage.runtime.clock() + timedelta(minutes=30))
    await send(stage, message)
    await stage.deliver_outbox()
    async with stage.client(subject="head-2") as head:
        await head.post(f"/v1/inbox/{await notice_of(stage, 'head-2')}/confirm")
    clock(stage).later(minutes=31)
    await fire(stage)
    assert sorted(await people_of(stage, message)) == ["head-1", "head-2"]


@pytest.mark.rule("P12.7")
async def test_several_holders_who_do_not_confirm_are_passed_over_together_once(stage: Stage) -> None:
    await hire(stage, "head-2", HEAD)
    message = serious(stage, HEAD, confirm_by=stage.runtime.clock() + timedelta(minutes=30))
    await send(stage, message)
    await stage.deliver_outbox()
    clock(stage).later(minutes=31)
    await fire(stage)
    assert await people_of(stage, message) == ["head-1", "head-2", "gm-1"]


@pytest.mark.rule("P12.6")
@pytest.mark.parametrize("employment", [Employment.LEFT, Employment.ON_LEAVE])
async def test_who_goes_before_confirming_is_passed_over_at_once(stage: Stage, employment: Employment) -> None:
    message = serious(stage, HEAD, confirm_by=stage.runtime.clock() + timedelta(hours=24))
    await send(stage, message)
    await stage.deliver_outbox()
    await hire(stage, "head-1", HEAD)
    assert await people_of(stage, message) == ["head-1"], "other news of them are none"
    await hire(stage, "head-1", HEAD, employment=employment)
    assert await people_of(stage, message) == ["head-1", "gm-1"]
    said = (await stage.outbox(NoticeSent))[-1].message
    assert isinstance(said, NoticeSent)
    assert (said.because or "").startswith(f"{HEAD} is not there")
    owed = await stage.rows("SELECT person FROM kehu.obligations WHERE ended_at IS NULL ORDER BY person")
    assert [row[0] for row in owed] == (["gm-1"] if employment is Employment.LEFT else ["gm-1", "head-1"])
    await hire(stage, "head-1", HEAD, employment=employment)
    assert await people_of(stage, message) == ["head-1", "gm-1"]


@pytest.mark.rule("P12.6")
async def test_whoever_acts_for_them_is_told_before_the_next_role_and_nobody_where_another_holder_was(
    stage: Stage,
) -> None:
    message = serious(stage, HEAD, confirm_by=stage.runtime.clock() + timedelta(hours=24))
    await send(stage, message)
    await hire(stage, "deputy-1", f"{HEAD} for head-1")
    await hire(stage, "head-1", HEAD, employment=Employment.ON_LEAVE)
    assert await people_of(stage, message) == ["head-1", "deputy-1"]
    await hire(stage, "head-1", HEAD)
    other = serious(stage, HEAD, confirm_by=stage.runtime.clock() + timedelta(hours=24))
    await send(stage, other)
    assert sorted(await people_of(stage, other)) == ["deputy-1", "head-1"]
    await hire(stage, "head-1", HEAD, employment=Employment.LEFT)
    assert sorted(await people_of(stage, other)) == ["deputy-1", "head-1"], "the deputy has been told"


async def test_without_any_address_the_next_channel_is_tried_and_then_the_next_person(
    stage: Stage, staff: Staff
) -> None:
    staff.reach("head-1", mobile=None, mail=None)
    message = serious(stage, HEAD, template="leak_reported", params={"number": "L-1", "at": "2026-03-02T09:00:00Z"})
    async with at_work(stage.runner()):
        await send(stage, message)

        async def passed_on() -> bool:
            return await people_of(stage, message) == ["head-1", "gm-1"]

        await eventually(passed_on)
    assert await ways_of(stage, "head-1") == {"inbox": "sent", "sms": "failed", "mail": "failed"}
    said = [e.message for e in await stage.outbox(NoticeSent)]
    because = next(one.because for one in said if isinstance(one, NoticeSent) and one.person == "gm-1")
    assert (because or "").startswith(f"{HEAD} could not be reached over any channel")


async def test_who_has_opened_it_is_not_passed_over_for_a_missing_address(stage: Stage, staff: Staff) -> None:
    staff.reach("head-1", mobile=None, mail=None)
    message = serious(stage, HEAD, urgent=True)
    await send(stage, message)
    async with stage.client(subject="head-1") as head:
        await head.get(f"/v1/inbox/{await notice_of(stage, 'head-1')}")
    async with at_work(stage.runner()):
        await eventually(lambda: _is(stage, "head-1", sms="failed", mail="failed"))
    assert await people_of(stage, message) == ["head-1"]


async def test_while_staff_is_away_the_message_waits_and_then_goes_out(stage: Stage, staff: Staff) -> None:
    staff.away = True
    async with at_work(stage.runner()):
        await send(stage, serious(stage, MANAGER, urgent=True))

        async def tried() -> bool:
            return len(await stage.rows("SELECT 1 FROM tries WHERE error = 'PeerAway'")) == 2

        await eventually(tried)
        staff.away = False
        clock(stage).later(minutes=2)
        await eventually(lambda: _is(stage, "gm-1", sms="sent", mail="sent"))


async def test_a_confirmation_that_is_due_in_years_or_was_due_yesterday_is_taken(stage: Stage) -> None:
    for days in (800, -1):
        message = serious(stage, MANAGER, confirm_by=stage.runtime.clock() + timedelta(days=days))
        await send(stage, message)
        assert await people_of(stage, message) == ["gm-1"]
    rows = await stage.rows("SELECT confirm_by FROM notices ORDER BY id")
    assert rows[1][0] == stage.runtime.clock() + timedelta(minutes=30), "from now on: it was not told before"
    await fire(stage)
    assert len(await stage.rows("SELECT 1 FROM notices")) == 2


@pytest.mark.rule("P05.15")
async def test_an_unknown_template_or_a_name_among_the_parameters_becomes_the_generic_notice(stage: Stage) -> None:
    for changes in (
        {"template": "birthday"},
        {"params": {"number": "王小明", "branch": "sh-pudong", "at": "x"}},
        {"params": {"number": MOBILE, "branch": "sh-pudong", "at": "x"}},
        {"params": {}},
        {"subject": "王小明 的投诉", "template": "generic"},
    ):
        message = serious(stage, MANAGER, **changes)
        await stage.receive(message, key=str(uuid4()))
        rows = await stage.rows(
            "SELECT template, params::text || subject AS said FROM notices WHERE send_id = $1", message.send_id
        )
        assert [row["template"] for row in rows] == ["generic"]
        assert "王小明" not in rows[0]["said"]
        assert MOBILE not in rows[0]["said"]
