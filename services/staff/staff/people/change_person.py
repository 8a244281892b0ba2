"""Changes what is kept on a person: name, mail, mobile, language, employee number."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from chassis.auth import Principal
from chassis.fields import Mail, Phone
from chassis.http import if_match, patch
from chassis.problems import Invalid, Stale
from chassis.tx import Tx
from contracts.staff import Employment
from fastapi import Depends

from staff.people.duplicates import enter_tokens, refuse_duplicates
from staff.people.form import Language, Name, Number, Part, Personal, PersonView, view_of
from staff.permissions import KEEP_PEOPLE
from staff.person import Person, grants_of, within
from staff.tables import people

RULES = ("P05.15",)


class ChangeForm(Part):
    """Only what is sent is changed; null takes a mail, mobile or number away."""

    name: Name | None = None
    mail: Mail | None = None
    mobile: Phone | None = None
    language: Language | None = None
    employee_number: Number | None = None


@patch("/v1/people/{person_id}", needs=KEEP_PEOPLE)
async def change_person(
    person_id: UUID,
    form: ChangeForm,
    principal: Principal,
    tx: Tx,
    expected: Annotated[int | None, Depends(if_match)] = None,
) -> PersonView:
    """Change an entry; `If-Match` refuses what would overwrite a change that you have not seen."""
    person = await within(tx, person_id, KEEP_PEOPLE, principal, lock=True)
    if expected is not None and expected != person.version:
        raise Stale("It was changed by someone else in the meantime. Read it again and repeat the change.")
    personal = await change(tx, person, form.model_dump(mode="json", exclude_unset=True))
    await tx.flush()
    return view_of(person, personal, await grants_of(tx, person), tx.now)


async def change(tx: Tx, person: Person, sent: dict[str, Any]) -> Personal:
    """Keep what is new; what the others know of the person does not change."""
    clear = await tx.unseal(person, why="changing the entry", rules=RULES)
    if sent.get("name", "") is None or sent.get("language", "") is None:
        raise Invalid("An entry keeps a name and a language.")
    personal = Personal.model_validate({**clear, **{n: sent[n] for n in Personal.model_fields if n in sent}})
    number = sent.get("employee_number", person.employee_number)
    there = person.employment is not Employment.LEFT
    # whoever has left keeps no mail or mobile from another
    noticed = personal if there else Personal(name=personal.name)
    await refuse_duplicates(tx, person.id, person.subject, number, noticed)
    person.employee_number, person.language = number, sent.get("language", person.language)
    if personal.model_dump(mode="json") != clear:
        person.sealed = await tx.seal(people, person.id, person.subject_id, personal.model_dump(mode="json"))
        await enter_tokens(tx, person.id, noticed)
    return personal
