"""What a brand's factory asks for when it is warned, in which format, and what a case still lacks of it (P12.8)."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, Self

from chassis.wrong import Wrong
from contracts.complaint import ComplaintSerious, FactoryPaper
from contracts.roles import Role
from policy.calendar import ZONE
from policy.terms import Term
from pydantic import BaseModel, ConfigDict, Field, model_validator

from complaint.case import Case

FactoryField = Literal["series", "model", "model_year", "fault_codes", "plate", "vin", "phone"]
#: what may stand in a factory's paper: facts, and words without persons
PaperField = Literal[
    "number", "brand", "series", "model", "model_year", "fault_codes", "kinds", "branch", "region", "taken_at",
    "serious_at", "summary",
]  # fmt: skip
_WRITTEN = {"date": "%Y-%m-%d", "minute": "%Y-%m-%d %H:%M"}


class FactoryLine(BaseModel):
    """A line of a factory's paper: by its name there, one of our fields or a fixed text.

    `written` says how an instant is written there, in China's time (without it RFC 3339 in UTC); `values` what the
    factory calls a value of ours (its code of a branch, its word for a kind), others stay; `joined` what stands
    between the items of a list that the paper has as one text.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=80)
    field: PaperField | None = None
    text: str | None = Field(None, max_length=200)
    written: Literal["date", "minute"] | None = None
    values: dict[str, str] = Field({}, max_length=500)
    joined: str | None = Field(None, max_length=5)

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.field is None) == (self.text is None):
            raise Wrong.ONE_WAY.error("a line has a `field` or a `text`", limit="field, text")
        if self.written is not None and self.field not in ("taken_at", "serious_at"):
            raise Wrong.NOT_HERE.error("`written` is for `taken_at` and `serious_at`")
        if self.joined is not None and self.field not in ("fault_codes", "kinds"):
            raise Wrong.NOT_HERE.error("`joined` is for `fault_codes` and `kinds`")
        return self

    def fill(self, warning: ComplaintSerious) -> str | int | list[str] | None:
        """What stands in this line for a complaint."""
        if self.field is None:
            return self.text
        value = getattr(warning, self.field)
        if isinstance(value, datetime):
            if self.written is None:
                return value.isoformat().replace("+00:00", "Z")
            return value.astimezone(ZONE).strftime(_WRITTEN[self.written])
        if isinstance(value, list):
            items = [self.values.get(str(item), str(item)) for item in value]
            return items if self.joined is None else self.joined.join(items)
        if value is None or isinstance(value, int):
            return None if value is None else self.values.get(str(value), value)
        return self.values.get(value, str(value))


class BrandRules(BaseModel):
    """A factory's own rules: by when, which fields, in which format, how it is told.

    `within` is None where the factory's rules name no term: it is owed then, but not due. `topic`: the group's own
    divisions read it there, so it is done with the warning; `webhook`: when the factory's system has taken it.
    `format` names the factory's paper, `paper` says its lines; without lines the warning goes in ours alone.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    within: Term | None = None
    required: tuple[FactoryField, ...] = Field((), max_length=10)
    channel: Literal["webhook", "topic"] = "webhook"
    format: str = Field("complaint.serious.v1", max_length=100)
    paper: tuple[FactoryLine, ...] = Field((), max_length=60)
    answers: Role = Role.CUSTOMER_RELATIONS
    then: tuple[Role, ...] = Field((Role.RELATIONS_MANAGER, Role.GENERAL_MANAGER), max_length=5)

    @model_validator(mode="after")
    def _each_line_once(self) -> Self:
        names = [line.name for line in self.paper]
        if len(set(names)) < len(names):
            raise Wrong.DUPLICATE.error("two lines of the paper have one name")
        return self

    def filled(self, warning: ComplaintSerious) -> FactoryPaper | None:
        """The factory's paper of a complaint; None where its rules have no lines."""
        if not self.paper:
            return None
        return FactoryPaper(format=self.format, lines={line.name: line.fill(warning) for line in self.paper})


def missing(case: Case, rules: BrandRules) -> list[str]:
    """The fields that the factory asks for and the record does not hold; whether, never what."""
    sealed = {"plate": case.plate_token, "vin": case.vin_token, "phone": case.phone_token}
    return [name for name in rules.required if not (sealed[name] if name in sealed else case.facts.get(name))]
