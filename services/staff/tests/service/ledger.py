"""A staff service with people, a clock in the test's hand, and breaches sent to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from chassis.ids import uuid7
from chassis.kit.keys import TestIssuer
from chassis.kit.stage import Stage, staged
from chassis.service import Service
from contracts.staff import Profile, RecordBreach
from policy.calendar import ZONE
from policy.kit import Clock, hire_all, open_branch

ADVISER = "adviser-11"


@asynccontextmanager
async def staffed(service: Service, database: str, keys: tuple[Path, Path], issuer: TestIssuer) -> AsyncIterator[Stage]:
    """The service; who is who, the staff directory says. It is Monday morning, the 2nd of March 2026."""
    async with staged(service, database, keys, issuer, grants_from="staff") as stage:
        stage.runtime.clock = Clock(datetime(2026, 3, 2, 9, 15, tzinfo=ZONE))
        await open_branch(stage, "sh-pudong", Profile.DEALERSHIP, region="east")
        await hire_all(
            stage,
            {
                ADVISER: ["service_adviser@sh-pudong/after_sales"],
                "consultant-2": ["sales_consultant@sh-pudong/sales"],
                "manager-1": ["department_manager@sh-pudong/after_sales"],
                "manager-2": ["department_manager@sh-pudong/sales"],
                "director-1": ["customer_director@sh-pudong"],
                "hr-1": ["hr_admin_manager@sh-pudong"],
                "finance-1": ["finance@sh-pudong"],
                "gm-1": ["general_manager@sh-pudong"],
                "gm-2": ["general_manager@bj-chaoyang"],
                "admin-1": ["administrator@group"],
            },
            departments={
                ADVISER: "after_sales",
                "consultant-2": "sales",
                "manager-1": "after_sales",
                "manager-2": "sales",
            },
        )
        yield stage


def clock_of(stage: Stage) -> Clock:
    clock = stage.runtime.clock
    assert isinstance(clock, Clock)
    return clock


def command(kind: str = "after_sales_file_late", **changes: Any) -> RecordBreach:
    """A breach as the archive would send it, decided on Monday at nine."""
    return RecordBreach(
        **{
            "breach_id": uuid7(), "person": ADVISER, "rule": "P13.7", "kind": kind, "subject": "car-1",
            "occurred_on": date(2026, 3, 2), "decided_at": datetime(2026, 3, 2, 9, 0, tzinfo=ZONE), "base": None,
            **changes,
        }
    )  # fmt: skip


def decided(day: int, hour: int = 9, month: int = 3) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=ZONE)


async def send(stage: Stage, said: RecordBreach, **more: Any) -> UUID:
    """Have it booked; its id."""
    await stage.receive(said, key=said.person, **more)
    return said.breach_id


async def read(stage: Stage, breach: UUID, who: str = "gm-1") -> dict[str, Any]:
    async with stage.client(subject=who) as person:
        answer = await person.get(f"/v1/conduct/breaches/{breach}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def fine_of(stage: Stage, breach: UUID) -> Decimal:
    """What the ledger's entries and counter-entries of a breach add up to."""
    ((found,),) = await stage.rows("SELECT coalesce(sum(fine), 0) FROM conduct_entries WHERE breach_id = $1", breach)
    return Decimal(found)


async def parked(stage: Stage) -> int:
    ((count,),) = await stage.rows("SELECT count(*) FROM kehu.parked")
    return int(count)


async def sign(stage: Stage, subject: UUID | str, who: str, *, grant: bool = True) -> Any:
    """Decide what is asked about the subject."""
    async with stage.client(subject=who) as person:
        listed = (await person.get(f"/v1/approvals?subject={subject}&state=open")).json()["items"]
        if not listed:
            return None
        body = {"grant": grant, "digest": listed[0]["digest"], **({} if grant else {"reason": "not shown"})}
        return await person.post(f"/v1/approvals/{listed[0]['id']}/decide", json=body)
