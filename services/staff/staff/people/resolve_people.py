"""Who the subjects on a screen are: name, branch and posts, within the caller's reach, recorded (P05.9)."""

from __future__ import annotations

from typing import Annotated

from chassis.auth import Principal
from chassis.http import post
from chassis.tx import Tx
from policy.access import GROUP
from pydantic import BaseModel, Field

from staff.people.form import Part, Subject
from staff.permissions import RESOLVE_PEOPLE
from staff.person import GRANTS, Grant, people_of

RULES = ("P05.9",)


class Asked(Part):
    """The subjects that a screen shows."""

    subjects: Annotated[list[Subject], Field(min_length=1, max_length=100)]


class Post(BaseModel):
    """A role they hold now."""

    role: str
    zh: str
    en: str
    place: str


class Resolved(BaseModel):
    """A colleague as a screen may show them."""

    subject: str
    name: str
    branch: str
    department: str | None
    employment: str
    posts: list[Post]


class Answered(BaseModel):
    """Who is who, in the order asked; `unknown` are subjects of nobody, or of people outside your reach."""

    people: list[Resolved]
    unknown: list[str]


@post("/v1/people/resolve", needs=RESOLVE_PEOPLE)
async def resolve_people(asked: Asked, principal: Principal, tx: Tx) -> Answered:
    """Names of up to 100 people: of your branches, of the head office, and your own."""
    reach = RESOLVE_PEOPLE.reach(principal)
    subjects = list(dict.fromkeys(asked.subjects))
    seen = {
        subject: person
        for subject, person in (await people_of(tx, subjects)).items()
        if person.branch == GROUP or subject == principal.subject
        or reach.includes(person.branch, department=person.department)
    }  # fmt: skip
    await tx.keys_of(person.subject_id for person in seen.values())
    rows = await tx.driver.fetch(
        "SELECT id FROM grants WHERE person_id = ANY($1::uuid[]) AND from_at <= $2 "
        "AND (until_at IS NULL OR until_at > $2)",
        [person.id for person in seen.values()],
        tx.now,
    )
    held: list[Grant] = list((await tx.load(GRANTS, [row[0] for row in rows], lock=False)).values())
    resolved = []
    for subject in subjects:
        if subject not in seen:
            continue
        person = seen[subject]
        clear = await tx.unseal(person, why="a colleague on a screen", rules=RULES)
        resolved.append(
            Resolved(
                subject=subject,
                name=clear["name"],
                branch=person.branch,
                department=person.department,
                employment=person.employment.value,
                posts=[
                    Post(role=grant.role.value, zh=grant.role.zh, en=grant.role.en, place=grant.place)
                    for grant in held
                    if grant.person_id == person.id
                ],
            )
        )
    return Answered(people=resolved, unknown=[subject for subject in subjects if subject not in seen])
