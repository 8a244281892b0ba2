"""What the complaint service tells the others; names and numbers of persons stay where they were taken."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from contracts.customer import TokenKind
from contracts.enums import Open
from contracts.message import Event, Instant
from contracts.money import Money


class Channel(StrEnum):
    """By which way a complaint came (P04.2, P12.1)."""

    PHONE = "phone"
    MAILBOX = "mailbox"
    STORE = "store"
    SALES_CONSULTANT = "sales_consultant"
    RELATIONS_SPECIALIST = "relations_specialist"
    FOLLOW_UP_CALL = "follow_up_call"
    CALL_CENTRE = "call_centre"
    MANUFACTURER = "manufacturer"
    WEB = "web"
    IMPORT = "import"


class SeriousKind(StrEnum):
    """What makes a complaint serious (P12.5)."""

    REPEAT = "repeat"
    TO_MANUFACTURER = "to_manufacturer"
    BLOCKED_DOOR = "blocked_door"
    DISTURBANCE = "disturbance"
    RETURN_OR_EXCHANGE = "return_or_exchange"
    NEGATIVE_MEDIA = "negative_media"
    WIDE_OR_VICIOUS = "wide_or_vicious"


class Match(StrEnum):
    """What intake knew of the caller: in the directory, not in it, or the directory was not up to date."""

    MATCHED = "matched"
    NONE = "none"
    PENDING = "pending"


class MarkedBy(StrEnum):
    """Who found a complaint serious."""

    SYSTEM = "system"
    PERSON = "person"


class ComplaintOpened(Event, type="complaint.opened.v1"):
    """A complaint was taken and numbered (P04.3, P12.3)."""

    case_id: UUID
    number: str
    branch: str
    channel: Open[Channel]
    brand: str
    series: str | None
    model: str | None
    model_year: int | None
    fault_codes: list[str]
    taken_at: Instant
    marked_serious: bool
    # last: intake encodes the rest before it knows these
    match: Open[Match]
    customer_id: UUID | None


class ComplaintMatched(Event, type="complaint.matched.v1"):
    """The caller was found in the customer directory after intake (P12.3), as it stood `directory_as_of`."""

    case_id: UUID
    customer_id: UUID
    matched_at: Instant
    directory_as_of: Instant | None = None


class ComplaintJudged(Event, type="complaint.judged.v1"):
    """It was decided whether reason and demand hold; founded when both do (P04.3, P17.2)."""

    case_id: UUID
    founded: bool
    grounds_hold: bool
    claim_holds: bool
    judged_at: Instant
    rules: list[str]


class RepeatFound(Event, type="complaint.repeat_found.v1"):
    """The same caller or vehicle had complained before (P12.5); `by` are the kinds of token that agree."""

    case_id: UUID
    earlier_case_id: UUID
    by: list[Open[TokenKind]]


class MarkedSerious(Event, type="complaint.marked_serious.v1"):
    """The complaint became serious, or serious in a further way (P12.5)."""

    case_id: UUID
    kinds: list[Open[SeriousKind]]
    by: Open[MarkedBy]
    rules: list[str]


class SeriousOverruled(Event, type="complaint.serious_overruled.v1"):
    """A person found that the complaint is not serious in these ways (P12.5); `by` is the subject of their token."""

    case_id: UUID
    kinds: list[Open[SeriousKind]]
    still_serious: bool
    by: str
    overruled_at: Instant


class ComplaintSerious(Event, type="complaint.serious.v1"):
    """A serious complaint, for the brand's own and for the factory (P12.6, P12.8), on `complaint.serious`.

    `summary` is redacted text of at most 500 characters; `detail` the path where the brand may fetch what its
    agreement lists.
    """

    case_id: UUID
    number: str
    brand: str
    series: str | None
    model: str | None
    model_year: int | None
    fault_codes: list[str]
    kinds: list[Open[SeriousKind]]
    branch: str
    region: str | None
    taken_at: Instant
    serious_at: Instant
    summary: str
    detail: str


class HarmedParty(StrEnum):
    """Who was harmed; a developer counts like the company (P04.15)."""

    COMPANY = "company"
    DEVELOPER = "developer"


class Harm(StrEnum):
    """In which way (P04.15, P12.8)."""

    MONEY = "money"
    REPUTATION = "reputation"


class HarmRecorded(Event, type="complaint.harm_recorded.v1"):
    """Harm came of a complaint, to the company or to a developer (P04.15, P12.8)."""

    case_id: UUID
    party: Open[HarmedParty]
    harm: Open[Harm]
    amount: Money | None


class CompensationKind(StrEnum):
    """What a customer is offered (P12.10, P17.8)."""

    REPAIR = "repair"
    PRICE_REDUCTION = "price_reduction"
    EXCHANGE = "exchange"
    RETURN = "return"
    DAMAGES = "damages"
    GOODWILL = "goodwill"


class CompensationAsked(Event, type="complaint.compensation_asked.v1"):
    """Compensation was offered, or the offer changed, and waits for approval (P12.10, P17.8).

    `together` is what case or customer has been offered in all: by that the table decides who signs.
    """

    case_id: UUID
    compensation_id: UUID
    kinds: list[Open[CompensationKind]]
    amount: Money
    together: Money


class CompensationDecided(Event, type="complaint.compensation_decided.v1"):
    """It was granted; or refused or taken back (P12.10, P17.8)."""

    case_id: UUID
    compensation_id: UUID
    granted: bool
    amount: Money
    decided_at: Instant


class CompensationPaid(Event, type="complaint.compensation_paid.v1"):
    """What was granted has been paid or given (P12.10, P17.8)."""

    case_id: UUID
    compensation_id: UUID
    amount: Money
    paid_at: Instant


class ManifestItem(BaseModel):
    """One item of a hand-over: its label, what kind of paper it is, and its digest; pulled from `path`."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    label: str
    kind: str
    media_type: str
    size: int
    sha256: str
    path: str


class DossierReady(Event, type="complaint.dossier_ready.v1"):
    """A closed case is ready to be handed over to the archive: what there is to take (P04.8).

    `excluded` are the people who are never to read it (P12.2).
    """

    case_id: UUID
    handover_id: UUID
    number: str
    branch: str
    customer_id: UUID | None
    items: list[ManifestItem]
    excluded: list[str]
