"""Who is told: on duty by the rota, else every holder, else the next ones; and why is kept."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from chassis.kit.keys import TestIssuer
from chassis.kit.stage import Stage
from chassis.service import Service
from contracts.notify import NobodyTold, NoticeSent
from contracts.staff import Employment
from policy.kit import hire

from .people import Staff, clock, people_of, rota, send, serious, told

SEAT = "relations_manager@sh-pudong"
MONDAY, TUESDAY = date(2026, 3, 2), date(2026, 3, 3)


@pytest_asyncio.fixture
async def stage(service: Service, database: str, keys: tuple[Path, Path], issuer: TestIssuer) -> AsyncIterator[Stage]:
    async with told(service, database, keys, issuer, Staff()) as stage:
        yield stage


async def whom(stage: Stage, *to: str) -> list[str]:
    message = serious(stage, *to)
    await send(stage, message)
    return sorted(await people_of(stage, message))


async def why(stage: Stage) -> str | None:
    said = (await stage.outbox(NoticeSent))[-1].message
    assert isinstance(said, NoticeSent)
    return said.because


@pytest.mark.rule("P06.2")
async def test_without_a_rota_every_holder_of_the_role_is_told(stage: Stage) -> None:
    await hire(stage, "rm-1", SEAT)
    await hire(stage, "rm-2", SEAT)
    await hire(stage, "rm-3", "relations_manager@sh-minhang")
    assert await whom(stage, SEAT) == ["rm-1", "rm-2"]
    assert await why(stage) is None


@pytest.mark.rule("P06.2")
async def test_with_a_rota_only_who_is_on_duty_is_told(stage: Stage) -> None:
    await hire(stage, "rm-1", SEAT)
    await hire(stage, "rm-2", SEAT)
    await rota(stage, SEAT, MONDAY, ("rm-1", "08:00", "12:00"), ("rm-2", "12:00", "18:00"))
    assert await whom(stage, SEAT) == ["rm-1"]
    clock(stage).at("2026-03-02 12:00")
    assert await whom(stage, SEAT) == ["rm-2"]


@pytest.mark.rule("P06.2")
async def test_a_shift_over_midnight_holds_until_its_end_and_not_longer(stage: Stage) -> None:
    await hire(stage, "night", SEAT)
    await hire(stage, "day", SEAT)
    await hire(stage, "gm-1", "general_manager@sh-pudong")
    await rota(stage, SEAT, MONDAY, ("night", "22:00", "06:00"))
    await rota(stage, SEAT, TUESDAY, ("day", "08:00", "18:00"))
    clock(stage).at("2026-03-02 23:59")
    assert await whom(stage, SEAT) == ["night"]
    clock(stage).at("2026-03-03 00:01")
    assert await whom(stage, SEAT) == ["night"]
    clock(stage).at("2026-03-03 06:00")
    assert await whom(stage, SEAT) == ["gm-1"]
    assert (await why(stage) or "").startswith(f"nobody of {SEAT} is on duty; nobody holds relations_manager@area:east")
    clock(stage).at("2026-03-03 08:00")
    assert await whom(stage, SEAT) == ["day"]
    clock(stage).at("2026-03-04 03:00")
    assert await whom(stage, SEAT) == ["day", "night"], "no rota for that day: every holder"


@pytest.mark.rule("P06.2")
async def test_a_changed_rota_counts_and_one_taken_back_is_gone(stage: Stage) -> None:
    await hire(stage, "rm-1", SEAT)
    await hire(stage, "rm-2", SEAT)
    await rota(stage, SEAT, MONDAY, ("rm-1", "08:00", "12:00"), sequence=1)
    await rota(stage, SEAT, MONDAY, ("rm-2", "08:00", "12:00"), sequence=2)
    assert await whom(stage, SEAT) == ["rm-2"]
    await rota(stage, SEAT, MONDAY, ("rm-1", "08:00", "12:00"), sequence=1)
    assert await whom(stage, SEAT) == ["rm-2"]
    await rota(stage, SEAT, MONDAY, sequence=3)
    assert await whom(stage, SEAT) == ["rm-1", "rm-2"], "without shifts every holder is on duty"


async def test_who_is_on_leave_is_not_told_but_who_acts_for_them_is(stage: Stage) -> None:
    await hire(stage, "rm-1", SEAT, employment=Employment.ON_LEAVE)
    await hire(stage, "rm-2", SEAT, on_behalf_of="rm-1")
    await rota(stage, SEAT, MONDAY, ("rm-1", "08:00", "18:00"))
    assert await whom(stage, SEAT) == ["rm-2"]
    assert await whom(stage, "person:rm-1") == ["rm-2"]


@pytest.mark.rule("P12.7")
async def test_where_nobody_is_it_goes_to_the_area_the_group_and_then_the_next_role(stage: Stage) -> None:
    seat = "department_head@sh-pudong/after_sales"
    await hire(stage, "ceo", "ceo@group")
    await hire(stage, "gm-east", "general_manager@area:east")
    assert await whom(stage, seat) == ["gm-east"]
    await hire(stage, "head-east", "department_head@area:east")
    assert await whom(stage, seat) == ["head-east"]
    await hire(stage, "head-branch", "department_head@sh-pudong")
    assert await whom(stage, seat) == ["head-branch"]
    assert await why(stage) == "nobody holds department_head@sh-pudong/after_sales"
    await hire(stage, "head", seat)
    assert await whom(stage, seat) == ["head"]
    assert await whom(stage, "general_manager@sh-minhang") == ["gm-east"]


@pytest.mark.rule("P12.7")
async def test_nobody_anywhere_is_said_with_all_that_was_tried(stage: Stage) -> None:
    assert await whom(stage, "general_manager@sh-pudong") == []
    (event,) = await stage.outbox(NobodyTold)
    said = event.message
    assert isinstance(said, NobodyTold)
    assert said.tried[:4] == [
        "general_manager@sh-pudong", "general_manager@area:east", "general_manager@group", "vp_operations@sh-pudong"
    ]  # fmt: skip


@pytest.mark.parametrize("to", ["captain@sh-pudong", "王小明", "", "@", "person:", "general_manager@"])
async def test_who_cannot_be_made_out_falls_to_those_told_at_last_and_is_not_repeated(stage: Stage, to: str) -> None:
    await hire(stage, "admin-1", "administrator@group")
    assert await whom(stage, to) == ["admin-1"]
    assert "王小明" not in (await why(stage) or "")
    rows: list[Any] = await stage.rows("SELECT seats::text FROM sends")
    assert "王小明" not in rows[0][0]


async def test_a_send_to_nobody_at_all_is_not_lost(stage: Stage) -> None:
    await hire(stage, "admin-1", "administrator@group")
    assert await whom(stage) == ["admin-1"]


async def test_one_person_asked_for_in_two_roles_is_told_once(stage: Stage) -> None:
    await hire(stage, "gm-1", "general_manager@sh-pudong", SEAT)
    assert await whom(stage, SEAT, "general_manager@sh-pudong", "person:gm-1") == ["gm-1"]
