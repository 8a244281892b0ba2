"""Proposes a standing agreement with an outsider; both the supervisor and the manager must sign it (P05.13, P15.1)."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Self

from chassis.auth import Principal
from chassis.fields import Slug, Text
from chassis.http import post
from chassis.ids import uuid7
from chassis.problems import Forbidden
from chassis.tx import Tx
from chassis.wrong import Wrong
from policy.access import GROUP
from policy.approvals import Asked, ask, granted, refused
from policy.calendar import civil
from policy.policies import policy
from pydantic import BaseModel, ConfigDict, Field, model_validator

from archive.permissions import PROVIDE
from archive.policy import PROVIDING, ArchivePolicy
from archive.providing.model import AGREEMENTS, Agreement, AgreementState
from archive.providing.views import AgreementView, view_of

RULES = ("P05.13", "P15.1")

FieldName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,49}$")]


class NewAgreement(BaseModel):
    """To which party which fields may be given for which brand and purpose, from and until which day."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "branch": "group",
                    "party": "dongfeng-nissan",
                    "brand": "东风日产",
                    "purpose": "early_warning",
                    "fields": ["number", "model", "fault_codes", "vin"],
                    "from_on": "2026-03-01",
                    "until_on": "2026-12-31",
                }
            ]
        },
    )

    branch: Annotated[Slug, Field(description="whose data; group: of every branch")]
    party: Slug
    brand: Annotated[Text, Field(min_length=1, max_length=100)]
    purpose: Annotated[str, Field(pattern=r"^[a-z][a-z_]{2,49}$")]
    fields: Annotated[list[FieldName], Field(min_length=1, max_length=50)]
    from_on: date
    until_on: date

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.until_on < self.from_on:
            raise Wrong.BEFORE_BEGIN.error("until_on must not lie before from_on")
        return self


@post("/v1/agreements", needs=PROVIDE, status=201)
async def propose_agreement(new: NewAgreement, principal: Principal, tx: Tx) -> AgreementView:
    """Propose a standing agreement. It holds when everybody whom the policy names has signed."""
    reach = PROVIDE.reach(principal)
    if not (reach.everywhere or (new.branch != GROUP and reach.includes(new.branch))):
        raise Forbidden("You may not propose this for that branch. Ask for the role there.")
    agreement = Agreement(
        id=uuid7(),
        branch=new.branch,
        party=new.party,
        brand=new.brand,
        purpose=new.purpose,
        fields=sorted(set(new.fields)),
        from_on=new.from_on,
        until_on=new.until_on,
        state=AgreementState.ASKED,
        asked_by=principal.subject,
        asked_at=tx.now,
    )
    tx.add(agreement)
    ask(
        tx,
        PROVIDING,
        agreement,
        {
            "party": new.party,
            "brand": new.brand,
            "purpose": new.purpose,
            "fields": agreement.fields,
            "from_on": str(new.from_on),
            "until_on": str(new.until_on),
        },
        chain=policy(tx, ArchivePolicy, new.branch, tx.now).providing(),
        by=principal.subject,
        branch=new.branch,
        path=f"/v1/agreements/{agreement.id}",
    )
    return view_of(agreement, civil(tx.now))


@granted(PROVIDING, AGREEMENTS)
def holds_from_now_on(agreement: Agreement, asked: Asked, tx: Tx) -> None:
    """All have signed: it is in force on its days."""
    agreement.agree(tx.now)


@refused(PROVIDING)
def does_not_hold(agreement: Agreement, asked: Asked, tx: Tx) -> None:
    """Refused, or taken back."""
    agreement.end(AgreementState(asked.state.value), tx.now)
