"""Says which agreement for a brand is in force, and records what is given under it, each time (P05.13)."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from chassis.auth import Principal
from chassis.fields import Text
from chassis.http import get, post
from chassis.ids import uuid7
from chassis.problems import NotFound
from chassis.tx import Tx
from contracts.archive import AccessRecorded
from fastapi import Query
from policy.calendar import civil
from pydantic import BaseModel, ConfigDict, Field

from archive.permissions import GIVE
from archive.providing.model import AGREEMENTS
from archive.providing.propose_agreement import FieldName
from archive.providing.views import AgreementView, view_of
from archive.tables import provisions

RULES = ("P05.13",)

_IN_FORCE = """SELECT id FROM agreements WHERE brand = $1 AND state = 'agreed' AND from_on <= $2 AND $2 <= until_on
    AND branch = ANY($3::text[]) ORDER BY id DESC LIMIT 1"""


@get("/v1/agreements/in-force", needs=GIVE)
async def agreement_in_force(
    tx: Tx,
    brand: Annotated[Text, Query(max_length=100, description="for this brand")],
    branch: Annotated[Text | None, Query(max_length=50, description="data of this branch")] = None,
) -> AgreementView:
    """The newest agreement for a brand that is in force today. 404 when there is none: then nothing is given."""
    places = ["group", *([branch] if branch else [])]
    found = await tx.driver.fetchval(_IN_FORCE, brand, civil(tx.now), places)
    if found is None:
        raise NotFound("No agreement for this brand is in force today. Have one approved first.", rules=RULES)
    return view_of(await tx.get(AGREEMENTS, found, lock=False), civil(tx.now))


class NewProvision(BaseModel):
    """Which fields about which case or customer are given."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    about: UUID
    fields: Annotated[list[FieldName], Field(min_length=1, max_length=50)]


class ProvisionView(BaseModel):
    """What was recorded."""

    id: UUID
    agreement: str
    about: UUID
    fields: list[str]


@post("/v1/agreements/{agreement_id}/provisions", needs=GIVE, status=201)
async def record_provision(agreement_id: UUID, new: NewProvision, principal: Principal, tx: Tx) -> ProvisionView:
    """Record what is given before it is given. 409 when the agreement does not cover it."""
    agreement = await tx.get(AGREEMENTS, agreement_id)
    given = sorted(set(new.fields))
    agreement.refuse_unless_covers(set(given), civil(tx.now))
    identifier = uuid7()
    tx.insert(
        provisions,
        id=identifier,
        agreement_id=agreement.id,
        about=new.about,
        fields=given,
        given_by=principal.subject,
        given_at=tx.now,
    )
    tx.record(
        AccessRecorded(
            service=tx.runtime.name,
            actor=principal.subject,
            action="provide",
            table="provisions",
            ids=[str(identifier), str(agreement.id), str(new.about)],
            purpose=agreement.purpose,
            rules=list(RULES),
            at=tx.now,
            digests=[],
        )
    )
    return ProvisionView(id=identifier, agreement=f"/v1/agreements/{agreement.id}", about=new.about, fields=given)
