"""What is entered about a person of staff, and how they are shown."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from chassis.fields import Mail, Phone, no_nul
from chassis.problems import Invalid
from chassis.wrong import Wrong
from contracts.customer import TokenKind
from contracts.roles import Role
from contracts.staff import Employment
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from staff.person import Grant, Person

# stripped before it is measured: `Text` is checked before what is said about it here
Subject = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), AfterValidator(no_nul)]
Number = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,29}$")]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), AfterValidator(no_nul)]
Department = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,49}$")]
Place = Annotated[
    str, Field(pattern=r"^(area:)?[a-z0-9][a-z0-9-]{0,49}(/[a-z0-9][a-z0-9_-]{0,49})?$", description="where it holds")
]
Language = Literal["zh", "en"]


class Part(BaseModel):
    """A part of a form: nothing in it that is not known."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Personal(Part):
    """What is kept sealed of a person."""

    name: Name
    mail: Mail | None = None
    mobile: Phone | None = None

    def values(self) -> list[tuple[TokenKind, str]]:
        """What two entries of one person would share."""
        found = [(TokenKind.MAIL, self.mail)] if self.mail else []
        return found + ([(TokenKind.PHONE, self.mobile)] if self.mobile else [])


class GrantForm(Part):
    """A role somewhere for a time."""

    role: Role
    place: Place
    from_at: Annotated[datetime | None, Field(description="null: from now on")] = None
    until_at: datetime | None = None


def _once_each(roles: tuple[GrantForm, ...]) -> tuple[GrantForm, ...]:
    """Ending one of two would end nothing."""
    if len({(one.role, one.place) for one in roles}) != len(roles):
        raise Wrong.DUPLICATE.error("has a role twice at one place")
    return roles


Roles = Annotated[tuple[GrantForm, ...], Field(max_length=50), AfterValidator(_once_each)]


def window(from_at: datetime | None, until_at: datetime | None, now: datetime) -> tuple[datetime, datetime | None]:
    """From when until when; 422 where one has no offset, or the end does not come after the begin and after now."""
    errors = [
        Wrong.TIMEZONE_AWARE.at(f"/{name}")
        for name, at in (("from_at", from_at), ("until_at", until_at))
        if at is not None and at.tzinfo is None
    ]
    begin = from_at or now
    if not errors and until_at is not None and until_at <= max(begin, now):
        errors = [(Wrong.IN_PAST if until_at <= now else Wrong.BEFORE_BEGIN).at("/until_at")]
    if errors:
        raise Invalid("Correct the time and send it again.", errors=errors)
    return begin, until_at


def instant(at: datetime | None, now: datetime) -> datetime | None:
    """When something shall happen, null: now; 422 where it has no offset, or does not lie ahead."""
    if at is None:
        return None
    wrong = Wrong.TIMEZONE_AWARE if at.tzinfo is None else Wrong.IN_PAST if at <= now else None
    if wrong is not None:
        raise Invalid("Correct the time and send it again.", errors=[wrong.at("/at")])
    return at


class GrantView(BaseModel):
    """A role that somebody holds, will hold or has held."""

    id: UUID
    role: str
    zh: str
    en: str
    place: str
    from_at: datetime
    until_at: datetime | None
    on_behalf_of: str | None


class PersonLine(BaseModel):
    """Somebody in a list: no name, no number to reach them."""

    id: UUID
    subject: str
    branch: str
    department: str | None
    employment: Employment
    leaves_at: datetime | None
    path: str


class PersonView(PersonLine):
    """Somebody opened; `personal` is clear text, and that it was read is recorded."""

    employee_number: str | None
    language: str
    joined_at: datetime
    moves: dict[str, Any] | None
    personal: Personal
    grants: list[GrantView]
    version: int


def grant_view(grant: Grant) -> GrantView:
    """The role on a screen."""
    shown = {name: getattr(grant, name) for name in ("id", "place", "from_at", "until_at", "on_behalf_of")}
    return GrantView(**shown, role=grant.role.value, zh=grant.role.zh, en=grant.role.en)


def line_of(person: Person) -> PersonLine:
    """The person in a list."""
    return PersonLine(
        id=person.id,
        subject=person.subject,
        branch=person.branch,
        department=person.department,
        employment=person.employment,
        leaves_at=person.leaves_at,
        path=f"/v1/people/{person.id}",
    )


def view_of(person: Person, personal: Personal, grants: Sequence[Grant], now: datetime) -> PersonView:
    """The person opened, with what they hold and will hold."""
    held = sorted((grant for grant in grants if not grant.over_by(now)), key=lambda grant: (grant.from_at, grant.id))
    return PersonView(
        **line_of(person).model_dump(),
        employee_number=person.employee_number,
        language=person.language,
        joined_at=person.joined_at,
        moves=person.moves,
        personal=personal,
        grants=[grant_view(grant) for grant in held],
        version=person.version,
    )
