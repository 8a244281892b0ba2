"""What a complaint is taken with (客户投诉记录表, P04.3, P12.3, P17.7), and what is answered."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from chassis.fields import Phone, Plate, Slug, Text, Vin, no_nul
from contracts.complaint import Channel, Match, SeriousKind
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), AfterValidator(no_nul)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Caller(_Part):
    """Who complains."""

    name: Line
    phone: Phone | None = None
    address: Annotated[Text, Field(max_length=200)] | None = None


class Vehicle(_Part):
    """What the complaint is about."""

    brand: Line
    series: Line | None = None
    model: Line | None = None
    model_year: Annotated[int, Field(ge=1950, le=2100)] | None = None
    plate: Plate | None = None
    vin: Vin | None = None


class ComplaintForm(_Part):
    """A complaint as the agent enters it, or as another system hands it on."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "branch": "sh-pudong",
                    "channel": "phone",
                    "caller": {"name": "王芳", "phone": "138 0000 0000"},
                    "vehicle": {"brand": "东风日产", "series": "轩逸", "plate": "沪A·12345"},
                    "text": "变速箱抖动, 多次维修未解决",
                    "demand": "更换变速箱",
                    "fault_codes": ["H93"],
                }
            ]
        }
    )

    branch: Annotated[Slug, Field(description="the branch complained about")]
    region: Slug | None = None
    channel: Channel
    caller: Caller
    vehicle: Vehicle
    text: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=8000), AfterValidator(no_nul)
    ]
    demand: Annotated[Text, Field(max_length=1000)] | None = None
    # made by a factory: a list that stands here would be copied deeply each time
    fault_codes: list[Line] = Field(default_factory=list, max_length=50)
    serious: list[SeriousKind] = Field(default_factory=list, max_length=7, description="marked by who takes it (P12.5)")
    taken_at: Annotated[AwareDatetime, Field(description="when it was received, if not now")] | None = None
    source: Annotated[Line, Field(description="the member of staff through whom it came (P12.1)")] | None = None
    respondent: (
        Annotated[Line, Field(description="the member of staff complained about, kept out from now on (P12.2)")] | None
    ) = None
    origin: Annotated[Slug, Field(description="the system it was handed on by")] | None = None
    origin_ref: Annotated[Line, Field(description="its id there: the same one is taken once")] | None = None

    def said(self) -> bytes:
        """What it says, the same for the same complaint, also where it was sent before these two could be named."""
        unnamed = {name for name in ("source", "respondent") if getattr(self, name) is None}
        return self.model_dump_json(exclude=unnamed).encode()


class Taken(BaseModel):
    """What the caller can be told: the number, and whether the customer is known.

    `match` is `none` when the directory, complete as of `directory_as_of`, does not have the caller, and
    `pending` when the local directory was not up to date; a case is matched later by itself.
    """

    id: UUID
    number: str
    taken_at: datetime
    match: Match
    customer_id: UUID | None
    directory_as_of: datetime | None
    serious: bool
    judge_by: datetime | None = Field(description="until when it is decided whether it holds (P04.3)")
    text: str = Field(description="the words as listed and published: correct what the redaction missed")
    path: str
