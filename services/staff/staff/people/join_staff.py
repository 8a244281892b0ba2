"""Enters somebody who joins, with the roles they begin with; once, however often it is sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from chassis.auth import Principal
from chassis.fields import Slug
from chassis.http import Answer, post
from chassis.ids import uuid7
from chassis.problems import Forbidden, Invalid
from chassis.tx import Tx
from chassis.wrong import Wrong
from contracts.staff import Employment
from policy.access import GROUP, department_place
from pydantic import ConfigDict, Field

from staff.branch import place_exists
from staff.people.duplicates import enter_tokens, refuse_duplicates
from staff.people.form import (
    Department,
    GrantForm,
    Language,
    Number,
    Personal,
    PersonView,
    Roles,
    Subject,
    view_of,
    window,
)
from staff.permissions import KEEP_PEOPLE
from staff.person import Person, add_grant, check_grant, grants_of, tell
from staff.tables import people

RULES = ("P05.15", "P05.19")


class JoinForm(Personal):
    """Somebody new."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "subject": "relations-1",
                    "employee_number": "E-1042",
                    "name": "李敏",
                    "mail": "li.min@example.com",
                    "mobile": "142 0777 0042",
                    "branch": "sh-pudong",
                    "department": "after_sales",
                    "roles": [{"role": "customer_relations", "place": "sh-pudong"}],
                }
            ]
        }
    )

    subject: Annotated[Subject, Field(description="of the identity provider: whose tokens are theirs")]
    employee_number: Number | None = None
    branch: Annotated[Slug, Field(description="where they work; group is the head office")]
    department: Department | None = None
    language: Language = "zh"
    roles: Roles = ()

    @property
    def personal(self) -> Personal:
        """What goes into the sealed part."""
        return Personal.model_construct(**{name: getattr(self, name) for name in Personal.model_fields})


@post("/v1/people", needs=KEEP_PEOPLE, status=201)
async def join_staff(form: JoinForm, principal: Principal, tx: Tx) -> Answer[PersonView]:
    """Enter somebody; 409 names who has the same subject, number, mail or mobile."""
    person = await enter(tx, principal, form)
    view = view_of(person, form.personal, await grants_of(tx, person), tx.now)
    return Answer(view, headers={"Location": view.path})


async def enter(tx: Tx, principal: Principal, form: JoinForm) -> Person:
    """Enter somebody, as who keeps people at their branch."""
    await check_workplace(tx, principal, form.branch, form.department)
    for role in form.roles:
        await check_grant(tx, principal, form.subject, role.role, role.place)
    return await begin(tx, form)


async def begin(tx: Tx, form: JoinForm) -> Person:
    """The entry itself, told to the others."""
    identifier = uuid7()
    await refuse_duplicates(tx, identifier, form.subject, form.employee_number, form.personal)
    subject = tx.new_subject()
    person = Person(
        id=identifier,
        subject=form.subject,
        employee_number=form.employee_number,
        branch=form.branch,
        department=form.department,
        moves=None,
        language=form.language,
        employment=Employment.ACTIVE,
        joined_at=tx.now,
        leaves_at=None,
        subject_id=subject,
        sealed=await tx.seal(people, identifier, subject, form.personal.model_dump(mode="json")),
        version=1,
        sequence=0,
    )
    tx.add(person)
    await enter_tokens(tx, identifier, form.personal)
    give(tx, person, form.roles)
    await tell(tx, person)
    return person


def give(tx: Tx, person: Person, roles: Sequence[GrantForm]) -> None:
    """The roles of a form, in their windows."""
    for role in roles:
        from_at, until_at = window(role.from_at, role.until_at, tx.now)
        add_grant(tx, person, role.role, role.place, from_at=from_at, until_at=until_at)


async def check_workplace(tx: Tx, principal: Principal, branch: str, department: str | None) -> None:
    """Refuse a branch or department that there is not, or where the principal keeps no people."""
    if branch != GROUP and not await place_exists(tx, department_place(branch, department)):
        raise Invalid(
            "Correct where they work.",
            errors=[Wrong.UNKNOWN.at("/branch", "there is no such branch, or no such department of it")],
        )
    if not KEEP_PEOPLE.reach(principal).includes(branch, department=department):
        raise Forbidden(f"You keep people, but not at the branch {branch}.", rules=("P05.19",))
