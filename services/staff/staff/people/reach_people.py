"""How people are reached, for whoever tells them something: mail, mobile, language; recorded (P05.9, P05.15)."""

from __future__ import annotations

from typing import Annotated

from chassis.fields import Text
from chassis.http import post
from chassis.tx import Tx
from contracts.staff import Employment
from pydantic import BaseModel, Field

from staff.people.form import Part, Subject
from staff.permissions import REACH_PEOPLE
from staff.person import people_of

RULES = ("P05.9", "P05.15")


class Asked(Part):
    """Whom to reach, and what for: the purpose is recorded."""

    subjects: Annotated[list[Subject], Field(min_length=1, max_length=100)]
    purpose: Annotated[Text, Field(min_length=2, max_length=100)]


class Reachable(BaseModel):
    """How somebody is reached."""

    subject: str
    mail: str | None
    mobile: str | None
    language: str


class Answered(BaseModel):
    """In the order asked; `unknown` are subjects of nobody, or of people who have left."""

    people: list[Reachable]
    unknown: list[str]


@post("/v1/people/reach", needs=REACH_PEOPLE)
async def reach_people(asked: Asked, tx: Tx) -> Answered:
    """Mail, mobile and language of up to 100 people of staff."""
    subjects = list(dict.fromkeys(asked.subjects))
    found = await people_of(tx, subjects)
    there = {subject: one for subject, one in found.items() if one.employment is not Employment.LEFT}
    await tx.keys_of(person.subject_id for person in there.values())
    reachable = []
    for subject in subjects:
        if subject not in there:
            continue
        clear = await tx.unseal(there[subject], why=asked.purpose, rules=RULES)
        reachable.append(
            Reachable(
                subject=subject,
                mail=clear.get("mail"),
                mobile=clear.get("mobile"),
                language=there[subject].language,
            )
        )
    return Answered(people=reachable, unknown=[subject for subject in subjects if subject not in there])
