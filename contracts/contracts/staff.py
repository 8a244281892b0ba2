"""What the staff service tells the others: branches, who holds which role where, the calendar, who left."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from contracts.enums import Open
from contracts.message import Command, Entry, Event, Instant
from contracts.money import Amount, Money


class Profile(StrEnum):
    """The set of systems and parameters a branch runs under (READINGS A3)."""

    GROUP = "group"
    SERVICES = "services"
    DEALERSHIP = "dealership"
    RETAIL = "retail"
    DISTRIBUTION = "distribution"
    HOSPITAL = "hospital"
    PROPERTY = "property"
    GPS = "gps"


class Employment(StrEnum):
    """Whether a person of staff is there to act."""

    ACTIVE = "active"
    ON_LEAVE = "on_leave"
    LEFT = "left"


class DepartmentLine(BaseModel):
    """A department of a branch, and what people call it."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    department: str
    title: str


class BranchEntry(Entry, type="staff.branch.v1"):
    """A branch as it stands: what people call it and its departments, its profile and its working time.

    `week` are the hours of the seven weekdays, Monday first, each a list of `09:00-12:00`; None is the
    group's. `closed` and `opened` are days that are not as the calendar says.
    """

    branch_id: UUID
    branch: str
    kind: str
    profile: Open[Profile]
    region: str | None
    week: list[list[str]] | None
    closed: list[date]
    opened: list[date]
    title: str | None = None
    departments: list[DepartmentLine] | None = None


class GrantLine(BaseModel):
    """A role at a place for a time; `on_behalf_of` is the person whose role it is where it is delegated."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    role: str
    place: str
    from_at: Instant
    until_at: Instant | None
    on_behalf_of: str | None


class PersonEntry(Entry, type="staff.person.v1"):
    """Who a subject of the identity provider is to the group: roles, places, times; no name, no number."""

    person_id: UUID
    subject: str
    employment: Open[Employment]
    branch: str
    department: str | None
    grants: list[GrantLine]


class ShiftLine(BaseModel):
    """Who is on duty from when until when; `person` is the subject of the identity provider."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    person: str
    from_at: Instant
    until_at: Instant


class RotaEntry(Entry, type="staff.rota.v1"):
    """The shifts of a role at a place on a civil day (P06.2). Where there is none, every active holder is on duty."""

    rota_id: UUID
    role: str
    place: str
    date: date
    shifts: list[ShiftLine]


class CalendarDay(BaseModel):
    """A day that is not as its weekday: off, or worked."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    date: date
    off: bool
    holiday: str


class CalendarYear(Entry, type="staff.calendar_year.v1"):
    """The holidays and make-up days of a civil year as they were decreed."""

    year_id: UUID
    year: int
    source: str
    days: list[CalendarDay]


class PersonLeft(Event, type="staff.left.v1"):
    """A person of staff has left: every role ended at `left_at` (P01.9)."""

    person_id: UUID
    subject: str
    branch: str
    left_at: Instant


class BreachItem(BaseModel):
    """How often a kind of breach was found in what is punished as one (P13.7, A40)."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    kind: str
    count: int


class RecordBreach(Command, type="staff.record_breach.v1"):
    """Book an approved breach in the conduct ledger (P04.11, P13.7).

    `kind` is one of the ledger's kinds of breach, `subject` the case or file it was found in; `decided_at`
    orders the bookings of a month. Where a loss is borne by several, `base` is the whole of it, `part` whose share this
    is and `share` what it comes to, as it was approved (P11.15). `items` are what was found in one punished hand-over;
    without them it is one of `kind`. `measured` is a rate in percent, where the kind counts bands below a standard
    (P07.7). `repeats` is the breach that was ordered to be corrected and was not (P13.9).
    """

    breach_id: UUID
    person: str
    rule: str
    kind: str
    subject: str
    occurred_on: date
    decided_at: Instant
    base: Money | None
    items: list[BreachItem] | None = None
    measured: Amount | None = None
    part: str | None = None
    share: Money | None = None
    repeats: UUID | None = None


class BreachStanding(StrEnum):
    """What has become of a breach in the ledger.

    Undecided: the policy sets no consequence, somebody must decide. Covered: a graver one of the same case counts.
    """

    BOOKED = "booked"
    UNDECIDED = "undecided"
    COVERED = "covered"
    WITHDRAWN = "withdrawn"


class BreachRecorded(Event, type="staff.breach_recorded.v1"):
    """A breach was booked, or costs something else than before (P04.11, P13.8): what it costs now, all in all.

    `month` is the first day of the civil month in which it was decided, `count` which breach of its family it is
    in that month. `performance_pay` is in percent of the month's. The newest sequence of the account counts.
    """

    breach_id: UUID
    account_id: UUID
    person: str
    branch: str
    department: str | None
    kind: str
    rules: list[str]
    tier: int | None
    subject: str
    month: date
    standing: Open[BreachStanding]
    fine: Money
    share: Money
    points: int
    performance_pay: int
    sanction: str | None
    company_notice: bool
    count: int | None
    doubled: bool
