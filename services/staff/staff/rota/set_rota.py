"""Sets who is on duty on a day, and carries a week over to another; work goes to who is there (P06.2, P06.9)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated, Any

from chassis.auth import Principal
from chassis.http import post, put
from chassis.problems import Forbidden, Invalid
from chassis.tx import Tx
from chassis.wrong import Wrong
from contracts.roles import Role
from policy.access import branch_of
from policy.calendar import ZONE
from pydantic import BaseModel, ConfigDict, Field

from staff.branch import place_exists
from staff.people.form import Part, Place
from staff.permissions import SET_ROTA
from staff.person import NoSuchPlace
from staff.rota.rota import ROTAS, Rota, Shift, on_day, rota_id, set_day

RULES = ("P06.2", "P06.9")


class DayForm(Part):
    """The shifts of a day, all of them: what is not sent is no more. None at all: every holder is on duty."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "role": "call_centre",
                    "place": "group",
                    "date": "2026-03-02",
                    "shifts": [{"person": "agent-7", "from_time": "08:00", "until_time": "16:00"}],
                }
            ]
        }
    )

    role: Role
    place: Place
    date: date
    shifts: Annotated[tuple[Shift, ...], Field(max_length=200)]


class ShiftView(BaseModel):
    """Who is on duty from when until when."""

    person: str
    from_at: datetime
    until_at: datetime


class RotaView(BaseModel):
    """A day of a role at a place."""

    role: str
    place: str
    date: date
    shifts: list[ShiftView]
    set_by: str
    version: int


@put("/v1/rota", needs=SET_ROTA)
async def set_rota(form: DayForm, principal: Principal, tx: Tx) -> RotaView:
    """Set a day; the same again changes nothing."""
    await _check(tx, principal, form.place)
    shifts = [on_day(shift, form.date) for shift in form.shifts]
    rota = await set_day(tx, form.role, form.place, form.date, shifts, principal.subject)
    await tx.flush()
    return view_of(rota)


class WeekForm(Part):
    """Which week is carried over to which; both begin on a Monday."""

    role: Role
    place: Place
    from_monday: date
    to_monday: date


@post("/v1/rota/copy-week", needs=SET_ROTA)
async def copy_week(form: WeekForm, principal: Principal, tx: Tx) -> list[RotaView]:
    """Carry the days of a week that are set over, at the same civil times; all, or none where one does not fit."""
    await _check(tx, principal, form.place)
    errors = [Wrong.MONDAY.at(f"/{name}") for name in ("from_monday", "to_monday") if getattr(form, name).weekday()]
    if form.from_monday == form.to_monday:
        errors.append(Wrong.SAME.at("/to_monday"))
    if errors:
        raise Invalid("Name two Mondays.", errors=errors)
    shift_by = form.to_monday - form.from_monday
    ids = [rota_id(form.role, form.place, form.from_monday + timedelta(days=n)) for n in range(7)]
    kept = (await tx.load(ROTAS, ids, lock=False)).values()
    replaced = [rota_id(form.role, form.place, rota.date + shift_by) for rota in kept]
    copied: list[Rota] = []
    for rota in sorted(kept, key=lambda rota: rota.date):
        shifts = [_moved(one, shift_by) for one in rota.shifts]
        copied.append(
            await set_day(tx, form.role, form.place, rota.date + shift_by, shifts, principal.subject, replaced=replaced)
        )
    await tx.flush()
    return [view_of(rota) for rota in copied]


def _moved(shift: dict[str, Any], by: timedelta) -> dict[str, Any]:
    instants = {name: (datetime.fromisoformat(shift[name]) + by).isoformat() for name in ("from_at", "until_at")}
    return {**shift, **instants}


async def _check(tx: Tx, principal: Principal, place: str) -> None:
    if not await place_exists(tx, place):
        raise NoSuchPlace(place)
    if not SET_ROTA.reach(principal).includes(branch_of(place)):
        raise Forbidden(f"You set rotas, but not at {place}.", rules=("P06.9",))


def view_of(rota: Rota) -> RotaView:
    """The day on a screen, in civil time."""
    shifts = [
        ShiftView(
            person=one["person"],
            from_at=datetime.fromisoformat(one["from_at"]).astimezone(ZONE),
            until_at=datetime.fromisoformat(one["until_at"]).astimezone(ZONE),
        )
        for one in rota.shifts
    ]
    return RotaView(
        role=rota.role.value, place=rota.place, date=rota.date, shifts=shifts, set_by=rota.set_by, version=rota.version
    )
