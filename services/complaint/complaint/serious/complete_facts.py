"""The handler completes what the factory asks for; the warning goes out again, whole (P12.8)."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from chassis.auth import Principal
from chassis.fields import Plate, Vin
from chassis.http import post
from chassis.tx import Tx
from contracts.customer import TokenKind
from pydantic import BaseModel, ConfigDict, Field

from complaint import tables
from complaint.intake.form import Line
from complaint.permissions import MARK_SERIOUS
from complaint.serious.factory import missing
from complaint.serious.reading import climb_within
from complaint.serious.warning import warning

RULES = ("P12.8",)


class Facts(BaseModel):
    """What is known of vehicle and fault; what is not named stays as it is."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"model_year": 2020, "vin": "LGBH52E01LY123456"}]}
    )

    series: Line | None = None
    model: Line | None = None
    model_year: Annotated[int, Field(ge=1950, le=2100)] | None = None
    fault_codes: Annotated[list[Line], Field(max_length=50)] | None = None
    plate: Plate | None = None
    vin: Vin | None = None


class Completed(BaseModel):
    """What the factory still asks for."""

    case_id: UUID
    missing: list[str]


@post("/v1/complaints/{case_id}/facts", needs=MARK_SERIOUS)
async def complete_facts(case_id: UUID, facts: Facts, principal: Principal, tx: Tx) -> Completed:
    """Complete vehicle and fault. A serious complaint is warned of again with what is known now."""
    climb = await climb_within(tx, case_id, MARK_SERIOUS, principal)
    case = climb.case
    known = facts.model_dump(include={"series", "model", "model_year", "fault_codes"}, exclude_none=True)
    before = case.facts
    case.complete(known)
    changed = case.facts != before
    if facts.plate is not None or facts.vin is not None:
        changed = await _identify(tx, case, facts) or changed
    if case.serious and changed:
        case.serious_sequence += 1
        tx.publish(case, warning(case, tx), sequence=case.serious_sequence)
    rules = climb.policy(tx).brands.get(case.brand)
    return Completed(case_id=case.id, missing=missing(case, rules) if rules else [])


async def _identify(tx: Tx, case: Any, facts: Facts) -> bool:
    """Plate and VIN go into the sealed value, and as tokens beside it."""
    personal = await tx.unseal(case, why="completing", rules=RULES)
    said = facts.model_dump(include={"plate", "vin"}, exclude_none=True)
    if all(personal.get(name) == value for name, value in said.items()):
        return False
    case.sealed = await tx.seal(tables.cases, case.id, case.subject_id, {**personal, **said})
    tokens = {name: tx.runtime.tokens.token(TokenKind(name), value) for name, value in said.items()}
    case.identify(plate=tokens.get("plate"), vin=tokens.get("vin"))
    return True
