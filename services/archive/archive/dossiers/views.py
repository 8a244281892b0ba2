"""Dossiers and items as they are shown; the mark of a classified one stands in every list (P05.11)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from contracts.archive import DossierKind
from pydantic import BaseModel

from archive.dossier import Condition, Dossier, Item, ItemState, Medium, Secrecy

_MARKS = {Secrecy.NONE: "", Secrecy.SECRET: "机密", Secrecy.TOP_SECRET: "绝密"}


class DossierLine(BaseModel):
    """A dossier in the index: what it is about, how secret it is, where it stands."""

    id: UUID
    number: str
    kind: DossierKind
    about: str
    branch: str
    department: str | None
    secrecy: Secrecy
    mark: str
    custodian: str | None
    cabinet: str | None
    shelf: int | None
    position: int | None
    opened_at: datetime
    path: str
    version: int


class ItemView(BaseModel):
    """An item; `label`, `remarks` and the `name` that its file came with are clear text where the dossier was opened,
    else null.
    """

    id: UUID
    dossier_id: UUID
    kind: str
    medium: Medium
    condition: Condition
    copies: int
    valid_until: date | None
    state: ItemState
    filed_at: datetime
    filed_by: str
    media_type: str | None
    size: int | None
    sha256: str | None
    content: str | None
    label: str | None
    remarks: str | None
    name: str | None
    version: int


class DossierView(DossierLine):
    """A dossier with what is in it."""

    items: list[ItemView]


def line_of(dossier: Dossier) -> DossierLine:
    """The dossier in a list."""
    return DossierLine(**_said(dossier))


def view_of(dossier: Dossier, items: list[ItemView]) -> DossierView:
    """The dossier, opened."""
    return DossierView(**_said(dossier), items=items)


def _said(dossier: Dossier) -> dict[str, Any]:
    return {
        "id": dossier.id,
        "number": dossier.number,
        "kind": dossier.kind,
        "about": dossier.about,
        "branch": dossier.branch,
        "department": dossier.department,
        "secrecy": dossier.secrecy,
        "mark": mark_of(dossier.secrecy),
        "custodian": dossier.custodian,
        "cabinet": dossier.cabinet,
        "shelf": dossier.shelf,
        "position": dossier.position,
        "opened_at": dossier.opened_at,
        "path": f"/v1/dossiers/{dossier.id}",
        "version": dossier.version,
    }


def mark_of(secrecy: Secrecy) -> str:
    """What is stamped on it: 机密, 绝密, or nothing."""
    return _MARKS[secrecy]


def item_view(item: Item, personal: dict[str, Any] | None = None) -> ItemView:
    """An item as it is shown."""
    return ItemView(
        id=item.id,
        dossier_id=item.dossier_id,
        kind=item.kind,
        medium=item.medium,
        condition=item.condition,
        copies=item.copies,
        valid_until=item.valid_until,
        state=item.state,
        filed_at=item.filed_at,
        filed_by=item.filed_by,
        media_type=item.media_type,
        size=item.size,
        sha256=None if item.sha256 is None else item.sha256.hex(),
        content=None if item.place is None else f"/v1/items/{item.id}/content",
        label=None if personal is None else personal.get("label"),
        remarks=None if personal is None else personal.get("remarks"),
        name=None if personal is None else personal.get("name"),
        version=item.version,
    )
