"""Takes a table of people: who is new joins, who is there is brought up to date; twice changes nothing."""

from __future__ import annotations

import re
from typing import Annotated, Any

from chassis.auth import Principal
from chassis.fields import Mail, Phone, Slug, Text
from chassis.imports import Import, Outcome, Taken
from chassis.problems import Invalid, NotFound
from chassis.tx import Tx
from chassis.wrong import Wrong
from contracts.roles import Role
from contracts.staff import Employment
from policy.access import department_place
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from staff.people.change_person import change
from staff.people.form import Department, GrantForm, Language, Name, Number, Subject
from staff.people.join_staff import JoinForm, check_workplace, enter
from staff.permissions import KEEP_PEOPLE
from staff.person import HasLeft, Person, add_grant, check_grant, grants_of, person_of, tell

RULES = ("P05.15", "P05.19")

_BY_NAME = {name: role for role in Role for name in (role.value, role.zh)}


class PersonRow(BaseModel):
    """A row: somebody of staff. `roles` are role@place with the role's name or slug, separated by semicolons."""

    model_config = ConfigDict(extra="forbid")

    subject: Annotated[Subject, Field(title="账号")]
    employee_number: Annotated[Number | None, Field(title="工号")] = None
    name: Annotated[Name, Field(title="姓名")]
    mail: Annotated[Mail | None, Field(title="邮箱")] = None
    mobile: Annotated[Phone | None, Field(title="手机")] = None
    branch: Annotated[Slug, Field(title="分支")]
    department: Annotated[Department | None, Field(title="部门")] = None
    language: Annotated[Language, Field(title="语言")] = "zh"
    roles: Annotated[Text, Field(title="岗位", max_length=2000)] = ""

    def grants(self) -> list[GrantForm]:
        """The roles of the row; a role without a place is held where they work."""
        found = []
        for part in filter(None, (part.strip() for part in re.split(r"[;；、,，\n]", self.roles))):
            name, _, place = part.partition("@")
            role = _BY_NAME.get(name.strip())
            try:
                if role is None:
                    raise ValueError(name)
                where = place.strip() or department_place(self.branch, None)
                found.append(GrantForm(role=role, place=where))
            except (ValueError, ValidationError):
                detail = f"entry {len(found) + 1} is not role@place with a role of the catalogue"
                raise Invalid(
                    "Correct the roles.", errors=[Wrong.LIKE.at("/roles", detail, limit="call_centre@group")]
                ) from None
        return list(dict.fromkeys(found))


async def take_person(row: PersonRow, by: Principal, tx: Tx) -> Taken:
    """Somebody new joins; of somebody who is there, what is new is kept, and roles that are new begin.

    An empty cell changes nothing; a role that the row does not name goes on. Moving is not done by a table.
    """
    grants = row.grants()
    person = await person_of(tx, row.subject, lock=True)
    if person is None:
        said = row.model_dump(exclude={"roles"})
        person = await enter(tx, by, JoinForm.model_validate({**said, "roles": grants}))
        return Taken(Outcome.MADE, str(person.id))
    if person.employment is Employment.LEFT:
        raise HasLeft("They have left. Somebody who comes back gets a subject of their own.")
    if not KEEP_PEOPLE.reach(by).includes(person.branch, department=person.department):
        raise NotFound("There is no such person, or none at a branch where you keep people.")
    await check_workplace(tx, by, row.branch, row.department)
    if (row.branch, row.department or person.department) != (person.branch, person.department):
        raise Invalid(
            "A table does not move people.",
            errors=[Wrong.FIXED.at("/branch", "they work elsewhere: move them")],
        )
    had = person.version, person.sealed, person.employee_number, person.language
    await change(tx, person, row.model_dump(include=_KEPT, exclude_none=True, exclude_unset=True))
    begun = await _begin(tx, by, person, grants)
    changed = begun or had != (person.version, person.sealed, person.employee_number, person.language)
    return Taken(Outcome.CHANGED if changed else Outcome.UNCHANGED, str(person.id))


_KEPT: Any = {"employee_number", "name", "mail", "mobile", "language"}


async def _begin(tx: Tx, by: Principal, person: Person, grants: list[GrantForm]) -> bool:
    """Begin the roles that are new; whether there were any."""
    held = {(g.role, g.place) for g in await grants_of(tx, person) if g.on_behalf_of is None and not g.over_by(tx.now)}
    new = [grant for grant in grants if (grant.role, grant.place) not in held]
    for grant in new:
        await check_grant(tx, by, person.subject, grant.role, grant.place)
        add_grant(tx, person, grant.role, grant.place, from_at=tx.now, until_at=person.until(tx.now, None))
    if new:
        await tell(tx, person)
    return bool(new)


PEOPLE_TABLE = Import("people", "/v1/people/imports", PersonRow, take_person, KEEP_PEOPLE)
