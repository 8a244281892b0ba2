"""What a brand's factory asks for when it is warned, and what a case still lacks of it (P12.8)."""

from __future__ import annotations

from typing import Literal

from contracts.roles import Role
from policy.terms import Term
from pydantic import BaseModel, ConfigDict, Field

from complaint.case import Case

FactoryField = Literal["series", "model", "model_year", "fault_codes", "plate", "vin", "phone"]


class BrandRules(BaseModel):
    """A factory's own rules: by when, which fields, how it is told.

    `within` is None where the factory's rules name no term: it is owed then, but not due. `topic`: the group's own
    divisions read it there, so it is done with the warning; `webhook`: when the factory's system has taken it.
    `format` names the version of the factory's paper that the fields come from.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    within: Term | None = None
    required: tuple[FactoryField, ...] = Field((), max_length=10)
    channel: Literal["webhook", "topic"] = "webhook"
    format: str = Field("complaint.serious.v1", max_length=100)
    answers: Role = Role.CUSTOMER_RELATIONS
    then: tuple[Role, ...] = Field((Role.RELATIONS_MANAGER, Role.GENERAL_MANAGER), max_length=5)


def missing(case: Case, rules: BrandRules) -> list[str]:
    """The fields that the factory asks for and the record does not hold; whether, never what."""
    sealed = {"plate": case.plate_token, "vin": case.vin_token, "phone": case.phone_token}
    return [name for name in rules.required if not (sealed[name] if name in sealed else case.facts.get(name))]
