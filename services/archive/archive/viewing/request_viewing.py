"""Asks to view a dossier: object, purpose, reason, and of an outsider the proof; opened when granted (P01.5, P05.9)."""

from __future__ import annotations

from typing import Annotated, Self
from uuid import UUID

from chassis.auth import Principal
from chassis.fields import Text, Word
from chassis.http import post
from chassis.ids import uuid7
from chassis.problems import Invalid, NotFound
from chassis.tx import Tx
from chassis.wrong import Wrong
from contracts.archive import DossierKind
from policy.access import excluded_from, grant_record
from policy.approvals import Asked, ask, granted, refused
from policy.directory import Directory
from policy.policies import policy
from policy.terms import reckon
from pydantic import BaseModel, ConfigDict, Field, model_validator

from archive import tables
from archive.dossier import DOSSIERS, Dossier, Secrecy
from archive.permissions import VIEW_REQUESTS, opening
from archive.policy import VIEWING, ArchivePolicy
from archive.seeing import dossier_about
from archive.viewing.model import REQUESTS, Proof, ViewRequest, ViewState
from archive.viewing.views import ViewRequestLine, line_of

RULES = ("P01.5", "P05.9", "P05.11", "P05.19", "P15.1")

Line = Annotated[Text, Field(min_length=1, max_length=200)]


class Outsider(BaseModel):
    """Who is let see it under the eyes of the applicant, and what they have shown. Kept sealed but for the proof."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Line
    organisation: Line
    proof: Proof
    proof_number: Line


class NewViewRequest(BaseModel):
    """What is to be viewed, by the dossier's id or by what it is about, for what, and why. The reason is sealed."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "kind": "customer",
                    "about": "0197f3a2-0000-7000-8000-000000000001",
                    "purpose": "contract_review",
                    "reason": "续签合同前核对结算条款",
                }
            ]
        },
    )

    dossier_id: UUID | None = None
    kind: DossierKind | None = None
    about: UUID | None = None
    purpose: Annotated[str, Field(pattern=r"^[a-z][a-z_]{2,49}$")]
    reason: Annotated[Text, Field(min_length=4, max_length=1000)]
    department: Annotated[Word | None, Field(description="yours, where you have several")] = None
    outsider: Outsider | None = None

    @model_validator(mode="after")
    def _one_object(self) -> Self:
        if (self.dossier_id is None) == (self.kind is None or self.about is None):
            raise Wrong.ONE_WAY.error(limit="dossier_id; kind, about")
        return self


@post("/v1/view-requests", needs=VIEW_REQUESTS, status=201)
async def request_viewing(new: NewViewRequest, principal: Principal, tx: Tx) -> ViewRequestLine:
    """Ask to view a dossier. Who allows it the policy of its branch says; refused or granted, it stays registered."""
    dossier = await _wanted(tx, new)
    excluded = await excluded_from(tx, dossier.id)
    if principal.subject in excluded:
        raise NotFound("There is no such dossier. Check the id.")
    departments = departments_of(tx, principal, dossier.branch)
    if new.department is not None and new.department not in departments:
        raise Invalid(
            "Name a department of yours.",
            errors=[Wrong.NOT_YOURS.at("/department", "must be a department at the dossier's branch you work in")],
        )
    own = dossier.department is not None and dossier.department in departments
    department = new.department or (dossier.department if own else next(iter(sorted(departments)), None))
    identifier = uuid7()
    personal = {"reason": new.reason, "outsider": None if new.outsider is None else new.outsider.model_dump()}
    request = ViewRequest(
        id=identifier,
        dossier_id=dossier.id,
        kind=dossier.kind,
        branch=dossier.branch,
        department=department,
        applicant=principal.subject,
        purpose=new.purpose,
        proof=None if new.outsider is None else new.outsider.proof,
        subject_id=dossier.subject_id,
        sealed=await tx.seal(tables.view_requests, identifier, dossier.subject_id, personal),
        state=ViewState.ASKED,
        asked_at=tx.now,
    )
    tx.add(request)
    ask(
        tx,
        VIEWING,
        request,
        {"dossier": str(dossier.id), "purpose": new.purpose, "outsider": new.outsider is not None},
        chain=policy(tx, ArchivePolicy, dossier.branch, tx.now).viewing(
            own=own and department == dossier.department,
            outsider=new.outsider is not None,
            classified=dossier.secrecy is not Secrecy.NONE,
        ),
        by=principal.subject,
        branch=dossier.branch,
        department=department,
        path=f"/v1/view-requests/{request.id}",
        excluded=excluded,
    )
    return line_of(request)


async def _wanted(tx: Tx, new: NewViewRequest) -> Dossier:
    identifier = new.dossier_id
    if new.kind is not None:
        identifier = await dossier_about(tx, new.kind, str(new.about))
    if identifier is None:
        raise NotFound("There is no such dossier. Check the id.")
    return await tx.get(DOSSIERS, identifier, lock=False)


def departments_of(tx: Tx, principal: Principal, branch: str) -> set[str]:
    """The departments of a branch that somebody works in: by the place of a grant, and by the staff directory."""
    found = {grant.place.partition("/")[2] for grant in principal.grants if grant.place.startswith(f"{branch}/")}
    person = Directory.of(tx.runtime).people.get(principal.subject)
    if person is not None and person.branch == branch and person.department is not None:
        found.add(person.department)
    return found


@granted(VIEWING, REQUESTS)
def open_to_applicant(request: ViewRequest, asked: Asked, tx: Tx) -> None:
    """The dossier is open to the applicant, for the time that the policy gives."""
    lasts = policy(tx, ArchivePolicy, request.branch, tx.now).view_lasts
    until = reckon(lasts, tx.now, Directory.of(tx.runtime).calendar(request.branch)).at
    assert until is not None, "no pause runs"
    request.open(tx.now, until)
    grant_record(
        tx,
        opening(request.kind),
        request.dossier_id,
        request.applicant,
        from_at=tx.now,
        until_at=until,
        because=f"/v1/view-requests/{request.id}",
    )


@refused(VIEWING)
def stays_closed(request: ViewRequest, asked: Asked, tx: Tx) -> None:
    """Refused, with the reason that the approval keeps, or taken back."""
    request.end(ViewState(asked.state.value), tx.now)
