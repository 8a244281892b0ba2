"""Files an item: kind of paper, medium, condition, copies, until when it holds; its file follows (P05.4, P11.1)."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

from chassis.auth import Principal
from chassis.fields import Text
from chassis.http import post
from chassis.ids import uuid7
from chassis.problems import Invalid
from chassis.tx import Tx
from chassis.wrong import Wrong
from policy.policies import policy
from pydantic import BaseModel, ConfigDict, Field

from archive import tables
from archive.dossier import WITHOUT_BODY, Condition, Item, ItemState, Medium
from archive.dossiers.views import ItemView, item_view
from archive.filing import locked, tell
from archive.permissions import KEEP_DOSSIERS
from archive.policy import ArchivePolicy
from archive.seeing import within

RULES = ("P05.4", "P08.1", "P11.1", "P13.5")

Kind = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,49}$")]


class NewItem(BaseModel):
    """What is filed. `label` and `remarks` are kept sealed."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [{"kind": "distribution_contract", "medium": "paper", "valid_until": "2027-12-31"}]
        },
    )

    kind: Annotated[Kind, Field(description="one of the kinds of paper of the branch's policy")]
    medium: Medium
    condition: Condition = Condition.GOOD
    copies: Annotated[int, Field(ge=1, le=1000)] = 1
    valid_until: date | None = None
    label: Annotated[Text, Field(max_length=200)] = ""
    remarks: Annotated[Text, Field(max_length=1000)] = ""


@post("/v1/dossiers/{dossier_id}/items", needs=KEEP_DOSSIERS, status=201)
async def file_item(dossier_id: UUID, new: NewItem, principal: Principal, tx: Tx) -> ItemView:
    """File an item. What exists as a file only counts as filed when its content has come."""
    dossier = await within(tx, dossier_id, principal, doing=KEEP_DOSSIERS, lock=True)
    known = policy(tx, ArchivePolicy, dossier.branch, tx.now).papers.get(dossier.kind, ())
    if new.kind not in known:
        one_of, none = Wrong.NOT_AMONG.at("/kind", limit=", ".join(known)), Wrong.UNKNOWN.at("/kind", "none is set")
        raise Invalid(
            "This kind of paper is not in the policy of the branch.", rules=RULES, errors=[one_of if known else none]
        )
    identifier = uuid7()
    item = Item(
        id=identifier,
        dossier_id=dossier.id,
        kind=new.kind,
        medium=new.medium,
        condition=new.condition,
        copies=new.copies,
        valid_until=new.valid_until,
        state=ItemState.AWAITED if new.medium in WITHOUT_BODY else ItemState.FILED,
        subject_id=dossier.subject_id,
        sealed=await tx.seal(
            tables.items, identifier, dossier.subject_id, {"label": new.label, "remarks": new.remarks}
        ),
        filed_at=tx.now,
        filed_by=principal.subject,
    )
    tx.add(item)
    await tell(tx, dossier)
    return item_view(item)


class NewCondition(BaseModel):
    """How the item is preserved now."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    condition: Condition


@post("/v1/items/{item_id}/condition", needs=KEEP_DOSSIERS)
async def note_condition(item_id: UUID, new: NewCondition, principal: Principal, tx: Tx) -> ItemView:
    """Note the condition of an item as it is found (P05.4, P05.8); a lost one no longer counts as filed."""
    dossier, item = await locked(tx, item_id)
    await within(tx, dossier.id, principal, doing=KEEP_DOSSIERS)
    if item.condition is not new.condition:
        item.condition = new.condition
        await tell(tx, dossier)
    return item_view(item)
