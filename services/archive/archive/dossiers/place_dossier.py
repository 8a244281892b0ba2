"""Gives a dossier its place, and says how secret it is; classified ones stand apart (P05.3, P05.11)."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from chassis.auth import Principal
from chassis.fields import Slug
from chassis.http import post
from chassis.problems import NotFound, Refused
from chassis.tx import Tx
from contracts.archive import AccessRecorded
from policy.access import within_reach
from pydantic import BaseModel, ConfigDict, Field

from archive.dossier import DOSSIERS, Secrecy
from archive.dossiers.views import DossierLine, line_of
from archive.permissions import CLASSIFY, KEEP_DOSSIERS
from archive.seeing import within

RULES = ("P05.3", "P05.11")

_IN_CABINET = """SELECT id, shelf, position, custodian FROM dossiers WHERE branch = $1 AND cabinet = $2 AND id <> $3"""


class PlaceTaken(Refused):
    """Another dossier stands there."""

    title = "Another dossier stands there"
    zh = "此位置已有其他案卷。请另选位置。"
    rules = ("P05.3",)


class StandsApart(Refused):
    """Classified dossiers stand in cabinets of their custodian, apart from all others."""

    title = "Classified dossiers stand apart"
    zh = "涉密案卷须存放在保管人的专柜，与其他案卷分开。请另选位置。"
    rules = ("P05.11",)


class NewPlace(BaseModel):
    """Where it stands: cabinet, shelf from the top, position from the left."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra={"examples": [{"cabinet": "a1", "shelf": 2, "position": 14}]}
    )

    cabinet: Slug
    shelf: Annotated[int, Field(ge=1, le=100)]
    position: Annotated[int, Field(ge=1, le=10_000)]


@post("/v1/dossiers/{dossier_id}/place", needs=KEEP_DOSSIERS)
async def place_dossier(dossier_id: UUID, new: NewPlace, principal: Principal, tx: Tx) -> DossierLine:
    """Give a dossier its place. 409 when another one stands there, or the cabinet is not for its kind of secrecy."""
    dossier = await within(tx, dossier_id, principal, doing=KEEP_DOSSIERS, lock=True)
    await tx.driver.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended($1, 6))", f"cabinet {dossier.branch} {new.cabinet}"
    )
    for _, shelf, position, custodian in await tx.driver.fetch(_IN_CABINET, dossier.branch, new.cabinet, dossier.id):
        if (shelf, position) == (new.shelf, new.position):
            raise PlaceTaken("Another dossier stands there. Take the next free place.")
        if custodian != dossier.custodian:
            raise StandsApart("This cabinet holds dossiers of another custodian. Take one that is kept apart.")
    dossier.stand(new.cabinet, new.shelf, new.position)
    await tx.flush()
    return line_of(dossier)


class NewSecrecy(BaseModel):
    """How secret it is, and who alone keeps it."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"examples": [{"secrecy": "secret", "custodian": "specialist-2"}]},
    )

    secrecy: Secrecy
    custodian: Annotated[str | None, Field(max_length=200, description="who alone keeps it")] = None


@post("/v1/dossiers/{dossier_id}/secrecy", needs=CLASSIFY)
async def classify_dossier(dossier_id: UUID, new: NewSecrecy, principal: Principal, tx: Tx) -> DossierLine:
    """Say how secret a dossier is. It leaves its place: whoever keeps it now puts it apart."""
    dossier = await tx.get(DOSSIERS, dossier_id)
    if not await within_reach(tx, CLASSIFY, principal, dossier.id, dossier.branch):
        raise NotFound("There is no such dossier at a branch whose files you classify. Check the id.")
    dossier.classify(new.secrecy, new.custodian)
    tx.record(
        AccessRecorded(
            service=tx.runtime.name,
            actor=principal.subject,
            action="classify",
            table="dossiers",
            ids=[str(dossier.id)],
            purpose=new.secrecy.value,
            rules=["P05.11"],
            at=tx.now,
            digests=[],
        )
    )
    await tx.flush()
    return line_of(dossier)
