"""Staff who can be told, the staff service that says how, and what they were told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

import orjson
from chassis.kit.counterpart import Reply, Request, answered, counterpart
from chassis.kit.keys import TestIssuer
from chassis.kit.stage import Stage, staged
from chassis.service import Service
from contracts.notify import Send
from contracts.staff import Profile, RotaEntry, ShiftLine
from policy.calendar import ZONE
from policy.kit import Clock, open_branch
from policy.obligations import Timer

#: planted in the answers of staff: they must be found nowhere but sealed, and where the message goes
MOBILE, MAIL = "13912345678", "wang.xiaoming@kehu.example"


@dataclass
class Staff:
    """The staff service and the identity provider at one address; `people` is how they are reached."""

    people: dict[str, dict[str, str | None]] = field(default_factory=dict)
    asked: list[list[str]] = field(default_factory=list)
    away: bool = False
    instead: Any = None

    def answer(self, request: Request) -> Reply:
        if request.path == "/token":
            return answered({"access_token": "t", "expires_in": 300})
        if self.away:
            return Reply(503)
        if self.instead is not None:
            return answered(self.instead)
        asked = orjson.loads(request.body)
        if set(asked) != {"subjects", "purpose"}:
            return Reply(422)
        subjects = asked["subjects"]
        self.asked.append(subjects)
        return answered({"people": [{"subject": one, **self.people[one]} for one in subjects if one in self.people]})

    def reach(self, *people: str, mobile: str | None = MOBILE, mail: str | None = MAIL, language: str = "zh") -> None:
        for one in people:
            self.people[one] = {"mobile": mobile, "mail": mail, "language": language}


@asynccontextmanager
async def told(
    service: Service, database: str, keys: tuple[Path, Path], issuer: TestIssuer, staff: Staff, **more: Any
) -> AsyncIterator[Stage]:
    """The service, with staff answering beside it; it is Monday morning."""
    async with counterpart(staff.answer) as address:
        beside = {"peers": {"staff": address}, "token_endpoint": f"{address}/token"}
        more = {"grants_from": "staff", "public_url": "https://kehu.example", **beside, **more}
        async with staged(service, database, keys, issuer, **more) as stage:
            stage.runtime.clock = Clock(datetime(2026, 3, 2, 9, 15, tzinfo=ZONE))
            await open_branch(
                stage, "sh-pudong", Profile.DEALERSHIP, region="east", title="上海浦东4S店",
                departments={"after_sales": "售后部"},
            )  # fmt: skip
            await open_branch(stage, "sh-minhang", Profile.DEALERSHIP, region="east")
            yield stage


def clock(stage: Stage) -> Clock:
    found = stage.runtime.clock
    assert isinstance(found, Clock)
    return found


def serious(stage: Stage, *to: str, **changes: Any) -> Send:
    """What complaint sends when a case becomes serious."""
    case = uuid4()
    return Send(
        **{
            "send_id": uuid4(), "service": "complaint", "template": "serious_complaint", "to": list(to),
            "subject": str(case), "path": f"/v1/complaints/{case}",
            "params": {"number": "20260302-0000001-3", "branch": "sh-pudong", "at": stage.runtime.clock().isoformat()},
            "rules": ["P12.7"], "confirm_by": None, "urgent": False, **changes,
        }
    )  # fmt: skip


async def send(stage: Stage, message: Send, **more: Any) -> Any:
    return await stage.receive(message, key=message.subject, **more)


async def rota(stage: Stage, seat: str, day: date, *shifts: tuple[str, str, str], sequence: int = 1) -> None:
    """The rota of `role@place` on a day: who from when until when, in Shanghai; an earlier end is on the next day."""
    role, _, place = seat.partition("@")
    identifier = uuid5(NAMESPACE_URL, f"{seat} {day}")
    lines = []
    for person, begin, end in shifts:
        from_at, until_at = (datetime.combine(day, time.fromisoformat(t), ZONE) for t in (begin, end))
        until_at += timedelta(days=1) if until_at <= from_at else timedelta()
        lines.append(ShiftLine(person=person, from_at=from_at, until_at=until_at))
    entry = RotaEntry(rota_id=identifier, role=role, place=place, date=day, shifts=lines)
    await stage.receive(entry, key=str(identifier), sequence=sequence)


async def people_of(stage: Stage, message: Send) -> list[str]:
    """Who was told, in order."""
    rows = await stage.rows("SELECT person FROM notices WHERE send_id = $1 ORDER BY id", message.send_id)
    return [row[0] for row in rows]


async def notice_of(stage: Stage, person: str) -> UUID:
    """The newest notice of a person."""
    rows = await stage.rows("SELECT id FROM notices WHERE person = $1 ORDER BY id DESC LIMIT 1", person)
    found: UUID = rows[0][0]
    return found


async def ways_of(stage: Stage, person: str) -> dict[str, str]:
    """Over which channels a person was told, and how that stands."""
    rows = await stage.rows(
        "SELECT d.channel, d.state FROM dispatches d JOIN notices n ON n.id = d.notice_id WHERE n.person = $1", person
    )
    return {row[0]: row[1] for row in rows}


async def fire(stage: Stage) -> None:
    """Whatever is due happens, and the service hears of its own work."""
    timer = Timer(stage.runtime)
    while await timer.fire():
        pass
    await stage.deliver_outbox()
