"""Opens the one dossier about a thing and enters it into the index (P05.2, P05.3, P13.1)."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from chassis.auth import Principal
from chassis.fields import Slug, Word
from chassis.http import post
from chassis.problems import Forbidden, Refused
from chassis.tx import Tx
from contracts.archive import DossierKind
from policy.access import exclude, excluded_from
from pydantic import BaseModel, ConfigDict, Field

from archive.dossiers.views import DossierLine, line_of
from archive.filing import tell
from archive.opening import begun, next_count
from archive.permissions import KEEP_DOSSIERS
from archive.seeing import dossier_about

RULES = ("P05.2", "P05.3", "P08.1", "P12.2", "P13.1")


class DossierThere(Refused):
    """There is one dossier about each thing, and this thing has its own."""

    title = "There is a dossier about this already"
    zh = "此事项已有案卷。请在原案卷中归档。"
    rules = ("P05.3", "P13.1")


class NewDossier(BaseModel):
    """What the dossier is about, and whose keepers keep it."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [{"kind": "customer", "about": "0197f3a2-0000-7000-8000-000000000001", "branch": "sh-pudong"}]
        },
    )

    kind: DossierKind
    about: Annotated[UUID, Field(description="id of the customer, vehicle, case or occupancy")]
    branch: Slug
    department: Annotated[Word | None, Field(description="whose file it is; without one customer service's")] = None


@post("/v1/dossiers", needs=KEEP_DOSSIERS, status=201)
async def open_dossier(new: NewDossier, principal: Principal, tx: Tx) -> DossierLine:
    """Open a dossier at a branch whose files you keep. 409 with its path when there is one about this already."""
    if not KEEP_DOSSIERS.reach(principal).includes(new.branch):
        raise Forbidden("You do not keep the files of this branch. Ask for the role there.")
    there = await dossier_about(tx, new.kind, str(new.about))
    if there is not None:
        raise DossierThere("File into the dossier that is there.", path=f"/v1/dossiers/{there}")
    count = await next_count(tx)
    by = principal.subject
    dossier = begun(tx, count, new.kind, str(new.about), new.branch, by, department=new.department)
    if new.kind is DossierKind.CASE:
        exclude(tx, dossier.id, await excluded_from(tx, new.about), because="case about them")
    await tell(tx, dossier)
    return line_of(dossier)
